//! Contracts to begin with: files that pass as they stand, put where `contracts.yaml` looks for them.

mod manifest;
mod place;
#[cfg(test)]
mod tests;

use jiff::civil::Date;
use serde_json::Value;
use thiserror::Error;

use super::manifest::{MANIFEST, Manifest, Module};
use super::set::{Kind, Set};
use manifest::Lines;
use place::place;

/// A new contract's kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum New {
    /// A JSON Schema.
    Schema,
    /// A JSON Schema of an event in the envelope.
    Event,
    /// An OpenAPI document.
    Endpoint,
    /// A policy in Rego.
    Policy,
}

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Of which kind.
    pub new: New,
    /// Its name.
    pub name: &'a str,
    /// In which module; one that is not there is made. Unset: the only one that fits.
    pub module: Option<&'a str>,
    /// What the schema's `$id` begins with. Unset: as its neighbours' do.
    pub base: Option<&'a str>,
    /// The date of a new module's first version.
    pub today: Date,
}

/// What is to be written.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Draft {
    /// New files: path in the set, text. None of them is there yet.
    pub files: Vec<(String, String)>,
    /// `contracts.yaml` as it is to be, if it must say more than it does.
    pub manifest: Option<String>,
}

/// Why nothing is written.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum DraftError {
    /// The name would not do in every kind of contract.
    #[error(
        "{0:?}: a name is of a-z, 0-9 and _, begins with a letter and has at most 64 characters"
    )]
    Name(String),
    /// A set's name is free, but for what its file cannot hold.
    #[error(
        "{0:?}: a set's name has 1 to 64 characters, none of them a quotation mark or control character"
    )]
    SetName(String),
    /// It is not clear which module is meant.
    #[error("which module? give --module, one of {0} or a new one")]
    Module(String),
    /// A module could not have this name.
    #[error("{0:?}: a module's name is of a-z, 0-9, - and _")]
    ModuleName(String),
    /// A file is there.
    #[error("{0} is there, and nothing is written over")]
    There(String),
    /// None of the patterns has a place for the file.
    #[error("no pattern of module {module} takes {file}; add one to {MANIFEST}")]
    Place {
        /// Of which module.
        module: String,
        /// For which file.
        file: String,
    },
    /// `contracts.yaml` is laid out in a way that is not edited.
    #[error(
        "{MANIFEST} is laid out so that it is not edited here; give module {module} the line  {line}"
    )]
    Manifest {
        /// Which module lacks it.
        module: String,
        /// What it lacks.
        line: String,
    },
}

/// The topic and file that a template speaks of.
struct Filling<'a> {
    name: &'a str,
    file: &'a str,
    base: &'a str,
    topic: String,
}

impl Filling<'_> {
    fn fill(&self, template: &str) -> String {
        template
            .replace("@base@", self.base)
            .replace("@file@", self.file)
            .replace("@topic@", &self.topic)
            .replace("@name@", self.name)
    }
}

macro_rules! template {
    ($name:literal) => {
        include_str!(concat!("templates/", $name))
    };
}
macro_rules! ours {
    ($name:literal) => {
        include_str!(concat!("../../../contracts/", $name))
    };
}

/// The envelope that every event has around it, as Lazaret has it.
const ENVELOPE: &str = ours!("schemas/event_envelope.v1.schema.json");
const ENVELOPE_FILE: &str = "event_envelope.v1.schema.json";
const ENVELOPE_ID: &str = "https://lazaret.dev/schemas/event_envelope.v1.schema.json";
const ENVELOPE_FIXTURES: &[(&str, &str)] = &[
    (".valid.json", ours!("fixtures/event_envelope.v1.valid.json")),
    (".invalid-no-band.json", ours!("fixtures/event_envelope.v1.invalid-no-band.json")),
    (".invalid-id-no-ulid.json", ours!("fixtures/event_envelope.v1.invalid-id-no-ulid.json")),
];

