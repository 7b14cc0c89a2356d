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
const AT_A_TIME: usize = 64;

const _: () = assert!(MIN_RUN >= STRIDE + BLOCK - 1);

/// The runs of a text, asked for one after the other.
pub struct Runs<'b> {
    bytes: &'b [u8],
    /// Where the next block is.
    position: usize,
    /// Blocks that hold nothing else and have such a one beside them, in order; of them those from `next` to `count` are still to be looked at.
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
            if place < free {
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

    /// The next block that holds nothing else and has such a one beside it.
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

    /// Looks at the next blocks, without a branch for what each of them holds: at first for what may be no part of a
    /// run, then for what is one.
    fn look(&mut self) {
        (self.next, self.count) = (0, 0);
        let before = self.position.checked_sub(BLOCK).and_then(|start| self.block(start));
        let mut is_open = before.is_some_and(may_be_whole);
        let (pairs, end) = self.bytes.get(self.position..).unwrap_or_default().as_chunks::<STRIDE>();
        for pair in pairs.iter().take(AT_A_TIME) {
            let may_be = pair.first_chunk().is_some_and(|block| may_be_whole(*block));
            let goes_on = pair.last_chunk().is_some_and(|block| may_be_whole(*block));
            self.note(self.position, usize::from(may_be) & usize::from(is_open | goes_on));
            is_open = goes_on;
            self.position += STRIDE;
        }
        if pairs.len() < AT_A_TIME {
            self.note(self.position, usize::from(end.len() >= BLOCK));
            self.position += STRIDE;
        }
        for index in 0..std::mem::take(&mut self.count) {
            let place = self.places.get(index).copied().unwrap_or_default();
            let beside =
                usize::from(self.is_whole(place.wrapping_sub(BLOCK))) | usize::from(self.is_whole(place + BLOCK));
            self.note(place, usize::from(self.is_whole(place)) & beside);
        }
    }

    /// Keeps a place when `count` is 1; when it is 0 the next one takes its.
    fn note(&mut self, place: usize, count: usize) {
        if let Some(next) = self.places.get_mut(self.count) {
            *next = place;
        }
        self.count += count;
    }

    fn block(&self, start: usize) -> Option<[u8; BLOCK]> {
        self.bytes.get(start..)?.first_chunk().copied()
    }

    fn is_whole(&self, start: usize) -> bool {
        self.block(start).is_some_and(is_whole)
    }
}

/// Whether all bytes are ASCII and none stands before `+` there, as those of base64 are: told of all at once, each in
/// its own eight bits.
fn may_be_whole(block: [u8; BLOCK]) -> bool {
    const HIGH: u64 = 0x80 * ONES;
    const ONES: u64 = 0x0101_0101_0101_0101;
    let bytes = u64::from_le_bytes(block);
    bytes.wrapping_add((0x80 - u64::from(b'+')) * ONES) & !bytes & HIGH == HIGH
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
