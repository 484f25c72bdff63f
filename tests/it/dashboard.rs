//! The dashboard and the alerts ask for metrics that there are.

use std::collections::{BTreeMap, BTreeSet};

use lazaret::controller::Metrics;
use lazaret::evidence::EvidenceMetrics;
use lazaret::server::ServerMetrics;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use serde_json::Value;

/// The names of all samples, from what `/metrics` says of itself.
fn samples() -> BTreeSet<String> {
    let mut registry = Registry::default();
    let _kept = (
        Metrics::new(&mut registry),
        ServerMetrics::new(&mut registry),
        EvidenceMetrics::new(&mut registry),
    );
    let mut page = String::new();
    encode(&mut page, &registry).unwrap();
    let mut samples = BTreeSet::new();
    for line in page.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').unwrap();
        let ends: &[&str] = match kind {
            "counter" => &["_total"],
            "gauge" => &[""],
            "histogram" => &["_bucket", "_sum", "_count"],
            other => panic!("{other}"),
        };
        samples.extend(ends.iter().map(|end| format!("{name}{end}")));
    }
    samples
}

/// Our metrics in a query.
fn metrics(expr: &str) -> impl Iterator<Item = &str> {
    let words = expr.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("lazaret_"))
}

/// Which samples the panels ask for, and which panel first.
fn asked(dashboard: &Value) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            for word in metrics(target["expr"].as_str().unwrap()) {
                let title = panel["title"].as_str().unwrap();
                found.entry(word.to_owned()).or_insert_with(|| title.to_owned());
            }
        }
    }
    found
}

#[test]
fn every_panel_asks_for_what_there_is() {
    let text = std::fs::read("charts/lazaret/files/dashboards/lazaret.json").unwrap();
    let dashboard: Value = serde_json::from_slice(&text).unwrap();
    let (samples, asked) = (samples(), asked(&dashboard));
    let missing: Vec<_> = asked.iter().filter(|(name, _)| !samples.contains(*name)).collect();
    assert!(missing.is_empty(), "no such metrics: {missing:?}\nthere are: {samples:#?}");
    // The other way round: what is counted can be seen.
    let base = |name: &str| {
        let ends = ["_bucket", "_sum", "_count"];
        ends.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name).to_owned()
    };
    let seen: BTreeSet<_> = asked.keys().map(|name| base(name)).collect();
    let unseen: BTreeSet<_> =
        samples.iter().map(|name| base(name)).filter(|n| !seen.contains(n)).collect();
    let left_out = ["lazaret_build_info", "lazaret_http_tls_reload_failures_total"];
    assert_eq!(unseen, left_out.map(str::to_owned).into());
}

#[test]
fn every_alert_asks_for_what_there_is_and_says_what_to_do() {
    let text = std::fs::read_to_string("charts/lazaret/files/alerts.yaml").unwrap();
    let alerts: Value = yaml_serde::from_str(&text).unwrap();
    let samples = samples();
    let rules = alerts["groups"][0]["rules"].as_array().unwrap();
    assert!(rules.len() >= 8, "only {} alerts", rules.len());
    for rule in rules {
        let expr = rule["expr"].as_str().unwrap();
        assert!(metrics(expr).next().is_some(), "{expr} asks for nothing of ours");
        for name in metrics(expr) {
            assert!(samples.contains(name), "{}: no metric {name}", rule["alert"]);
        }
        for text in ["summary", "description"] {
            assert!(rule["annotations"][text].is_string(), "{}: no {text}", rule["alert"]);
        }
    }
}
