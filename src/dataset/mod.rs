//! Streams a workspace once into [`Facts`]: hashes, parsed documents, catalogs read as what they
//! are. The only I/O is through [`crate::objects`]; judging the facts is the gates' work.

mod facts;

pub use facts::{Document, DocumentState, Facts, ObjectFact, Published, Requested};
