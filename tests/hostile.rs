//! Packs that would kill, hang or bloat whoever evaluates them. Each must be refused or end in an
//! error with a reason; this process, which stands for the operator, must live and stay small.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "it/signed.rs"]
mod signed;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lazaret::pack::VerifiedPack;
use lazaret::policy::{Host, Limits, Room, compile_on, evaluate};
use serde_json::json;

/// What the operator's own memory may grow by, over all bombs, in KiB.
const OPERATOR: u64 = 128 << 10;
/// What a worker may take, in KiB: its limit, and what it is made of.
const WORKER: u64 = (LIMIT as u64 >> 10) + (128 << 10);
const LIMIT: usize = 192 << 20;

/// What is dull in the end, and may be answered.
const HARMLESS: [&str; 4] =
    ["urlquery chain", "count of empty texts", "a huge date", "glob of many stars"];

/// The tests measure this process: one at a time.
static ALONE: Mutex<()> = Mutex::new(());

fn verified(files: &[(&str, &str)]) -> VerifiedPack {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    signed::verified(dir.path())
}

fn host() -> Host {
    Host::Aside {
        program: PathBuf::from(env!("CARGO_BIN_EXE_lazaret")),
        idle: Duration::from_secs(60),
        room: Arc::new(Room::of(16 << 30)),
    }
}

fn limits() -> Limits {
    Limits {
        evaluation: Duration::from_millis(500),
        tests: Duration::from_secs(2),
        memory: LIMIT,
        ..Limits::default()
    }
}

/// The most memory that this process ever had, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn doubled(times: usize, step: &str, begin: &str) -> String {
    let mut text = format!("x0 := {begin}\n");
    for n in 0..times {
        let step = step.replace("PREV", &format!("x{n}"));
        text.push_str(&format!("x{} := {step}\n", n + 1));
    }
    text + &format!("last := x{times}\n")
}

fn chain(n: usize) -> String {
    let rules: String = (0..n).map(|i| format!("r{i} if r{}\n", i + 1)).collect();
    format!("deny contains \"a\" if r0\n{rules}r{n} if input.x\n")
}

/// A name, Rego after the package line, and another file.
type Bomb = (&'static str, String, Option<(&'static str, String)>);

