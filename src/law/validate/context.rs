//! Everything that is parsed once for all: documents, and the schemas among them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{lines, openapi, parallel, rules};
use crate::contracts::Schemas;
use crate::law::set::{Contract, Kind, Set};
use crate::law::{Finding, Fixture, Fixtures, MANIFEST};

/// What all judgements share.
pub(super) struct Context<'a> {
    pub set: &'a Set,
    /// Every schema by its path, and every OpenAPI document, so that their parts can judge.
    pub schemas: Schemas<'a>,
    /// The files of APIs, those that are parts of others among them.
    pub apis: openapi::Apis<'a>,
    /// Paths of schemas by `$id`.
    pub ids: BTreeMap<String, Vec<&'a str>>,
    documents: BTreeMap<&'a str, Result<Vec<Value>, String>>,
    /// By module.
    fixtures: BTreeMap<&'a str, Fixtures<'a>>,
}

impl<'a> Context<'a> {
    pub(super) fn new(set: &'a Set) -> Self {
        let own = |path: &str| {
            let kept = [&set.manifest.frozen, &set.manifest.decisions];
            let within = |folder: &String| path.starts_with(&format!("{folder}/"));
            [".json", ".yaml", ".yml"].iter().any(|end| path.ends_with(end))
                && path != MANIFEST
                && !kept.into_iter().any(within)
        };
        let paths: Vec<&str> = set.tree.iter().map(|(path, _)| path).filter(|p| own(p)).collect();
        let parsed = parallel::each(&paths, |path| set.tree.documents(path));
        let documents: BTreeMap<_, _> = paths.into_iter().zip(parsed).collect();
        let of = |kind: Kind| -> BTreeMap<&str, &Value> {
            let contracts = set.units.iter().flat_map(|unit| &unit.contracts);
            let own = contracts.filter(|contract| contract.kind == kind);
            let single = own.filter_map(|contract| match documents.get(contract.path.as_str()) {
                Some(Ok(all)) if all.len() == 1 => Some((contract.path.as_str(), &all[0])),
                _ => None,
            });
            single.collect()
        };
        let listed = of(Kind::OpenApi);
        let apis = openapi::apis(&listed);
        let mut found: Vec<(&str, Value)> =
            of(Kind::Schema).into_iter().map(|(path, one)| (path, one.clone())).collect();
        for (path, one) in listed {
            let version = apis.get(path).map_or("", String::as_str);
            found.push((path, openapi::as_2020_12(one, version)));
        }
        let mut ids: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (path, schema) in &found {
            if let Some(id) = schema.get("$id").and_then(Value::as_str) {
                ids.entry(id.trim_end_matches('#').to_owned()).or_default().push(*path);
            }
        }
        let schemas = Schemas::new(found.iter().map(|(path, schema)| (*path, schema)));
        let fixtures =
            set.units.iter().map(|unit| (unit.module.name.as_str(), Fixtures::of(unit))).collect();
        Self { set, schemas, apis, ids, documents, fixtures }
    }

    /// The documents of a file. None if it does not parse, which is told already.
    pub(super) fn documents(&self, path: &str) -> Option<&[Value]> {
        self.documents.get(path)?.as_ref().ok().map(Vec::as_slice)
    }

    /// A contract's fixtures.
    pub(super) fn fixtures(&self, contract: &Contract) -> Vec<Fixture<'a>> {
        let own = self.fixtures.get(contract.module.as_str());
        own.map(|all| all.of_contract(contract)).unwrap_or_default()
    }

    /// A file that is one document.
    pub(super) fn document(&self, path: &str) -> Option<&Value> {
        match self.documents(path)? {
            [one] => Some(one),
            _ => None,
        }
    }

    /// A file that is one document, by its path as others write it.
    pub(super) fn found(&self, path: &str) -> Option<(&str, &Value)> {
        let (path, _) = self.documents.get_key_value(path)?;
        Some((path, self.document(path)?))
    }

    /// What does not parse, and what holds no document or several where one is meant.
    pub(super) fn syntax(&self) -> Vec<Finding> {
        let schemas = self.set.units.iter().flat_map(|unit| &unit.contracts);
        let single = schemas.filter(|one| matches!(one.kind, Kind::Schema | Kind::OpenApi));
        let single: std::collections::BTreeSet<&str> =
            single.map(|contract| contract.path.as_str()).collect();
        let wrong = |(path, parsed): (&&str, &Result<Vec<Value>, String>)| match parsed {
            Err(why) => {
                let text = self.set.tree.get(path).and_then(|b| std::str::from_utf8(b).ok());
                // The reader of YAML does not say where a key is repeated.
                let line = lines::named(why).or_else(|| lines::repeated(text?));
                Some(rules::SYNTAX.on(path, line, why))
            }
            Ok(all) if all.is_empty() => Some(rules::SYNTAX.at(path, "", "holds no document")),
            Ok(all) if all.len() > 1 && single.contains(path) => {
                let text = format!("holds {} documents where one is expected", all.len());
                Some(rules::SYNTAX.at(path, "", text))
            }
            Ok(_) => None,
        };
        self.documents.iter().filter_map(wrong).collect()
    }
}
