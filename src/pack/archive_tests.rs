use bytes::Bytes;
use proptest::prelude::*;

use super::archive::{ArchiveLimits, read_archive};
use super::tar::{BLOCK, header};

/// A tar of entries `(name, contents)`, ended by two zero blocks.
fn tar(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, contents) in entries {
        out.extend(header(name, contents.len() as u64).unwrap());
        out.extend_from_slice(contents);
        out.resize(out.len().next_multiple_of(BLOCK), 0);
    }
    out.extend([0; 2 * BLOCK]);
    out
}

/// The first header with one byte changed and its checksum mended.
fn patched(mut tar: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    tar[at..at + bytes.len()].copy_from_slice(bytes);
    let sum: u64 =
        (0..BLOCK).map(|i| u64::from(if (148..156).contains(&i) { b' ' } else { tar[i] })).sum();
    tar[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    tar
}

fn reason(tar: Vec<u8>) -> &'static str {
    match read_archive(&Bytes::from(tar), &ArchiveLimits::default()) {
        Ok(_) => "read",
        Err(e) => e.reason(),
    }
}

#[test]
fn reads_what_is_plain() {
    let bytes = tar(&[
        ("./", b""),
        ("./opa/", b""),
        ("./opa/a.rego", b"package a\n"),
        ("data/x/data.json", b"{}"),
        ("data/y.yaml", b"a: 1"),
        ("README.md", b"hello"),
        ("signing/anything.at.all", b""),
    ]);
    let files = read_archive(&Bytes::from(bytes), &ArchiveLimits::default()).unwrap();
    let names: Vec<_> = files.iter().map(|(name, _)| name).collect();
    let expected =
        ["README.md", "data/x/data.json", "data/y.yaml", "opa/a.rego", "signing/anything.at.all"];
    assert_eq!(names, expected);
    assert_eq!(files.get("opa/a.rego").unwrap().as_ref(), b"package a\n");
}

/// A plain pack whose first header is changed.
fn with(at: usize, bytes: &[u8]) -> Vec<u8> {
    patched(tar(&[("opa/a.rego", b"package a\n")]), at, bytes)
}

/// The same as an entry of another type.
fn typed(flag: u8) -> Vec<u8> {
    with(156, &[flag])
}

/// PAX records before a file, as PAX archives have them.
fn pax(flag: u8, record: &str) -> Vec<u8> {
    let mut bytes = patched(tar(&[("PaxHeaders/a", record.as_bytes())]), 156, &[flag]);
    bytes.truncate(2 * BLOCK);
    bytes.extend(tar(&[("opa/a.rego", b"package a\n")]));
    bytes
}

#[test]
fn hostile_names_are_refused_each_for_its_reason() {
    let one = |name: &str| tar(&[(name, b"")]);
    let gnu = |at: usize, bytes: &[u8]| {
        let mut block = tar(&[("opa/a.rego", b"package a\n")]);
        block[257..265].copy_from_slice(b"ustar  \0");
        patched(block, at, bytes)
    };
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("absolute", one("/opa/a.rego"), "PathAbsolute"),
        ("absolute by prefix", with(345, b"/etc"), "PathAbsolute"),
        ("zip-slip", one("opa/../../../etc/cron.d/a.rego"), "PathTraversal"),
        ("parent inside", one("opa/../a.rego"), "PathTraversal"),
        ("parent first", one("../a.rego"), "PathTraversal"),
        ("parent at the end", one("opa/.."), "PathTraversal"),
        ("parent by prefix", with(345, b".."), "PathTraversal"),
        ("dot inside", one("opa/./a.rego"), "PathTraversal"),
        ("two dots and slash in front", one("././opa/a.rego"), "PathTraversal"),
        ("double slash", one("opa//a.rego"), "PathTraversal"),
        ("no name", with(0, &[0; 100]), "PathTraversal"),
        ("backslash", one("opa\\..\\a.rego"), "PathCharacter"),
        ("drive", one("C:opa/a.rego"), "PathCharacter"),
        ("stream", one("opa/a.rego:x"), "PathCharacter"),
        ("line end", one("opa/a\n.rego"), "PathCharacter"),
        ("escape sequence", one("opa/\u{1b}[2J.rego"), "PathCharacter"),
        ("deep", one("opa/1/2/3/4/5/6/7/8/9/10/11/12/a.rego"), "PathTooDeep"),
        ("long", patched(with(345, &[b'a'; 155]), 0, &[b'b'; 100]), "PathTooLong"),
        ("not UTF-8", with(4, &[0xff]), "PathNotUtf8"),
        ("UTF-8 cut in the middle", with(4, &[0xc3]), "PathNotUtf8"),
        ("surrogate", with(4, &[0xed, 0xa0, 0x80]), "PathNotUtf8"),
        ("NUL in the name", with(20, b"/../../etc"), "PathHidden"),
        ("NUL in the prefix", with(350, b"etc"), "PathHidden"),
        ("GNU magic and a prefix", gnu(345, b"/etc"), "PathHidden"),
        ("GNU magic and a sparse map", gnu(386, b"00000000001"), "PathHidden"),
        ("unknown root", one("bin/sh"), "UnknownFile"),
        ("unknown file", one("opa/a.txt"), "UnknownFile"),
        ("rego outside opa", one("a.rego"), "UnknownFile"),
        ("other case of a root", one("OPA/a.rego"), "UnknownFile"),
    ];
    for (name, bytes, expected) in cases {
        assert_eq!(reason(bytes), expected, "{name}");
    }
    assert_eq!(reason(gnu(0, b"opa/b")), "read", "GNU's magic alone is no offence");
}

