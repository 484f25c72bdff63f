//! Facts in, decision out. No clock but the facts' own, no I/O: a record replays to the same bytes.

use std::collections::BTreeMap;

use super::codes::{self, Code};
use super::compare::{Counts, compare};
use super::decision::{Cost, Decision, Outcome, Snapshot};
use super::facts::{DatasetState, Facts, Measure, Policy, ProfileFact, Recorded};
use super::profile::{Comparison, OnNoData, Profile, Signal};
use crate::domain::Reason;

/// How far ahead of ours the clock of Prometheus may be, in seconds.
const AHEAD: f64 = 30.0;

/// Decides.
pub fn decide(facts: &Facts) -> Decision {
    let mut findings = Findings::default();
    let profile = profile(facts, &mut findings);
    if let Some(profile) = &profile {
        let figures = measures(facts, profile, &mut findings);
        enough_and_fresh(facts, profile, &figures, &mut findings);
        budgets(profile, &figures, &mut findings);
        for comparison in &profile.comparisons {
            compared(comparison, &figures, &mut findings);
        }
        datasets(facts, profile, &mut findings);
        bundle(facts, profile, &mut findings);
        policy(facts, profile, &mut findings);
    }
    findings.decision(facts, profile.as_ref())
}

type Figures = BTreeMap<String, f64>;

#[derive(Default)]
struct Findings {
    reasons: Vec<Reason>,
    /// Something is known to be wrong, not only unknown.
    known: bool,
}

impl Findings {
    fn add(&mut self, code: &Code, message: impl Into<String>) {
        self.known |= !code.no_data;
        self.reasons.push(code.because(message));
    }

    fn decision(mut self, facts: &Facts, profile: Option<&Profile>) -> Decision {
        self.reasons.sort();
        self.reasons.dedup();
        let patient = profile.is_some_and(|p| p.on_no_data == OnNoData::Inconclusive);
        let verdict = match () {
            () if self.reasons.is_empty() => Outcome::Pass,
            () if patient && !self.known => Outcome::Inconclusive,
            () => Outcome::Fail,
        };
        let figure = |signal: Signal| match facts.measures.get(signal.name()) {
            Some(Measure::Number(number)) => Some(*number),
            _ => None,
        };
        let cost = Cost {
            graphql_per_million_usd: figure(Signal::GraphqlPerMillionUsd),
            ingest_per_thousand_usd: figure(Signal::IngestPerThousandUsd),
        };
        let measured = cost.graphql_per_million_usd.or(cost.ingest_per_thousand_usd).is_some();
        Decision {
            ok: verdict == Outcome::Pass,
            verdict,
            reasons: self.reasons,
            snapshot: Snapshot {
                service: facts.service.name().to_owned(),
                p95_ms: figure(Signal::ReadP95Ms).or_else(|| figure(Signal::WriteP95Ms)),
                p99_ms: figure(Signal::P99Ms),
                error_rate: figure(Signal::ErrorRate),
                window: profile.map(|p| p.window.clone()).unwrap_or_default(),
            },
            cost: measured.then_some(cost),
            policy_digest: match &facts.policy {
                Policy::Judged { digest, .. } => Some(*digest),
                _ => None,
            },
            observed_at: facts.observed_at,
        }
    }
}

fn profile(facts: &Facts, findings: &mut Findings) -> Option<Profile> {
    match &facts.profile {
        ProfileFact::Found(text) => match Profile::parse(text) {
            Ok(profile) if profile.service == facts.service.name() => return Some(profile),
            Ok(profile) => {
                let message = format!("it is about the service {}", profile.service);
                findings.add(&codes::PROFILE_INVALID, message);
            }
            Err(error) => findings.add(&codes::PROFILE_INVALID, error.to_string()),
        },
        ProfileFact::Missing => {
            let message = format!("no profile is about the service {}", facts.service);
            findings.add(&codes::PROFILE_MISSING, message);
        }
        ProfileFact::Several(maps) => {
            findings.add(&codes::PROFILE_AMBIGUOUS, format!("ConfigMaps {}", maps.join(", ")));
        }
    }
    None
}

