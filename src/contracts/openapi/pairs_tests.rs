//! Pairs of documents with the rule and the class of their change, after the rules of oasdiff.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Side, diff};
use crate::contracts::{Class, Comparison};
use crate::domain::yaml;
use Class::{Breaking as B, Risky as R, Safe as S};

fn parsed(text: &str) -> Value {
    yaml::document(text.as_bytes()).unwrap_or_else(|why| panic!("{why}:\n{text}"))
}

fn compared(old: &Value, new: &Value) -> Comparison {
    let none = BTreeMap::new();
    let side = |name, value| Side { name, value, others: &none };
    diff(side("old.yaml", old), side("new.yaml", new)).unwrap()
}

/// A document of an operation's members.
fn operation(version: &str, members: &str) -> Value {
    let mut document = parsed(&format!("openapi: {version}\ninfo: {{title: t, version: '1'}}"));
    let mut operation = parsed(&format!("{{{members}}}"));
    if operation.get("responses").is_none() {
        operation["responses"] = json!({"200": {"description": "fine"}});
    }
    document["paths"] = json!({"/pets/{id}": {"get": operation}});
    document["components"] = parsed(COMPONENTS);
    document
}

const COMPONENTS: &str = "
schemas:
  Name: {type: string}
  Base: {type: object, required: [id], properties: {id: {type: string}}}
parameters:
  Limit: {in: query, name: limit, schema: {type: integer}}
";

fn document(members: &str) -> Value {
    parsed(&format!("{{openapi: 3.1.0, info: {{title: t, version: '1'}}, {members}}}"))
}

fn body(schema: &str) -> String {
    format!("requestBody: {{content: {{application/json: {{schema: {schema}}}}}}}")
}

fn answer(schema: &str) -> String {
    format!(
        "responses: {{'200': {{description: d, content: {{application/json: {{schema: {schema}}}}}}}}}"
    )
}

fn query(members: &str) -> String {
    format!("parameters: [{{in: query, name: a, {members}}}]")
}

fn object(properties: &str, required: &str) -> String {
    format!("{{type: object, properties: {{{properties}}}, required: [{required}]}}")
}

