//! Which nodes of a graph lie on a circle with one another.

/// The strongly connected component of each node, by Kosaraju's algorithm without recursion: two
/// nodes have the same number if each leads to the other. `next` holds where each node leads.
pub(super) fn components(next: &[Vec<usize>]) -> Vec<usize> {
    let mut back = vec![Vec::new(); next.len()];
    for (from, all) in next.iter().enumerate() {
        for &to in all {
            back[to].push(from);
        }
    }
    const NONE: usize = usize::MAX;
    let mut component = vec![NONE; next.len()];
    for root in finished(next).into_iter().rev() {
        if component[root] != NONE {
            continue;
        }
        component[root] = root;
        let mut queue = vec![root];
        while let Some(node) = queue.pop() {
            for &from in &back[node] {
                if component[from] == NONE {
                    component[from] = root;
                    queue.push(from);
                }
            }
        }
    }
    component
}

/// The nodes in the order in which a walk in depth leaves them.
fn finished(next: &[Vec<usize>]) -> Vec<usize> {
    let mut order = Vec::with_capacity(next.len());
    let mut seen = vec![false; next.len()];
    for start in 0..next.len() {
        if seen[start] {
            continue;
        }
        seen[start] = true;
        let mut path = vec![(start, 0)];
        while let Some((node, at)) = path.last_mut() {
            let Some(&to) = next[*node].get(*at) else {
                order.push(*node);
                path.pop();
                continue;
            };
            *at += 1;
            if !seen[to] {
                seen[to] = true;
                path.push((to, 0));
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_and_what_leads_to_them() {
        // 0 → 1 ⇄ 2 → 3, 4 alone, 5 → 6 → 7 → 5.
        let next = [vec![1], vec![2], vec![1, 3], vec![], vec![], vec![6], vec![7], vec![5]];
        let found = components(&next);
        let alike = |nodes: &[usize]| nodes.iter().all(|node| found[*node] == found[nodes[0]]);
        assert!(alike(&[1, 2]) && alike(&[5, 6, 7]));
        let mut numbers = found.clone();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 5, "{found:?}");
    }

    #[test]
    fn a_long_chain_takes_no_stack() {
        let next: Vec<Vec<usize>> = (1..=200_000).map(|to| vec![to % 200_000]).collect();
        let found = components(&next);
        assert!(found.iter().all(|number| number == &found[0]));
    }
}
