//! STAC documents in space, time and among one another: boxes hold geometries, intervals run
//! forward, links lead to what their rel says.

use jiff::Timestamp;
use serde_json::Value;

use crate::dataset::Extent;
use crate::domain::Reason;

use super::codes;
use super::known::Known;

/// A box: west, south, east, north.
type Box4 = [f64; 4];
/// Rounding between a geometry and its box, in degrees: some ten centimetres.
const PLAY: f64 = 1e-6;

/// Space and time of one item, against itself and its collection.
pub(super) fn item(
    path: &str,
    item: &Value,
    collection: Option<&Value>,
    reasons: &mut Vec<Reason>,
) {
    let own = item.get("bbox").and_then(read);
    let geometry = item.get("geometry").filter(|geometry| geometry.is_object());
    if let (Some(own), Some(geometry)) = (own, geometry) {
        let mut outside = None;
        positions(geometry, &mut |position| {
            if outside.is_none() && !holds(&own, position) {
                outside = Some(position);
            }
        });
        if let Some([x, y]) = outside {
            let message =
                format!("The item's bbox {own:?} does not hold [{x}, {y}] of its geometry.");
            reasons.push(codes::STAC_BBOX_MISMATCH.because(message).at(path, "/bbox"));
        }
    }
    let extent = collection.and_then(|c| c.pointer("/extent/spatial/bbox/0")).and_then(read);
    if let (Some(own), Some(extent)) = (own, extent)
        && !contains(extent, own)
    {
        let message =
            format!("The item's bbox {own:?} is not within the collection's extent {extent:?}.");
        reasons.push(codes::STAC_BBOX_MISMATCH.because(message).at(path, "/bbox"));
    }
    times(path, item, reasons);
}

fn times(path: &str, item: &Value, reasons: &mut Vec<Reason>) {
    let time = |name: &str| -> Option<Timestamp> {
        item.get("properties")?.get(name)?.as_str()?.parse().ok()
    };
    let (start, end) = (time("start_datetime"), time("end_datetime"));
    let late = |one: Option<Timestamp>, other: Option<Timestamp>| {
        one.zip(other).is_some_and(|(one, other)| one > other)
    };
    let middle = time("datetime");
    let (member, message) = if late(start, end) {
        ("end_datetime", "The item ends before it starts.")
    } else if late(start, middle) || late(middle, end) {
        ("datetime", "The item's datetime lies outside of its own interval.")
    } else {
        return;
    };
    let pointer = format!("/properties/{member}");
    reasons.push(codes::STAC_TIME_ORDER.because(message).at(path, pointer));
}

/// What a link's rel promises of the document that it leads to; none if it keeps it.
pub(super) fn wrong(known: &Known<'_>, from: &str, rel: &str, target: &str) -> Option<String> {
    let document = known.facts.stac.get(target);
    let kind = document.and_then(|d| d.value()).and_then(|v| v.get("type")).and_then(Value::as_str);
    let one_of = |wanted: &[&str]| kind.is_some_and(|kind| wanted.contains(&kind));
    let (held, wanted) = match rel {
        "self" => (target == from, "the document itself"),
        "root" | "parent" => (one_of(&["Catalog", "Collection"]), "a catalog or collection"),
        "collection" => (one_of(&["Collection"]), "a collection"),
        "child" => (one_of(&["Catalog", "Collection"]), "a catalog or collection"),
        "item" => (one_of(&["Feature"]), "an item"),
        _ => return None,
    };
    // A document that cannot be read has a reason of its own.
    let unread = document.is_some_and(|d| d.invalid().is_some());
    (!held && !unread)
        .then(|| format!("The link {rel:?} leads to {target}, which is not {wanted}."))
}

fn read(value: &Value) -> Option<Box4> {
    let numbers: Vec<f64> = value.as_array()?.iter().filter_map(Value::as_f64).collect();
    match numbers.as_slice() {
        [w, s, e, n] | [w, s, _, e, n, _] => Some([*w, *s, *e, *n]),
        _ => None,
    }
}

/// Whether a box lies in another. What is not in degrees is taken by its corners.
fn contains(whole: Box4, part: Box4) -> bool {
    match (Extent::new(whole), Extent::new(part)) {
        (Some(whole), Some(part)) => whole.holds_within(part, PLAY),
        _ => [[part[0], part[1]], [part[2], part[3]]].into_iter().all(|at| holds(&whole, at)),
    }
}

fn holds(bounds: &Box4, [x, y]: [f64; 2]) -> bool {
    let [west, south, east, north] = *bounds;
    let across = if west > east {
        // The box lies over the antimeridian.
        x >= west - PLAY || x <= east + PLAY
    } else {
        x >= west - PLAY && x <= east + PLAY
    };
    across && y >= south - PLAY && y <= north + PLAY
}

/// Every position of a geometry, whatever its type.
fn positions(geometry: &Value, found: &mut impl FnMut([f64; 2])) {
    if let Some(inner) = geometry.get("geometries").and_then(Value::as_array) {
        for geometry in inner {
            // One level: collections in collections are no STAC.
            if let Some(coordinates) = geometry.get("coordinates") {
                nested(coordinates, found);
            }
        }
    }
    if let Some(coordinates) = geometry.get("coordinates") {
        nested(coordinates, found);
    }
}

fn nested(value: &Value, found: &mut impl FnMut([f64; 2])) {
    let Some(items) = value.as_array() else { return };
    match (items.first().and_then(Value::as_f64), items.get(1).and_then(Value::as_f64)) {
        (Some(x), Some(y)) => found([x, y]),
        _ => items.iter().for_each(|item| nested(item, found)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes() {
        assert!(holds(&[170.0, -10.0, -170.0, 10.0], [175.0, 0.0]));
        assert!(holds(&[170.0, -10.0, -170.0, 10.0], [-175.0, 0.0]));
        assert!(!holds(&[170.0, -10.0, -170.0, 10.0], [0.0, 0.0]));
        assert!(holds(&[0.0, 0.0, 1.0, 1.0], [1.000_000_1, 1.0]));
        assert!(!holds(&[0.0, 0.0, 1.0, 1.0], [1.001, 1.0]));
        let fiji = [177.0, -20.0, -178.0, -16.0];
        assert!(contains(fiji, [178.0, -19.0, -179.0, -17.0]));
        assert!(!contains(fiji, [-179.0, -19.0, 178.0, -17.0]), "all but what lies in it");
        assert!(contains([0.0, 0.0, 9e5, 9e5], [1.0, 1.0, 8e5, 8e5]));
        assert_eq!(read(&serde_json::json!([1, 2, 3, 4, 5, 6])), Some([1.0, 2.0, 4.0, 5.0]));
    }
}
