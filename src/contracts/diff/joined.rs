//! A schema by what it says of places in the instance, through references and `allOf`: for whoever asks
//! whether a member is still there, wherever its schema has moved to.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::bundle::Bundle;
use super::compare::{Named, compare};
use super::language::{self, Found};
use super::pointer;
use crate::contracts::{Class, Direction};

/// References and `allOf`s that are followed at one place.
const MAX_HOPS: usize = 256;

/// One step down the instance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// To a member of an object.
    Member(String),
    /// To the items of an array.
    Item,
}

/// A schema with all that it refers to.
#[derive(Clone, Debug)]
pub struct Joined {
    all: Value,
    /// Where in `all` it stands.
    root: String,
    /// Whether every reference leads somewhere.
    whole: bool,
}

impl Joined {
    /// Of what cannot be compared, only the document itself is looked at.
    pub fn new(schema: &Value, others: &Named<'_>) -> Self {
        match Bundle::new("o", schema, others) {
            Ok(bundle) => {
                let root = format!("/$defs/{}", bundle.root);
                Self { all: json!({ "$defs": bundle.defs }), root, whole: true }
            }
            Err(_) => Self { all: schema.clone(), root: String::new(), whole: false },
        }
    }

    /// All schemas that a value must fulfil, the steps down from what the schema at `start` is for. None
    /// if nothing is said of it.
    pub fn at(&self, start: &str, steps: &[Step]) -> Vec<&Value> {
        let start = self.all.pointer(&format!("{}{start}", self.root));
        let mut here = self.parts(start.into_iter().collect());
        for step in steps {
            let next = here.into_iter().filter_map(|schema| match step {
                Step::Member(name) => schema.get("properties")?.get(name),
                Step::Item => schema.get("items"),
            });
            here = self.parts(next.collect());
        }
        here
    }

    /// Whether nothing fulfils the schema at `start` and `other`, too. None if that is not found out.
    pub fn refuses(&self, start: &str, other: &Value) -> Option<bool> {
        if !self.whole {
            return None;
        }
        let at = pointer::fragment(&format!("{}{start}", self.root));
        let mut both = self.all.clone();
        both.as_object_mut()?.insert("allOf".into(), json!([{ "$ref": at }, other]));
        let none = Named::new();
        // What it accepts is what `false` refuses.
        let found = compare((&both, &none), (&json!(false), &none), Direction::Consumer).ok()?;
        match found.class {
            Class::Safe => Some(true),
            Class::Risky => None,
            Class::Breaking => Some(false),
        }
    }

    /// Whether a text is asked for there that no text is.
    pub fn no_text(&self, start: &str, steps: &[Step]) -> bool {
        let here = self.at(start, steps);
        let is_text = here.iter().any(|schema| schema.get("type") == Some(&json!("string")));
        let patterns = here.iter().filter_map(|schema| schema.get("pattern")?.as_str());
        let patterns: Vec<&str> = patterns.collect();
        is_text && !patterns.is_empty() && language::find(&patterns, &[]) == Found::Nothing
    }

    fn parts<'v>(&'v self, mut next: Vec<&'v Value>) -> Vec<&'v Value> {
        let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
        while let Some(schema) = next.pop() {
            if all.len() > MAX_HOPS {
                break;
            }
            all.push(schema);
            next.extend(schema.get("allOf").and_then(Value::as_array).into_iter().flatten());
            let reference = schema.get("$ref").and_then(Value::as_str);
            if let Some(reference) = reference.filter(|reference| seen.insert(*reference)) {
                next.extend(pointer::lookup(&self.all, reference));
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_found_wherever_its_schema_stands() {
        let object =
            json!({"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]});
        let mut anchored = object.clone();
        anchored["$anchor"] = json!("base");
        let mut named = object.clone();
        named["$id"] = json!("https://x.test/base");
        let id = [Step::Member("id".into())];
        let with = json!({"type": "object", "required": ["id"]});
        for (schema, there, refuses) in [
            (object.clone(), true, false),
            (json!({"$ref": "#base", "$defs": {"b": anchored}}), true, false),
            (json!({"$ref": "https://x.test/base", "$defs": {"b": named}}), true, false),
            (json!({"$ref": "#/$defs/a%20b", "$defs": {"a b": object}}), true, false),
            (json!({"$ref": "nowhere.json"}), false, false),
            (json!({"type": "array", "properties": {"id": {}}}), true, true),
            (json!({"allOf": [{"properties": {"id": false}}]}), true, true),
        ] {
            let joined = Joined::new(&schema, &Named::new());
            assert_eq!(!joined.at("", &id).is_empty(), there, "{schema}");
            assert_eq!(joined.refuses("", &with) == Some(true), refuses, "{schema}");
        }
        for (pattern, none) in [("a^", true), ("^a", false), ("(?=a)b", false)] {
            let schema = json!({"properties": {"id": {"type": "string", "pattern": pattern}}});
            let joined = Joined::new(&schema, &Named::new());
            assert_eq!(joined.no_text("", &id), none, "{pattern}");
        }
    }
}
