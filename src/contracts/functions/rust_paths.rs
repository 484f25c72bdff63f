//! By which path, if any, others reach what a Rust crate defines: through `pub mod` and `pub use`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::registry::Entry;

/// Names from the crate's root down.
pub(super) type Path = Vec<String>;

/// How many names a public path may have, and how many paths are followed: `pub use` may run in circles.
const MAX_PATH: usize = 16;
const MAX_VISITS: usize = 20_000;
/// How often an import may lead to another.
const MAX_HOPS: usize = 16;

/// What a crate's files say.
#[derive(Default)]
pub(super) struct Crate {
    /// Modules that a file is.
    pub files: BTreeSet<Path>,
    /// Modules that are declared, and whether they are public.
    pub modules: BTreeMap<Path, bool>,
    /// Where modules are there at all: `cfg(…)`.
    pub conditions: BTreeMap<Path, Vec<String>>,
    /// Types and traits, and whether they are public.
    pub types: BTreeMap<Path, bool>,
    pub uses: Vec<Use>,
    pub items: Vec<Item>,
}

/// An import, or with `pub` a re-export. Without a name it is of everything.
pub(super) struct Use {
    pub module: Path,
    pub target: Path,
    pub name: Option<String>,
    pub public: bool,
}

/// A function, and what it belongs to.
pub(super) struct Item {
    pub owner: Owner,
    pub entry: Entry,
}

#[derive(Clone)]
pub(super) enum Owner {
    Module(Path),
    Type(Path),
    /// A type as a module names it.
    Named {
        module: Path,
        segments: Path,
    },
}

impl Owner {
    /// The module that it stands in; of a type that is named by its path, the type.
    fn module(&self) -> &[String] {
        match self {
            Self::Module(path) | Self::Type(path) | Self::Named { module: path, .. } => path,
        }
    }

    /// The type's name.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Module(_) => None,
            Self::Type(path) | Self::Named { segments: path, .. } => {
                path.last().map(String::as_str)
            }
        }
    }
}

fn child(path: &Path, name: &str) -> Path {
    [path.as_slice(), &[name.to_owned()]].concat()
}

/// A crate's definitions by the module that they stand in.
struct Map<'a> {
    files: &'a BTreeSet<Path>,
    modules: &'a BTreeMap<Path, bool>,
    types: &'a BTreeMap<Path, bool>,
    /// Modules, types (and whether they are public), functions and uses of a module.
    inside: BTreeMap<&'a [String], Inside<'a>>,
    named: BTreeMap<&'a str, Vec<&'a Path>>,
}

#[derive(Default)]
struct Inside<'a> {
    modules: Vec<(&'a str, bool)>,
    types: Vec<(&'a str, bool)>,
    functions: BTreeSet<&'a str>,
    uses: Vec<&'a Use>,
}

impl Crate {
    /// The entries that others reach, each by its shortest path.
    pub(super) fn offered(self, name: &str) -> Vec<Entry> {
        let map = self.map();
        let reached = map.reached();
        let mut out = Vec::new();
        for item in &self.items {
            let own = &item.entry.symbol;
            let (path, own) = match &item.owner {
                Owner::Module(module) => (reached.get(&child(module, own)), None),
                Owner::Type(path) => (reached.get(path), Some(own)),
                Owner::Named { module, segments } => {
                    let path = map.type_at(module, segments);
                    (path.and_then(|path| reached.get(&path)), Some(own))
                }
            };
            let Some((last, before)) = path.and_then(|path| path.split_last()) else { continue };
            let names = std::iter::once(name).chain(before.iter().map(String::as_str));
            let module = names.collect::<Vec<_>>().join("::");
            let symbol = own.map_or_else(|| last.clone(), |own| format!("{last}::{own}"));
            let mut entry = Entry { module, symbol, ..item.entry.clone() };
            entry.modifiers.extend(self.conditions(item.owner.module()));
            entry.modifiers.sort();
            entry.modifiers.dedup();
            out.push(entry);
        }
        out
    }

    /// What a module and those around it depend on.
    fn conditions(&self, module: &[String]) -> Vec<String> {
        let around = (1..=module.len()).filter_map(|end| self.conditions.get(&module[..end]));
        around.flatten().cloned().collect()
    }

    fn map(&self) -> Map<'_> {
        let mut inside: BTreeMap<&[String], Inside<'_>> = BTreeMap::new();
        let mut named: BTreeMap<&str, Vec<&Path>> = BTreeMap::new();
        for (path, public) in &self.modules {
            if let Some((last, before)) = path.split_last() {
                inside.entry(before).or_default().modules.push((last, *public));
            }
        }
        for (path, public) in &self.types {
            if let Some((last, before)) = path.split_last() {
                inside.entry(before).or_default().types.push((last, *public));
                named.entry(last).or_default().push(path);
            }
        }
        for item in &self.items {
            if let Owner::Module(module) = &item.owner {
                inside.entry(module).or_default().functions.insert(&item.entry.symbol);
            }
        }
        for one in &self.uses {
            inside.entry(&one.module).or_default().uses.push(one);
        }
        let Self { files, modules, types, .. } = self;
        Map { files, modules, types, inside, named }
    }
}

