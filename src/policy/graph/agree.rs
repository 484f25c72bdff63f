//! Whether the names of a pack mean one thing each: what OPA refuses to load, because two definitions
//! of a name do not go together, the engine loads, and takes one of them.

use std::collections::BTreeMap;

use regorus::unstable::{Import, Module, Rule, RuleHead};

use super::{Graph, Names, Node};
use crate::policy::error::LoadError;
use crate::policy::visit::{self, Path};

/// What a definition makes of a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Head {
    Value,
    Set,
    Function,
}

impl Head {
    pub(super) fn of(rule: &Rule) -> Self {
        match rule {
            Rule::Spec { head: RuleHead::Compr { .. }, .. } => Self::Value,
            Rule::Spec { head: RuleHead::Set { .. }, .. } => Self::Set,
            Rule::Spec { head: RuleHead::Func { .. }, .. } => Self::Function,
            Rule::Default { args, .. } if args.is_empty() => Self::Value,
            Rule::Default { .. } => Self::Function,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Value => "a value",
            Self::Set => "a set",
            Self::Function => "a function",
        }
    }
}

impl Node {
    /// Whether it takes arguments.
    pub(in crate::policy) fn is_function(&self) -> bool {
        self.head == Head::Function
    }

    /// One more definition of this name.
    pub(super) fn agree(&mut self, rule: &Rule) -> Result<(), LoadError> {
        let place = || visit::place(visit::head(rule).2);
        let name = self.path.join(".");
        let head = Head::of(rule);
        if head != self.head {
            let (here, there) = (head.name(), self.head.name());
            let message =
                format!("{name} is {here} here and {there} at {}: name one otherwise", self.place);
            return Err(LoadError::RegoInvalid { place: place(), message });
        }
        if matches!(rule, Rule::Default { .. }) && std::mem::replace(&mut self.default, true) {
            let message = format!("{name} has a default already: leave one out");
            return Err(LoadError::RegoInvalid { place: place(), message });
        }
        Ok(())
    }
}

impl Graph {
    /// Refuses imports that hide a rule: to OPA the name is the import's, to the engine the rule's.
    pub(super) fn unhidden(&self, module: &Module, names: &Names<'_>) -> Result<(), LoadError> {
        for import in &module.imports {
            let Some((alias, _)) =
                alias(import).filter(|(alias, _)| names.imports.contains_key(alias))
            else {
                continue;
            };
            let own = [names.package, std::slice::from_ref(&alias)].concat();
            let hidden =
                self.index.range(own.clone()..).next().filter(|(at, _)| at.starts_with(&own));
            if let Some((_, &at)) = hidden {
                let message = format!(
                    "the import hides the rule {alias} at {}: name one otherwise, as in `import … as …`",
                    self.nodes[at].place
                );
                return Err(LoadError::RegoInvalid { place: visit::place(&import.span), message });
            }
        }
        Ok(())
    }
}

/// What a module's imports call documents and packages.
///
/// # Errors
/// For a name that is given twice, and for what OPA imports and the engine does not, or not in the
/// same sense.
pub(super) fn imports(module: &Module) -> Result<BTreeMap<String, Path>, LoadError> {
    let mut imports = BTreeMap::new();
    for import in &module.imports {
        let path = visit::path(&import.refr).map(|(path, _)| path).unwrap_or_default();
        let parts: Vec<&str> = path.iter().map(String::as_str).collect();
        let place = || visit::place(&import.span);
        match parts.as_slice() {
            ["data", ..] => {}
            ["rego", "v1"] | ["future", "keywords"] => continue,
            ["future", "keywords", "contains" | "every" | "if" | "in"] => continue,
            ["input", ..] => {
                let message = format!(
                    "imports of the input are not supported: write {} where it is meant",
                    path.join(".")
                );
                return Err(LoadError::Unsupported { place: place(), message });
            }
            _ => {
                let message = format!("there is no import {}", path.join("."));
                return Err(LoadError::Unsupported { place: place(), message });
            }
        }
        let Some((alias, target)) = alias(import) else { continue };
        if imports.insert(alias.clone(), target).is_some() {
            let message = format!(
                "two imports are called {alias}: name one otherwise, as in `import … as …`"
            );
            return Err(LoadError::RegoInvalid { place: place(), message });
        }
    }
    Ok(imports)
}

/// What an import is called in its module, and what it means.
fn alias(import: &Import) -> Option<(String, Path)> {
    let (target, _) = visit::path(&import.refr)?;
    let alias = match &import.r#as {
        Some(span) => span.text().to_owned(),
        None => target.last()?.clone(),
    };
    Some((alias, target))
}
