//! `lazaret contracts` check, decide, freeze, list, verify and restore, as a person runs them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

const MANIFEST: &str = "apiVersion: lazaret.dev/contracts/v1
name: shop
modules:
- name: orders
  schemas: ['*.schema.json']
  fixtures: ['fixtures/*.json']
consumers:
- name: billing
  contracts: ['orders/**']
";

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.write("contracts.yaml", MANIFEST);
        place.versions("1.0.0", "");
        place.order(9);
        for (name, text) in
            [("valid", "{\"size\": 1}"), ("invalid-size", "{\"size\": \"x\"}"), ("invalid", "7")]
        {
            place.write(&format!("orders/fixtures/order.{name}.json"), text);
        }
        place
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    fn versions(&self, version: &str, more: &str) {
        let first = "- {version: 1.0.0, date: 2026-01-01, summary: first}\n";
        let next = match version {
            "1.0.0" => String::new(),
            _ => format!("- {{version: {version}, date: 2026-02-01, summary: s{more}}}\n"),
        };
        let text = format!("module: orders\nversion: {version}\nreleases:\n{next}{first}");
        self.write("orders/versions.yaml", &text);
    }

    fn order(&self, most: u32) {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": "https://example.org/order.schema.json",
            "type": "object",
            "properties": {"size": {"type": "integer", "maximum": most}},
        });
        self.write("orders/order.schema.json", &format!("{schema:#}\n"));
    }

    fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.command(arguments).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lazaret"));
        command.arg("contracts").args(arguments).current_dir(self.0.path());
        command
    }

    fn passes(&self, arguments: &[&str]) -> String {
        let (code, out) = self.run(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {out}");
        out
    }

    fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let (found, out) = self.run(arguments);
        assert_eq!(found, Some(code), "{arguments:?}: {out}");
        out
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args([
                "-c",
                "user.name=a",
                "-c",
                "user.email=a@example.org",
                "-c",
                "commit.gpgsign=false",
            ])
            .args(["-c", "init.defaultBranch=main"])
            .args(arguments)
            .current_dir(self.0.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn commit(&self) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-qm", "x"]);
        self.git(&["rev-parse", "HEAD"])
    }
}

fn rules(out: &str) -> Vec<String> {
    let report: Value = serde_json::from_str(out).unwrap();
    let all = report["findings"].as_array().unwrap();
    all.iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
}

const DONE: &str = ", migration: read on please, tests: [tests/a.rs], consumers: [{name: billing, evidence: PR 7}]";

#[test]
fn a_breaking_change_needs_its_version_its_duties_and_a_decision() {
    let place = Place::new();
    place.git(&["init", "-q"]);
    place.commit();
    let out = place.passes(&["check", "--against", "git:HEAD"]);
    assert!(out.contains("unchanged orders  1.0.0 → 1.0.0"), "{out}");

    place.order(5);
    let out = place.fails(1, &["check", "--against", "git:HEAD"]);
    assert!(out.contains("BREAKING  orders  1.0.0 → 1.0.0  demands 2.0.0 (major)"), "{out}");
    let out = place.fails(1, &["check", "--against", "git:HEAD", "--output", "json"]);
    let mut found = rules(&out);
    found.sort();
    let wanted = [
        "consumers-missing",
        "decision-missing",
        "migration-missing",
        "tests-missing",
        "version-too-small",
    ];
    assert_eq!(found, wanted);

    place.versions("2.0.0", DONE);
    place.write("tests/a.rs", "");
    assert_eq!(
        rules(&place.fails(1, &["check", "--against", "git:main", "--output", "json"])),
        ["decision-missing"]
    );
    let decide = ["decide", "--against", "git:HEAD", "--by", "ada", "--reason", "too large"];
    place.passes(&[&decide[..], &["--approve"]].concat());
    let out = place.passes(&["check", "--against", "git:HEAD"]);
    assert!(out.contains("approved by ada") && out.ends_with("passes\n"), "{out}");

    // One byte more, and nobody decided.
    place.order(4);
    assert_eq!(
        rules(&place.fails(1, &["check", "--against", "git:HEAD", "--output", "json"])),
        ["decision-missing"]
    );
    place.order(5);
    // One digit of a digest.
    let record = fs::read_dir(place.path("decisions")).unwrap().next().unwrap().unwrap().path();
    let text = fs::read_to_string(&record).unwrap();
    let at = text.find("sha256:").unwrap() + 20;
    let digit = if &text[at..=at] == "0" { "1" } else { "0" };
    fs::write(&record, format!("{}{digit}{}", &text[..at], &text[at + 1..])).unwrap();
    let found = rules(&place.fails(1, &["check", "--against", "git:HEAD", "--output", "json"]));
    assert_eq!(found, ["decision-missing", "decision-unreadable"]);
    fs::write(&record, text).unwrap();
    // Somebody's no.
    place.passes(&[&decide[..], &["--deny"]].concat());
    assert_eq!(
        rules(&place.fails(1, &["check", "--against", "git:HEAD", "--output", "json"])),
        ["decision-denied"]
    );
}

