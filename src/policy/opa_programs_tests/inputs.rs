//! Inputs for the programs: what they expect, something else, or nothing.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

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
                // No "0": OPA would find it as a place in a list of `data`.
                let keys = ["a", "b", "k", "9"].iter().filter(|_| random.random_bool(0.6));
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
