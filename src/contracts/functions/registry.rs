//! The registry's file: what was extracted, and beside it what people keep.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::Digest;

/// The functions of a module of contracts (`contract_registry.v1`).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Registry {
    contract_registry_version: Version,
    /// The module's name, as in `contracts.yaml`.
    pub module: String,
    /// By language, module path and symbol.
    pub functions: Vec<Entry>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum Version {
    #[serde(rename = "v1")]
    V1,
}

/// A function, method or constructor that others call.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    /// The module path in the language's own words: `crate::pack`, `shop.orders`, `src/client`, `pkg/client`.
    pub module: String,
    /// Its name in there: `open`, `Store.open`, in Rust `Store::open`. A second signature of one name has
    /// `~2` at its end.
    pub symbol: String,
    /// Its language.
    pub language: Language,
    /// What it is.
    #[serde(rename = "kind")]
    pub form: Form,
    /// Type parameters, lifetimes and their bounds.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub generics: String,
    /// What it takes, in order.
    pub params: Vec<Param>,
    /// What it gives; `None`: nothing, or it is not said.
    pub returns: Option<String>,
    /// Whether its answer comes later.
    #[serde(rename = "async", default, skip_serializing_if = "is_false")]
    pub is_async: bool,
    /// Whether callers must vouch for something.
    #[serde(rename = "unsafe", default, skip_serializing_if = "is_false")]
    pub is_unsafe: bool,
    /// Sorted: `abstract`, `classmethod`, `const`, `extern …`, `generator`, `static`; and what it depends on: `cfg(…)`,
    /// `target_feature(…)`, `go:build …`, `base: …`, `bound: …`, `embeds …`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modifiers: Vec<String>,
    /// How it fails: the error's type, what it raises or throws, `panic`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
    /// What it does beside answering, as `kind` or `kind: detail`. `None`: nobody has said. The code's word
    /// outranks what is written here.
    pub side_effects: Option<Vec<String>>,
    /// What is promised.
    pub stability: Stability,
    /// Of a deprecated one: what to use instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replacement: Option<String>,
    /// Who answers for it. Kept by people.
    pub owners: Vec<String>,
    /// Who calls it. Kept by people.
    pub consumers: Vec<String>,
    /// Which tests hold it. Kept by people.
    pub tests: Vec<String>,
    /// The source file, as a path of the set.
    #[serde(default)]
    pub file: String,
    /// Of its body, to know it again under another name. It is no part of the contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_digest: Option<Digest>,
}

// serde wants a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// What sources may be written in.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// `.go`
    Go,
    /// `.py`, `.pyi`
    Python,
    /// `.rs`
    #[default]
    Rust,
    /// `.ts`, `.tsx`, `.mts`, `.cts`
    TypeScript,
}

/// What an entry is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Called by its name.
    #[default]
    Function,
    /// Called on a value or on its type.
    Method,
    /// Makes a value of its type.
    Constructor,
    /// Read or written like a member.
    Property,
}

/// What is promised of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stability {
    /// It may change from release to release.
    Experimental,
    /// It changes only with a breaking release.
    #[default]
    Stable,
    /// It is on its way out.
    Deprecated,
}

/// One parameter.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Param {
    /// Its name; empty if it has none.
    pub name: String,
    /// Its type, if it is said.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// How it is given.
    pub kind: ParamKind,
    /// Whether a call without it is wrong.
    pub required: bool,
    /// What stands for it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

/// How an argument is given.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ParamKind {
    /// `self`, or Go's receiver.
    Receiver,
    /// By place.
    #[default]
    Positional,
    /// By place or by name, as in Python unless it says otherwise.
    PositionalOrKeyword,
    /// By name only.
    Keyword,
    /// Any number by place.
    Variadic,
    /// Any number by name.
    KeywordVariadic,
}

/// How a registry's file differs from what the sources give.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Drift {
    /// Symbols that the sources have and the file has not.
    pub missing: Vec<String>,
    /// Symbols that the file has and the sources have not.
    pub gone: Vec<String>,
    /// Symbols that both have, and the members that differ.
    pub changed: Vec<(String, Vec<String>)>,
}

impl Drift {
    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.gone.is_empty() && self.changed.is_empty()
    }
}

impl Registry {
    /// How many functions a registry may hold.
    pub const MAX_FUNCTIONS: usize = 50_000;

