//! GitHub's own description of itself, so that neither dockgate nor the fake can be wrong unnoticed.
//!
//! Invariant: the descriptions are those of exact package versions; nothing here is written from memory.

pub mod graphql;
pub mod openapi;
pub mod packages;
mod shape;
