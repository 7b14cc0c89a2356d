//! Dockerfiles.

use super::super::limits::Limits;
use super::super::problem::Problem;
use super::Comment;

/// A Dockerfile, read.
#[derive(Clone, Debug, Default)]
pub struct Dockerfile {}

/// Reads a Dockerfile.
pub fn parse(_text: &str, _limits: &Limits) -> (Dockerfile, Vec<Comment>, Vec<Problem>) {
    (Dockerfile {}, Vec::new(), Vec::new())
}
