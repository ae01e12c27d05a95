//! The codings that can be tried on a body.

use super::brotli::Brotli;
use super::coding::Coding;
use super::decode::Decode;
use super::gzip::Gzip;
use super::inflate::Zlib;
use super::limits::Limits;
use super::lzw::Lzw;
use super::zstandard::Zstd;

/// What can be tried on a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Gzip,
    Zlib,
    RawDeflate,
    Br,
    Zstd,
    Compress,
}

impl Kind {
    pub(super) const fn coding(self) -> Coding {
        match self {
            Self::Gzip => Coding::Gzip,
            Self::Zlib | Self::RawDeflate => Coding::Deflate,
            Self::Br => Coding::Br,
            Self::Zstd => Coding::Zstd,
            Self::Compress => Coding::Compress,
        }
    }

    pub(super) fn decoder(self, limits: &Limits) -> Box<dyn Decode> {
        match self {
            Self::Gzip => Box::new(Gzip::new()),
            Self::Zlib => Box::new(Zlib::new(true)),
            Self::RawDeflate => Box::new(Zlib::new(false)),
            Self::Br => Box::new(Brotli::new()),
            Self::Zstd => Box::new(Zstd::new(limits.zstd_window_log)),
            Self::Compress => Box::new(Lzw::new()),
        }
    }
}
