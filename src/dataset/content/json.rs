//! A JSON reader that is fed: any piece of any length, bounded memory, strict. Several texts one
//! after another are read too (NDJSON, GeoJSON text sequences).

const MAX_DEPTH: usize = 128;
const MAX_TOKEN: usize = 1 << 20;

/// What was read.
#[derive(Debug, PartialEq)]
pub(super) enum Event<'a> {
    StartObject,
    EndObject,
    StartArray,
    EndArray,
    Key(&'a str),
    Text(&'a str),
    Number(f64),
    /// true, false, null
    Word,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    ValueOrEnd,
    KeyOrEnd,
    Key,
    Colon,
    CommaOrEnd,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Nothing,
    Text { escaped: bool },
    Number,
    Word,
}

pub(super) struct Tokens {
    expect: Expect,
    within: Within,
    /// Whether each open bracket is an object's.
    open: Vec<bool>,
    token: Vec<u8>,
    begun: bool,
}

impl Tokens {
    pub(super) const fn new() -> Self {
        Self {
            expect: Expect::Value,
            within: Within::Nothing,
            open: Vec::new(),
            token: Vec::new(),
            begun: false,
        }
    }

    /// How many brackets are open.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    pub(super) fn update(
        &mut self,
        byte: u8,
        sink: &mut impl FnMut(Event<'_>),
    ) -> Result<(), &'static str> {
        match self.within {
            Within::Text { escaped: false } if byte == b'"' => self.end_text(sink),
            Within::Text { escaped } => {
                self.within = Within::Text { escaped: !escaped && byte == b'\\' };
                self.push(byte)
            }
            Within::Number if byte.is_ascii_digit() || b"+-.eE".contains(&byte) => self.push(byte),
            Within::Word if byte.is_ascii_alphabetic() => self.push(byte),
            Within::Number | Within::Word => {
                self.end_plain(sink)?;
                self.structural(byte, sink)
            }
            Within::Nothing => self.structural(byte, sink),
        }
    }

    /// The end of the bytes.
    pub(super) fn finish(&mut self, sink: &mut impl FnMut(Event<'_>)) -> Result<(), &'static str> {
        if matches!(self.within, Within::Number | Within::Word) {
            self.end_plain(sink)?;
        }
        if self.open.is_empty() && self.within == Within::Nothing {
            if self.begun { Ok(()) } else { Err("it is empty") }
        } else {
            Err("it ends in the middle")
        }
    }

    fn push(&mut self, byte: u8) -> Result<(), &'static str> {
        if self.token.len() >= MAX_TOKEN {
            return Err("a text in it is too long");
        }
        self.token.push(byte);
        Ok(())
    }

    fn structural(
        &mut self,
        byte: u8,
        sink: &mut impl FnMut(Event<'_>),
    ) -> Result<(), &'static str> {
        use Expect::{Colon, CommaOrEnd, Key, KeyOrEnd, Value, ValueOrEnd};
        let wants_value = matches!(self.expect, Value | ValueOrEnd);
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => {}
            // The record separator of a text sequence, and a byte order mark at the top.
            0x1E if self.open.is_empty() => {}
            0xEF | 0xBB | 0xBF if !self.begun => {}
            b'"' if wants_value || matches!(self.expect, Key | KeyOrEnd) => {
                self.begin(Within::Text { escaped: false });
            }
            b'-' | b'0'..=b'9' if wants_value => {
                self.begin(Within::Number);
                self.token.push(byte);
            }
            b't' | b'f' | b'n' if wants_value => {
                self.begin(Within::Word);
                self.token.push(byte);
            }
            b'{' | b'[' if wants_value => {
                if self.open.len() >= MAX_DEPTH {
                    return Err("it is nested too deep");
                }
                self.begun = true;
                let object = byte == b'{';
                self.open.push(object);
                self.expect = if object { KeyOrEnd } else { ValueOrEnd };
                sink(if object { Event::StartObject } else { Event::StartArray });
            }
            b'}' if self.open.last() == Some(&true)
                && matches!(self.expect, KeyOrEnd | CommaOrEnd) =>
            {
                self.open.pop();
                sink(Event::EndObject);
                self.end_value();
            }
            b']' if self.open.last() == Some(&false)
                && matches!(self.expect, ValueOrEnd | CommaOrEnd) =>
            {
                self.open.pop();
                sink(Event::EndArray);
                self.end_value();
            }
            b',' if self.expect == CommaOrEnd => {
                self.expect = if self.open.last() == Some(&true) { Key } else { Value };
            }
            b':' if self.expect == Colon => self.expect = Value,
            _ => return Err("it is not JSON"),
        }
        Ok(())
    }

    fn begin(&mut self, within: Within) {
        self.begun = true;
        self.within = within;
        self.token.clear();
    }

    fn end_value(&mut self) {
        self.expect = if self.open.is_empty() { Expect::Value } else { Expect::CommaOrEnd };
    }

    fn end_text(&mut self, sink: &mut impl FnMut(Event<'_>)) -> Result<(), &'static str> {
        self.within = Within::Nothing;
        let mut quoted = Vec::with_capacity(self.token.len() + 2);
        quoted.push(b'"');
        quoted.extend_from_slice(&self.token);
        quoted.push(b'"');
        let text: String =
            serde_json::from_slice(&quoted).map_err(|_| "a text in it is not JSON")?;
        if matches!(self.expect, Expect::Key | Expect::KeyOrEnd) {
            self.expect = Expect::Colon;
            sink(Event::Key(&text));
        } else {
            sink(Event::Text(&text));
            self.end_value();
        }
        Ok(())
    }

    fn end_plain(&mut self, sink: &mut impl FnMut(Event<'_>)) -> Result<(), &'static str> {
        let number = self.within == Within::Number;
        self.within = Within::Nothing;
        if number {
            let value =
                serde_json::from_slice(&self.token).map_err(|_| "a number in it is not JSON")?;
            sink(Event::Number(value));
        } else if matches!(self.token.as_slice(), b"true" | b"false" | b"null") {
            sink(Event::Word);
        } else {
            return Err("it is not JSON");
        }
        self.end_value();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Result<usize, &'static str> {
        let mut tokens = Tokens::new();
        let mut events = 0;
        for &byte in text {
            tokens.update(byte, &mut |_| events += 1)?;
        }
        tokens.finish(&mut |_| events += 1)?;
        Ok(events)
    }

    #[test]
    fn it_reads_what_json_is_and_refuses_what_is_not() {
        for (text, events) in [
            ("{\"a\":[1,-2.5e3,\"x\\\"\\u00fc\",true,null]}", 10),
            ("{}\n{}\n", 4),
            ("\u{1e}[1]\n\u{1e}[2]", 6),
            ("12", 1),
            ("\u{feff}[]", 2),
        ] {
            assert_eq!(read(text.as_bytes()), Ok(events), "{text}");
        }
        for text in [
            "",
            "{",
            "[1,]",
            "{\"a\" 1}",
            "{,}",
            "]",
            "[1}",
            "nul",
            "[01]",
            "{\"a\":1,}",
            "\"\\x\"",
            "[1 2]",
        ] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
        assert!(read("[".repeat(1000).as_bytes()).is_err());
        assert!(read(b"\"\xff\"").is_err());
    }
}
