//! Streams a workspace once into [`Facts`]: hashes, parsed documents, catalogs read as what they
//! are. The only I/O is through [`WorkspaceReader`], which [`StoreReader`] makes of an object
//! store; judging the facts is the gates' work.

mod assemble;
mod content;
mod extent;
mod facts;
mod gather;
pub(crate) mod layout;
mod names;
mod reader;
mod rights;
mod source;
#[cfg(test)]
pub(crate) mod testing;
mod view;

pub(crate) use content::inspect_json;
pub use content::{ContentFact, Coordinates, Findings, Rules};
pub use extent::Extent;
pub use facts::{Document, DocumentState, Facts, ObjectFact, Published, Requested};
pub use gather::gather;
pub use layout::{is_published, media_type};
pub use names::Names;
pub(crate) use names::{has_scheme, normal};
pub use reader::StoreReader;
pub use source::{Entry, GatherError, Limits, Progress, ReadError, WorkspaceReader};
