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

impl Crate {
    /// The entries that others reach, each by its shortest path.
    pub(super) fn offered(self, name: &str) -> Vec<Entry> {
        let reached = self.reached();
        let mut out = Vec::new();
        for item in &self.items {
            let own = &item.entry.symbol;
            let (path, own) = match &item.owner {
                Owner::Module(module) => (reached.get(&child(module, own)), None),
                Owner::Type(path) => (reached.get(path), Some(own)),
                Owner::Named { module, segments } => {
                    let path = self.type_at(module, segments);
                    (path.and_then(|path| reached.get(&path)), Some(own))
                }
            };
            let Some((last, before)) = path.and_then(|path| path.split_last()) else { continue };
            let names = std::iter::once(name).chain(before.iter().map(String::as_str));
            let module = names.collect::<Vec<_>>().join("::");
            let symbol = own.map_or_else(|| last.clone(), |own| format!("{last}::{own}"));
            out.push(Entry { module, symbol, ..item.entry.clone() });
        }
        out
    }

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
        let mut through = self.uses.iter().filter(|one| one.module == *module);
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
        self.items.iter().any(|item| match &item.owner {
            Owner::Module(module) => path.split_last().is_some_and(|(last, before)| {
                *last == item.entry.symbol && before == module.as_slice()
            }),
            _ => false,
        })
    }

    /// The type that a module names so: its own, an imported one, or the only one of that name.
    fn type_at(&self, module: &Path, segments: &[String]) -> Option<Path> {
        let found = self.resolve(module, segments, MAX_HOPS);
        if let Some(path) = found.filter(|path| self.types.contains_key(path)) {
            return Some(path);
        }
        let mut named = self.types.keys().filter(|path| path.last() == segments.last());
        match (named.next(), named.next()) {
            (Some(only), None) => Some(only.clone()),
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
            let inside = |path: &&Path| path.len() == real.len() + 1 && path.starts_with(&real);
            let last = |path: &Path| path.last().cloned().unwrap_or_default();
            let mut give = |real: &Path, public: Path| {
                let better = |known: &Path| (public.len(), &public) < (known.len(), known);
                if reached.get(real).is_none_or(better) {
                    reached.insert(real.clone(), public);
                }
            };
            for (path, _) in self.types.iter().filter(|(path, public)| **public && inside(path)) {
                give(path, child(&public, &last(path)));
            }
            for item in &self.items {
                if matches!(&item.owner, Owner::Module(module) if *module == real) {
                    let name = &item.entry.symbol;
                    give(&child(&real, name), child(&public, name));
                }
            }
            for (path, _) in self.modules.iter().filter(|(path, public)| **public && inside(path)) {
                open.push_back((child(&public, &last(path)), path.clone()));
            }
            for one in self.uses.iter().filter(|one| one.public && one.module == real) {
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
