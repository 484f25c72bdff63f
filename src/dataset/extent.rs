//! Where data lies: the box around every coordinate of GeoJSON, or what Parquet says of itself.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::file::statistics::Statistics;
use serde_json::{Value, json};

/// Half of the globe: what spans more is taken to lie everywhere, and not across the antimeridian.
const HALF: f64 = 180.0;

/// A box in degrees: west, south, east, north. One over the antimeridian has its west east of its
/// east (RFC 7946, 5.2).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Extent([f64; 4]);

impl Extent {
    /// A box within the globe; none if it is none.
    pub fn new([west, south, east, north]: [f64; 4]) -> Option<Self> {
        let fits = (-180.0..=180.0).contains(&west)
            && (-180.0..=180.0).contains(&east)
            && -90.0 <= south
            && south <= north
            && north <= 90.0;
        fits.then_some(Self([west, south, east, north]))
    }

    /// The smallest box around all, whatever their order: over the antimeridian if that is where
    /// they lie close together.
    pub fn around(boxes: impl IntoIterator<Item = Self>) -> Option<Self> {
        let (mut south, mut north) = (f64::INFINITY, f64::NEG_INFINITY);
        let mut spans = Vec::new();
        for Self([w, s, e, n]) in boxes {
            (south, north) = (south.min(s), north.max(n));
            match w > e {
                true => spans.extend([(w, 180.0), (-180.0, e)]),
                false => spans.push((w, e)),
            }
        }
        spans.sort_by(|a, b| a.0.total_cmp(&b.0));
        let &(west, mut reached) = spans.first()?;
        // The widest stretch of the circle where nothing lies, from its west to its east end.
        let mut gap = (0.0, 0.0, 0.0);
        for &(w, e) in &spans {
            if w - reached > gap.0 {
                gap = (w - reached, reached, w);
            }
            reached = reached.max(e);
        }
        let (width, end, start) = gap;
        let plain = reached - west;
        match 360.0 - width < HALF && 360.0 - width < plain {
            true => Some(Self([start, south, end, north])),
            false => Some(Self([west, south, reached, north])),
        }
    }

    /// A box as STAC and GeoJSON write it; heights are left out.
    pub fn of_bbox(value: &Value) -> Option<Self> {
        let numbers: Option<Vec<f64>> = value.as_array()?.iter().map(Value::as_f64).collect();
        match *numbers?.as_slice() {
            [west, south, east, north] | [west, south, _, east, north, _] => {
                Self::new([west, south, east, north])
            }
            _ => None,
        }
    }

    /// The box around a GeoJSON geometry.
    pub fn of_geometry(value: &Value) -> Option<Self> {
        geojson(value)
    }

    /// Whether another box lies in this one, but for `play` degrees.
    pub fn holds_within(self, other: Self, play: f64) -> bool {
        let ([w, s, e, n], [west, south, east, north]) = (self.0, other.0);
        // Across the antimeridian east is counted on.
        let on = |w: f64, e: f64| if w > e { e + 360.0 } else { e };
        let (end, east) = (on(w, e), on(west, east));
        let across = end - w >= 360.0
            || [-360.0, 0.0, 360.0]
                .iter()
                .any(|turn| w - play <= west + turn && east + turn <= end + play);
        across && s - play <= south && north <= n + play
    }

    /// Whether another box lies in this one.
    pub fn holds(self, other: Self) -> bool {
        self.holds_within(other, 0.0)
    }

    /// As STAC and GeoJSON write it.
    pub const fn bbox(self) -> [f64; 4] {
        self.0
    }

    /// The box as a GeoJSON geometry: a point if it is one, otherwise a polygon, or two.
    pub fn geometry(self) -> Value {
        let [w, s, e, n] = self.0;
        if w.total_cmp(&e).is_eq() && s.total_cmp(&n).is_eq() {
            return json!({ "type": "Point", "coordinates": [w, s] });
        }
        let ring = |w: f64, e: f64| json!([[[w, s], [e, s], [e, n], [w, n], [w, s]]]);
        if w > e {
            // Cut there, as RFC 7946, 3.1.9 has it.
            let halves = [ring(w, 180.0), ring(-180.0, e)];
            return json!({ "type": "MultiPolygon", "coordinates": halves });
        }
        json!({ "type": "Polygon", "coordinates": ring(w, e) })
    }

