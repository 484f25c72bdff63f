//! Tells the program which commit it was built from; receipts record it.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=LAZARET_GIT_COMMIT");
    println!("cargo:rerun-if-changed=.git/logs/HEAD");
    println!("cargo:rerun-if-changed=build.rs");
    let given = std::env::var("LAZARET_GIT_COMMIT").ok();
    let asked = || {
        let output = Command::new("git").args(["rev-parse", "HEAD"]).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    // A source archive has no commit; forty zeros say so in git's own way.
    let commit = given.or_else(asked).unwrap_or_else(|| "0".repeat(40));
    println!("cargo:rustc-env=LAZARET_GIT_COMMIT={commit}");
}
