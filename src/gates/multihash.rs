//! Multihashes in hex: a varint for the function, one for the length, the digest.

/// What a multihash says.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Multihash {
    /// SHA-256, in lower-case hex.
    Sha256(String),
    /// Another function, by name if it is known.
    Other(String),
    /// No multihash: why.
    Malformed(&'static str),
}

/// Functions of the multicodec table that people use.
const NAMES: &[(u64, &str)] = &[
    (0x00, "identity"),
    (0x11, "sha1"),
    (0x13, "sha2-512"),
    (0x14, "sha3-512"),
    (0x15, "sha3-384"),
    (0x16, "sha3-256"),
    (0x17, "sha3-224"),
    (0x18, "shake-128"),
    (0x19, "shake-256"),
    (0x1b, "keccak-256"),
    (0x1e, "blake3"),
    (0x20, "sha2-384"),
    (0x22, "murmur3-x64-64"),
    (0x56, "dbl-sha2-256"),
    (0xd5, "md5"),
    (0x1012, "sha2-256-trunc254-padded"),
    (0x1013, "sha2-224"),
    (0x1014, "sha2-512-224"),
    (0x1015, "sha2-512-256"),
    (0xb220, "blake2b-256"),
    (0xb240, "blake2b-512"),
    (0xb260, "blake2s-256"),
];

/// Reads a multihash.
pub(super) fn read(text: &str) -> Multihash {
    if !text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        return Multihash::Malformed("it is not lower-case hex");
    }
    let Ok(bytes) = hex::decode(text) else {
        return Multihash::Malformed("it has half a byte");
    };
    let read = || {
        let (code, rest) = varint(&bytes)?;
        let (length, digest) = varint(rest)?;
        Some((code, length, digest))
    };
    let Some((code, length, digest)) = read() else {
        return Multihash::Malformed("it breaks off");
    };
    if usize::try_from(length).ok() != Some(digest.len()) {
        return Multihash::Malformed("its length is not that of its digest");
    }
    match code {
        0x12 if digest.len() == 32 => Multihash::Sha256(hex::encode(digest)),
        0x12 => Multihash::Malformed("its SHA-256 does not have 32 bytes"),
        code => {
            let name = NAMES.iter().find(|(known, _)| *known == code);
            Multihash::Other(
                name.map_or_else(|| format!("0x{code:x}"), |(_, name)| (*name).to_owned()),
            )
        }
    }
}

/// An unsigned varint in its shortest form, and what follows it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().enumerate().take(9) {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return (index == 0 || *byte != 0).then_some((value, bytes.get(index + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multihashes() {
        let zeros = |count: usize| "00".repeat(count);
        for (text, expected) in [
            (format!("1220{}", zeros(32)), Multihash::Sha256(zeros(32))),
            (format!("1114{}", zeros(20)), Multihash::Other("sha1".into())),
            (format!("d50110{}", zeros(16)), Multihash::Other("md5".into())),
            (format!("a0e40220{}", zeros(32)), Multihash::Other("blake2b-256".into())),
            (format!("b46020{}", zeros(32)), Multihash::Other("0x3034".into())),
            (
                format!("1220{}", zeros(31)),
                Multihash::Malformed("its length is not that of its digest"),
            ),
            (
                format!("1210{}", zeros(16)),
                Multihash::Malformed("its SHA-256 does not have 32 bytes"),
            ),
            ("122".into(), Multihash::Malformed("it has half a byte")),
            ("12".into(), Multihash::Malformed("it breaks off")),
            ("920020".into(), Multihash::Malformed("it breaks off")),
            (zeros(32).replace('0', "A"), Multihash::Malformed("it is not lower-case hex")),
            (String::new(), Multihash::Malformed("it breaks off")),
        ] {
            assert_eq!(read(&text), expected, "{text}");
        }
    }
}
