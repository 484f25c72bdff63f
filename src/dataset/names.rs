//! How things of a workspace are named: paths, relative references, `kfm://dataset/…` IRIs.

use super::Requested;

/// Translates between paths of one workspace and the IRIs that its documents use.
#[derive(Clone, Debug)]
pub struct Names {
    base: String,
    /// What the workspace calls itself, if that is another version than was asked for. Gate A
    /// denies it; for the others, its references still lead where they were meant to.
    own: Option<String>,
}

impl Names {
    /// The names of the dataset version that was asked for, whether or not its ids are valid.
    pub fn new(requested: &Requested) -> Self {
        Self { base: base(&requested.dataset_slug, &requested.dataset_version_id), own: None }
    }

    /// The same, for a workspace that calls itself `slug` and `version`.
    #[must_use]
    pub(crate) fn of_workspace(mut self, slug: &str, version: &str) -> Self {
        self.own = Some(base(slug, version)).filter(|own| *own != self.base);
        self
    }

    /// `kfm://dataset/<slug>/<versionId>/`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The IRI of the object at `path`.
    pub fn iri(&self, path: &str) -> String {
        format!("{}{}", self.base, encode(path))
    }

    /// The path of the object that an IRI names, without its fragment; none if the IRI is not
    /// under this dataset version.
    pub fn path(&self, iri: &str) -> Option<String> {
        let own = || iri.strip_prefix(self.own.as_deref()?);
        let rest = iri.strip_prefix(&self.base).or_else(own)?;
        let rest = rest.split(['#', '?']).next().unwrap_or_default();
        normal(&decode(rest)?)
    }

    /// The one spelling of an IRI under this dataset version, whatever it escapes; others unchanged.
    pub(crate) fn canonical(&self, iri: &str) -> String {
        let fragment = iri.split_once('#').map(|(_, fragment)| format!("#{fragment}"));
        match self.path(iri).filter(|_| !iri.contains('?')) {
            Some(path) => self.iri(&path) + &fragment.unwrap_or_default(),
            None => iri.to_owned(),
        }
    }

    /// The path that `reference`, found in the document at `from`, leads to; none if it leads out
    /// of the workspace.
    pub fn resolve(&self, from: &str, reference: &str) -> Option<String> {
        if has_scheme(reference) {
            return self.path(reference);
        }
        let reference = reference.split(['#', '?']).next().unwrap_or_default();
        if reference.starts_with('/') {
            return None;
        }
        if reference.is_empty() {
            return Some(from.to_owned());
        }
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        normal(&format!("{folder}/{}", decode(reference)?))
    }
}

/// Whether a reference is an absolute IRI.
pub(crate) fn has_scheme(reference: &str) -> bool {
    let Some((scheme, _)) = reference.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// A relative path without `.` and `..`; none if it would leave the workspace.
pub(crate) fn normal(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

fn base(slug: &str, version: &str) -> String {
    format!("kfm://dataset/{}/{}/", encode(slug), encode(version))
}

fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=:@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let pair = [bytes.next()?, bytes.next()?];
            out.push(u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_lead_to_paths_or_nowhere() {
        let names = Names::new(&Requested {
            dataset_slug: "s".into(),
            dataset_version_id: "2026.00000000".into(),
            intended_use: "any".into(),
        });
        for (reference, path) in [
            ("../processed/x.csv", Some("processed/x.csv")),
            ("./dcat.jsonld", Some("catalog/dcat.jsonld")),
            ("", Some("catalog/dcat.jsonld")),
            ("#part", Some("catalog/dcat.jsonld")),
            ("../processed/a%20b.csv#x", Some("processed/a b.csv")),
            ("kfm://dataset/s/2026.00000000/processed/x.csv", Some("processed/x.csv")),
            ("kfm://dataset/s/2026.00000001/processed/x.csv", None),
            ("../../processed/x.csv", None),
            ("/etc/passwd", None),
            ("https://example.org/x", None),
            ("%", None),
        ] {
            assert_eq!(
                names.resolve("catalog/dcat.jsonld", reference).as_deref(),
                path,
                "{reference}"
            );
        }
        let spellings = ["raw/ü%20b.csv#x", "raw/%c3%bc%20%62.csv#x"];
        for iri in spellings.map(|rest| format!("{}{rest}", names.base())) {
            assert_eq!(names.canonical(&iri), names.iri("raw/ü b.csv") + "#x");
        }
        assert_eq!(names.path(&names.iri("raw/ü b.csv")).as_deref(), Some("raw/ü b.csv"));
    }
}
