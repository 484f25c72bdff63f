//! What a redaction plan demands of the published bytes.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::domain::PolicyLabel;

use super::columns::Column;

/// How fine coordinates may be.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Coordinates {
    /// As fine as they like.
    Any,
    /// Not at all.
    None,
    /// Multiples of a step, in degrees, counted from an offset.
    Steps {
        /// Degrees.
        step: f64,
        /// Degrees.
        offset: f64,
    },
}

/// The plan's parameters, as far as bytes can be held against them.
#[derive(Clone, PartialEq, Debug)]
pub struct Rules {
    /// How fine coordinates may be.
    pub coordinates: Coordinates,
    /// Columns that hold coordinates although their names do not say so. In lower case.
    named: BTreeSet<String>,
    /// Columns that must be gone. In lower case.
    dropped: BTreeSet<String>,
}

/// Numbers that differ by less than this, in degrees, are the same: a tenth of a millimetre, which
/// only binary rounding makes.
const SAME: f64 = 1e-9;

impl Rules {
    /// What the plan in `plan` demands of data with this label. None if it names nothing that can
    /// be checked.
    pub fn of_plan(label: Option<PolicyLabel>, plan: &Value) -> Option<Self> {
        let parameters = plan.get("parameters")?;
        let coordinates = match precision(parameters) {
            Some(steps) => steps?,
            None if label == Some(PolicyLabel::SensitiveLocation) => Coordinates::None,
            None => Coordinates::Any,
        };
        let list = |name: &str| -> BTreeSet<String> {
            let items = parameters.get(name).and_then(Value::as_array);
            items.into_iter().flatten().filter_map(Value::as_str).map(plain).collect()
        };
        let rules = Self {
            coordinates,
            named: list("coordinate_columns"),
            dropped: list("dropped_columns"),
        };
        let generalizes = plan.get("method").and_then(Value::as_str) == Some("generalization");
        let steps = matches!(coordinates, Coordinates::Steps { .. });
        (if generalizes { steps } else { steps || !rules.dropped.is_empty() }).then_some(rules)
    }

    /// Whether a coordinate is finer than the plan, or is none in degrees.
    pub fn is_too_fine(&self, degrees: f64) -> bool {
        match self.coordinates {
            Coordinates::Any => false,
            Coordinates::None => true,
            Coordinates::Steps { step, offset } => {
                let steps = (degrees - offset) / step;
                !degrees.is_finite()
                    || degrees.abs() > 360.0
                    || (steps - steps.round()).abs() * step > SAME
            }
        }
    }

    pub(super) fn looks_at_coordinates(&self) -> bool {
        self.coordinates != Coordinates::Any
    }

    pub(super) fn drops(&self, column: &str) -> bool {
        !self.dropped.is_empty() && self.dropped.contains(&plain(column))
    }

    pub(super) fn column(&self, name: &str) -> Column {
        if self.named.contains(&plain(name)) { Column::Whole } else { Column::called(name) }
    }
}

fn plain(name: &str) -> String {
    name.trim().to_lowercase()
}

/// What the parameters say of precision: nothing, something useless, or steps.
fn precision(parameters: &Value) -> Option<Option<Coordinates>> {
    let degrees = |name: &str| match parameters.get(name)? {
        Value::String(text) => Some(text.trim().parse::<f64>().ok()),
        Value::Number(number) => Some(number.as_f64()),
        _ => Some(None),
    };
    let mut steps: Vec<Option<f64>> = degrees("cell_degrees").into_iter().collect();
    if let Some(decimals) = parameters.get("coordinate_decimals") {
        let decimals = decimals.as_u64().filter(|d| *d <= 8);
        steps.push(decimals.and_then(|d| i32::try_from(d).ok()).map(|d| 10f64.powi(-d)));
    }
    if steps.is_empty() {
        return None;
    }
    // If both are said, the coarser counts.
    let all: Option<Vec<f64>> = steps.into_iter().collect();
    let step = all.and_then(|all| all.into_iter().reduce(f64::max));
    let offset = degrees("cell_offset_degrees").unwrap_or(Some(0.0));
    Some(match (step, offset) {
        (Some(step), Some(offset)) if step > 10.0 * SAME && step <= 360.0 && offset.is_finite() => {
            Some(Coordinates::Steps { step, offset })
        }
        _ => None,
    })
}

#[cfg(test)]
pub(super) fn steps(step: f64) -> Rules {
    Rules {
        coordinates: Coordinates::Steps { step, offset: 0.0 },
        named: BTreeSet::from(["cell".to_owned()]),
        dropped: BTreeSet::from(["observer".to_owned()]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn grids_and_decimals() {
        for (step, degrees, fine) in [
            (0.1, 10.3, false),
            (0.1, 0.1 + 0.2, false),
            (0.1, 10.35, true),
            (0.25, -122.75, false),
            (0.25, -122.7, true),
            (0.01, 47.60, false),
            (0.01, 47.606, true),
            (1.0, 500_123.0, true),
            (1.0, f64::NAN, true),
        ] {
            assert_eq!(steps(step).is_too_fine(degrees), fine, "{degrees} by {step}");
        }
    }

    #[test]
    fn what_a_plan_says() {
        let of = |label, method: &str, parameters: Value| {
            Rules::of_plan(Some(label), &json!({"method": method, "parameters": parameters}))
                .map(|rules| rules.coordinates)
        };
        let steps = |step| Some(Coordinates::Steps { step, offset: 0.0 });
        use PolicyLabel::{Restricted, SensitiveLocation};
        for (label, method, parameters, expected) in [
            (Restricted, "generalization", json!({"cell_degrees": "0.1"}), steps(0.1)),
            (
                Restricted,
                "generalization",
                json!({"cell_degrees": 0.5, "coordinate_decimals": 2}),
                steps(0.5),
            ),
            (Restricted, "redaction", json!({"coordinate_decimals": 0}), steps(1.0)),
            (Restricted, "generalization", json!({"cell_size_m": 1000}), None),
            (Restricted, "generalization", json!({"cell_degrees": "fine"}), None),
            (Restricted, "generalization", json!({"cell_degrees": 0}), None),
            (Restricted, "redaction", json!({}), None),
            (Restricted, "redaction", json!({"dropped_columns": ["a"]}), Some(Coordinates::Any)),
            (
                SensitiveLocation,
                "redaction",
                json!({"dropped_columns": ["a"]}),
                Some(Coordinates::None),
            ),
        ] {
            assert_eq!(of(label, method, parameters.clone()), expected, "{method} {parameters}");
        }
    }

    #[test]
    fn names_that_the_plan_says() {
        assert_eq!(steps(0.1).column("Cell"), Column::Whole);
        assert_eq!(steps(0.1).column("cells"), Column::Other);
        assert!(steps(0.1).drops(" Observer") && !steps(0.1).drops("observers"));
    }
}