/// The figures that can be used; each that cannot is a reason. A query of the profile that has no
/// measure at all was never asked, and that is no answer either.
fn measures(facts: &Facts, profile: &Profile, findings: &mut Findings) -> Figures {
    let mut figures = Figures::new();
    for name in profile.queries(&facts.service, &facts.release_id).into_keys() {
        match facts.measures.get(&name).unwrap_or(&Measure::Nothing) {
            Measure::Number(number) if plausible(&name, *number) => {
                figures.insert(name, *number);
            }
            Measure::Number(number) => {
                findings.add(&codes::IMPLAUSIBLE, format!("{name} is {number}"));
            }
            Measure::NotFinite(text) => {
                findings.add(&codes::NOT_A_NUMBER, format!("{name} is {text}"));
            }
            Measure::Nothing => findings.add(&codes::NO_DATA, format!("{name} has no value")),
            Measure::Several(count) => {
                findings.add(&codes::AMBIGUOUS, format!("{name} has {count} values"));
            }
            Measure::Failed(why) => {
                findings.add(&codes::SOURCE_FAILED, format!("{name}: {why}"));
            }
        }
    }
    figures
}

fn plausible(name: &str, number: f64) -> bool {
    let most = if name == Signal::ErrorRate.name() { 1.0 } else { f64::MAX };
    (0.0..=most).contains(&number)
}

fn enough_and_fresh(facts: &Facts, profile: &Profile, figures: &Figures, findings: &mut Findings) {
    if let Some(traffic) = figures.get(Signal::Traffic.name())
        && *traffic < f64::from(profile.min_samples)
    {
        let (window, least) = (&profile.window, profile.min_samples);
        let message = format!("{} requests in {window}, of {least}", shown(*traffic));
        findings.add(&codes::TOO_FEW_SAMPLES, message);
    }
    if let Some(newest) = figures.get(Signal::Newest.name()) {
        let age = facts.observed_at.as_duration().as_secs_f64() - newest;
        #[expect(clippy::cast_precision_loss, reason = "at most a day")]
        let most = profile.staleness as f64;
        if age > most {
            let message = format!("the newest sample is {} s old, of {most} s", shown(age));
            findings.add(&codes::STALE_DATA, message);
        } else if age < -AHEAD {
            let message = format!("the newest sample is {} s ahead of the clock", shown(-age));
            findings.add(&codes::STALE_DATA, message);
        }
    }
}

fn budgets(profile: &Profile, figures: &Figures, findings: &mut Findings) {
    for (signal, budget) in &profile.budgets {
        let Some(value) = figures.get(signal.name()).filter(|value| *value > budget) else {
            continue;
        };
        let (code, what, unit) = match signal {
            Signal::ReadP95Ms => (&codes::READ_P95, "read p95", " ms"),
            Signal::WriteP95Ms => (&codes::WRITE_P95, "write p95", " ms"),
            Signal::P99Ms => (&codes::P99, "p99", " ms"),
            Signal::GraphqlPerMillionUsd => (&codes::GRAPHQL_COST, "graphql cost", " USD"),
            Signal::IngestPerThousandUsd => (&codes::INGEST_COST, "ingest cost", " USD"),
            Signal::ErrorRate | Signal::Traffic | Signal::Newest => {
                (&codes::ERROR_RATE, "error rate", "")
            }
        };
        // What rounding would hide is told in full.
        let (short, most) = (shown(*value), budget.to_string());
        let value = if short == most { value.to_string() } else { short };
        findings.add(code, format!("{what} {value}{unit} > {most}{unit}"));
    }
}

