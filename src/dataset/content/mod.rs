//! Looks into the bytes of what would be published while they are hashed, and holds them against
//! the redaction plan: coordinates that are too fine, columns that should be gone. One pass,
//! bounded memory. Places are named by row or feature and never with their value: whoever reads
//! the finding may not know the place.

mod columns;
mod csv;
mod geojson;
mod json;
mod parquet;
mod rules;
mod text;
mod wkb;

use serde::{Deserialize, Serialize};

pub use rules::{Coordinates, Rules};

/// What looking into one object found.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ContentFact {
    /// Rows, features or JSON texts that were looked at.
    pub records: u64,
    /// Why the object could not be looked at to its end, if so. Then nothing follows from the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
    /// Coordinates finer than the plan.
    pub too_fine: Findings,
    /// Columns or members that the plan drops.
    pub dropped: Findings,
}

/// The first few places of a kind, and how many there are.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Findings {
    /// How many.
    pub count: u64,
    /// Where the first of them are.
    pub first: Vec<String>,
}

impl Findings {
    const SHOWN: usize = 5;
    const MAX_PLACE: usize = 200;

    fn add(&mut self, place: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.len() < Self::SHOWN {
            let place: String = place().chars().take(Self::MAX_PLACE).collect();
            if !self.first.contains(&place) {
                self.first.push(place);
            }
        }
    }
}

/// Looks at one object, piece by piece.
pub struct Inspector(Kind);

enum Kind {
    Csv(Box<csv::Csv>),
    Json(Box<geojson::GeoJson>),
    Parquet(parquet::Parquet),
    Unknown(String),
}

impl Inspector {
    /// An inspector for objects of this media type, holding at most `limit` bytes of them.
    pub fn new(media_type: &str, rules: &Rules, limit: usize) -> Self {
        Self(match media_type {
            "text/csv" | "text/tab-separated-values" => Kind::Csv(Box::new(csv::Csv::new(rules))),
            "application/geo+json"
            | "application/json"
            | "application/ld+json"
            | "application/x-ndjson" => Kind::Json(Box::new(geojson::GeoJson::new(rules))),
            "application/vnd.apache.parquet" => Kind::Parquet(parquet::Parquet::new(rules, limit)),
            other => Kind::Unknown(other.to_owned()),
        })
    }

    /// Whether it keeps the object until its end.
    pub const fn keeps_all(&self) -> bool {
        matches!(self.0, Kind::Parquet(_))
    }

    /// The next bytes.
    pub fn update(&mut self, piece: &[u8]) {
        match &mut self.0 {
            Kind::Csv(csv) => csv.update(piece),
            Kind::Json(json) => json.update(piece),
            Kind::Parquet(parquet) => parquet.update(piece),
            Kind::Unknown(_) => {}
        }
    }

    /// What was found in all of them.
    pub fn finish(self) -> ContentFact {
        match self.0 {
            Kind::Csv(csv) => csv.finish(),
            Kind::Json(json) => json.finish(),
            Kind::Parquet(parquet) => parquet.finish(),
            Kind::Unknown(media_type) => ContentFact {
                unreadable: Some(format!("{media_type} cannot be looked into")),
                ..ContentFact::default()
            },
        }
    }
}

/// What a document that is read already has of places.
pub(crate) fn inspect_json(rules: &Rules, value: &serde_json::Value) -> ContentFact {
    let mut json = geojson::GeoJson::new(rules);
    json.update(value.to_string().as_bytes());
    json.finish()
}

#[cfg(test)]
pub(super) fn inspect(media_type: &str, rules: &Rules, bytes: &[u8], piece: usize) -> ContentFact {
    let mut inspector = Inspector::new(media_type, rules, 64 << 20);
    bytes.chunks(piece).for_each(|piece| inspector.update(piece));
    inspector.finish()
}