    /// Where an object lies, if its media type is one of those and its bytes say so.
    pub fn of(media_type: &str, bytes: &[u8]) -> Option<Self> {
        match media_type {
            "application/geo+json" => geojson(&serde_json::from_slice(bytes).ok()?),
            "application/vnd.apache.parquet" => {
                let bytes = Bytes::copy_from_slice(bytes);
                // The decoder is another's and its input a stranger's.
                catch_unwind(AssertUnwindSafe(|| parquet(bytes))).ok()?
            }
            _ => None,
        }
    }
}

fn geojson(value: &Value) -> Option<Extent> {
    let mut found = Vec::new();
    parts(value, &mut found)?;
    Extent::around(found)
}

/// The boxes of all that is connected: a line goes the way that its numbers go, and what crosses the
/// antimeridian is cut there (RFC 7946, 3.1.9); one of several points or parts may lie beyond. Of
/// one that is not in degrees, nothing is known of the whole.
fn parts(value: &Value, found: &mut Vec<Extent>) -> Option<()> {
    let children = match value["type"].as_str()? {
        "FeatureCollection" => value["features"].as_array()?.as_slice(),
        "Feature" => std::slice::from_ref(value.get("geometry")?),
        "GeometryCollection" => value["geometries"].as_array()?.as_slice(),
        "MultiPoint" | "MultiLineString" | "MultiPolygon" => {
            for part in value.get("coordinates")?.as_array()? {
                found.push(positions(part)?);
            }
            return Some(());
        }
        _ => {
            found.push(positions(value.get("coordinates")?)?);
            return Some(());
        }
    };
    children.iter().filter(|child| !placeless(child)).try_for_each(|child| parts(child, found))
}

/// What GeoJSON allows to lie nowhere.
fn placeless(value: &Value) -> bool {
    let empty = |name: &str| value[name].as_array().is_some_and(Vec::is_empty);
    value.is_null()
        || (value["type"] == "Feature" && value["geometry"].is_null())
        || empty("coordinates")
        || empty("geometries")
}

/// The plain box around nested positions.
fn positions(value: &Value) -> Option<Extent> {
    let items = value.as_array()?;
    if let (Some(x), Some(y)) = (items.first()?.as_f64(), items.get(1).and_then(Value::as_f64)) {
        return Extent::new([x, y, x, y]);
    }
    let mut whole: Option<[f64; 4]> = None;
    for item in items {
        let Extent([w, s, e, n]) = positions(item)?;
        let [w2, s2, e2, n2] = whole.unwrap_or([w, s, e, n]);
        whole = Some([w.min(w2), s.min(s2), e.max(e2), n.max(n2)]);
    }
    whole.map(Extent)
}

fn parquet(bytes: Bytes) -> Option<Extent> {
    let file = SerializedFileReader::new(bytes).ok()?;
    let metadata = file.metadata();
    let pairs = metadata.file_metadata().key_value_metadata();
    let geo = pairs.into_iter().flatten().find(|pair| pair.key == "geo");
    if let Some(text) = geo.and_then(|pair| pair.value.as_deref()) {
        return geoparquet(&serde_json::from_str(text).ok()?);
    }
    let mut ends = [None, None];
    for group in metadata.row_groups() {
        for column in group.columns() {
            let name = column.column_descr().name().to_lowercase();
            let place = match name.as_str() {
                "lon" | "lng" | "long" | "longitude" => 0,
                "lat" | "latitude" => 1,
                _ => continue,
            };
            // A column without statistics says nothing, and half an answer is none.
            let Some(Statistics::Double(found)) = column.statistics() else { return None };
            let (low, high) = (*found.min_opt()?, *found.max_opt()?);
            let slot = ends.get_mut(place)?;
            *slot = Some(slot.map_or((low, high), |(l, h): (f64, f64)| (l.min(low), h.max(high))));
        }
    }
    let [Some((west, east)), Some((south, north))] = ends else { return None };
    Extent::new([west, south, east, north])
}

