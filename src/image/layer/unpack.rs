//! From packed bytes to the archive: gzip, zstd or plain, told apart by how the stream begins.
//!
//! Invariant: what comes out is counted against [`LayerLimits`] and hashed, byte by byte, and nothing is kept.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use sha2::{Digest, Sha256};

use super::LayerError;
use super::limits::{FREE_BYTES, LayerLimits, ZSTD_WINDOW_BYTES};

const BUFFER_BYTES: usize = 128 << 10;

/// An unpacked stream.
pub struct Unpacked<R> {
    inner: Form<Counted<R>>,
    packed: Rc<Cell<u64>>,
    bytes: u64,
    hash: Sha256,
    limits: LayerLimits,
}

enum Form<R> {
    Plain(BufReader<R>),
    Gzip(Box<MultiGzDecoder<BufReader<R>>>),
    Zstd(Box<ZstdFrames<BufReader<R>>>),
}

impl<R: Read> Unpacked<R> {
    /// Looks at how `packed` begins and unpacks accordingly.
    ///
    /// # Errors
    /// The first bytes can't be read.
    pub fn new(packed: R, limits: LayerLimits) -> io::Result<Self> {
        let count = Rc::new(Cell::new(0));
        let mut source = BufReader::with_capacity(BUFFER_BYTES, Counted { inner: packed, count: Rc::clone(&count) });
        let inner = match *source.fill_buf()? {
            [0x1f, 0x8b, ..] => Form::Gzip(Box::new(MultiGzDecoder::new(source))),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
                Form::Zstd(Box::new(ZstdFrames::new(source)))
            }
            _ => Form::Plain(source),
        };
        Ok(Self { inner, packed: count, bytes: 0, hash: Sha256::new(), limits })
    }

    /// Reads what is left, so that all of it is hashed; returns the bytes of the whole and their SHA-256 in hex.
    ///
    /// # Errors
    /// The stream is damaged or beyond a limit.
    pub fn finish(mut self) -> io::Result<(u64, String)> {
        let mut rest = vec![0; BUFFER_BYTES];
        while self.read(&mut rest)? > 0 {}
        Ok((self.bytes, hex(&self.hash.finalize())))
    }

    fn check(&self) -> io::Result<()> {
        if self.bytes > self.limits.unpacked_bytes {
            return Err(io::Error::other(LayerError::TooLarge { bytes: self.limits.unpacked_bytes }));
        }
        let allowed = self.packed.get().saturating_mul(self.limits.ratio).max(FREE_BYTES);
        if self.bytes > allowed {
            return Err(io::Error::other(LayerError::Ratio { ratio: self.limits.ratio }));
        }
        Ok(())
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.inner {
            Form::Plain(reader) => reader.read(buffer),
            Form::Gzip(reader) => reader.read(buffer),
            Form::Zstd(reader) => reader.read(buffer),
        }?;
        self.bytes += count as u64;
        self.check()?;
        self.hash.update(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

struct Counted<R> {
    inner: R,
    count: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count.set(self.count.get() + count as u64);
        Ok(count)
    }
}

/// Any number of zstd frames, one after the other, and skippable ones between them.
struct ZstdFrames<R> {
    source: R,
    decoder: FrameDecoder,
    in_frame: bool,
}

impl<R: BufRead> ZstdFrames<R> {
    fn new(source: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(ZSTD_WINDOW_BYTES);
        Self { source, decoder, in_frame: false }
    }

    /// Begins the next frame; false at the end of the stream.
    fn next_frame(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.source) {
                Ok(()) => {
                    self.in_frame = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    io::copy(&mut self.source.by_ref().take(u64::from(length)), &mut io::sink())?;
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(false)
    }
}

impl<R: BufRead> Read for ZstdFrames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.decoder.can_collect() > 0 {
                return self.decoder.read(buffer);
            }
            if self.in_frame && !self.decoder.is_finished() {
                self.decoder
                    .decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(io::Error::other)?;
            } else if !self.next_frame()? {
                return Ok(0);
            }
        }
    }
}
