//! Why a tar is no pack: one name for each way to be none.

#[cfg(doc)]
use super::ArchiveLimits;

/// What is wrong with a path.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum PathFlaw {
    /// Not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// Longer than the limit.
    #[error("it is too long")]
    TooLong,
    /// Begins at the root.
    #[error("it is absolute")]
    Absolute,
    /// A character that some system takes for a separator, a drive or a command.
    #[error("it has a control character, a colon or a backslash")]
    Character,
    /// Goes up, stands still or names nothing.
    #[error("it has an empty, \".\" or \"..\" component")]
    Traversal,
    /// More components than the limit.
    #[error("it is nested too deep")]
    TooDeep,
    /// Its header holds more than one name.
    #[error("its header hides bytes where another reader may find a name")]
    Hidden,
}

/// What an entry is instead of a file or a directory.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum Oddity {
    /// A hard or symbolic link.
    #[error("a link")]
    Link,
    /// A device or a pipe.
    #[error("a device or a pipe")]
    Device,
    /// PAX records.
    #[error("a PAX header; write the archive with --format=ustar")]
    Pax,
    /// GNU's long names.
    #[error("a GNU long name; write the archive with --format=ustar")]
    LongName,
    /// A file with holes.
    #[error("a sparse file")]
    Sparse,
    /// A part of a multi-volume or incremental archive.
    #[error("a volume label or a continued file")]
    Volume,
    /// A directory of some size.
    #[error("a directory with contents")]
    FullDirectory,
    /// Anything else.
    #[error("of an unknown type")]
    Unknown,
}

/// Why a tar is no pack.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum ArchiveError {
    /// The bytes are no ustar archive.
    #[error("not a tar archive (at byte {offset}); a pack is an uncompressed ustar file")]
    NotATar {
        /// Where it stopped making sense.
        offset: usize,
    },
    /// The bytes are compressed.
    #[error("the archive is compressed ({0}); a pack is an uncompressed ustar file")]
    Compressed(&'static str),
    /// The archive is in the format from before ustar.
    #[error("the archive is in the old v7 format; write it with --format=ustar")]
    OldTar,
    /// A header's checksum does not fit.
    #[error("the header at byte {offset} has a wrong checksum")]
    Checksum {
        /// Where the header is.
        offset: usize,
    },
    /// A size that is no octal number: negative, base 256, or noise.
    #[error("the size of {path:?} is not an octal number")]
    SizeInvalid {
        /// The entry.
        path: String,
    },
    /// The archive ends in the middle of an entry or without its end mark.
    #[error("the archive is cut off at byte {offset}")]
    Truncated {
        /// Where the bytes ran out.
        offset: usize,
    },
    /// Bytes follow the end mark.
    #[error("the archive hides bytes behind its end mark or a file's end (at byte {offset})")]
    TrailingData {
        /// Where they begin.
        offset: usize,
    },
    /// The whole archive is larger than [`ArchiveLimits::total`].
    #[error("the archive is over the limit of {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// More headers than [`ArchiveLimits::entries`].
    #[error("the number of entries is over the limit of {limit}")]
    TooManyEntries {
        /// The limit.
        limit: usize,
    },
    /// One file is larger than [`ArchiveLimits::file`].
    #[error("{path:?} is over the limit of {limit} bytes")]
    FileTooLarge {
        /// The file.
        path: String,
        /// The limit.
        limit: usize,
    },
    /// A path that could leave the pack or that readers may take differently.
    #[error("unsafe path {path:?}: {flaw}")]
    UnsafePath {
        /// The path as far as it can be shown.
        path: String,
        /// What is wrong with it.
        flaw: PathFlaw,
    },
    /// Anything but a file or a directory.
    #[error("{path:?} is {what}; a pack holds plain files and directories only")]
    ForbiddenEntry {
        /// The entry.
        path: String,
        /// What it is.
        what: Oddity,
    },
    /// Two entries have the same path, be it in other letters of the same text.
    #[error("{path:?} appears twice, as far as every file system can tell")]
    Duplicate {
        /// The path.
        path: String,
    },
    /// A file stands where another needs a directory.
    #[error("{path:?} is a file and a directory at once")]
    FileAsDirectory {
        /// The path.
        path: String,
    },
    /// A file that has no place in a pack.
    #[error(
        "{path:?} has no place in a pack: opa/**.rego, data/**.json or .yaml, README.md, manifest.json, signing/**"
    )]
    UnknownFile {
        /// The path.
        path: String,
    },
}

impl ArchiveError {
    /// A short CamelCase name for conditions.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NotATar { .. } => "NotATar",
            Self::Compressed(_) => "ArchiveCompressed",
            Self::OldTar => "ArchiveFormatOld",
            Self::Checksum { .. } => "HeaderChecksum",
            Self::SizeInvalid { .. } => "SizeInvalid",
            Self::Truncated { .. } => "ArchiveTruncated",
            Self::TrailingData { .. } => "ArchiveTrailingData",
            Self::TooLarge { .. } => "ArchiveTooLarge",
            Self::TooManyEntries { .. } => "TooManyEntries",
            Self::FileTooLarge { .. } => "FileTooLarge",
            Self::UnsafePath { flaw, .. } => match flaw {
                PathFlaw::NotUtf8 => "PathNotUtf8",
                PathFlaw::TooLong => "PathTooLong",
                PathFlaw::Absolute => "PathAbsolute",
                PathFlaw::Character => "PathCharacter",
                PathFlaw::Traversal => "PathTraversal",
                PathFlaw::TooDeep => "PathTooDeep",
                PathFlaw::Hidden => "PathHidden",
            },
            Self::ForbiddenEntry { what, .. } => match what {
                Oddity::Link => "LinkEntry",
                Oddity::Device => "DeviceEntry",
                Oddity::Pax => "PaxHeader",
                Oddity::LongName => "LongNameHeader",
                Oddity::Sparse => "SparseEntry",
                Oddity::Volume => "VolumeEntry",
                Oddity::FullDirectory => "DirectoryWithContents",
                Oddity::Unknown => "UnknownEntry",
            },
            Self::Duplicate { .. } => "DuplicateEntry",
            Self::FileAsDirectory { .. } => "FileAsDirectory",
            Self::UnknownFile { .. } => "UnknownFile",
        }
    }
}
