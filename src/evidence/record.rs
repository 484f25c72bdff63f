//! A decision with everything that led to it. Its id is its digest, so that nobody can change one
//! and keep the other.

use serde::{Deserialize, Serialize};

use super::decide::decide;
use super::decision::Decision;
use super::facts::{Facts, Policy};
use crate::domain::{CanonicalError, Digest, canonical_bytes};
use crate::policy::{CompiledPack, EvalError, evaluate_evidence};

const VERSION: &str = "lazaret.dev/evidence-decision/v1";

/// What is stored of a decision.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    api_version: String,
    /// What it stands on.
    pub facts: Facts,
    /// What was decided.
    pub decision: Decision,
}

/// What came of making a decision again.
#[derive(Clone, PartialEq, Debug)]
pub struct Replayed {
    /// What differs; nothing if the decision is the same to the byte.
    pub mismatches: Vec<String>,
    /// Whether the pack was asked again, too.
    pub pack_asked: bool,
}

impl Record {
    /// Decides, and keeps what it was decided on.
    pub fn new(facts: Facts) -> Self {
        let decision = decide(&facts);
        Self { api_version: VERSION.to_owned(), facts, decision }
    }

    /// Its bytes and their digest, which is the decision's id.
    ///
    /// # Errors
    /// If it has no canonical form.
    pub fn sealed(&self) -> Result<(Vec<u8>, Digest), CanonicalError> {
        let bytes = canonical_bytes(self)?;
        let digest = Digest::of(&bytes);
        Ok((bytes, digest))
    }

    /// Reads a record.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        // Not as I-JSON: a figure may be larger than an integer should be. Whatever else is odd about
        // the text shows when it is written again.
        let record: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if record.api_version != VERSION {
            return Err(format!("its apiVersion is not {VERSION}"));
        }
        Ok(record)
    }

    /// Makes the decision again, and compares. With the pack at hand, that is asked again as well.
    ///
    /// # Errors
    /// If the pack gives no answer.
    pub fn replay(
        &self,
        id: Digest,
        stored: &[u8],
        pack: Option<&CompiledPack>,
    ) -> Result<Replayed, EvalError> {
        let mut mismatches = Vec::new();
        if Digest::of(stored) != id {
            mismatches.push(format!("its bytes have the digest {}", Digest::of(stored)));
        }
        let mut facts = self.facts.clone();
        if let (Policy::Judged { digest, denials, .. }, Some(pack)) = (&mut facts.policy, pack) {
            if *digest != pack.digest() {
                let message = format!("pack {} judged, and {} is at hand", digest, pack.digest());
                mismatches.push(message);
            }
            *denials = evaluate_evidence(pack, &self.facts.policy_input())?;
        }
        let again = Self::new(facts);
        if again.decision != self.decision {
            let text = |decision: &Decision| serde_json::to_string(decision).unwrap_or_default();
            mismatches.push(format!("recorded {}", text(&self.decision)));
            mismatches.push(format!("rebuilt  {}", text(&again.decision)));
        }
        match again.sealed() {
            Ok((bytes, _)) if bytes == stored => {}
            _ if mismatches.is_empty() => mismatches.push("the bytes are others".to_owned()),
            _ => {}
        }
        let judged = matches!(self.facts.policy, Policy::Judged { .. });
        Ok(Replayed { mismatches, pack_asked: judged && pack.is_some() })
    }
}
