//! JUnit XML, as CI systems take it: one test case a gate.

use std::fmt::Write as _;

use crate::domain::{GateState, Report};

pub(super) fn render(report: &Report, slug: &str) -> String {
    let count = |state| report.gates.iter().filter(|gate| gate.state == state).count();
    let (failed, skipped) = (count(GateState::Failed), count(GateState::NotRequired));
    let tests = report.gates.len();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let totals =
        format!("tests=\"{tests}\" failures=\"{failed}\" errors=\"0\" skipped=\"{skipped}\"");
    // Writing to a string cannot fail.
    let _ = writeln!(out, "<testsuites name=\"lazaret\" {totals}>");
    let _ = writeln!(out, "  <testsuite name=\"{}\" {totals}>", escaped(slug));
    for gate in &report.gates {
        let name = format!("gate {} {}", gate.id, gate.id.name());
        let _ = write!(out, "    <testcase classname=\"{}\" name=\"{name}\"", escaped(slug));
        match gate.state {
            GateState::Passed => out.push_str("/>\n"),
            GateState::NotRequired => out.push_str("><skipped/></testcase>\n"),
            GateState::Failed => {
                out.push_str(">\n");
                for reason in &gate.reasons {
                    let place = [reason.path.as_deref(), reason.pointer.as_deref()];
                    let place: Vec<_> = place.into_iter().flatten().collect();
                    let _ = writeln!(
                        out,
                        "      <failure type=\"{}\" message=\"{}\">{}\nRemedy: {}</failure>",
                        reason.code,
                        escaped(&reason.message),
                        escaped(&place.join("#")),
                        escaped(&reason.remedy)
                    );
                }
                out.push_str("    </testcase>\n");
            }
        }
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// XML 1.0 text: the five entities, and a replacement for what XML cannot hold at all.
pub(in crate::cli) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' | '\t' => out.push(' '),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        assert_eq!(escaped("a<b>&\"'\u{1}"), "a&lt;b&gt;&amp;&quot;&apos;\u{fffd}");
    }
}