/// The boxes that GeoParquet's own metadata gives.
fn geoparquet(geo: &Value) -> Option<Extent> {
    let primary = geo["primary_column"].as_str()?;
    let numbers: Vec<f64> =
        geo["columns"][primary]["bbox"].as_array()?.iter().filter_map(Value::as_f64).collect();
    match *numbers.as_slice() {
        [west, south, east, north] | [west, south, _, east, north, _] => {
            Extent::new([west, south, east, north])
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<[f64; 4]> {
        Extent::of("application/geo+json", text.as_bytes()).map(Extent::bbox)
    }

    #[test]
    fn the_box_around_all_geometries() {
        let point = |x: f64, y: f64| json!({"type": "Point", "coordinates": [x, y, 99.0]});
        let feature = |geometry: Value| json!({"type": "Feature", "geometry": geometry, "properties": {"coordinates": [0, 0]}});
        let all = json!({"type": "FeatureCollection", "features": [
            feature(point(7.5, 47.5)), feature(Value::Null),
            feature(json!({"type": "GeometryCollection", "geometries": [point(7.0, 48.0)]})),
            feature(json!({"type": "Polygon", "coordinates": [[[8, 46], [8.5, 46], [8, 46]]]})),
        ]});
        assert_eq!(of(&all.to_string()), Some([7.0, 46.0, 8.5, 48.0]));
        assert_eq!(of(&point(1.0, 2.0).to_string()), Some([1.0, 2.0, 1.0, 2.0]));
        for nothing in [
            "{",
            "[]",
            r#"{"type":"FeatureCollection","features":[]}"#,
            r#"{"type":"Point","coordinates":[500,0]}"#,
            // Metres: that one of them could be degrees says nothing.
            r#"{"type":"LineString","coordinates":[[5,6],[500000,6000000]]}"#,
            r#"{"type":"FeatureCollection","features":[{"type":"Feature","geometry":null}]}"#,
        ] {
            assert_eq!(of(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_box_over_the_antimeridian_holds_what_lies_on_both_sides() {
        let fiji = Extent::new([177.0, -20.0, -178.0, -16.0]).unwrap();
        let at = |w: f64, e: f64, n: f64| Extent::new([w, -19.0, e, n]).unwrap();
        for (inside, held) in [
            (at(178.0, 178.5, -17.0), true),
            (at(-179.0, -178.5, -17.0), true),
            (at(179.0, -179.0, -17.0), true),
            (at(178.0, 178.5, -15.0), false),
            (at(176.0, 178.0, -17.0), false),
            (at(179.0, -177.0, -17.0), false),
            (at(-179.0, 179.0, -17.0), false),
        ] {
            assert_eq!(fiji.holds(inside), held, "{inside:?}");
        }
        let globe = Extent::new([-180.0, -90.0, 180.0, 90.0]).unwrap();
        assert!(globe.holds(fiji) && !fiji.holds(globe));
        assert!(fiji.holds_within(at(176.999_999_9, 178.0, -17.0), 1e-6));
        let geometry = fiji.geometry();
        assert_eq!(geometry["type"], "MultiPolygon");
        assert_eq!(geometry["coordinates"][0][0][1][0], 180.0);
        assert_eq!(Extent::of_geometry(&geometry), Some(fiji));
    }

    #[test]
    fn the_smallest_box_around_all_in_any_order() {
        let point = |x: f64| Extent::new([x, 1.0, x, 1.0]).unwrap();
        for (places, west, east) in [
            (vec![177.0, -178.0], 177.0, -178.0),
            (vec![-178.0, 177.0, 179.0], 177.0, -178.0),
            (vec![-10.0, 10.0], -10.0, 10.0),
            (vec![120.0, -120.0], 120.0, -120.0),
            // More than half of the globe: everywhere.
            (vec![170.0, -170.0, 0.0], -170.0, 170.0),
            (vec![180.0, -180.0], 180.0, -180.0),
        ] {
            let mut boxes: Vec<_> = places.iter().map(|x| point(*x)).collect();
            let expected = Extent::new([west, 1.0, east, 1.0]);
            assert_eq!(Extent::around(boxes.clone()), expected, "{places:?}");
            boxes.reverse();
            assert_eq!(Extent::around(boxes), expected, "{places:?} backwards");
        }
        assert_eq!(Extent::around([]), None);
        let points = r#"{"type":"MultiPoint","coordinates":[[179,1],[-179,2]]}"#;
        assert_eq!(of(points), Some([179.0, 1.0, -179.0, 2.0]));
        let line = r#"{"type":"LineString","coordinates":[[179,1],[-179,2]]}"#;
        assert_eq!(of(line), Some([-179.0, 1.0, 179.0, 2.0]), "it goes the long way");
    }

    #[test]
    fn what_parquet_says_of_itself() {
        let points = include_bytes!("content/fixtures/points.parquet");
        let coarse = include_bytes!("content/fixtures/coarse.parquet");
        let of = |bytes: &[u8]| Extent::of("application/vnd.apache.parquet", bytes);
        assert!(of(points).is_some() || of(coarse).is_some());
        assert_eq!(of(b"PAR1"), None);
        let geo = json!({"primary_column": "g", "columns": {"g": {"bbox": [1, 2, 0, 3, 4, 9]}}});
        assert_eq!(geoparquet(&geo).map(Extent::bbox), Some([1.0, 2.0, 3.0, 4.0]));
    }
}
