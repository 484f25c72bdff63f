//! Where data lies: the box around every coordinate of GeoJSON, or what Parquet says of itself.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::file::statistics::Statistics;
use serde_json::{Value, json};

/// A box in degrees: west, south, east, north.
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

    /// What holds both. Boxes over the antimeridian are not known here.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        let ([w, s, e, n], [w2, s2, e2, n2]) = (self.0, other.0);
        Self([w.min(w2), s.min(s2), e.max(e2), n.max(n2)])
    }

    /// A box of four numbers, as STAC and GeoJSON write it.
    pub fn of_bbox(value: &Value) -> Option<Self> {
        let numbers: Option<Vec<f64>> = value.as_array()?.iter().map(Value::as_f64).collect();
        Self::new(numbers?.try_into().ok()?)
    }

    /// The box around a GeoJSON geometry.
    pub fn of_geometry(value: &Value) -> Option<Self> {
        geojson(value)
    }

    /// Whether another box lies in this one.
    pub fn holds(self, other: Self) -> bool {
        self.with(other) == self
    }

    /// As STAC and GeoJSON write it.
    pub const fn bbox(self) -> [f64; 4] {
        self.0
    }

    /// The box as a GeoJSON geometry: a point if it is one, otherwise a polygon.
    pub fn geometry(self) -> Value {
        let [w, s, e, n] = self.0;
        if w >= e && s >= n {
            return json!({ "type": "Point", "coordinates": [w, s] });
        }
        json!({ "type": "Polygon", "coordinates": [[[w, s], [e, s], [e, n], [w, n], [w, s]]] })
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
    let children: Vec<&Value> = match value["type"].as_str()? {
        "FeatureCollection" => value["features"].as_array()?.iter().collect(),
        "Feature" => vec![value.get("geometry")?],
        "GeometryCollection" => value["geometries"].as_array()?.iter().collect(),
        _ => return positions(value.get("coordinates")?),
    };
    children.into_iter().filter_map(geojson).reduce(Extent::with)
}

fn positions(value: &Value) -> Option<Extent> {
    let items = value.as_array()?;
    match (items.first()?.as_f64(), items.get(1).and_then(Value::as_f64)) {
        (Some(x), Some(y)) => Extent::new([x, y, x, y]),
        _ => items.iter().filter_map(positions).reduce(Extent::with),
    }
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
        ] {
            assert_eq!(of(nothing), None, "{nothing}");
        }
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
