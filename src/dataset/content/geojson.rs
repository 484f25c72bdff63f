//! GeoJSON, and JSON in general: positions and boxes of every geometry, members by their names.

use super::columns::Column;
use super::json::{Event, Tokens};
use super::rules::Rules;
use super::{ContentFact, text};

/// Members that GeoJSON itself needs, wherever they are not a feature's own property.
const STRUCTURE: &[&str] =
    &["type", "features", "geometry", "geometries", "coordinates", "properties", "bbox", "crs"];

/// A position has two or three numbers, a box four or six.
const MAX_NUMBERS: usize = 8;

pub(super) struct GeoJson {
    tokens: Tokens,
    reader: Reader,
}

struct Reader {
    rules: Rules,
    stack: Vec<Frame>,
    fact: ContentFact,
    features: u64,
}

enum Frame {
    Object { key: String, column: Column, properties: bool },
    Array { index: u64, numbers: Vec<f64> },
}

impl GeoJson {
    pub(super) fn new(rules: &Rules) -> Self {
        let reader = Reader {
            rules: rules.clone(),
            stack: Vec::new(),
            fact: ContentFact::default(),
            features: 0,
        };
        Self { tokens: Tokens::new(), reader }
    }

    pub(super) fn update(&mut self, piece: &[u8]) {
        for &byte in piece {
            if self.reader.fact.unreadable.is_some() {
                return;
            }
            let depth = self.tokens.depth();
            let done = self.tokens.update(byte, &mut |event| self.reader.event(&event));
            self.reader.ended(depth > 0 && self.tokens.depth() == 0, done);
        }
    }

    pub(super) fn finish(mut self) -> ContentFact {
        if self.reader.fact.unreadable.is_none() {
            let done = self.tokens.finish(&mut |event| self.reader.event(&event));
            self.reader.ended(false, done);
        }
        self.reader.fact
    }
}

