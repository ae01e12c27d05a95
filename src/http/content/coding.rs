//! The codings by their names.
//!
//! Refuses to know how any of them works.

/// A content coding that can be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 1950, and what many send in its place, RFC 1951.
    Deflate,
    /// RFC 7932.
    Br,
    /// RFC 8878 and RFC 9659.
    Zstd,
    /// UNIX `compress`: adaptive Lempel-Ziv-Welch.
    Compress,
}

impl Coding {
    /// By name, in any letter case (RFC 9110 §8.4.1); the old `x-` names too.
    pub(super) fn parse(name: &[u8]) -> Option<Self> {
        const NAMES: [(&str, Coding); 8] = [
            ("gzip", Coding::Gzip),
            ("x-gzip", Coding::Gzip),
            ("deflate", Coding::Deflate),
            ("x-deflate", Coding::Deflate),
            ("br", Coding::Br),
            ("zstd", Coding::Zstd),
            ("compress", Coding::Compress),
            ("x-compress", Coding::Compress),
        ];
        NAMES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes())).map(|(_, coding)| *coding)
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Br => "br",
            Self::Zstd => "zstd",
            Self::Compress => "compress",
        }
    }
}

/// The items of a field's value that may name a coding: parameters and quotes are cut off,
/// empty items, `identity` and `chunked` left out.
pub(super) fn items(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|&byte| byte == b',')
        .map(|item| {
            let name = item.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
            name.strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\"")).unwrap_or(name).trim_ascii()
        })
        .filter(|name| {
            !name.is_empty() && !name.eq_ignore_ascii_case(b"identity") && !name.eq_ignore_ascii_case(b"chunked")
        })
}
