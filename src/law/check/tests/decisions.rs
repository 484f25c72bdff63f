//! Which decisions count.

use super::*;

#[test]
fn a_decision_names_exact_bytes() {
    let world = || pair(tighten, &[FULL, OUT]);
    let good = world().decide(world().ruling(Verdict::Approve));
    // One digit of one digest, wherever it stands: the record is no record any more.
    let text = String::from_utf8(good.bytes().unwrap()).unwrap();
    let mut digests = 0;
    for (at, _) in text.match_indices("sha256:") {
        let mut bytes = text.clone().into_bytes();
        let digit = &mut bytes[at + 7 + 31];
        *digit = if *digit == b'0' { b'1' } else { b'0' };
        let mut world = world();
        world.submissions.push(Submission::new("decisions/d.json", &bytes, Ok(())));
        assert_eq!(world.errors(), ["decision-missing"]);
        digests += 1;
    }
    assert_eq!(digests, 4, "both sides, and both of the contract");
    // Made anew over other bytes, it is well-formed and still not about these.
    let other = pair(|s| s["properties"]["size"]["maximum"] = json!(6), &[FULL, OUT]);
    let other = other.decide(other.ruling(Verdict::Approve));
    assert_eq!(world().submit(&other, Ok(())).errors(), ["decision-missing"]);
    // The release's notes may still be written.
    let mut later = pair(tighten, &[&FULL.replace("read on", "read further"), OUT]);
    later = later.submit(&good, Ok(()));
    assert_eq!(later.errors(), Vec::<&str>::new());
    assert_eq!(later.judge().decision.as_deref(), Some(good.decision_id.as_str()));
}

#[test]
fn a_record_is_what_its_schema_says() {
    let schema = include_str!("../../../../contracts/schemas/policy_decision.v1.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::draft202012::options().should_validate_formats(true).build(&schema);
    let validator = validator.unwrap();
    let world = pair(remove_note, &[FULL, OUT]);
    for verdict in [Verdict::Approve, Verdict::Deny, Verdict::ApproveWithConditions] {
        let ruling = Ruling { expires: Some(now()), emergency: true, ..world.ruling(verdict) };
        let mut decision = world.decide(ruling);
        if verdict == Verdict::ApproveWithConditions {
            let done = Done { evidence: "x".into(), by: Some("ada".into()), at: Some(now()) };
            decision.fulfil(1, done).unwrap();
        }
        let bytes = decision.bytes().unwrap();
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        let errors: Vec<String> = validator.iter_errors(&value).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(value["impactedConsumers"][0]["name"], "billing");
        assert_eq!(Decision::parse(&bytes).unwrap(), decision);
    }
}

#[test]
fn only_decisions_that_hold_count() {
    let world = || pair(tighten, &[FULL, OUT]);
    let rule = |change: &dyn Fn(&mut Ruling), verdict| {
        let mut ruling = world().ruling(verdict);
        change(&mut ruling);
        world().decide(ruling)
    };
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    for (name, decision, expected) in [
        ("deny", rule(&|_| {}, Verdict::Deny), vec!["decision-denied"]),
        ("expired", rule(&|r| r.expires = Some(now()), Verdict::Approve), vec!["decision-refused"]),
        (
            "not yet",
            rule(&|r| r.expires = Some(at("2026-11-21T12:00:01Z")), Verdict::Approve),
            vec![],
        ),
        ("expired no", rule(&|r| r.expires = Some(now()), Verdict::Deny), vec!["decision-refused"]),
        (
            "future",
            rule(&|r| r.at = at("2026-11-22T00:00:00Z"), Verdict::Approve),
            vec!["decision-refused"],
        ),
        ("conditions", rule(&|_| {}, Verdict::ApproveWithConditions), vec!["decision-refused"]),
    ] {
        let world = world().submit(&decision, Ok(()));
        assert_eq!(world.errors(), expected, "{name}");
    }
    // A no outweighs a yes, in either order.
    let (yes, no) = (rule(&|_| {}, Verdict::Approve), rule(&|_| {}, Verdict::Deny));
    assert_eq!(world().submit(&yes, Ok(())).submit(&no, Ok(())).errors(), ["decision-denied"]);
    assert_eq!(world().submit(&no, Ok(())).submit(&yes, Ok(())).errors(), ["decision-denied"]);
    // Conditions are met one by one, and the record keeps its name.
    let mut conditional = rule(&|_| {}, Verdict::ApproveWithConditions);
    let id = conditional.decision_id.clone();
    let done = |evidence: &str| Done { evidence: evidence.into(), by: None, at: None };
    conditional.fulfil(1, done("PR 2")).unwrap();
    assert_eq!(world().submit(&conditional, Ok(())).errors(), ["decision-refused"]);
    conditional.fulfil(2, done(" ")).unwrap();
    assert_eq!(world().submit(&conditional, Ok(())).errors(), ["decision-refused"]);
    conditional.fulfil(2, done("PR 3")).unwrap();
    assert_eq!(world().submit(&conditional, Ok(())).errors(), Vec::<&str>::new());
    assert!(conditional.fulfil(3, done("x")).is_err() && conditional.fulfil(0, done("x")).is_err());
    assert_eq!(Decision::parse(&conditional.bytes().unwrap()).unwrap().decision_id, id);
    // Where a key is demanded, only what it signed counts, a no included.
    for decision in [&yes, &no] {
        let mut world = world().submit(decision, Err("no bundle".into()));
        world.signed = true;
        assert_eq!(world.errors(), ["decision-refused"]);
    }
}
