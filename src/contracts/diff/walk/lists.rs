//! Differences of lists: of schemas, and of names and values.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::Value;

use super::super::edit::{Edit, Patch, Place};
use super::super::spelling::spelled;
use super::super::universe::refers;
use super::{Walk, kebab, short};

/// Values that are copied for telling the differences of one list apart.
const MAX_LISTED: usize = 1_000_000;

/// A list of which many values differ.
struct Listed<'w> {
    keyword: &'w str,
    noun: &'w str,
    at: &'w Place,
    to: &'w Place,
}

impl<'b> Walk<'b> {
    /// `allOf`, `anyOf`, `oneOf`, `prefixItems`.
    pub(super) fn lists(
        &mut self,
        keyword: &str,
        at: &Place,
        to: &Place,
        x: &'b [Value],
        y: &'b [Value],
    ) {
        let index = |place: &Place, number: usize| place.down(&number.to_string());
        let (twins, left, right) = match keyword {
            "prefixItems" => (Vec::new(), (0..x.len()).collect(), (0..y.len()).collect()),
            // What stands in both is no difference, wherever it stands.
            _ => self.twins(x, y),
        };
        for (i, j) in twins {
            // But what it refers to may be.
            if x.get(i).is_some_and(refers) {
                self.pair(index(at, i), index(to, j));
            }
        }
        let pairs = left.len().min(right.len());
        if (left.len().max(right.len()) - pairs).saturating_mul(x.len() + y.len()) > MAX_LISTED {
            let text = format!("{keyword} has {} forms, not {}", y.len(), x.len());
            let rule = format!("{}-changed", kebab(keyword));
            let (old, new) = (Some(at.clone()), Some(to.clone()));
            self.set(&rule, at.clone(), Value::Array(y.to_vec()), old, new, text);
            return;
        }
        for (i, j) in left.iter().zip(&right) {
            self.pair(index(at, *i), index(to, *j));
        }
        let what = if keyword == "prefixItems" { "item" } else { "form" };
        let noun = format!("{}-{what}", kebab(keyword));
        for i in left.iter().skip(pairs) {
            let rest: Vec<Value> =
                x.iter().enumerate().filter(|(n, _)| n != i).map(|(_, v)| v.clone()).collect();
            let patch = if rest.is_empty() { Patch::Remove } else { Patch::Set(rest.into()) };
            let gone = x.get(*i).map(short).unwrap_or_default();
            self.push(Edit {
                rule: format!("{noun}-removed"),
                at: at.clone(),
                patch,
                old: Some(index(at, *i)),
                new: None,
                text: format!("one of {keyword} is gone: {gone}"),
            });
        }
        for j in right.iter().skip(pairs) {
            let Some(added) = y.get(*j) else { continue };
            let all = x.iter().chain([added]).cloned().collect();
            let text = format!("{keyword} has one more: {}", short(added));
            self.set(&format!("{noun}-added"), at.clone(), all, None, Some(index(to, *j)), text);
        }
    }

    /// Forms that both lists have, as pairs of places, and the places of those that only one has.
    fn twins(&self, x: &[Value], y: &[Value]) -> (Vec<(usize, usize)>, Vec<usize>, Vec<usize>) {
        let mut news: HashMap<String, VecDeque<usize>> = HashMap::new();
        for (j, form) in y.iter().enumerate() {
            news.entry(spelled(self.new, form)).or_default().push_back(j);
        }
        let (mut twins, mut left) = (Vec::new(), Vec::new());
        for (i, form) in x.iter().enumerate() {
            match news.get_mut(&spelled(self.old, form)).and_then(VecDeque::pop_front) {
                Some(j) => twins.push((i, j)),
                None => left.push(i),
            }
        }
        let mut right: Vec<usize> = news.into_values().flatten().collect();
        right.sort_unstable();
        (twins, left, right)
    }

    /// `required` and `enum`: whatever their order.
    pub(super) fn sets(&mut self, keyword: &str, at: &Place, to: &Place, x: &[Value], y: &[Value]) {
        let texts = |list: &[Value]| list.iter().map(Value::to_string).collect::<HashSet<_>>();
        let (xs, ys) = (texts(x), texts(y));
        let gone: Vec<&Value> = x.iter().filter(|one| !ys.contains(&one.to_string())).collect();
        let come: Vec<&Value> = y.iter().filter(|one| !xs.contains(&one.to_string())).collect();
        let noun = if keyword == "enum" { "enum-value" } else { "required" };
        if (gone.len() + come.len()).saturating_mul(x.len() + y.len()) > MAX_LISTED {
            let with = Listed { keyword, noun, at, to };
            if !gone.is_empty() {
                let rest = x.iter().filter(|one| ys.contains(&one.to_string()));
                self.listed(&with, "removed", gone.len(), rest.cloned().collect());
            }
            if !come.is_empty() {
                let all = x.iter().chain(come.iter().copied());
                self.listed(&with, "added", come.len(), all.cloned().collect());
            }
            return;
        }
        for one in gone {
            let rest: Vec<Value> = x.iter().filter(|other| *other != one).cloned().collect();
            let text = match keyword {
                "enum" => format!("the value {} is gone", short(one)),
                _ => format!("the member {} may be missing now", short(one)),
            };
            let rule = format!("{noun}-removed");
            self.set(
                &rule,
                at.clone(),
                Value::Array(rest),
                Some(at.clone()),
                Some(to.clone()),
                text,
            );
        }
        for one in come {
            let all: Vec<Value> = x.iter().chain([one]).cloned().collect();
            let text = match keyword {
                "enum" => format!("there is a value {} now", short(one)),
                _ => format!("the member {} must be there now", short(one)),
            };
            let rule = format!("{noun}-added");
            self.set(
                &rule,
                at.clone(),
                Value::Array(all),
                Some(at.clone()),
                Some(to.clone()),
                text,
            );
        }
    }

    /// Many differences of one list, as one.
    fn listed(&mut self, with: &Listed<'_>, verb: &str, count: usize, list: Vec<Value>) {
        let Listed { keyword, noun, at, to } = with;
        let text = format!("{count} of {keyword} were {verb}");
        let value = Value::Array(list);
        let rule = format!("{noun}-{verb}");
        self.set(&rule, (*at).clone(), value, Some((*at).clone()), Some((*to).clone()), text);
    }
}
