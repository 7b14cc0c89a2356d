//! The shape that a schema gives to a value: references followed, required fields filled in, unknown fields found.
//!
//! Invariant: filling in never changes a field that is there.

use serde_json::{Map, Value, json};

/// Nesting below which nothing is filled in.
const MAX_DEPTH: usize = 8;

/// Follows `$ref` within the document.
pub fn resolve<'a>(document: &'a Value, mut schema: &'a Value) -> &'a Value {
    while let Some(reference) = schema["$ref"].as_str() {
        schema = document.pointer(reference.trim_start_matches('#')).unwrap();
    }
    schema
}

/// Rewrites `nullable: true` of `OpenAPI` to JSON Schema's terms.
pub fn nullable_to_any_of(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(nullable_to_any_of);
            if map.get("nullable") == Some(&Value::Bool(true)) {
                map.remove("nullable");
                let inner = Value::Object(std::mem::take(map));
                *value = json!({"anyOf": [inner, {"type": "null"}]});
            }
        }
        Value::Array(items) => items.iter_mut().for_each(nullable_to_any_of),
        _ => {}
    }
}

/// Adds what is required and absent, and tells which fields the schema does not know.
pub fn complete(document: &Value, schema: &Value, value: &mut Value) -> Vec<String> {
    let mut unknown = Vec::new();
    walk(document, schema, value, "", &mut unknown, true);
    unknown
}

/// The fields of `value` that the schema does not know.
pub fn unknown_fields(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut unknown = Vec::new();
    walk(document, schema, &mut value.clone(), "", &mut unknown, false);
    unknown
}

fn walk(document: &Value, schema: &Value, value: &mut Value, place: &str, unknown: &mut Vec<String>, fill: bool) {
    let Some(schema) = alternative(document, schema, value) else { return };
    match value {
        Value::Array(items) => {
            let item_schema = &schema["items"];
            for (index, item) in items.iter_mut().enumerate() {
                walk(document, item_schema, item, &format!("{place}/{index}"), unknown, fill);
            }
        }
        Value::Object(map) => {
            let object = ObjectShape::new(document, schema);
            for (key, inner) in map.iter_mut() {
                match object.properties.get(key.as_str()) {
                    Some(property) => walk(document, property, inner, &format!("{place}/{key}"), unknown, fill),
                    None if object.open => {}
                    None => unknown.push(format!("unknown field {place}/{key}")),
                }
            }
            for name in object.required {
                if fill && !map.contains_key(name) {
                    let property = object.properties.get(name).copied().unwrap_or(&Value::Null);
                    map.insert(name.to_owned(), filler(document, property, 0));
                }
            }
        }
        _ => {}
    }
}

/// What an object schema says of its fields, parts of `allOf` and of alternatives joined.
#[derive(Default)]
struct ObjectShape<'a> {
    properties: std::collections::BTreeMap<&'a str, &'a Value>,
    required: Vec<&'a str>,
    open: bool,
}

impl<'a> ObjectShape<'a> {
    fn new(document: &'a Value, schema: &'a Value) -> Self {
        let mut shape = Self::default();
        shape.add(document, schema);
        shape.open |= shape.properties.is_empty();
        shape
    }

    fn add(&mut self, document: &'a Value, schema: &'a Value) {
        let schema = resolve(document, schema);
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.add(document, part);
        }
        for part in ["oneOf", "anyOf"].iter().filter_map(|key| schema[*key].as_array()).flatten() {
            let required = self.required.len();
            self.add(document, part);
            self.required.truncate(required);
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            self.properties.insert(name, property);
        }
        self.required.extend(schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str));
        self.open |= matches!(&schema["additionalProperties"], Value::Bool(true) | Value::Object(_));
    }
}

/// The alternative of the schema that the value means; `None` when that is open.
fn alternative<'a>(document: &'a Value, schema: &'a Value, value: &Value) -> Option<&'a Value> {
    let schema = resolve(document, schema);
    let alternatives = ["anyOf", "oneOf"].iter().find_map(|key| schema[*key].as_array());
    let Some(alternatives) = alternatives.filter(|_| schema["properties"].is_null()) else { return Some(schema) };
    if value.is_null() {
        return None;
    }
    let wanted = if value.is_array() { "array" } else { "object" };
    let fits = |candidate: &Value| value.is_object() || candidate["type"] == wanted;
    let mut candidates = alternatives
        .iter()
        .map(|candidate| resolve(document, candidate))
        .filter(|candidate| candidate["type"] != "null" && fits(candidate));
    let (first, second) = (candidates.next(), candidates.next());
    match (first, second) {
        (Some(only), None) => alternative(document, only, value),
        (Some(_), Some(_)) if value.is_object() => best_of(document, alternatives, value),
        _ => None,
    }
}

/// The first alternative that knows all fields of the object.
fn best_of<'a>(document: &'a Value, alternatives: &'a [Value], value: &Value) -> Option<&'a Value> {
    let knows = |candidate: &&Value| {
        let shape = ObjectShape::new(document, candidate);
        value.as_object().is_some_and(|map| map.keys().all(|key| shape.properties.contains_key(key.as_str())))
    };
    alternatives.iter().map(|candidate| resolve(document, candidate)).find(knows)
}

/// The plainest value that fits the schema.
fn filler(document: &Value, schema: &Value, depth: usize) -> Value {
    let schema = resolve(document, schema);
    if let Some(alternatives) = ["anyOf", "oneOf"].iter().find_map(|key| schema[*key].as_array()) {
        let nullable = alternatives.iter().any(|candidate| candidate["type"] == "null");
        return if nullable { Value::Null } else { filler(document, &alternatives[0], depth) };
    }
    if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    let types = schema["type"].as_array();
    if types.is_some_and(|types| types.iter().any(|name| name == "null")) {
        return Value::Null;
    }
    match schema["type"].as_str() {
        Some("string") => json!(match schema["format"].as_str() {
            Some("date-time") => "2026-01-01T00:00:00Z",
            Some("uri") => "https://github.example/",
            _ => "",
        }),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(0)),
        Some("boolean") => json!(false),
        Some("array") => json!([]),
        _ => filled_object(document, schema, depth),
    }
}

fn filled_object(document: &Value, schema: &Value, depth: usize) -> Value {
    let shape = ObjectShape::new(document, schema);
    let mut map = Map::new();
    for name in shape.required.iter().filter(|_| depth < MAX_DEPTH) {
        let property = shape.properties.get(name).copied().unwrap_or(&Value::Null);
        map.insert((*name).to_owned(), filler(document, property, depth + 1));
    }
    Value::Object(map)
}
