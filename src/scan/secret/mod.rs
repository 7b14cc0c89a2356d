//! x
pub mod redacted;
