//! The examples: copied to be changed, and the version that the first of them has.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// The dataset that most tests promote.
pub const SLUG: &str = "seattle-weather";

/// Its version's id: the hash of its spec.
pub fn version() -> String {
    let requests: Value =
        serde_json::from_slice(&fs::read("examples/requests.json").unwrap()).unwrap();
    requests[SLUG]["dataset_version_id"].as_str().unwrap().to_owned()
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}
