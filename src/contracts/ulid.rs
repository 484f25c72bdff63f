//! ULIDs as a format: 26 characters of Crockford's base 32, of which the first is at most 7, since 128
//! bits are no more.

/// Whether a text is a ULID. Case does not matter, as its specification says.
pub(super) fn is_ulid(text: &str) -> bool {
    let letter =
        |byte: u8| byte.is_ascii_alphanumeric() && !b"ILOU".contains(&byte.to_ascii_uppercase());
    text.len() == 26 && text.as_bytes()[0] <= b'7' && text.bytes().all(letter)
}

#[cfg(test)]
mod tests {
    use super::is_ulid;

    #[test]
    fn ulids_are_told_from_what_looks_like_them() {
        for (text, good) in [
            ("01ARZ3NDEKTSV4RRFFQ69G5FAV", true),
            ("01arz3ndektsv4rrffq69g5fav", true),
            ("7ZZZZZZZZZZZZZZZZZZZZZZZZZ", true),
            ("8ZZZZZZZZZZZZZZZZZZZZZZZZZ", false),
            ("01ARZ3NDEKTSV4RRFFQ69G5FA", false),
            ("01ARZ3NDEKTSV4RRFFQ69G5FAVX", false),
            ("01ARZ3NDEKTSV4RRFFQ69G5FAI", false),
            ("01ARZ3NDEKTSV4RRFFQ69G5FAU", false),
            ("01ARZ3NDEKTSV4RRFFQ69G5F-V", false),
            ("é1ARZ3NDEKTSV4RRFFQ69G5FA", false),
            ("", false),
        ] {
            assert_eq!(is_ulid(text), good, "{text}");
        }
    }
}
