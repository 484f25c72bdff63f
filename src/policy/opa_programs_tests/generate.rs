//! Small random programs of every kind of rule, and inputs for them. What OPA refuses costs a
//! little time only, so types and safety are no more than likely.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

/// A program and the rules to ask for.
pub struct Program {
    pub text: String,
    pub rules: Vec<String>,
}

pub fn program(seed: u64) -> Program {
    Generator::new(seed).program()
}

pub fn inputs(seed: u64, count: usize) -> Vec<Value> {
    let mut random = StdRng::seed_from_u64(seed ^ 0x5eed);
    (0..count).map(|_| input(&mut random)).collect()
}

fn input(random: &mut StdRng) -> Value {
    let mut members = serde_json::Map::new();
    for name in ["a", "b", "n", "s", "list", "obj", "flag"] {
        let usual = match name {
            "n" => json!(random.random_range(-2..4)),
            "s" => json!(["a", "ab", "", "7", "a,b"].choose(random).unwrap()),
            "list" => (0..random.random_range(0..4)).map(|_| value(random, 1)).collect(),
            "obj" => {
                let keys = ["a", "b", "k", "0"].iter().filter(|_| random.random_bool(0.6));
                let keys: Vec<_> = keys.collect();
                keys.iter().map(|key| ((**key).to_owned(), value(random, 1))).collect()
            }
            "flag" => json!(random.random::<bool>()),
            _ => value(random, 2),
        };
        match random.random_range(0..10) {
            0 => {}
            1 => drop(members.insert(name.into(), value(random, 2))),
            _ => drop(members.insert(name.into(), usual)),
        }
    }
    Value::Object(members)
}

fn value(random: &mut StdRng, depth: usize) -> Value {
    match random.random_range(0..if depth == 0 { 8 } else { 12 }) {
        0 => json!(null),
        1 => json!(random.random::<bool>()),
        2..=4 => json!(random.random_range(-2..4)),
        5 => json!(["a", "b", "", "7"].choose(random).unwrap()),
        6 => json!("a"),
        7 => [json!(1.5), json!(9_007_199_254_740_993_i64), json!(0.1), json!(-0.5)]
            .choose(random)
            .unwrap()
            .clone(),
        8 | 9 => (0..random.random_range(0..3)).map(|_| value(random, depth - 1)).collect(),
        _ => {
            let keys: Vec<_> = ["a", "b", "k"].iter().filter(|_| random.random_bool(0.5)).collect();
            keys.iter().map(|key| ((**key).to_owned(), value(random, depth - 1))).collect()
        }
    }
}

/// Functions by number of arguments: `o` object, `a` array, `s` string, `n` number, `t` set,
/// `c` collection, `v` anything.
const CALLS: &[(&str, &str)] = &[
    ("abs", "n"),
    ("ceil", "n"),
    ("floor", "n"),
    ("round", "n"),
    ("count", "c"),
    ("sum", "c"),
    ("product", "c"),
    ("max", "c"),
    ("min", "c"),
    ("sort", "c"),
    ("type_name", "v"),
    ("is_array", "v"),
    ("is_boolean", "v"),
    ("is_null", "v"),
    ("is_number", "v"),
    ("is_object", "v"),
    ("is_set", "v"),
    ("is_string", "v"),
    ("array.concat", "aa"),
    ("array.reverse", "a"),
    ("array.slice", "ann"),
    ("concat", "sc"),
    ("contains", "ss"),
    ("startswith", "ss"),
    ("endswith", "ss"),
    ("indexof", "ss"),
    ("indexof_n", "ss"),
    ("lower", "s"),
    ("upper", "s"),
    ("replace", "sss"),
    ("split", "ss"),
    ("sprintf", "sa"),
    ("substring", "snn"),
    ("trim", "ss"),
    ("trim_left", "ss"),
    ("trim_right", "ss"),
    ("trim_prefix", "ss"),
    ("trim_suffix", "ss"),
    ("trim_space", "s"),
    ("strings.reverse", "s"),
    ("strings.count", "ss"),
    ("strings.any_prefix_match", "cc"),
    ("strings.any_suffix_match", "cc"),
    ("strings.replace_n", "os"),
    ("format_int", "nn"),
    ("to_number", "v"),
    ("bits.and", "nn"),
    ("bits.or", "nn"),
    ("bits.xor", "nn"),
    ("bits.negate", "n"),
    ("bits.rsh", "nn"),
    ("numbers.range", "nn"),
    ("numbers.range_step", "nnn"),
    ("intersection", "C"),
    ("union", "C"),
    ("object.get", "ovv"),
    ("object.get", "oav"),
    ("object.keys", "o"),
    ("object.remove", "oc"),
    ("object.filter", "oc"),
    ("object.union", "oo"),
    ("object.union_n", "A"),
    ("object.subset", "oo"),
    ("object.subset", "cc"),
    ("json.marshal", "v"),
    ("json.unmarshal", "s"),
    ("json.is_valid", "s"),
    ("json.filter", "oP"),
    ("json.remove", "oP"),
    ("json.patch", "vJ"),
    ("base64.encode", "s"),
    ("base64.decode", "s"),
    ("base64.is_valid", "s"),
    ("hex.encode", "s"),
    ("hex.decode", "s"),
    ("base64url.encode", "s"),
    ("base64url.decode", "s"),
    ("urlquery.encode", "s"),
    ("urlquery.decode", "s"),
    ("urlquery.encode_object", "o"),
    ("urlquery.decode_object", "s"),
    ("regex.match", "ss"),
    ("regex.split", "ss"),
    ("regex.find_n", "ssn"),
    ("regex.replace", "sss"),
    ("regex.is_valid", "s"),
    ("glob.match", "sas"),
    ("glob.quote_meta", "s"),
    ("semver.compare", "VV"),
    ("semver.is_valid", "V"),
    ("units.parse", "U"),
    ("units.parse_bytes", "U"),
    ("net.cidr_contains", "NN"),
    ("net.cidr_is_valid", "N"),
    ("time.parse_rfc3339_ns", "T"),
    ("time.date", "n"),
    ("time.clock", "n"),
    ("time.weekday", "n"),
    ("time.add_date", "nnnn"),
    ("time.diff", "nn"),
    ("time.format", "n"),
    ("graph.reachable", "oc"),
    ("uuid.parse", "s"),
    ("yaml.marshal", "v"),
    ("yaml.unmarshal", "s"),
];

