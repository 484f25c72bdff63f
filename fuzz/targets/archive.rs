//! Any bytes as a pack's tar.
#![no_main]

use bytes::Bytes;
use lazaret::pack::{ArchiveLimits, read_archive};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let limits = ArchiveLimits::default();
    let Ok(files) = read_archive(&Bytes::copy_from_slice(data), &limits) else { return };
    let mut bytes = 0;
    for (path, contents) in files.iter() {
        assert!(!path.starts_with('/') && path.split('/').all(|part| !matches!(part, "" | "." | "..")));
        assert!(path.len() <= limits.path && contents.len() <= limits.file);
        bytes += contents.len();
    }
    assert!(bytes <= data.len());
});
