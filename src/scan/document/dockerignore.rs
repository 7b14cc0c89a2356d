//! What a build leaves out of its context: `.dockerignore`.
//!
//! **Invariant**: a path that may be taken in, by an exception or below it, does not count as left out.
//!
//! # Source
//! The patterns of Moby, as Docker and `BuildKit` read them: paths from the context, `*` within one step, `**` across
//! steps, `!` for exceptions; the last pattern that matches a path, or a folder above it, decides.

use globset::{GlobBuilder, GlobMatcher};

/// Patterns of one file, and the longest of them in bytes.
const MAX_PATTERNS: usize = 1_000;
const MAX_PATTERN_BYTES: usize = 500;

/// The patterns of one file.
#[derive(Clone, Debug, Default)]
pub struct Dockerignore {
    patterns: Vec<Pattern>,
}

#[derive(Clone, Debug)]
struct Pattern {
    text: String,
    glob: GlobMatcher,
    takes_in: bool,
}

impl Dockerignore {
    /// Reads a file; what is no pattern is passed over.
    pub fn read(text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self { patterns: lines.take(MAX_PATTERNS).filter_map(Pattern::read).collect() }
    }

    /// Whether the build does not see `path` of its context: `src/main.rs`, `./src/` or `/src`. A path that leads out
    /// of the context, or is all of it, is not left out.
    pub fn leaves_out(&self, path: &str) -> bool {
        let Some(path) = cleaned(path) else { return false };
        let folder = format!("{path}/");
        if self.patterns.iter().any(|pattern| pattern.takes_in && pattern.may_be_below(&folder)) {
            return false;
        }
        let above = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        let steps: Vec<&str> = above.chain([path.as_str()]).collect();
        let last = self.patterns.iter().rev().find(|pattern| steps.iter().any(|step| pattern.glob.is_match(step)));
        last.is_some_and(|pattern| !pattern.takes_in)
    }
}

impl Pattern {
    fn read(line: &str) -> Option<Self> {
        let (takes_in, rest) = match line.strip_prefix('!') {
            Some(rest) => (true, rest.trim()),
            None => (false, line),
        };
        let text = cleaned(rest).filter(|text| text.len() <= MAX_PATTERN_BYTES)?;
        let glob = GlobBuilder::new(&text).literal_separator(true).backslash_escape(true).build().ok()?;
        Some(Self { glob: glob.compile_matcher(), text, takes_in })
    }

    /// Whether it may match something in `folder`, which ends with a slash.
    fn may_be_below(&self, folder: &str) -> bool {
        let literal = self.text.find(['*', '?', '[']).unwrap_or(self.text.len());
        let start = self.text.get(..literal).unwrap_or_default();
        start.starts_with(folder) || (literal < self.text.len() && folder.starts_with(start))
    }
}

/// The path without `.`, empty steps and the slashes at its ends; `None` for the context itself and what is outside.
fn cleaned(path: &str) -> Option<String> {
    let steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty() && *step != ".").collect();
    (!steps.is_empty() && !steps.contains(&"..")).then(|| steps.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_pattern_that_matches_decides() {
        let file =
            "# what is built\ntarget\n*.md\n!README.md\n**/node_modules\n/docs/\nsrc/*.tmp\n\nall/*\n!all/kept\n[";
        let ignored = Dockerignore::read(file);
        for (path, expected) in [
            ("target", true),
            ("./target/release/web", true),
            ("/target/", true),
            ("crates/target", false),
            ("CHANGES.md", true),
            ("README.md", false),
            ("docs/guide.md", true),
            ("src/a.md", false),
            ("web/node_modules/x", true),
            ("src", false),
            ("src/x.tmp", true),
            ("src/deep/x.tmp", false),
            ("all", false),
            ("all/other", true),
            ("all/kept", false),
            ("all/kept/x", false),
            (".", false),
            ("../target", false),
        ] {
            assert_eq!(ignored.leaves_out(path), expected, "{path}");
        }
    }

    #[test]
    fn what_has_an_exception_below_is_taken_in() {
        let ignored = Dockerignore::read("*\n!src/app\n!**/*.toml\n");
        assert!(!ignored.leaves_out("src"));
        assert!(!ignored.leaves_out("src/app"));
        assert!(!ignored.leaves_out("web"));
        let ignored = Dockerignore::read("*\n!src/app\n");
        assert!(ignored.leaves_out("web"));
    }
}
