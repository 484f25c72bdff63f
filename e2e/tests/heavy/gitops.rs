//! The health that Argo CD is given for our resources, run in Lua over statuses as they are written.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use lazaret_e2e::peer::tool;
use lazaret_e2e::root;
use serde_json::{Value, json};

/// Runs the script of the first line over the object of the second, as Argo CD does.
const RUN: &str = r"
import json, lupa, sys
script, given = (json.loads(line) for line in sys.stdin)
lua = lupa.LuaRuntime()
def table(value):
    if isinstance(value, dict):
        return lua.table_from({key: table(inner) for key, inner in value.items()})
    return lua.table_from([table(inner) for inner in value]) if isinstance(value, list) else value
lua.globals().obj = table(given)
print(lua.execute(script)['status'])
";

fn health(script: &str, object: &Value) -> Result<String> {
    let mut python = Command::new(tool("LAZARET_LUPA")?)
        .args(["-c", RUN])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut input = python.stdin.take().context("no standard input")?;
    writeln!(input, "{}\n{object}", json!(script))?;
    drop(input);
    let output = python.wait_with_output()?;
    ensure!(output.status.success(), "lua failed for {object}");
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// An object with these conditions: type, status, reason.
fn object(seen: i64, conditions: &[(&str, &str, &str)]) -> Value {
    let conditions = conditions.iter().map(|(kind, status, reason)| {
        json!({ "type": kind, "status": status, "reason": reason, "message": "m" })
    });
    json!({
        "metadata": { "generation": 1 },
        "status": { "observedGeneration": seen, "conditions": conditions.collect::<Vec<_>>() },
    })
}

#[test]
#[ignore = "needs lupa; run by make test-all"]
fn argo_cd_reads_what_the_conditions_mean() -> Result<()> {
    let text = std::fs::read_to_string(root().join("examples/gitops/argocd-health.yaml"))?;
    let patch: Value = yaml_serde::from_str(&text)?;
    let waits = |why| object(1, &[("Ready", "False", why)]);
    let fails = |kind, why| object(1, &[(kind, "True", why), ("Ready", "False", why)]);
    for (kind, object, expected) in [
        ("PolicyPack", json!({ "metadata": { "generation": 1 } }), "Progressing"),
        ("PolicyPack", object(-1, &[]), "Progressing"),
        ("PolicyPack", object(0, &[("Ready", "True", "Succeeded")]), "Progressing"),
        ("PolicyPack", object(1, &[("Ready", "True", "Succeeded")]), "Healthy"),
        ("PolicyPack", fails("Reconciling", "ConnectFailed"), "Progressing"),
        ("PolicyPack", fails("Stalled", "SignatureInvalid"), "Degraded"),
        ("DatasetPromotion", object(1, &[("Ready", "True", "Published")]), "Healthy"),
        ("DatasetPromotion", waits("DryRun"), "Healthy"),
        ("DatasetPromotion", waits("AwaitingApproval"), "Suspended"),
        ("DatasetPromotion", waits("Withdrawn"), "Suspended"),
        ("DatasetPromotion", fails("Stalled", "GatesFailed"), "Degraded"),
        ("Quarantine", waits("Quarantined"), "Suspended"),
        ("Quarantine", fails("Overdue", "Quarantined"), "Degraded"),
        ("Quarantine", object(1, &[("Ready", "True", "Released")]), "Healthy"),
    ] {
        let key = format!("resource.customizations.health.lazaret.dev_{kind}");
        let script = patch["data"][&key].as_str().context(key)?;
        let told = health(script, &object)?;
        ensure!(told == expected, "{kind} {object} is {told}, not {expected}");
    }
    Ok(())
}
