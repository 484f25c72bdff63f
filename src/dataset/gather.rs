//! Reads a workspace once: every object streamed and hashed, documents kept and parsed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::domain::DigestWriter;

use super::assemble::{Body, assemble, rules};
use super::content::{ContentFact, Inspector, Rules};
use super::source::{Entry, GatherError, Limits, Progress, ReadError, WorkspaceReader};
use super::{Facts, ObjectFact, Published, Requested, layout};

const TICK: Duration = Duration::from_secs(1);
/// How many objects may be kept whole at the same time because they can only be looked into whole.
const KEEPERS: usize = 2;

/// Reads the workspace into [`Facts`], telling `progress` once a second and at the end.
///
/// # Errors
/// If the facts cannot be known: the store fails, or the workspace is beyond `limits`.
pub async fn gather(
    store: &dyn WorkspaceReader,
    requested: Requested,
    published: Option<Published>,
    limits: &Limits,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Facts, GatherError> {
    let mut entries = store.list().await.map_err(GatherError::List)?;
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    check(&entries, limits)?;
    let hashed = Arc::new(AtomicU64::new(0));
    let mut state = Progress {
        objects_total: entries.len() as u64,
        bytes_total: entries.iter().map(|entry| entry.size).sum(),
        ..Progress::default()
    };
    let mut objects = BTreeMap::new();
    let mut bodies = BTreeMap::new();
    let mut content = BTreeMap::new();
    let mut tick = tokio::time::interval(TICK);
    let keepers = Semaphore::new(KEEPERS);
    // Documents first: what the redaction plan says must be known when the data streams by.
    let (documents, data): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|entry| layout::kind(&entry.path).is_some());
    for (entries, last) in [(documents, false), (data, true)] {
        let rules = if last { rules(&bodies) } else { None };
        let look = |path: &str| {
            let rules = rules.as_ref().filter(|_| layout::is_published(path));
            rules.map(|rules| (rules.clone(), &keepers))
        };
        let mut reads = stream::iter(entries)
            .map(|entry| {
                let look = look(&entry.path);
                read_one(store, entry, limits, Arc::clone(&hashed), look)
            })
            .buffer_unordered(limits.concurrency.max(1));
        loop {
            tokio::select! {
                next = reads.next() => {
                    let Some(next) = next else { break };
                    let (path, object, body, found) = next?;
                    state.objects += 1;
                    if let Some(body) = body {
                        bodies.insert(path.clone(), body);
                    }
                    if let Some(found) = found {
                        content.insert(path.clone(), found);
                    }
                    objects.insert(path, object);
                }
                _ = tick.tick() => {
                    state.bytes = hashed.load(Ordering::Relaxed);
                    progress(state);
                }
            }
        }
    }
    state.bytes = hashed.load(Ordering::Relaxed);
    progress(state);
    Ok(assemble(requested, objects, bodies, content, published))
}

fn check(entries: &[Entry], limits: &Limits) -> Result<(), GatherError> {
    if entries.is_empty() {
        return Err(GatherError::Empty);
    }
    if entries.len() > limits.objects {
        return Err(GatherError::TooManyObjects { limit: limits.objects });
    }
    let mut seen = BTreeSet::new();
    let mut documents = 0_u64;
    for Entry { path, size } in entries {
        if let Some(why) = unusable(path, limits) {
            return Err(GatherError::Path { path: path.chars().take(120).collect(), why });
        }
        if !seen.insert(path.as_str()) {
            return Err(GatherError::Duplicate { path: path.clone() });
        }
        if layout::kind(path).is_some() && *size <= limits.document_bytes {
            documents = documents.saturating_add(*size);
        }
    }
    if documents > limits.documents_bytes {
        let limit = limits.documents_bytes;
        return Err(GatherError::DocumentsTooLarge { bytes: documents, limit });
    }
    Ok(())
}

fn unusable(path: &str, limits: &Limits) -> Option<&'static str> {
    if path.len() > limits.path_bytes {
        return Some("it is too long");
    }
    if path.split('/').count() > limits.path_depth {
        return Some("it is too deep");
    }
    if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Some("it is not a plain relative path");
    }
    if path.contains(|c: char| c == '\\' || c.is_control()) {
        return Some("it has a backslash or a control character");
    }
    None
}

type Outcome = (String, ObjectFact, Option<Body>, Option<ContentFact>);

