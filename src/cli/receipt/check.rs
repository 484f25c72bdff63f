//! What Lazaret itself can check of a run's outputs, as a QA report: little, and true.

use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cli::exit::Failure;
use crate::cli::settings::read;
use crate::dataset::media_type;
use crate::domain::parse_i_json;

/// Larger files are only seen to be there.
const MAX_LOOK: u64 = 256 << 20;

/// The report on some outputs of a run.
pub(super) fn outputs(
    folder: &Path,
    paths: &[String],
    version: &str,
    now: Timestamp,
) -> Result<Value, Failure> {
    let mut checks = Vec::new();
    let mut say = |name: String, path: &str, outcome: Result<(), String>| {
        let status = if outcome.is_ok() { "pass" } else { "fail" };
        let message = outcome.err().unwrap_or_default();
        checks.push(json!({ "name": name, "path": path, "status": status, "message": message }));
    };
    for path in paths {
        let file = folder.join(path);
        let size = std::fs::metadata(&file).map_or(0, |metadata| metadata.len());
        let some = if size == 0 { Err("it has no bytes".to_owned()) } else { Ok(()) };
        say("is there and not empty".into(), path, some);
        let kind = media_type(path);
        if size == 0 || size > MAX_LOOK {
            continue;
        }
        match kind {
            "text/csv" => say("is a table of even rows".into(), path, table(&read(&file)?)),
            "application/json" | "application/geo+json" | "application/ld+json" => {
                let parsed = parse_i_json(&read(&file)?).map(drop).map_err(|e| e.to_string());
                say("is JSON".into(), path, parsed);
            }
            _ => {}
        }
    }
    let passed = checks.iter().all(|check| check["status"] == "pass");
    Ok(json!({
        "status": if passed { "pass" } else { "fail" },
        "dataset_version_id": version,
        "created_at": now.to_string(),
        "checks": checks,
    }))
}

/// Every row has as many fields as the first (RFC 4180).
fn table(bytes: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(bytes).map_err(|e| format!("not UTF-8: {e}"))?;
    let (mut row, mut fields, mut expected) = (1_u64, 1_u64, None);
    let (mut quoted, mut empty) = (false, true);
    let mut ended = |fields: u64, empty: bool, row: u64| match expected {
        _ if empty && fields == 1 => Ok(()),
        None => {
            expected = Some(fields);
            Ok(())
        }
        Some(expected) if expected == fields => Ok(()),
        Some(expected) => Err(format!("line {row} has {fields} fields, the first {expected}")),
    };
    for character in text.chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => fields += 1,
            '\n' => {
                if !quoted {
                    ended(fields, empty, row)?;
                    (fields, empty) = (1, true);
                }
                row += 1;
                continue;
            }
            '\r' => continue,
            _ => {}
        }
        empty = false;
    }
    if quoted {
        return Err("a quotation mark is never closed".to_owned());
    }
    ended(fields, empty, row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables() {
        for good in ["a,b\n1,2\n", "a\r\n1\r\n\r\n", "a,b\n\"1,\n2\",3\n", "a,\"b\"\"\",c\n1,,"] {
            assert_eq!(table(good.as_bytes()), Ok(()), "{good}");
        }
        for (bad, part) in
            [("a,b\n1\n", "line 2"), ("a\n\"\n", "never closed"), ("a,b\n\n1,2,3", "line 3")]
        {
            assert!(table(bad.as_bytes()).unwrap_err().contains(part), "{bad}");
        }
        assert!(table(b"\xff").is_err());
    }
}
