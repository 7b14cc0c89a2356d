//! The bounds that keep hostile input cheap.
//!
//! Invariant: whatever exceeds a limit becomes a [`Problem`](super::problem::Problem) that names the
//! limit; nothing is cut silently.

/// Upper bounds of what one file may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest file that is judged, in bytes.
    pub max_file_bytes: usize,
    /// Deepest nesting of a document.
    pub max_depth: usize,
    /// Most documents in one file.
    pub max_documents: usize,
    /// Most nodes in one file, aliases counted once.
    pub max_nodes: usize,
    /// Most steps one policy condition may take on one target.
    pub max_condition_steps: u32,
    /// Most findings of one policy in one file; the rest is summed up in a problem.
    pub max_findings_per_policy: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_file_bytes: 5 * 1024 * 1024,
            max_depth: 100,
            max_documents: 10_000,
            max_nodes: 2_000_000,
            max_condition_steps: 50_000,
            max_findings_per_policy: 200,
        }
    }
}