async fn read_one(
    store: &dyn WorkspaceReader,
    entry: Entry,
    limits: &Limits,
    hashed: Arc<AtomicU64>,
    look: Option<(Rules, &Semaphore)>,
) -> Result<Outcome, GatherError> {
    let Entry { path, size } = entry;
    let mut inspector = None;
    let mut _permit = None;
    if let Some((rules, keepers)) = look {
        let made = Inspector::new(layout::media_type(&path), &rules, limits.inspected_bytes);
        if made.keeps_all() {
            _permit = keepers.acquire().await.ok();
        }
        inspector = Some(made);
    }
    let is_document = layout::kind(&path).is_some();
    let keep = is_document && size <= limits.document_bytes;
    let failed = |source| GatherError::Read { path: path.clone(), source };
    let stream = store.read(&path).await.map_err(failed)?;
    // A task of its own, so that several cores hash at once.
    let task = AbortOnDrop(tokio::spawn(consume(stream, size, keep, inspector, hashed)));
    let read = task.join().await.ok_or_else(|| GatherError::Interrupted { path: path.clone() })?;
    let Read { writer, length, kept, found } = read.map_err(failed)?;
    if length != size {
        return Err(GatherError::Changed { path, listed: size, read: length });
    }
    let media_type = layout::media_type(&path).to_owned();
    let object = ObjectFact { digest: writer.finish(), size, media_type };
    let body = is_document.then(|| {
        kept.ok_or_else(|| {
            format!(
                "it has {size} bytes, more than the {} that a document may have",
                limits.document_bytes
            )
        })
    });
    Ok((path, object, body, found))
}

struct Read {
    writer: DigestWriter,
    length: u64,
    kept: Option<Vec<u8>>,
    found: Option<ContentFact>,
}