#[test]
fn conditions_are_met_one_by_one_and_signatures_count() {
    let place = Place::new();
    place.passes(&["freeze", "--date", "2026-01-01"]);
    place.order(5);
    place.versions("2.0.0", DONE);
    place.write("tests/a.rs", "");
    for pair in ["council", "stranger"] {
        let out = Command::new(env!("CARGO_BIN_EXE_lazaret"))
            .args(["pack", "keygen", "--out"])
            .arg({
                fs::create_dir(place.path(pair)).unwrap();
                place.path(pair)
            })
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }
    let (private, public) = keys(&place, "council");
    let (strange, _) = keys(&place, "stranger");
    let decide = [
        "decide",
        "--by",
        "ada",
        "--reason",
        "yes",
        "--approve-with-conditions",
        "--action",
        "docs: say so",
    ];
    let out = place.passes(&[&decide[..], &["--key", &strange]].concat());
    let id = out.lines().find_map(|line| line.strip_prefix("decision  ")).unwrap().to_owned();
    let check = ["check", "--output", "json"];
    let keyed = ["check", "--key", &public, "--output", "json"];
    assert_eq!(rules(&place.fails(1, &check)), ["decision-refused"]);
    let first = format!("{id}:1");
    let fulfil = ["decide", "--by", "ada", "--fulfil", &first, "--evidence", "docs/x.md"];
    place.fails(2, &["decide", "--by", "ada", "--fulfil", &format!("{id}:2"), "--evidence", "x"]);
    place.passes(&fulfil);
    place.passes(&check);
    // Without a signature, with a stranger's, with the right one.
    assert!(place.fails(1, &keyed).contains("is not there"));
    place.passes(&[&fulfil[..], &["--key", &strange]].concat());
    assert_eq!(rules(&place.fails(1, &keyed)), ["decision-refused"]);
    place.passes(&[&fulfil[..], &["--key", &private]].concat());
    place.passes(&keyed);
}

fn keys(place: &Place, name: &str) -> (String, String) {
    let file = |kind| place.path(&format!("{name}/lazaret.{kind}")).to_str().unwrap().to_owned();
    (file("key"), file("pub"))
}

