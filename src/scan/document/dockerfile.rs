//! x
/// x
#[derive(Clone, Debug)]
pub struct Dockerfile {}
