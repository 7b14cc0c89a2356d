//! What a long scan shows while it runs: one line on a terminal, gone when the report comes.
//!
//! Invariant: nothing is written before a scan has taken a while, or when standard error is no terminal.

use std::io::Write;
use std::time::{Duration, Instant};

/// A scan that ends sooner says nothing.
const PATIENCE: Duration = Duration::from_millis(400);
/// How often the line changes.
const INTERVAL: Duration = Duration::from_millis(100);

/// The line.
pub struct Progress<'a> {
    out: Option<&'a mut dyn Write>,
    total: usize,
    next: Instant,
    is_shown: bool,
}

impl<'a> Progress<'a> {
    /// A line for `total` files from `now` on; none without `out`.
    pub fn new(out: Option<&'a mut dyn Write>, total: usize, now: Instant) -> Self {
        Self { out, total, next: now + PATIENCE, is_shown: false }
    }

    /// Tells that `done` files are judged.
    pub fn tell(&mut self, done: usize, now: Instant) {
        let Some(out) = self.out.as_mut().filter(|_| now >= self.next) else { return };
        self.next = now + INTERVAL;
        self.is_shown = true;
        let percent = done.saturating_mul(100) / self.total.max(1);
        // A terminal that goes away is no reason to stop judging.
        let _ = write!(out, "\r\x1b[Kjudging: {done} of {} files, {percent} %", self.total);
        let _ = out.flush();
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if let Some(out) = self.out.as_mut().filter(|_| self.is_shown) {
            let _ = write!(out, "\r\x1b[K");
            let _ = out.flush();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(seconds: &[f64]) -> String {
        let mut text = Vec::new();
        let start = Instant::now();
        let mut progress = Progress::new(Some(&mut text), 200, start);
        for (index, second) in seconds.iter().enumerate() {
            progress.tell((index + 1) * 50, start + Duration::from_secs_f64(*second));
        }
        drop(progress);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_short_scan_says_nothing() {
        assert_eq!(shown(&[0.1, 0.2, 0.39]), "");
    }

    #[test]
    fn a_long_one_has_one_line_that_goes_away() {
        let expected = "\r\x1b[Kjudging: 50 of 200 files, 25 %\r\x1b[Kjudging: 150 of 200 files, 75 %\r\x1b[K";
        assert_eq!(shown(&[0.5, 0.55, 0.7]), expected);
    }

    #[test]
    fn without_a_terminal_nothing_is_said() {
        let start = Instant::now();
        let mut progress = Progress::new(None, 1, start);
        progress.tell(1, start + Duration::from_mins(1));
        assert!(!progress.is_shown);
    }
}
