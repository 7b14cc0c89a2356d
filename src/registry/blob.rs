//! Content that comes in piece by piece.
//!
//! Invariant: a stream that ends without an error has given exactly the bytes that the descriptor names; before its end
//! nothing that it gave is known to be right.

use std::io;
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use reqwest::Response;
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::RegistryError;
use super::digest::Verifier;
use super::limits::RegistryLimits;
use super::manifest::Descriptor;

const OPERATION: &str = "read blob";

/// The bytes of a blob as they come.
#[derive(Debug)]
pub struct BlobStream {
    response: Response,
    /// `None` once the stream has ended.
    verifier: Option<Verifier>,
    subject: String,
    left: u64,
    idle: Duration,
    deadline: Instant,
    seconds: u64,
}

impl BlobStream {
    pub(super) fn new(response: Response, descriptor: &Descriptor, subject: String, limits: &RegistryLimits) -> Self {
        let whole = limits.layer_deadline(descriptor.size_bytes);
        Self {
            response,
            verifier: Some(Verifier::new(descriptor.digest.clone())),
            subject,
            left: descriptor.size_bytes,
            idle: limits.idle,
            deadline: Instant::now() + whole,
            seconds: whole.as_secs(),
        }
    }

    /// The next bytes; `None` after the last ones, when they are what the descriptor says, and after an error.
    pub async fn next(&mut self) -> Option<Result<Bytes, RegistryError>> {
        let verifier = self.verifier.as_mut()?;
        match self.response.chunk_within(self.idle, self.deadline).await {
            Ok(Some(bytes)) if bytes.len() as u64 <= self.left => {
                self.left -= bytes.len() as u64;
                verifier.update(&bytes);
                Some(Ok(bytes))
            }
            Ok(None) if self.left == 0 => {
                let agrees = self.verifier.take().is_some_and(Verifier::agrees);
                (!agrees).then(|| Err(self.wrong_content()))
            }
            Ok(_) => Some(Err(self.end(Stop::Content))),
            Err(stop) => Some(Err(self.end(stop))),
        }
    }

    /// The same bytes for code that waits: a reader for [`tokio::task::spawn_blocking`], made inside the runtime.
    pub fn into_read(self) -> BlobReader {
        BlobReader { stream: self, handle: Handle::current(), current: Bytes::new() }
    }

    fn end(&mut self, stop: Stop) -> RegistryError {
        self.verifier = None;
        match stop {
            Stop::Content => self.wrong_content(),
            Stop::Idle => self.timeout(self.idle.as_secs()),
            Stop::Deadline => self.timeout(self.seconds),
            Stop::Network(error) => RegistryError::Unreachable {
                operation: OPERATION,
                subject: self.subject.clone(),
                source: Box::new(error.without_url()),
            },
        }
    }

    fn wrong_content(&self) -> RegistryError {
        RegistryError::WrongContent { operation: OPERATION, subject: self.subject.clone() }
    }

    fn timeout(&self, seconds: u64) -> RegistryError {
        RegistryError::Timeout { operation: OPERATION, subject: self.subject.clone(), seconds }
    }
}

enum Stop {
    Content,
    Idle,
    Deadline,
    Network(reqwest::Error),
}

trait ChunkWithin {
    async fn chunk_within(&mut self, idle: Duration, deadline: Instant) -> Result<Option<Bytes>, Stop>;
}

impl ChunkWithin for Response {
    async fn chunk_within(&mut self, idle: Duration, deadline: Instant) -> Result<Option<Bytes>, Stop> {
        let idle_end = Instant::now() + idle;
        match tokio::time::timeout_at(idle_end.min(deadline), self.chunk()).await {
            Ok(chunk) => chunk.map_err(Stop::Network),
            Err(_) if idle_end < deadline => Err(Stop::Idle),
            Err(_) => Err(Stop::Deadline),
        }
    }
}

/// A [`BlobStream`] as a reader. It must be read outside the threads of the runtime that it was made in.
#[derive(Debug)]
pub struct BlobReader {
    stream: BlobStream,
    handle: Handle,
    current: Bytes,
}

impl io::Read for BlobReader {
    /// # Errors
    /// An error of kind [`io::ErrorKind::Other`] that holds the [`RegistryError`].
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.handle.block_on(self.stream.next()) {
                Some(Ok(bytes)) => self.current = bytes,
                Some(Err(error)) => return Err(io::Error::other(error)),
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.current.len());
        self.current.copy_to_slice(buffer.get_mut(..length).unwrap_or_default());
        Ok(length)
    }
}
