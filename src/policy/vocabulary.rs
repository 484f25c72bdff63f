//! The built-in functions that a pack may call. What is not on the list is refused when the pack is
//! loaded: it is missing from the engine (and a rule built on it would be silently undefined), it
//! depends on the clock or on chance (a verdict must repeat), it differs from OPA's, or its result
//! may be out of all proportion to its arguments.

const ALLOWED: &[&str] = &[
    "abs",
    "array.concat",
    "array.reverse",
    "array.slice",
    "base64.decode",
    "base64.encode",
    "base64.is_valid",
    "base64url.decode",
    "base64url.encode",
    "base64url.encode_no_pad",
    "bits.and",
    "bits.negate",
    "bits.or",
    "bits.xor",
    "ceil",
    "concat",
    "contains",
    "count",
    "endswith",
    "floor",
    "format_int",
    "glob.match",
    "glob.quote_meta",
    "graph.reachable",
    "hex.decode",
    "hex.encode",
    "indexof",
    "indexof_n",
    "intersection",
    "is_array",
    "is_boolean",
    "is_null",
    "is_number",
    "is_object",
    "is_set",
    "is_string",
    "json.filter",
    "json.is_valid",
    "json.marshal",
    "json.patch",
    "json.unmarshal",
    "lower",
    "max",
    "min",
    "net.cidr_contains",
    "net.cidr_is_valid",
    "numbers.range",
    "numbers.range_step",
    "object.filter",
    "object.get",
    "object.keys",
    "object.remove",
    "object.subset",
    "object.union",
    "object.union_n",
    "print",
    "product",
    "regex.find_n",
    "regex.is_valid",
    "regex.match",
    "regex.replace",
    "regex.split",
    "replace",
    "round",
    "semver.compare",
    "semver.is_valid",
    "sort",
    "split",
    "sprintf",
    "startswith",
    "strings.any_prefix_match",
    "strings.any_suffix_match",
    "strings.count",
    "strings.replace_n",
    "strings.reverse",
    "substring",
    "sum",
    "time.add_date",
    "time.clock",
    "time.date",
    "time.diff",
    "time.format",
    "time.parse_ns",
    "time.parse_rfc3339_ns",
    "time.weekday",
    "to_number",
    "trim",
    "trim_left",
    "trim_prefix",
    "trim_right",
    "trim_space",
    "trim_suffix",
    "type_name",
    "union",
    "units.parse",
    "units.parse_bytes",
    "upper",
    "urlquery.decode",
    "urlquery.decode_object",
    "urlquery.encode",
    "urlquery.encode_object",
    "uuid.parse",
    "walk",
];

/// Names that people will look for, and why they are not there.
const EXPLAINED: &[(&str, &str)] = &[
    ("http.send", "a policy asks no network; what it needs belongs into the input"),
    ("net.lookup_ip_addr", "a policy asks no network; what it needs belongs into the input"),
    ("opa.runtime", "a verdict does not depend on where it is made"),
    ("time.now_ns", "a verdict must repeat; the time of the decision is in the input"),
    ("rand.intn", "a verdict must repeat"),
    ("uuid.rfc4122", "a verdict must repeat"),
    ("json.match_schema", "schemas are validated before policy is asked"),
    ("json.verify_schema", "schemas are validated before policy is asked"),
    ("time.parse_duration_ns", "it differs from OPA's"),
    ("net.cidr_expand", "its result may take all memory; use net.cidr_contains"),
    ("graph.reachable_paths", "its result may take all memory; use graph.reachable"),
    ("yaml.is_valid", "it differs from OPA's; what is in the pack is read when it is loaded"),
    ("yaml.marshal", "it differs from OPA's; use json.marshal"),
    ("yaml.unmarshal", "it differs from OPA's; use json.unmarshal, or YAML under data/"),
    ("bits.lsh", "its result may take all memory; use multiplication"),
    ("bits.rsh", "it differs from OPA's; use division"),
    ("json.remove", "it differs from OPA's; use object.remove or json.filter"),
    ("regex.find_all_string_submatch_n", "it differs from OPA's; use regex.find_n or split"),
    ("regex.globs_match", "it differs from OPA's; use regex.match"),
    ("regex.template_match", "it differs from OPA's; use regex.match"),
    ("trace", "nobody reads its notes; use print"),
];

/// Families of such names.
const EXPLAINED_FAMILIES: &[(&str, &str)] = &[
    ("crypto.", "digests and signatures are checked before policy is asked"),
    ("io.jwt.", "signatures are checked before policy is asked; what they say is in the input"),
    ("rego.metadata.", "annotations are not read"),
];

/// Whether `name` may be called; if not, why.
pub(super) fn refusal(name: &str) -> Option<String> {
    if ALLOWED.binary_search(&name).is_ok() || super::arithmetic::is_ours(name) {
        return None;
    }
    let alone = EXPLAINED.iter().find(|(explained, _)| *explained == name);
    let why =
        alone.or_else(|| EXPLAINED_FAMILIES.iter().find(|(begin, _)| name.starts_with(begin)));
    Some(match why {
        Some((_, why)) => format!("{name} is not available: {why}"),
        None => format!(
            "there is no function {name} for policies here; docs/rego.md tells which there are"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_every_name_exists() {
        assert!(ALLOWED.is_sorted());
        for name in ALLOWED.iter().filter(|name| **name != "print") {
            assert!(regorus::unstable::BUILTINS.contains_key(name), "{name}");
        }
        assert!(refusal("count").is_none());
        assert!(refusal("http.send").unwrap().contains("network"));
        assert!(refusal("crypto.sha256").unwrap().contains("before policy"));
        assert!(refusal("no.such").unwrap().contains("no function"));
        assert!(refusal("__builtin_sets.union").is_some());
    }
}
