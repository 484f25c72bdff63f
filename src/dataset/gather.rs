//! Reads a workspace once: every object streamed and hashed, documents kept and parsed.

use std::collections::{BTreeMap, BTreeSet};

use super::assemble::{assemble, rules, too_large};
use super::digests::{Digests, Recall, Remembered, key};
use super::pass::{Done, Pass};
use super::source::{Entry, GatherError, Limits, Progress, WorkspaceReader};
use super::{Facts, Form, ObjectFact, Published, Requested, layout};
use crate::domain::Digest;

/// Reads the workspace into [`Facts`], telling `progress` now and then and at the end.
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
    let recall = Recall { digests: &Digests::default(), believe: false };
    gather_knowing(store, recall, requested, published, limits, progress).await
}

/// [`gather`], without reading data whose digest is remembered; what is read is, from then on.
/// Documents are read in any case.
///
/// # Errors
/// As [`gather`].
pub async fn gather_knowing(
    store: &dyn WorkspaceReader,
    recall: Recall<'_>,
    requested: Requested,
    published: Option<Published>,
    limits: &Limits,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Facts, GatherError> {
    let entries = store.list().await.map_err(GatherError::List)?;
    check(&entries, limits)?;
    let mut pass = Pass::new(store, &entries, limits, progress);
    let mut objects = BTreeMap::new();
    let mut bodies = BTreeMap::new();
    let mut content = BTreeMap::new();
    // Documents first: what the redaction plan says must be known when the data streams by.
    let (documents, data): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|entry| layout::kind(&entry.path).is_some());
    let read = pass.read(documents, None, |Done { entry, digest, kept, .. }| {
        let body = kept.ok_or_else(|| too_large(entry.size, limits));
        bodies.insert(entry.path.clone(), body);
        objects.insert(entry.path.clone(), object(&entry, digest, None));
    });
    read.await?;
    let rules = rules(&bodies);
    let name = |entry: &Entry| {
        let rules = rules.as_ref().filter(|_| layout::is_published(&entry.path));
        key(store.key()?, entry, rules, limits.inspected_bytes)
    };
    let (mut unknown, mut unseen) = (Vec::new(), Vec::new());
    for entry in data {
        let Some(Remembered { digest, form, content: found }) =
            name(&entry).and_then(|n| recall.get(&n))
        else {
            unknown.push(entry);
            continue;
        };
        pass.known(&entry);
        content.extend(found.map(|found| (entry.path.clone(), found)));
        objects.insert(entry.path.clone(), object(&entry, digest, form));
        if form.is_none() && layout::is_published_data(&entry.path) {
            unseen.push(entry);
        }
    }
    let read = pass.read(unknown, rules.as_ref(), |done| {
        let Done { entry, digest, form, content: found, .. } = done;
        let form = layout::is_published_data(&entry.path).then_some(form);
        if let Some(name) = name(&entry) {
            recall.digests.put(name, Remembered { digest, form, content: found.clone() });
        }
        content.extend(found.map(|found| (entry.path.clone(), found)));
        objects.insert(entry.path.clone(), object(&entry, digest, form));
    });
    read.await?;
    // Pods hash and judge nothing: what they vouch for is looked at here.
    let read = pass.peek(unseen, |entry, form| {
        let Some(object) = objects.get_mut(&entry.path) else { return };
        object.form = Some(form);
        if let Some(name) = name(entry) {
            let content = content.get(&entry.path).cloned();
            let digest = object.digest;
            recall.digests.put(name, Remembered { digest, form: Some(form), content });
        }
    });
    read.await?;
    pass.finish();
    Ok(assemble(requested, objects, bodies, content, published))
}

