//! The budget of one evaluation.
//!
//! Invariant: once it is exceeded it stays so, and the evaluation fails whatever its answer is.

use std::sync::atomic::{AtomicU32, Ordering};

use cel::ExecutionError;

/// How many bytes of text cost one step.
const BYTES_PER_STEP: usize = 256;

/// Counts the steps of one evaluation.
#[derive(Debug)]
pub(super) struct Meter {
    left: AtomicU32,
}

impl Meter {
    pub(super) fn new(max_steps: u32) -> Self {
        Self { left: AtomicU32::new(max_steps) }
    }

    pub(super) fn is_exhausted(&self) -> bool {
        self.left.load(Ordering::Relaxed) == 0
    }

    /// Takes `steps`; fails when fewer are left, and ever after.
    pub(super) fn take(&self, steps: usize) -> Result<(), ExecutionError> {
        let left = self.left.load(Ordering::Relaxed);
        let rest = left.saturating_sub(u32::try_from(steps).unwrap_or(u32::MAX));
        self.left.store(rest, Ordering::Relaxed);
        if rest == 0 { Err(ExecutionError::function_error("budget", "exceeded")) } else { Ok(()) }
    }

    pub(super) fn take_text(&self, text: &str) -> Result<(), ExecutionError> {
        self.take(text.len() / BYTES_PER_STEP)
    }
}
