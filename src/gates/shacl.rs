//! SHACL Core over graphs, as far as shapes here go. What a shapes graph says in SHACL's vocabulary
//! and this engine does not know is an error, never skipped.

use std::cell::RefCell;
use std::collections::BTreeMap;

use regex::Regex;

use super::rdf::{Graph, Kind, Object, Term};
use super::xsd;

const SH: &str = "http://www.w3.org/ns/shacl#";
const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
const MAX_DEPTH: usize = 16;
/// Nodes on one path from one node.
const MAX_VALUES: usize = 200_000;

/// The words of SHACL that are understood.
const KNOWN: &[&str] = &[
    "NodeShape",
    "PropertyShape",
    "BlankNodeOrIRI",
    "BlankNode",
    "IRI",
    "Literal",
    "IRIOrLiteral",
    "BlankNodeOrLiteral",
    "targetClass",
    "targetNode",
    "targetSubjectsOf",
    "targetObjectsOf",
    "property",
    "path",
    "inversePath",
    "alternativePath",
    "minCount",
    "maxCount",
    "datatype",
    "class",
    "nodeKind",
    "in",
    "or",
    "and",
    "not",
    "node",
    "pattern",
    "uniqueLang",
    "hasValue",
    "minLength",
    "maxLength",
    "message",
    "name",
    "description",
];

/// One place where a node is not what its shape says.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Violation {
    /// The node.
    pub(super) focus: Term,
    /// The property's path, as IRIs; empty if it is about the node itself.
    pub(super) path: String,
    /// Whether something is missing, and not something there wrong.
    pub(super) missing: bool,
    /// What is wrong, as the end of a sentence.
    pub(super) message: String,
}

/// The first word of a shapes graph that this engine does not know.
pub(super) fn unknown(shapes: &Graph) -> Option<&str> {
    shapes.iris().filter_map(|iri| iri.strip_prefix(SH)).find(|word| !KNOWN.contains(word))
}

/// Everything in `data` that is not what `shapes` says, sorted.
pub(super) fn validate(shapes: &Graph, data: &Graph) -> Vec<Violation> {
    let engine = Engine { shapes, data, patterns: RefCell::default() };
    let mut found = Vec::new();
    for shape in shapes.of_type(&sh("NodeShape")) {
        for focus in engine.targets(shape) {
            engine.check(shape, &focus, &mut found, 0);
        }
    }
    found.sort();
    found.dedup();
    found
}

fn sh(name: &str) -> String {
    format!("{SH}{name}")
}

struct Engine<'a> {
    shapes: &'a Graph,
    data: &'a Graph,
    /// Compiled once a run; one that does not compile matches nothing.
    patterns: RefCell<BTreeMap<String, Option<Regex>>>,
}

