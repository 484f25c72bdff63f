//! One pass over an object's bytes, and all that it feeds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::content::Inspector;
use super::form::{HEAD, Head};
use crate::domain::DigestWriter;

/// What one pass over an object's bytes feeds: the hash, the first bytes, the document that is
/// kept, the look into the content.
pub struct Reading {
    pub(super) writer: DigestWriter,
    pub(super) length: u64,
    pub(super) head: Head,
    only_head: bool,
    pub(super) kept: Option<Vec<u8>>,
    pub(super) inspector: Option<Inspector>,
    listed: u64,
    watch: Arc<Watch>,
}

/// What all readings of a workspace share.
#[derive(Default)]
pub(super) struct Watch {
    bytes: AtomicU64,
    stopped: AtomicBool,
}

impl Watch {
    /// Bytes that were read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Nobody waits for the readings any more.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

impl Reading {
    pub(super) fn new(
        listed: u64,
        keep: bool,
        inspector: Option<Inspector>,
        watch: Arc<Watch>,
    ) -> Self {
        let kept = keep.then(Vec::new);
        Self {
            writer: DigestWriter::new(),
            length: 0,
            head: Head::default(),
            only_head: false,
            kept,
            inspector,
            listed,
            watch,
        }
    }

    /// A reading of an object's first bytes and no more.
    pub(super) fn of_head(listed: u64, watch: Arc<Watch>) -> Self {
        Self { only_head: true, ..Self::new(listed, false, None, watch) }
    }

    /// How many bytes it will take, if it is not all of them.
    pub(super) fn most(&self) -> Option<u64> {
        self.only_head.then(|| self.listed.min(HEAD as u64))
    }

    /// Takes the next bytes and says whether it wants more.
    pub fn take(&mut self, piece: &[u8]) -> bool {
        self.length += piece.len() as u64;
        // It grew since it was listed: reading on could go on for ever.
        if self.length > self.listed || self.watch.stopped.load(Ordering::Relaxed) {
            return false;
        }
        let more = self.head.take(piece);
        if self.only_head {
            return more;
        }
        self.writer.update(piece);
        if let Some(inspector) = &mut self.inspector {
            inspector.update(piece);
        }
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(piece);
        }
        self.watch.bytes.fetch_add(piece.len() as u64, Ordering::Relaxed);
        true
    }
}
