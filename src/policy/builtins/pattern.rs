//! From Go's regular expressions to ours. Both are of RE2's family and yet not the same: `\d`, `\w`
//! and `\s` mean ASCII there and Unicode here, and either knows syntax that the other reads
//! otherwise. What means the same is taken over, what can be said otherwise is rewritten, and all
//! else is refused.

use std::fmt::Write as _;

/// Go's largest count of repetitions.
const REPEAT: u32 = 1000;

/// The pattern in the words of the `regex` crate.
///
/// # Errors
/// What cannot be said, in words.
pub(super) fn translate(go: &str) -> Result<String, String> {
    let mut from = go.chars().peekable();
    let mut to = String::with_capacity(go.len() + 8);
    let mut repeated = false;
    while let Some(c) = from.next() {
        let repeats = matches!(c, '*' | '+' | '?')
            || (c == '{' && from.peek().is_some_and(char::is_ascii_digit));
        if repeats && repeated {
            return Err("a repetition is repeated".into());
        }
        match c {
            '\\' => escape(&mut from, &mut to, false)?,
            '[' => class(&mut from, &mut to)?,
            '(' => {
                to.push('(');
                if from.peek() == Some(&'?') {
                    group(&mut from, &mut to)?;
                }
            }
            '{' if repeats => repetition(&mut from, &mut to)?,
            '{' | '}' => return Err(format!("a {c:?} that repeats nothing; write \\{c}")),
            // A space or # has a meaning only under a flag that is refused.
            _ => to.push(c),
        }
        repeated = repeats;
        if repeats && from.peek() == Some(&'?') {
            from.next();
            to.push('?');
        }
    }
    Ok(to)
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn escape(from: &mut Chars<'_>, to: &mut String, in_class: bool) -> Result<(), String> {
    let Some(c) = from.next() else { return Err("it ends in a backslash".into()) };
    let perl = match c {
        'd' | 'D' => Some("0-9"),
        'w' | 'W' => Some("0-9A-Za-z_"),
        's' | 'S' => Some("\\t\\n\\x0C\\r "),
        _ => None,
    };
    match (c, perl) {
        (_, Some(members)) if c.is_ascii_uppercase() => drop(write!(to, "[^{members}]")),
        (_, Some(members)) if in_class => to.push_str(members),
        (_, Some(members)) => drop(write!(to, "[{members}]")),
        ('b', _) if !in_class => to.push_str("(?-u:\\b)"),
        ('B', _) if !in_class => to.push_str("(?-u:\\B)"),
        ('A' | 'z', _) if !in_class => drop(write!(to, "\\{c}")),
        ('a' | 'f' | 't' | 'n' | 'r' | 'v', _) => drop(write!(to, "\\{c}")),
        ('p' | 'P', _) => property(c, from, to)?,
        ('x', _) => hexadecimal(from, to)?,
        _ if c.is_ascii_punctuation() => drop(write!(to, "\\x{:02X}", u32::from(c))),
        _ => return Err(format!("\\{c} is not known here and in OPA alike")),
    }
    Ok(())
}

fn property(c: char, from: &mut Chars<'_>, to: &mut String) -> Result<(), String> {
    let name: String = match from.next() {
        Some('{') => from.by_ref().take_while(|c| *c != '}').collect(),
        Some(c) => c.to_string(),
        None => return Err("it ends in \\p".into()),
    };
    // General categories; scripts and the rest have names of their own on either side.
    let general = name.len() <= 2
        && name.starts_with(['C', 'L', 'M', 'N', 'P', 'S', 'Z'])
        && name.chars().skip(1).all(|c| c.is_ascii_lowercase());
    match general || ["Greek", "Latin", "Cyrillic", "Han", "Arabic", "Hebrew"].contains(&&*name) {
        true => drop(write!(to, "\\{c}{{{name}}}")),
        false => return Err(format!("the class \\p{{{name}}}")),
    }
    Ok(())
}

fn hexadecimal(from: &mut Chars<'_>, to: &mut String) -> Result<(), String> {
    let digits: String = match from.next() {
        Some('{') => from.by_ref().take_while(|c| *c != '}').collect(),
        Some(c) => [Some(c), from.next()].into_iter().flatten().collect(),
        None => String::new(),
    };
    let found = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
    let found = found.ok_or_else(|| format!("\\x{digits}"))?;
    let _ = write!(to, "\\x{{{:X}}}", u32::from(found));
    Ok(())
}

fn class(from: &mut Chars<'_>, to: &mut String) -> Result<(), String> {
    to.push('[');
    if from.peek() == Some(&'^') {
        from.next();
        to.push('^');
    }
    let mut first = true;
    loop {
        let Some(c) = from.next() else { return Err("unclosed character class".into()) };
        match c {
            ']' if !first => {
                to.push(']');
                return Ok(());
            }
            '\\' => escape(from, to, true)?,
            '[' if from.peek() == Some(&':') => {
                to.push('[');
                let name: String = from.by_ref().take_while(|c| *c != ']').collect();
                let known = name.strip_prefix(':').and_then(|n| n.strip_suffix(':'));
                let known = known.map(|n| n.strip_prefix('^').unwrap_or(n));
                const NAMES: [&str; 14] = [
                    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower",
                    "print", "punct", "space", "upper", "word", "xdigit",
                ];
                if !known.is_some_and(|known| NAMES.contains(&known)) {
                    return Err(format!("the class [{name}]"));
                }
                let _ = write!(to, "{name}]");
            }
            // Ours knows sets of classes; Go reads the signs themselves.
            '[' | ']' | '&' | '~' | '^' => drop(write!(to, "\\{c}")),
            '-' => {
                let edge = first || from.peek() == Some(&']');
                to.push_str(if edge { "\\-" } else { "-" });
                if !edge && to.ends_with("--") {
                    return Err("a range that begins at another".into());
                }
            }
            _ => to.push(c),
        }
        first = false;
    }
}

fn group(from: &mut Chars<'_>, to: &mut String) -> Result<(), String> {
    from.next();
    to.push('?');
    let head: String = {
        let mut head = String::new();
        while let Some(&c) = from.peek() {
            from.next();
            head.push(c);
            if matches!(c, ':' | ')' | '>') {
                break;
            }
        }
        head
    };
    let named = head.strip_prefix("P<").or_else(|| head.strip_prefix('<'));
    let name = named.and_then(|name| name.strip_suffix('>'));
    let flags = head.strip_suffix(':').or_else(|| head.strip_suffix(')'));
    let good = match (name, flags) {
        (Some(name), _) => {
            !name.is_empty()
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                && !name.starts_with(|c: char| c.is_ascii_digit())
        }
        (None, Some(flags)) => flags.chars().all(|c| matches!(c, 'i' | 'm' | 's' | 'U' | '-')),
        _ => false,
    };
    if !good {
        return Err(format!("the group (?{head}"));
    }
    to.push_str(&head);
    Ok(())
}

fn repetition(from: &mut Chars<'_>, to: &mut String) -> Result<(), String> {
    let counts: String = from.by_ref().take_while(|c| *c != '}').collect();
    let (least, most) = counts.split_once(',').unwrap_or((&counts, &counts));
    let number = |text: &str| text.parse::<u32>().ok().filter(|n| *n <= REPEAT);
    if number(least).is_none() || !(most.is_empty() || number(most).is_some()) {
        return Err(format!("the repetition {{{counts}}}: at most {REPEAT} times"));
    }
    let _ = write!(to, "{{{counts}}}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_in_go() {
        for (pattern, text, expected) in [
            (r"^\d$", "٣", false),
            (r"^\d$", "3", true),
            (r"^\D$", "٣", true),
            (r"^\w+$", "ä", false),
            (r"^\W$", "ä", true),
            (r"^[\w.]+$", "a.b_1", true),
            (r"^[^\s]$", "\u{b}", true),
            (r"^[\S]$", "a", true),
            (r"^\s$", "\u{a0}", false),
            (r"\bb", "äb", true),
            (r"^[a&&b]+$", "&", true),
            (r"^[[a]$", "[", true),
            (r"^[]a]+$", "]a", true),
            (r"^[a~~b]$", "~", true),
            (r"^[-a]$", "-", true),
            (r"^[a-]$", "-", true),
            (r"^[+--]$", ",", true),
            (r"^(?i)ABC$", "abc", true),
            (r"^(?P<x>a|b){2,3}?$", "aba", true),
            (r"^\x41\x{42}$", "AB", true),
            (r"^a.c$", "a\nc", false),
            (r"^\.\-\/\_$", ".-/_", true),
            (r"^[[:alpha:]]$", "a", true),
            (r"^\p{L}\pL$", "äß", true),
            (r"a$", "a\n", false),
            (r"^[\d\-x]+$", "1-x", true),
            (r" #", " #", true),
        ] {
            match translate(pattern) {
                Ok(ours) => {
                    let regex =
                        regex::Regex::new(&ours).unwrap_or_else(|e| panic!("{pattern}: {e}"));
                    assert_eq!(regex.is_match(text), expected, "{pattern} as {ours} on {text:?}");
                }
                Err(why) => assert_eq!(pattern, r"^[+--]$", "{why}"),
            }
        }
    }

    #[test]
    fn what_go_reads_otherwise_is_refused() {
        for pattern in [
            r"\u{41}",
            r"\h",
            r"a**",
            r"a+*",
            r"a{2}{3}",
            r"(?x)a b",
            r"(?u)a",
            r"(?R)a",
            r"{",
            r"a}",
            r"a{1001}",
            r"\1",
            r"\Q.\E",
            r"\C",
            r"[a",
            r"[\b]",
            r"(?=a)",
            r"(?<!a)",
            r"\p{Alphabetic}",
            r"[[:foo:]]",
            r"a{,3}",
            r"\",
            r"\xZZ",
            r"\K",
            r"\<",
        ] {
            if pattern == r"\<" {
                assert!(translate(pattern).is_ok(), "punctuation stands for itself");
                continue;
            }
            let ours = translate(pattern);
            assert!(ours.is_err(), "{pattern} became {ours:?}");
        }
    }
}
