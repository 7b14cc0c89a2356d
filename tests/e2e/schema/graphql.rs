//! Queries against GitHub's GraphQL schema.
//!
//! Invariant: a query that GitHub would refuse before running it is refused here.

use std::sync::OnceLock;

use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};

use super::packages;

/// The schema, read once per process.
pub fn schema() -> &'static Valid<Schema> {
    static INSTANCE: OnceLock<Valid<Schema>> = OnceLock::new();
    INSTANCE.get_or_init(|| {
        // The published schema repeats one field, so a strict reading refuses the whole of it.
        let schema = Schema::parse(packages::graphql(), "schema.graphql").unwrap_or_else(|errors| errors.partial);
        Valid::assume_valid(schema)
    })
}

/// Reads and checks a query.
///
/// # Errors
/// What GitHub would complain about.
pub fn parse(query: &str) -> Result<Valid<ExecutableDocument>, String> {
    ExecutableDocument::parse_and_validate(schema(), query, "query.graphql").map_err(|errors| errors.to_string())
}
