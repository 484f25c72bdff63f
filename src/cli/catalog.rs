//! `lazaret catalog`: first DCAT, STAC and PROV records, and whatever they lack later on.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;

use super::exit::Failure;
use super::fix::patch;
use super::settings::read;
use super::workspace::{folder, gather, write};
use crate::dataset::layout::PROCESSED;
use crate::dataset::{Extent, Facts};
use crate::gates::draft::{Known, completed};
use crate::gates::mendable;

/// Larger files are not looked into for where they lie.
const MAX_LOOK: u64 = 64 << 20;

/// Writes catalog/ from dataset.json, the receipts and the processed files: DCAT, PROV and, if the
/// data is spatial, STAC.
///
/// What lies there stays: only what is missing is added, and only what bytes prove is set right.
#[derive(Args, Debug)]
pub(super) struct Catalog {
    /// The workspace, a directory.
    #[arg(value_name = "DIR", default_value = ".")]
    workspace: String,
    /// Where the data lies, in degrees [default: what GeoJSON and Parquet under processed/ say].
    #[arg(long, value_name = "WEST,SOUTH,EAST,NORTH", value_parser = bbox, allow_hyphen_values = true)]
    bbox: Option<Extent>,
    /// From when to when the data speaks, as RFC 3339/RFC 3339 [default: the period of the version id].
    #[arg(long, value_name = "START/END", value_parser = interval)]
    temporal: Option<(String, String)>,
    /// Shows what would be written and writes nothing.
    #[arg(long)]
    dry_run: bool,
}

fn bbox(text: &str) -> Result<Extent, String> {
    let numbers: Vec<f64> = text.split(',').map_while(|part| part.trim().parse().ok()).collect();
    let four: [f64; 4] =
        numbers.try_into().map_err(|_| "four numbers with commas between".to_owned())?;
    Extent::new(four).ok_or_else(|| "west, south, east, north in degrees".to_owned())
}

fn interval(text: &str) -> Result<(String, String), String> {
    let (start, end) = text.split_once('/').ok_or("START/END")?;
    let instant = |text: &str| text.parse::<jiff::Timestamp>().map_err(|e| e.to_string());
    if instant(start)? > instant(end)? {
        return Err("it ends before it starts".to_owned());
    }
    Ok((start.to_owned(), end.to_owned()))
}

pub(super) async fn catalog(arguments: Catalog) -> Result<ExitCode, Failure> {
    let folder = folder(&arguments.workspace)?;
    let facts = gather(&folder).await?;
    let texts = texts(&folder, &facts)?;
    let known = Known {
        extent: arguments.bbox.or_else(|| extent(&folder, &facts)),
        interval: arguments.temporal.or_else(|| period(&facts.requested.dataset_version_id)),
    };
    let mends = completed(&facts, &known, &texts, true);
    if arguments.dry_run {
        say!("{}", patch(&mends, &texts));
    } else {
        for mend in &mends.files {
            write(&folder.join(&mend.path), mend.text.as_bytes())?;
        }
    }
    for mend in &mends.files {
        for step in &mend.steps {
            sayln!("{}: {step}", mend.path);
        }
    }
    for left in &mends.left {
        sayln!("left alone: {left}");
    }
    match (mends.files.len(), arguments.dry_run) {
        (0, _) => sayln!("the catalogs lack nothing that could be added"),
        (_, true) => sayln!("dry run: nothing was written"),
        (count, false) => sayln!("{count} files written"),
    }
    Ok(ExitCode::SUCCESS)
}

/// The documents that may be changed, as they lie there. What is no UTF-8 is for a person.
pub(super) fn texts(folder: &Path, facts: &Facts) -> Result<BTreeMap<String, String>, Failure> {
    let mut texts = BTreeMap::new();
    for path in mendable(facts) {
        if let Ok(text) = String::from_utf8(read(&folder.join(&path))?) {
            texts.insert(path, text);
        }
    }
    Ok(texts)
}

/// The box around all processed files that say where they lie.
fn extent(folder: &Path, facts: &Facts) -> Option<Extent> {
    let all = facts.objects.iter().filter(|(path, _)| path.starts_with(PROCESSED));
    let boxes = all.filter(|(_, object)| object.size <= MAX_LOOK).filter_map(|(path, object)| {
        if !matches!(
            object.media_type.as_str(),
            "application/geo+json" | "application/vnd.apache.parquet"
        ) {
            return None;
        }
        Extent::of(&object.media_type, &std::fs::read(folder.join(path)).ok()?)
    });
    Extent::around(boxes)
}

/// From the first to the last second of the period that a version id begins with.
fn period(version: &str) -> Option<(String, String)> {
    let (period, _) = version.split_once('.')?;
    let mut parts = period.split('-').map(|part| part.parse::<i16>().ok());
    let year = parts.next()??;
    let (month, day) = (parts.next().flatten(), parts.next().flatten());
    let small = |n: i16| i8::try_from(n).ok();
    let first =
        jiff::civil::Date::new(year, small(month.unwrap_or(1))?, small(day.unwrap_or(1))?).ok()?;
    let last = match (month, day) {
        (None, _) => first.last_of_year(),
        (Some(_), None) => first.last_of_month(),
        (Some(_), Some(_)) => first,
    };
    Some((format!("{first}T00:00:00Z"), format!("{last}T23:59:59Z")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_and_boxes() {
        for (version, expected) in [
            ("2024-02.00000000", ("2024-02-01T00:00:00Z", "2024-02-29T23:59:59Z")),
            ("2024.00000000", ("2024-01-01T00:00:00Z", "2024-12-31T23:59:59Z")),
            ("2024-02-03.00000000", ("2024-02-03T00:00:00Z", "2024-02-03T23:59:59Z")),
        ] {
            let (start, end) = period(version).unwrap();
            assert_eq!((start.as_str(), end.as_str()), expected);
        }
        assert!(bbox("7.5,47.5,7.6,47.6").is_ok() && bbox("177,-20,-178,-16").is_ok());
        for bad in ["7.5,47.5,7.6", "7.5,48,7.6,47", "a,b,c,d", "1,2,3,400"] {
            assert!(bbox(bad).is_err(), "{bad}");
        }
        assert!(interval("2026-01-01T00:00:00Z/2026-02-01T00:00:00Z").is_ok());
        assert!(interval("2026-02-01T00:00:00Z/2026-01-01T00:00:00Z").is_err());
    }
}
