//! A place in a pack's Rego, shown: file, line, column, the line itself and a caret under it.

use crate::pack::Files;
use crate::policy::Place;

/// Characters of a line that are shown.
const WIDTH: usize = 160;

/// Several lines, without an end of line after the last; empty if the pack has no such place.
pub(super) fn snippet(files: &Files, place: &Place) -> String {
    let text = files.iter().find(|(file, _)| *file == place.file).map(|(_, bytes)| bytes);
    let text = text.and_then(|bytes| std::str::from_utf8(bytes).ok());
    let number = usize::try_from(place.line).unwrap_or(1).saturating_sub(1);
    let Some(line) = text.and_then(|text| text.lines().nth(number)) else { return String::new() };
    let column = usize::try_from(place.column).unwrap_or(1).saturating_sub(1);
    let shown: String =
        line.chars().map(|c| if c.is_control() { ' ' } else { c }).take(WIDTH).collect();
    let caret = match column < WIDTH {
        true => " ".repeat(column) + "^",
        false => String::new(),
    };
    let (gutter, margin) = (place.line.to_string(), " ".repeat(place.line.to_string().len()));
    format!("{margin}--> {place}\n{margin} |\n{gutter} | {shown}\n{margin} | {caret}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::{ArchiveLimits, build, read_archive};

    #[test]
    fn a_place_is_shown_and_a_missing_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("opa")).unwrap();
        std::fs::write(dir.path().join("opa/a.rego"), "package a\n\n\tx := 1\n").unwrap();
        let tar = build(dir.path()).unwrap().tar;
        let files = read_archive(&tar, &ArchiveLimits::default()).unwrap();
        let place = |line, column| Place { file: "opa/a.rego".into(), line, column };
        let shown = snippet(&files, &place(3, 2));
        assert_eq!(shown, " --> opa/a.rego:3:2\n  |\n3 |  x := 1\n  |  ^");
        assert_eq!(snippet(&files, &place(9, 1)), "");
        assert_eq!(snippet(&files, &Place { file: "x".into(), line: 1, column: 1 }), "");
    }
}
