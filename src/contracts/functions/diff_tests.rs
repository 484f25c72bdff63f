//! Two sources → the rules and classes of their difference. Seed 004, section 4, language by language.

use super::*;
use crate::contracts::Class;

fn registry(path: &str, source: &str) -> Registry {
    let got = extract([(path, source.as_bytes())]);
    assert_eq!(got.troubles, [], "{source}");
    Registry::new("m", got.functions)
}

fn seen(old: &Registry, new: &Registry) -> Vec<String> {
    let comparison = diff(old, new);
    let line = |change: &crate::contracts::Change| {
        assert!(!change.message.is_empty());
        assert!(change.old.is_some() || change.new.is_some());
        assert_eq!(change.remedy.is_empty(), change.class == Class::Safe, "{change:?}");
        format!("{} {}", change.class.name(), change.rule)
    };
    comparison.changes.iter().map(line).collect()
}

fn table(path: &str, wrap: &dyn Fn(&str) -> String, rows: &[(&str, &str, &[&str])]) {
    let wrong = rows.iter().filter_map(|(old, new, wanted)| {
        let got = seen(&registry(path, &wrap(old)), &registry(path, &wrap(new)));
        (got != *wanted).then(|| format!("{old}\n→ {new}\n  gives {got:?}\n  not   {wanted:?}"))
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const LONG: &str = "let a = one(x); let b = two(a, 3); if a > b { three(a) } else { four(b) }";

#[test]
fn rust() {
    let renamed =
        (format!("pub fn a(x: u8) {{ {LONG} }}"), format!("pub fn zzzzz(x: u8) {{ {LONG} }}"));
    let moved = "pub mod m { pub fn a(x: u8) {} } pub mod n {}";
    table(
        "src/lib.rs",
        &|source| source.to_owned(),
        &[
            ("pub fn a() {}", "/// Docs.\npub fn a() { more() }", &[]),
            ("pub fn a() {}", "", &["BREAKING function-removed"]),
            ("pub fn a() {}", "fn a() {}", &["BREAKING function-removed"]),
            ("", "pub fn a() {}", &["SAFE function-added"]),
            (&renamed.0, &renamed.1, &["BREAKING function-renamed"]),
            ("pub fn read_all() {}", "pub fn read_any() {}", &["BREAKING function-renamed"]),
            (
                "pub fn a() {}",
                "pub fn zzzzz() {}",
                &["BREAKING function-removed", "SAFE function-added"],
            ),
            (
                moved,
                "pub mod m {} pub mod n { pub fn a(x: u8) {} }",
                &["BREAKING function-renamed"],
            ),
            ("pub fn a(x: u8) {}", "pub fn a(x: u8, y: u8) {}", &["BREAKING param-added"]),
            ("pub fn a(x: u8, y: u8) {}", "pub fn a(x: u8) {}", &["BREAKING param-dropped"]),
            ("pub fn a(x: u8) {}", "pub fn a(y: u8) {}", &["SAFE param-renamed"]),
            ("pub fn a(x: u8) {}", "pub fn a(x: u16) {}", &["BREAKING param-type-changed"]),
            (
                "pub fn a(x: u8, y: u8) {}",
                "pub fn a(y: u8, x: u8) {}",
                &["BREAKING params-reordered"],
            ),
            (
                "pub fn a<'a>(x: &'a str) {}",
                "pub fn a(x: &str) {}",
                &["RISKY generics-changed", "RISKY param-type-respelled"],
            ),
            ("pub fn a<T: A>(x: T) {}", "pub fn a<T: A + B>(x: T) {}", &["RISKY generics-changed"]),
            (
                "pub fn a(x: std::io::Error) {}",
                "pub fn a(x: io::Error) {}",
                &["RISKY param-type-respelled"],
            ),
            ("pub fn a() -> u8 { 1 }", "pub fn a() -> u16 { 1 }", &["BREAKING return-changed"]),
            (
                "pub fn a() -> Result<u8, A> { }",
                "pub fn a() -> Result<u8, B> { }",
                &["BREAKING return-changed"],
            ),
            ("pub fn a() -> u8 { 1 }", "pub async fn a() -> u8 { 1 }", &["BREAKING async-added"]),
            ("pub fn a() {}", "pub unsafe fn a() {}", &["BREAKING unsafe-added"]),
            ("pub unsafe fn a() {}", "pub fn a() {}", &["SAFE unsafe-dropped"]),
            ("pub const fn a() {}", "pub fn a() {}", &["BREAKING const-dropped"]),
            (
                "pub struct S; impl S { pub fn a(&self) {} }",
                "pub struct S; impl S { pub fn a(&mut self) {} }",
                &["BREAKING receiver-changed"],
            ),
            (
                "pub struct S; impl S { pub fn a(&mut self) {} }",
                "pub struct S; impl S { pub fn a(&self) {} }",
                &["RISKY receiver-changed"],
            ),
            (
                "pub struct S; impl S { pub fn a(&self) {} }",
                "pub struct S; impl S { pub fn a() {} }",
                &["BREAKING receiver-changed"],
            ),
            (
                "pub trait T { fn a(&self); }",
                "pub trait T { fn a(&self); fn b(&self); }",
                &["BREAKING method-demanded"],
            ),
            (
                "pub trait T { fn a(&self); }",
                "pub trait T { fn a(&self); fn b(&self) {} }",
                &["SAFE function-added"],
            ),
            (
                "pub trait T { fn a(&self) {} }",
                "pub trait T { fn a(&self); }",
                &["BREAKING method-demanded"],
            ),
            (
                "pub trait T { fn a(&self); }",
                "pub trait T { fn a(&self) {} }",
                &["SAFE method-given"],
            ),
            ("", "pub trait T { fn a(&self); }", &["SAFE function-added"]),
            (
                "pub fn a() {}",
                "#[deprecated(note = \"use b\")] pub fn a() {}",
                &["SAFE deprecated"],
            ),
            ("/// @experimental\npub fn a() {}", "", &["RISKY function-removed"]),
            (
                "/// @experimental\npub fn a(x: u8) {}",
                "/// @experimental\npub fn a() {}",
                &["RISKY param-dropped"],
            ),
            (
                "/// @experimental\npub fn a<T: A>() {}",
                "/// @experimental\npub fn a<T>() {}",
                &["SAFE generics-changed"],
            ),
            ("pub fn a() {}", "/// @experimental\npub fn a() {}", &["BREAKING promise-withdrawn"]),
            ("/// @experimental\npub fn a() {}", "pub fn a() {}", &["SAFE promised"]),
            ("pub fn a() {}", "/// # Panics\n/// Now.\npub fn a() {}", &["RISKY errors-changed"]),
            ("pub fn a() {}", "/// @effects: network\npub fn a() {}", &["RISKY effects-said"]),
            (
                "/// @effects: none\npub fn a() {}",
                "/// @effects: network\npub fn a() {}",
                &["BREAKING effect-introduced"],
            ),
            (
                "/// @effects: network, fs\npub fn a() {}",
                "/// @effects: network\npub fn a() {}",
                &["BREAKING effect-dropped"],
            ),
            (
                "/// @effects: fs: reads\npub fn a() {}",
                "/// @effects: fs: writes\npub fn a() {}",
                &["RISKY effects-changed"],
            ),
            ("/// @effects: fs\npub fn a() {}", "pub fn a() {}", &["RISKY effects-unsaid"]),
        ],
    );
}

#[test]
fn python() {
    table(
        "shop.py",
        &|source| format!("{source}: pass\n"),
        &[
            ("def a(x)", "def a(x, y=1)", &["SAFE param-optional-added"]),
            ("def a(x)", "def a(x, *, y=1)", &["SAFE param-optional-added"]),
            ("def a(x)", "def a(x, y)", &["BREAKING param-required-added"]),
            ("def a(x)", "def a(x, *, y)", &["BREAKING param-required-added"]),
            (
                "def a(x)",
                "def a(y=1, x=2)",
                &["BREAKING param-now-optional", "BREAKING param-optional-inserted"],
            ),
            ("def a(x, z=1)", "def a(x, y=1, z=1)", &["BREAKING param-optional-inserted"]),
            ("def a(*xs)", "def a(y=1, *xs)", &["BREAKING param-optional-inserted"]),
            ("def a(x, y)", "def a(x)", &["BREAKING param-dropped"]),
            (
                "def a(x, *, y)",
                "def a(x, **more)",
                &["RISKY param-dropped", "SAFE param-optional-added"],
            ),
            ("def a(x)", "def a(z)", &["BREAKING param-renamed"]),
            ("def a(x, /)", "def a(z, /)", &["SAFE param-renamed"]),
            (
                "def a(*, x)",
                "def a(*, z)",
                &["BREAKING param-dropped", "BREAKING param-required-added"],
            ),
            ("def a(x, y)", "def a(y, x)", &["BREAKING params-reordered"]),
            ("def a(*, x, y)", "def a(*, y, x)", &["RISKY keywords-reordered"]),
            ("def a(x)", "def a(x=1)", &["BREAKING param-now-optional"]),
            ("def a(x=1)", "def a(x)", &["BREAKING param-now-required"]),
            ("def a(x=1)", "def a(x=2)", &["RISKY default-changed"]),
            ("def a(x)", "def a(*, x)", &["BREAKING param-kind-changed"]),
            ("def a(x, /)", "def a(x)", &["SAFE param-kind-changed"]),
            ("def a(x: int)", "def a(x: int | None)", &["SAFE param-type-widened"]),
            ("def a(x: Optional[int])", "def a(x: int)", &["BREAKING param-type-narrowed"]),
            ("def a(x: Union[int, List[str]])", "def a(x: list[str] | int)", &[]),
            ("def a(x: int)", "def a(x: str)", &["BREAKING param-type-changed"]),
            ("def a(x)", "def a(x: int)", &["RISKY param-type-said"]),
            ("def a(x: int)", "def a(x)", &["SAFE param-type-unsaid"]),
            ("def a() -> int", "def a() -> str", &["BREAKING return-changed"]),
            ("def a() -> int", "def a() -> int | None", &["BREAKING return-widened"]),
            ("def a() -> int | None", "def a() -> int", &["SAFE return-narrowed"]),
            ("def a()", "def a() -> int", &["RISKY return-said"]),
            ("def a()", "async def a()", &["BREAKING async-added"]),
            (
                "def a():\n  if 1:\n    return 2\n  if 1",
                "def a():\n  if 1:\n    yield 2\n  if 1",
                &["BREAKING modifier-added"],
            ),
            (
                "class C(A)",
                "class C",
                &["BREAKING base-dropped", "BREAKING param-dropped", "BREAKING param-dropped"],
            ),
            ("class C(A)", "class C(B)", &["RISKY condition-added", "RISKY condition-dropped"]),
            ("class C(A)", "class D(E)", &["BREAKING function-removed", "SAFE function-added"]),
            (
                "class C:\n  def a(self)",
                "class C:\n  @staticmethod\n  def a()",
                &["BREAKING modifier-added", "BREAKING receiver-changed"],
            ),
            (
                "class C:\n  def a(self)",
                "class C:\n  @property\n  def a(self)",
                &["BREAKING property-changed"],
            ),
            ("class C:\n  def a(self)", "class C:\n  def a(this)", &[]),
            ("def a():\n  'Raises:\\n    KeyError: x'\nif 1", "def a():\n  ''\nif 1", &[]),
            (
                "def a():\n  '''Raises:\n      KeyError: x\n  '''\nif 1",
                "def a():\n  ''\nif 1",
                &["RISKY errors-changed"],
            ),
        ],
    );
}

#[test]
fn typescript() {
    table(
        "src/a.ts",
        &|source| format!("export {source}"),
        &[
            ("function a(x: A) {}", "function a(x: A, y?: B) {}", &["SAFE param-optional-added"]),
            ("function a(x: A) {}", "function a(x: A, y = 1) {}", &["SAFE param-optional-added"]),
            (
                "function a(x: A) {}",
                "function a(x: A, ...y: B[]) {}",
                &["SAFE param-optional-added"],
            ),
            (
                "function a(x: A) {}",
                "function a(x: A, y: B) {}",
                &["BREAKING param-required-added"],
            ),
            (
                "function a(x: A) {}",
                "function a(y: B, x: A) {}",
                &["BREAKING param-required-added"],
            ),
            ("function a(x: A, y?: B) {}", "function a(x: A) {}", &["BREAKING param-dropped"]),
            ("function a(x?: A) {}", "function a(x: A) {}", &["BREAKING param-now-required"]),
            ("function a(x: A) {}", "function a(x?: A) {}", &["BREAKING param-now-optional"]),
            ("function a(x: A) {}", "function a(z: A) {}", &["SAFE param-renamed"]),
            (
                "function a(x: A, y: A) {}",
                "function a(y: A, x: A) {}",
                &["BREAKING params-reordered"],
            ),
            ("function a(x: A) {}", "function a(x: A | B) {}", &["SAFE param-type-widened"]),
            ("function a(x: A | B) {}", "function a(x: A) {}", &["BREAKING param-type-narrowed"]),
            (
                "function a(x: A): B | undefined {}",
                "function a(x: A): B {}",
                &["SAFE return-narrowed"],
            ),
            (
                "function a(x: A): B {}",
                "function a(x: A): B | null {}",
                &["BREAKING return-widened"],
            ),
            ("function a(x = 1) {}", "function a(x = 2) {}", &["RISKY default-changed"]),
            (
                "interface I { a(): void }",
                "interface I { a(): void; b(): void }",
                &["BREAKING method-demanded"],
            ),
            (
                "interface I { a(): void }",
                "interface I { a(): void; b?(): void }",
                &["SAFE function-added"],
            ),
            (
                "interface I { a(x: A): void }",
                "interface I { a(x: A | B): void }",
                &["BREAKING param-type-changed"],
            ),
            (
                "function a(f: (x: A) => B | C) {}",
                "function a(f: (x: A) => B) {}",
                &["BREAKING param-type-changed"],
            ),
            ("class C { a() {} }", "class C { private a() {} }", &["BREAKING function-removed"]),
            ("class C { a() {} }", "class C { static a() {} }", &["BREAKING modifier-added"]),
        ],
    );
}

#[test]
fn go() {
    table(
        "a/a.go",
        &|source| format!("package a\n{source}\n"),
        &[
            ("func A(x int) {}", "func A(x int, y ...int) {}", &["BREAKING param-added"]),
            ("func A(x int) {}", "func A(y int) {}", &["SAFE param-renamed"]),
            ("func A(x int) {}", "func A(int) {}", &["SAFE param-renamed"]),
            ("func A(x, y int) {}", "func A(y, x int) {}", &["BREAKING params-reordered"]),
            ("func A(x int) {}", "func A(x int64) {}", &["BREAKING param-type-changed"]),
            (
                "func A(x []int) {}",
                "func A(x ...int) {}",
                &[
                    "BREAKING param-kind-changed",
                    "BREAKING param-now-optional",
                    "BREAKING param-type-changed",
                ],
            ),
            ("func A() int { }", "func A() (int, error) { }", &["BREAKING return-changed"]),
            ("func A() (n int) { }", "func A() int { }", &[]),
            ("func (c C) A() {}", "func (c *C) A() {}", &["BREAKING receiver-changed"]),
            ("func (c *C) A() {}", "func (c C) A() {}", &["RISKY receiver-changed"]),
            (
                "func A[T any](x T) {}",
                "func A[T comparable](x T) {}",
                &["BREAKING generics-changed"],
            ),
            (
                "type I interface { A() }",
                "type I interface { A(); B() }",
                &["BREAKING method-demanded"],
            ),
            (
                "type I interface { A(); x() }",
                "type I interface { A(); B(); x() }",
                &["SAFE function-added"],
            ),
            ("func A() {}", "// Deprecated: no.\nfunc A() {}", &["SAFE deprecated"]),
        ],
    );
}

#[test]
fn what_people_keep_survives_and_counts() {
    let mut kept = registry("src/lib.rs", "pub fn a() {}\npub fn b() {}");
    kept.functions[0].owners = vec!["core".into()];
    kept.functions[0].tests = vec!["tests/a.rs".into()];
    kept.functions[0].side_effects = Some(vec!["network".into()]);
    kept.functions[1].stability = Stability::Experimental;
    let read = Registry::parse(kept.text().as_bytes()).unwrap();
    assert_eq!(read, kept);
    let mut fresh = registry("src/lib.rs", "pub fn a() { other() }\npub fn b() {}\npub fn c() {}");
    assert_eq!(kept.drift(&fresh).missing, ["crate::c"]);
    fresh.keep(&kept);
    assert_eq!(fresh.functions[..2], kept.functions[..]);
    // The code's word outranks theirs.
    let mut said = registry("src/lib.rs", "/// @effects: none\npub fn a() {}");
    said.keep(&kept);
    assert_eq!(said.functions[0].side_effects, Some(vec![]));
    let drift = kept.drift(&said);
    assert_eq!(drift.gone, ["crate::b"]);
    assert_eq!(drift.changed, [("crate::a".to_owned(), vec!["sideEffects".to_owned()])]);
    let mut untested = kept.clone();
    untested.functions[0].tests.clear();
    assert_eq!(seen(&kept, &untested), ["RISKY tests-dropped"]);
}

#[test]
fn a_registry_is_read_strictly() {
    let good = registry("src/lib.rs", "pub fn a(x: u8) {}").text();
    for (from, to, why) in [
        ("\"v1\"", "\"v2\"", "v2"),
        ("\"owners\"", "\"owner\"", "owner"),
        ("\"stable\"", "\"solid\"", "solid"),
        ("}\n  ]", "},{}]", "missing field"),
    ] {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good, "{from}");
        let error = Registry::parse(text.as_bytes()).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}

/// What callers and implementers depend on beside the signature.
#[test]
fn conditions_and_bounds_are_seen() {
    let plain = |source: &str| source.to_owned();
    table(
        "src/lib.rs",
        &plain,
        &[
            (
                "pub trait T { fn a(&self); }",
                "pub trait T: Send { fn a(&self); }",
                &["RISKY condition-added"],
            ),
            ("pub fn a() {}", "#[cfg(feature = \"x\")]\npub fn a() {}", &["RISKY condition-added"]),
            (
                "pub struct S; #[cfg(unix)] impl S { pub fn a(&self) {} }",
                "pub struct S; impl S { pub fn a(&self) {} }",
                &["RISKY condition-dropped"],
            ),
            (
                "pub fn a() {}",
                "#[target_feature(enable = \"avx2\")]\npub fn a() {}",
                &["RISKY condition-added"],
            ),
        ],
    );
    table(
        "p/a.go",
        &plain,
        &[
            (
                "package p\ntype T interface { io.Reader; A() }",
                "package p\ntype T interface { io.Writer; A() }",
                &["RISKY condition-added", "RISKY condition-dropped"],
            ),
            (
                "package p\nfunc A() {}",
                "//go:build linux\n\npackage p\nfunc A() {}",
                &["RISKY condition-added"],
            ),
            ("package p\nfunc A(x interface{}) {}", "package p\nfunc A(x any) {}", &[]),
            ("package p\nfunc A() []interface{} {}", "package p\nfunc A() []any {}", &[]),
        ],
    );
}
