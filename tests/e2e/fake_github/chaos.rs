//! A bad day: a share of all requests fails, in every way there is, the same way for the same seed.
//!
//! Invariant: while an account is told to wait, each request of it that comes too early is noted.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::fault::FaultKind;

/// Requests that were on their way when the refusal was made, or were made before the other processes heard of it.
const ON_THE_WAY: Duration = Duration::from_secs(1);
/// A process that ends so soon after a refusal may not have told the others of it.
const UNTOLD: Duration = Duration::from_secs(1);
/// A stale answer is not older.
const MOST_STALE: Duration = Duration::from_secs(2);

/// Random numbers of one seed, by `SplitMix64`.
#[derive(Clone)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    /// Whether something of this percentage happens.
    pub fn percent(&mut self, percentage: usize) -> bool {
        self.below(100) < percentage
    }
}

/// Faults by chance.
pub struct Chaos {
    random: Random,
    /// Of requests.
    pub percentage: usize,
    /// What strikes, by its name, how often.
    pub struck: HashMap<&'static str, usize>,
    refused: HashMap<String, (Instant, Instant)>,
    /// Requests that came before the time that they were told.
    pub early: Vec<String>,
    answers: HashMap<String, (Instant, Vec<u8>)>,
}

impl Chaos {
    pub fn new(seed: u64, percentage: usize) -> Self {
        Self {
            random: Random::new(seed),
            percentage,
            struck: HashMap::new(),
            refused: HashMap::new(),
            early: Vec::new(),
            answers: HashMap::new(),
        }
    }

    /// Whether something fails now.
    pub fn strikes(&mut self) -> bool {
        self.random.percent(self.percentage)
    }

    /// What happens to a request, if anything does.
    pub fn pick(&mut self, method: &str, path: &str) -> Option<FaultKind> {
        if !self.strikes() {
            return None;
        }
        let is_git = path.contains("info/refs") || path.contains("git-upload-pack");
        let (name, kind) = match (is_git, self.random.below(if is_git { 3 } else { 8 })) {
            (_, 0) => ("502", FaultKind::Status(502)),
            (_, 1) => ("reset", FaultKind::Reset),
            (true, _) => ("503", FaultKind::Status(503)),
            (_, 2) => ("lost answer", FaultKind::LostAnswer(502)),
            (_, 3) => ("secondary limit", FaultKind::Secondary { retry_after_seconds: 3 }),
            (_, 4) => ("too many requests", FaultKind::TooManyRequests { retry_after_seconds: 2 }),
            (_, 5) => ("truncated", FaultKind::Truncated),
            (_, 6) => ("timeout", FaultKind::Slow),
            _ if method == "GET" => ("stale", FaultKind::Stale),
            _ => ("502", FaultKind::Status(502)),
        };
        *self.struck.entry(name).or_default() += 1;
        Some(kind)
    }

    /// Notes that an account was told to wait.
    pub fn refuse(&mut self, account: &str, seconds: u64) {
        let now = Instant::now();
        let until = now + Duration::from_secs(seconds);
        let known = self.refused.entry(account.to_owned()).or_insert((now, until));
        if until > known.1 {
            *known = (now, until);
        }
    }

    /// Notes a request that comes too early.
    pub fn arrive(&mut self, account: &str, request: &str) {
        let now = Instant::now();
        if let Some((since, until)) = self.refused.get(account)
            && now > *since + ON_THE_WAY
            && now + Duration::from_millis(20) < *until
        {
            let left = *until - now;
            self.early.push(format!("{request} of {account}: {left:?} too early"));
        }
    }

    /// Forgets a refusal whose answer may have died with a process.
    pub fn killed(&mut self) {
        let now = Instant::now();
        self.refused.retain(|_, (since, _)| now.duration_since(*since) > UNTOLD);
    }

    /// An answer that was right a moment ago.
    pub fn stale(&self, path: &str) -> Option<Vec<u8>> {
        self.answers.get(path).filter(|(at, _)| at.elapsed() < MOST_STALE).map(|(_, body)| body.clone())
    }

    /// Remembers an answer.
    pub fn remember(&mut self, path: &str, body: Vec<u8>) {
        self.answers.insert(path.to_owned(), (Instant::now(), body));
    }
}