async fn consume(
    mut stream: BoxStream<'static, Result<Bytes, ReadError>>,
    listed: u64,
    keep: bool,
    mut inspector: Option<Inspector>,
    hashed: Arc<AtomicU64>,
) -> Result<Read, ReadError> {
    let kept = keep.then(Vec::new);
    let mut read = Read { writer: DigestWriter::new(), length: 0, kept, found: None };
    while let Some(piece) = stream.next().await {
        let piece = piece?;
        read.length += piece.len() as u64;
        if read.length > listed {
            // It grew since it was listed: reading on could go on for ever.
            break;
        }
        read.writer.update(&piece);
        if let Some(inspector) = &mut inspector {
            inspector.update(&piece);
        }
        hashed.fetch_add(piece.len() as u64, Ordering::Relaxed);
        if let Some(kept) = &mut read.kept {
            kept.extend_from_slice(&piece);
        }
    }
    if let Some(inspector) = inspector {
        // Decoding what was kept takes its time; a decoder that dies leaves no fact, which denies.
        read.found = tokio::task::spawn_blocking(|| inspector.finish()).await.ok();
    }
    Ok(read)
}

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> AbortOnDrop<T> {
    async fn join(mut self) -> Option<T> {
        (&mut self.0).await.ok()
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::*;
    use crate::dataset::DocumentState;
    use crate::domain::Digest;

    /// Objects in memory, listed in the given order and read in pieces of three bytes.
    struct Memory(Vec<(String, Vec<u8>)>);

    #[async_trait]
    impl WorkspaceReader for Memory {
        async fn list(&self) -> Result<Vec<Entry>, ReadError> {
            let entry = |(path, bytes): &(String, Vec<u8>)| Entry {
                path: path.clone(),
                size: bytes.len() as u64,
            };
            Ok(self.0.iter().map(entry).collect())
        }

        async fn read(
            &self,
            path: &str,
        ) -> Result<BoxStream<'static, Result<Bytes, ReadError>>, ReadError> {
            let found = self.0.iter().find(|(p, _)| p == path);
            let (_, bytes) = found.ok_or_else(|| ReadError::new("gone", "no such object"))?;
            if path.ends_with("broken") {
                let error = ReadError::new("reading", "connection reset");
                return Ok(stream::iter([Ok(Bytes::from_static(b"b")), Err(error)]).boxed());
            }
            let mut pieces: Vec<Vec<u8>> = bytes.chunks(3).map(<[u8]>::to_vec).collect();
            if path.ends_with("grows") {
                pieces.push(b"more".to_vec());
            }
            Ok(stream::iter(pieces.into_iter().map(|p| Ok(Bytes::from(p)))).boxed())
        }
    }

    fn memory(files: &[(&str, &str)]) -> Memory {
        Memory(files.iter().map(|(p, b)| ((*p).to_owned(), b.as_bytes().to_vec())).collect())
    }

    fn requested() -> Requested {
        Requested {
            dataset_slug: "s".into(),
            dataset_version_id: "2026.00000000".into(),
            intended_use: "any".into(),
        }
    }

    async fn read(store: &Memory, limits: &Limits) -> Result<Facts, GatherError> {
        gather(store, requested(), None, limits, &|_| {}).await
    }

    #[tokio::test]
    async fn hashes_everything_and_parses_documents_in_any_order() {
        let mut files = vec![
            ("spec.json", r#"{"a":1}"#),
            ("dataset.json", r#"{"a":1,"a":2}"#),
            ("processed/x.csv", "a,b\n1,2\n"),
            ("contracts/api.yaml", "openapi: 3.1.0\n"),
            ("receipts/r.json", "{}"),
        ];
        let seen = Mutex::new(Progress::default());
        let there = gather(&memory(&files), requested(), None, &Limits::default(), &|p| {
            *seen.lock().unwrap() = p;
        })
        .await
        .unwrap();
        files.reverse();
        let back = read(&memory(&files), &Limits::default()).await.unwrap();
        assert_eq!(serde_json::to_value(&there).unwrap(), serde_json::to_value(&back).unwrap());
        let csv = &there.objects["processed/x.csv"];
        assert_eq!((csv.digest, csv.size), (Digest::of(b"a,b\n1,2\n"), 8));
        assert_eq!(csv.media_type, "text/csv");
        assert!(there.dataset.invalid().unwrap().contains("twice"));
        assert!(matches!(there.dcat.state, DocumentState::Missing));
        assert_eq!(there.contracts["contracts/api.yaml"].value().unwrap()["openapi"], "3.1.0");
        let Progress { objects, objects_total, bytes, bytes_total } = *seen.lock().unwrap();
        assert_eq!((objects, bytes), (objects_total, bytes_total));
        assert_eq!(objects, 5);
    }

    #[tokio::test]
    async fn data_is_held_against_the_plan_while_it_streams_by() {
        let plan = r#"{"method":"generalization","parameters":{"cell_degrees":0.1}}"#;
        let mut files = vec![
            ("processed/a.csv", "lat\n1.5\n1.55\n"),
            ("processed/b.tif", "II*"),
            ("catalog/notes.csv", "lat\n1.55\n"),
            ("raw/c.csv", "lat\n1.55\n"),
            ("work/p.json", plan),
            (
                "dataset.json",
                r#"{"policy_label":"sensitive_location","redaction_plan":"work/p.json"}"#,
            ),
        ];
        for _ in 0..2 {
            let facts = read(&memory(&files), &Limits::default()).await.unwrap();
            assert_eq!(facts.content["processed/a.csv"].too_fine.first, ["row 2, column \"lat\""]);
            assert!(facts.content["processed/b.tif"].unreadable.is_some());
            assert_eq!(facts.content["catalog/notes.csv"].too_fine.count, 1);
            assert_eq!(facts.content.len(), 3);
            files.reverse();
        }
        // Without a plan nobody looks.
        files.retain(|(path, _)| *path != "work/p.json");
        assert!(read(&memory(&files), &Limits::default()).await.unwrap().content.is_empty());
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_an_error_not_a_denial() {
        let limits = Limits { objects: 3, path_depth: 3, path_bytes: 20, ..Limits::default() };
        for (files, part) in [
            (vec![], "empty"),
            (vec![("raw/broken", "bytes")], "cannot read raw/broken"),
            (vec![("raw/grows", "bytes")], "changed"),
            (vec![("a/../b", "")], "relative"),
            (vec![("a//b", "")], "relative"),
            (vec![("a\\b", "")], "backslash"),
            (vec![("a/b/c/d", "")], "deep"),
            (vec![("aaaaaaaaaaaaaaaaaaaaaaaaaa", "")], "long"),
            (vec![("a", ""), ("a", "")], "twice"),
            (vec![("a", ""), ("b", ""), ("c", ""), ("d", "")], "more than 3"),
        ] {
            let error = read(&memory(&files), &limits).await.unwrap_err().to_string();
            assert!(error.contains(part), "{files:?}: {error}");
        }
    }

    #[tokio::test]
    async fn documents_have_a_limit() {
        let files = [("spec.json", "[1,2,3,4]"), ("work/a.json", "[1]")];
        let small = Limits { document_bytes: 4, ..Limits::default() };
        let facts = read(&memory(&files), &small).await.unwrap();
        assert!(facts.spec.invalid().unwrap().contains("more than the 4"));
        assert_eq!(facts.objects["spec.json"].digest, Digest::of(b"[1,2,3,4]"));
        assert!(facts.work["work/a.json"].value().is_some());
        let total = Limits { documents_bytes: 5, ..Limits::default() };
        let error = read(&memory(&files), &total).await.unwrap_err();
        assert!(matches!(error, GatherError::DocumentsTooLarge { bytes: 12, limit: 5 }));
    }
}
