//! Parquet and GeoParquet. Its directory lies at its end, so that it is kept until then, up to a
//! limit; only columns that could hold a place are decoded.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use parquet::basic::{ConvertedType, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;

use super::columns::Column;
use super::rules::Rules;
use super::{ContentFact, Findings, text, wkb};

const BATCH: usize = 4096;
/// Bytes of one column of one row group, decoded.
const MAX_CHUNK: i64 = 256 << 20;

pub(super) struct Parquet {
    rules: Rules,
    limit: usize,
    kept: Vec<u8>,
    too_large: bool,
}

impl Parquet {
    pub(super) fn new(rules: &Rules, limit: usize) -> Self {
        Self { rules: rules.clone(), limit, kept: Vec::new(), too_large: false }
    }

    pub(super) fn update(&mut self, piece: &[u8]) {
        if self.too_large || self.kept.len() + piece.len() > self.limit {
            self.too_large = true;
            self.kept = Vec::new();
        } else {
            self.kept.extend_from_slice(piece);
        }
    }

    pub(super) fn finish(self) -> ContentFact {
        let Self { rules, limit, kept, too_large } = self;
        let mut fact = ContentFact::default();
        let outcome = if too_large {
            Err(format!("as Parquet it is looked into up to {limit} bytes: write it in parts"))
        } else {
            // The decoder is another's and its input a stranger's.
            catch_unwind(AssertUnwindSafe(|| read(&rules, Bytes::from(kept), &mut fact)))
                .unwrap_or_else(|_| Err("it breaks the decoder".to_owned()))
        };
        fact.unreadable = outcome.err();
        fact
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands where map_err hands over")]
fn failed(error: parquet::errors::ParquetError) -> String {
    let text: String = error.to_string().chars().take(200).collect();
    if text.contains("Disabled feature") {
        return "its pages are compressed otherwise than by Snappy, gzip or zstd".to_owned();
    }
    format!("it is no readable Parquet: {text}")
}

fn read(rules: &Rules, bytes: Bytes, fact: &mut ContentFact) -> Result<(), String> {
    let file = SerializedFileReader::new(bytes).map_err(failed)?;
    let metadata = file.metadata().file_metadata();
    fact.records = u64::try_from(metadata.num_rows()).unwrap_or(0);
    let geometries = geo(rules, metadata.key_value_metadata(), fact);
    let leaves = metadata.schema_descr().columns();
    for leaf in leaves {
        if leaf.path().parts().iter().any(|part| rules.drops(part)) {
            fact.dropped.add(|| format!("column {:?}", leaf.path().string()));
        }
    }
    if !rules.looks_at_coordinates() {
        return Ok(());
    }
    let mut first_row = 0;
    for group in 0..file.num_row_groups() {
        let reader = file.get_row_group(group).map_err(failed)?;
        for (index, leaf) in leaves.iter().enumerate() {
            let Some(kind) = kind(rules, leaf, &geometries) else { continue };
            if reader
                .metadata()
                .columns()
                .get(index)
                .is_none_or(|c| c.uncompressed_size() > MAX_CHUNK)
            {
                return Err("a column chunk is too large: write smaller row groups".to_owned());
            }
            let column = reader.get_column_reader(index).map_err(failed)?;
            let look = Look { rules, leaf, kind, first_row, found: &mut fact.too_fine };
            look.column(column)?;
        }
        first_row += u64::try_from(reader.metadata().num_rows()).unwrap_or(0);
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Binary,
    /// Numbers in lists, of which each could be a position.
    Lists,
    Named(Column),
}

/// What to look for in a leaf, by its own name and those that it lies in.
fn kind(rules: &Rules, leaf: &ColumnDescriptor, geometries: &[String]) -> Option<Kind> {
    let path = leaf.path();
    let parts = path.parts();
    let top = parts.first().map(String::as_str).unwrap_or_default();
    let named = parts.iter().rev().map(|part| rules.column(part)).find(|c| *c != Column::Other);
    let text = leaf.physical_type() == Type::BYTE_ARRAY && !is_decimal(leaf);
    let lists =
        leaf.max_rep_level() > 0 && matches!(leaf.physical_type(), Type::FLOAT | Type::DOUBLE);
    let utf8 = matches!(leaf.converted_type(), ConvertedType::UTF8 | ConvertedType::JSON);
    let geometry = geometries.iter().any(|name| name == top);
    match named {
        // A height is no place on the map.
        _ if geometry
            && parts.len() > 1
            && matches!(parts.last().map(String::as_str), Some("z" | "m")) =>
        {
            None
        }
        _ if text && !utf8 && (geometry || named.is_some()) => Some(Kind::Binary),
        _ if geometry => Some(Kind::Named(Column::Whole)),
        Some(column) => Some(Kind::Named(column)),
        None if text => Some(Kind::Named(Column::Other)),
        None if lists => Some(Kind::Lists),
        None => None,
    }
}

/// The columns that GeoParquet's own metadata calls geometries; their boxes are looked at too.
fn geo(
    rules: &Rules,
    metadata: Option<&Vec<parquet::file::metadata::KeyValue>>,
    fact: &mut ContentFact,
) -> Vec<String> {
    let found = metadata.into_iter().flatten().find(|pair| pair.key == "geo");
    let text = found.and_then(|pair| pair.value.as_deref()).unwrap_or_default();
    let geo: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let columns = geo.get("columns").and_then(serde_json::Value::as_object);
    let mut names = Vec::new();
    for (name, column) in columns.into_iter().flatten() {
        let bbox: Vec<f64> = column
            .get("bbox")
            .and_then(serde_json::Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(serde_json::Value::as_f64)
            .collect();
        let height = |at: usize| bbox.len() == 6 && (at == 2 || at == 5);
        if rules.looks_at_coordinates()
            && bbox.iter().enumerate().any(|(at, n)| !height(at) && rules.is_too_fine(*n))
        {
            fact.too_fine.add(|| format!("bbox of column {name:?} in the file's metadata"));
        }
        names.push(name.clone());
    }
    names
}

/// A decimal's digits: two's complement, the highest byte first.
fn integer(bytes: &[u8]) -> f64 {
    let (first, rest) = bytes.split_first().map_or((0, bytes), |(first, rest)| (*first, rest));
    let sign = f64::from(i8::from_be_bytes([first]));
    rest.iter().fold(sign, |value, byte| value * 256.0 + f64::from(*byte))
}

struct Look<'a> {
    rules: &'a Rules,
    leaf: &'a ColumnDescriptor,
    kind: Kind,
    first_row: u64,
    found: &'a mut Findings,
}

impl Look<'_> {
    fn column(self, column: ColumnReader) -> Result<(), String> {
        let (rules, kind) = (self.rules, self.kind);
        let scale = f64::from(self.leaf.type_scale().clamp(0, 30));
        let decimal = |value: f64| value / 10f64.powf(scale);
        let is_decimal = is_decimal(self.leaf);
        // The shortest decimal that the float stands for, not its neighbour in more bits.
        let shortest = |value: f32| value.to_string().parse().unwrap_or(f64::NAN);
        let number = |value: f64| match kind {
            Kind::Named(Column::Encoded) => true,
            _ => rules.is_too_fine(value),
        };
        let bytes = |value: &[u8]| match (kind, std::str::from_utf8(value)) {
            (Kind::Binary, _) => wkb::is_too_fine(rules, value).unwrap_or(true),
            // Whatever a column is called, a geometry in it is one. Other bytes are no place.
            (Kind::Named(Column::Other), words) => wkb::is_too_fine(rules, value)
                .unwrap_or_else(|| words.is_ok_and(|w| text::is_too_fine(rules, Column::Other, w))),
            (Kind::Named(column), Ok(value)) => text::is_too_fine(rules, column, value),
            (Kind::Named(_), Err(_)) | (Kind::Lists, _) => true,
        };
        match column {
            ColumnReader::DoubleColumnReader(r) if kind == Kind::Lists => self.lists(r, |v| *v),
            ColumnReader::FloatColumnReader(r) if kind == Kind::Lists => {
                self.lists(r, |v| shortest(*v))
            }
            ColumnReader::DoubleColumnReader(r) => self.values(r, |v| number(*v)),
            ColumnReader::FloatColumnReader(r) => self.values(r, |v| number(shortest(*v))),
            ColumnReader::Int32ColumnReader(r) => {
                self.values(r, |v| number(decimal(f64::from(*v))))
            }
            ColumnReader::Int64ColumnReader(r) => self.values(r, |v| number(decimal(*v as f64))),
            ColumnReader::ByteArrayColumnReader(r) if is_decimal => {
                self.values(r, |v| number(decimal(integer(v.data()))))
            }
            ColumnReader::FixedLenByteArrayColumnReader(r) if is_decimal => {
                self.values(r, |v| number(decimal(integer(v.data()))))
            }
            ColumnReader::ByteArrayColumnReader(r) => self.values(r, |v| bytes(v.data())),
            ColumnReader::FixedLenByteArrayColumnReader(r) => self.values(r, |v| bytes(v.data())),
            ColumnReader::BoolColumnReader(_) | ColumnReader::Int96ColumnReader(_) => Ok(()),
        }
    }

    fn values<T: DataType>(
        self,
        reader: ColumnReaderImpl<T>,
        fine: impl Fn(&T::T) -> bool,
    ) -> Result<(), String> {
        each(self.leaf, reader, |row, _, value| {
            if fine(value) {
                self.found.add(|| place(self.leaf, self.first_row + row));
            }
        })
    }

    fn lists<T: DataType>(
        self,
        reader: ColumnReaderImpl<T>,
        degrees: impl Fn(&T::T) -> f64,
    ) -> Result<(), String> {
        let mut list = Vec::new();
        let mut last = 0;
        let mut judge = |list: &[f64], row: u64| {
            if text::is_position(list) && list.iter().any(|n| self.rules.is_too_fine(*n)) {
                self.found.add(|| place(self.leaf, self.first_row + row));
            }
        };
        each(self.leaf, reader, |row, begins, value| {
            if begins {
                judge(&list, last);
                list.clear();
            }
            // One more than a position has tells that it is none.
            if list.len() <= text::MAX_POSITION {
                list.push(degrees(value));
            }
            last = row;
        })?;
        judge(&list, last);
        Ok(())
    }
}

fn is_decimal(leaf: &ColumnDescriptor) -> bool {
    leaf.converted_type() == ConvertedType::DECIMAL
}

fn place(leaf: &ColumnDescriptor, row: u64) -> String {
    format!("row {row}, column {:?}", leaf.path().string())
}

/// Goes through a column's values: in which row each is, and whether it begins an innermost list.
fn each<T: DataType>(
    leaf: &ColumnDescriptor,
    mut reader: ColumnReaderImpl<T>,
    mut see: impl FnMut(u64, bool, &T::T),
) -> Result<(), String> {
    let (full, innermost) = (leaf.max_def_level(), leaf.max_rep_level());
    let (mut row, mut begins) = (0, true);
    let (mut present, mut repeated, mut values) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        present.clear();
        repeated.clear();
        values.clear();
        let (records, ..) = reader
            .read_records(BATCH, Some(&mut present), Some(&mut repeated), &mut values)
            .map_err(failed)?;
        if records == 0 {
            return Ok(());
        }
        let levels = if full == 0 { values.len() } else { present.len() };
        let mut next = values.iter();
        for at in 0..levels {
            let level = repeated.get(at).copied().unwrap_or(0);
            row += u64::from(level == 0);
            begins |= level < innermost;
            if full > 0 && present.get(at) != Some(&full) {
                continue;
            }
            if let Some(value) = next.next() {
                see(row, begins, value);
                begins = false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::inspect;
    use super::super::rules::steps;
    use super::integer;

    fn fixture(name: &str) -> Vec<u8> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/dataset/content/fixtures/");
        std::fs::read(format!("{path}{name}.parquet")).unwrap()
    }

    #[test]
    fn columns_of_every_kind() {
        for (name, fine, count, dropped) in [
            ("coarse", vec![], 0, 0),
            ("fine-lat", vec!["row 2, column \"lat\""], 1, 1),
            (
                "wkb",
                vec!["bbox of column \"shape\" in the file's metadata", "row 3, column \"shape\""],
                2,
                0,
            ),
            ("points", vec!["row 1, column \"geometry.x\""], 1, 0),
            ("float32", vec!["row 2, column \"latitude\""], 1, 0),
            ("decimal", vec!["row 3, column \"lat\"", "row 3, column \"blob\""], 2, 0),
            ("lists", vec!["row 2, column \"way.list.element.list.element\""], 1, 0),
        ] {
            let fact = inspect("application/vnd.apache.parquet", &steps(0.1), &fixture(name), 1000);
            assert_eq!(fact.unreadable, None, "{name}");
            assert_eq!(
                (fact.too_fine.first, fact.too_fine.count),
                (fine.iter().map(|s| (*s).to_owned()).collect(), count),
                "{name}"
            );
            assert_eq!(fact.dropped.count, dropped, "{name}");
            assert_eq!(fact.records, 3, "{name}");
        }
    }

    #[test]
    fn a_codec_that_is_not_read_here_is_told_with_those_that_are() {
        let fact = inspect("application/vnd.apache.parquet", &steps(0.1), &fixture("lz4"), 1000);
        assert!(fact.unreadable.is_some_and(|why| why.contains("zstd")));
    }

    #[test]
    fn decimals_of_any_width() {
        for (bytes, value) in [
            (&[][..], 0.0_f64),
            (&[0x07, 0x43, 0x60], 476_000.0),
            (&[0xff], -1.0),
            (&[0xff, 0xff, 0xff, 0x00], -256.0),
            (&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x07, 0x43, 0x60], 476_000.0),
        ] {
            assert_eq!(integer(bytes).to_bits(), value.to_bits(), "{bytes:?}");
        }
    }

    #[test]
    fn rubbish_is_unreadable_and_never_stops_the_process() {
        let whole = fixture("wkb");
        for cut in (0..whole.len()).step_by(7) {
            assert!(
                inspect("application/vnd.apache.parquet", &steps(0.1), &whole[..cut], 64)
                    .unreadable
                    .is_some()
            );
        }
        for at in (0..whole.len()).step_by(3) {
            let mut bent = whole.clone();
            bent[at] ^= 0x55;
            let _ = inspect("application/vnd.apache.parquet", &steps(0.1), &bent, 64);
        }
    }
}
