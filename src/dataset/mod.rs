//! Streams a workspace once into [`Facts`]: hashes, parsed documents, catalogs read as what they
//! are. The only I/O is through [`WorkspaceReader`], which [`StoreReader`] makes of an object
//! store; judging the facts is the gates' work.

mod assemble;
mod content;
mod digests;
mod extent;
mod facts;
mod form;
mod gather;
pub(crate) mod layout;
mod names;
mod pass;
mod reader;
mod reading;
mod rights;
mod shard;
mod source;
#[cfg(test)]
pub(crate) mod testing;
mod view;

pub(crate) use content::inspect_json;
pub use content::{ContentFact, Coordinates, Findings, Rules};
pub use digests::{Digests, Recall, Remembered};
pub use extent::Extent;
pub use facts::{Document, DocumentState, Facts, ObjectFact, Published, Requested};
pub use form::Form;
pub use gather::{gather, gather_knowing, hash};
pub use layout::{is_published, is_redacted, media_type};
pub use names::Names;
pub(crate) use names::{has_scheme, normal};
pub use reader::{StoreReader, scoped};
pub use reading::Reading;
pub(crate) use rights::{expression, says_nothing, spelled};
pub use shard::{MAX_RESULT, MAX_SHARDS, Scope, ShardError, Split, place};
pub use source::{Entry, GatherError, Limits, Progress, ReadError, WorkspaceReader};
