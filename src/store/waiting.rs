//! The job that waits under a key, and what takes its place: the same for every database, and pure.
//!
//! Invariant: a job that began is never forgotten by what replaces it.

use super::{Delivery, UnixMillis};
use crate::job::Job;

/// Most older jobs that a job remembers; beyond that the oldest are forgotten.
const MAX_LEFT_BEHIND: usize = 20;

/// What asks for a job.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) job: &'a Job,
    pub(super) delivery: &'a str,
    /// The moment whose state the delivery describes.
    pub(super) as_of: Option<UnixMillis>,
    pub(super) now: UnixMillis,
}

impl<'a> Asked<'a> {
    /// Everything that a delivery asks for.
    pub(super) fn by(delivery: &'a Delivery) -> impl Iterator<Item = Self> {
        let Delivery { id, received_at, as_of, jobs } = delivery;
        jobs.iter().map(move |job| Self { job, delivery: id, as_of: *as_of, now: *received_at })
    }
}

/// A row of the queue that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    /// `None` until it has a row.
    pub(super) id: Option<i64>,
    pub(super) payload: String,
    /// What began and was never concluded; itself too, if it began.
    pub(super) left_behind: Vec<String>,
    pub(super) installation: i64,
    pub(super) delivery: String,
    pub(super) as_of: Option<i64>,
    pub(super) run_at: i64,
}

impl Waiting {
    pub(super) fn new(asked: Asked<'_>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: None,
            payload: encode(asked.job)?,
            left_behind: Vec::new(),
            installation: installation(asked.job),
            delivery: asked.delivery.to_owned(),
            as_of: asked.as_of.map(|as_of| as_of.0),
            run_at: asked.now.0,
        })
    }

    /// Puts what is asked for in place of what waits; `false`, and nothing changes, when that describes a later state.
    pub(super) fn replace(&mut self, asked: Asked<'_>) -> Result<bool, sqlx::Error> {
        if asked.as_of.zip(self.as_of).is_some_and(|(new, old)| new.0 < old) {
            return Ok(false);
        }
        let mut newer = Self::new(asked)?;
        newer.id = self.id;
        newer.left_behind = std::mem::take(&mut self.left_behind);
        newer.as_of = newer.as_of.or(self.as_of);
        newer.run_at = newer.run_at.min(self.run_at);
        *self = newer;
        Ok(true)
    }
}

/// What is left behind by a job that began with `payload` and knew of `left`. It names itself: a job of the same commit
/// takes its check run over, and may itself be replaced before it begins.
pub(super) fn began(payload: String, left: &str) -> Result<Vec<String>, sqlx::Error> {
    inherit(&[payload], left)
}

/// What a job that knows of `left` has to know when `gone` comes to it.
pub(super) fn inherit(gone: &[String], left: &str) -> Result<Vec<String>, sqlx::Error> {
    let mut inherited = decode_list(left)?;
    for payload in gone {
        if !inherited.contains(payload) {
            inherited.push(payload.clone());
        }
    }
    let excess = inherited.len().saturating_sub(MAX_LEFT_BEHIND);
    inherited.drain(..excess);
    Ok(inherited)
}

pub(super) fn encode<T: serde::Serialize>(value: &T) -> Result<String, sqlx::Error> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(error.into()))
}

pub(super) fn decode(payload: &str) -> Result<Job, sqlx::Error> {
    serde_json::from_str(payload).map_err(|error| sqlx::Error::Decode(error.into()))
}

pub(super) fn decode_list(text: &str) -> Result<Vec<String>, sqlx::Error> {
    serde_json::from_str(text).map_err(|error| sqlx::Error::Decode(error.into()))
}

fn installation(job: &Job) -> i64 {
    i64::try_from(job.installation.0).unwrap_or(i64::MAX)
}

/// 128 random bits in hex.
pub(super) fn token() -> Result<String, sqlx::Error> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| sqlx::Error::Encode(error.to_string().into()))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}
