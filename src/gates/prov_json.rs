//! PROV-JSON, rewritten as PROV-O in JSON-LD, so that one reader serves both.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::prov_relations::{RELATIONS, Relation};

const RECORDS: &[(&str, &str)] =
    &[("entity", "prov:Entity"), ("activity", "prov:Activity"), ("agent", "prov:Agent")];

/// Whether a document is PROV-JSON, which has no JSON-LD keyword but these members.
pub(super) fn is(value: &Value) -> bool {
    let Some(members) = value.as_object() else { return false };
    !members.keys().any(|name| name.starts_with('@'))
        && members.keys().any(|name| {
            name == "bundle"
                || RECORDS.iter().any(|(record, _)| record == name)
                || RELATIONS.iter().any(|relation| relation.name == name)
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
            } else {
                let mut relations = RELATIONS.iter().filter(|known| known.name == name).peekable();
                if relations.peek().is_none() {
                    return Err(format!("{name:?} is no part of PROV-JSON"));
                }
                for relation in relations {
                    for (id, found) in records()? {
                        self.statements(relation, id, found)?;
                    }
                }
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

    /// All that is said under one name.
    fn statements(&mut self, relation: &Relation, id: &str, found: &Value) -> Result<(), String> {
        let named = !id.starts_with("_:");
        if let Some(member) = relation.exact.filter(|_| named) {
            let mut there = each(found).map(|record| record.get(member).is_some());
            let first = there.next();
            if there.any(|one| Some(one) != first) {
                return Err(format!("{id} both has a {member} and has none"));
            }
        }
        each(found).try_for_each(|record| self.relation(relation, named.then_some(id), record))
    }

    fn relation(
        &mut self,
        relation: &Relation,
        id: Option<&str>,
        record: &Value,
    ) -> Result<(), String> {
        let Relation { name, from, to, property, .. } = relation;
        let text = |member: &str| record.get(member).and_then(Value::as_str);
        let lacks = |member: &str| format!("a {name} lacks {member}");
        let mut subject = Map::new();
        let from = text(from).ok_or_else(|| lacks(from))?;
        subject.insert("@id".to_owned(), Value::from(self.iri(from)?));
        // Collections have many members in one statement.
        let objects: Vec<&str> = match record.get(*to) {
            Some(Value::Array(items)) if *name == "hadMember" => items
                .iter()
                .map(Value::as_str)
                .collect::<Option<_>>()
                .ok_or("a member is no name")?,
            Some(value) => vec![value.as_str().ok_or_else(|| lacks(to))?],
            None if relation.open => Vec::new(),
            None => return Err(lacks(to)),
        };
        let objects: Vec<Value> = objects
            .into_iter()
            .map(|name| Ok(json!({"@id": self.iri(name)?})))
            .collect::<Result<_, String>>()?;
        if let Some((qualified, member)) = relation.qualified {
            let node = self.node(relation, id, record)?;
            if !node.is_empty() {
                let mut statement = subject.clone();
                let mut node = node;
                node.extend(objects.first().map(|object| (member.to_owned(), object.clone())));
                statement.insert(qualified.to_owned(), Value::Object(node));
                self.graph.push(Value::Object(statement));
            }
        }
        for object in objects {
            let mut statement = subject.clone();
            statement.insert((*property).to_owned(), object);
            self.graph.push(Value::Object(statement));
        }
        Ok(())
    }

    /// What a statement says of itself: its name, its time, further members.
    fn node(
        &self,
        relation: &Relation,
        id: Option<&str>,
        record: &Value,
    ) -> Result<Map<String, Value>, String> {
        let mut node = Map::new();
        if let Some(id) = id {
            node.insert("@id".to_owned(), Value::from(self.iri(id)?));
        }
        if let Some(at) = record.get("prov:time") {
            let times: Vec<Value> =
                each(at).map(|value| self.value(value)).collect::<Result<_, _>>()?;
            time(&mut node, "prov:atTime", &times);
        }
        for (member, becomes) in relation.more {
            if let Some(name) = record.get(*member).and_then(Value::as_str) {
                node.insert((*becomes).to_owned(), json!({"@id": self.iri(name)?}));
            }
        }
        Ok(node)
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