#[test]
fn hostile_entries_are_refused_each_for_its_reason() {
    let twice = |first: &str, second: &str| tar(&[(first, b"1"), (second, b"2")]);
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("hard link", typed(b'1'), "LinkEntry"),
        ("symbolic link", typed(b'2'), "LinkEntry"),
        ("character device", typed(b'3'), "DeviceEntry"),
        ("block device", typed(b'4'), "DeviceEntry"),
        ("pipe", typed(b'6'), "DeviceEntry"),
        ("PAX path", pax(b'x', "30 path=../../../../etc/passwd\n"), "PaxHeader"),
        ("PAX size", pax(b'x', "12 size=999\n"), "PaxHeader"),
        ("PAX sparse", pax(b'x', "22 GNU.sparse.major=1\n"), "PaxHeader"),
        ("global PAX", pax(b'g', "20 path=opa/b.rego\n"), "PaxHeader"),
        ("Solaris PAX", typed(b'X'), "PaxHeader"),
        ("GNU long name", typed(b'L'), "LongNameHeader"),
        ("GNU long link", typed(b'K'), "LongNameHeader"),
        ("old GNU long name", typed(b'N'), "LongNameHeader"),
        ("GNU sparse", typed(b'S'), "SparseEntry"),
        ("volume label", typed(b'V'), "VolumeEntry"),
        ("continued from another volume", typed(b'M'), "VolumeEntry"),
        ("directory of an incremental dump", typed(b'D'), "VolumeEntry"),
        ("contiguous", typed(b'7'), "UnknownEntry"),
        ("of no known type", typed(0xfe), "UnknownEntry"),
        ("directory with contents", typed(b'5'), "DirectoryWithContents"),
        ("twice", twice("opa/a.rego", "opa/a.rego"), "DuplicateEntry"),
        ("twice, one with ./", twice("opa/a.rego", "./opa/a.rego"), "DuplicateEntry"),
        ("twice, other case", twice("opa/a.rego", "opa/A.rego"), "DuplicateEntry"),
        ("twice, other case of é", twice("opa/\u{e9}.rego", "opa/\u{c9}.rego"), "DuplicateEntry"),
        ("twice, é taken apart", twice("opa/\u{e9}.rego", "opa/e\u{301}.rego"), "DuplicateEntry"),
        ("directory twice", tar(&[("opa/", b""), ("opa/", b"")]), "DuplicateEntry"),
        ("file as directory", twice("opa/a.rego", "opa/a.rego/b.rego"), "FileAsDirectory"),
        ("directory as file", twice("opa/a.rego/b.rego", "opa/a.rego"), "FileAsDirectory"),
    ];
    for (name, bytes, expected) in cases {
        assert_eq!(reason(bytes), expected, "{name}");
    }
}

