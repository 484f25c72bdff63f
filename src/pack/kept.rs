//! A pack with its signatures as one file, for whoever must have it again without its source: a line
//! of JSON, then the tar. What is read back is believed as little as what comes from the network.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::fetch::{DEFAULT_MAX_BYTES, FetchedPack};
use super::oci::Signature;

/// How such a file calls itself.
const FORMAT: &str = "lazaret.dev/kept-pack/v1";
/// The line of JSON is no longer.
const MAX_HEAD: usize = 16 << 20;
/// As many as a registry is asked for.
const MAX_CANDIDATES: usize = 32;
/// No such file is larger.
pub const MAX_KEPT: u64 = MAX_HEAD as u64 + DEFAULT_MAX_BYTES;

/// Why a pack cannot be kept, or what was kept is none.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum KeptError {
    /// A limit is passed.
    #[error("tar or signatures are too large to be kept")]
    TooLarge,
    /// It is not what was written.
    #[error("the file is not a kept pack, or is cut off")]
    Malformed,
    /// It belongs to another pack.
    #[error("the file was kept for another pack")]
    OfAnother,
}

impl KeptError {
    /// A short CamelCase name.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge => "KeptTooLarge",
            Self::Malformed => "KeptMalformed",
            Self::OfAnother => "KeptOfAnother",
        }
    }
}

/// All but the tar. Nothing of it is for the next request to the source: an entity tag that somebody
/// put here would make the source confirm what it no longer has.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Head {
    format: String,
    /// Whose it is.
    owner: String,
    /// Bytes of the tar, so that one that was cut off is known as such.
    size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bundle: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    manifest: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    candidates: Vec<Candidate>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum Candidate {
    Bundle(String),
    #[serde(rename_all = "camelCase")]
    SimpleSigning {
        payload: String,
        signature: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        certificate: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rekor_bundle: Option<String>,
    },
}

/// Writes a pack down for `owner`.
///
/// # Errors
/// If it is too large.
pub fn keep(owner: &str, pack: &FetchedPack) -> Result<Vec<u8>, KeptError> {
    let head = Head {
        format: FORMAT.to_owned(),
        owner: owner.to_owned(),
        size: pack.tar.len() as u64,
        bundle: pack.bundle.as_ref().map(|bytes| BASE64.encode(bytes)),
        manifest: pack.manifest.as_ref().map(|bytes| BASE64.encode(bytes)),
        candidates: pack.candidates.iter().map(Candidate::from).collect(),
    };
    let mut file = serde_json::to_vec(&head).map_err(|_| KeptError::Malformed)?;
    let many = head.candidates.len() > MAX_CANDIDATES;
    if many || file.len() > MAX_HEAD || head.size > DEFAULT_MAX_BYTES {
        return Err(KeptError::TooLarge);
    }
    file.push(b'\n');
    file.extend_from_slice(&pack.tar);
    Ok(file)
}

/// Reads what [`keep`] wrote for `owner`. The result is bytes that nobody believes.
///
/// # Errors
/// If it is too large, not what was written, or another's.
pub fn read_kept(owner: &str, file: &Bytes) -> Result<FetchedPack, KeptError> {
    if file.len() as u64 > MAX_KEPT {
        return Err(KeptError::TooLarge);
    }
    let end = file.iter().take(MAX_HEAD + 1).position(|&byte| byte == b'\n');
    let end = end.ok_or(KeptError::Malformed)?;
    let head: Head = serde_json::from_slice(&file[..end]).map_err(|_| KeptError::Malformed)?;
    let tar = file.slice(end + 1..);
    if head.format != FORMAT || head.size != tar.len() as u64 {
        return Err(KeptError::Malformed);
    }
    if head.owner != owner {
        return Err(KeptError::OfAnother);
    }
    if head.candidates.len() > MAX_CANDIDATES || head.size > DEFAULT_MAX_BYTES {
        return Err(KeptError::TooLarge);
    }
    Ok(FetchedPack {
        tar,
        bundle: head.bundle.as_deref().map(decoded).transpose()?,
        manifest: head.manifest.as_deref().map(decoded).transpose()?,
        candidates: head
            .candidates
            .into_iter()
            .map(Signature::try_from)
            .collect::<Result<_, _>>()?,
        ..FetchedPack::default()
    })
}

