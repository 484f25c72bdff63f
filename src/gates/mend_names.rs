//! How JSON-LD and STAC name things, as far as mending asks.

use serde_json::Value;

/// Whether a member's name is `name`, with whatever prefix or namespace.
pub(super) fn local(member: &str, name: &str) -> bool {
    let rest = member.strip_suffix(name);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with([':', '/', '#']))
}

/// A text, an `@id` or an `@value`.
pub(super) fn text(value: &Value) -> Option<String> {
    let inner = value.get("@id").or_else(|| value.get("@value")).unwrap_or(value);
    inner.as_str().map(str::to_owned)
}

pub(super) fn nodes<'v>(value: &'v Value, pointer: &str) -> Vec<(&'v Value, String)> {
    match value.as_array() {
        Some(items) => {
            let at = |(index, item)| (item, format!("{pointer}/{index}"));
            items.iter().enumerate().map(at).collect()
        }
        None => vec![(value, pointer.to_owned())],
    }
}

/// How `to` is named from the document `from`.
pub(super) fn relative(from: &str, to: &str) -> String {
    let folder: Vec<&str> =
        from.rsplit_once('/').map_or(vec![], |(dir, _)| dir.split('/').collect());
    let target: Vec<&str> = to.split('/').collect();
    let shared = folder.iter().zip(&target).take_while(|(a, b)| a == b).count();
    let up = "../".repeat(folder.len() - shared);
    let down = target.get(shared..).unwrap_or_default().join("/");
    if up.is_empty() { format!("./{down}") } else { up + &down }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_elsewhere() {
        for (from, to, expected) in [
            ("catalog/stac/collection.json", "catalog/stac/items/a.json", "./items/a.json"),
            ("catalog/stac/collection.json", "catalog/dcat.jsonld", "../dcat.jsonld"),
            ("a.json", "b.json", "./b.json"),
        ] {
            assert_eq!(relative(from, to), expected);
        }
        assert!(local("dcat:byteSize", "byteSize") && local("http://x#byteSize", "byteSize"));
        assert!(!local("notbyteSize", "byteSize"));
    }
}
