//! The file that remembers digests between runs. It saves work and nothing else: without it, or if
//! it cannot be read or written, everything is hashed.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::dataset::Digests;

pub(super) fn load(path: Option<&Path>) -> Digests {
    let Some(path) = path else { return Digests::default() };
    let loaded = File::open(path).and_then(|file| Digests::load(BufReader::new(file)));
    loaded.unwrap_or_else(|error| {
        if error.kind() != io::ErrorKind::NotFound {
            eprintln!("lazaret: {}: {error}; everything is hashed", path.display());
        }
        Digests::default()
    })
}

/// Replaces the file whole, so that a run beside this one reads the old or the new.
pub(super) fn save(path: Option<&Path>, digests: &Digests) {
    let Some(path) = path else { return };
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    let new = Path::new(&name);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(new)
        .and_then(|file| digests.save(BufWriter::new(file)))
        .and_then(|()| std::fs::rename(new, path));
    if let Err(error) = written {
        let _ = std::fs::remove_file(new);
        eprintln!("lazaret: {}: {error}; digests are not remembered", path.display());
    }
}
