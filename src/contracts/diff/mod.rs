//! Semantic comparison of JSON Schemas.
mod bundle;
mod flat;
mod keywords;
mod language;
mod number;
mod pointer;
mod prove;
mod samples;
mod universe;

#[cfg(test)]
mod soundness_tests;
