//! Every rule, once: what a report says of it, and what the page of rules says.

use std::fmt::Write as _;

use crate::law::{Finding, Severity};

/// Characters of one message.
const MESSAGE: usize = 500;

/// A rule that a set is held to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    /// Its name in reports: stable, in kebab case.
    pub id: &'static str,
    /// How bad it is if it does not hold.
    pub severity: Severity,
    /// What does not hold.
    pub meaning: &'static str,
    /// How to mend it.
    pub remedy: &'static str,
}

impl Rule {
    /// What does not hold at a place of a file.
    pub(in crate::law) fn at(
        &self,
        file: &str,
        pointer: impl Into<String>,
        message: impl Into<String>,
    ) -> Finding {
        Finding {
            file: file.to_owned(),
            pointer: pointer.into(),
            line: None,
            rule: self.id,
            severity: self.severity,
            message: bounded(message.into()),
            remedy: self.remedy.to_owned(),
        }
    }

    /// What does not hold in a line of a file.
    pub(in crate::law) fn on(
        &self,
        file: &str,
        line: Option<usize>,
        message: impl Into<String>,
    ) -> Finding {
        Finding { line, ..self.at(file, "", message) }
    }
}

/// What a stranger's document makes long is cut.
fn bounded(message: String) -> String {
    match message.char_indices().nth(MESSAGE) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message,
    }
}

