//! One workspace, one plan: whatever the order in which a store lists it, and however its spec is
//! written down.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use bytes::Bytes;
use lazaret::dataset::{Entry, Limits, ReadError, Reading, Requested, WorkspaceReader, gather};
use lazaret::domain::{Digest, SpecHash};
use lazaret::gates::judge;
use lazaret::pack::{
    Authority, FetchedPack, PublicKey, build, generate_key_pair, sign_blob, verify,
};
use lazaret::policy::{self, CompiledPack, compile};
use lazaret::promotion::Plan;
use proptest::prelude::*;
use serde_json::Value;

/// A workspace in memory that lists itself in any order.
struct Memory {
    files: Arc<BTreeMap<String, Bytes>>,
    order: Vec<String>,
}

#[async_trait]
impl WorkspaceReader for Memory {
    async fn list(&self) -> Result<Vec<Entry>, ReadError> {
        let entry = |path: &String| Entry {
            path: path.clone(),
            size: self.files[path].len() as u64,
            stamp: None,
        };
        Ok(self.order.iter().map(entry).collect())
    }

    async fn read(&self, path: &str, mut into: Reading) -> Result<Reading, ReadError> {
        into.take(&self.files[path]);
        Ok(into)
    }
}

static PACK: LazyLock<CompiledPack> = LazyLock::new(|| {
    let tar = build(Path::new("contracts/policy/default")).unwrap().tar;
    let keys = generate_key_pair().unwrap();
    let bundle = sign_blob(&tar, &keys.private).unwrap().into_bytes().into();
    let key = PublicKey::parse(&keys.public).unwrap();
    let fetched = FetchedPack { tar, bundle: Some(bundle), ..FetchedPack::default() };
    let verified = verify(fetched, None, &[Authority::Key { key, log_root: None }]).unwrap();
    compile(&verified, &policy::Limits::default()).unwrap()
});

static FILES: LazyLock<BTreeMap<String, Bytes>> = LazyLock::new(|| {
    fn walk(root: &Path, dir: PathBuf, files: &mut BTreeMap<String, Bytes>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, path, files);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.insert(name, std::fs::read(path).unwrap().into());
            }
        }
    }
    let root = Path::new("examples/seattle-weather");
    let mut files = BTreeMap::new();
    walk(root, root.to_owned(), &mut files);
    files
});

fn plan(files: BTreeMap<String, Bytes>, order: Vec<String>) -> (Option<SpecHash>, Digest) {
    let requests: Value =
        serde_json::from_slice(&std::fs::read("examples/requests.json").unwrap()).unwrap();
    let text = |key: &str| requests["seattle-weather"][key].as_str().unwrap().to_owned();
    let requested = Requested {
        dataset_slug: text("dataset_slug"),
        dataset_version_id: text("dataset_version_id"),
        intended_use: text("intended_use"),
    };
    let reader = Memory { files: Arc::new(files), order };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let facts =
        runtime.block_on(gather(&reader, requested, None, &Limits::default(), &|_| {})).unwrap();
    let verdict = policy::evaluate(&PACK, "default", &facts.policy_input()).unwrap();
    let report = judge(&facts, &verdict, &[], "2026-11-21T00:00:00Z".parse().unwrap());
    assert!(report.passed(), "{report:#?}");
    (facts.spec_hash(), Plan::new(&facts, &verdict, &report).unwrap().digest())
}

/// The same JSON, with members backwards and with other white space.
fn rewritten(value: &Value, space: &str, backwards: bool, out: &mut String) {
    let list = |open: char, close: char, parts: Vec<String>, out: &mut String| {
        out.push(open);
        out.push_str(space);
        out.push_str(&parts.join(&format!("{space},{space}")));
        out.push(close);
    };
    match value {
        Value::Object(members) => {
            let mut parts: Vec<_> = members
                .iter()
                .map(|(name, member)| {
                    let mut part = format!("{}{space}:{space}", Value::from(name.as_str()));
                    rewritten(member, space, backwards, &mut part);
                    part
                })
                .collect();
            if backwards {
                parts.reverse();
            }
            list('{', '}', parts, out);
        }
        Value::Array(items) => {
            let parts = items.iter().map(|item| {
                let mut part = String::new();
                rewritten(item, space, backwards, &mut part);
                part
            });
            list('[', ']', parts.collect(), out);
        }
        other => out.push_str(&other.to_string()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn order_and_white_space_make_no_other_plan(
        order in Just(FILES.keys().cloned().collect::<Vec<_>>()).prop_shuffle(),
        space in "[ \t\r\n]{0,3}",
        backwards in any::<bool>(),
    ) {
        let expected = plan(FILES.clone(), FILES.keys().cloned().collect());
        let mut files = FILES.clone();
        let spec: Value = serde_json::from_slice(&files["spec.json"]).unwrap();
        let mut text = String::new();
        rewritten(&spec, &space, backwards, &mut text);
        files.insert("spec.json".into(), text.into());
        prop_assert_eq!(plan(files, order), expected);
    }

    #[test]
    fn one_changed_byte_of_data_makes_another_plan(at in 0..100_usize) {
        let expected = plan(FILES.clone(), FILES.keys().cloned().collect());
        let mut files = FILES.clone();
        let mut bytes = files["dataset.json"].to_vec();
        bytes.extend(std::iter::repeat_n(b' ', at + 1));
        files.insert("dataset.json".into(), bytes.into());
        let (hash, digest) = plan(files, FILES.keys().cloned().collect());
        prop_assert_eq!(hash, expected.0);
        prop_assert_ne!(digest, expected.1);
    }
}
