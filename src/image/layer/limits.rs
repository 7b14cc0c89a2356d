//! How much of a layer is read before it is refused.

/// The limits of one layer, or of what is left of an image's. Together with the decoder's window and what is remembered
/// of the layers below, they keep a scan under 100 MB.
#[derive(Clone, Copy, Debug)]
pub struct LayerLimits {
    /// Bytes after decompression.
    pub unpacked_bytes: u64,
    /// Bytes after decompression for each one before it. The first [`FREE_BYTES`] are free.
    pub ratio: u64,
    /// Entries of the archive.
    pub entries: usize,
    /// Bytes of one file that is read as a whole.
    pub file_bytes: u64,
    /// Bytes of what is remembered: names, versions, paths.
    pub facts_bytes: usize,
}

/// Bytes that any layer may unpack to, however small it is packed: a layer of one sparse file is no bomb.
pub const FREE_BYTES: u64 = 64 << 20;

/// The largest window of a zstd frame, in bytes: what every decoder has to support (RFC 8878, 3.1.1.1.2) and usual
/// encoders stay within. The decoder takes up to three times as much memory.
pub const ZSTD_WINDOW_BYTES: u64 = 8 << 20;

impl Default for LayerLimits {
    fn default() -> Self {
        Self { unpacked_bytes: 10 << 30, ratio: 200, entries: 500_000, file_bytes: 48 << 20, facts_bytes: 8 << 20 }
    }
}
