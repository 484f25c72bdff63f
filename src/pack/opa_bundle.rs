//! A pack in OPA's own bundle layout, so that a stock OPA can poll it: `.manifest` with the pack's
//! digest as revision, one `data.json`, the Rego files as they are, tests included. The same pack
//! always gives the same bytes.
//!
//! The roots are the first components of the pack's packages and documents, so that a bundle leaves
//! room for others in one OPA.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use flate2::{Compression, GzBuilder};
use serde_json::{Map, Value, json};

use super::archive::{ArchiveLimits, read_archive};
use super::archive_error::ArchiveError;
use super::documents::{Allowance, Unmounted, merge, mounted_within};
use super::tar::{BLOCK, header};
use crate::domain::Digest;

/// Media type of a bundle, which also tells OPA that it may poll long.
pub const OPA_BUNDLE_MEDIA_TYPE: &str = "application/vnd.openpolicyagent.bundles";

/// Why a pack has no form as an OPA bundle.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum OpaBundleError {
    /// The tar is no pack.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A Rego file does not begin with its package.
    #[error("{file}: no package clause at its beginning")]
    Package {
        /// The file.
        file: String,
    },
    /// A document cannot be read, or two give one member different values.
    #[error("{file}: {message}")]
    Data {
        /// The file.
        file: String,
        /// What is wrong.
        message: String,
    },
    /// The documents are more than a server builds into a bundle.
    #[error("{file}: {message}, which is more than an OPA bundle is built of")]
    TooLarge {
        /// The file that is one too many.
        file: String,
        /// What there is too much of.
        message: String,
    },
    /// A name is too long for the archive.
    #[error("{file}: the name does not fit into a tar")]
    Name {
        /// The file.
        file: String,
    },
}

impl OpaBundleError {
    /// A short CamelCase name for conditions.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Archive(error) => error.reason(),
            Self::Package { .. } => "PackageMissing",
            Self::Data { .. } => "DataInvalid",
            Self::TooLarge { .. } => "OpaBundleTooLarge",
            Self::Name { .. } => "NameTooLong",
        }
    }
}

/// One bundle is built at a time, so that the memory of several does not add up.
static ONE: Mutex<()> = Mutex::new(());

/// Makes the bundle, gzipped. Blocks while another is made.
///
/// # Errors
/// If the pack has no such form.
pub(super) fn opa_bundle(tar: &Bytes, revision: Digest) -> Result<Bytes, OpaBundleError> {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut allowance = Allowance::default();
    let files = read_archive(tar, &ArchiveLimits::default())?;
    let mut data = Map::new();
    let mut roots = BTreeSet::new();
    for (file, bytes) in files.iter() {
        let invalid = |message: String| OpaBundleError::Data { file: file.to_owned(), message };
        let members = mounted_within(file, bytes, &mut allowance).map_err(|error| match error {
            Unmounted::TooLarge(message) => {
                OpaBundleError::TooLarge { file: file.to_owned(), message }
            }
            Unmounted::Invalid(message) => invalid(message),
        })?;
        if let Some(members) = members {
            merge(&mut data, members).map_err(|place| {
                invalid(format!("data.{place} has another value in another file"))
            })?;
        } else if file.starts_with("opa/") {
            let root = first_of_package(bytes)
                .ok_or_else(|| OpaBundleError::Package { file: file.to_owned() })?;
            roots.insert(root);
        }
    }
    roots.extend(data.keys().cloned());
    // OPA reads a slash in a root as a path, and such a name has no other spelling.
    if roots.iter().any(|root| root.is_empty() || root.contains('/')) {
        roots = BTreeSet::from([String::new()]);
    }
    let manifest = json!({ "revision": revision.to_string(), "roots": roots, "rego_version": 1 });
    let mut out = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    let mut add = |name: &str, bytes: &[u8]| {
        let size = bytes.len();
        let head = header(name, size as u64)
            .ok_or_else(|| OpaBundleError::Name { file: name.to_owned() })?;
        // Writing into a vector does not fail.
        let _ = out.write_all(&head);
        let _ = out.write_all(bytes);
        let _ = out.write_all(&[0; BLOCK][..size.next_multiple_of(BLOCK) - size]);
        Ok::<_, OpaBundleError>(())
    };
    add(".manifest", manifest.to_string().as_bytes())?;
    add("data.json", Value::Object(data).to_string().as_bytes())?;
    for (file, bytes) in files.iter().filter(|(file, _)| file.starts_with("opa/")) {
        add(file, bytes)?;
    }
    let _ = out.write_all(&[0; 2 * BLOCK]);
    Ok(out.finish().unwrap_or_default().into())
}

/// The first component of the package that a Rego file declares. What stands before it can only be
/// space and comments.
fn first_of_package(rego: &[u8]) -> Option<String> {
    let mut rest = skip(std::str::from_utf8(rego).ok()?);
    let after = rest.strip_prefix("package")?;
    rest = skip(after);
    if rest.len() == after.len() {
        return None;
    }
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    let name = &rest[..end];
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts.then(|| name.to_owned())
}

