//! How much a body may grow by being decoded.

/// Wire bytes are counted towards [`Limits::ratio`] in begun units of this many bytes, so that
/// what is decoded does not depend on how the bytes were cut.
pub(super) const UNIT: u64 = 4096;

/// How much a body may grow by being decoded; applied to each coding of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Decoded bytes of one body.
    pub bytes: u64,
    /// Decoded bytes for each byte on the wire, once more than `grace` bytes were decoded. Text
    /// seldom reaches 20; zeros, which nobody misses, reach 1,032 with gzip.
    pub ratio: u64,
    /// Decoded bytes that are allowed whatever the ratio.
    pub grace: u64,
    /// Binary logarithm of the largest zstd window. RFC 9659 allows senders 23 (8 MiB), and
    /// browsers refuse more.
    pub zstd_window_log: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 1 << 30, ratio: 1000, grace: 16 << 20, zstd_window_log: 23 }
    }
}

impl Limits {
    /// How many bytes may be decoded from the first `wire` bytes.
    pub(super) fn allowance(&self, wire: u64) -> u64 {
        let wire = wire.div_ceil(UNIT).saturating_mul(UNIT);
        self.bytes.min(self.grace.max(self.ratio.saturating_mul(wire)))
    }
}
