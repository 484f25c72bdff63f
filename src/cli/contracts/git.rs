//! A contract set as a git revision has it, read through the `git` program: no checkout, no hook, no
//! pager, no prompt, no network.

use std::ffi::OsStr;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::super::exit::Failure;
use crate::law::{MANIFEST, Manifest, Tree};

/// For each call.
const PATIENCE: Duration = Duration::from_secs(120);
/// What `ls-tree` may say: a million names or so.
const MAX_LIST: u64 = 128 << 20;
const MAX_ERROR: u64 = 64 << 10;

/// The set as `revision` of the repository around `root` has it, at the place of `root`.
pub(super) fn revision(root: &Path, revision: &str) -> Result<Tree, Failure> {
    let repository = Repository { root };
    let commit = repository.commit(revision)?;
    let prefix = repository.line(&["rev-parse", "--show-prefix"])?;
    let place = prefix.trim_end_matches('/');
    let treeish = format!("{commit}:{place}");
    let listed =
        repository.run(&["ls-tree", "-r", "-z", "-l", "--full-tree", &treeish], &[], MAX_LIST);
    let listed = listed.map_err(|why| {
        if place.is_empty() {
            wrong(root, &why)
        } else {
            Failure::usage(format!("git:{revision}: that revision has no folder {place}: {why}"))
        }
    })?;
    let entries = entries(&listed).map_err(|why| wrong(root, &why))?;
    let named = |path: &str| entries.iter().find(|entry| entry.path == path);
    let Some(manifest) = named(MANIFEST) else {
        let at = if place.is_empty() { "the repository's top" } else { place };
        return Err(Failure::usage(format!("git:{revision}: there is no {MANIFEST} in {at}")));
    };
    let mut tree = Tree::default();
    repository.fill(&mut tree, &[manifest])?;
    // Whoever opens the set hears why it is none.
    let Ok(manifest) = Manifest::of(&tree) else { return Ok(tree) };
    let Ok(wants) = manifest.wants() else { return Ok(tree) };
    // Its files are no part of this revision, and a contract that is not seen is guarded by nobody.
    let submodule = |entry: &&Entry| entry.kind == "commit" && manifest.reaches(&entry.path);
    if let Some(module) = entries.iter().find(submodule) {
        return Err(Failure::undecided(format!(
            "git:{revision}: {} is a submodule, and patterns of {MANIFEST} lead into it: this revision does not \
             hold its files; hold the set against a freeze, or keep a {MANIFEST} in the submodule",
            module.path
        )));
    }
    let wanted: Vec<&Entry> = entries
        .iter()
        .filter(|entry| entry.path != MANIFEST && wants.is_match(&entry.path))
        .collect();
    if let Some(odd) = wanted.iter().find(|entry| !entry.is_file) {
        let text = format!("git:{revision}: {}: a contract is a plain file, no link", odd.path);
        return Err(Failure::undecided(text));
    }
    repository.fill(&mut tree, &wanted)?;
    Ok(tree)
}

/// The set as it was before each of the last changes of where its freezes lie, and as the last commit has it.
/// Of what cannot be read there is nothing to tell.
pub(super) fn earlier(root: &Path) -> Vec<Tree> {
    let log = ["log", "--no-show-signature", "--no-ext-diff", "--no-textconv", "-n", "20"];
    let which = ["--format=%H^", "-G", "^frozen:", "--", MANIFEST];
    let commits = Repository { root }
        .run(&[&log[..], &which[..]].concat(), &[], 64 << 10)
        .unwrap_or_default();
    let commits = String::from_utf8(commits).unwrap_or_default();
    let all = std::iter::once("HEAD").chain(commits.lines());
    all.filter_map(|one| revision(root, one).ok()).collect()
}

/// Whether `root` lies in a git repository with a commit.
pub(super) fn has_head(root: &Path) -> bool {
    Repository { root }
        .run(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], &[], 256)
        .is_ok()
}

/// The folder that `.git` lies in, if any.
pub(super) fn top(root: &Path) -> Option<std::path::PathBuf> {
    Repository { root }.line(&["rev-parse", "--show-toplevel"]).ok().map(Into::into)
}

struct Entry {
    path: String,
    kind: String,
    object: String,
    size: u64,
    is_file: bool,
}

/// What `ls-tree -z -l` says: mode, type, object, size, tab, path, NUL. Paths that are no UTF-8 are
/// matched by no pattern.
fn entries(listed: &[u8]) -> Result<Vec<Entry>, String> {
    let mut all = Vec::new();
    for line in listed.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
        let tab = line.iter().position(|byte| *byte == b'\t').ok_or("git: no tab in ls-tree")?;
        let (head, path) = (&line[..tab], &line[tab + 1..]);
        let Ok(path) = std::str::from_utf8(path) else { continue };
        let head = std::str::from_utf8(head).map_err(|error| error.to_string())?;
        let [mode, kind, object, size] = head.split_ascii_whitespace().collect::<Vec<_>>()[..]
        else {
            return Err(format!("git: ls-tree says {head:?}"));
        };
        all.push(Entry {
            path: path.to_owned(),
            kind: kind.to_owned(),
            object: object.to_owned(),
            size: size.parse().unwrap_or(0),
            is_file: kind == "blob" && mode != "120000",
        });
    }
    Ok(all)
}

struct Repository<'a> {
    root: &'a Path,
}

