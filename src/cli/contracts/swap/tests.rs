use std::collections::BTreeMap;

use super::*;

const OLD: &[(&str, &str)] =
    &[("a.json", "old a"), ("m/b.json", "old b"), ("m/gone.json", "old c")];
const NEW: &[(&str, &str)] =
    &[("a.json", "new a"), ("m/b.json", "new b"), ("new/d/e.json", "new e")];

fn steps() -> Vec<(String, Option<&'static [u8]>)> {
    let new = NEW.iter().map(|(path, text)| ((*path).to_owned(), Some(text.as_bytes())));
    new.chain([("m/gone.json".to_owned(), None)]).collect()
}

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in OLD {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

/// Every file below, by path.
fn files(root: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                all.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    all
}

fn all(files: &[(&str, &str)]) -> BTreeMap<String, String> {
    files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn a_swap_leaves_the_new_files_and_nothing_else() {
    let dir = folder();
    let root = dir.path();
    let held = lock(root).unwrap();
    swap(root, &held, "x", &steps()).unwrap();
    assert_eq!(files(root), all(NEW));
    assert!(lock(root).is_err(), "one at a time");
    drop(held);
    recover(root).unwrap();
    assert_eq!(files(root), all(NEW));
}

/// The state of a swap that was cut off when its journal was written and so many steps were done.
fn cut_off(root: &Path, done: usize, back: bool) {
    let at = root.join(PLACE);
    let staged = stage(root, &at, &steps()).unwrap();
    let mut journal =
        Journal { inode: inode(&at).unwrap(), what: "x".into(), back: false, steps: staged };
    journal.write(&at).unwrap();
    let rest = journal.steps.split_off(done);
    journal.carry_out(root, &at).unwrap();
    journal.steps.extend(rest);
    if back {
        journal.back = true;
        journal.write(&at).unwrap();
    }
}

#[test]
fn a_crash_at_any_step_is_made_good() {
    for done in 0..=4 {
        for (back, expected) in [(false, NEW), (true, OLD)] {
            let dir = folder();
            cut_off(dir.path(), done, back);
            recover(dir.path()).unwrap();
            assert_eq!(files(dir.path()), all(expected), "{done} {back}");
        }
    }
    // Before the journal nothing has happened.
    let dir = folder();
    stage(dir.path(), &dir.path().join(PLACE), &steps()).unwrap();
    recover(dir.path()).unwrap();
    assert_eq!(files(dir.path()), all(OLD));
}

#[test]
fn what_cannot_be_carried_out_is_taken_back() {
    let dir = folder();
    let root = dir.path();
    let held = lock(root).unwrap();
    // A file where the next one wants a folder: nobody sees it before the first is in place.
    let steps = [("a.json", "new"), ("x", "new"), ("x/y", "new")];
    let steps = steps.map(|(path, text)| (path.to_owned(), Some(text.as_bytes())));
    assert!(swap(root, &held, "x", &steps).is_err());
    assert_eq!(files(root), all(OLD));
}

#[test]
fn what_cannot_be_ended_now_is_ended_later() {
    let dir = folder();
    let root = dir.path();
    // Between the check and the move somebody puts a folder where a file is to go: the journal's author
    // could not know.
    cut_off(root, 1, false);
    fs::create_dir_all(root.join("new/d/e.json/f")).unwrap();
    assert!(recover(root).is_err());
    fs::remove_dir_all(root.join("new/d/e.json")).unwrap();
    recover(root).unwrap();
    assert_eq!(files(root), all(NEW));
}

#[test]
fn no_journal_of_a_stranger_is_carried_out() {
    let dir = folder();
    let root = dir.path();
    cut_off(root, 0, false);
    let journal = root.join(PLACE).join(JOURNAL);
    let text = fs::read_to_string(&journal).unwrap();
    let inode = inode(&root.join(PLACE)).unwrap();
    for (name, changed) in [
        ("another machine", text.replace(&inode.to_string(), &(inode + 1).to_string())),
        ("git's own", text.replace("new/d/e.json", ".git/hooks/pre-commit")),
        ("git's own, elsewhere", text.replace("new/d/e.json", "m/.GIT/config")),
        ("out of the folder", text.replace("new/d/e.json", "../e.json")),
        ("no journal", "{".to_owned()),
    ] {
        fs::write(&journal, changed).unwrap();
        assert!(recover(root).is_err(), "{name}");
        assert_eq!(fs::read_to_string(root.join("a.json")).unwrap(), "old a", "{name}");
    }
}

#[test]
fn links_are_not_followed() {
    let (dir, outside) = (folder(), folder());
    let root = dir.path();
    fs::remove_dir_all(root.join("m")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("m"), root.join("m")).unwrap();
    let held = lock(root).unwrap();
    assert!(swap(root, &held, "x", &steps()).unwrap_err().message().contains("link"));
    assert_eq!(files(outside.path()), all(OLD));
    assert_eq!(fs::read_to_string(root.join("a.json")).unwrap(), "old a");
    assert!(!root.join(PLACE).exists());
}
