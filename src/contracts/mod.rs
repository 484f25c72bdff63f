//! Schemas and validation. Every schema is built in, formats are asserted, and nothing is ever
//! fetched: a reference to a schema that is not here is an error.

mod change;
pub mod crd;
pub mod diff;
pub mod functions;
pub mod graphql;
mod official;
pub mod openapi;
mod schemas;
mod stac;
mod stac_extensions;
mod ulid;
mod violation;

#[cfg(test)]
mod suite_tests;

pub use change::{Change, Class, Comparison, Direction, Location, Witness};
pub use official::{Format, official_violations};
pub use schemas::{
    CompiledSchema, Fault, SchemaName, Schemas, dialect_violations, is_known_dialect,
    is_known_format, violations,
};
pub use stac::{
    FILE_EXTENSION, PackExtensions, stac_violations, stac_violations_with, unknown_extensions,
};
pub use violation::Violation;
