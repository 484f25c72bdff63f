//! Files that are written from the code, and documents that must agree with it.
//! `UPDATE=1 cargo test --test it generated::` writes the former again.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use lazaret::api::{CRD_FILES, DatasetPromotion, PolicyPack, Quarantine, crd_yaml};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Compares a file with what the code says, or writes it if `UPDATE` is set.
fn same(path: &str, expected: &str) {
    let file = root().join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, expected).unwrap();
    }
    let actual = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(actual == expected, "{path} is stale: UPDATE=1 cargo test --test it generated::");
}

fn names(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn crds_and_their_copies_in_the_chart() {
    let mut expected = Vec::new();
    for (file, crd) in CRD_FILES {
        let yaml = crd_yaml(&crd()).unwrap();
        for folder in ["crds", "charts/lazaret/crds"] {
            same(&format!("{folder}/{file}"), &yaml);
        }
        expected.push(file.to_owned());
    }
    expected.sort();
    for folder in ["crds", "charts/lazaret/crds"] {
        assert_eq!(names(folder), expected, "{folder} holds a file that is no CRD of ours");
    }
}

/// What the job template says of the certificate authority, and the chart only if there is TLS and its values
/// name one.
const AUTHORITY: [&str; 3] = [
    "                      - --ca=/etc/lazaret/ca/ca.crt\n",
    "                      - {name: ca, mountPath: /etc/lazaret/ca, readOnly: true}\n",
    "                  - name: ca\n                    configMap: {name: lazaret-evidence-ca}\n",
];

/// The chart's ClusterAnalysisTemplates are the examples, with Helm's values in them.
#[test]
fn analysis_templates_of_the_chart() {
    let example = |name: &str| {
        let path = root().join("examples/argo").join(name);
        let text = std::fs::read_to_string(path).unwrap();
        // Argo's own braces must come through Helm untouched.
        let mut out = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find("{{") {
            let end = rest.find("}}").unwrap() + 2;
            let _ = write!(out, "{}{{{{ \"{}\" }}}}", &rest[..at], &rest[at..end]);
            rest = &rest[end..];
        }
        let labels =
            "  labels:\n    {{- include \"lazaret.labels\" . | nindent 4 }}\nspec:\n  args:";
        AUTHORITY
            .iter()
            .fold(out + rest, |text, part| {
                let values = "{{- with and .Values.evidence.tls.secretName .Values.evidence.argo.caConfigMap }}";
                text.replacen(part, &format!("{values}\n{part}{{{{- end }}}}\n"), 1)
            })
            .replacen("kind: AnalysisTemplate", "kind: ClusterAnalysisTemplate", 1)
            .replacen("spec:\n  args:", labels, 1)
            .replacen(
                "https://lazaret-evidence.lazaret.svc:8444",
                "{{ include \"lazaret.evidenceUrl\" . }}",
                1,
            )
            .replacen(
                "ghcr.io/lazaret/lazaret:0.1.0",
                "{{ include \"lazaret.image\" . | quote }}",
                1,
            )
            .replacen(
                "{audience: lazaret,",
                "{audience: {{ .Values.evidence.audience | quote }},",
                1,
            )
            .replacen("{name: lazaret-evidence-ca}", "{name: {{ . | quote }}}", 1)
    };
    let text = format!(
        "{{{{- if and .Values.evidence.enabled .Values.evidence.argo.templates }}}}\n\
         {{{{- /* Written from examples/argo by tests/it/generated.rs. */ -}}}}\n{}---\n{}{{{{- end }}}}\n",
        example("analysis-template.yaml"),
        example("analysis-template-job.yaml"),
    );
    assert_eq!(text.matches("include \"lazaret").count(), 5, "a value of Helm's found no place");
    assert_eq!(text.matches("{{- with and .Values").count(), AUTHORITY.len());
    assert_eq!(text.matches(".Values.evidence.audience").count(), 1);
    same("charts/lazaret/templates/evidence-templates.yaml", &text);
}

#[test]
fn graphql_schema() {
    same("contracts/api/evidence.graphql", &lazaret::server::evidence_sdl());
}

#[test]
fn rules_of_contract_sets() {
    same("docs/contracts-rules.md", &lazaret::law::validate::rules_page());
}

#[test]
fn cli_reference() {
    let mut command = lazaret::cli::command()
        .term_width(100)
        // What this machine's environment holds is no part of the reference.
        .mut_args(|argument| argument.hide_env_values(true));
    command.build();
    let mut out = String::from(
        "# Command-line reference\n\nWhat `lazaret` prints for `--help`. [cli.md](cli.md) says how to use it.\n\
         This page is written from `src/cli/args.rs`; `UPDATE=1 cargo test --test it generated::` writes it again.\n",
    );
    describe(&command, &mut out);
    same("docs/cli-reference.md", &out);
}

fn describe(command: &clap::Command, out: &mut String) {
    let mut shown = command.clone().term_width(100).mut_args(|a| a.hide_env_values(true));
    let name = shown.get_bin_name().unwrap_or_else(|| shown.get_name()).to_owned();
    let help = shown.render_long_help().to_string();
    let help: Vec<_> = help.lines().map(str::trim_end).collect();
    let _ = write!(out, "\n## {name}\n\n```text\n{}\n```\n", help.join("\n").trim());
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        if sub.get_name() != "help" {
            describe(sub, out);
        }
    }
}