#[test]
fn hostile_bytes_are_refused_each_for_its_reason() {
    let plain = || tar(&[("opa/a.rego", b"package a\n")]);
    let cut = |length: usize| plain()[..length].to_vec();
    let mut padding = plain();
    padding[BLOCK + 100] = 1;
    let mut flipped = plain();
    flipped[3] ^= 1;
    let many: Vec<String> = (0..10_000).map(|n| format!("opa/{n}.rego")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let mut old = with(257, &[0; 8]);
    old[156] = 0;
    let old = patched(old, 0, b"opa");
    let compressed = |magic: &[u8]| [magic, &[7; 2000]].concat();
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty", vec![], "NotATar"),
        ("zeros", vec![0; 4 * BLOCK], "NotATar"),
        ("short", b"hello".to_vec(), "NotATar"),
        ("noise", vec![0x55; 4 * BLOCK], "NotATar"),
        ("gzip", compressed(b"\x1f\x8b\x08"), "ArchiveCompressed"),
        ("zstd", compressed(b"\x28\xb5\x2f\xfd"), "ArchiveCompressed"),
        ("xz", compressed(b"\xfd7zXZ\0"), "ArchiveCompressed"),
        ("bzip2", compressed(b"BZh9"), "ArchiveCompressed"),
        ("zip", compressed(b"PK\x03\x04"), "ArchiveCompressed"),
        ("v7", old, "ArchiveFormatOld"),
        ("checksum", flipped, "HeaderChecksum"),
        ("cut in a header", cut(300), "NotATar"),
        ("cut in a file", cut(BLOCK + 5), "ArchiveTruncated"),
        ("no end mark", cut(2 * BLOCK), "ArchiveTruncated"),
        ("half an end mark", cut(3 * BLOCK), "ArchiveTruncated"),
        ("second archive behind the end", [plain(), plain()].concat(), "ArchiveTrailingData"),
        ("bytes behind the end", [plain(), b"x".to_vec()].concat(), "ArchiveTrailingData"),
        ("bytes in the padding", padding, "ArchiveTrailingData"),
        ("size in base 256", with(124, &[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]), "SizeInvalid"),
        ("negative in base 256", with(124, &[0xff; 12]), "SizeInvalid"),
        ("negative", with(124, b"-0000000001"), "SizeInvalid"),
        ("in decimal", with(124, b"00000000099"), "SizeInvalid"),
        ("no size", with(124, &[0; 12]), "SizeInvalid"),
        ("size without end", with(124, b"77777777777"), "FileTooLarge"),
        ("all twelve digits", with(124, b"777777777777"), "FileTooLarge"),
        ("size beyond the end", with(124, b"00000077777"), "ArchiveTruncated"),
        ("10,000 entries", tar(&many), "TooManyEntries"),
        ("over 32 MiB", vec![0; (32 << 20) + 1], "ArchiveTooLarge"),
    ];
    for (name, bytes, expected) in cases {
        assert_eq!(reason(bytes), expected, "{name}");
    }
}

#[test]
fn limits_hold() {
    let bytes = Bytes::from(tar(&[("opa/a.rego", &[b' '; 1000]), ("opa/b.rego", b"")]));
    let check = |limits: ArchiveLimits| read_archive(&bytes, &limits).err();
    let default = ArchiveLimits::default();
    assert_eq!(check(default), None);
    let over = |limits| check(limits).map(|error| error.reason());
    assert_eq!(over(ArchiveLimits { total: 1000, ..default }), Some("ArchiveTooLarge"));
    assert_eq!(over(ArchiveLimits { entries: 1, ..default }), Some("TooManyEntries"));
    assert_eq!(over(ArchiveLimits { file: 999, ..default }), Some("FileTooLarge"));
    assert_eq!(over(ArchiveLimits { depth: 1, ..default }), Some("PathTooDeep"));
    assert_eq!(over(ArchiveLimits { path: 9, ..default }), Some("PathTooLong"));
}

proptest! {
    #[test]
    fn no_mutation_makes_the_reader_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        cut in any::<prop::sample::Index>(),
        mend in any::<bool>(),
    ) {
        let mut bytes = tar(&[("opa/", b""), ("opa/a.rego", b"package a\n"), ("data/b.json", b"{}")]);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if mend {
            bytes = patched(bytes, 0, b"opa/");
        } else {
            bytes.truncate(cut.index(bytes.len()));
        }
        let total = bytes.len();
        if let Ok(files) = read_archive(&Bytes::from(bytes), &ArchiveLimits::default()) {
            prop_assert!(files.iter().map(|(_, b)| b.len()).sum::<usize>() <= total);
            for (path, _) in files.iter() {
                prop_assert!(!path.starts_with('/') && !path.contains(".."));
            }
        }
    }

    #[test]
    fn no_noise_makes_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
        let _ = read_archive(&Bytes::from(bytes), &ArchiveLimits::default());
    }
}
