use super::*;

fn finding(file: &str, line: Option<usize>, message: &str) -> Finding {
    Finding {
        file: file.into(),
        pointer: "/a".into(),
        line,
        rule: "schema-invalid",
        severity: Severity::Error,
        message: message.into(),
        remedy: "Mend it.".into(),
    }
}

fn render(format: Format, findings: Vec<Finding>) -> String {
    let validation = Validation { findings, contracts: 2, fixtures: 6, ..Validation::default() };
    let report = Report {
        name: "shop",
        modules: vec![("orders", vec!["orders/a,b:c.json", "orders/fine.json"])],
        validation: &validation,
        root: Path::new("./sub/"),
        verbose: false,
    };
    report.render(format)
}

#[test]
fn workflow_commands_are_escaped() {
    let text = render(Format::Github, vec![finding("orders/a,b:c.json", Some(7), "100%\nodd")]);
    let wanted = "::error file=sub/orders/a%2Cb%3Ac.json,line=7,title=schema-invalid::/a: 100%25%0Aodd. Mend it.\n2 contracts, 6 fixtures: 1 error, 0 warnings, 0 notes\n";
    assert_eq!(text, wanted);
}

#[test]
fn code_quality_findings_keep_their_fingerprint_when_they_move() {
    let read = |line| {
        let text = render(Format::Gitlab, vec![finding("a.json", Some(line), "odd")]);
        let all: serde_json::Value = serde_json::from_str(&text).unwrap();
        all[0].clone()
    };
    let (one, two) = (read(1), read(9));
    assert_eq!(one["fingerprint"], two["fingerprint"]);
    assert_eq!(one["fingerprint"].as_str().unwrap().len(), 64);
    assert_eq!(two["location"], json!({"path": "sub/a.json", "lines": {"begin": 9}}));
}

#[test]
fn test_cases_are_files_and_failures_are_errors() {
    let text = render(
        Format::Junit,
        vec![finding("orders/a,b:c.json", None, "<odd>"), finding("elsewhere.json", None, "x")],
    );
    assert!(text.contains("tests=\"4\" failures=\"2\""), "{text}");
    assert!(text.contains("message=\"&lt;odd&gt;\""), "{text}");
    assert!(
        text.contains("name=\"sub/orders/fine.json\" file=\"sub/orders/fine.json\"/>"),
        "{text}"
    );
    assert!(text.contains("<testsuite name=\"shop/orders\" tests=\"2\" failures=\"1\""), "{text}");
}

#[test]
fn sarif_names_rules_that_it_explains() {
    let text = render(Format::Sarif, vec![finding("a b.json", Some(3), "odd")]);
    let log: serde_json::Value = serde_json::from_str(&text).unwrap();
    let result = &log["runs"][0]["results"][0];
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][index]["id"], "schema-invalid");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "sub/a%20b.json");
    assert_eq!(place["region"]["startLine"], 3);
}

#[test]
fn people_see_what_is_wrong_by_file() {
    let text = render(Format::Human, vec![finding("a.json", Some(3), "odd\u{1b}[2J")]);
    assert!(
        text.starts_with("sub/a.json\nERROR   schema-invalid               line 3 /a\n"),
        "{text}"
    );
    assert!(!text.contains('\u{1b}') && text.contains("→ Mend it."), "{text}");
    assert!(further("sarif=x").is_ok() && further("sarif").is_err() && further("x=y").is_err());
}