macro_rules! rules {
    ($($name:ident: $id:literal, $severity:ident, $meaning:literal, $remedy:literal;)*) => {
        $(pub(in crate::law) const $name: Rule = Rule {
            id: $id, severity: Severity::$severity, meaning: $meaning, remedy: $remedy,
        };)*
        /// Every rule, in the order in which they are explained.
        pub const RULES: &[Rule] = &[$($name),*];
    };
}
rules! {
    MANIFEST: "manifest-invalid", Error,
        "`contracts.yaml` cannot be read, so that nothing is guarded",
        "Write it as docs/contracts.md says.";
    PATTERN: "pattern-matches-nothing", Error,
        "a pattern of `contracts.yaml` matches no file: what it was to guard is guarded by nobody",
        "Mend the pattern, or take it away if what it named is gone for good.";
    TWICE: "contract-claimed-twice", Error,
        "one file is two contracts: of two modules, or of two kinds",
        "Narrow the patterns, so that each file has one owner and one kind.";
    INVARIANT_CONTRACT: "invariant-without-contract", Error,
        "an invariant names a contract that is not there",
        "Bring the contract back. An invariant is struck out by those who decided on it, not by the way.";
    INVARIANT_FIELD: "invariant-without-field", Error,
        "a field that can never be removed is not there",
        "Bring the field back into the schema.";
    CONSUMER: "consumer-without-contract", Error,
        "a consumer's pattern matches no contract: nobody would be told of a change",
        "Mend the pattern: it is a glob over ids, `<module>/<path below the module's folder>`.";
    SYNTAX: "document-syntax", Error,
        "a JSON or YAML file does not parse, or says one key twice",
        "Mend the file.";
    ORPHAN: "fixture-without-contract", Error,
        "a fixture belongs to no contract of its module, so that it tests nothing",
        "Name it `<stem>.valid….json` or `<stem>.invalid….json`, where the stem is a contract's file name without its extensions.";
    FIXTURES: "fixtures-missing", Error,
        "a contract has fewer than one valid and two invalid fixtures",
        "Add fixtures: at least one that must pass and two that must not, each for a reason of its own.";
    OPERATIONS: "operations-missing", Warning,
        "a GraphQL schema has fewer than one valid and two invalid operations as fixtures",
        "Add `<stem>.valid….graphql` and `<stem>.invalid….graphql`: the operations that clients send.";
    REFUSED: "fixture-refused", Error,
        "a fixture that must be valid is refused",
        "Mend the fixture, or the contract if it is too narrow.";
    ACCEPTED: "fixture-accepted", Error,
        "a fixture that must be invalid is accepted",
        "Tighten the contract, or rename the fixture if it is right after all.";
    DIALECT: "schema-dialect", Warning,
        "a schema does not say that it is JSON Schema 2020-12",
        "Say \"$schema\": \"https://json-schema.org/draft/2020-12/schema\".";
    SCHEMA: "schema-invalid", Error,
        "a schema is not what its meta-schema demands",
        "Mend the keyword's value.";
    COMPILE: "schema-does-not-compile", Error,
        "a schema is well-formed and still cannot be used, for instance for a pattern that is no expression",
        "Mend the place that is named.";
    REFERENCE: "reference-unresolved", Error,
        "a `$ref` leads to nothing that is in the set; nothing is ever fetched",
        "Refer to the `$id` of a schema in the set, or to a place in the same document.";
    ID: "schema-id-missing", Error,
        "a schema has no `$id`, or one that is no absolute URI",
        "Give it an absolute URI of your own; it need not lead anywhere.";
    ID_TWICE: "schema-id-duplicate", Error,
        "two schemas have the same `$id`, so that a reference may mean either",
        "Give each its own.";
    MISSPELT: "keyword-misspelt", Warning,
        "a keyword is unknown, and one that is known looks much like it: it demands nothing",
        "Mend the spelling.";
    KEYWORD: "keyword-unknown", Note,
        "a keyword is none of JSON Schema 2020-12 and does not begin with `x-`: it demands nothing",
        "Take it away, or begin its name with x-.";
    FORMAT: "format-unknown", Warning,
        "a format is not known and demands nothing",
        "Use a known one, or say what is meant with `pattern`.";
    EXAMPLE: "example-refused", Error,
        "an example is refused by the schema that it stands in",
        "Mend the example, or the schema.";
    DEFAULT: "default-refused", Error,
        "a default is refused by the schema that it stands in",
        "Mend the default, or the schema.";
    CRD: "crd-invalid", Error,
        "a file is no CustomResourceDefinition of apiextensions.k8s.io/v1 that an API server would take",
        "Mend the place that is named.";
    STRUCTURAL: "crd-not-structural", Error,
        "a schema of a CustomResourceDefinition is not structural",
        "Give every field a type outside of allOf, anyOf, oneOf and not, and use only what structural schemas have.";
    CEL: "cel-not-evaluated", Note,
        "rules in CEL (`x-kubernetes-validations`) are not evaluated here: a fixture that only they refuse is accepted",
        "Test such rules against an API server.";
    GRAPHQL: "graphql-invalid", Error,
        "a GraphQL schema does not parse, or does not hold together",
        "Mend the place that is named.";
    OPENAPI: "openapi-invalid", Error,
        "a document is not valid by the official schema of OpenAPI 3.0 or 3.1",
        "Mend the place that is named.";
    FOUR: "operation-without-4xx", Error,
        "an operation documents no answer 4xx: a client does not learn how it may fail",
        "Document at least one, for instance 400 or 404.";
    SECURITY: "operation-without-security", Error,
        "an operation may be called by anybody, and is not marked as meant for anybody",
        "Demand security for it or for the whole document; or say `x-public: true`. /health…, /livez and /readyz are open.";
    SCHEME: "security-scheme-unknown", Error,
        "security names a scheme that components.securitySchemes does not have",
        "Declare the scheme.";
    OPERATION_ID: "operation-id-missing", Error,
        "an operation has no operationId: generated clients name it each in their own way",
        "Give it one.";
    OPERATION_ID_TWICE: "operation-id-duplicate", Error,
        "two operations have one operationId",
        "Give each its own.";
    UNDECLARED: "path-parameter-undeclared", Error,
        "a path has a parameter in braces that is not declared",
        "Declare it with `in: path` and `required: true`.";
    UNUSED: "path-parameter-unused", Error,
        "a path parameter is declared that the path does not have",
        "Take it away, or put it into the path.";
    PATH_TWICE: "path-duplicate", Error,
        "two paths differ only in the names of their parameters: which one is meant cannot be told",
        "Join them.";
    POLICY: "policy-does-not-compile", Error,
        "a policy does not parse, does not compile, or uses what policies may not use",
        "Mend the place that is named; docs/rego.md says what is refused and why.";
    POLICY_DATA: "policy-data-invalid", Error,
        "what policies read as `data` cannot be read, or is said twice in two ways",
        "Mend the file.";
    POLICY_TEST: "policy-test-failed", Error,
        "a rule `test_…` of a policy's tests is not true",
        "Mend the policy, or the test.";
    UNTESTED: "policy-without-tests", Error,
        "a policy that denies has no test",
        "Add rules `test_…` in `<name>_test.rego` or in a package of the same name with _test behind it.";
    UNDECIDED: "policy-undecided", Error,
        "a policy gave no answer for a fixture",
        "Mend the rule that is named.";
    VERSIONS: "versions-invalid", Error,
        "a module's versions file is missing or cannot be read",
        "Write it as docs/contracts.md says.";
    VERSIONS_MODULE: "versions-of-another-module", Error,
        "a versions file names another module than the one it lies in",
        "Name the module as contracts.yaml does.";
    VERSIONS_ORDER: "versions-out-of-order", Error,
        "releases are not newest first, by version and date, or the first is not the module's version",
        "Put the newest release first, and say its version above.";
    DEPRECATION: "deprecation-without-contract", Error,
        "a deprecation names a contract that is not there, or a release that is not listed",
        "Strike it out once the contract is removed; name releases of the list.";
    RELEASE_CONSUMER: "release-consumer-unknown", Error,
        "a release says that a consumer was brought along, and contracts.yaml knows none of that name",
        "Name it as contracts.yaml does.";
    REGISTRY: "registry-invalid", Error,
        "a registry of functions is missing or is not what `contract_registry.v1` demands",
        "Write it with `lazaret contracts registry extract`.";
    REGISTRY_DRIFT: "registry-drift", Error,
        "a registry of functions says otherwise than the sources of its module",
        "Run `lazaret contracts registry extract`, and look at what it changes.";
    SOURCE: "source-unreadable", Error,
        "a source of functions is not read wholly: what it offers is not known",
        "Mend it, or leave it out of the module's sources.";
    MORE: "findings-left-out", Error,
        "there is more to find than is told at once",
        "Mend what is told, then run again.";
}

/// The page of rules, in Markdown.
pub fn rules_page() -> String {
    let mut page = String::from(
        "# Rules of `lazaret contracts validate`\n\n\
         This page is written from `src/law/validate/rules.rs`; `make generate` writes it again.\n\
         An *error* fails the run; a *warning* only with `--strict`; a *note* never does.\n\n\
         | rule | | what it means | how to mend it |\n|---|---|---|---|\n",
    );
    for rule in RULES {
        let severity = match rule.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let (meaning, remedy) = (rule.meaning.replace('|', "\\|"), rule.remedy.replace('|', "\\|"));
        // Writing to a string cannot fail.
        let _ = writeln!(page, "| `{}` | {severity} | {meaning} | {remedy} |", rule.id);
    }
    page
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_in_kebab_case() {
        assert_eq!(MORE.at("", "", "ä".repeat(MESSAGE + 1)).message.chars().count(), MESSAGE + 1);
        let ids: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), RULES.len());
        for rule in RULES {
            let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(rule.id.chars().all(kebab), "{}", rule.id);
            assert!(rule.remedy.ends_with('.') && !rule.meaning.ends_with('.'), "{}", rule.id);
        }
    }
}
