//! Facts and what they come to. Each case changes one thing of facts that are all good.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use super::bundle::{BUNDLE_PREDICATE, Bundle, Check};
use super::codes;
use super::decide::decide;
use super::decision::Outcome;
use super::facts::{DatasetState, Facts, Measure, Policy, ProfileFact, Recorded};
use super::names::Service;
use super::record::Record;
use crate::domain::{Digest, Reason, ReasonCode};

const PROFILE: &str = include_str!("../../examples/argo/profile.yaml");
const NOW: i64 = 1_800_000_000;

pub(super) fn good() -> Facts {
    let figures = [
        ("readP95Ms", 120.0),
        ("writeP95Ms", 650.5),
        ("p99Ms", 900.0),
        ("errorRate", 0.02),
        ("traffic", 1200.4),
        #[expect(clippy::cast_precision_loss)]
        ("newest", NOW as f64 - 10.0),
        ("graphqlPerMillionUsd", 1.8),
        ("errors/canaryBad", 3.0),
        ("errors/canaryTotal", 300.0),
        ("errors/stableBad", 10.2),
        ("errors/stableTotal", 1000.7),
    ];
    Facts {
        service: Service::new("shop", "checkout").unwrap(),
        release_id: "v7".parse().unwrap(),
        observed_at: Timestamp::from_second(NOW).unwrap(),
        profile: ProfileFact::Found(PROFILE.to_owned()),
        measures: figures.map(|(name, n)| (name.to_owned(), Measure::Number(n))).into(),
        recorded: Recorded::Nothing,
        datasets: [("seattle-weather/2015.0a1b2c3d".to_owned(), DatasetState::Published)].into(),
        policy: Policy::None,
    }
}

fn checks(checks: &[(&str, bool)]) -> Recorded {
    let check = |(name, passed): &(&str, bool)| Check {
        name: (*name).to_owned(),
        passed: *passed,
        detail: None,
    };
    Recorded::Bundle {
        digest: Digest::of(b""),
        bundle: Bundle {
            api_version: BUNDLE_PREDICATE.to_owned(),
            service: "checkout.shop".to_owned(),
            release_id: "v7".parse().unwrap(),
            checks: checks.iter().map(check).collect(),
        },
    }
}

fn found(facts: &Facts) -> Vec<String> {
    decide(facts).reasons.iter().map(|reason| reason.code.to_string()).collect()
}

#[test]
fn good_facts_are_ok() {
    let decision = decide(&good());
    assert_eq!(decision.reasons, []);
    assert!(decision.ok && decision.verdict == Outcome::Pass);
    assert_eq!(decision.snapshot.p95_ms, Some(120.0));
    assert_eq!(decision.snapshot.window, "5m");
    assert_eq!(decision.cost.unwrap().graphql_per_million_usd, Some(1.8));
}

#[test]
fn what_is_told_is_over_the_budget() {
    let cases = [(0.0201, "0.0201"), (0.0244, "0.024"), (0.5, "0.5")];
    for (rate, shown) in cases {
        let mut facts = good();
        facts.measures.insert("errorRate".to_owned(), Measure::Number(rate));
        let expected = format!("error rate {shown} > 0.02");
        assert_eq!(decide(&facts).reasons[0].message, expected, "{rate}");
    }
}

#[test]
fn a_check_writes_no_line_of_its_own() {
    let mut facts = good();
    facts.recorded = checks(&[("smoke\nPASS\u{1b}[2J", false)]);
    assert_eq!(decide(&facts).reasons[0].message, "smoke PASS [2J");
}