fn bombs() -> Vec<Bomb> {
    let deny = |body: &str| format!("deny contains \"a\" if {{ {body} }}\n");
    let with = |rest: String, body: &str| format!("{}{rest}", deny(body));
    let range = "numbers.range(1, 90000)";
    let mut laughs = "a0: &a0 [l, l, l, l, l, l, l, l, l, l]\n".to_owned();
    for n in 1..12 {
        let list = vec![format!("*a{}", n - 1); 10].join(", ");
        laughs.push_str(&format!("a{n}: &a{n} [{list}]\n"));
    }
    let one = |name, rego| (name, rego, None);
    vec![
        one("function recursion", "deny contains f(1)\nf(x) := f(x + 1)\n".into()),
        one("mutual recursion", "deny contains f(1)\nf(x) := g(x)\ng(x) := f(x)\n".into()),
        one("recursion by data", "deny contains \"a\" if data.lazaret\n".into()),
        one("a chain of 3,000 rules", chain(3000)),
        one("deep expression", format!("deny := []\nx := {}1\n", "1 + ".repeat(20_000))),
        one(
            "deep array",
            format!("deny := []\nx := {}{}\n", "[".repeat(20_000), "]".repeat(20_000)),
        ),
        one("deep brackets", format!("deny := []\nx := {}\n", "(".repeat(100_000))),
        (
            "deep JSON data",
            "deny := []\n".into(),
            Some((
                "data/x.json",
                format!("{{\"a\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000)),
            )),
        ),
        (
            "deep YAML data",
            "deny := []\n".into(),
            Some(("data/x.yaml", format!("a: {}{}", "[".repeat(100_000), "]".repeat(100_000)))),
        ),
        ("billion laughs", "deny := []\n".into(), Some(("data/x.yaml", laughs))),
        one("a large range", deny("count(numbers.range(1, 20000000)) > 0")),
        one("nested loops", deny(&format!("some i in {range}; some j in {range}; i * j == -1"))),
        one(
            "nested comprehensions",
            deny(&format!(
                "count([[i, j, k] | some i in {range}; some j in {range}; some k in {range}]) < 0"
            )),
        ),
        one(
            "endless every",
            deny(&format!("every i in {range} {{ every j in {range} {{ i + j > 0 }} }}")),
        ),
        one(
            "array doubling",
            with(doubled(60, "array.concat(PREV, PREV)", "[1, 2]"), "count(last) < 0"),
        ),
        one(
            "array doubling by comprehension",
            with(
                doubled(60, "[v | some p in [PREV, PREV]; some v in p]", "[1, 2]"),
                "count(last) < 0",
            ),
        ),
        one(
            "string doubling",
            with(doubled(60, "concat(\"\", [PREV, PREV])", "\"xy\""), "count(last) < 0"),
        ),
        one(
            "sprintf doubling",
            with(doubled(60, "sprintf(\"%s%s\", [PREV, PREV])", "\"xy\""), "count(last) < 0"),
        ),
        one(
            "replace doubling",
            with(doubled(60, "replace(PREV, \"x\", \"xx\")", "\"x\""), "count(last) < 0"),
        ),
        one(
            "replace of nothing",
            with(doubled(60, "replace(PREV, \"\", PREV)", "\"x\""), "count(last) < 0"),
        ),
        one("sprintf width", deny("count(sprintf(\"%1000000000d\", [1])) > 0")),
        one(
            "sprintf overflowing width",
            deny("count(sprintf(\"%99999999999999999999d\", [1])) > 0"),
        ),
        one("sprintf decimals", deny("count(sprintf(\"%.4000000000f\", [1.5])) > 0")),
        one(
            "regex of nested quantifiers",
            deny("regex.match(\"((((a{1,100}){1,100}){1,100}){1,100})\", \"a\")"),
        ),
        one("regex of huge repetition", deny("regex.match(\"\\\\pL{100000}\", \"a\")")),
        one(
            "many regexes made from data",
            deny(&format!(
                "count([1 | some i in {range}; some j in {range}; regex.match(sprintf(\"^(a|%d|%d){{900}}$\", [i, j]), \"b\")]) > 1000000"
            )),
        ),
        one(
            "regex doubling",
            with(doubled(60, "regex.replace(PREV, \"x\", \"xx\")", "\"x\""), "count(last) < 0"),
        ),
        one(
            "regex split",
            with(
                doubled(22, "concat(\"\", [PREV, PREV])", "\"xy\""),
                "count(regex.split(\"\", last)) < 0",
            ),
        ),
        one(
            "glob of many alternatives",
            with(
                doubled(12, "concat(\"\", [PREV, PREV])", "\"{a,b,*}\""),
                "glob.match(last, [], \"b\")",
            ),
        ),
        one(
            "glob of many stars",
            with(
                doubled(10, "concat(\"\", [PREV, PREV])", "\"*a\""),
                "glob.match(concat(\"\", [last, \"b\"]), [\".\"], concat(\"\", [last, last, last, last]))",
            ),
        ),
        one(
            "marshalling of shared values",
            with(doubled(60, "[PREV, PREV]", "[1]"), "count(json.marshal(last)) < 0"),
        ),
        one(
            "walk over shared values",
            with(doubled(60, "[PREV, PREV]", "[1]"), "count([1 | walk(last, [_, _])]) < 0"),
        ),
        one(
            "comparison of shared values",
            with(
                doubled(60, "[PREV, PREV]", "[1]")
                    + &doubled(60, "[PREV, PREV]", "[1]")
                        .replace('x', "y")
                        .replace("last", "other"),
                "last == other",
            ),
        ),
        one("printing of shared values", with(doubled(60, "[PREV, PREV]", "[1]"), "print(last)")),
        one(
            "yaml of shared values",
            with(doubled(60, "[PREV, PREV]", "[1]"), "count(yaml.marshal(last)) < 0"),
        ),
        one(
            "yaml laughs",
            deny(
                "count(json.marshal(yaml.unmarshal(\"a: &a [x,x,x,x,x,x,x,x,x,x]\\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\\ng: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f,*f]\\nh: &h [*g,*g,*g,*g,*g,*g,*g,*g,*g,*g]\"))) < 0",
            ),
        ),
        one(
            "JSON as deep as text",
            with(doubled(16, "concat(\"\", [PREV, PREV])", "\"[\""), "json.unmarshal(last) == 1"),
        ),
        one(
            "object.union_n",
            deny(&format!(
                "count(object.union_n([{{sprintf(\"%d-%d\", [i, j]): i}} | some i in {range}; some j in {range}])) < 0"
            )),
        ),
        one(
            "set product",
            deny(&format!("count({{[i, j] | some i in {range}; some j in {range}}}) < 0")),
        ),
        one(
            "base64 chain",
            with(doubled(90, "base64.encode(PREV)", "\"aaaa\""), "count(last) < 0"),
        ),
        one("hex chain", with(doubled(60, "hex.encode(PREV)", "\"aaaa\""), "count(last) < 0")),
        one(
            "urlquery chain",
            with(doubled(60, "urlquery.encode(PREV)", "\"%%%%\""), "count(last) < 0"),
        ),
        one("count of empty texts", deny("strings.count(\"abc\", \"\") > 100")),
        one("a number with a huge exponent", deny("1e999999999 > 1")),
        one("a text with a huge exponent", deny("to_number(\"1e999999999\") > 1")),
        one("a literal of 200,000 digits", deny(&format!("{} > 1", "9".repeat(200_000)))),
        one("squaring", with(doubled(60, "PREV * PREV", "3"), "last < 0")),
        one("a huge shift", deny("bits.lsh(1, 1000000000) > 0")),
        one("time.parse", deny("time.parse_ns(\"2006-01-02\", \"9999999999-99-99\") > 0")),
        one("a huge date", deny("time.add_date(9223372036854775807, 2147483647, 1, 1) > 0")),
        one(
            "a flood of prints",
            with(
                doubled(16, "concat(\"\", [PREV, PREV])", "\"xy\""),
                &format!("some i in {range}; some j in {range}; print(last); i < 0"),
            ),
        ),
        one("100,000 rules", (0..100_000).map(|i| format!("r{i}:=1\n")).collect::<String>()),
        one("a name of 1 MB", format!("deny := []\n{} := 1\n", "a".repeat(1 << 20))),
        one(
            "a test without end",
            format!(
                "deny := []\ntest_x if {{ every i in {range} {{ every j in {range} {{ i + j > 0 }} }} }}\n"
            ),
        ),
        one(
            "a test that takes all memory",
            format!(
                "deny := []\n{}test_x if count(last) > 0\n",
                doubled(60, "[v | some p in [PREV, PREV]; some v in p]", "[1, 2]")
            ),
        ),
    ]
}

#[test]
fn no_pack_kills_hangs_or_bloats_the_operator() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let before = peak();
    let mut wrong = Vec::new();
    let bombs = bombs();
    assert!(bombs.len() >= 30);
    for (name, rego, more) in bombs {
        let rego = format!("package lazaret.gates.b\n\n{rego}");
        let mut files = vec![("opa/b.rego", rego.as_str())];
        files.extend(more.iter().map(|(name, text)| (*name, text.as_str())));
        let begun = std::time::Instant::now();
        let (stage, outcome, worker) = match compile_on(&host(), &verified(&files), &limits()) {
            Err(error) => ("load", error.reason().to_owned(), None),
            Ok(pack) => {
                let outcome = match evaluate(&pack, "p", &json!({})) {
                    Err(error) => format!("{} ({error})", error.reason()),
                    Ok(_) => "answered".to_owned(),
                };
                ("ask", outcome, pack.worker_peak())
            }
        };
        let worker = worker.map_or(0, |(_, peak)| peak);
        let shown: String = outcome.chars().take(110).collect();
        println!(
            "{name:36} {:6.2} s  worker {:4} MiB  {stage} {shown}",
            begun.elapsed().as_secs_f64(),
            worker >> 10
        );
        if (outcome == "answered" && !HARMLESS.contains(&name)) || worker > WORKER {
            wrong.push(name);
        }
    }
    let grown = peak() - before;
    println!("the operator grew by {} MiB", grown >> 10);
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(grown < OPERATOR, "the operator grew by {grown} KiB");
}

