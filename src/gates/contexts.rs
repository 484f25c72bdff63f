//! What the contexts of a JSON-LD document may be: its own, and not a burden.

use serde_json::Value;

use super::rdf::Unreadable;

/// A context inside of the document copies all terms that are in force. So many may be copied.
const MAX_COPIES: usize = 2_000_000;

pub(super) fn check(value: &Value) -> Result<(), Unreadable> {
    if let Some((url, pointer)) = remote_context(value, "") {
        return Err(Unreadable::RemoteContext { url, pointer });
    }
    let mut burden = Burden::default();
    burden.weigh(value, 0);
    if burden.inner > 0 && burden.terms.saturating_mul(burden.nodes) > MAX_COPIES {
        let Burden { inner, terms, nodes } = burden;
        return Err(Unreadable::Syntax(format!(
            "it has {inner} contexts inside of others or of nodes, with {terms} terms for {nodes} nodes; \
             put all terms into one context at the top"
        )));
    }
    Ok(())
}

#[derive(Default)]
struct Burden {
    /// Contexts that are not at the top.
    inner: usize,
    /// Terms of all contexts.
    terms: usize,
    nodes: usize,
}

impl Burden {
    fn weigh(&mut self, value: &Value, depth: usize) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.weigh(item, depth)),
            Value::Object(members) => {
                self.nodes += 1;
                for (name, member) in members {
                    if name == "@context" {
                        self.inner += usize::from(depth > 0);
                        let one = std::slice::from_ref(member);
                        let contexts = member.as_array().map_or(one, Vec::as_slice);
                        self.terms += contexts
                            .iter()
                            .filter_map(Value::as_object)
                            .map(|c| c.len())
                            .sum::<usize>();
                    }
                    self.weigh(member, depth + 1);
                }
            }
            _ => {}
        }
    }
}

fn remote_context(value: &Value, pointer: &str) -> Option<(String, String)> {
    match value {
        Value::Object(members) => members.iter().find_map(|(name, member)| {
            let place = crate::domain::pointer::join(pointer, name);
            if name == "@context" {
                let remote = match member {
                    Value::String(url) => Some((url.clone(), place.clone())),
                    Value::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
                        Some((item.as_str()?.to_owned(), format!("{place}/{index}")))
                    }),
                    _ => None,
                };
                if remote.is_some() {
                    return remote;
                }
            }
            if name == "@import" {
                return Some((member.as_str()?.to_owned(), place));
            }
            remote_context(member, &place)
        }),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| remote_context(item, &format!("{pointer}/{index}"))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn contexts_of_nodes_are_bounded_and_those_at_the_top_are_not() {
        let terms = |count: usize| -> Value {
            (0..count).map(|n| (format!("t{n}"), json!("https://example.org/"))).collect()
        };
        let nodes = |context: Option<Value>, count: usize| -> Vec<Value> {
            let node = |_| match &context {
                Some(context) => json!({"@context": context, "@id": "#a"}),
                None => json!({"@id": "#a"}),
            };
            (0..count).map(node).collect()
        };
        let document =
            |terms: Value, nodes: Vec<Value>| json!({"@context": terms, "@graph": nodes});
        assert!(check(&document(terms(4000), nodes(None, 4000))).is_ok());
        assert!(check(&document(terms(40), nodes(Some(terms(1)), 400))).is_ok());
        let Err(Unreadable::Syntax(message)) =
            check(&document(terms(4000), nodes(Some(terms(1)), 4000)))
        else {
            panic!("it was taken")
        };
        assert!(message.contains("one context at the top"), "{message}");
        // A context of a term is copied wherever the term is used.
        let mut scoped = terms(4000);
        scoped["t0"] = json!({"@id": "https://example.org/", "@context": {}});
        assert!(check(&document(scoped, nodes(None, 4000))).is_err());
    }
}
