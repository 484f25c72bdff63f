//! `versions.yaml` of a module says what is true of it.

use super::context::Context;
use super::{Validation, lines, rules};
use crate::law::Versions;
use crate::law::set::Unit;

pub(super) fn check(context: &Context<'_>, unit: &Unit) -> Validation {
    let path = unit.module.versions.as_str();
    let mut all = Validation::default();
    let versions = match Versions::of(&context.set.tree, path) {
        Ok(versions) => versions,
        Err(why) => {
            let text = format!("{path} {why}");
            all.findings.push(rules::VERSIONS.on(path, lines::named(&why), text));
            return all;
        }
    };
    let mut say = |rule: &super::Rule, pointer: String, text: String| {
        all.findings.push(rule.at(path, pointer, text));
    };
    let name = &unit.module.name;
    if versions.module != *name {
        let text = format!("it says module {:?}, and lies in {name:?}", versions.module);
        say(&rules::VERSIONS_MODULE, "/module".into(), text);
    }
    match versions.releases.first() {
        Some(first) if first.version == versions.version => {}
        Some(first) => {
            let text = format!(
                "version is {}, and the newest release {}",
                versions.version, first.version
            );
            say(&rules::VERSIONS_ORDER, "/version".into(), text);
        }
        None => say(&rules::VERSIONS_ORDER, "/releases".into(), "there is no release".into()),
    }
    for (at, pair) in versions.releases.windows(2).enumerate() {
        let [newer, older] = pair else { continue };
        if newer.version <= older.version || newer.date < older.date {
            let text = format!(
                "{} of {} stands above {} of {}",
                newer.version, newer.date, older.version, older.date
            );
            say(&rules::VERSIONS_ORDER, format!("/releases/{}", at + 1), text);
        }
    }
    for (at, release) in versions.releases.iter().enumerate() {
        for (index, consumer) in release.consumers.iter().enumerate() {
            let known = |one: &crate::law::Consumer| one.name == consumer.name;
            if !context.set.manifest.consumers.iter().any(known) {
                let text = format!("there is no consumer {:?}", consumer.name);
                let place = format!("/releases/{at}/consumers/{index}/name");
                say(&rules::RELEASE_CONSUMER, place, text);
            }
        }
    }
    for (at, deprecation) in versions.deprecations.iter().enumerate() {
        let id = format!("{name}/{}", deprecation.contract);
        if !unit.contracts.iter().any(|contract| contract.id == id) {
            let text = format!("there is no contract {id}");
            say(&rules::DEPRECATION, format!("/deprecations/{at}/contract"), text);
        }
        if !versions.releases.iter().any(|release| release.version == deprecation.since) {
            let text = format!("there is no release {}", deprecation.since);
            say(&rules::DEPRECATION, format!("/deprecations/{at}/since"), text);
        }
    }
    all
}
