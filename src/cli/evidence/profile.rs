//! `lazaret evidence profile`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::Value;

use super::super::exit::{DENIED, Failure};
use super::super::settings::read;
use crate::controller::{PROFILE_KEY, PROFILE_LABEL};
use crate::evidence::{Profile as Read, ReleaseId, Service};

#[derive(Subcommand, Debug)]
pub(in super::super) enum Profile {
    /// Reads profiles as the server would and says what is wrong.
    Lint {
        /// Profiles, or manifests of ConfigMaps with one.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Prints the queries as they are asked for this release, as rules that promtool checks.
        #[arg(long, value_name = "ID")]
        rules_for: Option<String>,
    },
}

pub(super) fn profile(command: &Profile) -> Result<ExitCode, Failure> {
    let Profile::Lint { files, rules_for } = command;
    let release: Option<ReleaseId> = rules_for
        .as_deref()
        .map(|text| text.parse().map_err(|error| Failure::usage(format!("{error}"))))
        .transpose()?;
    let mut wrong = false;
    let mut rules = Vec::new();
    for file in files {
        let text = String::from_utf8_lossy(&read(file)?).into_owned();
        match lint(&text) {
            Ok(profile) => {
                if let Some(release) = &release {
                    rules.extend(as_rules(&profile, release)?);
                } else {
                    sayln!("{}: good, for the service {}", file.display(), profile.service);
                }
            }
            Err(message) => {
                wrong = true;
                eprintln!("{}: {message}", file.display());
            }
        }
    }
    if release.is_some() && !wrong {
        let group = serde_json::json!({ "groups": [{ "name": "evidence", "rules": rules }] });
        let text = yaml_serde::to_string(&group).map_err(|e| Failure::undecided(e.to_string()))?;
        say!("{text}");
    }
    Ok(if wrong { ExitCode::from(DENIED) } else { ExitCode::SUCCESS })
}

fn lint(text: &str) -> Result<Read, String> {
    let value: Value = yaml_serde::from_str(text).map_err(|error| error.to_string())?;
    let inner = match value["kind"].as_str() {
        Some("ConfigMap") => {
            if value["metadata"]["labels"][PROFILE_LABEL] != "true" {
                return Err(format!("the ConfigMap lacks the label {PROFILE_LABEL}: \"true\""));
            }
            let inner = value["data"][PROFILE_KEY].as_str();
            inner.ok_or_else(|| format!("the ConfigMap has no key {PROFILE_KEY}"))?.to_owned()
        }
        _ => text.to_owned(),
    };
    Read::parse(&inner).map_err(|error| format!("{}: {error}", error.reason()))
}

fn as_rules(profile: &Read, release: &ReleaseId) -> Result<Vec<Value>, Failure> {
    let service = Service::new("default", &profile.service)
        .map_err(|error| Failure::usage(error.to_string()))?;
    let rule = |(name, query): (String, String)| {
        let name: String =
            name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        serde_json::json!({ "record": format!("evidence:{name}"), "expr": query })
    };
    Ok(profile.queries(&service, release).into_iter().map(rule).collect())
}
