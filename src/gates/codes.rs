//! Every reason code of the built-in gates, what it means and what to do about it.

use std::fmt::Write;

use crate::domain::{GateId, Reason, ReasonCode};

/// A documented cause of denial.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Code {
    /// The gate that gives it.
    pub gate: GateId,
    /// The code itself.
    pub code: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// What to do about it, unless the finding knows better.
    pub remedy: &'static str,
}

impl Code {
    /// The code as it stands in reasons.
    pub const fn reason_code(&self) -> ReasonCode {
        ReasonCode::builtin(self.code)
    }

    /// A finding with this code and its remedy.
    pub(crate) fn because(&self, message: impl Into<String>) -> Reason {
        Reason::new(self.reason_code(), message, self.remedy)
    }
}

macro_rules! codes {
    ($($gate:ident { $($name:ident = $code:literal: $meaning:literal, $remedy:literal;)* })*) => {
        $($(
            #[doc = $meaning]
            pub const $name: Code = Code {
                gate: GateId::$gate, code: $code, meaning: $meaning, remedy: $remedy,
            };
        )*)*

        /// Every code, gate by gate.
        pub const ALL: &[Code] = &[$($($name),*),*];
    };
}

codes! {
    A {
        SLUG_INVALID = "SlugInvalid": "The requested dataset slug breaks the naming rule.",
            "Rename the dataset so that its slug follows the pattern.";
        VERSION_ID_INVALID = "VersionIdInvalid": "The requested dataset version id breaks the naming rule.",
            "Name the version <period>.<first 8 digits of the spec hash>, for instance 2026-02.abcd1234.";
        DATASET_MISSING = "DatasetMissing": "There is no dataset.json.",
            "Put a dataset.json at the top of the workspace; `lazaret init` writes one, docs/workspace.md shows its members.";
        DATASET_INVALID = "DatasetInvalid": "dataset.json is not JSON, or not what its schema says.",
            "Mend dataset.json where the pointer says; docs/workspace.md shows its members.";
        DATASET_MISMATCH = "DatasetMismatch": "dataset.json names another dataset or version than was asked for.",
            "Ask for the version that dataset.json names, or point the source at the right workspace.";
        SPEC_MISSING = "SpecMissing": "There is no spec.json.",
            "Put the pipeline's spec at the top of the workspace as spec.json.";
        SPEC_INVALID = "SpecInvalid": "spec.json is not a JSON object within I-JSON's limits.",
            "Write spec.json as a JSON object: no repeated member, no integer beyond 2^53 - 1, no lone surrogate.";
        SPEC_HASH_MISMATCH = "SpecHashMismatch": "The spec_hash in dataset.json is not the hash of spec.json.",
            "Set spec_hash to what `lazaret spec hash spec.json` prints; if the version id ends in other digits, the changed spec is a new version.";
        VERSION_PREFIX_MISMATCH = "VersionPrefixMismatch": "The version id does not carry the first 8 digits of the spec hash.",
            "Name the version after `lazaret spec hash spec.json`: a changed spec is a new version.";
        VERSION_ALREADY_PUBLISHED = "VersionAlreadyPublished": "The version id is already published with other bytes.",
            "Publish the new bytes under a new version id; a published version never changes.";
    }
    B {
        RIGHTS_MISSING = "RightsMissing": "Nothing is said of the rights.",
            "Add rights with license, rights_holder and attribution to dataset.json.";
        LICENSE_UNCLEAR = "LicenseUnclear": "The licence is missing or a placeholder.",
            "Find out the licence and write it as an SPDX expression; until then the dataset stays in quarantine.";
        LICENSE_INVALID = "LicenseInvalid": "The licence is no SPDX expression of known, current identifiers.",
            "Write an SPDX expression such as CC-BY-4.0, or LicenseRef-<name> with license_text_digest.";
        LICENSE_TEXT_MISSING = "LicenseTextMissing": "A custom licence has no text in the workspace.",
            "Put the licence's text into the workspace and its sha256 digest into rights.license_text_digest.";
        RIGHTS_HOLDER_MISSING = "RightsHolderMissing": "The rights holder is missing or a placeholder.",
            "Name who holds the rights in rights.rights_holder.";
        ATTRIBUTION_MISSING = "AttributionMissing": "The attribution is missing or a placeholder.",
            "Write in rights.attribution how the source is to be credited.";
        LICENSE_INCOMPATIBLE = "LicenseIncompatible": "The licence forbids the intended use.",
            "Get another licence from the rights holder, or ask for an intended use that the licence allows.";
        LICENSE_CONTRADICTION = "LicenseContradiction": "A catalog names another licence than dataset.json.",
            "Make the catalog and dataset.json name the same licence.";
        LICENSE_LINK_MISSING = "LicenseLinkMissing": "STAC says a licence that its one word cannot name, and does not link to it.",
            "Add a link with rel license to the licence's text, or name the licence by its SPDX identifier.";
        OBLIGATION_NOT_STATED = "ObligationNotStated": "The DCAT record does not say what the licence obliges to.",
            "Add dct:rights with the attribution, word for word; for share-alike also odrl:hasPolicy, or the words in dct:rights.";
    }
    C {
        LABEL_MISSING = "LabelMissing": "There is no policy label.",
            "Let the steward classify the dataset and set policy_label in dataset.json.";
        LABEL_UNKNOWN = "LabelUnknown": "The policy label is not one of the known ones.",
            "Use one of public, internal, restricted, sensitive_location, prohibited.";
        LABEL_PROHIBITED = "LabelProhibited": "The label is in the BLACK band, which is never published.",
            "Do not publish this dataset. If the label is wrong, the steward changes it.";
        REDACTION_PLAN_MISSING = "RedactionPlanMissing": "The label demands a redaction plan and there is none.",
            "Write work/redaction_plan.json and name it in dataset.json as redaction_plan.";
        REDACTION_PLAN_INVALID = "RedactionPlanInvalid": "The redaction plan cannot be read, breaks its schema or names files that are not there.",
            "Mend the redaction plan where the pointer says.";
        REDACTION_METHOD_UNKNOWN = "RedactionMethodUnknown": "The redaction plan's method is not a known one.",
            "Use the method redaction or generalization.";
        REDACTION_NOT_RECORDED = "RedactionNotRecorded": "PROV does not record the redaction as the plan says.",
            "Record the plan's activity in catalog/prov/bundle.jsonld: it uses the plan's inputs and generates its outputs.";
        REDACTION_INCOMPLETE = "RedactionIncomplete": "Something would be published that did not go through the redaction.",
            "Run the file through the redaction and list it in the plan's outputs, or derive it in PROV from nothing but redacted files.";
        REDACTION_UNCHECKABLE = "RedactionUncheckable": "The redaction plan names nothing that the bytes can be held against.",
            "Say in the plan's parameters cell_degrees or coordinate_decimals; for a redaction, dropped_columns may do.";
        CONTENT_UNCHECKABLE = "ContentUncheckable": "An object that needs redaction cannot be looked into.",
            "Publish it as CSV, GeoJSON, JSON or Parquet of at most 64 MiB a file, whole and in UTF-8.";
        COORDINATE_TOO_FINE = "CoordinateTooFine": "A published place is finer than the redaction plan allows.",
            "Round the coordinates to the plan's grid in the step that redacts, and write the file again.";
        COLUMN_NOT_DROPPED = "ColumnNotDropped": "A published file has a column that the redaction plan drops.",
            "Drop the column in the step that redacts, and write the file again.";
    }
    D {
        JSON_LD_REMOTE_CONTEXT = "JsonLdRemoteContext": "A JSON-LD document asks for a context from the network.",
            "Write the context into the document; nothing is fetched while judging.";
        DCAT_MISSING = "DcatMissing": "There is no DCAT record.",
            "Write catalog/dcat.jsonld; `lazaret catalog` makes a first one, docs/workspace.md has the profile.";
        DCAT_INVALID = "DcatInvalid": "The DCAT record is not JSON-LD.",
            "Mend catalog/dcat.jsonld so that a JSON-LD 1.1 processor reads it.";
        DCAT_DATASET_NOT_ONE = "DcatDatasetNotOne": "The DCAT record does not describe exactly one dcat:Dataset.",
            "Describe this dataset version, and only it, as a dcat:Dataset.";
        DCAT_PROPERTY_MISSING = "DcatPropertyMissing": "The DCAT record lacks a property that the profile demands.",
            "Add the property; docs/workspace.md has the profile.";
        DCAT_PROPERTY_INVALID = "DcatPropertyInvalid": "A property of the DCAT record says something else than the dataset.",
            "Make the property say what dataset.json and the workspace say.";
        DCAT_SHAPE_VIOLATED = "DcatShapeViolated": "The DCAT record breaks a shape of DCAT-AP's essentials: a count, a kind of node, a datatype.",
            "Write the property as contracts/shapes/dcat.ttl says.";
        DCAT_LINK_BROKEN = "DcatLinkBroken": "A dcat:downloadURL leads to nothing that is published.",
            "Point dcat:downloadURL at an object under processed/, relative to catalog/dcat.jsonld.";
        DCAT_DIGEST_MISMATCH = "DcatDigestMismatch": "A distribution's checksum is not that of the object.",
            "Write the object's SHA-256 into spdx:checksumValue after the object is final; `lazaret validate --fix` does.";
        DCAT_SIZE_MISMATCH = "DcatSizeMismatch": "A distribution's byteSize is not that of the object.",
            "Write the object's length in bytes into dcat:byteSize.";
        DCAT_MEDIA_TYPE_MISMATCH = "DcatMediaTypeMismatch": "A distribution's mediaType is not that of the object.",
            "Write the object's media type into dcat:mediaType, or give the object the right extension.";
        DCAT_DISTRIBUTION_MISSING = "DcatDistributionMissing": "An object under processed/ has no distribution.",
            "Add a dcat:Distribution for the object (`lazaret catalog` does), or do not publish the object.";
        MEDIA_TYPE_CONTRADICTED = "MediaTypeContradicted": "The first bytes of a published object are surely not of its media type.",
            "Write the object anew in the format that its name and the catalogs promise, or name it for what it is in all of them.";
        STAC_MISSING = "StacMissing": "The dataset is spatial and has no STAC collection.",
            "Let `lazaret catalog` write catalog/stac/collection.json, or set spatial to false in dataset.json.";
        STAC_INVALID = "StacInvalid": "A STAC document breaks the official schema of its version or extension.",
            "Mend the STAC document where the pointer says.";
        STAC_EXTENSION_UNKNOWN = "StacExtensionUnknown": "A STAC document names an extension whose schema is neither built in nor in the pack.",
            "Leave the extension out of stac_extensions, or have the pack bring its schema in data.stac.extensions.";
        STAC_LINK_BROKEN = "StacLinkBroken": "A link or asset of a STAC document leads to nothing that is published.",
            "Make the href relative to the document and point it at an object that is published.";
        STAC_CHECKSUM_MISSING = "StacChecksumMissing": "A STAC asset lacks its SHA-256 checksum or its size.",
            "Give the asset file:checksum (1220 and 64 hex digits) and file:size; `lazaret validate --fix` does.";
        STAC_CHECKSUM_MISMATCH = "StacChecksumMismatch": "A STAC asset's checksum is not that of the object.",
            "Write 1220 and the object's SHA-256 in hex into file:checksum after the object is final; `lazaret validate --fix` does.";
        STAC_CHECKSUM_UNSUPPORTED = "StacChecksumUnsupported": "A STAC asset's checksum is by a hash function that is not SHA-256.",
            "Write 1220 and the object's SHA-256 in hex into file:checksum.";
        STAC_LINK_WRONG = "StacLinkWrong": "A link of a STAC document leads to something else than its rel says.",
            "Point self at the document itself, root and parent at a catalog or collection, collection at the item's collection.";
        STAC_BBOX_MISMATCH = "StacBboxMismatch": "A STAC item's bbox does not hold its geometry, or the collection's extent does not hold the item.",
            "Compute bbox from the geometry, and the collection's extent from its items, west south east north.";
        STAC_TIME_ORDER = "StacTimeOrder": "A STAC item ends before it starts, or its time lies outside of its own interval.",
            "Correct datetime, start_datetime and end_datetime.";
        STAC_SIZE_MISMATCH = "StacSizeMismatch": "A STAC asset's size is not that of the object.",
            "Write the object's length in bytes into file:size.";
        STAC_MEDIA_TYPE_MISMATCH = "StacMediaTypeMismatch": "A STAC asset's type is not that of the object.",
            "Write the object's media type into the asset's type.";
        STAC_COLLECTION_MISMATCH = "StacCollectionMismatch": "A STAC item does not name the collection it lies in.",
            "Set the item's collection to the id of catalog/stac/collection.json.";
        STAC_ITEM_UNLINKED = "StacItemUnlinked": "No STAC document links to an item.",
            "Add a link with rel item to the collection.";
        PROV_MISSING = "ProvMissing": "There is no PROV bundle.",
            "Let `lazaret catalog` write catalog/prov/bundle.jsonld from the receipts; docs/workspace.md says what it holds.";
        PROV_INVALID = "ProvInvalid": "The PROV bundle is not JSON-LD, or holds no activity.",
            "Mend catalog/prov/bundle.jsonld so that a JSON-LD 1.1 processor reads PROV-O from it.";
        PROV_UNDEFINED = "ProvUndefined": "The PROV bundle refers to something that it does not define.",
            "Define the entity, activity or agent in the bundle with its PROV type.";
        PROV_LINK_BROKEN = "ProvLinkBroken": "A PROV entity of this dataset version is no object of the workspace.",
            "Name the entity by the path of an object, relative to catalog/prov/bundle.jsonld.";
        PROV_CYCLE = "ProvCycle": "Something in the PROV bundle is derived from itself.",
            "Give each state of a file an entity of its own, so that derivation goes one way.";
        PROV_TYPE_CONFLICT = "ProvTypeConflict": "Something in the PROV bundle is both an entity and an activity.",
            "Give the activity and the entity names of their own: no thing is both.";
        PROV_GENERATED_TWICE = "ProvGeneratedTwice": "An entity of the PROV bundle is generated by two activities.",
            "Keep the activity that really made it, or give each state of the file an entity of its own.";
        PROV_CONSTRAINT_BROKEN = "ProvConstraintBroken": "The PROV bundle says what PROV-CONSTRAINTS rules out: one statement of two things, or one that lacks a side.",
            "Correct the statement that the message names: its own name, one value a member, and what it must say.";
        PROV_TIME_INVALID = "ProvTimeInvalid": "A time in the PROV bundle is no xsd:dateTime.",
            "Write the time as RFC 3339 with a zone, for instance 2026-11-20T12:00:00Z.";
        PROV_TIME_ORDER = "ProvTimeOrder": "Times in the PROV bundle cannot be: an end before its start, a use before the making.",
            "Correct the times: start, then use and generation, then end; nothing is used before it is generated.";
        PROV_ARTIFACT_MISSING = "ProvArtifactMissing": "An object under processed/ is no entity that an activity generated.",
            "Add the object as a prov:Entity with prov:wasGeneratedBy.";
        CROSS_LINK_MISSING = "CrossLinkMissing": "A catalog does not name another one that it must name.",
            "Add the link; `lazaret validate --fix` does where it can, docs/workspace.md lists them.";
        CROSS_LINK_BROKEN = "CrossLinkBroken": "A catalog names something in another one that is not there.",
            "Make the link name what the other catalog defines.";
    }
    E {
        RECEIPT_MISSING = "ReceiptMissing": "There is no run receipt.",
            "Let each producing run write a run_receipt v1 into receipts/; `lazaret receipt run -- COMMAND` does.";
        RECEIPT_INVALID = "ReceiptInvalid": "A run receipt is not JSON, or not what its schema says.",
            "Mend the receipt where the pointer says; better, mend the pipeline that writes it.";
        RECEIPT_PREDICATE_UNKNOWN = "ReceiptPredicateUnknown": "An in-toto document under receipts/ is no SLSA provenance.",
            "Put SLSA provenance v1 or v0.2 or a run_receipt there; other attestations belong under attestations/.";
        RECEIPT_INCOMPLETE = "ReceiptIncomplete": "Provenance that stands for a receipt leaves out what a receipt must say.",
            "Let the builder record subjects with sha256, image, git commit, parameters and end; or write a run_receipt v1.";
        RECEIPT_VERSION_MISMATCH = "ReceiptVersionMismatch": "A run receipt is of another dataset version.",
            "Keep only the receipts of this version, or run the pipeline for it.";
        RECEIPT_IN_FUTURE = "ReceiptInFuture": "A run receipt was made after now.",
            "Set the clock of the machine that runs the pipeline, and run it again.";
        RUN_ID_DUPLICATE = "RunIdDuplicate": "Two run receipts have the same run_id.",
            "Keep one receipt for each run, each with a run_id of its own.";
        RECEIPT_FILE_MISSING = "ReceiptFileMissing": "An input or output of a run is not in the workspace.",
            "Put the file where the receipt says, or run the pipeline again.";
        RECEIPT_DIGEST_MISMATCH = "ReceiptDigestMismatch": "An input or output of a run has other bytes than the receipt says.",
            "Restore the bytes that the run saw, or run the pipeline again; do not edit its outputs.";
        PARAMS_DIGEST_MISMATCH = "ParamsDigestMismatch": "The run had other parameters than spec.json says.",
            "Run the pipeline with the parameters of spec.json; params_digest is the digest of their RFC 8785 form.";
        CONTAINER_DIGEST_PLACEHOLDER = "ContainerDigestPlaceholder": "The container digest is a placeholder.",
            "Record the digest of the image that ran, as the container runtime reports it.";
        VALIDATION_FAILED = "ValidationFailed": "The pipeline's own validation did not pass.",
            "Mend the data until the pipeline's validation passes.";
        QA_REPORT_MISSING = "QaReportMissing": "There is no QA report.",
            "Let the pipeline write work/qa_report.json; `lazaret receipt run` writes a first one if it does not.";
        QA_REPORT_INVALID = "QaReportInvalid": "The QA report is not JSON, or not what its schema says.",
            "Mend work/qa_report.json where the pointer says.";
        QA_REPORT_MISMATCH = "QaReportMismatch": "A receipt names another QA report than the one in the workspace.",
            "Run the pipeline again, so that report and receipt are of the same run.";
        ARTIFACT_ORPHAN = "ArtifactOrphan": "An object under processed/ is no run's output.",
            "Add the receipt of the run that made it, or do not publish it.";
        ARTIFACT_FORKED = "ArtifactForked": "Two receipts claim an object, made of other inputs or with other bytes.",
            "Keep the receipt of the run that really wrote it.";
        LINEAGE_BROKEN = "LineageBroken": "A run's input is neither raw nor another run's output.",
            "Add the receipt of the run that made the input, or keep the input under raw/.";
        LINEAGE_CYCLE = "LineageCycle": "Runs depend on each other's outputs in a circle.",
            "Give intermediate files names of their own, so that the chain leads back to raw/.";
    }
    F {
        PACK_TESTS_MISSING = "PackTestsMissing": "The policy pack passed no test.",
            "Ship test_* rules with the policy pack.";
        EVIDENCE_MISSING = "EvidenceMissing": "There is no evidence reference.",
            "List at least one of the dataset's objects in evidence_refs of dataset.json.";
        EVIDENCE_UNRESOLVED = "EvidenceUnresolved": "An evidence reference leads to nothing in the workspace.",
            "Point it at an object: a relative path, sha256:<digest>, or kfm://dataset/<slug>/<versionId>/<path>.";
        EVIDENCE_NOT_ALLOWED = "EvidenceNotAllowed": "An evidence reference is a web address that the pack does not allow.",
            "Refer to an object of the workspace, or have the pack's data.evidence.allow list the place.";
        EVIDENCE_OFFLINE = "EvidenceOffline": "No evidence reference can be resolved without the network.",
            "Refer to an object of the workspace, or to an allowed address with #sha256:<digest> of a copy in the workspace.";
        CONTRACT_INVALID = "ContractInvalid": "A schema of the dataset cannot be read or does not compile.",
            "Mend the schema; references may lead only to the dataset's own schemas.";
        FIXTURE_ORPHAN = "FixtureOrphan": "A fixture belongs to no schema.",
            "Name it <schema>.valid*.json or <schema>.invalid*.json, after a schema in contracts/schemas/.";
        FIXTURE_FAILED = "FixtureFailed": "A schema accepts what it should refuse, or refuses what it should accept.",
            "Mend the schema or the fixture.";
        OPEN_API_INVALID = "OpenApiInvalid": "An OpenAPI document breaks the official schema of its version, or refers to what it does not hold.",
            "Mend the OpenAPI 3.0 or 3.1 document where the pointer says.";
        GRAPHQL_INVALID = "GraphQlInvalid": "A GraphQL schema does not parse or does not hold together.",
            "Mend the schema at the line that is named; every type and directive that it uses must be defined in it.";
    }
    G {
        ATTESTATION_INVALID = "AttestationInvalid": "A JSON document under attestations/ cannot be read.",
            "Write the attestation again, or leave it out.";
        SBOM_MISSING = "SbomMissing": "The SBOM of an image that ran is missing.",
            "Put an SPDX or CycloneDX JSON SBOM of each image in the receipts under attestations/.";
        SBOM_INVALID = "SbomInvalid": "An SBOM breaks its format: the official schema, or what the format's text demands beyond it.",
            "Write the SBOM again with a current tool, as JSON of SPDX 2.3, SPDX 3.0.1 or CycloneDX 1.5 to 1.7.";
        SBOM_SUBJECT_MISMATCH = "SbomSubjectMismatch": "An SBOM is not of an image that ran.",
            "Make the SBOM from the image whose digest is in the receipts; it must name that digest.";
        PROVENANCE_UNSIGNED = "ProvenanceUnsigned": "A provenance statement lies there without a signature.",
            "Put the signed bundle there, or leave the statement out: anybody can write one.";
        PROVENANCE_NOT_VERIFIABLE = "ProvenanceNotVerifiable": "The policy pack does not say whose signature on provenance counts.",
            "Name keys or identities, builders and sources in the pack's data.provenance; docs/policypack.md shows them.";
        PROVENANCE_SIGNATURE_INVALID = "ProvenanceSignatureInvalid": "The signature on a provenance bundle is of nobody whom the pack trusts, or does not fit.",
            "Sign the provenance with a key or identity of the pack's data.provenance, or have the pack name the signer.";
        PROVENANCE_MISSING = "ProvenanceMissing": "Signed provenance of an image that ran is missing.",
            "Put the Sigstore bundle with the image's SLSA provenance under attestations/ as a .json file.";
        PROVENANCE_SUBJECT_MISMATCH = "ProvenanceSubjectMismatch": "Signed provenance is not of an image that ran.",
            "Take the provenance of the image whose digest is in the receipts.";
        PROVENANCE_BUILDER_FORBIDDEN = "ProvenanceBuilderForbidden": "A builder that the pack does not allow made the image.",
            "Build the image with a builder of the pack's data.provenance.builders.";
        PROVENANCE_SOURCE_FORBIDDEN = "ProvenanceSourceForbidden": "The image was built from a source that the pack does not allow, or from none that is named.",
            "Build the image from a repository of the pack's data.provenance.sources, and let the builder record it.";
        SMOKE_REPORT_INVALID = "SmokeReportInvalid": "A smoke report is not what it should be.",
            "Write lazaret_smoke_report_version v1 with status and metrics, or put Lighthouse's JSON report there.";
        SMOKE_REPORT_MISSING = "SmokeReportMissing": "Nothing was measured for a budget of the pack.",
            "Run the smoke check and put its report under attestations/; its metrics are named like the budgets.";
        SMOKE_BUDGET_EXCEEDED = "SmokeBudgetExceeded": "A smoke check failed, or a metric is outside the pack's budget.",
            "Mend what is slow or not accessible, and measure again; budgets are the pack's to change.";
    }
}