fn compared(comparison: &Comparison, figures: &Figures, findings: &mut Findings) {
    let [canary_bad, canary_total, stable_bad, stable_total] =
        comparison.queries().map(|(name, _)| figures.get(&name).copied());
    let (Some(canary_bad), Some(canary_total), Some(stable_bad), Some(stable_total)) =
        (canary_bad, canary_total, stable_bad, stable_total)
    else {
        // Whatever is missing is a reason already.
        return;
    };
    let name = &comparison.name;
    let mut sides = Vec::new();
    for (side, bad, total) in
        [("canary", canary_bad, canary_total), ("stable", stable_bad, stable_total)]
    {
        // Prometheus extrapolates counts, so that they are no whole numbers and differ by a little.
        if bad > total * 1.05 + 1.0 || total > 1e12 {
            let message = format!("{name}: {} of {} {side} requests", shown(bad), shown(total));
            findings.add(&codes::IMPLAUSIBLE, message);
            return;
        }
        if total < f64::from(comparison.min_samples) {
            let least = comparison.min_samples;
            let message = format!("{name}: {} {side} requests, of {least}", shown(total));
            findings.add(&codes::COMPARISON_TOO_FEW, message);
        }
        sides.push(Counts { bad: whole(bad.min(total)), total: whole(total) });
    }
    let [canary, stable] = sides[..] else { return };
    let enough = |side: Counts| side.total >= u64::from(comparison.min_samples);
    if !enough(canary) || !enough(stable) {
        return;
    }
    let test = compare(canary, stable, comparison.relative_budget);
    if test.p < comparison.significance {
        let message = format!(
            "{name}: {} of {} canary requests against {} of {} stable ones is more than {} times as much (p = {:.4})",
            canary.bad, canary.total, stable.bad, stable.total, comparison.relative_budget, test.p
        );
        findings.add(&codes::CANARY_WORSE, message);
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1e12")]
fn whole(number: f64) -> u64 {
    number.round() as u64
}

fn datasets(facts: &Facts, profile: &Profile, findings: &mut Findings) {
    for dataset in &profile.datasets {
        let name = dataset.prefix();
        match facts.datasets.get(&name) {
            Some(DatasetState::Published) => {}
            Some(DatasetState::Not(phase)) => {
                findings.add(&codes::DATASET_NOT_PUBLISHED, format!("{name}: {phase}"));
            }
            Some(DatasetState::Quarantined(by)) => {
                let message = format!("{name}: by {}", by.join(", "));
                findings.add(&codes::DATASET_QUARANTINED, message);
            }
            Some(DatasetState::Unknown(why)) => {
                findings.add(&codes::DATASET_UNKNOWN, format!("{name}: {why}"));
            }
            None => findings.add(&codes::DATASET_UNKNOWN, format!("{name}: it was not looked at")),
        }
    }
}

fn bundle(facts: &Facts, profile: &Profile, findings: &mut Findings) {
    let demand = &profile.bundle;
    match &facts.recorded {
        Recorded::Nothing if demand.required || !demand.checks.is_empty() => {
            let message = format!("release {} of {}", facts.release_id, facts.service);
            findings.add(&codes::BUNDLE_MISSING, message);
        }
        Recorded::Nothing => {}
        Recorded::Unreadable(why) => findings.add(&codes::BUNDLE_UNREADABLE, why.clone()),
        Recorded::Bundle { bundle, .. } => {
            for check in bundle.checks.iter().filter(|check| !check.passed) {
                let detail = check.detail.as_ref().map(|d| format!(": {d}")).unwrap_or_default();
                let message = one_line(&format!("{}{detail}", check.name));
                findings.add(&codes::BUNDLE_CHECK_FAILED, message);
            }
            let has = |name: &String| bundle.checks.iter().any(|check| check.name == *name);
            for name in demand.checks.iter().filter(|name| !has(name)) {
                findings.add(&codes::BUNDLE_CHECK_MISSING, name.clone());
            }
        }
    }
}

fn policy(facts: &Facts, profile: &Profile, findings: &mut Findings) {
    match (&facts.policy, &profile.policy_pack) {
        (Policy::Judged { denials, .. }, _) => {
            findings.known |= !denials.is_empty();
            findings.reasons.extend(denials.iter().cloned());
        }
        (Policy::Unavailable(why), _) => findings.add(&codes::POLICY_UNAVAILABLE, why.clone()),
        (Policy::None, Some(pack)) => {
            findings.add(&codes::POLICY_UNAVAILABLE, format!("{} was not asked", pack.name));
        }
        (Policy::None, None) => {}
    }
}

/// What a pipeline wrote, for a log: no line of its own, nothing that commands a terminal.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A figure for people: three decimals at most.
fn shown(number: f64) -> String {
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
