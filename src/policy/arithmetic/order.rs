//! The order of values as OPA has it: sets come last there, after objects, and before them here.

use std::cmp::Ordering;

use regorus::Value;

pub(in crate::policy) fn compare(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => each(one.iter(), other.iter()),
        (Value::Set(one), Value::Set(other)) => {
            let (one, other) = (sorted(one.iter()), sorted(other.iter()));
            each(one.into_iter(), other.into_iter())
        }
        (Value::Object(one), Value::Object(other)) => {
            // Key by key, each followed by its value.
            let (one_keys, other_keys) = (sorted(one.keys()), sorted(other.keys()));
            let one = one_keys.into_iter().flat_map(|key| [Some(key), one.get(key)]).flatten();
            let other =
                other_keys.into_iter().flat_map(|key| [Some(key), other.get(key)]).flatten();
            each(one, other)
        }
        (one, other) if rank(one) == rank(other) => one.cmp(other),
        (one, other) => rank(one).cmp(&rank(other)),
    }
}

fn sorted<'a>(items: impl Iterator<Item = &'a Value>) -> Vec<&'a Value> {
    let mut items: Vec<_> = items.collect();
    items.sort_by(|one, other| compare(one, other));
    items
}

fn each<'a>(
    mut one: impl Iterator<Item = &'a Value>,
    mut other: impl Iterator<Item = &'a Value>,
) -> Ordering {
    loop {
        match (one.next(), other.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(one), Some(other)) => match compare(one, other) {
                Ordering::Equal => {}
                found => return found,
            },
        }
    }
}

const fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
        _ => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_come_after_objects_at_every_depth() {
        let read = |text: &str| Value::from_json_str(text).unwrap();
        let set = Value::from(std::collections::BTreeSet::from([read("1")]));
        let object = read("{\"a\": 1}");
        assert_eq!(compare(&set, &object), Ordering::Greater);
        let within = |value: &Value| Value::from(vec![value.clone()]);
        assert_eq!(compare(&within(&object), &within(&set)), Ordering::Less);
        for (less, more) in [
            ("[1]", "[1, 0]"),
            ("{\"a\": 2}", "{\"b\": 1}"),
            ("\"z\"", "[]"),
            ("false", "0"),
            ("2", "10"),
        ] {
            assert_eq!(compare(&read(less), &read(more)), Ordering::Less, "{less} {more}");
        }
    }
}
