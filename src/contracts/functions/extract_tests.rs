//! Source → entries, one row a rule. A row is path, source, and what is offered as `name(params) -> returns`.

use super::*;

/// An entry in one line.
fn line(entry: &Entry) -> String {
    let param = |param: &Param| {
        let sign = match param.kind {
            ParamKind::Receiver => "@",
            ParamKind::Positional | ParamKind::PositionalOrKeyword => "",
            ParamKind::Keyword => "=",
            ParamKind::Variadic => "*",
            ParamKind::KeywordVariadic => "**",
        };
        let of = param.of.as_ref().map(|of| format!(": {of}")).unwrap_or_default();
        let default = param.default.as_ref().map(|value| format!(" = {value}"));
        let optional = if param.required { "" } else { "?" };
        format!("{sign}{}{optional}{of}{}", param.name, default.unwrap_or_default())
    };
    let params: Vec<String> = entry.params.iter().map(param).collect();
    let mut text = format!("{}{}({})", entry.name(), entry.generics, params.join(", "));
    if let Some(returns) = &entry.returns {
        text += &format!(" -> {returns}");
    }
    let form = match entry.form {
        Form::Constructor => Some("constructor"),
        Form::Property => Some("property"),
        Form::Function | Form::Method => None,
    };
    let words = form.into_iter().chain(entry.is_async.then_some("async"));
    let words = words.chain(entry.is_unsafe.then_some("unsafe"));
    for word in words.chain(entry.modifiers.iter().map(String::as_str)) {
        text += &format!(" {word}");
    }
    if !entry.errors.is_empty() {
        text += &format!(" !{}", entry.errors.join(","));
    }
    if let Some(effects) = &entry.side_effects {
        text += &format!(" ~{}", effects.join(","));
    }
    match entry.stability {
        Stability::Stable => {}
        Stability::Experimental => text += " experimental",
        Stability::Deprecated => {
            text += &format!(" deprecated {}", entry.replacement.as_deref().unwrap_or("?"));
        }
    }
    text
}

fn offered(sources: &[(&str, &str)]) -> Vec<String> {
    let got = extract(sources.iter().map(|(path, text)| (*path, text.as_bytes())));
    if let Some(trouble) = got.troubles.first() {
        return vec![format!("{trouble:?}")];
    }
    Registry::new("m", got.functions).functions.iter().map(line).collect()
}

