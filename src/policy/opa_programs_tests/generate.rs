//! Small random programs of every kind of rule, and inputs for them. What OPA refuses costs a
//! little time only, so types and safety are no more than likely.

use super::calls::CALLS;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

/// A program and the rules to ask for.
pub struct Program {
    pub text: String,
    pub rules: Vec<String>,
}

pub fn program(seed: u64) -> Program {
    Generator::new(seed).program()
}

pub(super) struct Generator {
    random: StdRng,
    vars: Vec<String>,
    rules: Vec<String>,
    functions: Vec<(String, usize)>,
    next: usize,
}

impl Generator {
    fn new(seed: u64) -> Self {
        let functions = vec![("data.lib.pick".to_owned(), 1), ("l.both".to_owned(), 2)];
        let rules = vec!["data.lib.set".into(), "l.map".into(), "data.docs.list".into()];
        let random = StdRng::seed_from_u64(seed);
        Self { random, vars: Vec::new(), rules, functions, next: 0 }
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.random.random_range(0..limit)
    }

    pub(super) fn pick(&mut self, list: &[&str]) -> String {
        (*list.choose(&mut self.random).unwrap()).to_owned()
    }

    fn fresh(&mut self) -> String {
        self.next += 1;
        format!("v{}", self.next)
    }

    fn program(mut self) -> Program {
        let mut text = "package gen\n\nimport data.lib as l\n".to_owned();
        let mut rules = Vec::new();
        for number in 0..1 + self.below(4) {
            let name = format!("r{number}");
            text.push('\n');
            if self.below(5) == 0 {
                let name = format!("f{number}");
                text.push_str(&self.function(&name));
            } else {
                text.push_str(&self.rule(&name));
                self.rules.push(name.clone());
                rules.push(name);
            }
        }
        Program { text, rules }
    }

