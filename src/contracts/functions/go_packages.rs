//! Go: what a type has from those that it embeds, and for which systems a file is.

use std::collections::{BTreeMap, BTreeSet};

use super::registry::{Entry, Registry};

/// A package's folder and a type's name.
type Type = (String, String);

/// The types of all packages, as far as others get something through them.
#[derive(Default)]
pub(super) struct Packages {
    /// What a struct embeds of its own package.
    embeds: BTreeMap<Type, BTreeSet<String>>,
    /// The capitalised methods of a type; without the entry if the type is found by itself.
    methods: BTreeMap<Type, BTreeMap<String, Option<Entry>>>,
}

impl Packages {
    pub(super) fn embed(&mut self, package: &str, outer: &str, inner: &str) {
        let outer = (package.to_owned(), outer.to_owned());
        self.embeds.entry(outer).or_default().insert(inner.to_owned());
    }

    /// Notes a method: of a type that others cannot name, with its entry.
    pub(super) fn method(&mut self, package: &str, of: &str, name: &str, entry: Option<Entry>) {
        let of = (package.to_owned(), of.to_owned());
        self.methods.entry(of).or_default().insert(name.to_owned(), entry);
    }

    /// The methods that capitalised types have through types of their package that others cannot name.
    pub(super) fn promoted(&self) -> Vec<Entry> {
        let mut out = Vec::new();
        for (package, outer) in self.embeds.keys().filter(|(_, outer)| super::go::public(outer)) {
            let of = |name: &str| self.methods.get(&(package.clone(), name.to_owned()));
            let mut names: BTreeSet<&str> =
                of(outer).into_iter().flatten().map(|(name, _)| name.as_str()).collect();
            let mut seen = BTreeSet::from([outer.as_str()]);
            let mut level: Vec<&str> = vec![outer];
            // What lies nearer hides what lies deeper.
            while !level.is_empty() && out.len() <= Registry::MAX_FUNCTIONS {
                let below = level
                    .iter()
                    .filter_map(|name| self.embeds.get(&(package.clone(), (*name).to_owned())));
                let below: BTreeSet<&str> = below.flatten().map(String::as_str).collect();
                level = below.into_iter().filter(|name| seen.insert(name)).collect();
                let mut found = BTreeSet::new();
                for (name, entry) in level.iter().filter_map(|inner| of(inner)).flatten() {
                    if names.contains(name.as_str()) || !found.insert(name.as_str()) {
                        continue;
                    }
                    if let Some(entry) = entry {
                        let symbol = format!("{outer}.{name}");
                        out.push(Entry { symbol, ..entry.clone() });
                    }
                }
                names.extend(found);
            }
        }
        out
    }
}

const SYSTEMS: &[&str] = &[
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "wasip1",
    "windows",
    "zos",
];
const MACHINES: &[&str] = &[
    "386",
    "amd64",
    "amd64p32",
    "arm",
    "arm64",
    "arm64be",
    "armbe",
    "loong64",
    "mips",
    "mips64",
    "mips64le",
    "mips64p32",
    "mips64p32le",
    "mipsle",
    "ppc",
    "ppc64",
    "ppc64le",
    "riscv",
    "riscv64",
    "s390",
    "s390x",
    "sparc",
    "sparc64",
    "wasm",
];

/// What a file's name asks of the system, as a line of `//go:build` would say it.
pub(super) fn condition(path: &str) -> Option<String> {
    let file = path.rsplit('/').next()?.strip_suffix(".go")?;
    // What stands before the first underscore is no condition.
    let (_, rest) = file.split_once('_')?;
    let words: Vec<&str> = rest.split('_').collect();
    let is = |list: &[&str], word: &&str| list.contains(word);
    match words.as_slice() {
        [.., system, machine] if is(SYSTEMS, system) && is(MACHINES, machine) => {
            Some(format!("go:build {system} && {machine}"))
        }
        [.., one] if is(SYSTEMS, one) || is(MACHINES, one) => Some(format!("go:build {one}")),
        _ => None,
    }
}
