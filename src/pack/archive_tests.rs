use bytes::Bytes;
use proptest::prelude::*;

use super::archive::{ArchiveError, ArchiveLimits, read_archive};
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

#[test]
fn hostile_archives_are_refused_each_for_its_reason() {
    let plain = || tar(&[("opa/a.rego", b"package a\n")]);
    let typed = |flag: u8| patched(plain(), 156, &[flag]);
    let mut truncated = plain();
    truncated.truncate(BLOCK + 5);
    let mut no_end = plain();
    no_end.truncate(2 * BLOCK);
    let mut half_end = plain();
    half_end.truncate(3 * BLOCK);
    let mut hidden = plain();
    hidden.extend(plain());
    let mut padding = plain();
    padding[BLOCK + 100] = 1;
    let mut flipped = plain();
    flipped[3] ^= 1;
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty", vec![], "NotATar"),
        ("zeros", vec![0; 4 * BLOCK], "NotATar"),
        ("gzip", [&[0x1f, 0x8b][..], &[7; 2000]].concat(), "NotATar"),
        ("short", b"hello".to_vec(), "NotATar"),
        ("checksum", flipped, "NotATar"),
        ("cut in a file", truncated, "ArchiveTruncated"),
        ("no end mark", no_end, "ArchiveTruncated"),
        ("half an end mark", half_end, "ArchiveTruncated"),
        ("second archive behind the end", hidden, "ArchiveTrailingData"),
        ("bytes in the padding", padding, "ArchiveTrailingData"),
        ("absolute", tar(&[("/opa/a.rego", b"")]), "UnsafePath"),
        ("parent", tar(&[("opa/../a.rego", b"")]), "UnsafePath"),
        ("parent first", tar(&[("../a.rego", b"")]), "UnsafePath"),
        ("dot inside", tar(&[("opa/./a.rego", b"")]), "UnsafePath"),
        ("double slash", tar(&[("opa//a.rego", b"")]), "UnsafePath"),
        ("backslash", tar(&[("opa\\a.rego", b"")]), "UnsafePath"),
        ("drive", tar(&[("C:opa/a.rego", b"")]), "UnsafePath"),
        ("control", tar(&[("opa/a\n.rego", b"")]), "UnsafePath"),
        ("deep", tar(&[("opa/1/2/3/4/5/6/7/8/9/10/11/12/a.rego", b"")]), "UnsafePath"),
        ("not UTF-8", patched(plain(), 4, &[0xff]), "UnsafePath"),
        ("size in base 256", patched(plain(), 124, &[0x80]), "UnsafePath"),
        ("size without end", patched(plain(), 124, b"77777777777"), "ArchiveTooLarge"),
        ("hard link", typed(b'1'), "ForbiddenEntry"),
        ("symbolic link", typed(b'2'), "ForbiddenEntry"),
        ("character device", typed(b'3'), "ForbiddenEntry"),
        ("block device", typed(b'4'), "ForbiddenEntry"),
        ("pipe", typed(b'6'), "ForbiddenEntry"),
        ("PAX", typed(b'x'), "ForbiddenEntry"),
        ("global PAX", typed(b'g'), "ForbiddenEntry"),
        ("GNU long name", typed(b'L'), "ForbiddenEntry"),
        ("GNU long link", typed(b'K'), "ForbiddenEntry"),
        ("GNU sparse", typed(b'S'), "ForbiddenEntry"),
        ("contiguous", typed(b'7'), "ForbiddenEntry"),
        ("directory with contents", typed(b'5'), "ForbiddenEntry"),
        ("twice", tar(&[("opa/a.rego", b"1"), ("opa/a.rego", b"2")]), "DuplicateEntry"),
        (
            "twice, one with ./",
            tar(&[("opa/a.rego", b"1"), ("./opa/a.rego", b"2")]),
            "DuplicateEntry",
        ),
        ("twice, other case", tar(&[("opa/a.rego", b"1"), ("opa/A.rego", b"2")]), "DuplicateEntry"),
        (
            "file as directory",
            tar(&[("opa/a.rego", b""), ("opa/a.rego/b.rego", b"")]),
            "DuplicateEntry",
        ),
        (
            "directory as file",
            tar(&[("opa/a.rego/b.rego", b""), ("opa/a.rego", b"")]),
            "DuplicateEntry",
        ),
        ("unknown root", tar(&[("bin/sh", b"")]), "UnknownFile"),
        ("unknown file", tar(&[("opa/a.txt", b"")]), "UnknownFile"),
        ("rego outside opa", tar(&[("a.rego", b"")]), "UnknownFile"),
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
    let over = |limits| matches!(check(limits), Some(ArchiveError::TooLarge { .. }));
    assert!(over(ArchiveLimits { total: 1000, ..default }));
    assert!(over(ArchiveLimits { entries: 1, ..default }));
    assert!(over(ArchiveLimits { file: 999, ..default }));
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
