//! `docs/contracts.md` as it stands there, and the hooks and CI files of `examples/contracts`, run as Git, GitHub and GitLab run them: with a real
//! repository, and with stand-ins for `gh` and `curl` that write down what they are asked.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lazaret::law::{Manifest, Versions};
use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn example(name: &str) -> PathBuf {
    Path::new(ROOT).join("examples/contracts").join(name)
}

fn yaml(name: &str) -> Value {
    let text = fs::read_to_string(example(name)).unwrap();
    yaml_serde::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A repository with a contract set that was frozen.
struct Repository(tempfile::TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(repository.path("out/bin")).unwrap();
        repository.ok("git init -q -b main && printf 'out/\\n' > .gitignore");
        repository.ok("lazaret contracts new set shop --date 2026-11-01");
        repository.ok("lazaret contracts new schema order --date 2026-11-01");
        repository.ok("lazaret contracts freeze --date 2026-11-01");
        repository.ok("git add -A && git commit -q -m base");
        repository
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, script: &str, env: &[(&str, &str)]) -> Output {
        let lazaret = Path::new(env!("CARGO_BIN_EXE_lazaret")).parent().unwrap();
        let stand_ins = self.path("out/bin");
        let path = std::env::var("PATH").unwrap();
        Command::new("bash")
            .args(["-c", script])
            .current_dir(self.0.path())
            .env("PATH", format!("{}:{}:{path}", stand_ins.display(), lazaret.display()))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "t")))
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "t@example.org")))
            .envs(env.iter().copied())
            .output()
            .unwrap()
    }

    #[track_caller]
    fn ok(&self, script: &str) -> String {
        let output = self.run(script, &[]);
        let (out, err) = said(&output);
        assert!(output.status.success(), "{script}\n{out}{err}");
        out
    }

    /// A program that writes down its arguments and says what it is told to.
    fn stand_in(&self, name: &str, says: &str) {
        let log = self.path(&format!("out/{name}.log"));
        let script = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$@\" >> {log}\ncase \"$*\" in *--jq*) printf '{says}';; esac\n\
             for word; do case \"$word\" in body=@*) cat \"${{word#body=@}}\" >> {log};; 'body=<'*) cat \"${{word#body=<}}\" >> {log};; esac; done\n",
            log = log.display()
        );
        let path = self.path(&format!("out/bin/{name}"));
        fs::write(&path, script).unwrap();
        self.ok(&format!("chmod +x {}", path.display()));
    }

    fn log(&self, name: &str) -> String {
        fs::read_to_string(self.path(&format!("out/{name}.log"))).unwrap_or_default()
    }

    fn order(&self, from: &str, to: &str) {
        let path = self.path("contracts/events/order.v1.schema.json");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from));
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
    }
}

fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// The block after a comment in a page.
fn block(page: &str, name: &str) -> String {
    let text = fs::read_to_string(Path::new(ROOT).join(page)).unwrap();
    let (_, rest) = text
        .split_once(&format!("<!-- {name} -->\n```"))
        .unwrap_or_else(|| panic!("{page} has no block {name}"));
    let (_, rest) = rest.split_once('\n').unwrap();
    rest.split_once(&format!("```\n<!-- /{name} -->")).unwrap().0.to_owned()
}

#[test]
fn the_page_is_true() {
    let script = block("docs/contracts.md", "contracts quickstart");
    assert_eq!(script, block("README.md", "contracts quickstart"));
    assert_eq!(script.lines().count(), 5);
    let folder = tempfile::tempdir().unwrap();
    let repository = Repository(folder);
    repository.ok(&format!("set -e\n{script}"));
    repository.ok("lazaret contracts check --against freeze:latest");

    for (name, schema) in
        [("contract set", "contract_set"), ("contract versions", "contract_versions")]
    {
        let text = block("docs/contracts.md", name);
        let value: Value = yaml_serde::from_str(&text).unwrap();
        let schema = format!("contracts/schemas/{schema}.v1.schema.json");
        let schema = fs::read(Path::new(ROOT).join(schema)).unwrap();
        let schema: Value = serde_json::from_slice(&schema).unwrap();
        let found =
            jsonschema::validator_for(&schema).unwrap().validate(&value).map_err(|e| e.to_string());
        assert_eq!(found, Ok(()), "{name}");
        match name {
            "contract set" => drop(Manifest::parse(text.as_bytes()).unwrap()),
            _ => drop(Versions::parse(text.as_bytes()).unwrap()),
        }
    }
}

