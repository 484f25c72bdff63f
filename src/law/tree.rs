//! The files of one side, wherever they came from: a folder, a git revision, a freeze, an artifact.

use std::collections::BTreeMap;

use serde_json::Value;
use thiserror::Error;

use crate::domain::{Digest, parse_wide_json, yaml};

/// Files by their path below the folder of `contracts.yaml`, with `/` between names.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tree {
    files: BTreeMap<String, Vec<u8>>,
    bytes: usize,
}

/// Why a file is not taken in.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum TreeError {
    /// The path would leave the tree, or is written in more than one way.
    #[error("{0:?} is no path of a contract set: use relative paths with / and without . or ..")]
    Path(String),
    /// One file is too large.
    #[error("{path} has more than {most} bytes", most = Tree::MAX_FILE)]
    File {
        /// Which.
        path: String,
    },
    /// All together are too much.
    #[error("the set has more than {files} files or {bytes} bytes", files = Tree::MAX_FILES, bytes = Tree::MAX_BYTES)]
    Total,
}

impl Tree {
    /// Bytes of one file.
    pub const MAX_FILE: usize = 8 << 20;
    /// Bytes of all files.
    pub const MAX_BYTES: usize = 256 << 20;
    /// How many files.
    pub const MAX_FILES: usize = 50_000;
    /// Values of one YAML document.
    const MAX_NODES: usize = 500_000;

    /// Takes in a file; one that was there is replaced.
    ///
    /// # Errors
    /// If its path is not plain, or there is too much.
    pub fn insert(&mut self, path: &str, bytes: Vec<u8>) -> Result<(), TreeError> {
        let plain = |name: &str| !matches!(name, "" | "." | "..");
        if path.contains(['\\', '\0']) || !path.split('/').all(plain) {
            return Err(TreeError::Path(path.to_owned()));
        }
        if bytes.len() > Self::MAX_FILE {
            return Err(TreeError::File { path: path.to_owned() });
        }
        self.bytes += bytes.len();
        if let Some(old) = self.files.insert(path.to_owned(), bytes) {
            self.bytes -= old.len();
        }
        if self.bytes > Self::MAX_BYTES || self.files.len() > Self::MAX_FILES {
            return Err(TreeError::Total);
        }
        Ok(())
    }

    /// A file's bytes.
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// All files, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    /// The SHA-256 of a file.
    pub fn digest(&self, path: &str) -> Option<Digest> {
        self.get(path).map(Digest::of)
    }

    /// A file as one JSON or YAML document, by its extension.
    ///
    /// # Errors
    /// Why it is none, or that it is not there.
    pub fn document(&self, path: &str) -> Result<Value, String> {
        match self.documents(path)?.as_slice() {
            [one] => Ok(one.clone()),
            all => Err(format!("holds {} documents where one is expected", all.len())),
        }
    }

    /// A file as JSON, or as the documents of a YAML stream.
    ///
    /// # Errors
    /// Why it is none, or that it is not there.
    pub fn documents(&self, path: &str) -> Result<Vec<Value>, String> {
        let bytes = self.get(path).ok_or_else(|| "is not there".to_owned())?;
        match path.rsplit_once('.') {
            Some((_, "yaml" | "yml")) => yaml::documents(bytes, Self::MAX_NODES),
            _ => parse_wide_json(bytes).map(|value| vec![value]).map_err(|e| e.to_string()),
        }
    }
}
