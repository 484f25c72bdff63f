//! The law in force is not changed by the way.

use super::*;

#[test]
fn the_law_is_not_weakened_in_passing() {
    let old = || set(MANIFEST, &versions(&[OUT], ""), &[("order", order(|_| {}))]);
    for (name, manifest, expected) in [
        (
            "direction",
            MANIFEST.replace("  schemas", "  direction: consumer\n  schemas"),
            vec!["decision-missing"],
        ),
        (
            "consumer",
            MANIFEST.replace("m/order.schema.json']", "m/none.json']"),
            vec!["decision-missing"],
        ),
        (
            "consumer gone",
            MANIFEST.replace("name: billing", "name: other"),
            vec!["decision-missing"],
        ),
        (
            "a consumer more",
            MANIFEST.replace("consumers:", "consumers:\n- {name: b, contracts: [m/x]}"),
            vec![],
        ),
        (
            "an invariant less",
            MANIFEST.replace("[id, /properties/at]", "[id]"),
            vec!["invariant-broken"],
        ),
        (
            "a module renamed",
            MANIFEST
                .replace("- name: m", "- name: n\n  path: m")
                .replace("contract: m/", "contract: n/"),
            // Its contracts are gone from their module; those of the other one are new.
            vec![
                "decision-missing",
                "invariant-broken",
                "invariant-broken",
                "invariant-broken",
                "module-dropped",
                // Its versions.yaml is still the old module's.
                "versions-unreadable",
            ],
        ),
        ("freezes", format!("{MANIFEST}frozen: other\n"), vec!["decision-missing"]),
        ("decisions", format!("{MANIFEST}decisions: other\n"), vec!["decision-missing"]),
    ] {
        let world =
            World::new(old(), set(&manifest, &versions(&[OUT], ""), &[("order", order(|_| {}))]));
        assert_eq!(world.errors(), expected, "{name}: {:#?}", world.judge().findings);
        let world = world.approved_if_possible();
        if expected == ["decision-missing"] {
            assert_eq!(world.errors(), Vec::<&str>::new(), "{name}");
        } else {
            assert!(world.errors().contains(&"invariant-broken") || expected.is_empty(), "{name}");
        }
    }
    // A key in force is not replaced by those whom it does not know.
    let keyed = |key: &str| {
        let manifest = format!("{MANIFEST}keys: [k.pem]\n");
        let mut set = set(&manifest, &versions(&[OUT], ""), &[("order", order(|_| {}))]);
        set.tree.insert("k.pem", key.as_bytes().to_vec()).unwrap();
        set
    };
    assert_eq!(World::new(keyed("a"), keyed("a")).errors(), Vec::<&str>::new());
    let changed = World::new(keyed("a"), keyed("b"));
    assert_eq!(changed.errors(), ["decision-missing"]);
    assert_eq!(changed.approved().errors(), Vec::<&str>::new());
    assert_eq!(World::new(old(), keyed("b")).errors(), Vec::<&str>::new());
}

#[test]
fn whom_either_side_guards_counts() {
    let loosen = |s: &mut Value| s["properties"]["size"]["maximum"] = json!(10);
    let narrow = MANIFEST.replace("  schemas", "  direction: consumer\n  schemas");
    let side = |manifest: &str, change: fn(&mut Value)| {
        set(manifest, &versions(&[OUT], ""), &[("order", order(change))])
    };
    let class = |old: Set, new: Set| compare(&old, &new).class;
    assert_eq!(class(side(&narrow, |_| {}), side(&narrow, loosen)), Class::Safe);
    assert_eq!(class(side(MANIFEST, |_| {}), side(&narrow, loosen)), Class::Breaking);
    assert_eq!(class(side(&narrow, |_| {}), side(MANIFEST, loosen)), Class::Breaking);
}

