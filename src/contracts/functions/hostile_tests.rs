//! Sources that were made to hurt, and sources that stop anywhere.

use proptest::prelude::*;

use super::*;

const SAMPLES: [(&str, &str); 4] = [
    (
        "src/lib.rs",
        "/// @effects: fs\npub mod m { pub struct S<'a, T>(&'a T); impl<'a, T: Ord> S<'a, T> { pub async fn a(&self, x: Vec<(u8,)>) -> Result<Vec<T>, io::Error> { Ok(\"é\") } } }\npub use m::*;\npub trait T { fn b(self: Box<Self>); }",
    ),
    (
        "shop/a.py",
        "\"\"\"é\"\"\"\n__all__ = ['C', 'f']\n@dataclass\nclass C:\n    a: int = field(default=1)\n    @property\n    def b(self) -> 'X': pass\ndef f(x, /, *xs: int, y=(1,), **z):\n    '''Raises:\n        E: é\n    '''\n",
    ),
    (
        "src/a.ts",
        "/** @beta é */\nexport class C<T> { constructor(private x?: T) {} static async *a(): X {} get b() { return 1 } }\nexport namespace N { export const f = ({ a }: { a: B | C; }) => `é${1}`; }\nexport { f as g, h };\nexport default function () {}",
    ),
    (
        "a/b.go",
        "package b\n// Deprecated: é\nfunc (c *C[T]) A(x, y int, f func(int) (string, error), z ...map[string]chan<- int) (n int, err error) { return }\ntype I interface { A(); B(é int) error }\n",
    ),
];

fn read(path: &str, bytes: &[u8]) -> Registry {
    Registry::new("m", extract([(path, bytes)]).functions)
}

#[test]
fn every_beginning_of_a_source_is_read_without_harm() {
    for (path, text) in SAMPLES {
        let whole = read(path, text.as_bytes());
        assert!(whole.functions.len() >= 2, "{path}");
        for end in 0..text.len() {
            let got = read(path, &text.as_bytes()[..end]);
            assert_eq!(Registry::parse(got.text().as_bytes()), Ok(got));
        }
    }
}

#[test]
fn depth_and_length_are_bounded() {
    let nested = |open: &str, close: &str, n: usize| open.repeat(n) + &close.repeat(n);
    for (path, text) in [
        ("a.rs", nested("pub mod m {", "}", 20_000)),
        ("a.rs", format!("pub fn a(x: {}u8{}) {{}}", "Vec<".repeat(20_000), ">".repeat(20_000))),
        ("a.rs", format!("pub use {};", nested("{a::", "}", 20_000))),
        ("a.rs", "(".repeat(100_000)),
        ("a.rs", "/*".repeat(400_000)),
        ("a.py", format!("def a(x={}): pass", nested("(", ")", 20_000))),
        ("a.py", (0..900).map(|n| format!("{}class C:\n", " ".repeat(n))).collect()),
        ("a.py", "@".repeat(50_000)),
        ("a.ts", format!("export {}", nested("namespace N { export ", "}", 10_000))),
        ("a.ts", "<".repeat(100_000)),
        ("a.tsx", "<a>".repeat(30_000)),
        ("a.go", format!("package a\nfunc A(x {}int) {{}}", "*".repeat(50_000))),
        ("a.go", format!("package a\n{}", "func (".repeat(20_000))),
        ("a.ts", "a<b>(".repeat(20_000)),
        ("a.ts", "(a,".repeat(300_000)),
    ] {
        let got = extract([(path, text.as_bytes())]);
        assert!(got.functions.len() <= 1, "{path}");
    }
    // A circle of re-exports ends.
    let circle = "pub mod a { pub use crate::b as c; pub fn f() {} } pub mod b { pub use crate::a as d; pub use super::*; } pub use self::x as y; pub use y as x;";
    assert_eq!(read("src/lib.rs", circle.as_bytes()).functions[0].name(), "crate::a::f");
}

#[test]
fn what_is_extracted_twice_is_the_same() {
    let all = SAMPLES.map(|(path, text)| (path, text.as_bytes()));
    let once = Registry::new("m", extract(all).functions);
    let mut again = Registry::new("m", extract(all.into_iter().rev()).functions);
    again.keep(&once);
    assert_eq!(once.text(), again.text());
    assert!(once.drift(&again).is_empty());
    assert_eq!(diff(&once, &again).changes, []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever is cut out, put in or doubled: no panic, and a registry that can be read back.
    #[test]
    fn no_source_does_harm(which in 0_usize..4, cut in any::<(u16, u8)>(), put in ".{0,12}", bytes in any::<Vec<u8>>()) {
        let (path, text) = SAMPLES[which];
        let mut source = text.as_bytes().to_vec();
        let from = usize::from(cut.0) % source.len();
        let to = (from + usize::from(cut.1)).min(source.len());
        let moved: Vec<u8> = source.splice(from..to, put.bytes()).collect();
        source.extend(moved);
        for source in [source, bytes] {
            let got = read(path, &source);
            prop_assert_eq!(Registry::parse(got.text().as_bytes()), Ok(got.clone()));
            prop_assert!(diff(&got, &got).changes.is_empty());
        }
    }
}