impl Reader {
    fn ended(&mut self, whole: bool, done: Result<(), &'static str>) {
        if let Err(why) = done {
            self.fact.unreadable.get_or_insert_with(|| why.to_owned());
        }
        if whole {
            self.fact.records += self.features.max(1);
            self.features = 0;
        }
    }

    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::StartObject => {
                self.next();
                let properties = self.in_properties();
                self.stack.push(Frame::Object {
                    key: String::new(),
                    column: Column::Other,
                    properties,
                });
            }
            Event::EndObject => {
                self.stack.pop();
                if self.stack.len() == 2 && self.key() == Some("features") {
                    self.features += 1;
                }
            }
            Event::StartArray => {
                self.next();
                self.stack.push(Frame::Array { index: 0, numbers: Vec::new() });
            }
            Event::EndArray => self.end_array(),
            Event::Key(key) => self.on_key(key),
            Event::Number(number) => self.number(*number),
            Event::Text(value) => {
                self.next();
                if text::is_too_fine(&self.rules, self.column(), value) {
                    self.too_fine();
                } else if let Ok(number) = value.parse() {
                    self.collect(number);
                }
            }
            Event::Word => self.next(),
        }
    }

    /// Counts an array's items.
    fn next(&mut self) {
        if let Some(Frame::Array { index, .. }) = self.stack.last_mut() {
            *index += 1;
        }
    }

    fn on_key(&mut self, name: &str) {
        let column = self.rules.column(name);
        let mut inside = false;
        if let Some(Frame::Object { key, column: now, properties }) = self.stack.last_mut() {
            name.clone_into(key);
            *now = column;
            inside = *properties;
        }
        if !inside && matches!(name, "arcs" | "transform") {
            let why = "it is TopoJSON, whose coordinates are not looked into".to_owned();
            self.fact.unreadable.get_or_insert(why);
        }
        if self.rules.drops(name) && (inside || !STRUCTURE.contains(&name)) {
            let place = self.place();
            self.fact.dropped.add(|| place);
        }
    }

    fn number(&mut self, number: f64) {
        self.next();
        // Positions and boxes are judged at their end, and here what is too much for one.
        if self.collect(number) && self.is_geometry() {
            return;
        }
        let counts = match self.column_around() {
            Column::Single | Column::Whole => self.rules.is_too_fine(number),
            Column::Encoded => true,
            Column::Other => false,
        };
        if counts && self.rules.looks_at_coordinates() {
            self.too_fine();
        }
    }

    /// Keeps the first numbers of an array; whether this is one of them.
    fn collect(&mut self, number: f64) -> bool {
        match self.stack.last_mut() {
            Some(Frame::Array { numbers, .. }) if numbers.len() < MAX_NUMBERS => {
                numbers.push(number);
                true
            }
            _ => false,
        }
    }

    fn end_array(&mut self) {
        if self.rules.looks_at_coordinates() && self.is_array_too_fine() {
            self.too_fine();
        }
        self.stack.pop();
    }

    /// Whether the innermost array is a position or a box that is too fine.
    fn is_array_too_fine(&self) -> bool {
        let Some(Frame::Array { index, numbers }) = self.stack.last() else { return false };
        let bbox = self.key() == Some("bbox");
        let is_height = |at: usize| match numbers.len() {
            6 => bbox && (at == 2 || at == 5),
            3 => !bbox && at == 2,
            _ => false,
        };
        let could_be_one = || {
            self.column_around() == Column::Other
                && usize::try_from(*index) == Ok(numbers.len())
                && text::is_position(numbers)
        };
        (self.is_geometry() || could_be_one())
            && numbers
                .iter()
                .enumerate()
                .any(|(at, n)| !is_height(at) && self.rules.is_too_fine(*n))
    }

    fn too_fine(&mut self) {
        let place = self.place();
        self.fact.too_fine.add(|| place);
    }

    /// The nearest member's name.
    fn key(&self) -> Option<&str> {
        self.stack.iter().rev().find_map(|frame| match frame {
            Frame::Object { key, .. } => Some(key.as_str()),
            Frame::Array { .. } => None,
        })
    }

    /// Whether the nearest member is one that GeoJSON has for positions.
    fn is_geometry(&self) -> bool {
        matches!(self.key(), Some("coordinates" | "bbox"))
    }

    /// What the nearest member holds by its name.
    fn column(&self) -> Column {
        self.columns().next().unwrap_or(Column::Other)
    }

    /// The same, or what a member further out holds: numbers in a place are a place's.
    fn column_around(&self) -> Column {
        self.columns().find(|column| *column != Column::Other).unwrap_or(Column::Other)
    }

    fn columns(&self) -> impl Iterator<Item = Column> {
        self.stack.iter().rev().filter_map(|frame| match frame {
            Frame::Object { column, .. } => Some(*column),
            Frame::Array { .. } => None,
        })
    }

    fn in_properties(&self) -> bool {
        self.stack.iter().any(|frame| match frame {
            Frame::Object { key, properties, .. } => *properties || key == "properties",
            Frame::Array { .. } => false,
        })
    }

    /// A pointer, without the indices of positions, which would be many.
    fn place(&self) -> String {
        let mut place = String::new();
        if self.stack.is_empty() || self.fact.records > 0 {
            place = format!("text {}: ", self.fact.records + 1);
        }
        for (depth, frame) in self.stack.iter().enumerate() {
            match frame {
                Frame::Object { key, .. } => {
                    let key: String = key.chars().take(80).collect();
                    place.push('/');
                    place.push_str(&crate::domain::pointer::escaped(&key));
                    if matches!(key.as_str(), "coordinates" | "bbox") {
                        break;
                    }
                }
                Frame::Array { index, .. } if depth + 1 < self.stack.len() => {
                    place.push_str(&format!("/{}", index.saturating_sub(1)));
                }
                Frame::Array { .. } => {}
            }
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::super::inspect;
    use super::super::rules::steps;

    #[test]
    fn every_geometry_box_and_member() {
        let feature = |geometry: &str, properties: &str| {
            format!(
                r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","geometry":null,"properties":{{}}}},
              {{"type":"Feature","geometry":{geometry},"properties":{properties}}}]}}"#
            )
        };
        let at = "/features/1/geometry/coordinates";
        for (geometry, properties, fine, dropped) in [
            (r#"{"type":"Point","coordinates":[-140.4,10.0,3.14159]}"#, "{}", vec![], vec![]),
            (r#"{"type":"Point","coordinates":[-140.42,10.0]}"#, "{}", vec![at], vec![]),
            (
                r#"{"type":"MultiPolygon","coordinates":[[[[1,2],[3,4],[5,6.66],[1,2]]]]}"#,
                "{}",
                vec![at],
                vec![],
            ),
            (
                r#"{"type":"GeometryCollection","geometries":[{"type":"LineString","coordinates":[[1,2],[3.33,4]]}]}"#,
                "{}",
                vec!["/features/1/geometry/geometries/0/coordinates"],
                vec![],
            ),
            (
                r#"{"bbox":[1.11,2,3,4],"type":"Point","coordinates":[1,2]}"#,
                "{}",
                vec!["/features/1/geometry/bbox"],
                vec![],
            ),
            (
                r#"{"bbox":[1,2,0.333,3,4,0.444],"type":"Point","coordinates":[1,2]}"#,
                "{}",
                vec![],
                vec![],
            ),
            (
                "null",
                r#"{"lat":47.6062,"site":{"longitude":"1.5"}}"#,
                vec!["/features/1/properties/lat"],
                vec![],
            ),
            (
                "null",
                r#"{"where":"POINT(1 2.22)","n":1.2345}"#,
                vec!["/features/1/properties/where"],
                vec![],
            ),
            ("null", r#"{"geohash":"c23nb"}"#, vec!["/features/1/properties/geohash"], vec![]),
            (
                "null",
                r#"{"a":{"OBSERVER":"jane"}}"#,
                vec![],
                vec!["/features/1/properties/a/OBSERVER"],
            ),
        ] {
            let text = feature(geometry, properties);
            for piece in [1, 13, 4096] {
                let fact = inspect("application/geo+json", &steps(0.1), text.as_bytes(), piece);
                assert_eq!(fact.unreadable, None, "{text}");
                assert_eq!(
                    (fact.too_fine.first, fact.dropped.first),
                    (
                        fine.iter().map(|s| (*s).to_owned()).collect(),
                        dropped.iter().map(|s: &&str| (*s).to_owned()).collect()
                    ),
                    "{text}"
                );
                assert_eq!(fact.records, 2);
            }
        }
    }

    #[test]
    fn places_outside_of_geojson() {
        for (text, fine) in [
            (r#"{"rings":[[[47.6062,-122.3321],[1,2]]]}"#, vec!["/rings/0/0"]),
            (r#"[[47.6062,-122.3321]]"#, vec!["/0"]),
            (
                r#"{"columns":["lat","lon"],"data":[[47.6,-122.3],[47.6062,-122.3321]]}"#,
                vec!["/data/1"],
            ),
            (r#"{"at":["47.6062","-122.3321"]}"#, vec!["/at"]),
            (r#"{"location":{"a":47.6062}}"#, vec!["/location/a"]),
            (r#"{"position":{"value":[47.6062,1]}}"#, vec!["/position/value"]),
            (r#"{"type":"Point","coordinates":[0,0,47.6062,1]}"#, vec!["/coordinates"]),
            (r#"{"note":"{\"coordinates\":[1.23,2]}"}"#, vec!["/note"]),
            (r#"{"quantiles":[0.25,0.5,0.75],"at":[0.25,51.55]}"#, vec!["/at"]),
            (
                r#"{"weights":[0.25,0.33,0.12,0.1,0.2],"range":[200.25,300.5],"version":[1,2]}"#,
                vec![],
            ),
            (r#"{"location":{"name":"by the lake"},"mixed":["a",47.6062,-122.3321]}"#, vec![]),
        ] {
            let fact = inspect("application/json", &steps(0.1), text.as_bytes(), 7);
            assert_eq!(fact.too_fine.first, fine, "{text}");
            assert_eq!(fact.unreadable, None, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_to_its_end_is_told() {
        for text in ["{", "{\"arcs\":[]}", "[1,]", ""] {
            assert!(
                inspect("application/json", &steps(0.1), text.as_bytes(), 5).unreadable.is_some(),
                "{text}"
            );
        }
        let lines = "{\"lat\":1.5}\n{\"lat\":1.55}\n";
        let fact = inspect("application/x-ndjson", &steps(0.1), lines.as_bytes(), 5);
        assert_eq!((fact.records, fact.too_fine.first), (2, vec!["text 2: /lat".to_owned()]));
    }
}
