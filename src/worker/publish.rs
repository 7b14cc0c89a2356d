//! A verdict at GitHub: the check run.
//!
//! Invariant: everything here may be done twice. What an earlier attempt wrote is found by the check run's external id,
//! and is not written again.

mod run;

pub use run::{Check, OwnCheckRun, could_not_finish, report_failure, superseded};
