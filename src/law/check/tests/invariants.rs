//! What never goes.

use super::*;

#[test]
fn invariants_never_go() {
    for (name, change, broken) in [
        ("a title", (|s: &mut Value| s["title"] = json!("x")) as fn(&mut Value), 0),
        // What is demanded and cannot be given leaves nothing that could be: the other one goes with it.
        ("removed", |s| drop(s["properties"].as_object_mut().unwrap().remove("id")), 2),
        ("false", |s| s["properties"]["id"] = json!(false), 2),
        ("never", |s| s["properties"]["id"] = json!({"not": {}}), 2),
        ("no value", |s| s["properties"]["id"] = json!({"enum": []}), 2),
        ("no longer required", |s| s["required"] = json!(["note"]), 1),
        ("forbidden elsewhere", |s| s["not"] = json!({"required": ["id"]}), 2),
        ("by pointer", |s| drop(s["properties"].as_object_mut().unwrap().remove("at")), 1),
        ("narrowed, but there", |s| s["properties"]["id"]["minLength"] = json!(3), 0),
        (
            "moved into allOf",
            |s| {
                let id = s["properties"].as_object_mut().unwrap().remove("id").unwrap();
                s["allOf"] = json!([{"$ref": "#/$defs/base"}]);
                s["$defs"] = json!({"base": {"properties": {"id": id}, "required": ["id"]}});
                s.as_object_mut().unwrap().remove("additionalProperties");
            },
            0,
        ),
        (
            "moved behind a reference",
            |s| {
                for name in ["id", "at"] {
                    s["$defs"][name] = s["properties"][name].take();
                    s["properties"][name] = json!({"$ref": format!("#/$defs/{name}")});
                }
            },
            0,
        ),
        ("no object", |s| s["type"] = json!("array"), 2),
        ("a pattern of nothing", |s| s["properties"]["id"]["pattern"] = json!("a^"), 1),
        ("never by parts", |s| s["properties"]["at"] = json!({"allOf": [false]}), 1),
        ("never, elsewhere", |s| s["allOf"] = json!([{"properties": {"at": false}}]), 1),
        (
            "both",
            |s| {
                s["properties"] = json!({});
                s["required"] = json!([]);
            },
            2,
        ),
    ] {
        // With all that could ever be asked for.
        let world = pair(change, &[FULL, OUT]).approved();
        let found = world.errors().into_iter().filter(|rule| *rule == "invariant-broken").count();
        assert_eq!(found, broken, "{name}: {:#?}", world.judge().findings);
        assert_eq!(world.judge().passes(), broken == 0 && world.errors().is_empty(), "{name}");
    }
    // The contract itself.
    let world = World::new(
        set(MANIFEST, &versions(&[OUT], ""), &[("order", order(|_| {})), ("b", json!({}))]),
        set(MANIFEST, &versions(&[FULL, OUT], ""), &[("b", json!({}))]),
    );
    assert!(world.errors().contains(&"invariant-broken"));
}

#[test]
fn envelopes_need_no_entry() {
    let manifest = MANIFEST.split("invariants").next().unwrap();
    let envelope = |without: &str| {
        let mut schema = json!({"type": "object", "properties": {}, "required": []});
        for name in crate::law::invariants::ENVELOPE.iter().filter(|name| **name != without) {
            schema["properties"][name] = json!({});
        }
        schema
    };
    for name in crate::law::invariants::ENVELOPE {
        let side =
            |schema| set(manifest, &versions(&[FULL, OUT], ""), &[("event_envelope.v1", schema)]);
        let world = World::new(side(envelope("")), side(envelope(name)));
        assert!(world.errors().contains(&"invariant-broken"), "{name}");
    }
}

#[test]
fn invariants_are_followed_wherever_they_stand() {
    let manifest = MANIFEST.replace("[id, /properties/at]", "[a, /properties/a/properties/b]");
    let inner =
        json!({"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"]});
    let base = json!({"type": "object", "properties": {"a": inner}, "required": ["a"]});
    let with = |name: &str, value: &Value, more: Value| {
        let mut all = base.clone();
        all["properties"]["a"] = more;
        all[name] = value.clone();
        all
    };
    let anchored = |schema: Value| json!({"$ref": "#here", "$defs": {"x": schema}});
    let here = json!("here");
    let (named, embedded) = (json!("https://x.test/base"), "https://x.test/base");
    let by_id = |schema: Value| json!({"$ref": embedded, "$defs": {"x": schema}});
    let escaped = |schema: Value| json!({"$ref": "#/$defs/a%20b", "$defs": {"a b": schema}});
    let string = json!({"type": "string"});
    let optional = json!({"type": "object", "properties": {"b": {"type": "string"}}});
    for (name, before, after, broken) in [
        ("a is a string", base.clone(), with("title", &here, string.clone()), 1),
        ("a is never", base.clone(), with("title", &here, json!({"allOf": [false]})), 2),
        ("b may be left out", base.clone(), with("title", &here, optional), 1),
        (
            "a by reference",
            base.clone(),
            with("$defs", &json!({"a": inner}), json!({"$ref": "#/$defs/a"})),
            0,
        ),
        (
            "by anchor",
            anchored(with("$anchor", &here, inner.clone())),
            anchored(with("$anchor", &here, string.clone())),
            1,
        ),
        (
            "by id",
            by_id(with("$id", &named, inner.clone())),
            by_id(with("$id", &named, string.clone())),
            1,
        ),
        ("escaped", escaped(base.clone()), escaped(with("title", &here, string.clone())), 1),
        ("behind an anchor", base.clone(), anchored(with("$anchor", &here, inner.clone())), 0),
    ] {
        let old = set(&manifest, &versions(&[OUT], ""), &[("order", before)]);
        let new = set(&manifest, &versions(&[FULL, OUT], ""), &[("order", after)]);
        let found = crate::law::invariants::broken(&old, &new);
        assert_eq!(found.len(), broken, "{name}: {found:#?}");
    }
}
