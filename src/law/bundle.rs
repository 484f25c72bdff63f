//! The policies of a module, compiled together with their data and asked as Conftest asks: a package's
//! rules `deny`, `violation` and `warn`, also with something behind an underscore.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use thiserror::Error;

use super::set::{Kind, Unit};
use super::tree::Tree;
use crate::pack::{merge, mounted};
use crate::policy::{EvalError, Library, Limits, LoadError, Selection, TestReport};

/// Policies that are ready to judge.
pub struct Bundle {
    library: Library,
}

/// What the policies of one package say of an input.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Judgement {
    /// What `deny*` and `violation*` say, as texts. Empty: allowed.
    pub denials: BTreeSet<String>,
    /// What `warn*` says.
    pub warnings: BTreeSet<String>,
}

/// Why policies cannot judge.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum BundleError {
    /// A Rego file does not load.
    #[error(transparent)]
    Policy(#[from] LoadError),
    /// A file of data cannot be read, or says otherwise than another one.
    #[error("{path}: {message}")]
    Data {
        /// Which.
        path: String,
        /// Why.
        message: String,
    },
}

impl Bundle {
    /// Compiles the policies of a module. None if it has none. Data lies at its path below the module's
    /// folder (and below its `data/`, if it is there): `data/limits/a.json` is `data.limits`.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn of(tree: &Tree, unit: &Unit) -> Result<Option<Self>, BundleError> {
        let mut files = Vec::new();
        for contract in unit.contracts.iter().filter(|one| one.kind == Kind::Policy) {
            files.push((contract.path.as_str(), tree.get(&contract.path).unwrap_or_default()));
        }
        if files.is_empty() {
            return Ok(None);
        }
        let mut data = Map::new();
        for path in &unit.data {
            let wrong = |message: String| BundleError::Data { path: path.clone(), message };
            let below = path.strip_prefix(&format!("{}/", unit.module.path)).unwrap_or(path);
            let below = below.strip_prefix("data/").unwrap_or(below);
            let bytes = tree.get(path).unwrap_or_default();
            let members = mounted(&format!("data/{below}"), bytes).map_err(wrong)?;
            merge(&mut data, members.unwrap_or_default())
                .map_err(|place| wrong(format!("data.{place} has another value elsewhere")))?;
        }
        let library = Library::compile(&files, data, &Limits::default())?;
        Ok(Some(Self { library }))
    }

    /// The compiled policies.
    pub const fn library(&self) -> &Library {
        &self.library
    }

    /// Whether the package of a policy's file denies anything at all.
    pub fn decides(&self, path: &str) -> bool {
        self.entries(path).iter().any(|(_, denies)| *denies)
    }

    /// What the package of a policy's file says of an input.
    ///
    /// # Errors
    /// If it gives no answer, which means no.
    pub fn judge(&self, path: &str, input: &Value) -> Result<Judgement, EvalError> {
        let (rules, denies): (Vec<_>, Vec<_>) = self.entries(path).into_iter().unzip();
        let mut judgement = Judgement::default();
        let answers = self.library.ask(&rules, input)?;
        for ((rule, denies), answer) in rules.iter().zip(denies).zip(answers) {
            let into = if denies { &mut judgement.denials } else { &mut judgement.warnings };
            messages(rule, answer, into)?;
        }
        Ok(judgement)
    }

    /// Runs the rules `test_*` of all its files.
    ///
    /// # Errors
    /// If they could not be run. Failed tests are no error.
    pub fn test(&self) -> Result<TestReport, EvalError> {
        self.library.test(&Selection::default())
    }

    /// The rules of a file's package that speak, and whether they deny.
    fn entries(&self, path: &str) -> Vec<(Vec<String>, bool)> {
        let Some(package) = self.library.package(path) else { return Vec::new() };
        let speaks = |rule: &Vec<String>| {
            let (name, above) = rule.split_last()?;
            let denies = match name.split('_').next()? {
                "deny" | "violation" => true,
                "warn" => false,
                _ => return None,
            };
            (above == package).then(|| (rule.clone(), denies))
        };
        self.library.rules().iter().filter_map(speaks).collect()
    }
}

/// Texts, and objects with a `msg` (or `message`); `true` of a rule without messages.
fn messages(
    rule: &[String],
    answer: Option<Value>,
    into: &mut BTreeSet<String>,
) -> Result<(), EvalError> {
    let malformed = || EvalError::Malformed {
        rule: rule.join("."),
        message: "a reason is a text or an object with msg".into(),
    };
    match answer {
        None | Some(Value::Bool(false)) => {}
        Some(Value::Bool(true)) => drop(into.insert(rule.join("."))),
        Some(Value::Array(items)) => {
            for item in items {
                let text = match &item {
                    Value::String(text) => Some(text.as_str()),
                    item => item.get("msg").or_else(|| item.get("message")).and_then(Value::as_str),
                };
                into.insert(text.ok_or_else(malformed)?.to_owned());
            }
        }
        Some(_) => return Err(malformed()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::law::Set;

    const SET: &str = "apiVersion: lazaret.dev/contracts/v1\nname: x\nmodules:\n- name: p\n  policies: ['**/*.rego']\n  data: ['data/**']\n";

    fn bundle(files: &[(&str, &str)]) -> Result<Option<Bundle>, BundleError> {
        let mut tree = Tree::default();
        tree.insert("contracts.yaml", SET.into()).unwrap();
        for (path, text) in files {
            tree.insert(path, text.as_bytes().to_vec()).unwrap();
        }
        let set = Set::open(tree).unwrap();
        Bundle::of(&set.tree, &set.units[0])
    }

    #[test]
    fn a_package_is_asked_as_conftest_asks_it() {
        let policy = "package main\ndeny contains \"no\" if input.n > data.limits.most\nviolation_x contains {\"msg\": \"odd\"} if input.n % 2 == 1\nwarn contains \"hm\" if input.n == 2\nhelper contains 1";
        let bundle = bundle(&[
            ("p/a.rego", policy),
            ("p/lib.rego", "package lib\nx := 1"),
            ("p/data/limits/l.json", "{\"most\": 6}"),
        ]);
        let bundle = bundle.unwrap().unwrap();
        assert!(bundle.decides("p/a.rego") && !bundle.decides("p/lib.rego"));
        let said = |n| {
            let said = bundle.judge("p/a.rego", &json!({"n": n})).unwrap();
            (said.denials.into_iter().collect::<Vec<_>>(), said.warnings.len())
        };
        assert_eq!(said(2), (vec![], 1));
        assert_eq!(said(9), (vec!["no".to_owned(), "odd".to_owned()], 0));
    }

    #[test]
    fn what_does_not_load_says_where() {
        let error = bundle(&[("p/a.rego", "package a\nx := ")]).err().unwrap();
        let BundleError::Policy(error) = error else { panic!("{error}") };
        assert_eq!(error.place().unwrap().file, "p/a.rego");
        let rego = ("p/a.rego", "package a\ndeny contains 1");
        let error = bundle(&[rego, ("p/data/l.json", "[1]")]).err().unwrap();
        assert!(error.to_string().starts_with("p/data/l.json: "), "{error}");
        let odd = bundle(&[rego]).unwrap().unwrap();
        assert!(odd.judge("p/a.rego", &json!({})).is_err());
        assert!(bundle(&[]).unwrap().is_none());
    }
}
