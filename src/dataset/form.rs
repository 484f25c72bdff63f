//! What an object's first bytes surely are. What is not sure has no name here: a guess would deny
//! data that is well.

use serde::{Deserialize, Serialize};
use serde_json::error::Category;

/// How many bytes are looked at.
pub(super) const HEAD: usize = 4 << 10;

/// What an object surely is, by its first bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Apache Parquet.
    Parquet,
    /// TIFF, and with it GeoTIFF.
    Tiff,
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// PDF.
    Pdf,
    /// gzip, whatever is in it.
    Gzip,
    /// ZIP, and with it all that is a ZIP by another name.
    Zip,
    /// Zstandard.
    Zstd,
    /// NetCDF's classic formats.
    Netcdf,
    /// HDF5, and with it NetCDF 4.
    Hdf5,
    /// SQLite, and with it GeoPackage.
    Sqlite,
    /// It has a NUL where no text has one.
    Binary,
    /// UTF-8 that begins like JSON.
    Json,
    /// UTF-8 that does not begin like JSON.
    Text,
    /// Nothing at all.
    Empty,
    /// Nothing that one could be sure of.
    Unknown,
}

/// Beginnings that stand for a format. Where they are plain letters, see [`spells_parquet`].
const MAGIC: &[(&[u8], Form)] = &[
    (b"II*\0", Form::Tiff),
    (b"MM\0*", Form::Tiff),
    (b"II+\0", Form::Tiff),
    (b"MM\0+", Form::Tiff),
    (b"\x89PNG\r\n\x1a\n", Form::Png),
    (b"\xff\xd8\xff", Form::Jpeg),
    (b"%PDF-", Form::Pdf),
    (b"\x1f\x8b", Form::Gzip),
    (b"PK\x03\x04", Form::Zip),
    (b"PK\x05\x06", Form::Zip),
    (b"PK\x07\x08", Form::Zip),
    (b"\x28\xb5\x2f\xfd", Form::Zstd),
    (b"CDF\x01", Form::Netcdf),
    (b"CDF\x02", Form::Netcdf),
    (b"CDF\x05", Form::Netcdf),
    (b"SQLite format 3\0", Form::Sqlite),
];

const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";

impl Form {
    /// Whether it is surely no text.
    pub const fn is_binary(self) -> bool {
        !matches!(self, Self::Json | Self::Text | Self::Empty | Self::Unknown)
    }

    /// The form of an object that begins with `head`, or is that and no more.
    pub(super) fn of(head: &[u8], whole: bool) -> Self {
        if head.is_empty() {
            return if whole { Self::Empty } else { Self::Unknown };
        }
        if let Some((_, form)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
            return *form;
        }
        if spells_parquet(head) {
            return Self::Parquet;
        }
        // It may follow a block of the user's own.
        if [0, 512, 1024, 2048]
            .iter()
            .any(|at| head.get(*at..).is_some_and(|h| h.starts_with(HDF5)))
        {
            return Self::Hdf5;
        }
        if is_zstd_skippable(head) || may_be_late_pdf(head) || may_be_wide(head) {
            return Self::Unknown;
        }
        if head.contains(&0) {
            return Self::Binary;
        }
        text(head, whole).map_or(Self::Unknown, |text| of_text(text, whole))
    }
}

/// A table may well have a column `PAR1`; what is in a Parquet file is not printable for long.
fn spells_parquet(head: &[u8]) -> bool {
    let rest = head.strip_prefix(b"PAR1").or_else(|| head.strip_prefix(b"PARE"));
    rest.is_some_and(|rest| rest.iter().any(|b| *b < 0x20 && !b"\t\n\r\x0c".contains(b)))
}

/// Zstandard's skippable frames, which other formats use, too.
fn is_zstd_skippable(head: &[u8]) -> bool {
    matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// Readers look for a PDF's header in the first kilobyte.
fn may_be_late_pdf(head: &[u8]) -> bool {
    head[..head.len().min(1024)].windows(5).any(|five| five == b"%PDF-")
}

/// UTF-16 or UTF-32: by its mark, or because every other byte of a Latin letter is NUL.
fn may_be_wide(head: &[u8]) -> bool {
    matches!(head, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, 0, 0xfe, 0xff, ..])
        || matches!(head, [0, 1..=255, ..] | [1..=255, 0, ..] | [0, 0, 0, 1..=255, ..])
}

/// As UTF-8, less a character that the head has cut.
fn text(head: &[u8], whole: bool) -> Option<&str> {
    match std::str::from_utf8(head) {
        Ok(text) => Some(text),
        Err(error) if !whole && error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    }
}

fn of_text(text: &str, whole: bool) -> Form {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_start();
    match text.chars().next() {
        None if whole => Form::Text,
        None => Form::Unknown,
        // Whether it is JSON to its end is for others to find out.
        Some('{' | '[') => Form::Json,
        // A mere word or number is JSON too, but then there is nothing after it.
        Some(_) => match serde_json::from_str::<serde::de::IgnoredAny>(text) {
            Ok(_) => Form::Json,
            Err(error) if !whole && error.classify() == Category::Eof => Form::Unknown,
            Err(_) => Form::Text,
        },
    }
}