/// The text of `docs/reasons.md`.
pub fn markdown() -> String {
    let mut out = String::from(
        "# Reason codes\n\nWhat the built-in gates say, and what to do about it. A policy pack adds codes of its own.\n\
         This page is written from `src/gates/codes.rs`; `UPDATE=1 cargo test reasons_page` writes it again.\n\
         What speaks against a release is in [evidence.md](evidence.md#reasons). `lazaret explain CODE` knows both.\n",
    );
    for gate in GateId::ALL {
        let _ = write!(
            out,
            "\n## Gate {gate}: {}\n\n| code | meaning | remedy |\n|---|---|---|\n",
            gate.name()
        );
        for code in ALL.iter().filter(|code| code.gate == gate) {
            let _ = writeln!(
                out,
                "| `{}` | {} | {} |",
                code.code,
                code.meaning.replace('|', "\\|").replace('<', "&lt;"),
                code.remedy.replace('|', "\\|").replace('<', "&lt;"),
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_well_formed() {
        let mut seen = BTreeSet::new();
        for code in ALL {
            assert!(seen.insert(code.code), "{} twice", code.code);
            assert_eq!(ReasonCode::try_from(code.code.to_owned()).unwrap(), code.reason_code());
            assert!(code.meaning.ends_with('.') && code.remedy.ends_with('.'), "{}", code.code);
        }
    }

    #[test]
    fn reasons_page() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reasons.md");
        let expected = markdown();
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, &expected).unwrap();
        }
        let actual = std::fs::read_to_string(path).unwrap_or_default();
        assert!(actual == expected, "docs/reasons.md is stale: UPDATE=1 cargo test reasons_page");
    }
}
