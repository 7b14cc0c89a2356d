//! dockgate: a pre-merge gate for containers.

pub mod report;
pub mod scan;
pub mod settings;
pub mod verdict;

#[cfg(feature = "io")]
pub mod github;
#[cfg(feature = "io")]
pub mod job;
#[cfg(feature = "io")]
pub mod pipeline;
#[cfg(feature = "io")]
pub mod server;
#[cfg(feature = "io")]
pub mod source;
#[cfg(feature = "io")]
pub mod store;
#[cfg(feature = "io")]
pub mod telemetry;
#[cfg(feature = "io")]
pub mod worker;

#[cfg(feature = "io")]
pub mod cli;
