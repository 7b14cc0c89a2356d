//! Patterns of paths, as settings and scopes write them.
//!
//! Invariant: matching a path costs time linear in its length, whatever the patterns are.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// A pattern that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("pattern \"{pattern}\" can't be read: {why}")]
pub struct PatternError {
    /// The pattern as written.
    pub pattern: String,
    /// What is wrong with it.
    pub why: String,
}

/// Longest pattern, in bytes.
const MAX_PATTERN_BYTES: usize = 500;

/// A set of patterns over paths relative to the repository root.
///
/// `*` stays within one path segment, `**` crosses them, `dir/` means everything below `dir`. A pattern without a `/`
/// in its middle matches at any depth; any other pattern starts at the root.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
#[serde(into = "Vec<String>", try_from = "Vec<String>")]
pub struct PathGlobs {
    patterns: Vec<String>,
    set: GlobSet,
}

impl Default for PathGlobs {
    fn default() -> Self {
        Self { patterns: Vec::new(), set: GlobSet::empty() }
    }
}

impl PartialEq for PathGlobs {
    fn eq(&self, other: &Self) -> bool {
        self.patterns == other.patterns
    }
}

impl Eq for PathGlobs {}

impl From<PathGlobs> for Vec<String> {
    fn from(globs: PathGlobs) -> Self {
        globs.patterns
    }
}

impl TryFrom<Vec<String>> for PathGlobs {
    type Error = PatternError;

    fn try_from(patterns: Vec<String>) -> Result<Self, Self::Error> {
        Self::new(&patterns)
    }
}

impl PathGlobs {
    /// Reads `patterns`.
    ///
    /// # Errors
    /// The first one that can't be read.
    pub fn new<S: AsRef<str>>(patterns: &[S]) -> Result<Self, PatternError> {
        let mut builder = GlobSetBuilder::new();
        for pattern in patterns {
            builder.add(read(pattern.as_ref())?);
        }
        let set = builder.build().map_err(|error| PatternError {
            pattern: error.glob().unwrap_or_default().to_owned(),
            why: error.kind().to_string(),
        })?;
        Ok(Self { patterns: patterns.iter().map(|pattern| pattern.as_ref().to_owned()).collect(), set })
    }

    /// Whether any pattern matches `path`.
    pub fn matches(&self, path: &str) -> bool {
        !self.patterns.is_empty() && self.set.is_match(path)
    }

    /// The patterns as written.
    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }
}

fn read(pattern: &str) -> Result<globset::Glob, PatternError> {
    let bad = |why: String| PatternError { pattern: pattern.to_owned(), why };
    if pattern.len() > MAX_PATTERN_BYTES {
        return Err(bad(format!("longer than {MAX_PATTERN_BYTES} bytes")));
    }
    let rooted = pattern.trim_end_matches('/').contains('/');
    let plain = pattern.strip_prefix('/').or_else(|| pattern.strip_prefix("./")).unwrap_or(pattern);
    if plain.is_empty() {
        return Err(bad("empty; write ** for every file".to_owned()));
    }
    let mut full = if rooted { plain.to_owned() } else { format!("**/{plain}") };
    if full.ends_with('/') {
        full.push_str("**");
    }
    GlobBuilder::new(&full)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map_err(|error| bad(error.kind().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, path: &str, expected: bool) {
        assert_eq!(PathGlobs::new(&[pattern]).unwrap().matches(path), expected, "{pattern} {path}");
    }

    #[test]
    fn patterns_match_as_people_expect() {
        check("legacy/**", "legacy/a/b.yaml", true);
        check("legacy/**", "new/legacy/b.yaml", false);
        check("legacy/", "legacy/a/b.yaml", true);
        check("vendor/", "a/vendor/b", true);
        check("*.md", "docs/readme.md", true);
        check("/README.md", "docs/README.md", false);
        check("/README.md", "README.md", true);
        check("./deploy/*.yaml", "deploy/a.yaml", true);
        check("deploy/*.yaml", "deploy/sub/a.yaml", false);
        check("**", "any/thing", true);
        check("deploy/{a,b}.yaml", "deploy/b.yaml", true);
        check("test[0-9]/x", "test7/x", true);
    }

    #[test]
    fn bad_patterns_say_why() {
        let error = PathGlobs::new(&["a/[b"]).unwrap_err().to_string();
        assert!(error.starts_with("pattern \"a/[b\" can't be read: "), "{error}");
        assert!(PathGlobs::new(&[""]).is_err());
        assert!(PathGlobs::new(&["a".repeat(501)]).is_err());
        assert!(!PathGlobs::default().matches("a"));
    }
}