#[test]
fn the_git_hook_looks_at_what_is_staged() {
    let repository = Repository::new();
    let hook = example("pre-commit");
    repository.ok(&format!(
        "cp {} .git/hooks/pre-commit && chmod +x .git/hooks/pre-commit",
        hook.display()
    ));
    repository.order("\"created_at\"]", "\"created_at\", \"total\"]");
    // What is not staged does not count.
    repository.ok("git commit -q --allow-empty -m nothing");
    let output = repository.run("git add -A && git commit -q -m tighter", &[]);
    let (out, err) = said(&output);
    assert!(!output.status.success() && (out + &err).contains("order.v1"), "it went through");
    // Mended in the folder only: what is staged is still wrong.
    repository.order(", \"total\"]", "]");
    assert!(!repository.run("git commit -q -m tighter", &[]).status.success());
    repository.ok("git add -A && git commit -q --allow-empty -m mended");
    repository.order("\"id\", ", "");
    let free = [("CONTRACTS_AGAINST", "")];
    let output = repository.run("git add -A && git commit -q -m unsound", &free);
    assert!(!output.status.success(), "a fixture that must be refused is accepted");
    repository.ok("git status --porcelain | grep -q order");
}

/// The steps of the action, with GitHub's words put in as GitHub does.
fn steps(repository: &Repository, base: &str) -> Vec<(String, Output)> {
    let action = yaml("action/action.yml");
    let inputs = &action["inputs"];
    let temp = repository.path("out");
    let temp = temp.to_str().unwrap();
    let mut outputs = String::new();
    let mut ran = Vec::new();
    for step in action["runs"]["steps"].as_array().unwrap() {
        let fill = |text: &str| -> String {
            let word = text.trim_start_matches("${{").trim_end_matches("}}").trim();
            match word {
                _ if !text.starts_with("${{") => text.to_owned(),
                "github.event.pull_request.base.sha" => base.to_owned(),
                "github.event.pull_request.number" => "7".to_owned(),
                "steps.impact.outputs.against" => {
                    outputs.trim().strip_prefix("against=").unwrap().to_owned()
                }
                "inputs.token" => "secret".to_owned(),
                word => {
                    let name = word.strip_prefix("inputs.").unwrap();
                    inputs[name]["default"].as_str().unwrap().to_owned()
                }
            }
        };
        let script = step["run"].as_str().unwrap();
        assert!(!script.contains("${{"), "an expression in a script is read as code");
        let mut env: Vec<(String, String)> = step["env"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), fill(value.as_str().unwrap())))
            .collect();
        let fixed = [
            ("RUNNER_TEMP", temp.to_owned()),
            ("GITHUB_OUTPUT", format!("{temp}/output")),
            ("GITHUB_STEP_SUMMARY", format!("{temp}/summary")),
            ("GITHUB_ACTION_PATH", example("action").display().to_string()),
            ("GITHUB_REPOSITORY", "shop/shop".to_owned()),
        ];
        env.extend(fixed.map(|(name, value)| (name.to_owned(), value)));
        let env: Vec<(&str, &str)> = env.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let output = repository.run(script, &env);
        outputs = fs::read_to_string(format!("{temp}/output")).unwrap_or_default();
        ran.push((step["name"].as_str().unwrap().to_owned(), output));
    }
    ran
}

