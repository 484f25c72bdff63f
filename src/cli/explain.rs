//! `lazaret explain`.

use std::process::ExitCode;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Args};

use super::args::Plain;
use super::exit::Failure;
use crate::domain::GateId;
use crate::evidence;
use crate::gates::codes;

/// A documented code, whoever says it.
#[derive(Clone, Copy)]
struct Code {
    code: &'static str,
    /// None: evidence about a release.
    gate: Option<GateId>,
    meaning: &'static str,
    remedy: &'static str,
}

impl Code {
    fn all() -> impl Iterator<Item = Self> {
        let gates = codes::ALL.iter().map(|c| Self {
            code: c.code,
            gate: Some(c.gate),
            meaning: c.meaning,
            remedy: c.remedy,
        });
        let evidence = evidence::CODES.iter().map(|c| Self {
            code: c.code,
            gate: None,
            meaning: c.meaning,
            remedy: c.remedy,
        });
        gates.chain(evidence)
    }

    fn place(gate: Option<GateId>) -> String {
        match gate {
            Some(gate) => format!("gate {gate} ({})", gate.name()),
            None => "evidence (releases)".to_owned(),
        }
    }
}

/// Says what a reason code means and what to do about it; without one, lists them all.
#[derive(Args, Debug)]
pub(super) struct Explain {
    /// The code, as reports give it.
    #[arg(value_name = "CODE", value_parser = Codes)]
    code: Option<String>,
    /// How to report.
    #[arg(long, value_enum, default_value_t = Plain::Human)]
    output: Plain,
}

/// Takes any text, and tells shells which there are: what is unknown gets our own answer.
#[derive(Clone)]
struct Codes;

impl TypedValueParser for Codes {
    type Value = String;

    fn parse_ref(
        &self,
        _: &clap::Command,
        _: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        Ok(value.to_string_lossy().into_owned())
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let hidden = |code: Code| PossibleValue::new(code.code).hide(true);
        Some(Box::new(Code::all().map(hidden)))
    }
}

pub(super) fn explain(arguments: &Explain) -> Result<ExitCode, Failure> {
    let Some(wanted) = &arguments.code else {
        list(arguments.output);
        return Ok(ExitCode::SUCCESS);
    };
    let found = Code::all().find(|code| code.code.eq_ignore_ascii_case(wanted));
    let code = found.ok_or_else(|| unknown(wanted))?;
    match arguments.output {
        Plain::Human => {
            sayln!("{}  {}", code.code, Code::place(code.gate));
            sayln!("{}", code.meaning);
            sayln!("→ {}", code.remedy);
        }
        Plain::Json => sayln!("{:#}", json(&code)),
    }
    Ok(ExitCode::SUCCESS)
}

fn unknown(wanted: &str) -> Failure {
    let near = nearest(wanted);
    let tip = match near.is_empty() {
        true => "`lazaret explain` lists the built-in ones".to_owned(),
        false => format!("did you mean {}?", near.join(" or ")),
    };
    Failure::usage(format!("{wanted:?} is no built-in code; a policy pack brings its own; {tip}"))
}

/// The codes that look most like `wanted`, at most three.
fn nearest(wanted: &str) -> Vec<&'static str> {
    let wanted = wanted.to_lowercase();
    let likeness = |code: &Code| strsim::jaro_winkler(&wanted, &code.code.to_lowercase());
    let mut all: Vec<_> = Code::all().map(|code| (likeness(&code), code.code)).collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    all.into_iter().filter(|(likeness, _)| *likeness > 0.8).map(|(_, code)| code).take(3).collect()
}

fn list(output: Plain) {
    if output == Plain::Json {
        sayln!("{:#}", serde_json::Value::from_iter(Code::all().map(|code| json(&code))));
        return;
    }
    for gate in GateId::ALL.into_iter().map(Some).chain([None]) {
        sayln!("{}", Code::place(gate));
        for code in Code::all().filter(|code| code.gate == gate) {
            sayln!("  {:28}  {}", code.code, code.meaning);
        }
    }
}

fn json(code: &Code) -> serde_json::Value {
    serde_json::json!({
        "code": code.code,
        "gate": code.gate,
        "meaning": code.meaning,
        "remedy": code.remedy,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_rooms_have_one_code() {
        let mut seen = std::collections::BTreeSet::new();
        assert!(Code::all().all(|code| seen.insert(code.code)));
    }

    #[test]
    fn a_slip_of_the_pen_is_understood() {
        assert_eq!(nearest("LicenceUnclear").first(), Some(&"LicenseUnclear"));
        assert_eq!(nearest("ReadP95OverBuget").first(), Some(&"ReadP95OverBudget"));
        assert_eq!(nearest("artifactorphn").first(), Some(&"ArtifactOrphan"));
        assert_eq!(nearest("xyz"), Vec::<&str>::new());
    }
}
