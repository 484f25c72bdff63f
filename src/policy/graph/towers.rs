//! Rules that need themselves, and towers of rules.

use std::collections::BTreeSet;

use super::{Graph, Node};
use crate::policy::error::LoadError;
use crate::policy::limits::Limits;

impl Graph {
    /// No recursion, no towers.
    pub(in crate::policy) fn check(&self, limits: &Limits) -> Result<(), LoadError> {
        for group in self.groups(|node| &node.needs) {
            let itself = |at: usize| self.nodes[at].needs.contains(&at);
            if group.len() == 1 && !itself(group[0]) {
                continue;
            }
            let mut names: Vec<_> = group.iter().map(|&at| self.nodes[at].path.join(".")).collect();
            names.sort();
            names.truncate(5);
            names.push(names[0].clone());
            let place = self.nodes[group[0]].place.clone();
            return Err(LoadError::Recursive { place, cycle: names.join(" -> ") });
        }
        // Groups come with what they stand on before them.
        let mut height = vec![0_usize; self.nodes.len()];
        for group in self.groups(|node| &node.reaches) {
            let below = group.iter().flat_map(|&at| &self.nodes[at].reaches);
            let tallest = below.map(|&to| height[to]).max().unwrap_or_default();
            let total = tallest + group.len();
            if total > limits.rule_depth {
                let place = self.nodes[group[0]].place.clone();
                let message = format!(
                    "{} stands on more than {} other rules, one upon the other",
                    self.nodes[group[0]].path.join("."),
                    limits.rule_depth
                );
                return Err(LoadError::TooDeep { place, message });
            }
            for at in group {
                height[at] = total;
            }
        }
        Ok(())
    }

    /// Strongly connected groups (Tarjan), each after all that it leads to. Without recursion.
    fn groups(&self, edges: impl Fn(&Node) -> &BTreeSet<usize>) -> Vec<Vec<usize>> {
        const NEW: usize = usize::MAX;
        let count = self.nodes.len();
        let (mut order, mut low) = (vec![NEW; count], vec![NEW; count]);
        let mut on_stack = vec![false; count];
        let (mut stack, mut groups, mut next) = (Vec::new(), Vec::new(), 0);
        for start in 0..count {
            if order[start] != NEW {
                continue;
            }
            let mut work = vec![(start, None)];
            while let Some((at, after)) = work.pop() {
                if order[at] == NEW {
                    (order[at], low[at]) = (next, next);
                    next += 1;
                    stack.push(at);
                    on_stack[at] = true;
                }
                if let Some(child) = after {
                    low[at] = low[at].min(low[child]);
                }
                let rest = match after {
                    None => edges(&self.nodes[at]).range(..),
                    Some(child) => edges(&self.nodes[at]).range(child + 1..),
                };
                let mut down = None;
                for &to in rest {
                    if order[to] == NEW {
                        down = Some(to);
                        break;
                    }
                    if on_stack[to] {
                        low[at] = low[at].min(order[to]);
                    }
                }
                if let Some(to) = down {
                    work.push((at, Some(to)));
                    work.push((to, None));
                    continue;
                }
                if low[at] == order[at] {
                    let mut group = Vec::new();
                    while let Some(member) = stack.pop() {
                        on_stack[member] = false;
                        group.push(member);
                        if member == at {
                            break;
                        }
                    }
                    groups.push(group);
                }
            }
        }
        groups
    }
}
