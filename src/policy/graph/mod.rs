//! Which rule stands on which: functions that call themselves, rules that need themselves and
//! towers of rules are found here, before the engine could run out of stack on them.

mod agree;
mod towers;

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::{Module, Ref, Rule};

use crate::policy::differs;
use crate::policy::error::{LoadError, Place};
use crate::policy::heads::{self, Scope};
use crate::policy::limits::Limits;
use crate::policy::visit::{self, Found, Path};
use crate::policy::vocabulary;

/// A rule or function; all definitions of one name together.
pub(super) struct Node {
    pub path: Path,
    /// Arguments of a function.
    arity: usize,
    /// Whether a function has a value for all arguments.
    total: bool,
    pub place: Place,
    /// What its definitions make of its name, as the first has it.
    head: agree::Head,
    /// Whether it has a value by default.
    default: bool,
    /// Components of its package's path.
    package: usize,
    /// How often the name is defined, defaults apart.
    pub definitions: usize,
    /// Whatever it may stand on: too much rather than too little.
    reaches: BTreeSet<usize>,
    /// What it surely stands on: local names are not taken for rules.
    needs: BTreeSet<usize>,
}

/// All rules of a pack by path.
pub(super) struct Graph {
    pub nodes: Vec<Node>,
    index: BTreeMap<Path, usize>,
}

/// One module's names.
struct Names<'a> {
    package: &'a [String],
    imports: BTreeMap<String, Path>,
}

impl Graph {
    /// Reads all modules, and refuses calls of what is not there.
    pub(super) fn new(modules: &[Ref<Module>], limits: &Limits) -> Result<Self, LoadError> {
        let mut graph = Self { nodes: Vec::new(), index: BTreeMap::new() };
        for module in modules {
            let package = package(module);
            for rule in &module.policy {
                let (refr, args, span) = visit::head(rule);
                let (name, whole) = visit::path(refr).unwrap_or_default();
                let place = visit::place(span);
                if name.is_empty() || (args.is_some() && !whole) {
                    let message = "a function's name is written out in full".to_owned();
                    return Err(LoadError::RegoInvalid { place, message });
                }
                let path = [package.clone(), name].concat();
                let at = graph.add(path, args, agree::Head::of(rule), place, package.len());
                let node = &mut graph.nodes[at];
                node.agree(rule)?;
                node.total |= heads::is_total(rule);
                node.definitions += usize::from(!matches!(rule.as_ref(), Rule::Default { .. }));
            }
        }
        let rules: usize = modules.iter().map(|module| module.policy.len()).sum();
        if rules > limits.rules {
            return Err(LoadError::TooLarge {
                what: "the number of rules".into(),
                limit: limits.rules,
            });
        }
        for module in modules {
            let package = package(module);
            let names = Names { package: &package, imports: agree::imports(module)? };
            graph.unhidden(module, &names)?;
            for rule in &module.policy {
                graph.defined_head(rule, &names)?;
                let (refr, ..) = visit::head(rule);
                let (name, _) = visit::path(refr).unwrap_or_default();
                let Some(&from) = graph.index.get(&[package.clone(), name].concat()) else {
                    continue;
                };
                graph.connect(from, &Found::in_rule(rule), &names)?;
            }
        }
        Ok(graph)
    }

    /// The rule at exactly this path.
    pub(super) fn get(&self, path: &[&str]) -> Option<&Node> {
        let path: Path = path.iter().map(|part| (*part).to_owned()).collect();
        self.index.get(&path).map(|&at| &self.nodes[at])
    }

    fn add(
        &mut self,
        path: Path,
        args: Option<usize>,
        head: agree::Head,
        place: Place,
        package: usize,
    ) -> usize {
        let arity = args.unwrap_or_default();
        *self.index.entry(path.clone()).or_insert_with(|| {
            let (reaches, needs) = (BTreeSet::new(), BTreeSet::new());
            self.nodes.push(Node {
                path,
                arity,
                total: false,
                package,
                place,
                head,
                default: false,
                definitions: 0,
                reaches,
                needs,
            });
            self.nodes.len() - 1
        })
    }

    /// Whether a name is the same for all rules of a module.
    fn global(&self, name: &str, names: &Names<'_>) -> bool {
        let own = [names.package, &[name.to_owned()]].concat();
        ["input", "data"].contains(&name)
            || names.imports.contains_key(name)
            || self.index.range(own.clone()..).next().is_some_and(|(at, _)| at.starts_with(&own))
    }

    fn defined_head(&self, rule: &Rule, names: &Names<'_>) -> Result<(), LoadError> {
        let global = |name: &str| self.global(name, names);
        let function =
            |name: &[String]| self.function(name, names).is_some_and(|at| !self.nodes[at].total);
        let scope = Scope { global: &global, function: &function };
        if let Some((place, message)) = differs::unsupported(rule, &scope) {
            return Err(LoadError::Unsupported { place, message: message.to_owned() });
        }
        match heads::unsafe_head(rule, &scope) {
            None => Ok(()),
            Some(place) => {
                let message = "this part of the rule's head may be undefined for some of its solutions, and then all would be lost: give it a name in the body, as in `text := …`, and use that in the head".to_owned();
                Err(LoadError::Unsupported { place, message })
            }
        }
    }