/// Rule, class of the whole, old, new.
type Row = (&'static str, Class, Value, Value);

/// Schemas of a request and of an answer: rule after the prefix, old, new, class of each.
#[rustfmt::skip]
fn schemas() -> Vec<Row> {
    let s = "{type: string}";
    let rows: Vec<(&str, String, String, Class, Class)> = vec![
        ("property-added", object("b: {}", ""), object("a: {type: string}, b: {}", ""), S, S),
        // What names no member at all holds anything.
        ("property-added", object("", ""), object("a: {type: string}", ""), B, S),
        ("property-removed", object("a: {type: string}, b: {}", ""), object("b: {}", ""), R, R),
        ("required-added", object("b: {}", ""), object("a: {type: string}, b: {}", "a"), B, S),
        ("required-added", object("a: {}", ""), object("a: {}", "a"), B, S),
        ("required-removed", object("a: {}", "a"), object("a: {}", ""), S, B),
        ("property-removed", object("a: {}, b: {}", "a"), object("b: {}", ""), R, B),
        ("additional-properties-added", object("a: {}", ""), "{type: object, properties: {a: {}}, required: [], additionalProperties: false}".into(), S, S),
        ("property-removed", "{type: object, properties: {a: {}, b: {}}, additionalProperties: false}".into(), "{type: object, properties: {b: {}}, additionalProperties: false}".into(), B, R),
        ("property-added", "{type: object, properties: {b: {}}, additionalProperties: false}".into(), "{type: object, properties: {a: {}, b: {}}, additionalProperties: false}".into(), S, B),
        ("type-changed", "{type: string}".into(), "{type: integer}".into(), B, B),
        ("type-widened", "{type: integer}".into(), "{type: number}".into(), S, B),
        ("type-narrowed", "{type: number}".into(), "{type: integer}".into(), B, S),
        ("type-widened", s.into(), "{type: [string, 'null']}".into(), S, B),
        ("type-narrowed", "{type: [string, 'null']}".into(), s.into(), B, S),
        ("format-changed", "{type: integer, format: int32}".into(), "{type: integer, format: int64}".into(), S, B),
        ("format-changed", "{type: integer, format: int64}".into(), "{type: integer, format: int32}".into(), B, S),
        ("format-added", s.into(), "{type: string, format: byte}".into(), R, S),
        ("format-removed", "{type: string, format: byte}".into(), s.into(), S, R),
        ("format-changed", "{type: number, format: float}".into(), "{type: number, format: double}".into(), S, R),
        ("format-changed", "{type: number, format: double}".into(), "{type: number, format: float}".into(), R, S),
        ("format-added", s.into(), "{type: string, format: password}".into(), S, S),
        ("format-changed", "{type: string, format: uri}".into(), "{type: string, format: uri-reference}".into(), S, B),
        ("enum-value-added", "{enum: [a]}".into(), "{enum: [a, b]}".into(), S, B),
        ("enum-value-removed", "{enum: [a, b]}".into(), "{enum: [a]}".into(), B, S),
        ("enum-added", s.into(), "{type: string, enum: [a]}".into(), B, S),
        ("enum-removed", "{type: string, enum: [a]}".into(), s.into(), S, B),
        ("const-changed", "{const: a}".into(), "{const: b}".into(), B, B),
        ("pattern-added", s.into(), "{type: string, pattern: '^a'}".into(), B, S),
        ("pattern-changed", "{type: string, pattern: '^a'}".into(), "{type: string, pattern: '^[ab]'}".into(), S, B),
        ("min-length-raised", "{type: string, minLength: 1}".into(), "{type: string, minLength: 2}".into(), B, S),
        ("max-length-lowered", "{type: string, maxLength: 9}".into(), "{type: string, maxLength: 8}".into(), B, S),
        ("max-length-removed", "{type: string, maxLength: 9}".into(), s.into(), S, B),
        ("minimum-raised", "{type: number, minimum: 1}".into(), "{type: number, minimum: 2}".into(), B, S),
        ("maximum-added", "{type: number}".into(), "{type: number, maximum: 2}".into(), B, S),
        ("exclusive-minimum-added", "{type: number}".into(), "{type: number, exclusiveMinimum: 2}".into(), B, S),
        ("multiple-of-added", "{type: number}".into(), "{type: number, multipleOf: 2}".into(), B, S),
        ("min-items-added", "{type: array}".into(), "{type: array, minItems: 1}".into(), B, S),
        ("max-items-raised", "{type: array, maxItems: 1}".into(), "{type: array, maxItems: 2}".into(), S, B),
        ("unique-items-added", "{type: array}".into(), "{type: array, uniqueItems: true}".into(), B, S),
        ("max-properties-added", "{type: object}".into(), "{type: object, maxProperties: 1}".into(), B, S),
        ("property-names-added", "{type: object}".into(), "{type: object, propertyNames: {maxLength: 3}}".into(), B, S),
        ("pattern-property-added", "{type: object, patternProperties: {'^a': {}}}".into(), "{type: object, patternProperties: {'^a': {}, '^b': {type: string}}}".into(), B, S),
        ("contains-added", "{type: array}".into(), "{type: array, contains: {type: string}}".into(), B, S),
        ("dependent-required-added", object("a: {}, b: {}", ""), "{type: object, properties: {a: {}, b: {}}, required: [], dependentRequired: {a: [b]}}".into(), B, S),
        ("if-added", object("a: {}, b: {}", ""), "{type: object, properties: {a: {}, b: {}}, required: [], if: {required: [a]}, then: {required: [b]}}".into(), B, S),
        ("one-of-form-added", "{oneOf: [{type: string}]}".into(), "{oneOf: [{type: string}, {type: integer}]}".into(), S, B),
        ("any-of-form-removed", "{anyOf: [{type: string}, {type: integer}]}".into(), "{anyOf: [{type: string}]}".into(), B, S),
        ("all-of-form-added", "{allOf: [{$ref: '#/components/schemas/Base'}]}".into(), "{allOf: [{$ref: '#/components/schemas/Base'}, {type: object, properties: {more: {type: string}}}]}".into(), S, S),
        ("all-of-form-added", "{allOf: [{$ref: '#/components/schemas/Base'}]}".into(), "{allOf: [{$ref: '#/components/schemas/Base'}, {required: [more]}]}".into(), B, S),
        ("prefix-items-item-added", "{type: array, prefixItems: [{type: string}]}".into(), "{type: array, prefixItems: [{type: string}, {type: string}]}".into(), B, S),
        ("default-changed", "{type: string, default: a}".into(), "{type: string, default: b}".into(), R, S),
        ("property-became-read-only", object("a: {type: string}, b: {}", "a"), object("a: {type: string, readOnly: true}, b: {}", "a"), R, S),
        ("content-encoding-changed", "{type: string, contentEncoding: base64}".into(), "{type: string, contentEncoding: base64url}".into(), B, B),
        ("content-media-type-changed", "{type: string, contentMediaType: image/png}".into(), "{type: string, contentMediaType: image/gif}".into(), B, B),
        ("content-schema-changed", "{type: string}".into(), "{type: string, contentSchema: {type: object}}".into(), B, S),
        ("x-extensible-enum-changed", "{type: string, x-extensible-enum: [a, b]}".into(), "{type: string, x-extensible-enum: [a]}".into(), B, S),
        ("discriminator-changed", "{type: object, discriminator: {propertyName: a}}".into(), "{type: object, discriminator: {propertyName: b}}".into(), R, R),
        ("sunset-moved-earlier", "{type: string, x-sunset: '2030-01-02'}".into(), "{type: string, x-sunset: '2030-01-01'}".into(), B, B),
        ("stability-decreased", "{type: string, x-stability-level: beta}".into(), "{type: string, x-stability-level: alpha}".into(), B, B),
        ("deprecated", s.into(), "{type: string, deprecated: true}".into(), S, S),
        ("discriminator-changed", "{oneOf: [{type: object, properties: {a: {}}}, {type: object, properties: {b: {}}}]}".into(), "{oneOf: [{type: object, properties: {a: {}}}, {type: object, properties: {b: {}}}], discriminator: {propertyName: a}}".into(), R, R),
        ("one-of-added", "{type: object, properties: {a: {}}}".into(), "{oneOf: [{type: object, properties: {a: {}}}, {type: 'null'}]}".into(), S, B),
        ("schema-added", "true".into(), "{type: string}".into(), B, S),
        ("type-changed", "{$ref: '#/components/schemas/Name'}".into(), "{type: integer}".into(), B, B),
    ];
    let mut all = Vec::new();
    for (rule, old, new, asked, answered) in rows {
        let named = |prefix: &str| -> &'static str { Box::leak(format!("{prefix}-{rule}").into_boxed_str()) };
        let of = |text: String| operation("3.1.0", &text);
        all.push((named("request-body"), asked, of(body(&old)), of(body(&new))));
        let rule = match rule {
            // The other one's flag means nothing here.
            "property-became-read-only" => "",
            _ => named("response-body"),
        };
        all.push((rule, answered, of(answer(&old)), of(answer(&new))));
    }
    all
}

#[rustfmt::skip]
fn operations() -> Vec<Row> {
    let rows: Vec<(&str, Class, String, String)> = vec![
        ("new-required-request-parameter", B, String::new(), query("required: true, schema: {type: string}")),
        ("new-optional-request-parameter", S, String::new(), query("schema: {type: string}")),
        ("new-request-path-parameter", B, String::new(), "parameters: [{in: path, name: id, required: true, schema: {}}]".into()),
        ("request-parameter-removed", R, query("schema: {}"), String::new()),
        ("request-parameter-became-required", B, query("schema: {}"), query("required: true, schema: {}")),
        ("request-parameter-became-optional", S, query("required: true, schema: {}"), query("schema: {}")),
        ("new-optional-request-parameter", R, query("schema: {}"), "parameters: [{in: header, name: a, schema: {}}]".into()),
        ("request-parameter-style-changed", B, query("schema: {type: array}"), query("explode: false, schema: {type: array}")),
        ("request-parameter-style-changed", B, query("schema: {type: array}"), query("style: spaceDelimited, schema: {type: array}")),
        ("", S, query("schema: {type: array}"), query("explode: true, style: form, schema: {type: array}")),
        ("", S, query("schema: {type: string}"), query("explode: false, schema: {type: string}")),
        ("", S, query("schema: {$ref: '#/components/schemas/Name'}"), query("explode: false, schema: {type: string}")),
        ("request-parameter-style-changed", B, query("schema: {}"), query("explode: false, schema: {}")),
        ("request-parameter-type-narrowed", B, query("schema: {type: string}"), query("schema: {type: integer}")),
        ("request-parameter-type-widened", S, query("schema: {type: integer}"), query("schema: {type: string}")),
        ("request-parameter-type-changed", B, query("schema: {type: integer}"), query("schema: {type: string, pattern: '^a'}")),
        ("request-parameter-became-list", S, query("schema: {type: string}"), query("schema: {type: array, items: {type: string}}")),
        ("request-parameter-type-narrowed", B, query("schema: {type: number}"), query("schema: {type: array, items: {type: integer}}")),
        ("request-parameter-min-items-raised", B, query("schema: {type: string}"), query("schema: {type: array, minItems: 2, items: {type: string}}")),
        ("request-parameter-max-items-lowered", B, query("schema: {type: string}"), query("schema: {type: array, maxItems: 0, items: {type: string}}")),
        ("request-parameter-became-list", S, query("schema: {type: string}"), query("schema: {type: array, minItems: 1, maxItems: 9, items: {type: string}}")),
        ("request-parameter-became-list", S, query("schema: {$ref: '#/components/schemas/Name'}"), query("schema: {type: array, items: {$ref: '#/components/schemas/Name'}}")),
        ("request-parameter-not-added", B, query("schema: {type: string}"), query("schema: {type: array, not: {}, items: {type: string}}")),
        ("request-parameter-enum-added", B, query("schema: {type: string}"), query("schema: {type: array, enum: [[a]], items: {type: string}}")),
        ("request-parameter-all-of-added", B, query("schema: {type: string}"), query("schema: {type: array, allOf: [{minItems: 2}], items: {type: string}}")),
        ("request-parameter-contains-added", B, query("schema: {type: string}"), query("schema: {type: array, contains: {const: z}, items: {type: string}}")),
        ("request-parameter-type-changed", B, query("explode: false, schema: {type: string}"), query("explode: false, schema: {type: array, items: {type: string}}")),
        ("request-parameter-enum-added", B, query("schema: {type: string}"), query("schema: {type: string, enum: [a]}")),
        ("request-parameter-enum-value-removed", B, query("schema: {enum: [a, b]}"), query("schema: {enum: [a]}")),
        ("request-parameter-default-changed", R, query("schema: {type: integer, default: 1}"), query("schema: {type: integer, default: 2}")),
        ("request-parameter-maximum-lowered", B, query("schema: {type: integer, maximum: 9}"), query("schema: {type: integer, maximum: 8}")),
        ("request-parameter-pattern-added", B, query("schema: {type: string}"), query("schema: {type: string, pattern: '^a'}")),
        ("request-parameter-max-items-added", B, query("schema: {type: array}"), query("schema: {type: array, maxItems: 3}")),
        ("request-parameter-content-changed", B, query("schema: {type: string}"), query("content: {application/json: {schema: {type: string}}}")),
        ("request-parameter-empty-value-forbidden", B, query("allowEmptyValue: true, schema: {}"), query("schema: {}")),
        ("request-parameter-deprecated", S, query("schema: {}"), query("deprecated: true, schema: {}")),
        ("request-parameter-sunset-deleted", B, query("deprecated: true, x-sunset: '2030-01-01', schema: {}"), query("deprecated: true, schema: {}")),
        ("request-parameter-sunset-moved-earlier", B, query("deprecated: true, x-sunset: '2030-01-01', schema: {}"), query("deprecated: true, x-sunset: '2029-01-01', schema: {}")),
        ("", S, "parameters: [{$ref: '#/components/parameters/Limit'}]".into(), "parameters: [{in: query, name: limit, schema: {type: integer}}]".into()),
        ("request-parameter-maximum-added", B, "parameters: [{$ref: '#/components/parameters/Limit'}]".into(), "parameters: [{in: query, name: limit, schema: {type: integer, maximum: 3}}]".into()),
        ("request-body-added-required", B, String::new(), "requestBody: {required: true, content: {}}".into()),
        ("request-body-added-optional", S, String::new(), "requestBody: {content: {}}".into()),
        ("request-body-removed", B, "requestBody: {content: {}}".into(), String::new()),
        ("request-body-became-required", B, "requestBody: {content: {}}".into(), "requestBody: {required: true, content: {}}".into()),
        ("request-body-became-optional", S, "requestBody: {required: true, content: {}}".into(), "requestBody: {content: {}}".into()),
        ("request-body-media-type-removed", B, "requestBody: {content: {a/b: {}, a/c: {}}}".into(), "requestBody: {content: {a/b: {}}}".into()),
        ("request-body-media-type-added", S, "requestBody: {content: {a/b: {}}}".into(), "requestBody: {content: {a/b: {}, a/c: {}}}".into()),
        ("", S, "requestBody: {content: {a/b: {}}}".into(), "requestBody: {content: {A/B: {}}}".into()),
        ("", S, "requestBody: {content: {a/b: {}}}".into(), "requestBody: {content: {a/*: {}}}".into()),
        ("request-body-media-type-removed", B, "requestBody: {content: {a/*: {}}}".into(), "requestBody: {content: {a/b: {}}}".into()),
        ("request-body-schema-added", B, "requestBody: {content: {a/b: {}}}".into(), "requestBody: {content: {a/b: {schema: {type: object}}}}".into()),
        ("request-body-encoding-changed", R, "requestBody: {content: {multipart/form-data: {}}}".into(), "requestBody: {content: {multipart/form-data: {encoding: {a: {contentType: image/png}}}}}".into()),
        ("response-success-status-removed", B, "responses: {'200': {description: d}, '204': {description: d}}".into(), "responses: {'200': {description: d}}".into()),
        ("response-success-status-removed", B, "responses: {'200': {description: d}}".into(), "responses: {default: {description: d}}".into()),
        ("response-success-status-added", S, "responses: {'200': {description: d}}".into(), "responses: {'200': {description: d}, '2XX': {description: d}}".into()),
        ("", S, "responses: {'200': {description: d}}".into(), "responses: {'200': {description: other}}".into()),
        ("response-success-status-added", S, "responses: {'2XX': {description: d}}".into(), "responses: {'200': {description: d}}".into()),
        ("response-success-status-removed", B, "responses: {'2XX': {description: d}}".into(), "responses: {'300': {description: d}}".into()),
        ("response-body-type-changed", B, "responses: {'2XX': {description: d, content: {a/b: {schema: {type: string}}}}}".into(), "responses: {'200': {description: d, content: {a/b: {schema: {type: integer}}}}}".into()),
        ("", S, "responses: {'200': {description: d, content: {application/json: {}}}}".into(), "responses: {'200': {description: d, content: {application/json; charset=UTF-8: {}}}}".into()),
        ("response-body-media-type-parameter-changed", B, "responses: {'200': {description: d, content: {application/json: {}}}}".into(), "responses: {'200': {description: d, content: {application/json; profile=x: {}}}}".into()),
        ("response-non-success-status-removed", S, "responses: {'200': {description: d}, '404': {description: d}}".into(), "responses: {'200': {description: d}}".into()),
        ("response-non-success-status-added", S, "responses: {'200': {description: d}}".into(), "responses: {'200': {description: d}, '404': {description: d}}".into()),
        ("response-body-type-changed", B, "responses: {default: {description: d, content: {a/b: {schema: {type: string}}}}}".into(), "responses: {default: {description: d, content: {a/b: {schema: {type: string}}}}, '404': {description: d, content: {a/b: {schema: {type: integer}}}}}".into()),
        ("response-body-media-type-removed", B, "responses: {'200': {description: d, content: {a/b: {}, a/c: {}}}}".into(), "responses: {'200': {description: d, content: {a/b: {}}}}".into()),
        ("response-body-media-type-removed", B, "responses: {'200': {description: d, content: {a/b: {}}}}".into(), "responses: {'200': {description: d, content: {a/*: {}}}}".into()),
        ("", S, "responses: {'200': {description: d, content: {a/*: {}}}}".into(), "responses: {'200': {description: d, content: {a/b: {}}}}".into()),
        ("response-body-media-type-parameter-changed", B, "responses: {'200': {description: d, content: {a/b;charset=utf-8: {}}}}".into(), "responses: {'200': {description: d, content: {a/b: {}}}}".into()),
        ("required-response-header-removed", B, "responses: {'200': {description: d, headers: {X-A: {required: true, schema: {}}}}}".into(), "responses: {'200': {description: d}}".into()),
        ("optional-response-header-removed", R, "responses: {'200': {description: d, headers: {X-A: {schema: {}}}}}".into(), "responses: {'200': {description: d}}".into()),
        ("response-header-became-optional", B, "responses: {'200': {description: d, headers: {X-A: {required: true, schema: {}}}}}".into(), "responses: {'200': {description: d, headers: {x-a: {schema: {}}}}}".into()),
        ("response-header-type-changed", B, "responses: {'200': {description: d, headers: {X-A: {schema: {type: integer}}}}}".into(), "responses: {'200': {description: d, headers: {X-A: {schema: {type: boolean}}}}}".into()),
        ("response-link-removed", R, "responses: {'200': {description: d, links: {next: {operationId: x}}}}".into(), "responses: {'200': {description: d}}".into()),
        ("operation-id-changed", R, "operationId: a".into(), "operationId: b".into()),
        ("operation-id-removed", R, "operationId: a".into(), String::new()),
        ("tags-changed", S, "tags: [a]".into(), "tags: [b]".into()),
        ("operation-deprecated", S, String::new(), "deprecated: true".into()),
        ("operation-reactivated", S, "deprecated: true".into(), String::new()),
        ("operation-sunset-deleted", B, "deprecated: true, x-sunset: '2030-01-01'".into(), "deprecated: true".into()),
        ("operation-sunset-moved-earlier", B, "deprecated: true, x-sunset: '2030-01-01'".into(), "deprecated: true, x-sunset: '2029-12-31'".into()),
        ("operation-sunset-unreadable", R, "deprecated: true".into(), "deprecated: true, x-sunset: soon".into()),
        ("operation-stability-decreased", B, "x-stability-level: stable".into(), "x-stability-level: beta".into()),
        ("operation-stability-increased", S, "x-stability-level: alpha".into(), "x-stability-level: beta".into()),
        ("security-anonymous-access-removed", B, String::new(), "security: [{key: []}]".into()),
        ("security-anonymous-access-added", S, "security: [{key: []}]".into(), "security: []".into()),
        ("security-alternative-removed", B, "security: [{key: []}, {oauth: [a]}]".into(), "security: [{key: []}]".into()),
        ("security-alternative-added", S, "security: [{key: []}]".into(), "security: [{key: []}, {oauth: [a]}]".into()),
        ("security-requirement-added", B, "security: [{key: []}]".into(), "security: [{key: [], oauth: [a]}]".into()),
        ("security-scope-added", B, "security: [{oauth: [a]}]".into(), "security: [{oauth: [a, b]}]".into()),
        ("security-alternative-added", S, "security: [{oauth: [a, b]}]".into(), "security: [{oauth: [a]}]".into()),
        ("callback-removed", B, "callbacks: {done: {'{$request.body#/url}': {post: {}}}}".into(), String::new()),
        ("callback-removed", B, "callbacks: {done: {'{$request.body#/a}': {post: {}}, '{$request.body#/b}': {post: {}}}}".into(), "callbacks: {done: {'{$request.body#/a}': {post: {}}}}".into()),
        ("callback-expression-changed", R, "callbacks: {done: {'{$request.body#/a}': {post: {}}}}".into(), "callbacks: {done: {'{$request.body#/b}': {post: {}}}}".into()),
        ("request-body-property-removed", B, "callbacks: {done: {u: {post: {requestBody: {content: {a/b: {schema: {type: object, properties: {a: {}}, required: [a]}}}}}}}}".into(), "callbacks: {done: {u: {post: {requestBody: {content: {a/b: {schema: {type: object, properties: {}}}}}}}}}".into()),
        ("request-body-enum-value-added", B, "callbacks: {done: {u: {post: {requestBody: {content: {a/b: {schema: {enum: [a]}}}}}}}}".into(), "callbacks: {done: {u: {post: {requestBody: {content: {a/b: {schema: {enum: [a, b]}}}}}}}}".into()),
        ("server-removed", R, "servers: [{url: 'https://a/'}]".into(), "servers: [{url: 'https://b'}]".into()),
    ];
    rows.into_iter().map(|(rule, class, old, new)| (rule, class, operation("3.1.0", &old), operation("3.1.0", &new))).collect()
}

#[rustfmt::skip]
fn documents() -> Vec<Row> {
    let rows = [
        ("api-path-removed", B, "paths: {/a: {get: {}}}", "paths: {}"),
        ("api-path-added", S, "paths: {}", "paths: {/a: {get: {}}}"),
        ("path-parameter-renamed", S, "paths: {'/a/{x}': {get: {parameters: [{in: path, name: x, required: true}]}}}", "paths: {'/a/{y}': {get: {parameters: [{in: path, name: y, required: true}]}}}"),
        // Two paths of one template.
        ("api-operation-removed", B, "paths: {'/u/{id}': {get: {}}, '/u/{name}': {delete: {}}}", "paths: {'/u/{name}': {delete: {}}}"),
        ("api-operation-added", S, "paths: {'/u/{name}': {delete: {}}}", "paths: {'/u/{id}': {get: {}}, '/u/{name}': {delete: {}}}"),
        ("", S, "paths: {'/u/{id}': {get: {}}, '/u/{name}': {delete: {}}}", "paths: {'/u/{name}': {get: {}, delete: {}}}"),
        ("new-required-request-parameter", B, "paths: {'/u/{id}': {get: {}}, '/u/{name}': {delete: {}}}", "paths: {'/u/{id}': {get: {parameters: [{in: query, name: q, required: true}]}}, '/u/{name}': {delete: {}}}"),
        ("new-required-request-parameter", B, "paths: {'/u/{id}': {get: {}}}", "paths: {'/u/{id}': {get: {}}, '/u/{name}': {get: {parameters: [{in: query, name: q, required: true}]}}}"),
        ("api-path-removed", B, "paths: {'/u/{id}': {get: {}}, '/u/{name}': {delete: {}}}", "paths: {}"),
        ("api-operation-removed", B, "paths: {/a: {get: {}, put: {}}}", "paths: {/a: {get: {}}}"),
        ("api-operation-added", S, "paths: {/a: {get: {}}}", "paths: {/a: {get: {}, put: {}}}"),
        ("request-parameter-removed", R, "paths: {/a: {parameters: [{in: query, name: q}], get: {}}}", "paths: {/a: {get: {}}}"),
        ("", S, "paths: {/a: {parameters: [{in: query, name: q}], get: {}}}", "paths: {/a: {get: {parameters: [{in: query, name: q}]}}}"),
        ("webhook-removed", B, "webhooks: {a: {post: {}}}", "webhooks: {}"),
        ("webhook-added", S, "webhooks: {}", "webhooks: {a: {post: {}}}"),
        ("request-body-required-removed", B, "webhooks: {a: {post: {requestBody: {content: {a/b: {schema: {type: object, properties: {x: {}}, required: [x]}}}}}}}", "webhooks: {a: {post: {requestBody: {content: {a/b: {schema: {type: object, properties: {x: {}}, required: []}}}}}}}"),
        ("server-added", S, "servers: [{url: /v1}]", "servers: [{url: /v1}, {url: /v2}]"),
        ("server-variables-changed", R, "servers: [{url: '/{v}', variables: {v: {default: a}}}]", "servers: [{url: '/{v}', variables: {v: {default: b}}}]"),
        ("security-requirement-added", B, "security: [{a: []}], paths: {/a: {get: {}}, /b: {get: {}}}", "security: [{a: [], b: []}], paths: {/a: {get: {}}, /b: {get: {}}}"),
        ("security-scheme-type-changed", B, "components: {securitySchemes: {a: {type: http, scheme: basic}}}", "components: {securitySchemes: {a: {type: apiKey, in: header, name: k}}}"),
        ("security-scheme-type-changed", S, "paths: {/a: {get: {}}}, components: {securitySchemes: {a: {type: http, scheme: basic}}}", "paths: {/a: {get: {}}}, components: {securitySchemes: {a: {type: apiKey, in: header, name: k}}}"),
        ("security-scheme-type-changed", B, "security: [{a: []}], paths: {/a: {get: {}}}, components: {securitySchemes: {a: {type: http, scheme: basic}}}", "security: [{a: []}], paths: {/a: {get: {}}}, components: {securitySchemes: {a: {type: apiKey, in: header, name: k}}}"),
        // As Kubernetes is written: what differs stands behind a composition.
        ("request-body-required-added", B, "paths: {/a: {post: {requestBody: {content: {application/json: {schema: {allOf: [{$ref: '#/components/schemas/A'}]}}}}}}}, components: {schemas: {A: {type: object, properties: {x: {type: string}}}}}",
            "paths: {/a: {post: {requestBody: {content: {application/json: {schema: {allOf: [{$ref: '#/components/schemas/A'}]}}}}}}}, components: {schemas: {A: {type: object, properties: {x: {type: string}}, required: [x]}}}"),
        ("security-scheme-api-key-name-changed", B, "components: {securitySchemes: {a: {type: apiKey, in: header, name: k}}}", "components: {securitySchemes: {a: {type: apiKey, in: header, name: l}}}"),
        ("security-scheme-http-scheme-changed", B, "components: {securitySchemes: {a: {type: http, scheme: basic}}}", "components: {securitySchemes: {a: {type: http, scheme: bearer}}}"),
        ("", S, "components: {securitySchemes: {a: {type: http, scheme: basic}}}", "components: {securitySchemes: {a: {type: http, scheme: Basic}}}"),
        ("security-scheme-removed", S, "paths: {/a: {get: {}}}, components: {securitySchemes: {a: {type: http, scheme: basic}}}", "paths: {/a: {get: {}}}, components: {securitySchemes: {}}"),
        ("security-scheme-removed", R, "security: [{a: []}], paths: {/a: {get: {}}}, components: {securitySchemes: {a: {type: http, scheme: basic}}}", "security: [{a: []}], paths: {/a: {get: {}}}, components: {securitySchemes: {}}"),
        ("security-scheme-flow-removed", B, "components: {securitySchemes: {a: {type: oauth2, flows: {implicit: {scopes: {}}}}}}", "components: {securitySchemes: {a: {type: oauth2, flows: {}}}}"),
        ("security-scheme-url-changed", R, "components: {securitySchemes: {a: {type: oauth2, flows: {implicit: {authorizationUrl: 'https://a'}}}}}", "components: {securitySchemes: {a: {type: oauth2, flows: {implicit: {authorizationUrl: 'https://b'}}}}}"),
        ("not-comparable", R, "paths: {/a: {get: {parameters: [{$ref: 'other.yaml#/x'}]}}}", "paths: {/a: {get: {}}}"),
    ];
    let mut all: Vec<Row> =
        rows.into_iter().map(|(rule, class, old, new)| (rule, class, document(old), document(new))).collect();
    let zero = |schema: &str| operation("3.0.3", &body(schema));
    all.extend([
        ("request-body-type-narrowed", B, zero("{type: string, nullable: true}"), zero("{type: string}")),
        ("", S, zero("{type: string, nullable: true}"), operation("3.1.0", &body("{type: [string, 'null']}"))),
        ("request-body-exclusive-minimum-added", B, zero("{type: number, minimum: 1}"), zero("{type: number, minimum: 1, exclusiveMinimum: true}")),
        ("", S, zero("{type: number, minimum: 1, exclusiveMinimum: true}"), operation("3.1.0", &body("{type: number, exclusiveMinimum: 1}"))),
        ("", S, zero("{$ref: '#/components/schemas/Name', maxLength: 3}"), zero("{$ref: '#/components/schemas/Name'}")),
        ("request-body-any-of-removed", B, zero("{nullable: true, allOf: [{$ref: '#/components/schemas/Name'}]}"), zero("{allOf: [{$ref: '#/components/schemas/Name'}]}")),
        ("response-body-property-became-write-only", B, operation("3.1.0", &answer(&object("a: {type: string}", "a"))), operation("3.1.0", &answer(&object("a: {type: string, writeOnly: true}", "a")))),
        ("response-body-property-became-write-only", S, operation("3.1.0", &answer(&object("a: {type: string}", ""))), operation("3.1.0", &answer(&object("a: {type: string, writeOnly: true}", "")))),
        ("request-body-property-became-not-read-only", B, operation("3.1.0", &body(&object("a: {type: string, readOnly: true}", "a"))), operation("3.1.0", &body(&object("a: {type: string}", "a")))),
    ]);
    all
}

#[test]
fn each_change_has_its_rule_and_class() {
    let rows: Vec<Row> = [schemas(), operations(), documents()].concat();
    let mut wrong = Vec::new();
    for (rule, class, old, new) in &rows {
        let found = compared(old, new);
        let rules: Vec<_> = found.changes.iter().map(|c| (c.rule.as_str(), c.class)).collect();
        let named = rules.iter().any(|(one, _)| one == rule);
        if found.class != *class || !rule.is_empty() && !named || rule.is_empty() && *class != S {
            wrong.push(format!("{old}\n-> {new}\n: {rules:?}, wanted {rule} {class:?}"));
        }
        for change in &found.changes {
            let mended = change.remedy.is_empty() == (change.class == S);
            assert!(mended && !change.message.is_empty(), "{change:?}");
            assert!(change.old.is_some() || change.new.is_some(), "{change:?}");
        }
        for same in [old, new] {
            let itself = compared(same, same);
            assert!(
                itself.changes.is_empty()
                    || itself.changes.iter().all(|c| c.rule == "not-comparable"),
                "{itself:?}"
            );
        }
    }
    assert!(rows.len() >= 150, "{}", rows.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn a_shared_schema_is_told_once_with_its_place_and_a_witness() {
    let of = |values: &str| {
        document(&format!(
            "paths: {{/a: {{get: {{responses: {{'200': {{$ref: '#/components/responses/R'}}}}}}}}, /b: {{get: {{responses: {{'200': {{$ref: '#/components/responses/R'}}}}}}}}}},
             components: {{responses: {{R: {{description: d, content: {{a/b: {{schema: {{type: array, items: {{$ref: '#/components/schemas/Band'}}}}}}}}}}}}, schemas: {{Band: {{enum: {values}}}}}}}"
        ))
    };
    let found = compared(&of("[GREEN]"), &of("[GREEN, RED]"));
    let [change] = found.changes.as_slice() else { panic!("{found:?}") };
    assert_eq!((change.rule.as_str(), change.class), ("response-body-enum-value-added", B));
    assert_eq!(change.new.as_ref().unwrap().pointer, "/components/schemas/Band/enum");
    assert_eq!(change.new.as_ref().unwrap().document, "new.yaml");
    assert!(change.message.starts_with("GET /a 200, GET /b 200: "), "{}", change.message);
    let witness = change.witness.as_ref().unwrap();
    assert_eq!(witness.instance, json!(["RED"]));
    assert!(!witness.accepted_by_old);
}

#[test]
fn other_files_are_found_by_their_path() {
    let api = parsed(
        "{openapi: 3.1.0, paths: {/a: {get: {responses: {'200': {description: d, content: {a/b: {schema: {$ref: '../schemas/a.json#/$defs/x'}}}}}}}}}",
    );
    let (old, new) =
        (json!({"$defs": {"x": {"type": "integer"}}}), json!({"$defs": {"x": {"type": "string"}}}));
    let olds = BTreeMap::from([("m/schemas/a.json".to_owned(), &old)]);
    let news = BTreeMap::from([("m/schemas/a.json".to_owned(), &new)]);
    let side = |others| Side { name: "m/api/a.yaml", value: &api, others };
    let found = diff(side(&olds), side(&news)).unwrap();
    let change = &found.changes[0];
    assert_eq!(change.rule, "response-body-type-changed");
    let place = change.old.as_ref().unwrap();
    assert_eq!(
        (place.document.as_str(), place.pointer.as_str()),
        ("m/schemas/a.json", "/$defs/x/type")
    );
}

#[test]
fn only_openapi_3_is_compared() {
    let none = BTreeMap::new();
    for value in [json!({"swagger": "2.0"}), json!({"openapi": "4.0.0"}), json!(3)] {
        let side = Side { name: "a.yaml", value: &value, others: &none };
        assert!(diff(side, side).is_err_and(|why| why.contains("3.0.x or 3.1.x")));
    }
}

/// JSON that is OpenAPI here and there.
fn any_json() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "paths",
        "/a/{b}",
        "/a/{",
        "get",
        "post",
        "parameters",
        "in",
        "name",
        "schema",
        "$ref",
        "requestBody",
        "content",
        "a/b",
        "responses",
        "200",
        "default",
        "headers",
        "components",
        "schemas",
        "security",
        "type",
        "properties",
        "x-sunset",
        "allOf",
        "callbacks",
        "webhooks",
        "servers",
        "url",
        "required",
        "readOnly",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        prop::sample::select(vec![
            "#",
            "#/paths",
            "#/components/schemas/a",
            "query",
            "path",
            "string",
            "é",
            "2030-é1-011"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(7, 60, 4, move |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            4 => prop::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..5).prop_map(|map| json!(map)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whatever_it_says_nothing_panics(old in any_json(), new in any_json()) {
        let of = |value: &Value| {
            let mut document = json!({"openapi": "3.0.1", "paths": {"/a/{b}": value, "/a/{c}": value, "/c": {"get": value, "parameters": [value]}}});
            if let Some(object) = value.as_object() {
                for (name, value) in object {
                    document[name] = value.clone();
                }
            }
            document
        };
        let (old, new) = (of(&old), of(&new));
        compared(&old, &new);
        let itself = compared(&old, &old);
        prop_assert!(itself.changes.iter().all(|change| change.rule == "not-comparable"), "{:?}", itself);
    }
}