#[test]
fn a_revision_is_read_as_it_was() {
    let place = Place::new();
    place.git(&["init", "-q"]);
    let first = place.commit();
    place.order(5);
    place.commit();
    place.git(&["tag", "v2"]);
    let same = |revision: &str| place.run(&["check", "--against", &format!("git:{revision}")]).0;
    assert_eq!(
        (same("HEAD"), same("v2"), same(&first), same("HEAD~1")),
        (Some(0), Some(0), Some(1), Some(1))
    );
    // Neither what lies in the folder nor a hook, a pager or an alias has a say.
    place.git(&["config", "core.fsmonitor", "touch fsmonitor-ran; false"]);
    place.git(&["config", "core.pager", "touch pager-ran"]);
    place.git(&["config", "alias.ls-tree", "!touch alias-ran"]);
    assert_eq!(same("HEAD"), Some(0));
    for ran in ["fsmonitor-ran", "pager-ran", "alias-ran"] {
        assert!(!place.path(ran).exists(), "{ran}");
    }
    for (revision, why) in [
        ("nonesuch", "no such commit"),
        ("--help", "no such commit"),
        ("--output=x", "no such commit"),
        ("", "which revision"),
    ] {
        let out = place.fails(2, &["check", "--against", &format!("git:{revision}")]);
        assert!(out.contains(why), "{out}");
    }
    assert!(!place.path("x").exists());

    // Below the top of a repository.
    let outer = Place(tempfile::tempdir().unwrap());
    outer.git(&["init", "-q"]);
    outer.write("README.md", "");
    let empty = outer.commit();
    for file in ["contracts.yaml", "orders/versions.yaml", "orders/order.schema.json"] {
        outer.write(&format!("a b/law/{file}"), &place.read(file));
    }
    outer.commit();
    outer.passes(&["check", "a b/law", "--against", "git:HEAD"]);
    let out = outer.fails(2, &["check", "a b/law", "--against", &format!("git:{empty}")]);
    assert!(out.contains("has no folder a b/law"), "{out}");
    assert!(outer.fails(2, &["check", ".", "--against", "git:HEAD"]).contains("contracts.yaml"));

    // What lies in a submodule is not in the revision, and is not taken for new.
    let inner = Place(tempfile::tempdir().unwrap());
    inner.git(&["init", "-q"]);
    inner.write("order.schema.json", &place.read("orders/order.schema.json"));
    inner.commit();
    let above = Place(tempfile::tempdir().unwrap());
    above.git(&["init", "-q"]);
    above.write("contracts.yaml", &place.read("contracts.yaml"));
    let add = ["-c", "protocol.file.allow=always", "submodule", "add", "-q"];
    let from = inner.0.path().to_str().unwrap();
    above.git(&[&add[..], &[from, "elsewhere"]].concat());
    above.write("orders/versions.yaml", &place.read("orders/versions.yaml"));
    above.commit();
    above.passes(&["check", "--against", "git:HEAD"]);
    above.git(&["rm", "-q", "-r", "orders"]);
    above.git(&[&add[..], &[from, "orders"]].concat());
    above.commit();
    let out = above.fails(3, &["check", "--against", "git:HEAD"]);
    assert!(out.contains("orders is a submodule"), "{out}");

    // A shallow clone says that it is one.
    let clone = tempfile::tempdir().unwrap();
    let from = format!("file://{}", place.0.path().display());
    place.git(&["clone", "-q", "--depth", "1", &from, clone.path().join("c").to_str().unwrap()]);
    let shallow = Command::new(env!("CARGO_BIN_EXE_lazaret"))
        .args(["contracts", "check", "--against", &format!("git:{first}")])
        .current_dir(clone.path().join("c"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&shallow.stderr).into_owned();
    assert!(said.contains("shallow"), "{said}");
    // No repository, and no git.
    let bare = Place::new();
    assert!(bare.fails(3, &["check", "--against", "git:HEAD"]).contains("not a git repository"));
    let none = bare
        .command(&["check", "--against", "git:HEAD"])
        .env("PATH", "/nonesuch")
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&none.stderr).contains("the program git is not here"));
}

