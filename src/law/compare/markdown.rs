//! The report as a comment on a change request: what matters as a table, the rest folded. Whatever strangers
//! wrote is escaped, and nobody is called by it; and it ends before GitHub would cut it off.

use std::fmt::Write as _;

use super::report::{Row, SetReport};
use crate::contracts::{Change, Class, Location, Witness};

/// A comment of GitHub has at most 65,536 characters; what is folded gets what the table leaves.
const MAX_TABLE: usize = 40_000;
const MAX_ALL: usize = 60_000;
/// Letters of one name, message or instance.
const MAX_TEXT: usize = 400;

/// What such a comment begins with, for whoever replaces it by a newer one.
const MARK: &str = "<!-- lazaret contracts diff -->";

/// The report in Markdown.
pub fn markdown(report: &SetReport) -> String {
    let mut text = format!("{MARK}\n### Contracts: {}\n\n", report.class.name());
    if report.contracts.is_empty() {
        text.push_str("No contract changed.\n");
        return text;
    }
    let [breaking, risky, safe] = report.counts();
    let _ = writeln!(
        text,
        "{breaking} breaking, {risky} risky and {safe} safe changes of {} contracts.\n",
        report.contracts.len()
    );
    let mut loud: Vec<(&Row, &Change)> = report.changes(Class::Risky).collect();
    loud.sort_by_key(|(_, change)| std::cmp::Reverse(change.class));
    table(&mut text, &loud);
    witnesses(&mut text, &loud);
    quiet(&mut text, report);
    text
}

fn table(text: &mut String, loud: &[(&Row, &Change)]) {
    if loud.is_empty() {
        return;
    }
    text.push_str("| class | module | contract | rule | where | what | consumers | mend |\n");
    text.push_str("|---|---|---|---|---|---|---|---|\n");
    for (number, (one, change)) in loud.iter().enumerate() {
        let consumers: Vec<String> = one
            .consumers
            .iter()
            .map(|consumer| match &consumer.contact {
                Some(contact) => format!("{} ({})", code(&consumer.name), code(contact)),
                None => code(&consumer.name),
            })
            .collect();
        let class = match change.class {
            Class::Breaking => "**BREAKING**",
            class => class.name(),
        };
        let row = format!(
            "| {class} | {} | {} | {} | {} | {} | {} | {} |\n",
            code(&one.module),
            code(&one.id),
            code(&change.rule),
            code(&place(change)),
            plain(&change.message),
            if consumers.is_empty() { "–".into() } else { consumers.join(", ") },
            plain(&change.remedy),
        );
        if text.len() + row.len() > MAX_TABLE {
            let _ =
                writeln!(text, "\n… and {} more, which the JSON report has.", loud.len() - number);
            break;
        }
        text.push_str(&row);
    }
    text.push('\n');
}

/// An instance that shows it, for each change that has one.
fn witnesses(text: &mut String, loud: &[(&Row, &Change)]) {
    let shown: Vec<(&Row, &Change, &Witness)> = loud
        .iter()
        .filter_map(|(one, change)| Some((*one, *change, change.witness.as_ref()?)))
        .collect();
    let lines = shown.iter().map(|(one, change, witness)| {
        let (accepts, refuses) = match witness.accepted_by_old {
            true => ("old", "new"),
            false => ("new", "old"),
        };
        let why = witness
            .refused_because
            .first()
            .map(|why| format!(": {}", plain(why)))
            .unwrap_or_default();
        format!(
            "- {} {} {}<br>the {accepts} one accepts {}<br>the {refuses} one refuses it{why}\n",
            code(&one.id),
            code(&change.rule),
            code(&place(change)),
            code(&witness.instance.to_string()),
        )
    });
    folded(text, &format!("Counter-examples ({})", shown.len()), lines);
}

/// What asks nothing of anybody.
fn quiet(text: &mut String, report: &SetReport) {
    let safe: Vec<_> =
        report.changes(Class::Safe).filter(|(_, change)| change.class == Class::Safe).collect();
    let lines = safe.iter().map(|(one, change)| {
        format!(
            "- {} {} {}: {}\n",
            code(&one.id),
            code(&change.rule),
            code(&place(change)),
            plain(&change.message)
        )
    });
    folded(text, &format!("Safe changes ({})", safe.len()), lines);
    let same: Vec<_> =
        report.contracts.iter().filter(|one| one.comparison.changes.is_empty()).collect();
    let lines = same.iter().map(|one| format!("- {}\n", code(&one.id)));
    folded(text, &format!("Other bytes, same meaning ({})", same.len()), lines);
}

fn folded(text: &mut String, title: &str, lines: impl ExactSizeIterator<Item = String>) {
    let all = lines.len();
    if all == 0 {
        return;
    }
    let _ = write!(text, "<details><summary>{title}</summary>\n\n");
    for (number, line) in lines.enumerate() {
        if text.len() + line.len() > MAX_ALL {
            let _ = writeln!(text, "- … and {} more", all - number);
            break;
        }
        text.push_str(&line);
    }
    text.push_str("\n</details>\n\n");
}

/// Where it is now, or was.
fn place(change: &Change) -> String {
    let at = change.new.as_ref().or(change.old.as_ref());
    at.map_or_else(String::new, |Location { document, pointer }| format!("{document} {pointer}"))
}

/// A text between words of ours.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for letter in cut(text) {
        match letter {
            // A letter of no width keeps it from calling anybody or linking anywhere.
            '@' => out.push_str("@\u{200b}"),
            '#' => out.push_str("&#35;\u{200b}"),
            ':' => out.push_str("&#58;"),
            letter => escape(letter, &mut out),
        }
    }
    out
}

/// A name, pointer or value.
fn code(text: &str) -> String {
    let mut out = String::from("<code>");
    cut(text).for_each(|letter| escape(letter, &mut out));
    out.push_str("</code>");
    out
}

fn cut(text: &str) -> impl Iterator<Item = char> {
    let long = text.chars().nth(MAX_TEXT).is_some();
    text.chars().take(MAX_TEXT).chain(long.then_some('…'))
}

fn escape(letter: char, out: &mut String) {
    match letter {
        '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '<' | '>' | '&' | '|'
        | '~' | '!' | '"' | '$' => {
            let _ = write!(out, "&#{};", u32::from(letter));
        }
        letter if letter.is_control() => out.push(' '),
        letter => out.push(letter),
    }
}
