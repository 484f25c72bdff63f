//! Health as one static page. Names and messages are strangers': all of it is escaped, and the page's own
//! policy lets it load nothing.

use std::fmt::Write as _;

use super::text::{count, drift, severity, since, when, word};
use super::{ContractHealth, Health, State};
use crate::law::{Kind, Severity};

/// Findings that are shown; the rest is counted.
const MAX_FINDINGS: usize = 500;

pub(super) fn html(health: &Health) -> String {
    let mut out = String::new();
    let name = escape(&health.set);
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Contracts of {name}</title>\n<style>\n{}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#contracts\">To the contracts</a>\n\
         <header>\n<h1>Contracts of {name}</h1>\n\
         <p class=\"quiet\">As of <time datetime=\"{}\">{}</time></p>\n</header>\n<main>\n",
        include_str!("page.css"),
        health.today,
        health.today,
    );
    cards(&mut out, health);
    modules(&mut out, health);
    leaving(&mut out, health);
    findings(&mut out, health);
    contracts(&mut out, health);
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn cards(out: &mut String, health: &Health) {
    let tone = match health.state {
        State::Sound => "good",
        State::Attention => "fair",
        State::Broken => "bad",
    };
    let freeze = match &health.freeze {
        None => "none".to_owned(),
        Some(freeze) => match freeze.date {
            Some(date) => format!("{} <small>{date}</small>", escape(&freeze.name)),
            None => escape(&freeze.name),
        },
    };
    let errors = if health.errors > 0 { "bad" } else { "good" };
    let warnings = if health.warnings > 0 { "fair" } else { "good" };
    let drifted: usize = health.modules.iter().map(|one| one.drifted).sum();
    let all = [
        ("State", tone, word(health.state).to_owned()),
        ("Covered", "", format!("{} of {}", health.covered, health.contracts.len())),
        ("Errors", errors, health.errors.to_string()),
        ("Warnings", warnings, health.warnings.to_string()),
        ("Last freeze", "", freeze),
        ("Since then", "", since(drifted, health.freeze.is_some())),
        ("On the way out", "", health.deprecations.len().to_string()),
    ];
    out.push_str("<dl class=\"cards\">\n");
    for (label, tone, value) in all {
        let _ = writeln!(out, "<div><dt>{label}</dt><dd class=\"{tone}\">{value}</dd></div>");
    }
    out.push_str("</dl>\n");
}

fn table(out: &mut String, caption: &str, heads: &[&str]) {
    let _ = write!(
        out,
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\">\n<table>\n<caption>{caption}</caption>\n<thead><tr>"
    );
    for head in heads {
        let _ = write!(out, "<th scope=\"col\">{head}</th>");
    }
    out.push_str("</tr></thead>\n<tbody>\n");
}

const END: &str = "</tbody>\n</table>\n</div>\n";

fn modules(out: &mut String, health: &Health) {
    out.push_str("<h2 id=\"modules\">Modules</h2>\n");
    let heads =
        ["Module", "Version", "Released", "Frozen", "Covered", "Since the freeze", "Owners"];
    table(out, "Each module has a version of its own", &heads);
    for one in &health.modules {
        let text = |value: Option<String>| value.map_or_else(|| "?".to_owned(), |v| escape(&v));
        let (covered, all) = (one.covered, one.contracts);
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"one\">{}</td><td>{}</td>\
             <td class=\"one\"><meter min=\"0\" max=\"{}\" value=\"{covered}\" aria-label=\"covered\"></meter> {covered} of {all}</td>\
             <td>{}</td><td>{}</td></tr>",
            escape(&one.name),
            text(one.version.as_ref().map(ToString::to_string)),
            text(one.released.map(|date| date.to_string())),
            text(Some(one.frozen.as_ref().map_or_else(|| "–".into(), ToString::to_string))),
            all.max(1),
            since(one.drifted, health.freeze.is_some()),
            escape(&one.owners.join(", ")),
        );
    }
    out.push_str(END);
}

fn leaving(out: &mut String, health: &Health) {
    out.push_str("<h2 id=\"leaving\">On the way out</h2>\n");
    if health.deprecations.is_empty() {
        out.push_str("<p>Nothing is deprecated.</p>\n");
        return;
    }
    table(out, "What will be removed, and when", &["Contract", "Since", "When", "Use instead"]);
    for one in &health.deprecations {
        let at = match one.at.as_str() {
            "" => String::new(),
            at => format!("<br><code>{}</code>", escape(at)),
        };
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\"><code>{}</code>{at}</th><td>{}</td><td class=\"{}\">{}</td><td>{}</td></tr>",
            escape(&one.contract),
            one.since,
            if one.due { "fair" } else { "" },
            when(one),
            escape(&one.replacement),
        );
    }
    out.push_str(END);
}