#[test]
fn freezes_hold_or_are_denied() {
    let place = Place::new();
    assert!(place.passes(&["list"]).contains("nothing was frozen"));
    assert!(place.fails(2, &["check"]).contains("nothing was frozen"));
    place.passes(&["freeze", "--date", "2026-01-01"]);
    place.fails(2, &["freeze", "1.0.0"]);
    place.fails(2, &["freeze", "latest"]);
    place.fails(2, &["freeze", "all"]);
    assert!(place.fails(2, &["check", "--against", ""]).contains("a side is"));
    place.write("orders/fixtures/order.valid.json", "7");
    assert!(place.fails(1, &["freeze", "x"]).contains("not sound"));
    place.write("orders/fixtures/order.valid.json", "{\"size\": 1}");
    let first = fs::read(place.path("_frozen/1.0.0.tar")).unwrap();
    place.passes(&["check"]);
    place.order(10);
    place.versions("1.1.0", ", tests: [contracts.yaml], review: fine");
    assert!(place.fails(1, &["freeze"]).contains("no decision names"));
    place.passes(&["freeze", "--date", "2026-02-01", "--unchecked", "only to be looked at"]);
    let out = place.passes(&["list"]);
    assert!(out.find("1.1.0").unwrap() < out.find("1.0.0").unwrap(), "{out}");
    let out = place.passes(&["verify"]);
    assert!(out.contains("holds   1.0.0") && out.contains("the files are as in 1.1.0"), "{out}");
    place.order(11);
    assert!(place.passes(&["verify", "1.0.0"]).contains("changed orders/order.schema.json"));
    place.fails(1, &["verify", "--no-drift"]);

    // The same set gives the same bytes, elsewhere and on another day.
    let other = Place::new();
    other.passes(&["freeze", "x"]);
    assert_eq!(fs::read(other.path("_frozen/x.tar")).unwrap(), first);

    // A byte of the tar, of an index, and a link of the chain.
    let tar = place.path("_frozen/1.0.0.tar");
    let mut bytes = first.clone();
    bytes[700] ^= 1;
    fs::write(&tar, bytes).unwrap();
    assert!(place.fails(1, &["verify"]).contains("as the index says"));
    assert!(place.fails(1, &["restore", "1.0.0", "--force"]).contains("as the index says"));
    assert!(place.fails(1, &["check", "--against", "freeze:1.0.0"]).contains("as the index says"));
    fs::write(&tar, first).unwrap();
    let index = place.read("_frozen/1.0.0.json");
    place.write("_frozen/1.0.0.json", &index.replace("2026-01-01", "2026-01-02"));
    assert!(place.fails(1, &["list"]).contains("1.1.0 follows 1.0.0"));
    fs::remove_file(place.path("_frozen/1.0.0.json")).unwrap();
    assert!(place.fails(1, &["verify"]).contains("1.1.0 follows 1.0.0"));
    place.write("_frozen/1.0.0.json", &index);
    place.passes(&["verify"]);
}

#[test]
fn what_does_not_pass_is_frozen_only_with_a_reason() {
    let place = Place::new();
    place.passes(&["freeze", "one"]);
    place.order(5);
    assert!(place.fails(1, &["freeze", "two"]).contains("--unchecked"));
    assert!(!place.path("_frozen/two.json").exists());
    place.fails(2, &["freeze", "two", "--unchecked", " "]);
    place.passes(&["freeze", "two", "--unchecked", "a try"]);
    for command in [&["list"][..], &["verify"], &["check"]] {
        let out = place.passes(command);
        assert!(out.contains("a try"), "{command:?}: {out}");
    }
    // What passes needs no excuse, and a folder is no test.
    place.passes(&["freeze", "three", "--unchecked", "not needed"]);
    assert!(!place.read("_frozen/three.json").contains("unchecked"));
    place.order(4);
    place.versions("2.0.0", ", tests: [orders], migration: orders");
    let found = rules(&place.fails(1, &["check", "--output", "json"]));
    assert!(
        ["migration-missing", "tests-missing"].iter().all(|rule| found.contains(&(*rule).into()))
    );
}

#[test]
fn freezes_do_not_begin_anew_elsewhere() {
    let place = Place::new();
    place.git(&["init", "-q"]);
    place.passes(&["freeze"]);
    place.commit();
    place.write("contracts.yaml", &format!("{MANIFEST}frozen: other\n"));
    place.order(5);
    let refused = || {
        let out = place.fails(1, &["freeze", "second"]);
        assert!(out.contains("1.0.0 is frozen in _frozen and not in other"), "{out}");
    };
    refused();
    place.commit();
    refused();
    // Moved along, they are what the set is held against.
    place.git(&["mv", "_frozen", "other"]);
    assert!(place.fails(1, &["freeze", "second"]).contains("against the freeze 1.0.0"));
    place.passes(&["freeze", "second", "--unchecked", "they lie better there"]);
}

