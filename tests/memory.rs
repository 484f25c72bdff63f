//! A hostile archive costs no more memory than its own bytes, whatever its headers claim.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use bytes::Bytes;
use lazaret::pack::{ArchiveLimits, read_archive};

/// What reading may take beyond the archive itself: the paths of at most 4,096 entries.
const BOUND_KIB: u64 = 8 << 10;

/// The most memory that this process ever held, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn header(name: &str, size: &str, kind: u8) -> [u8; 512] {
    let mut block = [0; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..107].copy_from_slice(b"0000644");
    block[124..124 + size.len()].copy_from_slice(size.as_bytes());
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u64 = block.iter().map(|&b| u64::from(b)).sum::<u64>() + 8 * u64::from(b' ');
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

// One test: the peak belongs to the whole process.
#[test]
fn reading_allocates_nothing_that_a_header_merely_claims() {
    let limits = ArchiveLimits {
        // Without the limits on entries and files too.
        entries: usize::MAX,
        file: usize::MAX,
        ..ArchiveLimits::default()
    };
    let mut archives = Vec::new();
    for kind in [b'0', b'5', b'x', b'g', b'L', b'S'] {
        let mut bytes = header("opa/a.rego", "77777777777", kind).to_vec();
        bytes.resize(8 << 10, 0);
        archives.push(bytes);
    }
    // Four thousand headers that each claim 8 GiB, and as many small files.
    archives.push(header("opa/a.rego", "77777777777", b'0').repeat(4000));
    let many = (0..4000).flat_map(|n| header(&format!("opa/{n}.rego"), "00000000000", b'0'));
    archives.push(many.chain([0; 1024]).collect());
    let archives: Vec<Bytes> = archives.into_iter().map(Bytes::from).collect();
    let before = peak();
    for archive in &archives {
        for _ in 0..20 {
            let _ = read_archive(archive, &limits);
        }
    }
    let grown = peak() - before;
    assert!(grown < BOUND_KIB, "{grown} KiB");
}
