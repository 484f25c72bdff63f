//! Object stores behind one face: list, stream, put if absent, replace if unchanged.
//!
//! `file://` is served here; the other schemes of the resource API are recognised and refused with
//! a sentence until their stores are wired in.

mod access;
mod error;
mod store;

pub use access::FileAccess;
pub use error::StoreError;
pub use store::{Created, Entry, Fence, Replaced, Store};
