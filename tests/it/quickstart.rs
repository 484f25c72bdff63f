//! docs/quickstart.md, as it stands there, from an empty folder; and what its commands refuse.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const LAZARET: &str = env!("CARGO_BIN_EXE_lazaret");

/// A git checkout with a table, a map and a script.
struct Checkout(tempfile::TempDir);

impl Checkout {
    fn new() -> Self {
        let checkout = Self(tempfile::tempdir().unwrap());
        let point = |id: u8, x: f64, y: f64| {
            serde_json::json!({"type": "Feature", "properties": {"id": id},
                "geometry": {"type": "Point", "coordinates": [x, y]}})
        };
        let map = serde_json::json!({"type": "FeatureCollection",
            "features": [point(1, 7.5, 47.5), point(2, 7.6, 47.6)]});
        checkout.put("depths.csv", "id,depth\n1,2.5\n2,3.5\n");
        checkout.put("stations.geojson", &map.to_string());
        checkout.put(
            "clean.sh",
            "set -e\ncd \"$1\"\ncp raw/depths.csv raw/stations.geojson processed/\n",
        );
        std::os::unix::fs::symlink(Path::new(ROOT).join("contracts"), checkout.path("contracts"))
            .unwrap();
        checkout.sh("git init -q && git add clean.sh && git commit -q -m clean");
        checkout
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&std::fs::read(self.path(name)).unwrap()).unwrap()
    }

    fn run(&self, command: &mut Command) -> Output {
        let bin = Path::new(LAZARET).parent().unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        command
            .current_dir(self.0.path())
            .env("PATH", path)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "t")))
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "t@example.org")))
            .env_remove("LAZARET_POLICY_PACK")
            .output()
            .unwrap()
    }

    #[track_caller]
    fn sh(&self, script: &str) -> String {
        let output = self.run(Command::new("sh").args(["-ec", script]));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{script}\n{out}{err}");
        out
    }

    /// Exit code and what was said on standard error.
    fn lazaret(&self, arguments: &str) -> (i32, String) {
        let output = self.run(Command::new("sh").args(["-c", &format!("lazaret {arguments}")]));
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    fn validate(&self) -> Value {
        let arguments =
            "validate --workspace harbour --policy-pack contracts/policy/default --output json";
        let output = self.run(Command::new("sh").args(["-c", &format!("lazaret {arguments}")]));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn block(page: &str) -> String {
    let text = std::fs::read_to_string(Path::new(ROOT).join(page)).unwrap();
    let (_, rest) = text
        .split_once("<!-- quickstart -->\n```sh\n")
        .unwrap_or_else(|| panic!("no block in {page}"));
    rest.split_once("```\n<!-- /quickstart -->").unwrap().0.to_owned()
}

#[test]
fn the_quickstart_is_green_and_stands_in_both_pages() {
    let script = block("docs/quickstart.md");
    assert_eq!(script, block("README.md"));
    assert!(script.lines().filter(|line| line.starts_with("lazaret ")).count() <= 5);
    let checkout = Checkout::new();
    assert!(checkout.sh(&script).contains("PASSED"));
    let receipt = checkout.json("harbour/receipts/clean.json");
    assert_eq!(receipt["command"], serde_json::json!(["sh", "clean.sh", "harbour"]));
    assert_eq!(receipt["inputs"][0]["uri"], "raw/depths.csv");
    let head = checkout.sh("git rev-parse HEAD");
    assert_eq!(receipt["environment"]["git_commit"], head.trim());
    let item = checkout.json("harbour/catalog/stac/items/harbour-depths.json");
    assert_eq!(item["bbox"], serde_json::json!([7.5, 47.5, 7.6, 47.6]));
    // A second time nothing is added, and what a person wrote stays.
    let dcat = "harbour/catalog/dcat.jsonld";
    let text = std::fs::read_to_string(checkout.path(dcat)).unwrap();
    let own =
        text.replace("\"dct:title\": \"Depths of the harbour\"", "\"dct:title\":   \"My title\"");
    assert_ne!(text, own);
    checkout.put(dcat, &own);
    assert!(checkout.sh("lazaret catalog harbour").contains("lack nothing"));
    assert_eq!(std::fs::read_to_string(checkout.path(dcat)).unwrap(), own);
    // What a machine can mend is mended, and only in a copy if asked so.
    let broken = own.replace("\"dcat:byteSize\": 21", "\"dcat:byteSize\": 7");
    assert_ne!(broken, own);
    checkout.put(dcat, &broken);
    let fix = "lazaret validate --workspace harbour --policy-pack contracts/policy/default --fix";
    let (code, _) = checkout.lazaret(&format!("{} --dry-run", &fix["lazaret ".len()..]));
    assert_eq!(code, 1);
    assert_eq!(std::fs::read_to_string(checkout.path(dcat)).unwrap(), broken);
    let (code, _) = checkout.lazaret(&format!("{} --output sarif", &fix["lazaret ".len()..]));
    assert_eq!(code, 2);
    assert_eq!(std::fs::read_to_string(checkout.path(dcat)).unwrap(), broken);
    checkout.put("other.json", "{}");
    let (code, _) =
        checkout.lazaret(&format!("{} --dry-run --spec other.json", &fix["lazaret ".len()..]));
    assert_eq!(code, 1);
    assert!(checkout.sh(fix).contains("gate D turns green"));
    let (code, _) = checkout.lazaret(&format!("{} --spec other.json", &fix["lazaret ".len()..]));
    assert_eq!(code, 1, "another spec is nothing that a mend of the catalogs changes");
    assert_eq!(std::fs::read_to_string(checkout.path(dcat)).unwrap(), own);
}

#[test]
fn what_only_a_person_can_say_is_named_and_nothing_else() {
    let checkout = Checkout::new();
    checkout.sh(
        "lazaret init harbour --slug harbour --title 'Depths of the harbour' --raw depths.csv
         lazaret receipt run --workspace harbour --input raw/depths.csv --output processed/depths.csv \
           -- cp harbour/raw/depths.csv harbour/processed/
         lazaret catalog harbour",
    );
    let report = checkout.validate();
    let reasons = report["gates"].as_array().unwrap().iter().flat_map(|gate| {
        let reasons = gate["reasons"].as_array().unwrap().iter();
        reasons.map(|reason| {
            format!(
                "{} {}",
                reason["path"].as_str().unwrap_or("-"),
                reason["pointer"].as_str().unwrap_or("-")
            )
        })
    });
    let places: std::collections::BTreeSet<String> = reasons.collect();
    let dataset = [
        "/contacts",
        "/contacts/0/principal",
        "/description",
        "/policy_label",
        "/rights/attribution",
        "/rights/license",
        "/rights/rights_holder",
    ];
    let mut expected: Vec<String> = dataset.iter().map(|at| format!("dataset.json {at}")).collect();
    // DCAT repeats what dataset.json says, and is silent where that is.
    expected.insert(0, "catalog/dcat.jsonld ".to_owned());
    assert_eq!(places.into_iter().collect::<Vec<_>>(), expected);
    // Once it is said, the catalogs follow.
    let mut dataset = checkout.json("harbour/dataset.json");
    dataset["description"] = "Depth of the water at the stations, measured each day.".into();
    dataset["rights"] = serde_json::json!({"license": "CC-BY-SA-4.0", "rights_holder": "Port", "attribution": "© Port"});
    dataset["policy_label"] = "public".into();
    dataset["contacts"][0] = serde_json::json!({"role": "steward", "principal": "principal:jane", "email": "j@example.org"});
    checkout.put("harbour/dataset.json", &dataset.to_string());
    checkout.sh("lazaret catalog harbour");
    assert_eq!(checkout.validate()["result"], "passed");
}

#[test]
fn nothing_is_written_over_and_no_receipt_is_untrue() {
    let checkout = Checkout::new();
    checkout.sh("lazaret init harbour --slug harbour --title Depths --raw depths.csv");
    let before = std::fs::read(checkout.path("harbour/spec.json")).unwrap();
    for again in ["--slug other --title Other", "--slug other --title Other --raw depths.csv"] {
        let (code, said) = checkout.lazaret(&format!("init harbour {again}"));
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("nothing is written over"), "{said}");
    }
    assert_eq!(std::fs::read(checkout.path("harbour/spec.json")).unwrap(), before);
    let run =
        "receipt run --workspace harbour --input raw/depths.csv --output processed/depths.csv";
    let receipt = checkout.path("harbour/receipts/ingest.json");
    for (arguments, code, part) in [
        (format!("{run} -- false"), 1, "no receipt"),
        (format!("{run} -- true"), 3, "processed/depths.csv"),
        (format!("{run} -- sh -c 'echo 3,4 >>harbour/raw/depths.csv'"), 1, "changed its inputs"),
        (format!("{run} --container image:latest -- true"), 2, "--container"),
        (format!("{run} --git-commit main -- true"), 2, "--git-commit"),
        (format!("{run} --input ../depths.csv -- true"), 2, "relative to the workspace"),
        (format!("{run} --output processed/../x -- rm -rf harbour"), 2, "relative"),
        (format!("{run} --output processed/depths.csv -- rm -rf harbour"), 2, "twice"),
        (format!("{run} --actor '' -- true"), 2, "--actor"),
        (
            format!("{run} --output raw/depths.csv -- touch harbour/processed/depths.csv"),
            1,
            "did not write raw/depths.csv",
        ),
        (format!("{run} --operation ../x -- true"), 2, "--operation"),
        (
            format!("{} --ended-at 2026-01-01T00:00:00Z", run.replace("run", "write")),
            2,
            "--container",
        ),
    ] {
        let (found, said) = checkout.lazaret(&arguments);
        assert_eq!(found, code, "{arguments}: {said}");
        assert!(said.contains(part), "{arguments}: {said}");
        assert!(!receipt.exists(), "{arguments}");
    }
    // An empty output does not pass, and the receipt says so.
    let (code, said) =
        checkout.lazaret(&format!("{run} -- sh -c ': >harbour/processed/depths.csv'"));
    assert_eq!(
        (code, checkout.json("harbour/receipts/ingest.json")["validation"]["status"].as_str()),
        (1, Some("fail")),
        "{said}"
    );
    let (code, said) = checkout.lazaret(&format!("{run} -- true"));
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("--replace"), "{said}");
    // A report of an earlier run vouches for nothing.
    checkout
        .sh(&format!("lazaret {run} --replace -- cp harbour/raw/depths.csv harbour/processed/"));
    assert_eq!(checkout.json("harbour/receipts/ingest.json")["validation"]["status"], "pass");
    let (code, said) = checkout.lazaret(&format!(
        "{run} --replace -- sh -c 'rm harbour/processed/depths.csv; : >harbour/processed/depths.csv'"
    ));
    assert_eq!(
        (code, checkout.json("harbour/receipts/ingest.json")["validation"]["status"].as_str()),
        (1, Some("fail")),
        "{said}"
    );
    assert!(said.contains("processed/depths.csv: it has no bytes"), "{said}");
    // A run done elsewhere is written down with what somebody knows of it.
    checkout.sh("cp harbour/raw/depths.csv harbour/processed/ && rm harbour/work/qa_report.json");
    let image = format!("sha256:{}", "a1".repeat(32));
    checkout.sh(&format!(
        "lazaret {} --replace --container registry.example.org/clean@{image} --actor svc:pipeline \
         --started-at 2026-01-01T00:00:00Z --ended-at 2026-01-01T00:05:00Z",
        run.replace("run", "write")
    ));
    let receipt = checkout.json("harbour/receipts/ingest.json");
    assert_eq!(receipt["environment"]["container_digest"], image);
    assert_eq!(receipt["created_at"], "2026-01-01T00:05:00Z");
    assert_eq!(receipt["validation"]["status"], "pass");
    assert!(receipt["run_id"].as_str().unwrap().starts_with("kfm://run/2026-01-01T00:00:00Z."));
}
