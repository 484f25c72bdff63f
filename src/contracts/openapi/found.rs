//! The changes that were found: a shared schema's is told once, with the operations that it is in.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use super::super::change::{Change, Class, Comparison, Location};
use super::super::diff::Judged;
use super::places::{At, Spot};
use super::schema::View;

/// Operations that are named.
const NAMED: usize = 3;

/// A place, if the change has one there.
type Place = Option<(String, String)>;
/// Rule and message, place in old and new.
type Key = (String, Place, Place);

#[derive(Default)]
pub(super) struct Found {
    changes: Vec<(Change, BTreeSet<String>)>,
    known: HashMap<Key, usize>,
    /// Schemas that were compared, and the changes that came of it.
    pub(super) compared: HashMap<(Spot, Spot, View), Vec<usize>>,
    /// What differences of definitions came to, for each way of use.
    pub(super) judged: RefCell<HashMap<View, Rc<Judged>>>,
    /// Schemas that were read for it.
    pub(super) read: Cell<usize>,
}

impl Found {
    /// Takes in a change that is in `whose` (an operation); what is known gets one more of these.
    pub(super) fn push(&mut self, change: Change, whose: &str) -> usize {
        let place =
            |at: &Option<Location>| at.as_ref().map(|at| (at.document.clone(), at.pointer.clone()));
        // Messages tell apart what has the same rule and place.
        let key =
            (format!("{} {}", change.rule, change.message), place(&change.old), place(&change.new));
        let index = *self.known.entry(key).or_insert(self.changes.len());
        if index == self.changes.len() {
            self.changes.push((change, BTreeSet::new()));
        } else if let Some((known, _)) = self.changes.get_mut(index)
            && known.class < change.class
        {
            *known = change;
        }
        self.also(index, whose);
        index
    }

    /// One more operation that a change is in.
    pub(super) fn also(&mut self, index: usize, whose: &str) {
        if let Some((_, all)) = self.changes.get_mut(index).filter(|_| !whose.is_empty()) {
            all.insert(whose.to_owned());
        }
    }

    #[allow(clippy::too_many_arguments, reason = "all that a change has")]
    pub(super) fn say(
        &mut self,
        rule: &str,
        class: Class,
        old: Option<&At<'_>>,
        new: Option<&At<'_>>,
        message: String,
        remedy: &str,
        whose: &str,
    ) {
        let change = Change::new(rule, class, message)
            .at(old.map(At::location), new.map(At::location))
            .mend(remedy);
        self.push(change, whose);
    }

    /// What cannot be compared may hide anything.
    pub(super) fn unreadable(&mut self, old: Option<Location>, new: Option<Location>, why: &str) {
        let change =
            Change::new("not-comparable", Class::Risky, format!("cannot be compared: {why}"))
                .at(old, new)
                .mend("mend the reference, or show by tests that nothing changed");
        self.push(change, "");
    }

    pub(super) fn comparison(self) -> Comparison {
        let told = |(mut change, whose): (Change, BTreeSet<String>)| {
            let mut names: Vec<&str> = whose.iter().map(String::as_str).take(NAMED).collect();
            let more = whose.len().saturating_sub(NAMED);
            let rest = format!("{more} more");
            if more > 0 {
                names.push(&rest);
            }
            // What names its operation itself needs no list of one.
            if !(names.is_empty() || whose.len() == 1 && change.message.contains(names[0])) {
                change.message = format!("{}: {}", names.join(", "), change.message);
            }
            change
        };
        Comparison::of(self.changes.into_iter().map(told).collect())
    }
}
