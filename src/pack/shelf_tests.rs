use jiff::Timestamp;

use super::*;
use crate::domain::Digest;
use crate::pack::testing::verified;
use crate::pack::{PackIdError, VerifiedPack};

fn at(second: i64) -> Timestamp {
    Timestamp::from_millisecond(second * 1000 + 700).unwrap()
}

fn served(shelf: &Shelf, id: &str) -> Option<Arc<ServedPack>> {
    match shelf.get(id)? {
        OnShelf::Served(pack) => Some(pack),
        OnShelf::Announced => None,
    }
}

#[test]
fn ids_are_what_the_resource_allows() {
    for good in ["a", "0", "policy-pack-v0", "a.b", &"a".repeat(63)] {
        assert!(good.parse::<PackId>().is_ok(), "{good}");
    }
    for bad in ["", "-a", "a-", ".", "A", "a/b", "a b", "ä", &"a".repeat(64), "a\0"] {
        assert_eq!(bad.parse::<PackId>(), Err(PackIdError), "{bad:?}");
    }
}

#[test]
fn announced_then_served_then_gone() {
    let shelf = Shelf::default();
    let id: PackId = "p".parse().unwrap();
    assert!(shelf.get("p").is_none());
    shelf.announce("a", &id).unwrap();
    assert!(matches!(shelf.get("p"), Some(OnShelf::Announced)));
    let pack = verified(b"one");
    shelf.put("a", ServedPack::new(id.clone(), &pack, at(10), false).unwrap()).unwrap();
    shelf.announce("a", &id).unwrap();
    assert_eq!(served(&shelf, "p").unwrap().digest(), Digest::of(b"one"));
    shelf.remove("a", &id);
    assert!(shelf.list().is_empty());
}

#[test]
fn an_id_is_its_first_owners() {
    let shelf = Shelf::default();
    let id: PackId = "p".parse().unwrap();
    shelf.announce("team-a/pack", &id).unwrap();
    let taken = Err(ShelfError::IdTaken { id: id.clone() });
    assert_eq!(shelf.announce("team-b/pack", &id), taken);
    let pack = ServedPack::new(id.clone(), &verified(b"evil"), at(1), false).unwrap();
    assert_eq!(shelf.put("team-b/pack", pack), taken);
    shelf.remove("team-b/pack", &id);
    assert!(matches!(shelf.get("p"), Some(OnShelf::Announced)));
    shelf.remove("team-a/pack", &id);
    assert_eq!(shelf.announce("team-b/pack", &id), Ok(()));
}

#[test]
fn no_two_revisions_share_a_date_and_the_same_bytes_keep_theirs() {
    let shelf = Shelf::default();
    let id: PackId = "p".parse().unwrap();
    let (one, two) = (verified(b"one"), verified(b"two"));
    let put = |pack: &VerifiedPack, time| {
        shelf.put("a", ServedPack::new(id.clone(), pack, at(time), false).unwrap()).unwrap();
        served(&shelf, "p").unwrap().loaded_at().as_second()
    };
    assert_eq!(put(&one, 10), 10);
    assert_eq!(put(&one, 20), 10);
    assert_eq!(put(&two, 10), 11);
    assert_eq!(put(&one, 5), 12, "a clock that is set back does not make it older");
    assert_eq!(put(&two, 40), 40);
}

#[test]
fn the_shelf_has_an_end() {
    let shelf = Shelf::default();
    for number in 0..MAX_PACKS {
        shelf.announce(DIRECTORY_OWNER, &format!("p{number}").parse().unwrap()).unwrap();
    }
    assert_eq!(shelf.announce("a", &"q".parse().unwrap()), Err(ShelfError::Full));
    assert_eq!(shelf.announce(DIRECTORY_OWNER, &"p0".parse().unwrap()), Ok(()));
}

#[test]
fn a_namespace_takes_only_its_share() {
    let shelf = Shelf::default();
    for number in 0..MAX_PER_NAMESPACE {
        let owner = format!("team-a/pack-{number}/uid");
        shelf.announce(&owner, &format!("p{number}").parse().unwrap()).unwrap();
    }
    let more: PackId = "q".parse().unwrap();
    let error = shelf.announce("team-a/another/uid", &more).unwrap_err();
    assert_eq!(error, ShelfError::TooMany { namespace: "team-a".into() });
    assert_eq!(error.reason(), "ServeTooMany");
    let pack = ServedPack::new(more.clone(), &verified(b"one"), at(1), false).unwrap();
    assert_eq!(shelf.put("team-a/another/uid", pack), Err(error));
    assert_eq!(shelf.announce("team-a/pack-0/uid", &"p0".parse().unwrap()), Ok(()));
    assert_eq!(shelf.announce("team-b/pack/uid", &more), Ok(()), "another has its own share");
    shelf.remove("team-a/pack-0/uid", &"p0".parse().unwrap());
    assert_eq!(shelf.announce("team-a/another/uid", &"r".parse().unwrap()), Ok(()));
}

#[test]
fn demoted_is_not_given_up() {
    let shelf = Shelf::default();
    let id: PackId = "p".parse().unwrap();
    let pack = ServedPack::new(id.clone(), &verified(b"one"), at(1), false).unwrap();
    shelf.put("a/p/1", pack).unwrap();
    let changes = shelf.watch();
    shelf.demote("b/p/1", &id);
    assert!(served(&shelf, "p").is_some(), "it is another's");
    assert!(!changes.has_changed().unwrap());
    shelf.demote("a/p/1", &id);
    assert!(matches!(shelf.get("p"), Some(OnShelf::Announced)));
    assert!(changes.has_changed().unwrap(), "who waits is told");
    assert_eq!(shelf.owners(), [("a/p/1".into(), id.clone())]);
    assert_eq!(shelf.announce("b/p/1", &id), Err(ShelfError::IdTaken { id }));
    shelf.demote("a/p/1", &"q".parse().unwrap());
    assert!(shelf.get("q").is_none(), "what is not there does not come");
}

#[tokio::test]
async fn changes_wake_those_who_wait() {
    let shelf = Shelf::default();
    let mut changes = shelf.watch();
    shelf.announce("a", &"p".parse().unwrap()).unwrap();
    changes.changed().await.unwrap();
    shelf.remove("b", &"p".parse().unwrap());
    assert!(!changes.has_changed().unwrap(), "nothing was removed");
}