#[test]
fn one_bad_measure_is_enough() {
    use Measure::{Failed, NotFinite, Nothing, Number, Several};
    #[expect(clippy::cast_precision_loss)]
    let now = NOW as f64;
    let cases = [
        ("readP95Ms", Number(300.0), None),
        ("readP95Ms", Number(300.1), Some(codes::READ_P95)),
        ("writeP95Ms", Number(700.001), Some(codes::WRITE_P95)),
        ("p99Ms", Number(1000.1), Some(codes::P99)),
        ("errorRate", Number(0.0201), Some(codes::ERROR_RATE)),
        ("errorRate", Number(1.1), Some(codes::IMPLAUSIBLE)),
        ("errorRate", Number(-0.1), Some(codes::IMPLAUSIBLE)),
        ("graphqlPerMillionUsd", Number(2.01), Some(codes::GRAPHQL_COST)),
        ("traffic", Number(200.0), None),
        ("traffic", Number(199.9), Some(codes::TOO_FEW_SAMPLES)),
        ("traffic", Number(0.0), Some(codes::TOO_FEW_SAMPLES)),
        ("newest", Number(now - 60.0), None),
        ("newest", Number(now - 61.0), Some(codes::STALE_DATA)),
        ("newest", Number(now + 29.0), None),
        ("newest", Number(now + 31.0), Some(codes::STALE_DATA)),
        ("p99Ms", Nothing, Some(codes::NO_DATA)),
        ("p99Ms", NotFinite("NaN".into()), Some(codes::NOT_A_NUMBER)),
        ("p99Ms", Several(2), Some(codes::AMBIGUOUS)),
        ("p99Ms", Failed("no answer in time".into()), Some(codes::SOURCE_FAILED)),
        ("errors/canaryBad", Number(30.0), Some(codes::CANARY_WORSE)),
        ("errors/canaryBad", Number(500.0), Some(codes::IMPLAUSIBLE)),
        ("errors/canaryBad", Nothing, Some(codes::NO_DATA)),
        ("errors/canaryTotal", Number(99.0), Some(codes::COMPARISON_TOO_FEW)),
        ("errors/stableTotal", Number(0.0), Some(codes::IMPLAUSIBLE)),
        ("errors/stableTotal", Number(50.0), Some(codes::COMPARISON_TOO_FEW)),
    ];
    for (name, measure, expected) in cases {
        let mut facts = good();
        facts.measures.insert(name.to_owned(), measure.clone());
        let expected: Vec<_> = expected.iter().map(|code| code.code.to_owned()).collect();
        assert_eq!(found(&facts), expected, "{name} {measure:?}");
        assert_eq!(decide(&facts).ok, expected.is_empty());
    }
    for name in good().measures.keys() {
        let mut facts = good();
        facts.measures.remove(name);
        assert_eq!(found(&facts), ["NoData"], "{name}: what was never asked is no answer");
    }
}

#[test]
fn everything_else_that_speaks_against_it() {
    let dataset = |state: DatasetState| {
        let mut facts = good();
        facts.datasets = [("seattle-weather/2015.0a1b2c3d".to_owned(), state)].into();
        facts
    };
    let profile = |profile: ProfileFact| Facts { profile, ..good() };
    let recorded = |recorded: Recorded| Facts { recorded, ..good() };
    let demanding = |recorded: Recorded| Facts {
        recorded,
        profile: ProfileFact::Found(
            PROFILE.replace("required: false\n  checks: []", "required: true\n  checks: [smoke]"),
        ),
        ..good()
    };
    let policy = |policy: Policy| Facts { policy, ..good() };
    let packed = PROFILE.replace("datasets:\n", "policyPack: {name: strict}\ndatasets:\n");
    let denied = Reason::new(ReasonCode::builtin("TooHot"), "m", "r");
    let judged = |denials: Vec<Reason>| {
        policy(Policy::Judged { name: "a/b".into(), digest: Digest::of(b""), denials })
    };
    let cases = [
        (dataset(DatasetState::Not("Pending".into())), "DatasetNotPublished"),
        (dataset(DatasetState::Quarantined(vec!["q".into()])), "DatasetQuarantined"),
        (dataset(DatasetState::Unknown("x".into())), "DatasetUnknown"),
        (Facts { datasets: BTreeMap::new(), ..good() }, "DatasetUnknown"),
        (profile(ProfileFact::Missing), "ProfileMissing"),
        (profile(ProfileFact::Several(vec!["a".into(), "b".into()])), "ProfileAmbiguous"),
        (profile(ProfileFact::Found("x: 1".into())), "ProfileInvalid"),
        (
            profile(ProfileFact::Found(PROFILE.replace("service: checkout", "service: other"))),
            "ProfileInvalid",
        ),
        (profile(ProfileFact::Found(packed)), "PolicyUnavailable"),
        (policy(Policy::Unavailable("x".into())), "PolicyUnavailable"),
        (judged(vec![denied]), "TooHot"),
        (judged(vec![]), ""),
        (recorded(checks(&[("smoke", true), ("a11y", true)])), ""),
        (recorded(checks(&[("smoke", true), ("a11y", false)])), "BundleCheckFailed"),
        (recorded(Recorded::Unreadable("x".into())), "BundleUnreadable"),
        (demanding(Recorded::Nothing), "BundleMissing"),
        (demanding(checks(&[("a11y", true)])), "BundleCheckMissing"),
        (demanding(checks(&[("smoke", true)])), ""),
    ];
    for (facts, expected) in cases {
        assert_eq!(found(&facts).join(","), expected, "{facts:?}");
        assert_eq!(decide(&facts).ok, expected.is_empty());
    }
}

