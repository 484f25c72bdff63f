use super::*;

fn set(files: &[(&str, &str)]) -> Set {
    let mut tree = Tree::default();
    let manifest = "apiVersion: lazaret.dev/contracts/v1\nname: shop\nmodules:\n- name: a\n  \
                    schemas: ['*.schema.json']\n  fixtures: ['fixtures/*']\n  functions: {registry: \
                    r.json, sources: ['../src/*.rs']}\n- name: b\n";
    let versions = |module: &str, version: &str| {
        format!("module: {module}\nversion: {version}\nreleases: []\n")
    };
    for (path, text) in [
        ("contracts.yaml", manifest.to_owned()),
        ("a/versions.yaml", versions("a", "1.0.0")),
        ("b/versions.yaml", versions("b", "1.0.0")),
        ("a/x.schema.json", "{}".into()),
        ("a/fixtures/x.valid.json", "1".into()),
        ("a/r.json", "{}".into()),
        ("src/lib.rs", "pub fn f() {}".into()),
        ("decisions/d.json", "{}".into()),
    ] {
        tree.insert(path, text.into_bytes()).unwrap();
    }
    for (path, text) in files {
        tree.insert(path, text.as_bytes().to_vec()).unwrap();
    }
    Set::open(tree).unwrap()
}

const DAY: Date = jiff::civil::date(2026, 11, 21);

#[test]
fn a_freeze_is_the_same_bytes_and_opens_again() {
    let set = set(&[]);
    let one = freeze(&set, None, DAY, None).unwrap();
    assert_eq!(one.index.name, "1.0.0");
    let other_day = freeze(&set, Some("other"), DAY.tomorrow().unwrap(), None).unwrap();
    assert_eq!(one.tar, other_day.tar);
    assert_eq!(
        one.tar,
        set_of(&one).map(|set| pack(&set).unwrap()).unwrap(),
        "what comes out is what went in"
    );
    // Sources are told by their registry; records are not of the set.
    let paths: Vec<&str> = one.index.files.keys().map(String::as_str).collect();
    let wanted = [
        "a/fixtures/x.valid.json",
        "a/r.json",
        "a/versions.yaml",
        "a/x.schema.json",
        "b/versions.yaml",
        "contracts.yaml",
    ];
    assert_eq!(paths, wanted);
    assert_eq!(Index::parse(&one.index.bytes().unwrap()).unwrap(), one.index);
    // Indexes from before the member are the same bytes.
    assert!(!String::from_utf8(one.index.bytes().unwrap()).unwrap().contains("unchecked"));
    assert!(one.index.drift(&set).is_empty());
}

fn set_of(freeze: &Freeze) -> Result<Set, FreezeError> {
    Ok(Set::open(freeze.index.open(&freeze.tar)?).unwrap())
}

#[test]
fn one_byte_of_difference_shows() {
    let good = freeze(&set(&[]), None, DAY, None).unwrap();
    for at in [0, 600, good.tar.len() - 1] {
        let mut tar = good.tar.to_vec();
        tar[at] ^= 1;
        assert!(matches!(good.index.open(&tar.into()), Err(FreezeError::Digest { .. })), "{at}");
    }
    let reseal = |change: &dyn Fn(&mut Index)| {
        let mut index = good.index.clone();
        change(&mut index);
        index.open(&good.tar).unwrap_err()
    };
    let other = Digest::of(b"other");
    assert!(matches!(
        reseal(&|i| {
            i.files.insert("a/r.json".into(), other);
        }),
        FreezeError::Digest { .. }
    ));
    assert!(matches!(
        reseal(&|i| {
            i.files.remove("a/r.json");
        }),
        FreezeError::Listed(_)
    ));
    assert!(matches!(
        reseal(&|i| {
            i.files.insert("z".into(), other);
        }),
        FreezeError::Listed(_)
    ));
    let drift = good.index.drift(&set(&[("a/x.schema.json", "true"), ("a/y.schema.json", "{}")]));
    assert_eq!(
        (drift.added, drift.changed),
        (vec!["a/y.schema.json".into()], vec!["a/x.schema.json".into()])
    );
}

#[test]
fn names_are_file_names() {
    for name in ["1.0.0", "v1", "a-1.0.0_b-2.0.0-rc.1+x"] {
        assert!(check_name(name).is_ok(), "{name}");
    }
    for name in ["", "latest", "Latest", ".x", "-x", "a/b", "a b", "ä", &"x".repeat(101)] {
        assert!(check_name(name).is_err(), "{name}");
    }
    for name in [ALL, "All"] {
        let refused = freeze(&set(&[]), Some(name), DAY, None);
        assert!(matches!(refused, Err(FreezeError::Name(_))), "{name}");
    }
    let two = set(&[("b/versions.yaml", "module: b\nversion: 2.1.0\nreleases: []\n")]);
    assert_eq!(freeze(&two, None, DAY, None).unwrap().index.name, "a-1.0.0_b-2.1.0");
    let none = set(&[("b/versions.yaml", "module: b\n")]);
    assert!(matches!(freeze(&none, None, DAY, None), Err(FreezeError::Versions { .. })));
}

#[test]
fn the_chain_shows_what_is_missing_changed_or_doubled() {
    let make = |name: &str, previous: Option<&(Index, Digest)>| {
        let link =
            previous.map(|(index, digest)| Link { name: index.name.clone(), digest: *digest });
        let index = freeze(&set(&[]), Some(name), DAY, link).unwrap().index;
        let digest = Digest::of(&index.bytes().unwrap());
        (index, digest)
    };
    let one = make("1", None);
    let two = make("2", Some(&one));
    let three = make("3", Some(&two));
    let chain = chain::order(vec![three.clone(), one.clone(), two.clone()]).unwrap();
    assert_eq!(chain.iter().map(|i| i.name.as_str()).collect::<Vec<_>>(), ["1", "2", "3"]);
    assert_eq!(chain.find(LATEST).unwrap().name, "3");
    assert!(matches!(chain.find("4"), Err(FreezeError::Unknown(_))));
    assert!(matches!(Chain::default().find(LATEST), Err(FreezeError::None)));
    let gap = chain::order(vec![one.clone(), three.clone()]).unwrap_err();
    assert!(gap.to_string().contains("3 follows 2"), "{gap}");
    let edited = (Index { date: DAY.tomorrow().unwrap(), ..two.0.clone() }, Digest::of(b"edited"));
    assert!(matches!(chain::order(vec![one.clone(), edited, three]), Err(FreezeError::Gap { .. })));
    let fork = make("2b", Some(&one));
    assert!(matches!(chain::order(vec![one.clone(), two, fork]), Err(FreezeError::Fork(..))));
    assert!(matches!(chain::order(vec![one, make("x", None)]), Err(FreezeError::Fork(..))));
}