fn table(path: &str, rows: &[(&str, &[&str])]) {
    let wrong = rows.iter().filter_map(|(source, wanted)| {
        let got = offered(&[(path, source)]);
        (got != *wanted).then(|| format!("{source}\n  gives  {got:#?}\n  not {wanted:#?}"))
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rust() {
    table(
        "src/lib.rs",
        &[
            ("pub fn a() {}", &["crate::a()"]),
            ("fn a() {} pub(crate) fn b() {} pub(super) fn c() {}", &[]),
            (
                "pub fn get<'a, T: Clone>(key: &'a str, more: Vec<T>,) -> Result<Option<&'a T>, io::Error> where T: Send { todo() }",
                &[
                    "crate::get<'a, T: Clone> where T: Send(key: &'a str, more: Vec<T>) -> Result<Option<&'a T>, io::Error> !io::Error",
                ],
            ),
            (
                "pub fn long(\n    // why\n    one: HashMap<\n        String,\n        u8,\n    >,\n) -> (u8,) { (1,) }",
                &["crate::long(one: HashMap<String, u8>) -> (u8,)"],
            ),
            ("pub async unsafe fn a() {}", &["crate::a() async unsafe"]),
            (
                "pub const extern \"C\" fn a(x: *const u8) {}",
                &["crate::a(x: *const u8) const extern \"C\""],
            ),
            (
                "pub struct S; impl S { pub fn new() -> Self { S } pub fn get(&self) -> u8 { 1 } pub fn set(&mut self, v: u8) {} fn no(&self) {} pub fn n() -> u8 { 0 } }",
                &[
                    "crate::S::get(@self: &self) -> u8",
                    "crate::S::n() -> u8",
                    "crate::S::new() -> Self constructor",
                    "crate::S::set(@self: &mut self, v: u8)",
                ],
            ),
            ("struct S; impl S { pub fn get(&self) {} }", &[]),
            (
                "pub struct S<T>(T); impl<T: Ord> S<T> { pub fn open(self: Box<Self>) -> io::Result<S<T>> { x() } }",
                &["crate::S::open<T: Ord>(@self: Box<Self>) -> io::Result<S<T>> !io"],
            ),
            (
                "pub trait T { fn a(&self); fn b(&self) -> u8 { 1 } }",
                &["crate::T::a(@self: &self) abstract", "crate::T::b(@self: &self) -> u8"],
            ),
            ("pub struct S; impl Clone for S { fn clone(&self) -> S { S } }", &[]),
            (
                "/// Old.\n#[deprecated(since = \"1.2\", note = \"use b\")]\npub fn a() {}",
                &["crate::a() deprecated since 1.2: use b"],
            ),
            ("#[deprecated]\npub fn a() {}", &["crate::a() deprecated ?"]),
            ("#[doc(hidden)]\npub fn a() {}\n#[cfg(test)]\nmod tests { pub fn b() {} }", &[]),
            (
                "/// Sends it.\n///\n/// # Side effects\n/// - network\n/// # Panics\n/// If empty.\n#[must_use]\npub fn a(x: &[u8]) {}",
                &["crate::a(x: &[u8]) !panic ~network"],
            ),
            ("/// @experimental\npub fn a() {}", &["crate::a() experimental"]),
            ("pub mod m { pub fn a() {} mod n { pub fn b() {} } }", &["crate::m::a()"]),
            ("mod m { pub fn a() {} pub fn b() {} } pub use m::a;", &["crate::a()"]),
            ("mod m { pub fn a() {} } pub use m::a as z;", &["crate::z()"]),
            (
                "mod m { pub fn a() {} pub mod n { pub fn b() {} } } pub use m::*;",
                &["crate::a()", "crate::n::b()"],
            ),
            (
                "mod m { pub struct S; impl S { pub fn a(&self) {} } } pub use m::{S};",
                &["crate::S::a(@self: &self)"],
            ),
            (
                "mod m { mod n { pub fn a() {} } pub use self::n::a; } pub use crate::m::a;",
                &["crate::a()"],
            ),
            ("mod m { pub fn a() {} } pub(crate) use m::a;", &[]),
            ("pub use std::fs::read; pub use self as me;", &[]),
            (
                "#[cfg(unix)] pub fn a() {} #[cfg(windows)] pub fn a(x: u8) {}",
                &["crate::a() cfg(unix)", "crate::a~2(x: u8) cfg(windows)"],
            ),
            ("macro_rules! m { () => { pub fn a() {} } } m!();", &[]),
            (
                "pub fn f(g: impl Fn(u8) -> u8 + 'static, h: [u8; 4], i: &dyn A) -> ! { x() }",
                &["crate::f(g: impl Fn(u8) -> u8 + 'static, h: [u8; 4], i: &dyn A) -> !"],
            ),
        ],
    );
}

#[test]
fn rust_across_files() {
    let sources = [
        (
            "core/src/lib.rs",
            "pub mod a;\nmod b;\npub use b::S;\nuse a::T;\nimpl T { pub fn far(&self) {} }",
        ),
        ("core/src/a.rs", "pub struct T;\npub fn f() {}"),
        ("core/src/b/mod.rs", "pub mod c;\npub struct S;\npub fn no() {}"),
        ("core/src/b/c.rs", "use super::S;\nimpl S { pub fn new() -> S { S } }\npub fn no() {}"),
        ("core/src/main.rs", "pub fn no() {}"),
        ("core/src/bin/x.rs", "pub fn no() {}"),
        ("more-x/src/lib.rs", "pub fn f() {}"),
    ];
    assert_eq!(
        offered(&sources),
        [
            "core::S::new() -> S constructor",
            "core::T::far(@self: &self)".replace("core::T", "core::a::T").as_str(),
            "core::a::f()",
            "more_x::f()"
        ]
        .map(str::to_owned)
    );
}

#[test]
fn python() {
    table(
        "shop/orders.py",
        &[
            ("def a(): pass", &["shop.orders.a()"]),
            ("def _a(): pass\nclass _B:\n    def c(self): pass", &[]),
            ("__all__ = ['_a']\ndef _a(): pass\ndef b(): pass", &["shop.orders._a()"]),
            (
                "__all__ = ['a']\n__all__ += ['b']\ndef a(): pass\ndef b(): pass\ndef c(): pass",
                &["shop.orders.a()", "shop.orders.b()"],
            ),
            (
                "async def get(key: str, /, n: int = 1, *rest, deep=False, **more) -> list[int]: pass",
                &[
                    "shop.orders.get(key: str, n?: int = 1, *rest?, =deep? = False, **more?) -> list[int] async",
                ],
            ),
            ("def a(x, *, y): pass", &["shop.orders.a(x, =y)"]),
            (
                "def a(x: dict[str,\n   int,\n], *xs: int): pass",
                &["shop.orders.a(x: dict[str, int], *xs?: int)"],
            ),
            (
                "class C:\n    def __init__(self, a): pass\n    def b(self): pass\n    def _c(self): pass\n    def __repr__(self): pass",
                &["shop.orders.C.__init__(@self, a) constructor", "shop.orders.C.b(@self)"],
            ),
            (
                "class C:\n    @staticmethod\n    def a(x): pass\n    @classmethod\n    def b(cls): pass\n    @property\n    def c(self) -> int: pass\n    @c.setter\n    def c(self, v): pass",
                &[
                    "shop.orders.C.__init__(@self) constructor",
                    "shop.orders.C.a(x) static",
                    "shop.orders.C.b(@cls) classmethod",
                    "shop.orders.C.c(@self) -> int property",
                    "shop.orders.C.c.setter(@self, v) property",
                ],
            ),
            (
                "class C(abc.ABC):\n    @abc.abstractmethod\n    def a(self): ...",
                &[
                    "shop.orders.C.__init__(@self, *args?, **kwargs?) constructor base: abc.ABC",
                    "shop.orders.C.a(@self) abstract",
                ],
            ),
            (
                "@overload\ndef a(x: int) -> int: ...\n@typing.overload\ndef a(x: str) -> str: ...\ndef a(x): pass",
                &["shop.orders.a(x)"],
            ),
            ("@deprecated('use b')\ndef a(): pass", &["shop.orders.a() deprecated use b"]),
            (
                "@warnings.deprecated(\"use D\")\nclass C:\n    def a(self): pass",
                &[
                    "shop.orders.C.__init__(@self, *args?, **kwargs?) constructor deprecated use D",
                    "shop.orders.C.a(@self) deprecated use D",
                ],
            ),
            (
                "def a():\n    \"\"\"Does.\n\n    Raises:\n        KeyError: if not\n\n    Side effects: network\n    \"\"\"",
                &["shop.orders.a() !KeyError ~network"],
            ),
            (
                "def a():\n    '''Does.\n\n    .. deprecated:: 2.0\n    '''",
                &["shop.orders.a() deprecated 2.0"],
            ),
            (
                "@dataclass\nclass C:\n    a: int\n    b: str = 'x'\n    c: ClassVar[int] = 1\n    d: list = field(default_factory=list)\n    e: int = dataclasses.field(init=False)",
                &[
                    "shop.orders.C.__init__(@self, a: int, b?: str = 'x', d?: list = list()) constructor",
                ],
            ),
            (
                "@dataclasses.dataclass(frozen=True, kw_only=True)\nclass C:\n    a: int",
                &["shop.orders.C.__init__(@self, =a: int) constructor"],
            ),
            (
                "try:\n    def a(): pass\nexcept ImportError:\n    def b(): pass\nif __name__ == '__main__':\n    def c(): pass",
                &["shop.orders.a()", "shop.orders.b()"],
            ),
            ("def a():\n    def b(): pass\n    return b", &["shop.orders.a()"]),
            (
                "class A:\n    class B:\n        def c(self): pass\n    class _D:\n        def e(self): pass",
                &[
                    "shop.orders.A.B.__init__(@self) constructor",
                    "shop.orders.A.B.c(@self)",
                    "shop.orders.A.__init__(@self) constructor",
                ],
            ),
            ("def a[T: int](x: T) -> T: pass", &["shop.orders.a[T: int](x: T) -> T"]),
            (
                "def a(x: 'Foo' = None, y=lambda z: (z, 1,)): pass",
                &["shop.orders.a(x?: 'Foo' = None, y? = lambda z: (z, 1))"],
            ),
        ],
    );
    table(
        "src/shop/orders.py",
        &[
            // What is reckoned hides nothing.
            ("__all__ = a.__all__ + ['b']\ndef c(): pass", &["shop.orders.c()"]),
            ("__all__ = ['b']\n__all__.extend(a)\ndef c(): pass", &["shop.orders.c()"]),
            (
                "class E(ValueError): pass\nclass F: 'x'",
                &[
                    "shop.orders.E.__init__(@self, *args?, **kwargs?) constructor base: ValueError",
                    "shop.orders.F.__init__(@self) constructor",
                ],
            ),
            (
                "class C(A, b.B, metaclass=M):\n    def __new__(cls, a): pass",
                &[
                    "shop.orders.C.__new__(@cls, a) constructor base: A base: b.B base: metaclass = M",
                ],
            ),
            (
                "def a():\n    x = yield 1\ndef b():\n    def c(): yield 1\n    return lambda: (yield)",
                &["shop.orders.a() generator", "shop.orders.b()"],
            ),
        ],
    );
    let sources = [
        (
            "web/__init__.py",
            "from ._api import *\nfrom ._client import Client as Client, _hidden, gone\nfrom .open import f\n__all__ = ['get', 'Client', 'f']",
        ),
        ("web/_api.py", "from ._more import post\ndef get(url): pass\ndef _no(): pass"),
        ("web/_more.py", "from web._api import get\nfrom ._more import *\ndef post(): pass"),
        (
            "web/_client.py",
            "class Client:\n    def __init__(self, a): pass\n    def go(self): pass\ndef _hidden(): pass",
        ),
        ("web/open.py", "from ._more import post\nfrom ._api import get as get\ndef f(): pass"),
        ("web/all/__init__.py", "if True:\n    from .._more import *"),
    ];
    assert_eq!(
        offered(&sources),
        [
            "web.Client.__init__(@self, a) constructor",
            "web.Client.go(@self)",
            "web.get(url)",
            "web.all.get(url)",
            "web.all.post()",
            "web.open.f()",
            "web.open.get(url)",
        ]
    );
    let sources = [
        ("lib/shop/__init__.py", "def top(): pass"),
        ("lib/shop/sub/__init__.py", ""),
        ("lib/shop/sub/m.py", "def f(): pass"),
        ("lib/shop/_private.py", "def no(): pass"),
        ("src/flat/x.py", "def g(): pass"),
    ];
    assert_eq!(offered(&sources), ["flat.x.g()", "shop.top()", "shop.sub.m.f()"]);
}

#[test]
fn rust_modules_have_conditions() {
    let sources = [
        (
            "src/lib.rs",
            "#[cfg(unix)]\npub mod a;\n#[cfg(feature = \"x\")]\npub mod b { #[cfg(unix)]\npub fn f() {} pub struct S; impl S { pub fn g(&self) {} } }",
        ),
        ("src/a.rs", "pub fn f() {}"),
    ];
    assert_eq!(
        offered(&sources),
        [
            "crate::a::f() cfg(unix)",
            "crate::b::S::g(@self: &self) cfg(feature = \"x\")",
            "crate::b::f() cfg(feature = \"x\") cfg(unix)",
        ]
    );
}

#[test]
fn typescript_as_others_write_it() {
    table(
        "src/a.ts",
        &[
            ("function f(x: number): void {}\nexport = f;", &["src/a#export=(x: number) -> void"]),
            (
                "declare namespace n { function g(): void; }\nexport = n;",
                &["src/a#export=.g() -> void"],
            ),
            (
                "export interface A<\n  // why\n  in T, /* so */ out U, in out V = X> { out: T; a(out: U): V }\nexport class B<const out T> {}",
                &[
                    "src/a#A.a<T, U, V = X>(out: U) -> V abstract",
                    "src/a#B.constructor() constructor",
                ],
            ),
            (
                "export class E extends Error {}\nexport class P { private constructor() {} }",
                &["src/a#E.constructor(*args?) constructor base: Error"],
            ),
            ("export function* g() { yield 1 }", &["src/a#g() generator"]),
        ],
    );
}

#[test]
fn typescript() {
    table(
        "src/client.ts",
        &[
            ("export function a(): void {}", &["src/client#a() -> void"]),
            ("function a() {}\nconst b = () => 1;", &[]),
            (
                "export async function get<T>(key: string, n = 1, more?: {a: string; b: T[],}, ...rest: number[]): Promise<T> { }",
                &[
                    "src/client#get<T>(key: string, n? = 1, more?: {a: string; b: T[]}, *rest?: number[]) -> Promise<T> async",
                ],
            ),
            (
                "export const a = async (x: number): Promise<void> => {};",
                &["src/client#a(x: number) -> Promise<void> async"],
            ),
            (
                "export const a = x => x, b = 1, c = function (y: string) {};",
                &["src/client#a(x)", "src/client#c(y: string)"],
            ),
            (
                "export const a: (x: number) => string = (x) => '';",
                &["src/client#a(x: number) -> string"],
            ),
            (
                "function a() {}\nclass B { c() {} }\nexport { a, B as D };\nexport { e } from './e';",
                &["src/client#D.c()", "src/client#D.constructor() constructor", "src/client#a()"],
            ),
            ("function a(x: number) {}\nexport default a;", &["src/client#default(x: number)"]),
            (
                "export default class { a() {} }",
                &["src/client#default.a()", "src/client#default.constructor() constructor"],
            ),
            ("export default function () {}", &["src/client#default()"]),
            (
                "export class C<T> { constructor(private x: T) {} get(k: string): T { } private no() {} protected neither() {} #nor() {} static of(): C<any> {} get p(): number { } set p(v: number) {} f = (x: T) => x; async z() {} }",
                &[
                    "src/client#C.constructor<T>(x: T) constructor",
                    "src/client#C.f<T>(x: T)",
                    "src/client#C.get<T>(k: string) -> T",
                    "src/client#C.of<T>() -> C<any> static",
                    "src/client#C.p<T>() -> number property",
                    "src/client#C.p.setter<T>(v: number) property",
                    "src/client#C.z<T>() async",
                ],
            ),
            (
                "export abstract class C { abstract a(x: number): void; b() {} }",
                &[
                    "src/client#C.a(x: number) -> void abstract",
                    "src/client#C.b()",
                    "src/client#C.constructor() constructor",
                ],
            ),
            (
                "export interface I { a(x: string): void; b?(): void; c: (y: number) => string; d: number; (z: string): void; new (w: number): I }",
                &[
                    "src/client#I()(z: string) -> void abstract",
                    "src/client#I.a(x: string) -> void abstract",
                    "src/client#I.b() -> void",
                    "src/client#I.c(y: number) -> string abstract",
                    "src/client#I.new(w: number) -> I constructor abstract",
                ],
            ),
            (
                "export function a(x: string): string;\nexport function a(x: number): number;\nexport function a(x: any): any { return x }",
                &["src/client#a(x: string) -> string", "src/client#a~2(x: number) -> number"],
            ),
            (
                "export class C { a(x: string): string; a(x: number): number; a(x: any): any { return x } }",
                &[
                    "src/client#C.a(x: string) -> string",
                    "src/client#C.a~2(x: number) -> number",
                    "src/client#C.constructor() constructor",
                ],
            ),
            (
                "/** @deprecated use b */\nexport function a() {}",
                &["src/client#a() deprecated use b"],
            ),
            (
                "/**\n * Gets.\n * @throws {RangeError} if\n * @effects network\n * @beta\n */\nexport function a() {}",
                &["src/client#a() !RangeError ~network experimental"],
            ),
            (
                "/** @internal */\nexport function a() {}\nexport class C { /** @internal */ b() {} }",
                &["src/client#C.constructor() constructor"],
            ),
            (
                "export namespace N { export function a() {} function b() {} }",
                &["src/client#N.a()"],
            ),
            (
                "export declare function a(this: Window, x: number): x is 1;",
                &["src/client#a(x: number) -> x is 1"],
            ),
            (
                "/** @deprecated gone soon */\nexport interface I { a(): void }",
                &["src/client#I.a() -> void abstract deprecated gone soon"],
            ),
            (
                "export function a({ x, y }: P, [z]: number[]) {}",
                &["src/client#a({x, y}: P, [z]: number[])"],
            ),
        ],
    );
    assert_eq!(
        offered(&[("a/b.tsx", "export const App = (p: P) => <div>{p.x}</div>;")]),
        ["a/b#App(p: P)"]
    );
    assert_eq!(
        offered(&[("a/b.d.ts", "export declare class C { a(x: number): void }")]),
        ["a/b#C.a(x: number) -> void", "a/b#C.constructor() constructor"]
    );
    assert_eq!(offered(&[("a/b.test.ts", "export function a() {}")]), Vec::<String>::new());
}

#[test]
fn go() {
    table(
        "pkg/client/a.go",
        &[
            ("package client\nfunc A() {}\nfunc b() {}", &["pkg/client.A()"]),
            (
                "package client\nfunc A(a, b int, c ...string) (n int, err error) { return }",
                &["pkg/client.A(a: int, b: int, *c?: string) -> (int, error) !error"],
            ),
            (
                "package client\nfunc A(map[string]int, chan<- int, func(a int) error) *T { return nil }",
                &["pkg/client.A(: map[string]int, : chan<-int, : func(a int) error) -> *T"],
            ),
            (
                "package client\nfunc New(u string) *Client { return nil }\nfunc NewT() T { }\nfunc Newest() {}",
                &[
                    "pkg/client.New(u: string) -> *Client constructor",
                    "pkg/client.NewT() -> T constructor",
                    "pkg/client.Newest()",
                ],
            ),
            (
                "package client\nfunc (c *Client) Get(k string) error { return nil }\nfunc (c Client) Len() int { }\nfunc (c *Client) no() {}\nfunc (c *hidden) No() {}",
                &[
                    "pkg/client.Client.Get(@c: *Client, k: string) -> error !error",
                    "pkg/client.Client.Len(@c: Client) -> int",
                ],
            ),
            (
                "package client\nfunc Map[T any, U comparable](x []T, f func(T) U) []U { }",
                &["pkg/client.Map[T any, U comparable](x: []T, f: func(T) U) -> []U"],
            ),
            (
                "package client\nfunc (s *Set[T]) Add(x T) {}",
                &["pkg/client.Set.Add(@s: *Set[T], x: T)"],
            ),
            (
                "package client\ntype I interface {\n\t// Side effects: network\n\tGet(k string) (int, error)\n\tPut()\n}",
                &[
                    "pkg/client.I.Get(k: string) -> (int, error) abstract !error ~network",
                    "pkg/client.I.Put() abstract",
                ],
            ),
            (
                "package client\ntype I interface { Get(); sealed() }\ntype j interface { Get() }",
                &["pkg/client.I.Get()"],
            ),
            (
                "package client\n// A does.\n//\n// Deprecated: use B.\nfunc A() {}",
                &["pkg/client.A() deprecated use B."],
            ),
            ("package client\n// Deprecated: use B.\n\nfunc A() {}", &["pkg/client.A()"]),
            (
                "package client\n// Experimental: may go.\nfunc A() {}",
                &["pkg/client.A() experimental"],
            ),
            ("package main\nfunc A() {}", &[]),
            (
                "package client\nfunc A(x struct{ a int; b string }, y interface{}) {}",
                &["pkg/client.A(x: struct{a int; b string}, y: interface{})"],
            ),
            (
                "package client\n// Panics when asked.\n// Side effects: fs: writes; network.\nfunc A() (err error) { return }",
                &["pkg/client.A() -> error !error ~fs: writes,network"],
            ),
            ("package client\nvar F = func(x int) {}\ntype T struct{ G func() }", &[]),
        ],
    );
    assert_eq!(
        offered(&[
            ("a/internal/b.go", "package b\nfunc A() {}"),
            ("a/c_test.go", "package a\nfunc B() {}")
        ]),
        Vec::<String>::new()
    );
    assert_eq!(offered(&[("a.go", "package root\nfunc A() {}")]), ["root.A()"]);
}

#[test]
fn go_has_what_it_embeds_and_files_for_some_systems() {
    let sources = [
        (
            "pkg/a.go",
            "package pkg\ntype C struct {\n\t*base\n\tio.Reader `json:\"-\"`\n\t*Other[int]\n\tn int\n}\nfunc (c C) Near() {}\ntype d struct { base }\ntype E struct { d; n int }",
        ),
        (
            "pkg/b.go",
            "package pkg\ntype base struct{ deep }\nfunc (b *base) Get(k string) int { return 1 }\nfunc (b *base) Near() {}\nfunc (b *base) no() {}\ntype deep struct{ *base }\nfunc (deep) Get() {}\nfunc (deep) Last() {}",
        ),
        ("pkg/c_linux.go", "package pkg\nfunc A() {}"),
        ("pkg/d_windows_arm64.go", "//go:build cgo\npackage pkg\nfunc B() {}"),
        ("pkg/linux.go", "package pkg\nfunc D() {}"),
        ("other/a.go", "package other\ntype G struct{ base }"),
    ];
    let mut got = offered(&sources);
    got.sort();
    assert_eq!(
        got,
        [
            "pkg.A() go:build linux",
            "pkg.B() go:build cgo go:build windows && arm64",
            "pkg.C.Get(@b: *base, k: string) -> int",
            "pkg.C.Last(@: deep)",
            "pkg.C.Near(@c: C)",
            "pkg.C.Other() -> *Other[int] property",
            "pkg.C.Reader() -> io.Reader property",
            "pkg.D()",
            "pkg.E.Get(@b: *base, k: string) -> int",
            "pkg.E.Last(@: deep)",
            "pkg.E.Near(@b: *base)",
        ]
    );
}

#[test]
fn what_cannot_be_read_is_told() {
    for (path, source, line, why) in [
        ("a.rs", &b"pub fn a() {}\npub fn b( {}"[..], 2, "syntax error"),
        ("a.py", b"def a(:\n  pass", 1, "syntax error"),
        ("a.ts", b"export function (", 1, "syntax error"),
        ("a.go", b"package a\n\nfunc {", 3, "syntax error"),
        ("a.rs", b"\xff", 1, "UTF-8"),
        ("a.java", b"", 1, "by its name"),
        ("a.go", &[b'/'; syntax::MAX_BYTES + 1], 1, "bytes"),
    ] {
        let got = extract([(path, source)]);
        assert_eq!(got.troubles.len(), 1, "{path}");
        let trouble = &got.troubles[0];
        assert!(trouble.message.contains(why) && trouble.line == line, "{path}: {trouble:?}");
    }
    let got = extract([("a.rs", &b"pub fn a() {}\npub fn b( {}"[..])]);
    assert_eq!(got.functions[0].name(), "crate::a::a", "the rest is still read");
}
