//! The ustar header, read strictly and written as GNU tar writes it.

/// Everything in a tar comes in blocks of this size.
pub(super) const BLOCK: usize = 512;
/// GNU tar pads an archive to a multiple of this size.
pub(super) const RECORD: usize = 20 * BLOCK;

const NAME: usize = 100;
const PREFIX: usize = 155;

/// What kind of entry a header announces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    File,
    Directory,
    Link,
    Device,
    /// PAX records for the next entry or for all that follow.
    Pax,
    /// GNU's long names.
    LongName,
    /// GNU's sparse map: what is read is not what is stored.
    Sparse,
    /// Volume labels, continued files, directories that list themselves.
    Volume,
    Unknown,
}

/// A header that passed its checksum.
#[derive(Debug)]
pub(super) struct Header {
    pub kind: Kind,
    pub name: Vec<u8>,
    pub size: u64,
}

/// What is wrong with a header.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HeaderError {
    /// No magic: these are not a ustar's bytes.
    NotATar,
    /// No magic, but a checksum that fits: a tar from before ustar.
    OldTar,
    /// The checksum is wrong.
    Checksum,
    /// Bytes behind a name's end, or in fields that a reader may take for a name.
    Hidden,
    /// The size is not plain octal.
    Size,
}

/// Reads one header block. GNU's magic is accepted for plain entries; its extensions are not.
pub(super) fn parse(block: &[u8; BLOCK]) -> Result<Header, HeaderError> {
    let gnu = &block[257..265] == b"ustar  \0";
    let fits = octal(&block[148..156]) == Some(checksum(block));
    if !gnu && &block[257..263] != b"ustar\0" {
        return Err(if fits { HeaderError::OldTar } else { HeaderError::NotATar });
    }
    if !fits {
        return Err(HeaderError::Checksum);
    }
    let kind = match block[156] {
        b'0' | 0 => Kind::File,
        b'5' => Kind::Directory,
        b'1' | b'2' => Kind::Link,
        b'3' | b'4' | b'6' => Kind::Device,
        b'x' | b'g' | b'X' => Kind::Pax,
        b'L' | b'K' | b'N' => Kind::LongName,
        b'S' => Kind::Sparse,
        b'D' | b'M' | b'V' | b'A' | b'I' => Kind::Volume,
        _ => Kind::Unknown,
    };
    let size = octal(&block[124..136]).ok_or(HeaderError::Size)?;
    // The kind is told first: what else is odd about an extension does not matter.
    if matches!(kind, Kind::File | Kind::Directory) && hides(block, gnu) {
        return Err(HeaderError::Hidden);
    }
    let mut name = Vec::new();
    // In GNU's own layout these bytes are times and sparse maps, not a prefix.
    let prefix = until_nul(&block[345..500]);
    if !gnu && !prefix.is_empty() {
        name.extend_from_slice(prefix);
        name.push(b'/');
    }
    name.extend_from_slice(until_nul(&block[..NAME]));
    Ok(Header { kind, name, size })
}

/// A header for a regular file or, if `name` ends in `/`, a directory: owner 0, mtime 0.
/// `None` if the name does not fit ustar's fields.
pub(super) fn header(name: &str, size: u64) -> Option<[u8; BLOCK]> {
    let mut block = [0; BLOCK];
    let directory = name.ends_with('/');
    let bytes = name.as_bytes();
    if bytes.len() > NAME {
        let cut = split(bytes)?;
        block[345..345 + cut].copy_from_slice(&bytes[..cut]);
        let rest = &bytes[cut + 1..];
        block[..rest.len()].copy_from_slice(rest);
    } else {
        block[..bytes.len()].copy_from_slice(bytes);
    }
    let mode = if directory { 0o755 } else { 0o644 };
    put_octal(&mut block[100..108], mode);
    put_octal(&mut block[108..116], 0);
    put_octal(&mut block[116..124], 0);
    put_octal(&mut block[124..136], size);
    put_octal(&mut block[136..148], 0);
    block[156] = if directory { b'5' } else { b'0' };
    block[257..265].copy_from_slice(b"ustar\x0000");
    put_octal(&mut block[329..337], 0);
    put_octal(&mut block[337..345], 0);
    let sum = format!("{:06o}\0 ", checksum(&block));
    block[148..156].copy_from_slice(sum.as_bytes());
    Some(block)
}

/// Where GNU tar splits a long name into prefix and name.
fn split(name: &[u8]) -> Option<usize> {
    let mut length = name.len();
    if length > PREFIX + 1 + NAME {
        return None;
    }
    if length > PREFIX + 1 {
        length = PREFIX + 1;
    } else if name.last() == Some(&b'/') {
        length -= 1;
    }
    let cut = (1..length).rev().find(|&i| name[i] == b'/')?;
    let rest = name.len() - cut - 1;
    (rest > 0 && rest <= NAME).then_some(cut)
}

fn put_octal(field: &mut [u8], value: u64) {
    let digits = field.len() - 1;
    let text = format!("{value:0digits$o}");
    field[..digits].copy_from_slice(&text.as_bytes()[text.len() - digits..]);
}

fn checksum(block: &[u8; BLOCK]) -> u64 {
    block
        .iter()
        .enumerate()
        .map(|(i, &b)| u64::from(if (148..156).contains(&i) { b' ' } else { b }))
        .sum()
}

/// Octal digits between spaces and NULs; nothing else, and never base 256.
fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?.trim_matches([' ', '\0']);
    if text.is_empty() || !text.bytes().all(|b| (b'0'..=b'7').contains(&b)) {
        return None;
    }
    u64::from_str_radix(text, 8).ok()
}

/// Whether readers could see another name than we do. In GNU's own layout the prefix is none, but
/// times and a sparse map.
fn hides(block: &[u8; BLOCK], gnu: bool) -> bool {
    let ends = |field: &[u8]| field[until_nul(field).len()..].iter().all(|&b| b == 0);
    let prefix = &block[345..500];
    !ends(&block[..NAME]) || if gnu { prefix.iter().any(|&b| b != 0) } else { !ends(prefix) }
}

fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|&b| b == 0).next().unwrap_or_default()
}
