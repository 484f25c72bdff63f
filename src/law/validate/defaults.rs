//! What GraphQL's specification forbids and the parser lets pass: defaults that are no value of their type, and
//! deprecated arguments that everybody must give.

use apollo_compiler::ast::{InputValueDefinition, Value};
use apollo_compiler::schema::{ExtendedType, Type};
use apollo_compiler::{Node, Schema};

/// Values within a value.
const DEPTH: usize = 64;

/// Complaints, with their lines.
pub(super) fn check(schema: &Schema) -> Vec<(Option<usize>, String)> {
    let mut found = Vec::new();
    let mut one = |input: &Node<InputValueDefinition>| {
        let line = input.line_column_range(&schema.sources).map(|range| range.start.line);
        if let Some(default) = &input.default_value
            && !fits(schema, &input.ty, default, 0)
        {
            let text = format!("the default of {} is no {}", input.name, input.ty);
            found.push((line, text));
        }
        if input.is_required() && input.directives.has("deprecated") {
            found.push((line, format!("{} is deprecated, and must be given", input.name)));
        }
    };
    for kind in schema.types.values().filter(|kind| !kind.is_built_in()) {
        let fields = match kind {
            ExtendedType::Object(of) => &of.fields,
            ExtendedType::Interface(of) => &of.fields,
            ExtendedType::InputObject(of) => {
                of.fields.values().for_each(|field| one(field));
                continue;
            }
            _ => continue,
        };
        fields.values().flat_map(|field| &field.arguments).for_each(&mut one);
    }
    for directive in schema.directive_definitions.values().filter(|one| !one.is_built_in()) {
        directive.arguments.iter().for_each(&mut one);
    }
    found
}

/// Whether a value can be taken for a type.
fn fits(schema: &Schema, kind: &Type, value: &Value, depth: usize) -> bool {
    if depth > DEPTH {
        return true;
    }
    let inner = |kind: &Type, value: &Value| fits(schema, kind, value, depth + 1);
    let name = match (kind, value) {
        (Type::NonNullNamed(_) | Type::NonNullList(_), Value::Null) => return false,
        (_, Value::Null) => return true,
        (Type::List(of) | Type::NonNullList(of), Value::List(all)) => {
            return all.iter().all(|value| inner(of, value));
        }
        // One value is a list of one.
        (Type::List(of) | Type::NonNullList(of), value) => return inner(of, value),
        (Type::Named(name) | Type::NonNullNamed(name), _) => name,
    };
    match (schema.types.get(name), value) {
        (Some(ExtendedType::Enum(of)), Value::Enum(one)) => of.values.contains_key(one),
        (Some(ExtendedType::Enum(_)), _) => false,
        (Some(ExtendedType::InputObject(of)), Value::Object(members)) => {
            let given = |name: &str| members.iter().any(|(given, _)| given.as_str() == name);
            of.fields.iter().all(|(name, field)| !field.is_required() || given(name))
                && members.iter().all(|(name, value)| {
                    of.fields.get(name).is_some_and(|field| inner(&field.ty, value))
                })
        }
        (Some(ExtendedType::InputObject(_)), _) => false,
        _ => match (name.as_str(), value) {
            ("Int", Value::Int(number)) => number.try_to_i32().is_ok(),
            ("Float", value) => matches!(value, Value::Int(_) | Value::Float(_)),
            ("String", value) => matches!(value, Value::String(_)),
            ("Boolean", value) => matches!(value, Value::Boolean(_)),
            ("ID", value) => matches!(value, Value::String(_) | Value::Int(_)),
            ("Int", _) => false,
            // What other scalars take is their own affair.
            _ => true,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_values_of_their_types() {
        let rows = [
            ("Boolean = 3", 1),
            ("Boolean = true", 0),
            ("E = C", 1),
            ("E = A", 0),
            ("E = \"A\"", 1),
            ("Int = 3000000000", 1),
            ("Int = 1.5", 1),
            ("Float = 1", 0),
            ("ID = 1", 0),
            ("String = 1", 1),
            ("[Int!] = [1, null]", 1),
            ("[Int!] = 1", 0),
            ("Int! = null", 1),
            ("Int = null", 0),
            ("I = {n: 1}", 0),
            ("I = {n: true}", 1),
            ("I = {}", 1),
            ("I = {n: 1, m: 1}", 1),
            ("S = {n: 1}", 0),
            ("Int! @deprecated", 1),
            ("Int! = 1 @deprecated", 0),
            ("Int @deprecated", 0),
        ];
        for (of, wanted) in rows {
            let text = format!(
                "type Query {{ a(x: {of}): Int }} enum E {{ A B }} input I {{ n: Int! }} scalar S"
            );
            let schema = Schema::parse(text, "a.graphql").unwrap();
            assert_eq!(check(&schema).len(), wanted, "{of}");
        }
    }
}