#[test]
fn manifests_in_the_documents_are_what_the_code_reads() {
    let mut kinds = Vec::new();
    for name in names("docs") {
        let text = std::fs::read_to_string(root().join("docs").join(&name)).unwrap();
        for block in tested(&text) {
            for document in block.split("\n---\n") {
                let value: Value = yaml_serde::from_str(document)
                    .unwrap_or_else(|error| panic!("docs/{name}: {error}:\n{document}"));
                let kind = value["kind"].as_str().unwrap_or_default().to_owned();
                match kind.as_str() {
                    "PolicyPack" => read::<PolicyPack>(&name, &value),
                    "DatasetPromotion" => read::<DatasetPromotion>(&name, &value),
                    "Quarantine" => read::<Quarantine>(&name, &value),
                    _ => {}
                }
                kinds.push(kind);
            }
        }
    }
    for kind in ["PolicyPack", "DatasetPromotion", "Quarantine"] {
        assert!(kinds.iter().any(|k| k == kind), "no document has an example of {kind}");
    }
}

/// The YAML blocks that follow a line `<!-- tested -->`.
fn tested(text: &str) -> Vec<&str> {
    let marked = text.split("<!-- tested -->\n```yaml\n").skip(1);
    let blocks: Vec<_> = marked.map(|rest| rest.split("\n```").next().unwrap()).collect();
    assert_eq!(blocks.len(), text.matches("<!-- tested -->").count(), "a mark without a block");
    blocks
}

/// Everything that the manifest says must come through the code's types.
fn read<K: DeserializeOwned + Serialize>(page: &str, manifest: &Value) {
    let object: K = serde_json::from_value(manifest.clone())
        .unwrap_or_else(|error| panic!("docs/{page}: {error}"));
    let written = serde_json::to_value(&object).unwrap();
    assert_eq!(unread("", manifest, &written), Vec::<String>::new(), "docs/{page}: unknown fields");
}

fn unread(at: &str, wanted: &Value, written: &Value) -> Vec<String> {
    match (wanted, written) {
        (Value::Object(wanted), Value::Object(written)) => wanted
            .iter()
            .flat_map(|(key, value)| {
                let at = format!("{at}/{key}");
                written.get(key).map_or_else(|| vec![at.clone()], |w| unread(&at, value, w))
            })
            .collect(),
        (Value::Array(wanted), Value::Array(written)) if wanted.len() == written.len() => {
            let pairs = wanted.iter().zip(written).enumerate();
            pairs.flat_map(|(n, (a, b))| unread(&format!("{at}/{n}"), a, b)).collect()
        }
        // A duration or a time may be written in another way than it was read.
        (wanted, written) if wanted.is_string() == written.is_string() => Vec::new(),
        _ => vec![at.to_owned()],
    }
}

#[test]
fn links_between_the_documents_lead_somewhere() {
    let mut pages: Vec<PathBuf> =
        names("docs").iter().map(|name| root().join("docs").join(name)).collect();
    pages.push(root().join("examples/README.md"));
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        for (at, _) in text.match_indices("](") {
            let rest = &text[at + 2..];
            let link = &rest[..rest.find(')').unwrap()];
            let path = link.split('#').next().unwrap();
            if path.is_empty() || path.contains("://") {
                continue;
            }
            let target = page.parent().unwrap().join(path);
            assert!(target.exists(), "{}: {link} leads nowhere", page.display());
        }
    }
}

#[test]
fn the_chart_is_of_this_version() {
    let text = std::fs::read_to_string(root().join("charts/lazaret/Chart.yaml")).unwrap();
    let chart: Value = yaml_serde::from_str(&text).unwrap();
    for field in ["version", "appVersion"] {
        assert_eq!(chart[field], env!("CARGO_PKG_VERSION"), "Chart.yaml: {field}");
    }
}