/// A bomb that goes off for some inputs takes nobody with it, and the worker comes back.
#[test]
fn neighbours_of_a_bomb_are_answered() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let rego = format!(
        "package lazaret.gates.b\n\ndeny contains \"harmless\" if input.n >= 0\ndeny contains \"bomb\" if {{ input.n < 0; count([1 | walk(last, [_, _])]) < 0 }}\n{}",
        doubled(60, "[PREV, PREV]", "[1, 2]")
    );
    let limits = Limits { evaluation: Duration::from_secs(5), ..limits() };
    let pack = compile_on(&host(), &verified(&[("opa/b.rego", &rego)]), &limits).unwrap();
    let first = pack.worker_peak().unwrap().0;
    std::thread::scope(|scope| {
        for n in 0..12 {
            let pack = &pack;
            scope.spawn(move || {
                let n = if n == 3 { -1 } else { n };
                let verdict = evaluate(pack, "p", &json!({"n": n}));
                match n {
                    -1 => {
                        let reason = verdict.unwrap_err().reason();
                        assert!(["PolicyMemory", "PolicyTimeout"].contains(&reason), "{reason}");
                    }
                    _ => assert_eq!(verdict.unwrap().denials.len(), 1),
                }
            });
        }
    });
    assert!(evaluate(&pack, "p", &json!({"n": 1})).is_ok());
    assert_ne!(pack.worker_peak().unwrap().0, first);
}

