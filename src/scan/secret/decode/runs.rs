//! Runs of base64, found by looking at a part of the text only.
//!
//! Invariant: no run of at least [`MIN_RUN`] characters is missed.

/// Shortest base64 or hexadecimal that is decoded, in characters.
pub const MIN_RUN: usize = 24;
/// How many bytes are looked at together.
const BLOCK: usize = 8;
/// How far apart those are: every run that is long enough holds one of them, and another block beside it.
const STRIDE: usize = 2 * BLOCK;
/// How many blocks are looked at before what they brought is.
const AT_A_TIME: usize = 256;

const _: () = assert!(MIN_RUN >= STRIDE + BLOCK - 1);

/// The runs of a text, asked for one after the other.
pub struct Runs<'b> {
    bytes: &'b [u8],
    /// Where the next block is.
    position: usize,
    /// Blocks that hold nothing else, in order; of them those from `next` to `count` are still to be looked at.
    places: [usize; AT_A_TIME],
    next: usize,
    count: usize,
}

impl<'b> Runs<'b> {
    /// The runs of `bytes` from `position` on.
    pub fn new(bytes: &'b [u8], position: usize) -> Self {
        Self { bytes, position, places: [0; AT_A_TIME], next: 0, count: 0 }
    }

    /// Where the next run begins, of what lies from `free` on.
    pub fn next(&mut self, free: usize) -> Option<usize> {
        let mut free = free;
        loop {
            let place = self.place()?;
            if place < free || !self.is_beside_another(place) {
                continue;
            }
            let before = self.bytes.get(free..place).unwrap_or_default();
            let start = place - before.iter().rev().take_while(|byte| is_base64(**byte)).count();
            let from_here = self.bytes.get(start..).unwrap_or_default();
            if from_here.get(..MIN_RUN).is_some_and(|run| run.iter().all(|byte| is_base64(*byte))) {
                return Some(start);
            }
            free = place + BLOCK;
        }
    }

    /// The next block that holds nothing else.
    fn place(&mut self) -> Option<usize> {
        while self.next == self.count {
            if self.position + BLOCK > self.bytes.len() {
                return None;
            }
            self.look();
        }
        self.next += 1;
        self.places.get(self.next - 1).copied()
    }

    /// Looks at the next blocks, without a branch for what each of them holds.
    fn look(&mut self) {
        (self.next, self.count) = (0, 0);
        let rest = self.bytes.get(self.position..).unwrap_or_default().array_windows();
        for block in rest.step_by(STRIDE).take(AT_A_TIME) {
            if let Some(place) = self.places.get_mut(self.count) {
                *place = self.position;
            }
            self.count += usize::from(is_whole(*block));
            self.position += STRIDE;
        }
    }

    fn is_beside_another(&self, place: usize) -> bool {
        let block = |start: Option<usize>| self.bytes.get(start?..).and_then(<[u8]>::first_chunk);
        [place.checked_sub(BLOCK), Some(place + BLOCK)]
            .into_iter()
            .any(|start| block(start).is_some_and(|block| is_whole(*block)))
    }
}

fn is_whole(block: [u8; BLOCK]) -> bool {
    block.iter().fold(true, |all, byte| all & is_base64(*byte))
}

/// Whether base64 in either alphabet has the byte.
pub fn is_base64(byte: u8) -> bool {
    BASE64.get(usize::from(byte)).is_some_and(|is_base64| *is_base64)
}

/// Looking a byte up is faster than comparing it.
static BASE64: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    loop {
        table[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
        if byte == u8::MAX {
            break table;
        }
        byte += 1;
    }
};

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, from: usize, expected: &[usize]) {
        let mut runs = Runs::new(text.as_bytes(), from);
        let mut found = Vec::new();
        let mut free = from;
        while let Some(start) = runs.next(free) {
            found.push(start);
            free = start + text.as_bytes()[start..].iter().take_while(|byte| is_base64(**byte)).count();
        }
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_run_is_found_wherever_it_stands() {
        for before in 0..40 {
            for length in 20..60 {
                for after in [0, 1, 7, 30] {
                    let text = format!("{}{}{}", ".".repeat(before), "A".repeat(length), " ".repeat(after));
                    check(&text, 0, if length < MIN_RUN { &[] } else { std::slice::from_ref(&before) });
                }
            }
        }
    }

    #[test]
    fn runs_follow_each_other() {
        let run = "a".repeat(MIN_RUN);
        check(&format!("{run} {run}.b.{run}"), 0, &[0, 25, 52]);
        check(&format!("{run}{run}"), 10, &[10]);
        check(&"x.".repeat(5_000), 0, &[]);
        check(&format!("{}{run}", "some words ".repeat(1_000)), 0, &[11_000]);
    }
}
