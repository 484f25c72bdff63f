//! What the URL of a store means.

use std::fmt;

use super::StoreError;

/// Whose interface a remote store speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cloud {
    /// Amazon S3, and what is compatible with it.
    S3,
    /// Google Cloud Storage.
    Google,
    /// Azure Blob Storage.
    Azure,
}

impl Cloud {
    const ALL: [Self; 3] = [Self::S3, Self::Google, Self::Azure];

    const fn scheme(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Google => "gs",
            Self::Azure => "az",
        }
    }
}

/// A prefix in a bucket. Its text is normal: equal places have equal texts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Place {
    pub cloud: Cloud,
    pub bucket: String,
    /// `/`-separated, empty for the whole bucket.
    pub prefix: String,
}

impl Place {
    /// The place that `url` names, or nothing if its scheme is none of a remote store.
    pub(super) fn parse(url: &str) -> Result<Option<Self>, StoreError> {
        let found = Cloud::ALL.into_iter().find_map(|cloud| {
            Some((cloud, url.strip_prefix(cloud.scheme())?.strip_prefix("://")?))
        });
        let Some((cloud, rest)) = found else { return Ok(None) };
        // The URL goes into messages; what stands before an '@' may be a password.
        if rest.contains('@') {
            let url = format!("{}://…", cloud.scheme());
            let why =
                "a store's URL names no user; credentials belong into a Secret or the environment";
            return Err(StoreError::Url { url, why });
        }
        let wrong = |why| StoreError::Url { url: url.to_owned(), why };
        if rest.contains(['?', '#']) {
            return Err(wrong(
                "a store's URL has no query and no fragment; take out what follows '?' or '#'",
            ));
        }
        if rest.contains(['%', '\\']) || rest.chars().any(char::is_control) {
            return Err(wrong(
                "a store's URL has no percent-encoding, backslash or control character; write the prefix as it is",
            ));
        }
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(wrong("there is no bucket; write for instance s3://bucket/prefix"));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let name = (3..=222).contains(&bucket.len()) && bucket.chars().all(plain);
        if !name
            || bucket.contains("..")
            || !bucket.starts_with(|c: char| c.is_ascii_alphanumeric())
        {
            return Err(wrong(
                "a bucket's name is 3 to 222 letters, digits, '.', '-' or '_'; no port, no host",
            ));
        }
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        if !prefix.is_empty() && prefix.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(wrong("the prefix has an empty part, '.' or '..'; write it without"));
        }
        Ok(Some(Self { cloud, bucket: bucket.to_owned(), prefix: prefix.to_owned() }))
    }

    /// Whether the place lies at or below `folder` of this one.
    pub(super) fn holds(&self, folder: &str, other: &Self) -> bool {
        let root = match self.prefix.is_empty() {
            true => folder.to_owned(),
            false => format!("{}/{folder}", self.prefix),
        };
        let below = other.prefix.strip_prefix(&root);
        self.cloud == other.cloud
            && self.bucket == other.bucket
            && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.cloud.scheme(), self.bucket)?;
        if self.prefix.is_empty() { Ok(()) } else { write!(f, "/{}", self.prefix) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_name_a_place() {
        for (url, normal) in [
            ("s3://bucket", "s3://bucket"),
            ("s3://bucket/", "s3://bucket"),
            ("gs://my_bucket.x/a/b/", "gs://my_bucket.x/a/b"),
            ("az://container/a b/ü", "az://container/a b/ü"),
        ] {
            assert_eq!(Place::parse(url).unwrap().unwrap().to_string(), normal, "{url}");
        }
        for url in ["file:///a", "http://bucket/a", "s3:bucket", "bucket"] {
            assert_eq!(Place::parse(url).unwrap(), None, "{url}");
        }
    }

    #[test]
    fn urls_that_are_refused_with_a_remedy() {
        for (url, why) in [
            ("s3://", "no bucket"),
            ("s3:///a", "no bucket"),
            ("s3://user:secret@bucket/a", "Secret"),
            ("s3://bucket/a@b", "Secret"),
            ("s3://bucket/a?x=y", "query"),
            ("s3://bucket/a#x", "fragment"),
            ("s3://bucket/a%2e%2e/b", "percent-encoding"),
            ("s3://bucket/a\\b", "backslash"),
            ("s3://bucket/a\nb", "control"),
            ("s3://bucket/a//b", "empty part"),
            ("s3://bucket//a", "empty part"),
            ("s3://bucket/../x", "'..'"),
            ("s3://bucket/a/./b", "'.'"),
            ("s3://ab/a", "bucket's name"),
            ("s3://localhost:9000/a", "bucket's name"),
            ("s3://a..b/a", "bucket's name"),
            ("s3://-abc/a", "bucket's name"),
        ] {
            let error = Place::parse(url).unwrap_err().to_string();
            assert!(error.contains(why), "{url}: {error}");
            assert!(!error.contains("secret@"), "{error}");
        }
    }

    #[test]
    fn a_namespace_has_its_own_folder_and_no_other() {
        let place = |url: &str| Place::parse(url).unwrap().unwrap();
        let root = place("s3://bucket/data");
        for (url, inside) in [
            ("s3://bucket/data/team", true),
            ("s3://bucket/data/team/x/y", true),
            ("s3://bucket/data/team2", false),
            ("s3://bucket/data", false),
            ("s3://bucket/team", false),
            ("s3://bucket2/data/team", false),
            ("gs://bucket/data/team", false),
        ] {
            assert_eq!(root.holds("team", &place(url)), inside, "{url}");
        }
        assert!(place("s3://bucket").holds("team", &place("s3://bucket/team/x")));
    }
}