impl Map<'_> {
    /// Where a path leads that a module writes.
    fn resolve(&self, module: &Path, target: &[String], hops: usize) -> Option<Path> {
        let (mut at, mut rest) = (module.clone(), target);
        match rest.first()?.as_str() {
            "crate" => (at, rest) = (Path::new(), &rest[1..]),
            "self" => rest = &rest[1..],
            "super" => {}
            first => {
                let here = child(module, first);
                if !self.knows(&here) {
                    return self.imported(module, target, hops);
                }
            }
        }
        for name in rest {
            if name == "super" {
                at.pop()?;
            } else {
                let next = child(&at, name);
                at = match self.knows(&next) {
                    true => next,
                    false => self.imported(&at, std::slice::from_ref(name), hops)?,
                };
            }
        }
        Some(at)
    }

    /// Through an import of the first name.
    fn imported(&self, module: &Path, target: &[String], hops: usize) -> Option<Path> {
        let (first, rest) = target.split_first()?;
        let mut through = self.inside.get(module.as_slice())?.uses.iter();
        let found =
            through.find(|one| one.name.as_ref() == Some(first) && one.target != *target)?;
        let at = self.resolve(module, &found.target, hops.checked_sub(1)?)?;
        if rest.is_empty() { Some(at) } else { self.resolve(&at, rest, hops.checked_sub(1)?) }
    }

    /// Whether something is defined there.
    fn knows(&self, path: &Path) -> bool {
        self.modules.contains_key(path)
            || self.files.contains(path)
            || self.types.contains_key(path)
            || self.function(path)
    }

    fn function(&self, path: &Path) -> bool {
        let Some((last, before)) = path.split_last() else { return false };
        self.inside.get(before).is_some_and(|inside| inside.functions.contains(last.as_str()))
    }

    /// The type that a module names so: its own, an imported one, or the only one of that name.
    fn type_at(&self, module: &Path, segments: &[String]) -> Option<Path> {
        let found = self.resolve(module, segments, MAX_HOPS);
        if let Some(path) = found.filter(|path| self.types.contains_key(path)) {
            return Some(path);
        }
        match self.named.get(segments.last()?.as_str())?.as_slice() {
            [only] => Some((*only).clone()),
            _ => None,
        }
    }

    /// What others reach, with the shortest path to it.
    fn reached(&self) -> BTreeMap<Path, Path> {
        let mut reached: BTreeMap<Path, Path> = BTreeMap::new();
        let mut seen: BTreeSet<(Path, Path)> = BTreeSet::new();
        // A file that no other declares, the root among them, is taken for a public module.
        let undeclared = self.files.iter().filter(|path| !self.modules.contains_key(*path));
        let mut open: VecDeque<(Path, Path)> =
            undeclared.map(|path| (path.clone(), path.clone())).collect();
        while let Some((public, real)) = open.pop_front() {
            if public.len() > MAX_PATH
                || seen.len() >= MAX_VISITS
                || !seen.insert((public.clone(), real.clone()))
            {
                continue;
            }
            let Some(inside) = self.inside.get(real.as_slice()) else { continue };
            let mut give = |real: &Path, public: Path| {
                let better = |known: &Path| (public.len(), &public) < (known.len(), known);
                if reached.get(real).is_none_or(better) {
                    reached.insert(real.clone(), public);
                }
            };
            let types = inside.types.iter().filter(|(_, public)| *public).map(|(name, _)| *name);
            for name in types.chain(inside.functions.iter().copied()) {
                give(&child(&real, name), child(&public, name));
            }
            for (name, _) in inside.modules.iter().filter(|(_, public)| *public) {
                open.push_back((child(&public, name), child(&real, name)));
            }
            for one in inside.uses.iter().filter(|one| one.public) {
                let Some(target) = self.resolve(&real, &one.target, MAX_HOPS) else { continue };
                let module = self.modules.contains_key(&target) || self.files.contains(&target);
                match &one.name {
                    None if module => open.push_back((public.clone(), target)),
                    Some(name) if module => open.push_back((child(&public, name), target)),
                    Some(name) => give(&target, child(&public, name)),
                    None => {}
                }
            }
        }
        reached
    }
}