impl Repository<'_> {
    fn commit(&self, revision: &str) -> Result<String, Failure> {
        if revision.is_empty() || revision.contains(['\n', '\0']) {
            return Err(Failure::usage("git: which revision? for instance git:HEAD or git:v1.0.0"));
        }
        let named = format!("{revision}^{{commit}}");
        let asked = ["rev-parse", "--verify", "--quiet", "--end-of-options", &named];
        let found = self.run(&asked, &[], 256);
        if let Ok(object) = &found
            && let Ok(object) = std::str::from_utf8(object)
        {
            return Ok(object.trim().to_owned());
        }
        let shallow = match self.line(&["rev-parse", "--is-shallow-repository"]) {
            Ok(answer) => answer == "true",
            // No repository, no git, or one that git does not trust.
            Err(failure) => return Err(failure),
        };
        let mut text = format!("git:{revision}: there is no such commit here");
        if shallow {
            text +=
                "; the clone is shallow: fetch more (`git fetch --unshallow`, or `fetch-depth: 0`)";
        }
        Err(Failure::usage(text))
    }

    /// Takes files in.
    fn fill(&self, tree: &mut Tree, wanted: &[&Entry]) -> Result<(), Failure> {
        let mut total: u64 = 0;
        for entry in wanted {
            total = total.saturating_add(entry.size + 256);
            if entry.size > Tree::MAX_FILE as u64 || total > 2 * Tree::MAX_BYTES as u64 {
                let text = format!("{}: it is too large for a contract set", entry.path);
                return Err(Failure::undecided(text));
            }
        }
        let mut ask = Vec::new();
        for entry in wanted {
            ask.extend_from_slice(entry.object.as_bytes());
            ask.push(b'\n');
        }
        let answer = self
            .run(&["cat-file", "--batch"], &ask, total)
            .map_err(|why| wrong(self.root, &why))?;
        let mut rest = answer.as_slice();
        for entry in wanted {
            let (bytes, left) = blob(rest, entry).ok_or_else(|| {
                let text = format!("git does not give {}: is the clone a partial one?", entry.path);
                Failure::undecided(text)
            })?;
            rest = left;
            tree.insert(&entry.path, bytes.to_vec())
                .map_err(|error| Failure::undecided(error.to_string()))?;
        }
        Ok(())
    }

    fn line(&self, arguments: &[&str]) -> Result<String, Failure> {
        let out = self.run(arguments, &[], 64 << 10).map_err(|why| wrong(self.root, &why))?;
        let text =
            String::from_utf8(out).map_err(|_| wrong(self.root, "git: a path is no UTF-8"))?;
        Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .args([
                "--no-pager",
                "--no-optional-locks",
                "--no-replace-objects",
                "--literal-pathspecs",
            ])
            .args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"])
            .arg("-C")
            .arg(self.root)
            .args(arguments.iter().map(OsStr::new))
            // A partial clone would fetch what it lacks, from wherever its configuration says.
            .envs([("GIT_ALLOW_PROTOCOL", ""), ("GIT_NO_LAZY_FETCH", "1")])
            .envs([("GIT_TERMINAL_PROMPT", "0"), ("LC_ALL", "C")])
            .env_remove("GIT_TRACE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // A hook's own: they would point past ROOT.
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_NAMESPACE"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs git: what it prints, or why there is nothing.
    fn run(&self, arguments: &[&str], input: &[u8], most: u64) -> Result<Vec<u8>, String> {
        let mut child = self.command(arguments).spawn().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => "the program git is not here".to_owned(),
            _ => format!("git: {error}"),
        })?;
        let answer = converse(&mut child, input.to_vec(), most);
        if answer.is_err() {
            let _ = child.kill();
        }
        let status = child.wait().map_err(|error| format!("git: {error}"))?;
        let (out, said) = answer?;
        if status.success() {
            return Ok(out);
        }
        let said = String::from_utf8_lossy(&said);
        Err(said.trim().lines().next().map_or_else(|| format!("git: {status}"), str::to_owned))
    }
}

/// Speaks to the child on all pipes at once, so that none fills up, and not for ever.
fn converse(child: &mut Child, input: Vec<u8>, most: u64) -> Result<(Vec<u8>, Vec<u8>), String> {
    let (mut stdin, stdout, stderr) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (send, answers) = mpsc::channel();
    std::thread::spawn(move || {
        if let Some(stdin) = &mut stdin {
            // One that does not listen says why on its own.
            let _ = stdin.write_all(&input);
        }
    });
    let errors = send.clone();
    std::thread::spawn(move || {
        let mut said = Vec::new();
        let read = stderr.map(|pipe| pipe.take(MAX_ERROR).read_to_end(&mut said));
        let _ = errors.send((false, read.transpose().map(|_| said)));
    });
    std::thread::spawn(move || {
        let mut out = Vec::new();
        let read = stdout.map(|pipe| pipe.take(most + 1).read_to_end(&mut out));
        let _ = send.send((true, read.transpose().map(|_| out)));
    });
    let (mut out, mut said) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let (is_out, bytes) =
            answers.recv_timeout(PATIENCE).map_err(|_| "git: no answer in time".to_owned())?;
        let bytes = bytes.map_err(|error| format!("git: {error}"))?;
        if is_out {
            if bytes.len() as u64 > most {
                return Err("git: it says more than a contract set may hold".into());
            }
            out = bytes;
        } else {
            said = bytes;
        }
    }
    Ok((out, said))
}

/// One answer of `cat-file --batch`: object, type, size, newline, the bytes, newline.
fn blob<'a>(answer: &'a [u8], entry: &Entry) -> Option<(&'a [u8], &'a [u8])> {
    let end = answer.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let [object, "blob", size] = head.split(' ').collect::<Vec<_>>()[..] else { return None };
    let size: usize = size.parse().ok()?;
    let (bytes, rest) = answer.get(end + 1..)?.split_at_checked(size)?;
    (object == entry.object).then_some((bytes, rest.strip_prefix(b"\n")?))
}

fn wrong(root: &Path, why: &str) -> Failure {
    Failure::undecided(format!("{}: {why}", root.display()))
}
