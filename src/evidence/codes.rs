//! Why evidence is not ok: every code, what it means, what to do about it.

use crate::domain::{Reason, ReasonCode};

/// A documented cause of *not ok*.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Code {
    /// The code itself.
    pub code: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
    /// Whether it speaks of missing knowledge, which a profile may call inconclusive.
    pub no_data: bool,
}

impl Code {
    pub(super) fn because(&self, message: impl Into<String>) -> Reason {
        Reason::new(ReasonCode::builtin(self.code), message, self.remedy)
    }
}

macro_rules! codes {
    ($($name:ident $no_data:literal = $code:literal: $meaning:literal, $remedy:literal;)*) => {
        $(
            #[doc = $meaning]
            pub const $name: Code =
                Code { code: $code, meaning: $meaning, remedy: $remedy, no_data: $no_data };
        )*

        /// Every code.
        pub const ALL: &[Code] = &[$($name),*];
    };
}

codes! {
    PROFILE_MISSING false = "ProfileMissing": "No EvidenceProfile is about this service.",
        "Apply a ConfigMap with the label lazaret.dev/evidence-profile=true and the key profile.yaml.";
    PROFILE_AMBIGUOUS false = "ProfileAmbiguous": "Several EvidenceProfiles are about this service.",
        "Keep one of the ConfigMaps.";
    PROFILE_INVALID false = "ProfileInvalid": "The EvidenceProfile cannot be read.",
        "Run lazaret evidence profile lint on it.";
    NO_DATA true = "NoData": "A query gave no value.",
        "Look whether the release has traffic and its metrics the labels that the query asks for.";
    NOT_A_NUMBER true = "NotANumber": "A query gave NaN or infinity, as a quantile of nothing does.",
        "Look whether the release has traffic in the window.";
    AMBIGUOUS false = "ResultAmbiguous": "A query gave several values.",
        "Aggregate it to one: sum(…), max(…).";
    IMPLAUSIBLE false = "Implausible": "A query gave a value that its signal cannot have.",
        "Mend the query: rates are from 0 to 1, times and counts are not negative.";
    SOURCE_FAILED true = "SourceFailed": "Prometheus could not be asked, or its answer not be used.",
        "Look at the message; Prometheus must be reachable from the controller.";
    TOO_FEW_SAMPLES true = "TooFewSamples": "The window holds fewer requests than minSamples.",
        "Send the canary more traffic, or lengthen the window.";
    STALE_DATA true = "StaleData": "The newest sample is older than staleness allows, or from the future.",
        "Look at the targets in Prometheus, and at the clocks.";
    READ_P95 false = "ReadP95OverBudget": "Reads are too slow.",
        "Mend the release; the budget can only be tightened.";
    WRITE_P95 false = "WriteP95OverBudget": "Writes are too slow.",
        "Mend the release; the budget can only be tightened.";
    P99 false = "P99OverBudget": "The slowest requests are too slow.",
        "Mend the release, or the profile's own budget.";
    ERROR_RATE false = "ErrorRateOverBudget": "Too many requests fail.",
        "Mend the release; the budget can only be tightened.";
    GRAPHQL_COST false = "GraphqlCostOverBudget": "A million GraphQL calls cost too much.",
        "Mend the release; the budget can only be tightened.";
    INGEST_COST false = "IngestCostOverBudget": "A thousand ingested records cost too much.",
        "Mend the release, or the profile's own budget.";
    CANARY_WORSE false = "CanaryWorse": "The canary does worse than the stable version, beyond chance.",
        "Compare both versions' logs; mend the release.";
    COMPARISON_TOO_FEW true = "ComparisonTooFewSamples": "One side had fewer requests than the comparison's minSamples.",
        "Send both versions enough traffic, or lengthen the window.";
    DATASET_NOT_PUBLISHED false = "DatasetNotPublished": "A dataset version that the service depends on is not published.",
        "Publish it by its DatasetPromotion, or name another version in the profile.";
    DATASET_QUARANTINED false = "DatasetQuarantined": "A dataset version that the service depends on is quarantined.",
        "See the Quarantine: it names who must do what by when.";
    DATASET_UNKNOWN false = "DatasetUnknown": "It could not be learned whether a dataset version is published.",
        "Look at the controller's access to the API server.";
    BUNDLE_MISSING false = "BundleMissing": "The profile demands an evidence bundle, and none was recorded.",
        "Record it from the pipeline: PUT /v1/evidence/{service}/{releaseId}.";
    BUNDLE_CHECK_MISSING false = "BundleCheckMissing": "The evidence bundle lacks a check that the profile demands.",
        "Run that check in the pipeline; a recorded bundle cannot change, so that it takes a new release id.";
    BUNDLE_CHECK_FAILED false = "BundleCheckFailed": "A check in the evidence bundle failed.",
        "Mend what the check found and make a new release.";
    BUNDLE_UNREADABLE false = "BundleUnreadable": "The evidence bundle could not be read.",
        "Look at the evidence store.";
    POLICY_UNAVAILABLE false = "PolicyUnavailable": "The profile's policy pack could not judge.",
        "Look at the PolicyPack's conditions, and its spec.allowedNamespaces.";
    NOT_RECORDED false = "DecisionNotRecorded": "The decision could not be stored, and what is not on record does not count.",
        "Look at the evidence store.";
}
