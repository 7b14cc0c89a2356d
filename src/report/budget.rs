//! Text within a number of bytes.
//!
//! Invariant: what does not fit is counted, and the text says so; nothing is cut in the middle of a line.

/// Room kept for the sentences that say what is left out, in bytes.
const RESERVE: usize = 1_000;

/// A text that is written line by line up to a number of bytes.
#[derive(Debug)]
pub struct Budget {
    text: String,
    max_bytes: usize,
    left_out: usize,
}

impl Budget {
    /// An empty text that may grow to `max_bytes`.
    pub fn new(max_bytes: usize) -> Self {
        Self { text: String::new(), max_bytes, left_out: 0 }
    }

    /// Writes a line that is always short: a heading, a count.
    pub fn line(&mut self, line: &str) {
        if self.fits(line, 0) {
            self.text.push_str(line);
            self.text.push('\n');
        } else {
            self.left_out += 1;
        }
    }

    /// Writes the lines that fit, and `left_out(how many)` for those that do not.
    pub fn list(&mut self, lines: &[String], left_out: impl FnOnce(usize) -> String) {
        for (index, line) in lines.iter().enumerate() {
            if !self.fits(line, RESERVE) {
                self.line(&left_out(lines.len() - index));
                return;
            }
            self.text.push_str(line);
            self.text.push('\n');
        }
    }

    /// Writes `lines` folded under `summary`; nothing when there are none.
    pub fn folded(&mut self, summary: &str, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        if !self.fits(summary, RESERVE) {
            self.line(&format!("{summary}: not shown, this text is full"));
            return;
        }
        self.text.push_str("<details><summary>");
        self.text.push_str(summary);
        self.text.push_str("</summary>\n\n");
        self.list(lines, |left| format!("- {}", super::markdown::left_out(left)));
        self.text.push_str("\n</details>\n");
    }

    /// The text.
    pub fn finish(mut self) -> String {
        if self.left_out > 0 {
            self.text.push_str("…\n");
        }
        self.text
    }

    fn fits(&self, line: &str, reserve: usize) -> bool {
        self.text.len() + line.len() + reserve + 50 <= self.max_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_counted() {
        let mut budget = Budget::new(2_000);
        let lines: Vec<String> = (0..100).map(|index| format!("- line {index} {}", "x".repeat(40))).collect();
        budget.folded("100 things", &lines);
        let text = budget.finish();
        let shown = text.matches("- line").count();
        assert!(text.len() <= 2_000 && shown > 5, "{text}");
        assert!(text.contains(&format!("{} more did not fit here", 100 - shown)), "{text}");
        assert!(text.ends_with("</details>\n"), "{text}");
    }
}