#[test]
fn what_was_announced_is_not_announced_otherwise() {
    let world = |releases: &[&str], deprecations: &str| {
        let side = |versions: &str| set(MANIFEST, versions, &[("order", order(|_| {}))]);
        World::new(
            side(&versions(&["1.1.0", "1.0.0"], ANNOUNCED)),
            side(&versions(releases, deprecations)),
        )
    };
    let out = ["1.1.0", "1.0.0"];
    let longer = ANNOUNCED.replace("releases: 1", "releases: 2");
    let twice = format!(
        "{}{}",
        ANNOUNCED.replace("releases: 1", "releases: 0"),
        &longer["deprecations:\n".len()..]
    );
    for (name, releases, deprecations, expected) in [
        ("as it was", &out[..], ANNOUNCED.to_owned(), vec![]),
        ("longer", &out, longer.clone(), vec![]),
        ("withdrawn", &out, String::new(), vec![]),
        ("twice, the longer window holds", &out, twice, vec![]),
        (
            "fewer releases",
            &out,
            ANNOUNCED.replace("releases: 1", "releases: 0"),
            vec!["deprecation-shortened"],
        ),
        (
            "fewer for a part",
            &out,
            ANNOUNCED.replace("releases: 1", "releases: 0").replace("note,", "note/type,"),
            vec!["deprecation-shortened"],
        ),
        (
            "fewer for the whole",
            &out,
            ANNOUNCED.replace("releases: 1", "releases: 0").replace("at: /properties/note, ", ""),
            vec!["deprecation-shortened"],
        ),
        (
            "something else",
            &out,
            ANNOUNCED.replace("releases: 1", "releases: 0").replace("note,", "note2,"),
            vec![],
        ),
        (
            "an earlier day",
            &out,
            ANNOUNCED.replace("2026-02-01", "2026-01-31"),
            vec!["deprecation-shortened"],
        ),
        (
            "an earlier release",
            &out,
            ANNOUNCED.replace("0.9.0", "0.8.0"),
            vec!["deprecation-shortened"],
        ),
        ("a release more", &["1.2.0", "1.1.0", "1.0.0"], ANNOUNCED.to_owned(), vec![]),
        (
            "a release in between",
            &["1.1.0", "1.0.5", "1.0.0"],
            ANNOUNCED.to_owned(),
            vec!["release-invented"],
        ),
    ] {
        assert_eq!(world(releases, &deprecations).errors(), expected, "{name}");
    }
}

#[test]
fn sources_are_held_against_their_registry() {
    let side = |source: &str, registry: &str| {
        let manifest = MANIFEST.replace(
            "  schemas: ['*.schema.json']\n",
            "  schemas: ['*.schema.json']\n  functions: {registry: r.json, sources: ['*.py']}\n",
        );
        let mut tree = set(&manifest, &versions(&[OUT], ""), &[("order", order(|_| {}))]).tree;
        tree.insert("m/a.py", source.as_bytes().to_vec()).unwrap();
        tree.insert("m/r.json", registry.as_bytes().to_vec()).unwrap();
        Set::open(tree).unwrap()
    };
    let bare = side("def f(a): ...", "");
    let fresh = registry::fresh(&bare, &bare.units[0]).unwrap();
    let text = fresh.registry.text();
    let old = || side("def f(a): ...", &text);
    assert_eq!(World::new(old(), old()).errors(), Vec::<&str>::new());
    let found = World::new(old(), side("def f(a, b): ...", &text)).judge().findings;
    let rules: Vec<&str> = found.iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, ["registry-drift"], "{found:#?}");
}

#[test]
fn versions_are_those_of_their_module() {
    let side = |text: String| set(MANIFEST, &text, &[("order", order(|_| {}))]);
    let (own, other) =
        (versions(&[OUT], ""), versions(&[OUT], "").replace("module: m", "module: n"));
    assert_eq!(
        World::new(side(own.clone()), side(other.clone())).errors(),
        ["versions-unreadable"]
    );
    assert_eq!(World::new(side(other), side(own)).errors(), Vec::<&str>::new());
}

#[test]
fn a_freeze_stays_and_says_if_nobody_checked_it() {
    let bare = || set(MANIFEST, &versions(&[OUT], ""), &[("order", order(|_| {}))]);
    let day = jiff::civil::date(2026, 1, 1);
    let frozen = |change: &dyn Fn(&mut crate::law::freeze::Index)| {
        let mut index = crate::law::freeze::freeze(&bare(), Some("one"), day, None).unwrap().index;
        change(&mut index);
        let mut set = bare();
        set.tree.insert("_frozen/one.json", index.bytes().unwrap()).unwrap();
        set
    };
    let plain = || frozen(&|_| {});
    let hasty = frozen(&|index| index.unchecked = Some("no time".into()));
    assert_eq!(World::new(plain(), plain()).errors(), Vec::<&str>::new());
    assert_eq!(World::new(plain(), bare()).errors(), ["freeze-dropped"]);
    assert_eq!(World::new(plain(), hasty.clone()).errors(), ["freeze-dropped"]);
    let found = World::new(bare(), hasty).judge();
    assert!(found.passes());
    assert!(
        found
            .findings
            .iter()
            .any(|f| f.rule == "freeze-unchecked" && f.message.contains("no time"))
    );
}
