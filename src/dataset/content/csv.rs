//! CSV and its kin, read field by field (RFC 4180, with a BOM, any line ends, `,` `;` tab or `|`).

use super::columns::Column;
use super::rules::Rules;
use super::{ContentFact, text};

const MAX_FIELD: usize = 1 << 20;
const MAX_COLUMNS: usize = 10_000;
const DELIMITERS: [u8; 4] = *b",;\t|";

pub(super) struct Csv {
    rules: Rules,
    /// The header line until its end is seen, for the delimiter is not known before.
    header: Vec<u8>,
    columns: Option<Vec<(String, Column)>>,
    delimiter: u8,
    field: Vec<u8>,
    index: usize,
    quoted: bool,
    after_quote: bool,
    started: bool,
    fact: ContentFact,
}

impl Csv {
    pub(super) fn new(rules: &Rules) -> Self {
        Self {
            rules: rules.clone(),
            header: Vec::new(),
            columns: None,
            delimiter: b',',
            field: Vec::new(),
            index: 0,
            quoted: false,
            after_quote: false,
            started: false,
            fact: ContentFact::default(),
        }
    }

    pub(super) fn update(&mut self, piece: &[u8]) {
        for &byte in piece {
            if self.fact.unreadable.is_some() {
                return;
            }
            if self.columns.is_none() { self.in_header(byte) } else { self.byte(byte) }
        }
    }

    pub(super) fn finish(mut self) -> ContentFact {
        if self.columns.is_none() && self.fact.unreadable.is_none() {
            self.read_header();
        }
        if self.fact.unreadable.is_none() && self.started {
            if self.quoted {
                self.unreadable("a quotation mark is never closed");
            } else {
                self.end_record();
            }
        }
        self.fact
    }

    fn unreadable(&mut self, why: &str) {
        self.fact.unreadable.get_or_insert_with(|| why.to_owned());
    }

    fn in_header(&mut self, byte: u8) {
        if byte == b'"' {
            self.quoted = !self.quoted;
        }
        if !self.quoted && matches!(byte, b'\n' | b'\r') {
            // A line end of two bytes, or blank lines at the top.
            if !self.header.is_empty() {
                self.read_header();
            }
        } else if self.header.len() >= MAX_FIELD {
            self.unreadable("its first line is too long");
        } else {
            self.header.push(byte);
        }
    }

    fn read_header(&mut self) {
        self.quoted = false;
        let bytes = std::mem::take(&mut self.header);
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
        let Ok(line) = std::str::from_utf8(bytes) else {
            return self.unreadable("it is not UTF-8");
        };
        if line.contains('\0') {
            return self.unreadable("it is not text in UTF-8");
        }
        let outside: Vec<u8> = line.split('"').step_by(2).flat_map(str::bytes).collect();
        let count = |delimiter: &u8| outside.iter().filter(|b| *b == delimiter).count();
        let most = DELIMITERS.iter().rev().max_by_key(|d| count(d)).copied();
        self.delimiter = most.filter(|d| count(d) > 0).unwrap_or(b',');
        let mut names = vec![String::new()];
        let mut quoted = false;
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                c if !quoted && c == char::from(self.delimiter) => names.push(String::new()),
                c => names.last_mut().map(|name| name.push(c)).unwrap_or_default(),
            }
        }
        if names.len() > MAX_COLUMNS {
            return self.unreadable("it has too many columns");
        }
        if !line.trim().is_empty() && is_data(&names) {
            return self.unreadable("its first line does not name the columns");
        }
        for name in &names {
            if self.rules.drops(name) {
                self.fact.dropped.add(|| format!("column {:?}", name.trim()));
            }
        }
        let rules = &self.rules;
        self.columns = Some(
            names
                .into_iter()
                .map(|name| {
                    let kind = rules.column(&name);
                    (name.trim().to_owned(), kind)
                })
                .collect(),
        );
    }

    fn byte(&mut self, byte: u8) {
        match byte {
            b'"' if self.quoted && !self.after_quote => self.after_quote = true,
            b'"' if self.after_quote => {
                self.after_quote = false;
                self.push(b'"');
            }
            _ if self.quoted && !self.after_quote => self.push(byte),
            b'\n' | b'\r' => {
                if self.started {
                    self.end_record();
                }
            }
            _ if byte == self.delimiter => {
                self.started = true;
                self.end_field();
                self.index += 1;
            }
            b'"' if self.field.iter().all(u8::is_ascii_whitespace) => {
                self.started = true;
                self.field.clear();
                self.quoted = true;
            }
            _ => self.push(byte),
        }
    }

    fn push(&mut self, byte: u8) {
        self.started = true;
        if self.field.len() >= MAX_FIELD {
            return self.unreadable("a field is too long");
        }
        self.field.push(byte);
    }

    fn end_field(&mut self) {
        self.quoted = false;
        self.after_quote = false;
        let Ok(value) = std::str::from_utf8(&self.field) else {
            self.field.clear();
            return self.unreadable("it is not UTF-8");
        };
        let found = self.columns.as_ref().and_then(|columns| columns.get(self.index));
        let Some((name, column)) = found else {
            let empty = value.trim().is_empty();
            self.field.clear();
            if !empty {
                self.unreadable("a row has more fields than there are columns");
            }
            return;
        };
        if text::is_too_fine(&self.rules, *column, value) {
            let row = self.fact.records + 1;
            self.fact.too_fine.add(|| format!("row {row}, column {name:?}"));
        }
        self.field.clear();
    }

    fn end_record(&mut self) {
        self.end_field();
        // Else the delimiter may be another, and the columns other ones.
        let columns = self.columns.as_deref().unwrap_or_default();
        let needed = columns.iter().rposition(|(name, _)| !name.is_empty());
        if needed.is_some_and(|last| self.index < last) {
            self.unreadable("a row has fewer fields than there are columns");
        }
        self.index = 0;
        self.started = false;
        self.fact.records += 1;
    }
}