#[test]
fn a_bump_goes_as_far_as_is_asked() {
    let place = Place::new();
    place.passes(&["freeze"]);
    let out = place.passes(&["bump", "orders", "auto"]);
    assert!(out.contains("1.0.0 is far enough for what changed since freeze:latest"), "{out}");
    place.order(5);
    assert!(place.passes(&["bump", "orders", "auto"]).contains("1.0.0 → 2.0.0"));
    assert!(place.passes(&["bump", "orders", "auto"]).contains("2.0.0 is far enough"));
    let out = place.fails(1, &["check"]);
    assert!(out.contains("`lazaret contracts diff freeze:latest` shows what changed"), "{out}");
}

#[test]
fn a_restore_says_what_it_does_and_loses_nothing_unasked() {
    let place = Place::new();
    place.git(&["init", "-q"]);
    place.passes(&["freeze", "one"]);
    let before = files(place.0.path());
    place.order(5);
    place.write("orders/more.schema.json", "{}\n");
    place.write("orders/README.txt", "none of the set's business");
    let out = place.fails(1, &["restore", "one"]);
    assert!(out.contains("orders/more.schema.json, orders/order.schema.json"), "{out}");
    // What would be refused is told first.
    let out = place.run(&["restore", "one", "--dry-run"]);
    assert_eq!(out.0, Some(1));
    let out = place.command(&["restore", "one", "--dry-run"]).output().unwrap();
    let told = String::from_utf8_lossy(&out.stdout);
    assert!(told.contains("would replace orders/order.schema.json"), "{told}");
    place.commit();
    let out = place.passes(&["restore", "one", "--dry-run"]);
    assert!(out.contains("would replace orders/order.schema.json"), "{out}");
    assert!(place.read("orders/order.schema.json").contains('5'));
    let out = place.passes(&["restore", "one"]);
    assert!(out.contains("replace orders/order.schema.json"), "{out}");
    assert!(out.contains("remove  orders/more.schema.json"), "{out}");
    let mut after = files(place.0.path());
    assert_eq!(after.remove("orders/README.txt").unwrap(), b"none of the set's business");
    assert_eq!(after, before);
    assert!(place.passes(&["restore", "latest"]).contains("as in one already"));
    // A set whose contracts.yaml says nothing any more can be put back, too.
    place.write("contracts.yaml", "name: [");
    fs::remove_file(place.path("orders/order.schema.json")).unwrap();
    assert!(place.fails(1, &["restore", "one"]).contains("contracts.yaml"));
    place.passes(&["restore", "one", "--force"]);
    assert_eq!(files(place.0.path()).get("contracts.yaml"), before.get("contracts.yaml"));
    place.fails(2, &["restore", "two"]);
}

/// Every file below that is not git's, by path.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if !path.ends_with(".git") {
                    folders.push(path);
                }
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                all.insert(name, fs::read(path).unwrap());
            }
        }
    }
    all
}

#[test]
fn a_restore_that_is_killed_leaves_old_or_new() {
    const FILES: usize = 200;
    let place = Place::new();
    let fill = |word: &str| {
        for n in 0..FILES {
            place
                .write(&format!("orders/{n}.schema.json"), &format!("{{\"title\": \"{word}\"}}\n"));
        }
    };
    fill("one");
    place.passes(&["freeze", "one", "--unsound"]);
    let one = files(&place.path("orders"));
    fill("two");
    place.passes(&["freeze", "two", "--unsound", "--unchecked", "only to be restored"]);
    let two = files(&place.path("orders"));
    let begun = std::time::Instant::now();
    place.passes(&["restore", "one"]);
    let whole = begun.elapsed();
    let mut seen = (0, 0);
    for turn in 0..24_u32 {
        let (from, to) =
            if files(&place.path("orders")) == one { (&one, "two") } else { (&two, "one") };
        let mut child = place
            .command(&["restore", to])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(whole * turn / 24);
        child.kill().unwrap();
        child.wait().unwrap();
        // Any command that looks at the set ends what was begun.
        place.passes(&["list"]);
        let now = files(&place.path("orders"));
        assert!(now == one || now == two, "turn {turn}: a mixture");
        assert!(!place.path(".lazaret-restore").exists(), "turn {turn}");
        match now == *from {
            true => seen.0 += 1,
            false => seen.1 += 1,
        }
    }
    eprintln!("{} stayed as they were, {} were completed", seen.0, seen.1);
}