#[test]
fn only_ignorance_is_inconclusive_and_only_if_asked_for() {
    let patient = PROFILE.replace("onNoData: notOk", "onNoData: inconclusive");
    let verdict = |profile: &str, changes: &[(&str, Measure)]| {
        let mut facts = Facts { profile: ProfileFact::Found(profile.to_owned()), ..good() };
        facts.measures.extend(changes.iter().map(|(n, m)| ((*n).to_owned(), m.clone())));
        let decision = decide(&facts);
        assert_eq!(decision.ok, decision.verdict == Outcome::Pass);
        decision.verdict
    };
    let nothing = ("p99Ms", Measure::Nothing);
    let slow = ("readP95Ms", Measure::Number(1000.0));
    assert_eq!(verdict(&patient, &[]), Outcome::Pass);
    assert_eq!(verdict(&patient, std::slice::from_ref(&nothing)), Outcome::Inconclusive);
    assert_eq!(verdict(&patient, &[nothing.clone(), slow]), Outcome::Fail);
    assert_eq!(verdict(PROFILE, &[nothing]), Outcome::Fail);
    let mut facts = Facts { profile: ProfileFact::Found(patient), ..good() };
    facts.datasets.clear();
    assert_eq!(decide(&facts).verdict, Outcome::Fail, "unknown data is no missing figure");
}

#[test]
fn a_record_replays_to_the_byte_and_shows_every_change() {
    let mut facts = good();
    facts.measures.insert("traffic".into(), Measure::Number(1e17));
    facts.measures.insert("p99Ms".into(), Measure::Number(5e-324));
    let record = Record::new(facts);
    let (bytes, id) = record.sealed().unwrap();
    let read = Record::parse(&bytes).unwrap();
    assert_eq!(read, record);
    assert_eq!(read.replay(id, &bytes, None).unwrap().mismatches, Vec::<String>::new());

    let text = String::from_utf8(bytes).unwrap();
    for (from, to) in [
        (r#""readP95Ms":{"number":120}"#, r#""readP95Ms":{"number":500}"#),
        (r#""ok":true"#, r#""ok":false"#),
        (r#""verdict":"PASS""#, r#""verdict":"FAIL""#),
        ("staleness: 1m", "staleness: 5s"),
    ] {
        assert!(text.contains(from), "{from}: {text}");
        let forged = text.replace(from, to);
        let read = Record::parse(forged.as_bytes()).unwrap();
        // Under its old id, and under the id that it now has.
        let old = read.replay(id, forged.as_bytes(), None).unwrap();
        assert!(!old.mismatches.is_empty(), "{from}");
        let new = read.replay(Digest::of(forged.as_bytes()), forged.as_bytes(), None).unwrap();
        assert!(!new.mismatches.is_empty(), "{from}");
    }
    assert!(Record::parse(b"{}").is_err());
    assert!(Record::parse(text.replace("decision/v1", "decision/v2").as_bytes()).is_err());
    assert!(Record::parse(text.replace("\"facts\"", "\"more\":1,\"facts\"").as_bytes()).is_err());
}

#[test]
fn what_the_policy_is_asked() {
    let mut facts = good();
    facts.measures.insert("p99Ms".into(), Measure::NotFinite("NaN".into()));
    let input = facts.policy_input();
    assert_eq!(input["signals"]["readP95Ms"], json!(120.0));
    assert_eq!(input["signals"]["p99Ms"], json!(null));
    assert_eq!(input["datasets"]["seattle-weather/2015.0a1b2c3d"], json!("published"));
}

#[test]
fn every_code_is_a_reason_code_and_tells_what_to_do() {
    for code in codes::ALL {
        assert!(ReasonCode::try_from(code.code.to_owned()).is_ok(), "{}", code.code);
        assert!(code.meaning.ends_with('.') && code.remedy.ends_with('.'), "{}", code.code);
    }
}