impl Engine<'_> {
    fn targets(&self, shape: &Term) -> Vec<Object> {
        let mut found: Vec<Term> = Vec::new();
        for (word, value) in self.parameters(shape) {
            let Term::Iri(iri) = &value.term else { continue };
            match word.as_str() {
                "targetClass" => found.extend(self.data.of_type(iri).into_iter().cloned()),
                "targetNode" => found.push(value.term),
                "targetSubjectsOf" => found.extend(self.data.pairs(iri).map(|(s, _)| s.clone())),
                "targetObjectsOf" => found.extend(self.data.pairs(iri).map(|(_, o)| o.clone())),
                _ => {}
            }
        }
        found.sort();
        found.dedup();
        found.into_iter().map(Object::node).collect()
    }

    /// What a shape says, by SHACL's words.
    fn parameters(&self, shape: &Term) -> Vec<(String, Object)> {
        let said = self.shapes.statements(shape);
        said.filter_map(|(p, o)| Some((p.strip_prefix(SH)?.to_owned(), o.clone()))).collect()
    }

    fn conforms(&self, shape: &Term, focus: &Object, depth: usize) -> bool {
        let mut found = Vec::new();
        self.check(shape, focus, &mut found, depth + 1);
        found.is_empty()
    }

    fn check(&self, shape: &Term, focus: &Object, found: &mut Vec<Violation>, depth: usize) {
        let said = self.parameters(shape);
        let path = said.iter().find(|(word, _)| word == "path").map(|(_, path)| &path.term);
        let shown = path.map(|path| self.show(path, 0)).unwrap_or_default();
        let own = said.iter().find(|(word, _)| word == "message").map(|(_, text)| text.term.text());
        let mut say = |missing: bool, message: String| {
            let message = own.filter(|_| !missing).map_or(message, str::to_owned);
            let (focus, path) = (focus.term.clone(), shown.clone());
            found.push(Violation { focus, path, missing, message });
        };
        if depth > MAX_DEPTH {
            return say(false, "is described too deep to be judged".to_owned());
        }
        let values = match path {
            Some(path) => self.follow(path, focus, depth),
            None => Some(vec![focus.clone()]),
        };
        let Some(values) = values else {
            return say(false, "cannot be followed".to_owned());
        };
        let mut inner = Vec::new();
        for (word, parameter) in &said {
            match word.as_str() {
                "minCount" if values.len() < number(parameter) => {
                    say(
                        true,
                        match number(parameter) {
                            1 => "is missing".to_owned(),
                            least => format!("has {} values, fewer than {least}", values.len()),
                        },
                    );
                }
                "maxCount" if values.len() > number(parameter) => {
                    say(
                        false,
                        format!("has {} values, more than {}", values.len(), number(parameter)),
                    );
                }
                "uniqueLang" if parameter.term == Term::Literal("true".into()) => {
                    let mut tags: Vec<&str> = values.iter().filter_map(Object::language).collect();
                    tags.sort_unstable();
                    if let Some(twice) = tags.windows(2).find(|pair| pair[0] == pair[1]) {
                        say(false, format!("has two values in the language {:?}", twice[0]));
                    }
                }
                "hasValue" if !values.iter().any(|value| value.term == parameter.term) => {
                    say(true, format!("lacks the value {}", parameter.term.text()));
                }
                "property" => {
                    for value in &values {
                        self.check(&parameter.term, value, &mut inner, depth + 1);
                    }
                }
                _ => {
                    for value in &values {
                        if let Some(message) = self.value(word, parameter, value, depth) {
                            say(false, message);
                        }
                    }
                }
            }
        }
        found.append(&mut inner);
    }

    /// What is wrong with one value by one constraint.
    fn value(
        &self,
        word: &str,
        parameter: &Object,
        value: &Object,
        depth: usize,
    ) -> Option<String> {
        let wanted = parameter.term.text();
        let wrong = |held: bool, message: String| (!held).then_some(message);
        match word {
            "datatype" => {
                let held =
                    value.datatype() == Some(wanted) && xsd::is_valid(wanted, value.term.text());
                wrong(held, format!("is no {}", short(wanted)))
            }
            "nodeKind" => wrong(has_kind(wanted, &value.kind), format!("is no {}", short(wanted))),
            "class" => {
                wrong(self.data.is_a(&value.term, wanted), format!("is no {}", short(wanted)))
            }
            "pattern" => {
                let mut patterns = self.patterns.borrow_mut();
                let pattern =
                    patterns.entry(wanted.to_owned()).or_insert_with(|| Regex::new(wanted).ok());
                let held = value.kind != Kind::Blank
                    && pattern.as_ref().is_some_and(|regex| regex.is_match(value.term.text()));
                wrong(held, format!("does not match {wanted}"))
            }
            "minLength" => wrong(
                length(value).is_some_and(|length| length >= number(parameter)),
                format!("is shorter than {wanted} characters"),
            ),
            "maxLength" => wrong(
                length(value).is_some_and(|length| length <= number(parameter)),
                format!("is longer than {wanted} characters"),
            ),
            "in" => {
                let list = self.list(&parameter.term);
                let held = list.iter().any(|one| one.term == value.term && one.kind == value.kind);
                let names: Vec<&str> = list.iter().map(|one| short(one.term.text())).collect();
                wrong(held, format!("is none of {}", names.join(", ")))
            }
            "or" => {
                let list = self.list(&parameter.term);
                let held = list.iter().any(|shape| self.conforms(&shape.term, value, depth));
                wrong(held, format!("is none of {}", self.kinds(&list)))
            }
            "and" => {
                let list = self.list(&parameter.term);
                let held = list.iter().all(|shape| self.conforms(&shape.term, value, depth));
                wrong(held, "is not all that it must be".to_owned())
            }
            "not" => {
                let held = !self.conforms(&parameter.term, value, depth);
                wrong(held, "is what it must not be".to_owned())
            }
            "node" => {
                let mut inner = Vec::new();
                self.check(&parameter.term, value, &mut inner, depth + 1);
                inner.into_iter().next().map(|first| first.message)
            }
            _ => None,
        }
    }

    /// Alternatives by their datatypes, classes or paths.
    fn kinds(&self, list: &[Object]) -> String {
        let names =
            list.iter().flat_map(|shape| self.parameters(&shape.term)).map(|(word, value)| {
                if word == "property" {
                    let path = self.shapes.statements(&value.term).find(|(p, _)| *p == sh("path"));
                    let path = path.map(|(_, path)| self.show(&path.term, 0)).unwrap_or_default();
                    return format!("something with {}", short(&path));
                }
                short(value.term.text()).to_owned()
            });
        names.collect::<Vec<_>>().join(", ")
    }

    /// The nodes that a path leads to.
    fn follow(&self, path: &Term, focus: &Object, depth: usize) -> Option<Vec<Object>> {
        if depth > MAX_DEPTH {
            return None;
        }
        let mut found: Vec<Object> = match path {
            Term::Iri(iri) => self.data.values(&focus.term, iri).cloned().collect(),
            Term::Literal(_) => return None,
            Term::Blank(_) => {
                let said = self.parameters(path);
                if let Some((_, inverse)) = said.iter().find(|(word, _)| word == "inversePath") {
                    let Term::Iri(iri) = &inverse.term else { return None };
                    self.data.subjects(iri, &focus.term).cloned().map(Object::node).collect()
                } else if let Some((_, list)) = said.iter().find(|(w, _)| w == "alternativePath") {
                    let mut all = Vec::new();
                    for one in self.list(&list.term) {
                        all.extend(self.follow(&one.term, focus, depth + 1)?);
                    }
                    all
                } else {
                    let steps = self.list(path);
                    let mut nodes = vec![focus.clone()];
                    for step in &steps {
                        let mut next = Vec::new();
                        for node in &nodes {
                            next.extend(self.follow(&step.term, node, depth + 1)?);
                        }
                        nodes = next;
                    }
                    if steps.is_empty() { return None } else { nodes }
                }
            }
        };
        // Values are a set.
        found.sort();
        found.dedup();
        (found.len() <= MAX_VALUES).then_some(found)
    }

    fn list(&self, head: &Term) -> Vec<Object> {
        let (first, rest) = (format!("{RDF}first"), format!("{RDF}rest"));
        let mut items = Vec::new();
        let mut at = Some(head.clone());
        while let Some(node) = at.filter(|_| items.len() < 1000) {
            items.extend(self.shapes.values(&node, &first).next().cloned());
            at = self.shapes.values(&node, &rest).next().map(|next| next.term.clone());
        }
        items
    }

    fn show(&self, path: &Term, depth: usize) -> String {
        match path {
            Term::Iri(iri) => iri.clone(),
            _ if depth > MAX_DEPTH => String::new(),
            _ => {
                let inverse = self.shapes.values(path, "http://www.w3.org/ns/shacl#inversePath");
                if let Some(inverse) = inverse.into_iter().next() {
                    return format!("^{}", self.show(&inverse.term, depth + 1));
                }
                let steps = self.list(path);
                steps.iter().map(|s| self.show(&s.term, depth + 1)).collect::<Vec<_>>().join("/")
            }
        }
    }
}

fn number(parameter: &Object) -> usize {
    parameter.term.text().parse().unwrap_or(usize::MAX)
}

fn length(value: &Object) -> Option<usize> {
    (value.kind != Kind::Blank).then(|| value.term.text().chars().count())
}

fn short(iri: &str) -> &str {
    iri.rsplit(['#', '/']).next().unwrap_or(iri)
}

fn has_kind(wanted: &str, kind: &Kind) -> bool {
    let (iri, blank) = (*kind == Kind::Iri, *kind == Kind::Blank);
    match short(wanted) {
        "IRI" => iri,
        "BlankNode" => blank,
        "Literal" => !iri && !blank,
        "BlankNodeOrIRI" => iri || blank,
        "IRIOrLiteral" => !blank,
        "BlankNodeOrLiteral" => !iri,
        _ => false,
    }
}