fn skip(mut text: &str) -> &str {
    loop {
        text = text.trim_start();
        let Some(comment) = text.strip_prefix('#') else { return text };
        text = comment.find('\n').map_or("", |end| &comment[end..]);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use crate::pack::tar::parse;

    fn tar(files: &[(&str, &str)]) -> Bytes {
        let mut tar = Vec::new();
        for (name, text) in files {
            tar.extend(header(name, text.len() as u64).unwrap());
            tar.extend(text.as_bytes());
            tar.resize(tar.len().next_multiple_of(BLOCK), 0);
        }
        tar.resize(tar.len() + 2 * BLOCK, 0);
        tar.into()
    }

    fn made(files: &[(&str, &str)]) -> Result<Vec<(String, String)>, OpaBundleError> {
        let tar = tar(files);
        let bundle = opa_bundle(&tar, Digest::of(&tar))?;
        assert_eq!(opa_bundle(&tar, Digest::of(&tar))?, bundle, "a bundle repeats");
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(bundle.as_ref()).read_to_end(&mut plain).unwrap();
        let mut found = Vec::new();
        let mut rest = plain.as_slice();
        while let Some(head) = rest.first_chunk::<BLOCK>().filter(|b| b.iter().any(|b| *b != 0)) {
            let head = parse(head).unwrap();
            let size = usize::try_from(head.size).unwrap();
            let text = String::from_utf8(rest[BLOCK..BLOCK + size].to_vec()).unwrap();
            found.push((String::from_utf8(head.name).unwrap(), text));
            rest = &rest[BLOCK + size.next_multiple_of(BLOCK)..];
        }
        assert_eq!(rest.len(), 2 * BLOCK);
        Ok(found)
    }

    #[test]
    fn rules_go_as_they_are_and_data_becomes_one_document() {
        let found = made(&[
            ("README.md", "no part of it"),
            ("data/a/x.json", r#"{"one": 1, "both": {"l": 1}}"#),
            ("data/a/y.yaml", "two: 2\nboth: {r: 2, l: 1}\n"),
            ("data/top.json", r#"{"limits": [1.5]}"#),
            ("opa/r.rego", "# a\n\n  # b\npackage lazaret.gates.a\n"),
            ("opa/r_test.rego", "package lazaret_test\n"),
            ("signing/README.md", "nor this"),
        ])
        .unwrap();
        let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, [".manifest", "data.json", "opa/r.rego", "opa/r_test.rego"]);
        let json = |at: usize| serde_json::from_str::<Value>(&found[at].1).unwrap();
        assert_eq!(
            json(1),
            json!({"a": {"one": 1, "two": 2, "both": {"l": 1, "r": 2}}, "limits": [1.5]})
        );
        assert_eq!(json(0)["roots"], json!(["a", "lazaret", "lazaret_test", "limits"]));
        assert!(json(0)["revision"].as_str().unwrap().starts_with("sha256:"));
        assert!(found[2].1.starts_with("# a\n"));
    }

    #[test]
    fn what_has_no_such_form_says_why() {
        let rego = ("opa/r.rego", "package x");
        let cases: [(&[(&str, &str)], &str); 4] = [
            (&[("opa/r.rego", "import rego.v1\npackage x")], "PackageMissing"),
            (&[rego, ("data/a.json", "[1]")], "DataInvalid"),
            (
                &[rego, ("data/a.json", r#"{"k": 1}"#), ("data/b.json", r#"{"k": 2}"#)],
                "DataInvalid",
            ),
            (&[("bin/sh", "")], "UnknownFile"),
        ];
        for (files, reason) in cases {
            assert_eq!(made(files).unwrap_err().reason(), reason, "{files:?}");
        }
    }

    #[test]
    fn what_would_take_much_memory_is_not_built() {
        let array = |count: usize| vec!["0"; count].join(",");
        let json = |count| format!(r#"{{"k": [{}]}}"#, array(count));
        let half = format!(r#"{{"k": "{}"}}"#, "x".repeat(5 << 20));
        let text = "x".repeat(100_000);
        let cases: [Vec<(&str, String)>; 5] = [
            vec![("data/a.json", json(300_000))],
            // Each alone is allowed.
            vec![("data/a.json", json(150_000)), ("data/b/b.json", json(150_000))],
            vec![("data/a.json", half.clone()), ("data/b/b.json", half)],
            vec![("data/a.yaml", format!("k: [{}]\n", array(600_000)))],
            // Small as it is, it would be 100 MB.
            vec![("data/a.yaml", format!("a: &a {text}\nk: [{}]\n", vec!["*a"; 1000].join(",")))],
        ];
        for files in cases {
            let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
            let error = made(&files).unwrap_err();
            assert_eq!(error.reason(), "OpaBundleTooLarge", "{error}");
        }
        let fits = json(150_000);
        made(&[("data/a.json", &fits)]).unwrap();
    }

    #[test]
    fn a_name_that_no_root_can_spell_takes_everything() {
        let found = made(&[("opa/r.rego", "package x"), ("data/a.json", r#"{"a/b": 1}"#)]).unwrap();
        assert!(found[0].1.contains(r#""roots":[""]"#), "{}", found[0].1);
    }

    #[test]
    fn packages_are_read_as_rego_reads_them() {
        let cases = [
            ("package a.b", Some("a")),
            ("package a[\"b.c\"].d", Some("a")),
            ("\n\t# x\n package # y\n z9_", Some("z9_")),
            ("packagea", None),
            ("package", None),
            ("package 9a", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(first_of_package(text.as_bytes()).as_deref(), expected, "{text:?}");
        }
        assert_eq!(first_of_package(b"package \xff"), None);
    }
}