fn decoded(text: &str) -> Result<Bytes, KeptError> {
    BASE64.decode(text).map(Bytes::from).map_err(|_| KeptError::Malformed)
}

impl From<&Signature> for Candidate {
    fn from(signature: &Signature) -> Self {
        match signature {
            Signature::Bundle(bundle) => Self::Bundle(BASE64.encode(bundle)),
            Signature::SimpleSigning { payload, signature, certificate, rekor_bundle } => {
                Self::SimpleSigning {
                    payload: BASE64.encode(payload),
                    signature: signature.clone(),
                    certificate: certificate.clone(),
                    rekor_bundle: rekor_bundle.clone(),
                }
            }
        }
    }
}

impl TryFrom<Candidate> for Signature {
    type Error = KeptError;

    fn try_from(candidate: Candidate) -> Result<Self, KeptError> {
        Ok(match candidate {
            Candidate::Bundle(bundle) => Self::Bundle(decoded(&bundle)?),
            Candidate::SimpleSigning { payload, signature, certificate, rekor_bundle } => {
                Self::SimpleSigning {
                    payload: decoded(&payload)?,
                    signature,
                    certificate,
                    rekor_bundle,
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: &str = "team/default/0b9e";

    fn pack() -> FetchedPack {
        FetchedPack {
            tar: Bytes::from_static(b"tar\nof lines\n"),
            bundle: Some(Bytes::from_static(b"{}")),
            manifest: Some(Bytes::from_static(b"{\"a\":1}")),
            candidates: vec![
                Signature::Bundle(Bytes::from_static(b"\xff")),
                Signature::SimpleSigning {
                    payload: Bytes::from_static(b"p"),
                    signature: "c2ln".into(),
                    certificate: Some("PEM".into()),
                    rekor_bundle: None,
                },
            ],
            ..FetchedPack::default()
        }
    }

    #[test]
    fn what_was_kept_comes_back_but_for_what_the_source_would_be_asked() {
        let mut asked = pack();
        asked.previous.etag = Some("\"x\"".into());
        asked.url = "https://packs.example.org/p.tar".into();
        let back = read_kept(OWNER, &keep(OWNER, &asked).unwrap().into()).unwrap();
        let expected = pack();
        assert_eq!(
            (back.tar, back.bundle, back.manifest, back.candidates),
            (expected.tar, expected.bundle, expected.manifest, expected.candidates)
        );
        assert_eq!((back.previous, back.url), (expected.previous, expected.url));
    }

    #[test]
    fn what_is_not_what_was_written_is_refused() {
        let good = keep(OWNER, &pack()).unwrap();
        let text = String::from_utf8(good.clone()).unwrap();
        let put = |from: &str, to: &str| {
            assert!(text.contains(from), "{from} stands in {text}");
            text.replacen(from, to, 1).into_bytes()
        };
        let mut many = pack();
        many.candidates = vec![Signature::Bundle(Bytes::new()); MAX_CANDIDATES + 1];
        assert_eq!(keep(OWNER, &many).unwrap_err(), KeptError::TooLarge);
        let one = r#"{"bundle":"/w=="},"#;
        let bundle = r#""bundle":"e30=","#;
        for (what, file, expected) in [
            ("empty", Vec::new(), KeptError::Malformed),
            ("cut off", good[..good.len() - 1].to_vec(), KeptError::Malformed),
            ("longer", [good.as_slice(), b"x"].concat(), KeptError::Malformed),
            ("no line", b"{}".to_vec(), KeptError::Malformed),
            ("another format", put("/v1", "/v2"), KeptError::Malformed),
            ("no base64", put("e30=", "e30"), KeptError::Malformed),
            ("unknown field", put(bundle, "\"etag\":\"x\","), KeptError::Malformed),
            ("another's", put("0b9e", "0b9f"), KeptError::OfAnother),
            ("many signatures", put(one, &one.repeat(MAX_CANDIDATES)), KeptError::TooLarge),
            ("huge", vec![b' '; usize::try_from(MAX_KEPT).unwrap() + 1], KeptError::TooLarge),
        ] {
            assert_eq!(read_kept(OWNER, &file.into()).unwrap_err(), expected, "{what}");
        }
    }
}
