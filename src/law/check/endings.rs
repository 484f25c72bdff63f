//! Line endings: a checkout may write others than the repository holds, and nothing changes by that.

use super::super::compare::{Row, Status};
use super::super::set::{Kind, Set};
use crate::contracts::Class;

/// A text with plain line ends.
pub(super) fn unix(text: &[u8]) -> Vec<u8> {
    let carriage = |at: usize| text.get(at..at + 2) == Some(b"\r\n".as_slice());
    let bytes = text.iter().enumerate().filter(|(at, _)| !carriage(*at));
    bytes.map(|(_, byte)| *byte).collect()
}

/// Whether a contract differs in its line endings only, and in nothing that they would mean.
pub(super) fn only(old: &Set, new: &Set, row: &Row) -> bool {
    if row.status != Status::Changed || row.was.is_some() || row.comparison.class != Class::Safe {
        return false;
    }
    let text = |set: &Set| -> Option<Vec<u8>> {
        let contract = set.contracts().get(row.id.as_str()).copied()?;
        set.tree.get(&contract.path).map(<[u8]>::to_vec)
    };
    let (Some(before), Some(after)) = (text(old), text(new)) else { return false };
    // A raw string of a policy keeps them.
    let silent = match row.kind {
        Kind::Policy => !before.contains(&b'`'),
        _ => row.comparison.changes.is_empty(),
    };
    silent && before != after && unix(&before) == unix(&after)
}