    /// A scope of its own.
    fn scoped<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.vars.len();
        let done = work(self);
        self.vars.truncate(outer);
        done
    }

    fn body(&mut self, most: usize) -> String {
        let count = 1 + self.below(most);
        (0..count).map(|_| format!("\t{}\n", self.statement(2))).collect()
    }

    fn rule(&mut self, name: &str) -> String {
        let kind = self.below(9);
        let mut text = String::new();
        if kind < 4 && self.below(3) == 0 {
            text.push_str(&format!("default {name} := {}\n", self.literal()));
        }
        for _ in 0..1 + self.below(5) / 3 {
            let one = self.scoped(|g| {
                let body = g.body(3);
                let value = g.expr(2);
                let key = g.expr(1);
                match kind {
                    0 | 1 => format!("{name} := {value} if {{\n{body}}}"),
                    2 => format!("{name} if {{\n{body}}}"),
                    3 => format!("{name} = {value} if {{\n{body}}}"),
                    4 | 5 => format!("{name} contains {value} if {{\n{body}}}"),
                    6 => format!("{name}[{key}] := {value} if {{\n{body}}}"),
                    7 => {
                        format!("{name}.{} := {value} if {{\n{body}}}", g.pick(&["a", "b", "a.b"]))
                    }
                    _ => format!("{name}[{key}] if {{\n{body}}}"),
                }
            });
            text.push_str(&one);
            if kind < 4 {
                text.push_str(&self.elses());
            }
            text.push('\n');
        }
        if self.below(12) == 0 {
            return match self.below(3) {
                0 => format!("{name} := {}\n", self.expr(3)),
                1 => format!("{name} contains {}\n", self.expr(2)),
                _ => format!("{name}[{}] := {}\n", self.expr(1), self.expr(2)),
            };
        }
        text
    }

    fn elses(&mut self) -> String {
        let mut text = String::new();
        while self.below(4) == 0 {
            let one = self.scoped(|g| {
                let body = g.body(2);
                match g.below(3) {
                    0 => format!(" else if {{\n{body}}}"),
                    _ => format!(" else := {} if {{\n{body}}}", g.expr(1)),
                }
            });
            text.push_str(&one);
        }
        if self.below(8) == 0 {
            text.push_str(&format!(" else := {}", self.expr(1)));
        }
        text
    }

    fn function(&mut self, name: &str) -> String {
        let arity = 1 + self.below(2);
        let mut text = String::new();
        if self.below(4) == 0 {
            let args = vec!["_"; arity].join(", ");
            text.push_str(&format!("default {name}({args}) := {}\n", self.literal()));
        }
        for _ in 0..1 + self.below(3) {
            let one = self.scoped(|g| {
                let args: Vec<_> = (0..arity).map(|_| g.argument()).collect();
                let args = args.join(", ");
                match g.below(5) {
                    0 => format!("{name}({args}) := {}", g.expr(2)),
                    1 => format!("{name}({args}) if {{\n{}}}", g.body(2)),
                    _ => {
                        let body = g.body(2);
                        format!("{name}({args}) := {} if {{\n{body}}}", g.expr(2))
                    }
                }
            });
            text.push_str(&one);
            text.push_str(&self.elses());
            text.push('\n');
        }
        self.functions.push((name.to_owned(), arity));
        text
    }

    fn argument(&mut self) -> String {
        match self.below(8) {
            0 => self.literal(),
            1 => "_".to_owned(),
            2 => self.pattern(),
            _ => self.bind(),
        }
    }

    fn bind(&mut self) -> String {
        // Now and then a name that shadows a rule or is reused.
        let name = self.fresh();
        self.vars.push(name.clone());
        name
    }

    fn pattern(&mut self) -> String {
        match self.below(6) {
            0 => format!("[{}, {}]", self.bind(), self.literal()),
            1 => format!("[{}, {}]", self.bind(), self.bind()),
            2 => format!("{{\"a\": {}}}", self.bind()),
            3 => format!("{{\"a\": {}, \"b\": {}}}", self.bind(), self.literal()),
            4 => format!("[{}]", self.bind()),
            _ => "_".to_owned(),
        }
    }

    fn statement(&mut self, depth: usize) -> String {
        let mut text = self.plain(depth);
        if self.below(12) == 0 {
            let target = self.pick(&[
                "input",
                "input.a",
                "input.obj.k",
                "data.docs.list",
                "data.lib.set",
                "input.list",
            ]);
            let value = match target.as_str() {
                "input" => self.object(1),
                _ => self.expr(1),
            };
            text.push_str(&format!(" with {target} as {value}"));
        }
        text
    }

    fn plain(&mut self, depth: usize) -> String {
        match self.below(24) {
            0..=2 => self.expr(depth),
            3 | 4 => self.negation(depth),
            5..=7 => {
                let value = self.expr(depth);
                let name = match self.below(8) {
                    0 => self.pattern(),
                    _ => self.bind(),
                };
                format!("{name} := {value}")
            }
            8 | 9 => self.comparison(depth),
            10 => {
                let value = self.expr(depth);
                format!("{} = {value}", self.pattern())
            }
            11 => {
                let value = self.expr(depth);
                match self.below(3) {
                    0 => format!("{value} = {}", self.bind()),
                    1 => format!("{value} = {}", self.expr(1)),
                    _ => format!("{value} = {}", self.pattern()),
                }
            }
            12..=14 => {
                let from = self.collection(1);
                format!("some {} in {from}", self.bind())
            }
            15 => {
                let from = self.collection(1);
                format!("some {}, {} in {from}", self.bind(), self.bind())
            }
            16 => {
                let from = self.collection(1);
                format!("some {} in {from}", self.pattern())
            }
            17 => {
                let from = self.reference();
                let name = self.fresh();
                let text = format!("some {name}; {from}[{name}]");
                self.vars.push(name);
                match self.below(2) {
                    0 => text,
                    _ => format!("{text} == {}", self.expr(1)),
                }
            }
            18 => {
                let from = self.collection(1);
                self.scoped(|g| {
                    let name = match g.below(3) {
                        0 => format!("{}, {}", g.bind(), g.bind()),
                        _ => g.bind(),
                    };
                    format!("every {name} in {from} {{ {} }}", g.inline())
                })
            }
            19 => {
                let from = self.expr(1);
                let pair = match self.below(3) {
                    0 => format!("[[\"a\"], {}]", self.bind()),
                    _ => format!("[{}, {}]", self.bind(), self.bind()),
                };
                format!("walk({from}, {pair})")
            }
            // By a name that a reference gives its value, and by another name for it.
            20 => {
                let (from, other) = (self.reference(), self.reference());
                let name = self.bind();
                match self.below(2) {
                    0 => format!("{from}[{name}]; not {other}[{name}]"),
                    _ => {
                        let alias = self.bind();
                        format!("{from}[{name}]; {alias} := {name}; {other}[{alias}]")
                    }
                }
            }
            21 => {
                let name = match self.vars.is_empty() {
                    true => self.literal(),
                    false => self.vars.choose(&mut self.random).unwrap().clone(),
                };
                format!("{} = {{\"a\": {name}}}", self.bind())
            }
            22 => {
                let from = self.reference();
                format!("some {} in {from}", self.bind())
            }
            _ => {
                let from = self.reference();
                format!("{} := {from}[_]", self.bind())
            }
        }
    }

    /// Below `not` OPA's compiler moves parts about.
    fn negation(&mut self, depth: usize) -> String {
        let inner = match self.below(8) {
            0 => self.call(depth),
            1 => self.comparison(depth),
            2 => format!("{} in {}", self.expr(depth - 1), self.collection(1)),
            3 => format!("{} == {}", self.call(depth), self.expr(1)),
            4 => {
                let sign = self.pick(&["==", "!=", "<", ">="]);
                format!("{} + {} {sign} {}", self.reference(), self.of('n', 0), self.of('n', 1))
            }
            5 => format!("count({}) {} 1", self.collection(1), self.pick(&["==", ">", "<="])),
            _ => self.expr(depth),
        };
        // OPA 1.22 takes a body of nothing but `not true` for true; the other way round it is right.
        let inner = if inner == "true" { "false".to_owned() } else { inner };
        format!("not {inner}")
    }

    fn inline(&mut self) -> String {
        let count = 1 + self.below(2);
        let list: Vec<_> = (0..count).map(|_| self.statement(1)).collect();
        list.join("; ")
    }

    fn comparison(&mut self, depth: usize) -> String {
        let sign = self.pick(&["==", "!=", "<", "<=", ">", ">="]);
        // Sets come before objects here and after them in OPA: `{1} < input` is refused when it can be
        // seen, and a set in a name is not looked for.
        if sign.starts_with(['<', '>']) {
            let mut side = || match self.below(4) {
                0 => self.of('n', 1),
                1 => self.of('s', 1),
                2 => self.array(0),
                _ => self.reference(),
            };
            return format!("{} {sign} {}", side(), side());
        }
        format!("{} {sign} {}", self.expr(depth.min(1)), self.expr(depth.min(1)))
    }

    fn literal(&mut self) -> String {
        self.pick(&[
            "null",
            "true",
            "false",
            "false",
            "0",
            "1",
            "2",
            "-1",
            "1.5",
            "1.0",
            "1e20",
            "0.1",
            "9007199254740993",
            "123456789012345678901234567890",
            "\"a\"",
            "\"b\"",
            "\"\"",
            "\"7\"",
            "\"ab\"",
            "`a`",
            "[]",
            "{}",
            "set()",
            "[1, 2]",
            "{1, 2}",
            "{\"a\": 1}",
            "{1: \"a\"}",
            "{\"a\", \"b\"}",
        ])
    }

    pub(super) fn reference(&mut self) -> String {
        if !self.vars.is_empty() && self.below(3) == 0 {
            return self.vars.choose(&mut self.random).unwrap().clone();
        }
        if self.below(3) == 0 {
            return self.rules.choose(&mut self.random).unwrap().clone();
        }
        self.pick(&[
            "input",
            "input.a",
            "input.b",
            "input.n",
            "input.s",
            "input.list",
            "input.obj",
            "input.obj.k",
            "input.obj.a",
            "input.list[0]",
            "input.flag",
            "input[\"a\"]",
            "input.missing",
            "input.missing.x",
            "data.docs.list",
            "data.docs.obj",
            "data.docs",
            "input.list[-1]",
        ])
    }

    pub(super) fn collection(&mut self, depth: usize) -> String {
        match self.below(8) {
            0 => "input.list".to_owned(),
            1 => "input.obj".to_owned(),
            2 => self.array(depth),
            3 => self.set(depth),
            4 => self.object(depth),
            5 => self.comprehension(depth),
            _ => self.reference(),
        }
    }

    pub(super) fn array(&mut self, depth: usize) -> String {
        let count = self.below(3) + 1;
        let list: Vec<_> = (0..count).map(|_| self.expr(depth.saturating_sub(1))).collect();
        format!("[{}]", list.join(", "))
    }

    pub(super) fn set(&mut self, depth: usize) -> String {
        let list = self.array(depth);
        format!("{{{}}}", &list[1..list.len() - 1])
    }

    pub(super) fn object(&mut self, depth: usize) -> String {
        let count = self.below(3);
        let list: Vec<_> = (0..count)
            .map(|_| {
                let key = match self.below(4) {
                    0 => self.expr(depth.saturating_sub(1)),
                    _ => self.pick(&["\"a\"", "\"b\"", "1"]),
                };
                format!("{key}: {}", self.expr(depth.saturating_sub(1)))
            })
            .collect();
        format!("{{{}}}", list.join(", "))
    }

    fn comprehension(&mut self, depth: usize) -> String {
        let depth = depth.saturating_sub(1);
        self.scoped(|g| {
            let body = g.inline();
            match g.below(3) {
                0 => format!("[{} | {body}]", g.expr(depth)),
                1 => format!("{{{} | {body}}}", g.expr(depth)),
                _ => format!("{{{}: {} | {body}}}", g.expr(0), g.expr(depth)),
            }
        })
    }

    fn call(&mut self, depth: usize) -> String {
        let depth = depth.saturating_sub(1);
        if self.below(3) == 0 {
            let (name, arity) = self.functions.choose(&mut self.random).unwrap().clone();
            let args: Vec<_> = (0..arity).map(|_| self.expr(depth)).collect();
            return format!("{name}({})", args.join(", "));
        }
        let (name, kinds) = *CALLS.choose(&mut self.random).unwrap();
        let args: Vec<_> = kinds.chars().map(|kind| self.of(kind, depth)).collect();
        format!("{name}({})", args.join(", "))
    }

    pub(super) fn expr(&mut self, depth: usize) -> String {
        let simple = if depth == 0 { 6 } else { 16 };
        match self.below(simple) {
            0 | 1 => self.literal(),
            2 | 3 => self.reference(),
            4 if !self.vars.is_empty() => self.vars.choose(&mut self.random).unwrap().clone(),
            4 => self.reference(),
            5 => format!(
                "{}{}",
                self.reference(),
                self.pick(&[
                    ".a",
                    ".k",
                    "[0]",
                    "[_]",
                    "[\"a\"]",
                    "[1]",
                    "[input.n]",
                    "[input.s]",
                    "[false]"
                ])
            ),
            6 => self.array(depth),
            7 => self.set(depth),
            8 => self.object(depth),
            9 => self.comprehension(depth),
            10 | 11 => self.call(depth),
            12 => {
                let sign = self.pick(&["+", "-", "*", "/", "%"]);
                format!("({} {sign} {})", self.of('n', 0), self.of('n', 0))
            }
            13 => match self.below(3) {
                0 => format!(
                    "({} {} {})",
                    self.collection(1),
                    self.pick(&["|", "&", "-"]),
                    self.set(1)
                ),
                1 => format!("({})", self.comparison(1)),
                _ => format!("({} in {})", self.expr(0), self.collection(1)),
            },
            14 => format!("{}[{}]", self.reference(), self.expr(depth - 1)),
            _ => format!("{}[{}]", self.collection(1), self.expr(0)),
        }
    }
}
