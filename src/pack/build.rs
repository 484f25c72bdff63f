//! Builds a pack from a directory: the same bytes on every machine, and the same that
//! `tar --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mtime=@0
//! --mode=u=rw,go=r,a+X -cf pack.tar opa data README.md signing` writes.
//!
//! Bundles below `signing/` stay outside: a signature cannot cover itself.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde_json::json;

use super::archive::{ArchiveLimits, read_archive};
use super::archive_error::ArchiveError;
use super::tar::{BLOCK, RECORD, header};
use crate::domain::Digest;

/// What a pack is made of, in this order.
const ROOTS: [&str; 4] = ["opa", "data", "README.md", "signing"];

/// A built pack.
#[derive(Clone, Debug)]
pub struct BuiltPack {
    /// The tar.
    pub tar: Bytes,
    /// Its digest.
    pub digest: Digest,
    /// The manifest that lies beside it.
    pub manifest_json: String,
}

/// Why a directory makes no pack.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The directory has no `opa/`.
    #[error("{} has no opa/ directory: a pack needs at least one Rego file", .0.display())]
    NoPolicy(PathBuf),
    /// A file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A link or a device lies in the directory.
    #[error("{} is neither a file nor a directory; a pack holds no links", .0.display())]
    NotPlain(PathBuf),
    /// A name that is not UTF-8 or too long for ustar.
    #[error("the name {} does not fit a ustar header", .0.display())]
    Name(PathBuf),
    /// What was built would be refused by the reader.
    #[error("no valid pack: {0}")]
    Archive(#[from] ArchiveError),
}

/// Builds a pack from `dir`.
///
/// # Errors
/// If something cannot be read or would be refused when the pack is loaded.
pub fn build(dir: &Path) -> Result<BuiltPack, BuildError> {
    if !dir.join("opa").is_dir() {
        return Err(BuildError::NoPolicy(dir.to_owned()));
    }
    let mut tar = Vec::new();
    for root in ROOTS {
        let path = dir.join(root);
        match path.symlink_metadata() {
            Ok(_) => add(&mut tar, &path, root)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(BuildError::Io { path, source }),
        }
    }
    tar.resize((tar.len() + 2 * BLOCK).next_multiple_of(RECORD), 0);
    let tar = Bytes::from(tar);
    let files = read_archive(&tar, &ArchiveLimits::default())?;
    let digest = Digest::of(&tar);
    let listed: Vec<_> = files
        .iter()
        .map(|(path, bytes)| json!({"path": path, "sha256": Digest::of(bytes).hex(), "size": bytes.len()}))
        .collect();
    let manifest = json!({"manifest": {
        "digest": {"algorithm": "sha256", "value": digest.hex()},
        "files": listed,
    }});
    Ok(BuiltPack { tar, digest, manifest_json: format!("{manifest:#}\n") })
}