fn findings(out: &mut String, health: &Health) {
    out.push_str("<h2 id=\"findings\">Findings</h2>\n");
    if health.findings.is_empty() {
        out.push_str("<p>Nothing is wrong.</p>\n");
        return;
    }
    table(out, "The worst first", &["How bad", "Where", "What"]);
    for one in health.findings.iter().take(MAX_FINDINGS) {
        let line = one.line.map(|line| format!(":{line}")).unwrap_or_default();
        let tone = match one.severity {
            Severity::Error => "bad",
            Severity::Warning => "fair",
            Severity::Note => "quiet",
        };
        let remedy = match one.remedy.as_str() {
            "" => String::new(),
            remedy => format!("<br><span class=\"quiet\">{}</span>", escape(remedy)),
        };
        let _ = writeln!(
            out,
            "<tr><td class=\"{tone}\">{}</td><td><code>{}{line}{}</code><br><span class=\"quiet\">{}</span></td><td>{}{remedy}</td></tr>",
            severity(one.severity),
            escape(&one.file),
            escape(&one.pointer),
            one.rule,
            escape(&one.message),
        );
    }
    out.push_str(END);
    if let Some(more) = health.findings.len().checked_sub(MAX_FINDINGS).filter(|more| *more > 0) {
        let _ = writeln!(out, "<p>And {more} more.</p>");
    }
}

fn contracts(out: &mut String, health: &Health) {
    out.push_str("<h2 id=\"contracts\">Contracts</h2>\n");
    for module in &health.modules {
        let own: Vec<&ContractHealth> =
            health.contracts.iter().filter(|one| one.module == module.name).collect();
        let open = if own.iter().any(|one| !one.lacks.is_empty() || one.errors > 0) {
            " open"
        } else {
            ""
        };
        let name = escape(&module.name);
        let _ = writeln!(
            out,
            "<details{open}>\n<summary>{name}: {}</summary>",
            count(own.len(), "contract")
        );
        let heads = [
            "Contract",
            "Kind",
            "Valid",
            "Invalid",
            "Tests",
            "Coverage",
            "Since the freeze",
            "Consumers",
        ];
        table(out, &format!("Contracts of {name}"), &heads);
        for one in own {
            row(out, one);
        }
        out.push_str(END);
        out.push_str("</details>\n");
    }
    if let Some(freeze) = health.freeze.as_ref().filter(|freeze| !freeze.removed.is_empty()) {
        out.push_str("<p>Gone since the freeze:</p>\n<ul>\n");
        for id in &freeze.removed {
            let _ = writeln!(out, "<li><code>{}</code></li>", escape(id));
        }
        out.push_str("</ul>\n");
    }
}

fn row(out: &mut String, one: &ContractHealth) {
    let (tone, coverage) = match (one.errors, one.lacks.as_str()) {
        (0, "") => ("good", "covered".to_owned()),
        (0, lacks) => ("fair", lacks.to_owned()),
        (n, _) => ("bad", count(n, "error")),
    };
    // The module stands above.
    let id = one.id.strip_prefix(&format!("{}/", one.module)).unwrap_or(&one.id);
    let _ = writeln!(
        out,
        "<tr><th scope=\"row\"><code>{}</code></th><td class=\"one\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
         <td class=\"n\">{}</td><td class=\"{tone}\">{coverage}</td><td>{}</td><td>{}</td></tr>",
        escape(id),
        kind(one.kind),
        one.valid,
        one.invalid,
        one.tests,
        drift(one.drift).unwrap_or("–"),
        escape(&one.consumers.join(", ")),
    );
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Schema => "JSON Schema",
        Kind::OpenApi => "OpenAPI",
        Kind::GraphQl => "GraphQL",
        Kind::Crd => "CRD",
        Kind::Policy => "Rego",
        Kind::Functions => "functions",
    }
}

/// A text as HTML, within and without quotation marks. What turns the direction of writing is shown as its
/// number, and what is no character of HTML as well.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.extend(c.escape_unicode()),
            c if c.is_control() => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}