struct Generator {
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

    fn below(&mut self, limit: usize) -> usize {
        self.random.random_range(0..limit)
    }

    fn pick(&mut self, list: &[&str]) -> String {
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
        match self.below(21) {
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

    fn reference(&mut self) -> String {
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

    fn collection(&mut self, depth: usize) -> String {
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

    fn array(&mut self, depth: usize) -> String {
        let count = self.below(3) + 1;
        let list: Vec<_> = (0..count).map(|_| self.expr(depth.saturating_sub(1))).collect();
        format!("[{}]", list.join(", "))
    }

    fn set(&mut self, depth: usize) -> String {
        let list = self.array(depth);
        format!("{{{}}}", &list[1..list.len() - 1])
    }

    fn object(&mut self, depth: usize) -> String {
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

    fn of(&mut self, kind: char, depth: usize) -> String {
        if depth > 0 && self.below(4) == 0 {
            return self.reference();
        }
        match kind {
            'n' => self.pick(&[
                "input.n",
                "0",
                "1",
                "2",
                "-1",
                "-3",
                "1.5",
                "10",
                "16",
                "2.5",
                "-2.5",
                "-0.5",
                "input.list[0]",
                "1e20",
                "9007199254740993",
                "0.1",
                "count(input.list)",
            ]),
            's' => self.pick(&[
                "input.s",
                "\"\"",
                "\"a\"",
                "\"ab\"",
                "\"a,b\"",
                "\",\"",
                "\"%v\"",
                "\"%d-%s\"",
                "\"7\"",
                "\"[1, 2]\"",
                "\"é\"",
                "\"a*\"",
                "\"(a)|b\"",
                "\"aGk=\"",
                "\"a=1&b=2\"",
                "\" a \"",
                "\"{\\\"a\\\": 1.0}\"",
            ]),
            'a' => match self.below(3) {
                0 => "input.list".to_owned(),
                _ => self.array(depth),
            },
            't' => self.set(depth),
            'o' => match self.below(4) {
                0 => "input.obj".to_owned(),
                1 => "input".to_owned(),
                2 => self.reference(),
                _ => self.object(depth),
            },
            'c' => self.collection(depth),
            'C' => format!("{{{}, {}}}", self.set(depth), self.set(depth)),
            'A' => format!("[{}, {}]", self.object(depth), self.object(depth)),
            'P' => self.pick(&[
                "[\"a\"]",
                "{\"a/b\", \"obj/k\"}",
                "[\"obj\", \"list/0\"]",
                "[[\"a\"]]",
                "input.list",
                "[\"\"]",
            ]),
            'J' => self.pick(&[
                "[{\"op\": \"add\", \"path\": \"/a\", \"value\": 1}]",
                "[{\"op\": \"remove\", \"path\": \"/a\"}]",
                "[{\"op\": \"replace\", \"path\": \"/obj/k\", \"value\": input.n}]",
                "[{\"op\": \"test\", \"path\": \"/a\", \"value\": 1}]",
                "[{\"op\": \"copy\", \"from\": \"/a\", \"path\": \"/b\"}]",
                "[{\"op\": \"add\", \"path\": [\"list\", \"-\"], \"value\": 1}]",
            ]),
            'V' => self.pick(&[
                "\"1.2.3\"",
                "\"1.10.0\"",
                "\"1.2.3-rc1\"",
                "\"1.2.3-rc.2+b\"",
                "\"1.2\"",
                "\"v1.2.3\"",
                "\"01.2.3\"",
                "input.s",
            ]),
            'U' => self.pick(&[
                "\"1K\"",
                "\"1.5Mi\"",
                "\"10m\"",
                "\"7\"",
                "\"\"",
                "\"2GB\"",
                "\"1 K\"",
                "\"-1K\"",
                "\"0.1\"",
                "input.s",
            ]),
            'N' => self.pick(&[
                "\"10.0.0.0/8\"",
                "\"10.1.2.3\"",
                "\"10.1.0.0/16\"",
                "\"::1\"",
                "\"::/0\"",
                "\"10.0.0.1/8\"",
                "\"1.2.3\"",
                "input.s",
            ]),
            'T' => self.pick(&[
                "\"2026-01-02T03:04:05Z\"",
                "\"2026-01-02T03:04:05.5+02:00\"",
                "\"2026-02-30T00:00:00Z\"",
                "\"2026-01-02\"",
                "input.s",
            ]),
            _ => self.expr(depth),
        }
    }

    fn expr(&mut self, depth: usize) -> String {
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
