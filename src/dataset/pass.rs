//! Reads many objects at once, in bounded numbers, and tells how far it is.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream;
use tokio::sync::Semaphore;

use super::content::{ContentFact, Inspector, Rules};
use super::form::HEAD;
use super::reading::{Reading, Watch};
use super::{Entry, Form, GatherError, Limits, Progress, WorkspaceReader, layout};
use crate::domain::Digest;

const TICK: Duration = Duration::from_millis(200);
/// How many objects may be kept whole at the same time because they can only be looked into whole.
const KEEPERS: usize = 2;

/// What reading one object found.
pub(super) struct Done {
    pub entry: Entry,
    pub digest: Digest,
    pub form: Form,
    pub kept: Option<Vec<u8>>,
    pub content: Option<ContentFact>,
}

/// One way through a workspace.
pub(super) struct Pass<'a> {
    store: &'a dyn WorkspaceReader,
    limits: &'a Limits,
    progress: &'a (dyn Fn(Progress) + Send + Sync),
    pub(super) state: Progress,
    watch: Arc<Watch>,
}

impl Drop for Pass<'_> {
    /// Blocking threads know nothing of a future that was dropped.
    fn drop(&mut self) {
        self.watch.stop();
    }
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        store: &'a dyn WorkspaceReader,
        entries: &[Entry],
        limits: &'a Limits,
        progress: &'a (dyn Fn(Progress) + Send + Sync),
    ) -> Self {
        let state = Progress {
            objects_total: entries.len() as u64,
            bytes_total: entries.iter().map(|entry| entry.size).sum(),
            ..Progress::default()
        };
        Self { store, limits, progress, state, watch: Arc::default() }
    }

    /// Reads `entries`, in any order, holding against `rules` what would be published.
    pub(super) async fn read(
        &mut self,
        mut entries: Vec<Entry>,
        rules: Option<&Rules>,
        mut done: impl FnMut(Done),
    ) -> Result<(), GatherError> {
        // The largest first: nobody waits in the end for one that was begun last.
        entries.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.path.cmp(&b.path)));
        let keepers = Semaphore::new(KEEPERS);
        let (store, limits, watch) = (self.store, self.limits, Arc::clone(&self.watch));
        let mut reads = stream::iter(entries)
            .map(|entry| {
                let look = rules.filter(|_| layout::is_published(&entry.path));
                one(store, entry, limits, &watch, look, &keepers)
            })
            .buffer_unordered(limits.concurrency.max(1));
        let mut tick = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                next = reads.next() => {
                    let Some(next) = next else { return Ok(()) };
                    done(next?);
                    self.state.objects += 1;
                }
                _ = tick.tick() => {
                    self.state.bytes = self.state.bytes_known + self.watch.bytes();
                    (self.progress)(self.state);
                }
            }
        }
    }

    /// Reads the first bytes of `entries`, whose digests are known from somebody who did not look
    /// what they are.
    pub(super) async fn peek(
        &self,
        entries: Vec<Entry>,
        mut done: impl FnMut(&Entry, Form),
    ) -> Result<(), GatherError> {
        let mut reads = stream::iter(entries)
            .map(|entry| peek(self.store, entry, &self.watch))
            .buffer_unordered(self.limits.concurrency.max(1));
        while let Some(read) = reads.next().await {
            let (entry, form) = read?;
            done(&entry, form);
        }
        Ok(())
    }

    /// Counts an object that need not be read.
    pub(super) fn known(&mut self, entry: &Entry) {
        self.state.objects += 1;
        self.state.bytes_known += entry.size;
    }

    /// Tells how it ended.
    pub(super) fn finish(mut self) {
        self.state.bytes = self.state.bytes_known + self.watch.bytes();
        (self.progress)(self.state);
    }
}

async fn one(
    store: &dyn WorkspaceReader,
    entry: Entry,
    limits: &Limits,
    watch: &Arc<Watch>,
    look: Option<&Rules>,
    keepers: &Semaphore,
) -> Result<Done, GatherError> {
    let mut inspector = None;
    let mut _permit = None;
    if let Some(rules) = look {
        let made = Inspector::new(layout::media_type(&entry.path), rules, limits.inspected_bytes);
        if made.keeps_all() {
            _permit = keepers.acquire().await.ok();
        }
        inspector = Some(made);
    }
    let keep = layout::kind(&entry.path).is_some() && entry.size <= limits.document_bytes;
    let reading = Reading::new(entry.size, keep, inspector, Arc::clone(watch));
    let failed = |source| GatherError::Read { path: entry.path.clone(), source };
    let read = store.read(&entry.path, reading).await.map_err(failed)?;
    if read.length != entry.size {
        let Entry { path, size: listed, .. } = entry;
        return Err(GatherError::Changed { path, listed, read: read.length });
    }
    let content = match read.inspector {
        // Decoding what was kept takes its time; a decoder that dies leaves no fact, which denies.
        Some(inspector) => tokio::task::spawn_blocking(|| inspector.finish()).await.ok(),
        None => None,
    };
    let form = read.head.form(entry.size);
    Ok(Done { entry, digest: read.writer.finish(), form, kept: read.kept, content })
}

async fn peek(
    store: &dyn WorkspaceReader,
    entry: Entry,
    watch: &Arc<Watch>,
) -> Result<(Entry, Form), GatherError> {
    let reading = Reading::of_head(entry.size, Arc::clone(watch));
    let failed = |source| GatherError::Read { path: entry.path.clone(), source };
    let read = store.read(&entry.path, reading).await.map_err(failed)?;
    if read.length > entry.size || read.head.length() != entry.size.min(HEAD as u64) {
        let Entry { path, size: listed, .. } = entry;
        return Err(GatherError::Changed { path, listed, read: read.length });
    }
    let form = read.head.form(entry.size);
    Ok((entry, form))
}
