//! A signature whose key a certificate vouches for.

use sigstore_verify::VerificationPolicy;
use sigstore_verify::crypto::parse_certificate_info;
use sigstore_verify::types::bundle::TransparencyLogEntry;
use sigstore_verify::types::{Bundle, KindVersion};

use super::super::trust::{CertificateTimestamp, Identity, Requirements, TrustRoot};
use super::content::Content;
use super::error::{VerifyError, explain};
use super::record::Signed;
use super::{Signer, log, record, statement};

pub(super) fn check(
    content: &Content<'_>,
    bundle: &Bundle,
    root: &TrustRoot,
    identities: &[Identity],
    require: Requirements,
) -> Result<Signer, VerifyError> {
    let material = &bundle.verification_material;
    log::demanded(bundle, require.inclusion_proof, require.signed_timestamp)?;
    if let Some(statement) = statement::payload(&bundle.content)? {
        statement.binds(content)?;
    }
    let with_sct = match require.certificate_timestamp {
        CertificateTimestamp::Required => true,
        CertificateTimestamp::FromTrustRoot => root.has_ct_log,
        CertificateTimestamp::Ignored => false,
    };
    let mut policy = VerificationPolicy::any_identity();
    if !with_sct {
        policy = policy.skip_sct();
    }
    // The library checks log entries itself, unless some may come without proof or are of a kind
    // that it does not know; then each is checked here.
    let ours =
        !require.inclusion_proof || material.tlog_entries.iter().any(record::unknown_to_library);
    let narrowed;
    let (seen_bundle, policy) = match ours {
        false => (bundle, policy),
        true => {
            let mut copy = bundle.clone();
            copy.verification_material.tlog_entries.retain(|e| !record::unknown_to_library(e));
            narrowed = copy;
            (&narrowed, policy.skip_tlog_unsafe())
        }
    };
    let seen = root
        .verifier
        .verify(content.artifact()?, seen_bundle, &policy)
        .map_err(|e| explain(&e, root, bundle))?;
    if !seen.certificate_verified() || (with_sct && !seen.sct_verified()) {
        return Err(VerifyError::Untrusted("the certificate was not checked".into()));
    }
    let times = seen.verified_timestamps();
    let Some(first) = times.iter().min() else { return Err(VerifyError::SigningTimeUnknown) };
    if ours {
        let certificate = bundle
            .signing_certificate()
            .ok_or_else(|| VerifyError::BundleInvalid("it has no certificate".into()))?;
        let key = parse_certificate_info(certificate)
            .map_err(|e| VerifyError::CertificateInvalid(e.to_string()))?
            .public_key;
        for entry in &material.tlog_entries {
            log::entry(entry, root, *first)?;
            record::consistent(
                entry,
                &bundle.content,
                content,
                &Signed::Certificate(certificate, &key),
            )?;
        }
    } else if !seen.tlog_verified() {
        return Err(VerifyError::InclusionProofMissing);
    }
    let issuer = seen.issuer().unwrap_or_default().to_owned();
    let subject = seen.identity().map(|name| name.as_str().to_owned()).unwrap_or_default();
    // A name of a kind that nobody could read (otherName) matches nothing, not even `.*`.
    let named = seen.identity().is_some() && seen.issuer().is_some();
    if !named || !identities.iter().any(|identity| identity.matches(&issuer, &subject)) {
        let allowed: Vec<_> = identities.iter().map(ToString::to_string).collect();
        let allowed = if allowed.is_empty() { "nobody".into() } else { allowed.join(", or ") };
        return Err(VerifyError::IdentityMismatch { issuer, subject, allowed });
    }
    let promised = |entry: &&TransparencyLogEntry| {
        entry.inclusion_promise.is_some() && entry.kind_version != KindVersion::HashedRekordV002
    };
    let integrated = material.tlog_entries.iter().filter(promised);
    Ok(Signer {
        issuer: Some(issuer),
        subject: Some(subject),
        key_fingerprint: None,
        log_index: material.tlog_entries.first().map(|entry| entry.log_index.get()),
        integrated_time: integrated.filter_map(|entry| entry.integrated_time).min(),
        timestamps: times.to_vec(),
    })
}
