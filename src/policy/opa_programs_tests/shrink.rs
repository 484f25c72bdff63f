//! Makes a program that differs as short as it goes.

use serde_json::Value;

use super::generate::Program;
use super::opa::Opa;
use super::run;

fn differs(opa: &Opa, text: &str, rule: &str, input: &Value) -> Option<String> {
    let program = Program { text: text.to_owned(), rules: vec![rule.to_owned()] };
    let (.., said) = run(opa, &program, std::slice::from_ref(input)).difference?;
    Some(said)
}

/// The program, its input and what both say.
pub fn shrink(opa: &Opa, program: Program, rule: &str, input: &Value) -> String {
    let mut text = program.text;
    let differs = |text: &str, input: &Value| differs(opa, text, rule, input);
    let mut input = input.clone();
    loop {
        let before = (text.len(), input.to_string().len());
        if let Some(shorter) = shorter(&text).into_iter().find(|t| differs(t, &input).is_some()) {
            text = shorter;
            continue;
        }
        for key in
            input.as_object().map(|m| m.keys().cloned().collect::<Vec<_>>()).unwrap_or_default()
        {
            let mut less = input.clone();
            less.as_object_mut().unwrap().remove(&key);
            if differs(&text, &less).is_some() {
                input = less;
            }
        }
        if before == (text.len(), input.to_string().len()) {
            break;
        }
    }
    let said = differs(&text, &input).unwrap_or_default();
    format!("{rule} {input}\n{text}\n{said}")
}

/// Texts that lack a line, a rule, or a part of an expression.
fn shorter(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let rules: Vec<&str> = text.split("\n\n").collect();
    for at in 1..rules.len() {
        let mut rules = rules.clone();
        rules.remove(at);
        all.push(rules.join("\n\n"));
    }
    let lines: Vec<&str> = text.lines().collect();
    for at in 2..lines.len() {
        for count in [4, 3, 2, 1] {
            if at + count <= lines.len() {
                let mut lines = lines.clone();
                lines.drain(at..at + count);
                all.push(lines.join("\n"));
            }
        }
    }
    let chars: Vec<char> = text.chars().collect();
    let start = text.find("\n\n").map_or(0, |at| at + 2);
    let spans = spans(&chars, start);
    for (from, to) in spans {
        for with in ["", "1", "input", "x"] {
            if with.len() < to - from {
                let (before, after) = (&chars[..from], &chars[to..]);
                let text: String = before
                    .iter()
                    .copied()
                    .chain(with.chars())
                    .chain(after.iter().copied())
                    .collect();
                all.push(text);
            }
        }
    }
    all.sort_by_key(String::len);
    all
}

/// Bracketed parts, with and without what stands before, parts between commas, and words.
fn spans(chars: &[char], start: usize) -> Vec<(usize, usize)> {
    let word = |c: char| c.is_alphanumeric() || "._\"".contains(c);
    let mut found = Vec::new();
    for from in start..chars.len() {
        let (mut depth, mut to) = (0_i32, from);
        while to < chars.len() && chars[to] != '\n' {
            match chars[to] {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                _ => {}
            }
            if depth < 0 {
                break;
            }
            to += 1;
            let ends = to == chars.len() || !word(chars[to]) || !word(chars[to - 1]);
            let starts = from == 0 || !word(chars[from - 1]) || !word(chars[from]);
            if depth == 0 && ends && starts && to - from > 1 && to - from < 80 {
                found.push((from, to));
            }
        }
    }
    found
}