/// The digests of some of a workspace's objects, by path.
///
/// # Errors
/// If one cannot be read, or has another length than it was listed with.
pub async fn hash(
    store: &dyn WorkspaceReader,
    entries: Vec<Entry>,
    limits: &Limits,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<BTreeMap<String, Digest>, GatherError> {
    let mut pass = Pass::new(store, &entries, limits, progress);
    let mut digests = BTreeMap::new();
    let read = pass.read(entries, None, |done| {
        digests.insert(done.entry.path, done.digest);
    });
    read.await?;
    pass.finish();
    Ok(digests)
}

fn object(entry: &Entry, digest: Digest, form: Option<Form>) -> ObjectFact {
    let media_type = layout::media_type(&entry.path).to_owned();
    ObjectFact { digest, size: entry.size, media_type, form }
}

pub(super) fn check(entries: &[Entry], limits: &Limits) -> Result<(), GatherError> {
    if entries.is_empty() {
        return Err(GatherError::Empty);
    }
    if entries.len() > limits.objects {
        return Err(GatherError::TooManyObjects { limit: limits.objects });
    }
    let mut seen = BTreeSet::new();
    let mut documents = 0_u64;
    for Entry { path, size, .. } in entries {
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;

    use super::*;
    use crate::dataset::{DocumentState, ReadError, Reading};
    use crate::domain::Digest;

    /// Objects in memory, listed in the given order and read in pieces of three bytes.
    /// Stamped if the flag says so; counts what is read.
    struct Memory(Vec<(String, Vec<u8>)>, bool, AtomicUsize);

    #[async_trait]
    impl WorkspaceReader for Memory {
        async fn list(&self) -> Result<Vec<Entry>, ReadError> {
            let entry = |(path, bytes): &(String, Vec<u8>)| Entry {
                path: path.clone(),
                size: bytes.len() as u64,
                stamp: self.1.then(|| Digest::of(bytes).to_string()),
            };
            Ok(self.0.iter().map(entry).collect())
        }

        async fn read(&self, path: &str, mut into: Reading) -> Result<Reading, ReadError> {
            self.2.fetch_add(1, Ordering::Relaxed);
            let found = self.0.iter().find(|(p, _)| p == path);
            let (_, bytes) = found.ok_or_else(|| ReadError::new("gone", "no such object"))?;
            let grown = [&bytes[..], b"more"].concat();
            let bytes = if path.ends_with("grows") { &grown } else { bytes };
            for piece in bytes.chunks(3) {
                if path.ends_with("broken") {
                    return Err(ReadError::new("reading", "connection reset"));
                }
                if !into.take(piece) {
                    break;
                }
            }
            Ok(into)
        }

        fn key(&self) -> Option<&str> {
            Some("memory")
        }
    }

    fn memory(files: &[(&str, &str)]) -> Memory {
        let files = files.iter().map(|(p, b)| ((*p).to_owned(), b.as_bytes().to_vec()));
        Memory(files.collect(), true, AtomicUsize::new(0))
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
        let Progress { objects, objects_total, bytes, bytes_total, .. } = *seen.lock().unwrap();
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

    #[tokio::test]
    async fn what_published_bytes_are_is_seen_whoever_hashed_them() {
        let long = format!("id\n{}", "1\n".repeat(4000));
        let files = [("processed/a.csv", &long[..]), ("processed/b.png", "{}"), ("raw/c", "x")];
        let store = memory(&files);
        let form = |facts: &Facts, path: &str| facts.objects[path].form;
        let seen = |facts: &Facts| {
            assert_eq!(form(facts, "processed/a.csv"), Some(Form::Text));
            assert_eq!(form(facts, "processed/b.png"), Some(Form::Json));
            assert_eq!(form(facts, "raw/c"), None, "it stays behind");
        };
        let alone = read(&store, &Limits::default()).await.unwrap();
        seen(&alone);
        // Pods tell the digests alone; the heads are read once.
        let digests = Digests::default();
        let entries = store.list().await.unwrap();
        let limits = Limits::default();
        for (round, reads) in [5, 5].into_iter().enumerate() {
            for entry in &entries {
                digests.vouch("memory", entry, alone.objects[&entry.path].digest);
            }
            let recall = Recall { digests: &digests, believe: true };
            let facts = gather_knowing(&store, recall, requested(), None, &limits, &|_| {});
            let facts = facts.await.unwrap();
            seen(&facts);
            assert_eq!(serde_json::json!(facts), serde_json::json!(alone));
            assert_eq!(store.2.load(Ordering::Relaxed), reads, "round {round}");
        }
        // What is longer or gone by now is another object, whoever vouched for it.
        for path in ["processed/grows", "processed/broken"] {
            let store = memory(&[(path, "bytes")]);
            let entries = store.list().await.unwrap();
            digests.vouch("memory", &entries[0], Digest::of(b"bytes"));
            let recall = Recall { digests: &digests, believe: true };
            let facts = gather_knowing(&store, recall, requested(), None, &limits, &|_| {}).await;
            assert!(facts.is_err(), "{path}");
        }
    }

    #[tokio::test]
    async fn what_nobody_touched_is_not_read_again() {
        let data = [("raw/a", "1"), ("raw/b", "22"), ("processed/c.csv", "lat\n1.55\n")];
        let spec = ("spec.json", "{}");
        let plan = r#"{"method":"generalization","parameters":{"cell_degrees":0.1}}"#;
        let dataset = r#"{"policy_label":"sensitive_location","redaction_plan":"work/p.json"}"#;
        let digests = Digests::default();
        let look = async |files: &[(&str, &str)], stamped, believe| {
            let mut store = memory(files);
            store.1 = stamped;
            let limits = Limits::default();
            let facts = gather_knowing(
                &store,
                Recall { digests: &digests, believe },
                requested(),
                None,
                &limits,
                &|_| {},
            );
            (facts.await.unwrap(), store.2.load(Ordering::Relaxed))
        };
        let files = [&data[..], &[spec]].concat();
        let (first, reads) = look(&files, true, true).await;
        assert_eq!(reads, 4);
        let (second, reads) = look(&files, true, true).await;
        assert_eq!(reads, 1, "the document");
        assert_eq!(serde_json::json!(first), serde_json::json!(second));
        let changed = [&data[..2], &[("processed/c.csv", "lat\n1.56\n"), spec]].concat();
        let (third, reads) = look(&changed, true, true).await;
        assert_eq!(reads, 2, "the document and what has another stamp");
        assert_ne!(first.objects["processed/c.csv"], third.objects["processed/c.csv"]);
        assert_eq!(look(&files, false, true).await.1, 4, "without stamps all is read");
        assert_eq!(look(&files, true, false).await.1, 4, "what is remembered is not believed");
        // A plan that appears looks for what nobody has looked for yet, in what is published.
        let sensitive = [&files[..], &[("work/p.json", plan), ("dataset.json", dataset)]].concat();
        let (fourth, reads) = look(&sensitive, true, true).await;
        assert_eq!((reads, fourth.content["processed/c.csv"].too_fine.count), (4, 1));
        let (fifth, reads) = look(&sensitive, true, true).await;
        assert_eq!((reads, fifth.content), (3, fourth.content), "findings are remembered");
    }
}
