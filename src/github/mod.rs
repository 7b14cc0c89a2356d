//! GitHub, as far as dockgate talks to it.

pub mod identity;
