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

/// Who writes these reports.
const AUTHOR: &str = "lazaret receipt";

/// Whether a report is one of these and says no: another run may then have another.
pub(super) fn is_own_failure(report: &Value) -> bool {
    report["written_by"] == AUTHOR && report["status"] != "pass"
}

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
        "written_by": AUTHOR,
        "created_at": now.to_string(),
        "checks": checks,
    }))
}

/// What does not hold, a sentence each.
pub(super) fn failures(report: &Value) -> Vec<String> {
    let checks = report["checks"].as_array().into_iter().flatten();
    let failed = checks.filter(|check| check["status"] != "pass");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    failed.map(|check| format!("{}: {}", text(&check["path"]), text(&check["message"]))).collect()
}

/// Every row has as many fields as the first (RFC 4180, with whatever separates the first).
fn table(bytes: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(bytes).map_err(|e| format!("not UTF-8: {e}"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let header = text.lines().next().unwrap_or_default();
    let count = |separator: &char| header.matches(*separator).count();
    let separator = ['\t', ';', ','].into_iter().max_by_key(count).unwrap_or(',');
    let (mut row, mut fields, mut expected) = (1_u64, 1_u64, None);
    let (mut quoted, mut empty) = (false, true);
    // What is before the next character: nothing of a field, or a quotation mark that closed one.
    let mut may_open = true;
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
            '\r' => continue,
            '"' if quoted || may_open => {
                may_open = quoted;
                quoted = !quoted;
            }
            '\n' => {
                if !quoted {
                    ended(fields, empty, row)?;
                    (fields, empty, may_open) = (1, true, true);
                }
                row += 1;
                continue;
            }
            c if c == separator && !quoted => {
                fields += 1;
                may_open = true;
            }
            _ => may_open = false,
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
        for good in [
            "a,b\n1,2\n",
            "a\r\n1\r\n\r\n",
            "a,b\n\"1,\n2\",3\n",
            "a,\"b\"\"\",c\n1,,",
            "\u{feff}a;b\n1;2\n2;3,5\n",
            "a\tb\n1,2\t\"3\t4\"\n",
            "a,b\n5\" disk,1\n\"\",\"\"\"\"\n",
        ] {
            assert_eq!(table(good.as_bytes()), Ok(()), "{good}");
        }
        for (bad, part) in [
            ("a;b\n1\n", "line 2"),
            ("a,b\n1\n", "line 2"),
            ("a\n\"\n", "never closed"),
            ("a,b\n\n1,2,3", "line 3"),
        ] {
            assert!(table(bad.as_bytes()).unwrap_err().contains(part), "{bad}");
        }
        assert!(table(b"\xff").is_err());
    }
}
