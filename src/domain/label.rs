//! Sensitivity: policy labels and the bands that they fall in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How freely data may be shared, from free to never.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Band {
    /// Low sensitivity: published once the gates pass.
    Green,
    /// Moderate sensitivity: a steward approves the plan.
    Amber,
    /// High sensitivity: a redaction or generalization plan, and a steward's approval.
    Red,
    /// Never published.
    Black,
}

/// A dataset's `policy_label`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyLabel {
    /// For everyone.
    Public,
    /// For the organization.
    Internal,
    /// For named groups, after redaction.
    Restricted,
    /// Places that must not be found from the data; published only generalized.
    SensitiveLocation,
    /// Must not leave its owner.
    Prohibited,
}

impl PolicyLabel {
    /// All labels, from free to never.
    pub const ALL: [Self; 5] =
        [Self::Public, Self::Internal, Self::Restricted, Self::SensitiveLocation, Self::Prohibited];

    /// The label as it stands in `dataset.json`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Restricted => "restricted",
            Self::SensitiveLocation => "sensitive_location",
            Self::Prohibited => "prohibited",
        }
    }

    /// The band that the label falls in.
    pub const fn band(self) -> Band {
        match self {
            Self::Public => Band::Green,
            Self::Internal => Band::Amber,
            Self::Restricted | Self::SensitiveLocation => Band::Red,
            Self::Prohibited => Band::Black,
        }
    }

    /// Whether a redaction or generalization plan must exist and be recorded in PROV.
    pub fn needs_redaction_plan(self) -> bool {
        self.band() >= Band::Red
    }

    /// The role whose approval of the plan publication waits for, if any.
    pub fn approver_role(self) -> Option<&'static str> {
        (self.band() >= Band::Amber).then_some("steward")
    }
}

impl fmt::Display for PolicyLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is none of [`PolicyLabel::ALL`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a policy label is one of public, internal, restricted, sensitive_location, prohibited")]
pub struct UnknownLabel;

impl FromStr for PolicyLabel {
    type Err = UnknownLabel;

    fn from_str(text: &str) -> Result<Self, UnknownLabel> {
        Self::ALL.into_iter().find(|label| label.as_str() == text).ok_or(UnknownLabel)
    }
}
