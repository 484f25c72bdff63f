//! `WWW-Authenticate` (RFC 9110, section 11.6.1): how a registry wants us to log in.

use std::collections::BTreeMap;

/// Why no login is possible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChallengeError {
    /// Neither Bearer nor Basic.
    #[error("the registry asks for a login of a kind that is not known")]
    Unknown,
    /// A Bearer challenge without a usable realm.
    #[error("the registry names no usable token service: {0}")]
    Realm(&'static str),
    /// The token service's answer holds no token.
    #[error("the registry's token service gave no token")]
    NoToken,
}

impl ChallengeError {
    /// A short CamelCase name for conditions.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unknown | Self::Realm(_) => "AuthChallengeInvalid",
            Self::NoToken => "Unauthorized",
        }
    }
}

/// One way to log in: a scheme in lower case and its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// For instance `bearer`.
    pub scheme: String,
    /// For instance `realm`; names in lower case, the first of a name counts.
    pub parameters: BTreeMap<String, String>,
}

/// Reads a header's challenges, as many of them as make sense.
pub fn challenges(header: &str) -> Vec<Challenge> {
    let mut found: Vec<Challenge> = Vec::new();
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let end = rest.find(|c: char| !is_token(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if word.is_empty() {
            return found;
        }
        let Some(value) = after.trim_start_matches([' ', '\t']).strip_prefix('=') else {
            found
                .push(Challenge { scheme: word.to_ascii_lowercase(), parameters: BTreeMap::new() });
            rest = after;
            continue;
        };
        let Some((value, after)) = value_of(value.trim_start_matches([' ', '\t'])) else {
            return found;
        };
        if let Some(challenge) = found.last_mut() {
            challenge.parameters.entry(word.to_ascii_lowercase()).or_insert(value);
        }
        rest = after;
    }
}

/// A token or a quoted string, and what follows it.
fn value_of(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        return Some((text[..end].to_owned(), &text[end..]));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            c => value.push(c),
        }
    }
    None
}

const fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(
            c,
            '!' | '#'
                | '$'
                | '%'
                | '&'
                | '\''
                | '*'
                | '+'
                | '-'
                | '.'
                | '^'
                | '_'
                | '`'
                | '|'
                | '~'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_in_all_their_spellings() {
        let shown = |header: &str| -> Vec<String> {
            let show = |c: &Challenge| format!("{} {:?}", c.scheme, c.parameters);
            challenges(header).iter().map(show).collect()
        };
        for (header, expected) in [
            (
                r#"Bearer realm="https://a.example/token",service="r",scope="repository:a/b:pull,push""#,
                vec![
                    r#"bearer {"realm": "https://a.example/token", "scope": "repository:a/b:pull,push", "service": "r"}"#,
                ],
            ),
            ("BASIC realm=\"x\"", vec![r#"basic {"realm": "x"}"#]),
            ("Basic", vec!["basic {}"]),
            ("Negotiate, Basic realm = x", vec!["negotiate {}", r#"basic {"realm": "x"}"#]),
            (
                r#"Basic realm="a, b=c", Bearer realm="say \"x\"""#,
                vec![r#"basic {"realm": "a, b=c"}"#, r#"bearer {"realm": "say \"x\""}"#],
            ),
            (r#"Bearer realm="a",realm="b""#, vec![r#"bearer {"realm": "a"}"#]),
            (r#"Bearer realm="never ends"#, vec!["bearer {}"]),
            ("realm=x", vec![]),
            ("", vec![]),
            ("\u{fc}", vec![]),
        ] {
            assert_eq!(shown(header), expected, "{header}");
        }
    }
}