/// The first bytes of an object, as they come.
#[derive(Default)]
pub(super) struct Head(Vec<u8>);

impl Head {
    /// Takes the next bytes and says whether it wants more.
    pub(super) fn take(&mut self, piece: &[u8]) -> bool {
        let room = HEAD - self.0.len();
        self.0.extend_from_slice(&piece[..room.min(piece.len())]);
        self.0.len() < HEAD
    }

    /// How many bytes there are.
    pub(super) fn length(&self) -> u64 {
        self.0.len() as u64
    }

    /// The form of an object of this size.
    pub(super) fn form(&self, size: u64) -> Form {
        Form::of(&self.0, size <= self.length())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_sure_has_a_name_and_the_rest_has_none() {
        let block = |at: usize| [&vec![b' '; at][..], HDF5].concat();
        let long = "é".repeat(HEAD);
        for (bytes, form) in [
            (&include_bytes!("content/fixtures/points.parquet")[..], Form::Parquet),
            (b"PAR1\x15\x04\x15", Form::Parquet),
            (b"PAR1,PAR2\n1,2\n", Form::Text),
            (b"II*\0\x08\0\0\0", Form::Tiff),
            (b"MM\0*\0\0\0\x08", Form::Tiff),
            (b"II*", Form::Text),
            (b"\x89PNG\r\n\x1a\n", Form::Png),
            (b"\x89PNG\n\x1a\n", Form::Unknown),
            (b"\xff\xd8\xff\xe0", Form::Jpeg),
            (b"%PDF-1.7\n", Form::Pdf),
            (b"\n\n%PDF-1.7\n", Form::Unknown),
            (b"\x1f\x8b\x08\0", Form::Gzip),
            (b"PK\x03\x04", Form::Zip),
            (b"\x28\xb5\x2f\xfd", Form::Zstd),
            (b"\x50\x2a\x4d\x18\0\0\0\0", Form::Unknown),
            (b"CDF\x01", Form::Netcdf),
            (b"CDF,a\n", Form::Text),
            (HDF5, Form::Hdf5),
            (&block(512), Form::Hdf5),
            (&block(2048), Form::Hdf5),
            (b"SQLite format 3\0", Form::Sqlite),
            (b"abc\0", Form::Binary),
            (b"", Form::Empty),
            (b"{", Form::Json),
            (b"\xef\xbb\xbf \n[1]", Form::Json),
            (b"\"a word\"", Form::Json),
            (b"12", Form::Json),
            (b"1\n2\n", Form::Text),
            (b"\"id\",\"depth\"\n", Form::Text),
            (b"id,depth\n", Form::Text),
            (b"   ", Form::Text),
            (long.as_bytes(), Form::Text),
            // Latin-1, UTF-16 with its mark and without.
            (b"caf\xe9\n", Form::Unknown),
            (b"\xff\xfei\0d\0", Form::Unknown),
            (b"i\0d\0", Form::Unknown),
            (b"\0i\0d", Form::Unknown),
        ] {
            let mut head = Head::default();
            for piece in bytes.chunks(7) {
                if !head.take(piece) {
                    break;
                }
            }
            assert_eq!(head.form(bytes.len() as u64), form, "{}", bytes.escape_ascii());
        }
        // What is cut may go on in any way.
        assert_eq!(Form::of(b"\xc3", false), Form::Unknown);
        assert_eq!(Form::of(b"\"a string that goes on", false), Form::Unknown);
        assert_eq!(Form::of(b"    ", false), Form::Unknown);
        assert_eq!(Form::of("depth é".as_bytes().split_at(7).0, false), Form::Text);
    }

    proptest! {
        #[test]
        fn no_bytes_bring_it_down_and_text_is_never_binary(
            bytes in proptest::collection::vec(any::<u8>(), 0..64),
            prefix in 0..MAGIC.len(), text in "[^\0\u{1}-\u{8}\u{b}\u{e}-\u{1f}]{0,40}",
            whole in any::<bool>(),
        ) {
            let _ = Form::of(&bytes, whole);
            let _ = Form::of(&[MAGIC[prefix].0, &bytes].concat(), whole);
            prop_assume!(!text.starts_with("%PDF-"));
            prop_assert!(!Form::of(text.as_bytes(), whole).is_binary(), "{text:?}");
        }

        #[test]
        fn json_is_never_called_text(value in json(), cut in 0..4096_usize) {
            let text = value.to_string();
            let cut = cut.min(text.len());
            let form = Form::of(text.as_bytes(), true);
            prop_assert_eq!(form, Form::Json);
            let form = Form::of(&text.as_bytes()[..cut], false);
            prop_assert!(matches!(form, Form::Json | Form::Unknown), "{form:?}");
        }
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        prop_oneof![
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
            proptest::collection::vec(any::<String>(), 0..4).prop_map(Into::into),
        ]
    }
}