/// Whoever kills the worker denies nobody for long, and never gets an answer for it.
/// Bytes of all workers that this process has now.
fn workers_take() -> u64 {
    let mut sum = 0;
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        // One may end while it is looked at.
        let status = std::fs::read_to_string(entry.path().join("status")).unwrap_or_default();
        let figure = |name: &str| -> Option<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().trim_end_matches(" kB").parse().ok()
        };
        if figure("PPid:") == Some(std::process::id().into()) {
            sum += figure("RssAnon:").unwrap_or_default() * 1024;
        }
    }
    sum
}

/// However many packs go off at once, their workers stay within half of what there is, and small
/// ones that wait make room for each other.
#[test]
fn many_bombs_at_once_stay_within_the_sum() {
    const TOTAL: u64 = 1 << 30;
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let room = Arc::new(Room::of(TOTAL));
    let host = Host::Aside {
        program: PathBuf::from(env!("CARGO_BIN_EXE_lazaret")),
        idle: Duration::from_secs(60),
        room,
    };
    let rego = format!(
        "package lazaret.gates.b\n\ndeny contains \"harmless\"\ndeny contains \"bomb\" if {{ input.bomb; count(last) < 0 }}\n{}",
        doubled(60, "[v | some p in [PREV, PREV]; some v in p]", "[1, 2]")
    );
    let verified = verified(&[("opa/b.rego", &rego)]);
    let limits = Limits { evaluation: Duration::from_secs(5), ..Limits::default() };
    let packs: Vec<_> = (0..6).map(|_| compile_on(&host, &verified, &limits).unwrap()).collect();
    let done = std::sync::atomic::AtomicUsize::new(0);
    let mut most = 0;
    std::thread::scope(|scope| {
        for (number, pack) in packs.iter().enumerate() {
            let done = &done;
            scope.spawn(move || {
                let bomb = number < 4;
                match evaluate(pack, "p", &json!({ "bomb": bomb })) {
                    Err(error) if bomb => {
                        assert!(["PolicyMemory", "PolicyTimeout"].contains(&error.reason()));
                    }
                    answer => assert_eq!(answer.is_ok(), !bomb),
                }
                done.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            });
        }
        let until = std::time::Instant::now() + Duration::from_secs(120);
        while done.load(std::sync::atomic::Ordering::SeqCst) < packs.len()
            && std::time::Instant::now() < until
        {
            most = most.max(workers_take());
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    println!("all workers together took {} MiB", most >> 20);
    assert!(most > TOTAL / 16, "the bombs did not go off: {most}");
    assert!(most <= TOTAL / 2, "{most}");
}

#[test]
fn a_killed_worker_comes_back_and_an_idle_one_goes() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let rego = "package lazaret.gates.b\n\ndeny contains \"a\" if input.n\n";
    let verified = verified(&[("opa/b.rego", rego)]);
    let pack = compile_on(&host(), &verified, &Limits::default()).unwrap();
    let pid = pack.worker_peak().unwrap().0;
    let killed = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status();
    assert!(killed.unwrap().success());
    // The signal is on its way, or has arrived, or its death is known: whichever, it is asked anew.
    evaluate(&pack, "p", &json!({"n": 1})).unwrap();
    let Host::Aside { program, room, .. } = host() else { panic!() };
    let host = Host::Aside { program, idle: Duration::from_millis(50), room };
    let pack = compile_on(&host, &verified, &Limits::default()).unwrap();
    let pid = pack.worker_peak().map(|(pid, _)| pid);
    let until = std::time::Instant::now() + Duration::from_secs(20);
    while pack.worker_peak().is_some() && std::time::Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(pack.worker_peak().is_none(), "{pid:?} is still there");
    assert!(evaluate(&pack, "p", &json!({"n": 1})).is_ok());
}

#[test]
fn a_program_that_is_no_worker_is_an_error() {
    let rego = "package lazaret.gates.b\n\ndeny := []\n";
    for program in ["/bin/true", "/bin/false", "/bin/echo", "/nowhere"] {
        let (idle, room) = (Duration::from_secs(1), Arc::new(Room::of(1 << 30)));
        let host = Host::Aside { program: program.into(), idle, room };
        let error = compile_on(&host, &verified(&[("opa/b.rego", rego)]), &limits()).unwrap_err();
        assert_eq!(error.reason(), "PolicyWorkerDied", "{program}: {error}");
    }
}