#[test]
fn the_github_action_tells_and_refuses() {
    let repository = Repository::new();
    let base = repository.ok("git rev-parse HEAD");
    repository.stand_in("gh", "");
    for (name, output) in steps(&repository, base.trim()) {
        let (out, err) = said(&output);
        assert!(output.status.success(), "{name}: {out}{err}");
    }
    assert!(repository.log("gh").contains("POST\nrepos/shop/shop/issues/7/comments"));

    repository.order("\"created_at\"]", "\"created_at\", \"total\"]");
    fs::remove_file(repository.path("out/output")).unwrap();
    repository.stand_in("gh", "41\\n42\\n");
    let ran = steps(&repository, base.trim());
    let codes: Vec<Option<i32>> = ran.iter().map(|(_, output)| output.status.code()).collect();
    // The fixture that was valid is refused now; and what breaks needs more than it has.
    assert_eq!(codes, [Some(1), Some(0), Some(0), Some(1)], "{ran:?}");
    let (annotations, _) = said(&ran[0].1);
    assert!(annotations.contains("::error file=contracts/events/"), "{annotations}");
    let log = repository.log("gh");
    assert!(log.contains("PATCH\nrepos/shop/shop/issues/comments/41\n"), "{log}");
    assert!(log.contains("<!-- lazaret contracts -->") && log.contains("BREAKING"), "{log}");
    assert!(fs::read_to_string(repository.path("out/summary")).unwrap().contains("BREAKING"));
}

#[test]
fn the_gitlab_job_reports_and_refuses() {
    let repository = Repository::new();
    let base = repository.ok("git rev-parse HEAD");
    repository.stand_in("curl", "");
    let job = &yaml("gitlab.yml")["contracts"];
    let script = job["script"][0].as_str().unwrap();
    let mut env: Vec<(&str, &str)> = job["variables"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .collect();
    env.extend([
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", base.trim()),
        ("CI_MERGE_REQUEST_IID", "7"),
        ("CI_API_V4_URL", "https://gitlab.example.org/api/v4"),
        ("CI_PROJECT_ID", "3"),
        ("CONTRACTS_TOKEN", "secret"),
    ]);
    let output = repository.run(script, &env);
    let (out, err) = said(&output);
    assert!(output.status.success(), "{out}{err}");
    let quality = fs::read(repository.path("contracts-codequality.json")).unwrap();
    assert!(serde_json::from_slice::<Value>(&quality).unwrap().is_array());
    let log = repository.log("curl");
    assert!(
        log.contains("https://gitlab.example.org/api/v4/projects/3/merge_requests/7/notes"),
        "{log}"
    );

    repository.order("\"created_at\"]", "\"created_at\", \"total\"]");
    let output = repository.run(script, &env);
    assert_eq!(output.status.code(), Some(1));
    assert!(repository.log("curl").contains("BREAKING"));
    for report in ["codequality", "junit"] {
        let path = job["artifacts"]["reports"][report].as_str().unwrap();
        assert!(repository.path(path).exists(), "{path}");
    }
}

#[test]
fn the_other_files_are_what_their_readers_expect() {
    let hooks = yaml("pre-commit-config.yaml");
    for hook in hooks["repos"][0]["hooks"].as_array().unwrap() {
        let words: Vec<&str> = hook["entry"].as_str().unwrap().split(' ').collect();
        assert_eq!(words[..2], ["lazaret", "contracts"]);
        assert_eq!(hook["pass_filenames"], false);
    }
    let workflow = yaml("github-workflow.yml");
    let uses = workflow["jobs"]["contracts"]["steps"][1]["uses"].as_str().unwrap();
    assert!(uses.contains("/examples/contracts/action@"), "{uses}");
    assert!(example("action/action.yml").exists());
    assert_eq!(workflow["permissions"]["contents"], "read");
    for script in ["pre-commit", "action/comment.sh"] {
        let output = Command::new("bash").arg("-n").arg(example(script)).output().unwrap();
        assert!(output.status.success(), "{script}: {:?}", said(&output));
    }
}
