//! A remote store's errors as sentences. What a store writes back may repeat a signature or a key
//! id, and URLs may carry tokens: only a status, an error code of letters and the last cause of a
//! failed connection get through.

use std::error::Error as _;

use object_store::client::HttpError;

use super::StoreError;

/// `path` is the full URL of the object, or of the store.
pub(super) fn explain(path: String, error: &object_store::Error) -> StoreError {
    if let object_store::Error::InvalidPath { source } = error {
        return StoreError::Key { path, key: key_of(source) };
    }
    if let Some(cause) = connection(error) {
        return StoreError::Unreachable { path, cause };
    }
    let text = error.to_string();
    let status = status(&text);
    let said = code(&text);
    let shown = match (status, said) {
        (Some(status), Some(code)) => format!("{status} {code}"),
        (Some(status), None) => format!("status {status}"),
        (None, Some(code)) => code.to_owned(),
        (None, None) => "something that is not understood".to_owned(),
    };
    match said.unwrap_or_default() {
        "NoSuchBucket" | "ContainerNotFound" => return StoreError::NoBucket { path },
        "RequestTimeTooSkewed" => return StoreError::Clock { path },
        "ExpiredToken" | "TokenRefreshRequired" | "RequestExpired" => {
            return StoreError::Expired { path, code: shown };
        }
        "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "AuthenticationFailed"
        | "InvalidToken"
        | "InvalidAuthenticationInfo"
        | "NoAuthenticationInformation"
        // So says versitygw of an access key that it does not know.
        | "XAdminUserNotFound" => {
            return StoreError::Unknown { path, code: shown };
        }
        "PermanentRedirect" | "AuthorizationHeaderMalformed" | "TemporaryRedirect" => {
            return StoreError::Region { path, code: shown };
        }
        "SlowDown" | "ServerBusy" | "OperationTimedOut" => {
            return StoreError::Busy { path, code: shown };
        }
        _ => {}
    }
    if text.contains("Received redirect without LOCATION") {
        return StoreError::Region { path, code: "redirect".to_owned() };
    }
    match status {
        Some(401) => StoreError::Unknown { path, code: shown },
        Some(403) => StoreError::Denied { path, code: shown },
        Some(301 | 307 | 308) => StoreError::Region { path, code: shown },
        Some(429 | 503) => StoreError::Busy { path, code: shown },
        _ => StoreError::Answer { path, code: shown },
    }
}

/// Whether the object is not there. A store may say *not found* of the bucket or of the caller,
/// too; then nothing is known of the object.
pub(super) fn absent(error: &object_store::Error) -> bool {
    matches!(error, object_store::Error::NotFound { .. })
        && matches!(code(&error.to_string()), None | Some("NoSuchKey" | "BlobNotFound"))
}

/// Whether the store does not know the operation.
pub(super) fn unsupported(error: &object_store::Error) -> bool {
    let text = error.to_string();
    let unknown = matches!(code(&text), Some("NotImplemented" | "UnsupportedHeader"));
    matches!(error, object_store::Error::NotImplemented { .. })
        || status(&text) == Some(501)
        || unknown
}

/// The last cause, if no answer came at all. It is an operating system's, a resolver's or a TLS
/// library's sentence, and speaks of hosts and certificates only.
fn connection(error: &object_store::Error) -> Option<String> {
    let mut at = error.source();
    let mut http = false;
    let mut last = None;
    while let Some(cause) = at {
        http |= cause.downcast_ref::<HttpError>().is_some();
        if http {
            last = Some(cause.to_string());
        }
        at = cause.source();
    }
    last.map(|text| text.chars().filter(|c| !c.is_control()).take(300).collect())
}

/// What stands after `status code: `.
fn status(text: &str) -> Option<u16> {
    let (_, rest) = text.split_once("status code: ")?;
    rest.get(..3)?.parse().ok()
}

/// What stands in `<Code>`, if it looks like a code.
fn code(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let plain = (1..=64).contains(&code.len()) && code.chars().all(|c| c.is_ascii_alphanumeric());
    plain.then_some(code)
}

fn key_of(error: &object_store::path::Error) -> String {
    use object_store::path::Error;
    let key = match error {
        Error::EmptySegment { path }
        | Error::BadSegment { path, .. }
        | Error::NonUnicode { path, .. }
        | Error::PrefixMismatch { path, .. } => path.clone(),
        _ => "an object's key".to_owned(),
    };
    key.chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: &str, body: &str) -> StoreError {
        let text = format!(
            "Error performing GET https://x/?sig=hush in 1s - Server returned non-2xx status code: {status}: {body}"
        );
        let error = object_store::Error::Generic { store: "S3", source: text.into() };
        explain("s3://bucket/a".to_owned(), &error)
    }

    #[test]
    fn each_answer_gets_its_sentence_and_no_secret() {
        let xml = |code: &str| {
            format!("<Error><Code>{code}</Code><StringToSign>hush</StringToSign></Error>")
        };
        for (status, code, reason) in [
            ("403 Forbidden", "AccessDenied", "AccessDenied"),
            ("403 Forbidden", "InvalidAccessKeyId", "CredentialsRefused"),
            ("403 Forbidden", "SignatureDoesNotMatch", "CredentialsRefused"),
            ("403 Forbidden", "AuthenticationFailed", "CredentialsRefused"),
            ("400 Bad Request", "ExpiredToken", "CredentialsExpired"),
            ("403 Forbidden", "RequestTimeTooSkewed", "ClockSkewed"),
            ("404 Not Found", "NoSuchBucket", "NoSuchBucket"),
            ("404 Not Found", "ContainerNotFound", "NoSuchBucket"),
            ("404 Not Found", "InvalidAccessKeyId", "CredentialsRefused"),
            ("301 Moved Permanently", "PermanentRedirect", "OtherRegion"),
            ("503 Service Unavailable", "SlowDown", "StoreBusy"),
            ("429 Too Many Requests", "Whatever", "StoreBusy"),
            ("401 Unauthorized", "Whatever", "CredentialsRefused"),
            ("500 Internal Server Error", "InternalError", "StoreFailed"),
            ("400 Bad Request", "hush <b>not a code</b>", "StoreFailed"),
        ] {
            let error = answered(status, &xml(code));
            assert_eq!(error.reason(), reason, "{status} {code}: {error}");
            let text = format!("{error} {error:?}");
            assert!(!text.contains("hush"), "{text}");
            assert!(text.contains("s3://bucket/a"), "{text}");
        }
        let odd = object_store::Error::Generic { store: "S3", source: "token=hush".into() };
        assert!(!explain(String::new(), &odd).to_string().contains("hush"));
    }

    #[test]
    fn only_a_missing_object_is_absent() {
        for (code, is) in
            [("NoSuchKey", true), ("NoSuchBucket", false), ("InvalidAccessKeyId", false)]
        {
            let source = format!("<Code>{code}</Code>").into();
            let error = object_store::Error::NotFound { path: String::new(), source };
            assert_eq!(absent(&error), is, "{code}");
        }
        let other = object_store::Error::Generic { store: "S3", source: "404".into() };
        assert!(!absent(&other));
    }
}
