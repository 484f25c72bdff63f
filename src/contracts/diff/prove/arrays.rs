//! Claims about arrays.

use serde_json::{Map, Value};

use super::super::flat::Flat;
use super::{At, Prover};

/// More positions than this are not looked at one by one.
const MAX_POSITIONS: usize = 1_000;

/// What is known of the item at a position: the same for all beyond the prefixes.
pub(in super::super) fn item<'u>(flat: &Flat<'u>, position: usize) -> Vec<&'u Value> {
    flat.rows.iter().filter_map(|row| row.prefix.get(position).or(row.rest)).collect()
}

impl<'u> Prover<'u> {
    /// Positions that are looked at one by one; the one after stands for all others.
    fn positions(flat: &Flat<'u>, more: usize) -> usize {
        flat.rows.iter().map(|row| row.prefix.len()).max().unwrap_or(0).max(more)
    }

    /// Whether all items satisfy `prefixItems` and `items`.
    pub(super) fn items(&self, flat: &Flat<'u>, t: &'u Map<String, Value>, at: At) -> bool {
        let prefix = t.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let positions = Self::positions(flat, prefix.len());
        if positions > MAX_POSITIONS {
            return false;
        }
        for position in 0..=positions {
            if flat.max_items.is_some_and(|max| u64::try_from(position).is_ok_and(|p| p >= max)) {
                return true;
            }
            let s = item(flat, position);
            let ends_here = || self.empty(&s, at.inside());
            match prefix.get(position).or_else(|| t.get("items")) {
                Some(t) if !self.sub(&s, t, at.inside()) && !ends_here() => return false,
                _ => {}
            }
        }
        true
    }

    /// Whether the arrays hold between `min` and `max` items of a kind.
    pub(super) fn contains(
        &self,
        flat: &Flat<'u>,
        kind: &'u Value,
        min: u64,
        max: Option<u64>,
        at: At,
    ) -> bool {
        let enough = min == 0
            || flat
                .contains
                .iter()
                .any(|known| known.min >= min && self.sub(&[known.schema], kind, at.inside()))
            || flat.min_items >= min && {
                let positions = Self::positions(flat, 0);
                positions <= MAX_POSITIONS
                    && (0..=positions)
                        .all(|position| self.sub(&item(flat, position), kind, at.inside()))
            };
        let few = max.is_none_or(|max| {
            flat.max_items.is_some_and(|items| items <= max)
                || flat.contains.iter().any(|known| {
                    known.max.is_some_and(|known| known <= max)
                        && self.sub(&[kind], known.schema, at.inside())
                })
        });
        enough && few
    }

    /// Whether no array is possible: one of the items that must be there cannot be.
    pub(super) fn no_array(&self, flat: &Flat<'u>, at: At) -> bool {
        let needed = usize::try_from(flat.min_items).unwrap_or(usize::MAX);
        let positions = needed.min(Self::positions(flat, 0) + 1).min(MAX_POSITIONS);
        (0..positions).any(|position| self.empty(&item(flat, position), at.inside()))
    }
}
