//! What a class has that nobody writes into it: its bases, and a constructor.

use tree_sitter::Node;

use super::python::has;
use super::registry::{Param, ParamKind};
use super::syntax::{field, named, plain, raw, word};

/// What a class is made from, as modifiers: whoever catches one or asks for its kind counts on it.
pub(super) fn bases(class: Node<'_>, text: &str) -> Vec<String> {
    let all = field(class, "superclasses").map(named).unwrap_or_default();
    let all = all.into_iter().filter(|base| base.kind() != "comment");
    let names = all.map(|base| plain(base, text)).filter(|base| base != "object");
    names.map(|base| format!("base: {base}")).collect()
}

/// The parameters of a constructor that a class does not write: what its bases take is not known, and without
/// any it takes nothing.
pub(super) fn inherited(alone: bool) -> Vec<Param> {
    let param = |name: &str, kind, required| Param {
        name: name.to_owned(),
        kind,
        required,
        ..Param::default()
    };
    let mut params = vec![param("self", ParamKind::Receiver, true)];
    if !alone {
        params.push(param("args", ParamKind::Variadic, false));
        params.push(param("kwargs", ParamKind::KeywordVariadic, false));
    }
    params
}

/// The parameters that `@dataclass` makes of a class's fields. Those of its bases are not seen.
pub(super) fn fields(body: Node<'_>, decorator: Node<'_>, text: &str) -> Vec<Param> {
    let mut params = inherited(true);
    let mut kind = match plain(decorator, text).contains("kw_only = True") {
        true => ParamKind::Keyword,
        false => ParamKind::PositionalOrKeyword,
    };
    for statement in named(body) {
        let Some(set) = named(statement).first().copied() else { continue };
        let Some(of) = field(set, "type").filter(|_| set.kind() == "assignment") else { continue };
        if has(of, "ClassVar", text) {
            continue;
        }
        if has(of, "KW_ONLY", text) {
            kind = ParamKind::Keyword;
            continue;
        }
        let mut param = Param {
            name: word(set, "left", text).to_owned(),
            of: Some(plain(of, text)),
            kind,
            required: true,
            default: None,
        };
        if let Some(value) = field(set, "right") {
            let called = field(value, "function").map_or("", |function| raw(function, text));
            if called.rsplit('.').next() == Some("field") {
                let arguments = field(value, "arguments").map(named).unwrap_or_default();
                let given = |name: &str| {
                    let one = arguments.iter().find(|one| word(**one, "name", text) == name);
                    one.and_then(|one| field(*one, "value")).map(|value| plain(value, text))
                };
                if given("init").as_deref() == Some("False") {
                    continue;
                }
                if given("kw_only").as_deref() == Some("True") {
                    param.kind = ParamKind::Keyword;
                }
                let made = given("default_factory").map(|factory| format!("{factory}()"));
                param.default = given("default").or(made);
            } else {
                param.default = Some(plain(value, text));
            }
            param.required = param.default.is_none();
        }
        params.push(param);
    }
    params
}
