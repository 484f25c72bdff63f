//! Registries of functions: what sources offer to others, read from their syntax, and how two such
//! registries differ for those who call.
//!
//! Nothing is compiled and nothing is run: tree-sitter reads each file by itself, so that a checkout
//! without its toolchain is enough. What a macro or a type checker would add is not seen.

mod diff;
mod doc;
mod extract;
mod go;
mod go_packages;
mod parameters;
mod python;
mod python_class;
mod python_modules;
mod registry;
mod rename;
mod rust;
mod rust_paths;
mod signature;
mod syntax;
mod types;
mod typescript;
mod typescript_class;

pub use diff::diff;
pub use extract::{Extracted, Trouble, extract};
pub use registry::{Drift, Entry, Form, Language, Param, ParamKind, Registry, Stability};

#[cfg(test)]
mod diff_tests;
#[cfg(test)]
mod extract_tests;
#[cfg(test)]
mod hostile_tests;
