//! A workspace in a directory, for the commands that write into it.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::exit::Failure;
use super::settings::{read, store};
use crate::dataset::{self, Facts, Limits, Requested, StoreReader};
use crate::domain::parse_i_json;

/// Only what lies in a directory is written to: objects of a store are replaced by whoever wrote them.
pub(super) fn folder(workspace: &str) -> Result<PathBuf, Failure> {
    match workspace.strip_prefix("file://") {
        Some(path) => Ok(path.into()),
        None if !workspace.contains("://") => Ok(workspace.into()),
        None => Err(Failure::usage(format!("{workspace}: the workspace must be a directory"))),
    }
}

/// A JSON document of the workspace.
pub(super) fn document(folder: &Path, name: &str) -> Result<Value, Failure> {
    let path = folder.join(name);
    let bytes = read(&path)?;
    parse_i_json(&bytes).map_err(|e| Failure::denied(format!("{}: {e}", path.display())))
}

/// What the workspace's dataset.json says that it is.
pub(super) fn own_name(folder: &Path) -> Result<(String, String), Failure> {
    let dataset = document(folder, "dataset.json")?;
    let text = |name: &str| {
        let text = dataset.get(name).and_then(Value::as_str).map(str::to_owned);
        text.ok_or_else(|| Failure::denied(format!("dataset.json has no {name}")))
    };
    Ok((text("dataset_slug")?, text("dataset_version_id")?))
}

/// Reads the workspace as what it calls itself.
pub(super) async fn gather(folder: &Path) -> Result<Facts, Failure> {
    let (dataset_slug, dataset_version_id) = own_name(folder)?;
    let requested =
        Requested { dataset_slug, dataset_version_id, intended_use: "publication".to_owned() };
    let limits = Limits::default();
    let reader = StoreReader::new(store(&folder.display().to_string())?, limits.objects);
    dataset::gather(&reader, requested, None, &limits, &|_| {})
        .await
        .map_err(|error| Failure::undecided(error.to_string()))
}

/// Writes a file that must not be there yet.
pub(super) fn create(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error| Failure::undecided(format!("{}: {error}", path.display()));
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    if path.exists() {
        return Err(Failure::denied(format!(
            "{} is there, and is not written over",
            path.display()
        )));
    }
    write(path, bytes)
}

/// Writes a file whole or not at all: readers see the old one or the new one. One that was there
/// keeps its permissions.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::undecided(format!("{}: {error}", path.display()));
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let put = || {
        let mut file = File::options().write(true).create_new(true).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        if let Ok(before) = std::fs::metadata(path) {
            std::fs::set_permissions(&beside, before.permissions())?;
        }
        std::fs::rename(&beside, path)
    };
    put().map_err(|error| {
        // What matters is the first error.
        let _ = std::fs::remove_file(&beside);
        failed(error)
    })
}