impl New {
    /// Endings that its file may have, the best first.
    const fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Schema | Self::Event => &[".v1.schema.json", ".v1.json", ".json"],
            Self::Endpoint => &[".openapi.yaml", ".yaml", ".yml"],
            Self::Policy => &[".rego"],
        }
    }

    /// The member of a module that lists its kind, with what a new module says there.
    const fn member(self) -> (&'static str, &'static str) {
        match self {
            Self::Schema | Self::Event => ("schemas", "*.schema.json"),
            Self::Endpoint => ("openapi", "*.openapi.yaml"),
            Self::Policy => ("policies", "*.rego"),
        }
    }

    fn patterns(self, module: &Module) -> &[String] {
        match self {
            Self::Schema | Self::Event => &module.schemas,
            Self::Endpoint => &module.openapi,
            Self::Policy => &module.policies,
        }
    }

    /// The contract, and its fixtures by what follows the stem.
    const fn templates(self) -> (&'static str, &'static [(&'static str, &'static str)]) {
        match self {
            Self::Schema => (
                template!("schema.json"),
                &[
                    (".valid.json", template!("schema.valid.json")),
                    (".invalid-no-id.json", template!("schema.invalid-no-id.json")),
                    (".invalid-date-in-words.json", template!("schema.invalid-date-in-words.json")),
                ],
            ),
            Self::Event => (
                template!("event.json"),
                &[
                    (".valid.json", template!("event.valid.json")),
                    (".invalid-other-topic.json", template!("event.invalid-other-topic.json")),
                    (
                        ".invalid-payload-without-id.json",
                        template!("event.invalid-payload-without-id.json"),
                    ),
                ],
            ),
            Self::Endpoint => (template!("endpoint.openapi.yaml"), &[]),
            Self::Policy => (
                template!("policy.rego"),
                &[
                    (".valid.json", template!("policy.valid.json")),
                    (".invalid-no-owner.json", template!("policy.invalid-no-owner.json")),
                    (".invalid-no-object.json", template!("policy.invalid-no-object.json")),
                ],
            ),
        }
    }
}

/// A set to begin with: one module, with the event envelope in it.
///
/// # Errors
/// If its name cannot be written.
pub fn first(name: &str, today: Date) -> Result<Draft, DraftError> {
    let odd = |c: char| c.is_control() || "\"\\".contains(c);
    if name.is_empty() || name.chars().count() > 64 || name.contains(odd) {
        return Err(DraftError::SetName(name.to_owned()));
    }
    let folder = "contracts/events";
    let mut files = vec![
        (format!("{folder}/versions.yaml"), versions("events", today)),
        (format!("{folder}/{ENVELOPE_FILE}"), ENVELOPE.to_owned()),
    ];
    for (end, text) in ENVELOPE_FIXTURES {
        files.push((format!("{folder}/fixtures/event_envelope.v1{end}"), (*text).to_owned()));
    }
    let manifest = template!("contracts.yaml").replace("@set@", name);
    Ok(Draft { files, manifest: Some(manifest) })
}

/// A contract that passes as it stands.
///
/// # Errors
/// Why nothing is to be written.
pub fn draft(set: &Set, wanted: &Wanted<'_>) -> Result<Draft, DraftError> {
    let Wanted { new, name, today, .. } = *wanted;
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    if !begins || name.len() > 64 || !name.chars().all(letter) {
        return Err(DraftError::Name(name.to_owned()));
    }
    let mut draft = Draft::default();
    let module = module(set, wanted, &mut draft)?;
    if !set.manifest.modules.iter().any(|known| known.name == module.name) {
        draft.files.push((module.versions.clone(), versions(&module.name, today)));
    }

    let file = located(new.patterns(&module), &module, new.endings(), name)?;
    let file_name = file.rsplit('/').next().unwrap_or(&file);
    let base = wanted.base.map_or_else(|| base(set, &module), str::to_owned);
    let topic = format!("{}.{name}.v1", topic(&module.name));
    let filling = Filling { name, file: file_name, base: &base, topic };
    let (text, fixtures) = new.templates();
    draft.files.push((file.clone(), filling.fill(text)));
    if new == New::Policy {
        let tests = located(&module.policies, &module, &["_test.rego"], name)?;
        draft.files.push((tests, filling.fill(template!("policy_test.rego"))));
    }
    let stem = file_name.strip_suffix(".schema.json").or(file_name.strip_suffix(".json"));
    let stem = stem.or(file_name.strip_suffix(".rego")).unwrap_or(name);
    for (end, text) in fixtures {
        let path = located(&module.fixtures, &module, &[end], stem)?;
        draft.files.push((path, filling.fill(text)));
    }
    if new == New::Event && !ids(set).any(|(_, id)| id == ENVELOPE_ID) {
        let stem = ENVELOPE_FILE.strip_suffix(".schema.json").unwrap_or(ENVELOPE_FILE);
        let path = located(&module.schemas, &module, &[".schema.json", ".json"], stem)?;
        draft.files.push((path, ENVELOPE.to_owned()));
        for (end, text) in ENVELOPE_FIXTURES {
            let path = located(&module.fixtures, &module, &[end], stem)?;
            draft.files.push((path, (*text).to_owned()));
        }
    }
    match draft.files.iter().find(|(path, _)| set.tree.get(path).is_some()) {
        Some((path, _)) => Err(DraftError::There(path.clone())),
        None => Ok(draft),
    }
}

