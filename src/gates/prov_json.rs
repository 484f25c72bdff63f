//! PROV-JSON, rewritten as PROV-O in JSON-LD, so that one reader serves both.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Relation, its subject's and object's members, the property, and its qualified form with the
/// member for the object, for relations that have a time.
type Relation =
    (&'static str, &'static str, &'static str, &'static str, Option<(&'static str, &'static str)>);

const RELATIONS: &[Relation] = &[
    (
        "wasGeneratedBy",
        "prov:entity",
        "prov:activity",
        "prov:wasGeneratedBy",
        Some(("prov:qualifiedGeneration", "prov:activity")),
    ),
    (
        "used",
        "prov:activity",
        "prov:entity",
        "prov:used",
        Some(("prov:qualifiedUsage", "prov:entity")),
    ),
    (
        "wasInvalidatedBy",
        "prov:entity",
        "prov:activity",
        "prov:wasInvalidatedBy",
        Some(("prov:qualifiedInvalidation", "prov:activity")),
    ),
    (
        "wasStartedBy",
        "prov:activity",
        "prov:trigger",
        "prov:wasStartedBy",
        Some(("prov:qualifiedStart", "prov:entity")),
    ),
    (
        "wasEndedBy",
        "prov:activity",
        "prov:trigger",
        "prov:wasEndedBy",
        Some(("prov:qualifiedEnd", "prov:entity")),
    ),
    ("wasInformedBy", "prov:informed", "prov:informant", "prov:wasInformedBy", None),
    ("wasDerivedFrom", "prov:generatedEntity", "prov:usedEntity", "prov:wasDerivedFrom", None),
    ("wasAttributedTo", "prov:entity", "prov:agent", "prov:wasAttributedTo", None),
    ("wasAssociatedWith", "prov:activity", "prov:agent", "prov:wasAssociatedWith", None),
    ("actedOnBehalfOf", "prov:delegate", "prov:responsible", "prov:actedOnBehalfOf", None),
    (
        "specializationOf",
        "prov:specificEntity",
        "prov:generalEntity",
        "prov:specializationOf",
        None,
    ),
    ("alternateOf", "prov:alternate1", "prov:alternate2", "prov:alternateOf", None),
    ("hadMember", "prov:collection", "prov:entity", "prov:hadMember", None),
    ("wasInfluencedBy", "prov:influencee", "prov:influencer", "prov:wasInfluencedBy", None),
    ("mentionOf", "prov:specificEntity", "prov:generalEntity", "prov:specializationOf", None),
];

const RECORDS: &[(&str, &str)] =
    &[("entity", "prov:Entity"), ("activity", "prov:Activity"), ("agent", "prov:Agent")];

/// Whether a document is PROV-JSON, which has no JSON-LD keyword but these members.
pub(super) fn is(value: &Value) -> bool {
    let Some(members) = value.as_object() else { return false };
    !members.keys().any(|name| name.starts_with('@'))
        && members.keys().any(|name| {
            name == "bundle"
                || RECORDS.iter().any(|(record, _)| record == name)
                || RELATIONS.iter().any(|(relation, ..)| relation == name)
        })
}

/// The same statements in JSON-LD.
///
/// # Errors
/// A clause that says what is no PROV-JSON.
pub(super) fn to_json_ld(value: &Value) -> Result<Value, String> {
    let mut graph = Vec::new();
    let prefixes = BTreeMap::from([
        ("prov".to_owned(), "http://www.w3.org/ns/prov#".to_owned()),
        ("xsd".to_owned(), "http://www.w3.org/2001/XMLSchema#".to_owned()),
    ]);
    Writer { prefixes, graph: &mut graph }.document(value, 0)?;
    Ok(json!({"@context": {"prov": "http://www.w3.org/ns/prov#"}, "@graph": graph}))
}

struct Writer<'a> {
    prefixes: BTreeMap<String, String>,
    graph: &'a mut Vec<Value>,
}

