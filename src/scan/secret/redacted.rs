//! x
/// x
pub struct Redacted;