    /// A registry of what was extracted, sorted. Of a symbol that comes twice with one signature one stays;
    /// others are numbered.
    pub fn new(module: &str, mut functions: Vec<Entry>) -> Self {
        functions.sort_by(|a, b| a.key().cmp(&b.key()));
        functions.dedup_by(|later, first| later.key() == first.key() && later.same_call(first));
        let mut seen: BTreeMap<(Language, String, String), usize> = BTreeMap::new();
        for entry in &mut functions {
            let count = seen
                .entry((entry.language, entry.module.clone(), entry.symbol.clone()))
                .or_default();
            *count += 1;
            if *count > 1 {
                entry.symbol = format!("{}~{count}", entry.symbol);
            }
        }
        functions.sort_by(|a, b| a.key().cmp(&b.key()));
        Self { contract_registry_version: Version::V1, module: module.to_owned(), functions }
    }

    /// Reads a registry's file.
    ///
    /// # Errors
    /// Why it is none, in a sentence.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut registry: Self = serde_json::from_slice(bytes).map_err(|error| {
            format!("is no contract_registry.v1: {error}; `lazaret contracts registry extract` writes one")
        })?;
        if registry.functions.len() > Self::MAX_FUNCTIONS {
            return Err(format!("holds more than {} functions", Self::MAX_FUNCTIONS));
        }
        registry.functions.sort_by(|a, b| a.key().cmp(&b.key()));
        let twice = registry.functions.windows(2).find(|two| two[0].key() == two[1].key());
        match twice {
            Some(two) => Err(format!("has {} twice", two[0].name())),
            None => Ok(registry),
        }
    }

    /// The file's text: the same functions give the same bytes.
    pub fn text(&self) -> String {
        // Strings and numbers always serialize.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Takes over what people keep in an earlier registry. What the code says itself outranks it.
    pub fn keep(&mut self, earlier: &Self) {
        for entry in &mut self.functions {
            let Some(old) = earlier.get(entry.key()) else { continue };
            entry.owners.clone_from(&old.owners);
            entry.consumers.clone_from(&old.consumers);
            entry.tests.clone_from(&old.tests);
            if entry.side_effects.is_none() {
                entry.side_effects.clone_from(&old.side_effects);
            }
            if entry.stability == Stability::Stable && old.stability == Stability::Experimental {
                entry.stability = Stability::Experimental;
            }
        }
    }

    fn get(&self, key: Key<'_>) -> Option<&Entry> {
        let at = self.functions.binary_search_by(|entry| entry.key().cmp(&key)).ok()?;
        self.functions.get(at)
    }

    /// How this file differs from what the sources give now.
    pub fn drift(&self, fresh: &Self) -> Drift {
        let mut fresh = fresh.clone();
        fresh.keep(self);
        let only = |these: &Self, those: &Self| {
            let not = these.functions.iter().filter(|entry| those.get(entry.key()).is_none());
            not.map(Entry::name).collect()
        };
        let mut changed = Vec::new();
        for entry in &self.functions {
            let members = fresh.get(entry.key()).map(|now| entry.differing(now));
            match members {
                Some(members) if !members.is_empty() => changed.push((entry.name(), members)),
                _ => {}
            }
        }
        Drift { missing: only(&fresh, self), gone: only(self, &fresh), changed }
    }
}

type Key<'a> = (Language, &'a str, &'a str);

impl Entry {
    /// What tells entries apart.
    pub(super) fn key(&self) -> Key<'_> {
        (self.language, &self.module, &self.symbol)
    }

    /// How callers name it: `crate::pack::open`, `shop.orders.Client.get`, `src/client#Client.get`.
    pub fn name(&self) -> String {
        let between = match self.language {
            Language::Rust => "::",
            Language::TypeScript => "#",
            Language::Go | Language::Python => ".",
        };
        format!("{}{between}{}", self.module, self.symbol)
    }

    /// Whether both are called alike.
    pub(super) fn same_call(&self, other: &Self) -> bool {
        let call = |entry: &Self| Self {
            params: entry.params.clone(),
            returns: entry.returns.clone(),
            generics: entry.generics.clone(),
            modifiers: entry.modifiers.clone(),
            is_async: entry.is_async,
            is_unsafe: entry.is_unsafe,
            form: entry.form,
            ..Self::default()
        };
        call(self) == call(other)
    }

    /// Names of the members that differ; what the body looks like is none.
    fn differing(&self, other: &Self) -> Vec<String> {
        let members = |entry: &Self| {
            let bare = Self { body_digest: None, ..entry.clone() };
            let value = serde_json::to_value(bare).unwrap_or_default();
            value.as_object().cloned().unwrap_or_default()
        };
        let (a, b) = (members(self), members(other));
        let mut names: Vec<String> = a.keys().chain(b.keys()).cloned().collect();
        names.sort();
        names.dedup();
        names.retain(|name| a.get(name) != b.get(name));
        names
    }

    pub(super) fn modifier(&self, name: &str) -> bool {
        self.modifiers.iter().any(|modifier| modifier == name)
    }
}