impl Writer<'_> {
    fn document(&mut self, value: &Value, depth: usize) -> Result<(), String> {
        let members = value.as_object().ok_or("a bundle is no object")?;
        for (prefix, iri) in members.get("prefix").and_then(Value::as_object).into_iter().flatten()
        {
            let iri = iri.as_str().ok_or_else(|| format!("the prefix {prefix:?} is no text"))?;
            self.prefixes.insert(prefix.clone(), iri.to_owned());
        }
        for (name, records) in members {
            let records = || records.as_object().ok_or_else(|| format!("{name} is no object"));
            if name == "prefix" {
            } else if name == "bundle" {
                if depth > 0 {
                    return Err("a bundle lies in a bundle".to_owned());
                }
                for (id, bundle) in records()? {
                    self.graph.push(
                        json!({"@id": self.iri(id)?, "@type": ["prov:Bundle", "prov:Entity"]}),
                    );
                    let prefixes = self.prefixes.clone();
                    Writer { prefixes, graph: self.graph }.document(bundle, depth + 1)?;
                }
            } else if let Some((_, class)) = RECORDS.iter().find(|(record, _)| record == name) {
                for (id, record) in records()? {
                    for record in each(record) {
                        self.record(id, class, record)?;
                    }
                }
            } else if let Some(relation) = RELATIONS.iter().find(|(known, ..)| known == name) {
                for record in records()?.values().flat_map(each) {
                    self.relation(relation, record)?;
                }
            } else {
                return Err(format!("{name:?} is no part of PROV-JSON"));
            }
        }
        Ok(())
    }

    fn record(&mut self, id: &str, class: &str, record: &Value) -> Result<(), String> {
        let members = record.as_object().ok_or_else(|| format!("{id} is no object"))?;
        let mut node = Map::new();
        let mut types = vec![Value::from(class)];
        for (name, value) in members {
            let values: Vec<Value> =
                each(value).map(|value| self.value(value)).collect::<Result<_, _>>()?;
            match name.as_str() {
                "prov:startTime" => time(&mut node, "prov:startedAtTime", &values),
                "prov:endTime" => time(&mut node, "prov:endedAtTime", &values),
                "prov:type" => types.extend(values.iter().filter_map(|v| v.get("@id")).cloned()),
                _ => drop(node.insert(self.iri(name)?, Value::Array(values))),
            }
        }
        node.insert("@id".to_owned(), Value::from(self.iri(id)?));
        node.insert("@type".to_owned(), Value::Array(types));
        self.graph.push(Value::Object(node));
        Ok(())
    }

    fn relation(&mut self, relation: &Relation, record: &Value) -> Result<(), String> {
        let (name, from, to, property, qualified) = relation;
        let text = |member: &str| record.get(member).and_then(Value::as_str);
        let Some(from) = text(from) else { return Err(format!("a {name} lacks {from}")) };
        let mut node = Map::new();
        node.insert("@id".to_owned(), Value::from(self.iri(from)?));
        if name == &"hadMember" && record.get(*to).is_some_and(Value::is_array) {
            for member in record.get(*to).into_iter().flat_map(each) {
                let member = member.as_str().ok_or("a member is no name")?;
                let mut node = node.clone();
                node.insert((*property).to_owned(), json!({"@id": self.iri(member)?}));
                self.graph.push(Value::Object(node));
            }
            return Ok(());
        }
        if let Some(to) = text(to) {
            let to = json!({"@id": self.iri(to)?});
            if let (Some((qualified, member)), Some(at)) = (qualified, text("prov:time")) {
                let when =
                    json!({"@value": at, "@type": "http://www.w3.org/2001/XMLSchema#dateTime"});
                node.insert((*qualified).to_owned(), json!({*member: to, "prov:atTime": when}));
            }
            node.insert((*property).to_owned(), to);
        }
        self.graph.push(Value::Object(node));
        Ok(())
    }

    fn value(&self, value: &Value) -> Result<Value, String> {
        let Some(members) = value.as_object() else { return Ok(json!({"@value": value})) };
        let text = members.get("$").cloned().ok_or("a value lacks its $")?;
        let datatype = members.get("type").and_then(Value::as_str);
        if let Some(language) = members.get("lang") {
            return Ok(json!({"@value": text, "@language": language}));
        }
        match (datatype, text.as_str()) {
            (Some("prov:QUALIFIED_NAME" | "xsd:QName" | "prov:QualifiedName"), Some(name)) => {
                Ok(json!({"@id": self.iri(name)?}))
            }
            (Some("xsd:anyURI"), Some(iri)) => Ok(json!({"@id": iri})),
            (Some(datatype), Some(text)) => {
                Ok(json!({"@value": text, "@type": self.iri(datatype)?}))
            }
            _ => Ok(json!({"@value": text})),
        }
    }

    /// A qualified name as an IRI. What has no known prefix is relative to the document.
    fn iri(&self, name: &str) -> Result<String, String> {
        match name.split_once(':') {
            Some(("_", _)) => Ok(name.to_owned()),
            Some((prefix, local)) => match self.prefixes.get(prefix) {
                Some(namespace) => Ok(format!("{namespace}{local}")),
                None if local.starts_with("//") || prefix == "kfm" || prefix == "urn" => {
                    Ok(name.to_owned())
                }
                None => Err(format!("the prefix of {name:?} is not defined")),
            },
            None => Ok(match self.prefixes.get("default") {
                Some(namespace) => format!("{namespace}{name}"),
                None => name.to_owned(),
            }),
        }
    }
}

/// PROV-JSON writes one value plainly and several as a list.
fn each(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice).iter()
}

fn time(node: &mut Map<String, Value>, name: &str, values: &[Value]) {
    let typed = values.iter().map(|value| {
        json!({"@value": value.get("@value").cloned().unwrap_or_default(),
               "@type": "http://www.w3.org/2001/XMLSchema#dateTime"})
    });
    node.insert(name.to_owned(), typed.collect());
}
