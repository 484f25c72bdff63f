//! Lazaret: operator and command line in one binary.
fn main() {}