fn add(tar: &mut Vec<u8>, path: &Path, name: &str) -> Result<(), BuildError> {
    let io = |source| BuildError::Io { path: path.to_owned(), source };
    let kind = path.symlink_metadata().map_err(io)?.file_type();
    if kind.is_file() {
        let bytes = std::fs::read(path).map_err(io)?;
        tar.extend(header(name, bytes.len() as u64).ok_or_else(|| BuildError::Name(path.into()))?);
        tar.extend_from_slice(&bytes);
        tar.resize(tar.len().next_multiple_of(BLOCK), 0);
        return Ok(());
    }
    if !kind.is_dir() {
        return Err(BuildError::NotPlain(path.to_owned()));
    }
    tar.extend(header(&format!("{name}/"), 0).ok_or_else(|| BuildError::Name(path.into()))?);
    let mut children: Vec<OsString> = Vec::new();
    for child in std::fs::read_dir(path).map_err(io)? {
        children.push(child.map_err(io)?.file_name());
    }
    children.sort_by(|a, b| a.as_encoded_bytes().cmp(b.as_encoded_bytes()));
    for child in children {
        let text = child.to_str().ok_or_else(|| BuildError::Name(path.join(&child)))?;
        let is_bundle = text.ends_with(".bundle.json") || text.ends_with(".sigstore.json");
        if !(name == "signing" && is_bundle) {
            add(tar, &path.join(&child), &format!("{name}/{text}"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn write(dir: &Path, name: &str, text: &str) {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn sample(dir: &Path) {
        write(dir, "opa/gates/b.rego", "package lazaret.gates.b\n");
        write(dir, "opa/gates.rego", "package x\n");
        write(dir, "opa/gates-2.rego", "package y\n");
        write(dir, "opa/Z.rego", "package z\n");
        write(dir, "data/licenses.json", "{}");
        let long = "a".repeat(70);
        write(dir, &format!("data/{long}/{long}.json"), "{}");
        write(dir, "README.md", "# Pack\n");
        write(dir, "signing/README.md", "keys\n");
        write(dir, "ignored.txt", "not packed");
    }

    /// What GNU tar makes with the flags in the module's documentation; `None` where tar is another.
    fn gnu_tar(dir: &Path) -> Option<Vec<u8>> {
        let args = "--sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mtime=@0 \
                    --mode=u=rw,go=r,a+X -cf - opa data README.md signing";
        let version = Command::new("tar").arg("--version").output().ok()?;
        if !String::from_utf8_lossy(&version.stdout).contains("GNU tar") {
            return None;
        }
        let args = args.split(' ').filter(|a| !a.is_empty());
        // Its order is that of bytes only where nothing else is asked for.
        let out = Command::new("tar").current_dir(dir).args(args).env("LC_ALL", "C").output();
        let out = out.unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        Some(out.stdout)
    }

    #[test]
    fn same_bytes_as_gnu_tar() {
        let dir = tempfile::tempdir().unwrap();
        sample(dir.path());
        for name in ["data/\u{fc}ber/\u{65e5}\u{672c}.json", "data/e\u{301}.json", "opa/a b.rego"] {
            write(dir.path(), name, "{}");
        }
        for length in [96, 97, 99] {
            // Around the hundred bytes that a name's field holds.
            let path = dir.path().join("data").join("d".repeat(length - "data/".len()));
            std::fs::create_dir_all(path).unwrap();
        }
        std::fs::create_dir_all(dir.path().join("data/empty/inside")).unwrap();
        let long = format!("data/{}/{}/x.json", "p".repeat(70), "q".repeat(75));
        write(dir.path(), &long, "{}");
        write(dir.path(), "data/block.json", &"1".repeat(512));
        write(dir.path(), "data/none.json", "");
        let built = build(dir.path()).unwrap();
        if let Some(tar) = gnu_tar(dir.path()) {
            assert!(tar == built.tar, "{} and {} bytes", tar.len(), built.tar.len());
        }
    }

    #[cfg(unix)]
    #[test]
    fn neither_rights_nor_times_nor_the_order_of_creation_matter() {
        use std::os::unix::fs::PermissionsExt as _;
        let names: Vec<String> = (0..40).map(|n| format!("opa/d{}/{n}.rego", n % 7)).collect();
        let make = |order: &mut dyn Iterator<Item = &String>, file: u32, folder: u32, age: u64| {
            let dir = tempfile::tempdir().unwrap();
            for name in order {
                write(dir.path(), name, name);
            }
            let opa = dir.path().join("opa");
            let folders = std::fs::read_dir(&opa).unwrap().map(|e| e.unwrap().path());
            for path in folders.chain([opa.clone()]).collect::<Vec<_>>() {
                for child in std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()) {
                    if child.is_file() {
                        let handle = std::fs::File::options().write(true).open(&child).unwrap();
                        let then = std::time::UNIX_EPOCH + std::time::Duration::from_secs(age);
                        handle.set_modified(then).unwrap();
                        let mode = std::fs::Permissions::from_mode(file);
                        std::fs::set_permissions(&child, mode).unwrap();
                    }
                }
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(folder)).unwrap();
            }
            build(dir.path()).unwrap()
        };
        let first = make(&mut names.iter(), 0o644, 0o755, 0);
        let odd = || names.iter().skip(1).step_by(2);
        for (what, order, file, folder, age) in [
            ("umask 077", &mut names.iter() as &mut dyn Iterator<Item = &String>, 0o600, 0o700, 1),
            ("umask 000", &mut names.iter().rev(), 0o666, 0o777, 1_700_000_000),
            ("executable", &mut odd().chain(names.iter().step_by(2)), 0o755, 0o755, 1 << 33),
            ("set-group directories", &mut names.iter().rev(), 0o644, 0o2775, 7),
            ("sticky, set-user files", &mut names.iter(), 0o4755, 0o1777, 7),
        ] {
            let again = make(order, file, folder, age);
            assert!(again.tar == first.tar, "{what}");
            assert_eq!(again.manifest_json, first.manifest_json, "{what}");
        }
    }

    #[test]
    fn a_build_repeats_and_its_manifest_names_every_file() {
        let dir = tempfile::tempdir().unwrap();
        sample(dir.path());
        let first = build(dir.path()).unwrap();
        write(dir.path(), "signing/cosign.bundle.json", "{}");
        let second = build(dir.path()).unwrap();
        assert_eq!(first.digest, second.digest);
        let manifest: serde_json::Value = serde_json::from_str(&first.manifest_json).unwrap();
        assert_eq!(manifest["manifest"]["digest"]["value"], first.digest.hex());
        assert_eq!(manifest["manifest"]["digest"]["algorithm"], "sha256");
        let files = manifest["manifest"]["files"].as_array().unwrap();
        assert_eq!(files.len(), 8);
        assert_eq!(files[0]["path"], "README.md");
    }

    #[test]
    fn what_would_be_refused_is_not_built() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(build(dir.path()), Err(BuildError::NoPolicy(_))));
        write(dir.path(), "opa/a.rego", "");
        write(dir.path(), "opa/notes.txt", "");
        assert!(matches!(
            build(dir.path()),
            Err(BuildError::Archive(ArchiveError::UnknownFile { .. }))
        ));
        std::fs::remove_file(dir.path().join("opa/notes.txt")).unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("/etc/passwd", dir.path().join("opa/b.rego")).unwrap();
            assert!(matches!(build(dir.path()), Err(BuildError::NotPlain(_))));
        }
    }
}