/// A first line with a number in it, but for years, names no columns.
fn is_data(names: &[String]) -> bool {
    let number = |name: &&String| name.trim().parse::<f64>().is_ok();
    let year = |name: &str| name.len() == 4 && name.bytes().all(|b| b.is_ascii_digit());
    names.iter().any(|name| number(&name) && !year(name.trim()))
        || names.iter().filter(|name| !name.trim().is_empty()).all(|name| number(&name))
}

#[cfg(test)]
mod tests {
    use super::super::inspect;
    use super::super::rules::steps;

    #[test]
    fn rows_and_columns_are_named() {
        for (table, fine, dropped, unreadable) in [
            ("id,lat,lon\n1,47.6,-122.3\n2,47.6062,-122.3\n", vec!["row 2, column \"lat\""], 0, ""),
            (
                "\u{feff}id;Latitude;note\r\n1;47.65;\"a;b\r\n\"\"c\"\r\n",
                vec!["row 1, column \"Latitude\""],
                0,
                "",
            ),
            ("a\tcell\n1\t10.10 20.20\n2\t10.11 20.20", vec!["row 2, column \"cell\""], 0, ""),
            ("place\n\"47.6062, -122.3321\"\n", vec!["row 1, column \"place\""], 0, ""),
            ("\" Observer \",n\njane,1\n", vec![], 1, ""),
            ("lat\n47,6\n", vec![], 0, "a row has more fields than there are columns"),
            ("lat;n\n47,6;2\n", vec!["row 1, column \"lat\""], 0, ""),
            ("1,2\n3,4\n", vec![], 0, "its first line does not name the columns"),
            ("place,2019,2020\nhere,1.25,3\n", vec![], 0, ""),
            ("a,47.6062\nb,47.6063\n", vec![], 0, "its first line does not name the columns"),
            ("2019,2020\n", vec![], 0, "its first line does not name the columns"),
            ("id,lat\n1\n", vec![], 0, "a row has fewer fields than there are columns"),
            ("id,lat,\n1,47.6\n\n", vec![], 0, ""),
            (
                "id,lat,notes (a|b|c|d)\n1,47.6062,x\n",
                vec!["row 1, column \"id,lat,notes (a\""],
                0,
                "a row has fewer fields than there are columns",
            ),
            ("id lat\n1 47.6062\n", vec!["row 1, column \"id lat\""], 0, ""),
            ("id^lat\n1^47.6\n", vec!["row 1, column \"id^lat\""], 0, ""),
            (
                "id,shape\n1,\"{\"\"type\"\":\"\"Point\"\",\"\"coordinates\"\":[1.23,2]}\"\n",
                vec!["row 1, column \"shape\""],
                0,
                "",
            ),
            ("a\n\"open\n", vec![], 0, "a quotation mark is never closed"),
            ("", vec![], 0, ""),
        ] {
            for piece in [1, 7, 1000] {
                let fact = inspect("text/csv", &steps(0.1), table.as_bytes(), piece);
                assert_eq!(fact.too_fine.first, fine, "{table}");
                assert_eq!(fact.dropped.count, dropped, "{table}");
                assert_eq!(fact.unreadable.as_deref().unwrap_or_default(), unreadable, "{table}");
            }
        }
        let utf16: Vec<u8> = "lat\n47.6062\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(inspect("text/csv", &steps(0.1), &utf16, 9).unreadable.is_some());
    }

    #[test]
    fn only_the_first_few_are_named_and_all_are_counted() {
        let table = format!("lat\n{}", "1.23\n".repeat(1000));
        let fact = inspect("text/csv", &steps(0.1), table.as_bytes(), 64);
        assert_eq!((fact.too_fine.count, fact.too_fine.first.len(), fact.records), (1000, 5, 1000));
    }
}
