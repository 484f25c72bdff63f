//! Object stores behind one face: list, stream, create if absent, replace if unchanged.
//!
//! [`Store`] is the face. Behind it is a directory (`files`) or a prefix of a bucket (`remote`,
//! `upload`). `place` says what a URL means, `open` who may open it, `credentials`, `endpoint` and
//! `cloud` with what, `connect` over which connections, `explain` what an answer means for people.

mod access;
mod address;
mod cloud;
mod connect;
mod credentials;
mod endpoint;
mod error;
mod explain;
mod files;
mod open;
mod place;
mod remote;
mod store;
#[cfg(test)]
mod store_tests;
mod upload;
mod walk;

pub use access::FileAccess;
pub use address::{Forbidden, Guarded, allowed, forbidden_name};
pub use credentials::Credentials;
pub use error::StoreError;
pub use open::{Access, Identity};
pub use store::{Created, Entry, Fence, Replaced, Store};