    /// All names, sorted; a function's with the number of its arguments.
    pub(super) fn names(&self) -> Vec<String> {
        let name = |node: &Node| match node.is_function() {
            true => format!("{}/{}", node.path.join("."), node.arity),
            false => node.path.join("."),
        };
        let mut names: Vec<_> = self.nodes.iter().map(name).collect();
        names.sort();
        names
    }

    fn connect(&mut self, from: usize, found: &Found, names: &Names<'_>) -> Result<(), LoadError> {
        if let Some((place, message)) = found.unsupported.first() {
            let (place, message) = (place.clone(), (*message).to_owned());
            return Err(LoadError::Unsupported { place, message });
        }
        let hides = |(name, _): &&(String, Place)| self.global(name, names);
        if let Some((name, place)) = found.declared.iter().find(hides) {
            let message =
                format!("`some {name}` has the name of a rule or an import: call it otherwise");
            return Err(LoadError::Unsupported { place: place.clone(), message });
        }
        if let Some(name) = ["data", "input"].into_iter().find(|name| found.locals.contains(*name))
        {
            let message = format!("no name within a rule may be {name}: call it otherwise");
            return Err(LoadError::RegoInvalid { place: self.nodes[from].place.clone(), message });
        }
        for (name, whole, place) in &found.calls {
            let refuse = |message| LoadError::BuiltinRefused { place: place.clone(), message };
            if !whole {
                return Err(refuse("a called function's name is written out in full".into()));
            }
            if let Some(to) = self.function(name, names) {
                self.nodes[from].reaches.insert(to);
                self.nodes[from].needs.insert(to);
            } else if let Some(message) = vocabulary::refusal(&name.join(".")) {
                return Err(refuse(message));
            }
        }
        for (name, place) in &found.read {
            let given = name == "_" || found.locals.contains(name) || found.given.contains(name);
            if !given && !self.global(name, names) {
                let message = format!("nothing gives {name} a value");
                return Err(LoadError::RegoInvalid { place: place.clone(), message });
            }
        }
        for (path, place) in &found.replaced {
            let root = path.first().map(String::as_str);
            if !matches!(root, Some("input" | "data")) || self.function(path, names).is_some() {
                let message = format!(
                    "with replaces {}: only input and documents under data may be replaced, not functions",
                    path.join(".")
                );
                return Err(LoadError::BuiltinRefused { place: place.clone(), message });
            }
        }
        for path in &found.refs {
            let Some(first) = path.first().filter(|first| *first != "input") else { continue };
            let local = found.locals.contains(first);
            if !local && let Some(at) = self.inner(&names.full(path)) {
                let message = format!(
                    "{} is no rule, only what leads to {}: name the rule, or give them one object as their value",
                    path.join("."),
                    self.nodes[at].path.join(".")
                );
                return Err(LoadError::Unsupported {
                    place: self.nodes[at].place.clone(),
                    message,
                });
            }
            for to in self.meant(&names.full(path)) {
                self.nodes[from].reaches.insert(to);
                if !local {
                    self.nodes[from].needs.insert(to);
                }
            }
        }
        Ok(())
    }

    /// The function that a call in a module goes to, as the engine looks it up.
    fn function(&self, name: &[String], names: &Names<'_>) -> Option<usize> {
        let imported = name.split_first().and_then(|(first, rest)| {
            names.imports.get(first).map(|target| [target.as_slice(), rest].concat())
        });
        let own = [names.package, name].concat();
        [imported, Some(name.to_vec()), Some(own)]
            .into_iter()
            .flatten()
            .filter_map(|path| self.index.get(&path).copied())
            .find(|&at| self.nodes[at].is_function())
    }

    /// A rule below a path that is none itself, but within a package: OPA has an object there even
    /// if none of its members is defined, and the engine nothing.
    fn inner(&self, path: &Path) -> Option<usize> {
        if (1..=path.len()).any(|end| self.index.contains_key(&path[..end])) {
            return None;
        }
        let below = self.index.range(path.clone()..).take_while(|(at, _)| at.starts_with(path));
        below.map(|(_, &at)| at).find(|&at| self.nodes[at].package < path.len())
    }

    /// All rules at, above or below a path.
    fn meant(&self, path: &Path) -> Vec<usize> {
        let above = (1..path.len()).filter_map(|end| self.index.get(&path[..end]).copied());
        let below = self.index.range(path.clone()..).take_while(|(at, _)| at.starts_with(path));
        above.chain(below.map(|(_, &at)| at)).filter(|&at| !self.nodes[at].is_function()).collect()
    }
}

impl Names<'_> {
    /// A reference's path under `data`, as this module means it.
    fn full(&self, path: &Path) -> Path {
        match path.split_first() {
            Some((first, _)) if first == "data" => path.clone(),
            Some((first, rest)) => match self.imports.get(first) {
                Some(target) => [target.as_slice(), rest].concat(),
                None => [self.package, path].concat(),
            },
            None => Path::new(),
        }
    }
}

/// `data` and the package's components.
pub(super) fn package(module: &Module) -> Path {
    let (path, _) = visit::path(&module.package.refr).unwrap_or_default();
    [vec!["data".to_owned()], path].concat()
}