fn located(
    patterns: &[String],
    module: &Module,
    endings: &[&str],
    stem: &str,
) -> Result<String, DraftError> {
    let files = endings.iter().map(|end| format!("{stem}{end}"));
    files.clone().find_map(|file| place(patterns, &file)).ok_or_else(|| DraftError::Place {
        module: module.name.clone(),
        file: files.clone().next().unwrap_or_default(),
    })
}

fn versions(module: &str, today: Date) -> String {
    template!("versions.yaml").replace("@module@", module).replace("@today@", &today.to_string())
}

/// The module that is meant, as it is to be: with a list for the new contract and one for its fixtures.
fn module(set: &Set, wanted: &Wanted<'_>, draft: &mut Draft) -> Result<Module, DraftError> {
    let modules = &set.manifest.modules;
    let fits: Vec<&Module> =
        modules.iter().filter(|module| !wanted.new.patterns(module).is_empty()).collect();
    let name = match (wanted.module, fits.as_slice(), modules.as_slice()) {
        (Some(name), ..) => name,
        (None, [one], _) => &one.name,
        (None, [], [one]) => &one.name,
        _ => {
            let names: Vec<&str> = modules.iter().map(|module| module.name.as_str()).collect();
            return Err(DraftError::Module(names.join(", ")));
        }
    };
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    if name.is_empty() || !name.chars().all(letter) {
        return Err(DraftError::ModuleName(name.to_owned()));
    }
    let known = modules.iter().find(|module| module.name == name);
    let mut lines = Vec::new();
    if known.is_none_or(|module| wanted.new.patterns(module).is_empty()) {
        lines.push(wanted.new.member());
    }
    let fixtures = !wanted.new.templates().1.is_empty();
    if fixtures && known.is_none_or(|module| module.fixtures.is_empty()) {
        lines.push(("fixtures", "fixtures/*.json"));
    }
    if let (Some(module), []) = (known, lines.as_slice()) {
        return Ok(module.clone());
    }
    let text = set.tree.get(MANIFEST).unwrap_or_default();
    let text = String::from_utf8_lossy(text);
    let line = lines.iter().map(|(key, glob)| format!("{key}: ['{glob}']")).collect::<Vec<_>>();
    let edited = match known {
        Some(_) => Lines::of(&text).extend_module(name, &line),
        None => {
            // Beside the other places of the set.
            let beside = set.manifest.frozen.rsplit_once('/').map_or("", |(folder, _)| folder);
            let path = if beside.is_empty() { name.to_owned() } else { format!("{beside}/{name}") };
            Lines::of(&text).add_module(name, &path, &line)
        }
    };
    let unedited = || DraftError::Manifest { module: name.to_owned(), line: line.join(", ") };
    let edited = edited.ok_or_else(unedited)?;
    // What was said before must still be said, and the new module must be there.
    let manifest = Manifest::parse(edited.as_bytes()).map_err(|_| unedited())?;
    let others = |all: &[Module]| {
        all.iter().filter(|module| module.name != name).cloned().collect::<Vec<Module>>()
    };
    if others(&manifest.modules) != others(modules) {
        return Err(unedited());
    }
    let module = manifest.modules.into_iter().find(|module| module.name == name);
    let module = module.filter(|module| !wanted.new.patterns(module).is_empty());
    draft.manifest = Some(edited);
    module.ok_or_else(unedited)
}

/// What the `$id`s of a module's schemas begin with.
fn base(set: &Set, module: &Module) -> String {
    let own = ids(set).filter(|(name, id)| *name == module.name && id != ENVELOPE_ID);
    let folder = |id: &str| id.rfind('/').map(|at| id[..=at].to_owned());
    let found = own.filter_map(|(_, id)| folder(&id)).next();
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let set_name: String = set.manifest.name.chars().map(plain).collect();
    found.unwrap_or_else(|| format!("https://example.org/{set_name}/{}/", module.name))
}

/// Modules and `$id`s of the set's schemas.
fn ids(set: &Set) -> impl Iterator<Item = (&str, String)> {
    let schemas = set.units.iter().flat_map(|unit| &unit.contracts);
    schemas.filter(|contract| contract.kind == Kind::Schema).filter_map(|contract| {
        let schema = set.tree.document(&contract.path).ok()?;
        let id = schema.get("$id").and_then(Value::as_str)?;
        Some((contract.module.as_str(), id.trim_end_matches('#').to_owned()))
    })
}

/// A module's name as the first word of a topic.
fn topic(module: &str) -> String {
    let word: String = module.replace('-', "_");
    match word.starts_with(|c: char| c.is_ascii_lowercase()) {
        true => word,
        false => format!("m_{}", word.trim_start_matches('_')),
    }
}
