//! Requests and answers against GitHub's `OpenAPI` description.
//!
//! Invariant: a request of an unknown route, with an unknown query parameter, body field or a value out of range is an
//! error, although the real GitHub lets some of them pass.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::{packages, shape};

/// The description, with what was compiled of it so far.
pub struct OpenApi {
    document: Value,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// One operation of the description.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The path template, such as `/repos/{owner}/{repo}/check-runs`.
    pub template: String,
    /// `get`, `post`, …
    pub method: String,
}

/// The description, read once per process.
pub fn openapi() -> &'static OpenApi {
    static INSTANCE: OnceLock<OpenApi> = OnceLock::new();
    INSTANCE.get_or_init(|| {
        let mut document = packages::openapi();
        shape::nullable_to_any_of(&mut document);
        OpenApi { document, validators: Mutex::default() }
    })
}

/// The description of webhook payloads, read once per process.
pub fn webhooks() -> &'static OpenApi {
    static INSTANCE: OnceLock<OpenApi> = OnceLock::new();
    INSTANCE.get_or_init(|| OpenApi { document: packages::webhooks(), validators: Mutex::default() })
}

impl OpenApi {
    /// Fills in the fields that a payload of `event` always has, then checks all of it.
    ///
    /// # Errors
    /// What is wrong with the payload.
    pub fn complete_webhook(&self, event: &str, payload: &mut Value) -> Result<(), Vec<String>> {
        let action = payload["action"].as_str().map(|action| format!("-{action}")).unwrap_or_default();
        let name = format!("{event}{action}").replace('_', "-");
        let schema = &self.document["webhooks"][&name]["post"]["requestBody"]["content"]["application/json"]["schema"];
        assert!(!schema.is_null(), "GitHub has no event {name}");
        let mut wrong = shape::complete(&self.document, schema, payload);
        wrong.extend(self.validate(&name, schema, payload));
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// The operation that a request means.
    pub fn operation(&self, method: &str, path: &str) -> Option<Operation> {
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let method = method.to_lowercase();
        let paths = self.document["paths"].as_object().unwrap();
        let best = paths
            .iter()
            .filter(|(_, operations)| operations.get(&method).is_some())
            .filter_map(|(template, _)| matches(template, &segments).map(|literals| (literals, template)))
            .max_by_key(|(literals, _)| *literals)?;
        Some(Operation { template: best.1.clone(), method })
    }

    /// What is wrong with a request, in GitHub's own terms.
    pub fn check_request(&self, operation: &Operation, query: &[(String, String)], body: &Value) -> Vec<String> {
        let description = self.describe(operation);
        let mut wrong = Vec::new();
        let known: Vec<&str> = array(&description["parameters"])
            .map(|parameter| shape::resolve(&self.document, parameter))
            .filter(|parameter| parameter["in"] == "query")
            .filter_map(|parameter| parameter["name"].as_str())
            .collect();
        for (name, _) in query {
            if !known.contains(&name.as_str()) {
                wrong.push(format!("unknown query parameter {name:?}, known: {known:?}"));
            }
        }
        let schema = &description["requestBody"]["content"]["application/json"]["schema"];
        match (schema.is_null(), body.is_null()) {
            (true, false) => wrong.push("the operation takes no body".to_owned()),
            (false, false) => {
                wrong.extend(shape::unknown_fields(&self.document, schema, body));
                wrong.extend(self.validate(&format!("{operation:?} request"), schema, body));
            }
            (false, true) if description["requestBody"]["required"] == true => wrong.push("no body".to_owned()),
            _ => {}
        }
        wrong
    }

    /// Fills in the fields that GitHub always sends, then checks the whole answer.
    ///
    /// # Errors
    /// What is wrong with the answer.
    pub fn complete(&self, operation: &Operation, status: u16, answer: &mut Value) -> Result<(), Vec<String>> {
        let responses = &self.describe(operation)["responses"];
        let Some(response) = responses.get(status.to_string()) else {
            return Err(vec![format!("{operation:?} has no answer {status}")]);
        };
        let content = &shape::resolve(&self.document, response)["content"];
        let schema = &content["application/json"]["schema"];
        if schema.is_null() {
            return Ok(());
        }
        let mut wrong = shape::complete(&self.document, schema, answer);
        wrong.extend(self.validate(&format!("{operation:?} response {status}"), schema, answer));
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// What is wrong with a value of a named component.
    pub fn check(&self, component: &str, value: &Value) -> Vec<String> {
        let schema = &self.document["components"]["schemas"][component];
        assert!(!schema.is_null(), "GitHub has no component {component}");
        let mut wrong = shape::unknown_fields(&self.document, schema, value);
        wrong.extend(self.validate(component, schema, value));
        wrong
    }

    fn describe(&self, operation: &Operation) -> &Value {
        &self.document["paths"][&operation.template][&operation.method]
    }

    fn validate(&self, key: &str, schema: &Value, value: &Value) -> Vec<String> {
        let known = self.validators.lock().unwrap().get(key).cloned();
        let validator = known.unwrap_or_else(|| {
            let validator = Arc::new(compile(&self.document, schema));
            self.validators.lock().unwrap().insert(key.to_owned(), Arc::clone(&validator));
            validator
        });
        validator.iter_errors(value).map(|error| format!("{error} (at {})", error.instance_path())).collect()
    }
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// How many segments of the template are literal, when it fits; `{path}` fits the rest.
fn matches(template: &str, segments: &[&str]) -> Option<usize> {
    let pattern: Vec<&str> = template.trim_start_matches('/').split('/').collect();
    // A reference is written with its slashes: `git/ref/heads/main`.
    let rest = pattern.last() == Some(&"{path}") || pattern.ends_with(&["git", "ref", "{ref}"]);
    if pattern.len() != segments.len() && !(rest && segments.len() > pattern.len()) {
        return None;
    }
    let parameter = |part: &str| part.starts_with('{');
    let fits = pattern.iter().zip(segments).all(|(part, segment)| parameter(part) || part == segment);
    fits.then(|| pattern.iter().filter(|part| !parameter(part)).count())
}

/// A validator of one schema of the document, with the components that it reaches.
fn compile(document: &Value, schema: &Value) -> Validator {
    let mut components = Map::new();
    let mut waiting = vec![schema];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(reference)) = map.get("$ref") {
                    let name = reference.trim_start_matches("#/components/schemas/");
                    if !components.contains_key(name) {
                        let target = shape::resolve(document, value);
                        components.insert(name.to_owned(), target.clone());
                        waiting.push(target);
                    }
                }
                waiting.extend(map.values());
            }
            Value::Array(items) => waiting.extend(items),
            _ => {}
        }
    }
    let root = json!({"allOf": [schema], "components": {"schemas": components}});
    jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(&root).unwrap()
}
