//! RFC 8785 by the test data of its authors: their documents, and a hundred thousand of their numbers.

use std::fs;

use lazaret::domain::{canonical_bytes, parse_i_json};
use serde_json::{Number, Value};
use sha2::{Digest as _, Sha256};

const DATA: &str = "tests/data/jcs";

#[test]
fn documents_of_the_authors() {
    let mut seen = 0;
    for entry in fs::read_dir(format!("{DATA}/input")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let value = parse_i_json(&fs::read(&path).unwrap()).unwrap();
        let expected = fs::read_to_string(format!("{DATA}/output/{name}")).unwrap();
        let canonical = String::from_utf8(canonical_bytes(&value).unwrap()).unwrap();
        assert_eq!(canonical, expected, "{name}");
        // What is canonical stays so.
        let again = parse_i_json(canonical.as_bytes()).unwrap();
        assert_eq!(canonical_bytes(&again).unwrap(), expected.as_bytes(), "{name}");
        seen += 1;
    }
    assert_eq!(seen, 6);
}

fn line(bits: u64) -> String {
    let number = Number::from_f64(f64::from_bits(bits)).unwrap();
    let text = canonical_bytes(&Value::Number(number)).unwrap();
    format!("{bits:x},{}\n", String::from_utf8(text).unwrap())
}

/// Published with the data: so many lines have this SHA-256.
const LINES: [(usize, &str); 3] = [
    (1_000, "be18b62b6f69cdab33a7e0dae0d9cfa869fda80ddc712221570f9f40a5878687"),
    (10_000, "b9f7a8e75ef22a835685a52ccba7f7d6bdc99e34b010992cbc5864cd12be6892"),
    (100_000, "22776e6d4b49fa294a0d0f349268e5c28808fe7e0cb2bcbe28f63894e494d4c7"),
];

#[test]
fn numbers_of_the_authors() {
    let vendored = fs::read_to_string(format!("{DATA}/es6-numbers.txt")).unwrap();
    let mut hash = Sha256::new();
    let mut count = 0;
    let mut add = |text: &str| {
        hash.update(text);
        count += 1;
        if let Some((_, expected)) = LINES.iter().find(|(lines, _)| *lines == count) {
            assert_eq!(hex::encode(hash.clone().finalize()), *expected, "{count} lines");
        }
        count < LINES[LINES.len() - 1].0
    };
    for expected in vendored.lines() {
        let bits = u64::from_str_radix(expected.split(',').next().unwrap(), 16).unwrap();
        assert_eq!(line(bits).trim_end(), expected);
        add(&line(bits));
    }
    for bits in (0..2000).map(|serial| 0x0010_0000_0000_0000 + serial) {
        add(&line(bits));
    }
    let mut block = [0; 32];
    loop {
        block = Sha256::digest(block).into();
        for bytes in block.chunks(8) {
            let bits = u64::from_le_bytes(bytes.try_into().unwrap());
            let number = f64::from_bits(bits);
            if number != 0.0 && number.is_finite() && !add(&line(bits)) {
                return;
            }
        }
    }
}
