//! SARIF against its schema.
//!
//! `schema/sarif-2.1.0.json` is the schema that OASIS publishes, as packed in npm's `@microsoft/jest-sarif`
//! 1.0.0-beta.0 (MIT).

use std::sync::LazyLock;

use jsonschema::Validator;

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| {
    // The schema has one pattern with a bracket too many, which not every reader of patterns takes.
    let text = include_str!("schema/sarif-2.1.0.json").replace("{2}]?$", "{2}$");
    let schema = serde_json::from_str(&text).unwrap();
    jsonschema::options().with_draft(jsonschema::Draft::Draft4).build(&schema).unwrap()
});

/// Fails when `text` is not a valid SARIF log.
pub fn validate(name: &str, text: &str) {
    let log = serde_json::from_str(text).unwrap();
    let errors: Vec<String> =
        VALIDATOR.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}");
}

#[test]
fn the_schema_can_refuse() {
    let wrong = serde_json::json!({"version": "2.1.0", "runs": [{"results": [{"level": "bad"}]}]});
    assert!(VALIDATOR.iter_errors(&wrong).count() > 0);
}
