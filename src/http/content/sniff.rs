//! Decides from its first bytes whether a body has the coding that its label says.
//!
//! Refuses to know anything of a body but these first bytes.
//!
//! gzip, zstd and compress begin with magic numbers. A zlib header is weaker, raw deflate and
//! brotli have none: there the first [`HELD`] bytes are decoded on trial. What random or written
//! bytes look like to these decoders fails well before.

use super::coding::Coding;
use super::decode::{Decode, Status, with_scratch};
use super::kind::Kind;
use super::limits::Limits;

/// Bytes held back at most.
pub(super) const HELD: usize = 64;

/// The longest magic number and frame header of zstd (RFC 8878 §3.1.1).
const ZSTD_HEADER: usize = 18;

/// Text of at least this length is text, whatever a decoder says.
const TEXT: usize = 16;

/// What the first bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Not to be told yet.
    Wait,
    Coded(Kind),
    /// Not decodable, and why; to be kept as they are.
    Plain(&'static str),
}

/// What `first` is, if labelled `label`. `ended` says that no more bytes come, and whether
/// that is the body's own end.
pub(super) fn decide(label: Coding, first: &[u8], ended: Option<bool>, limits: &Limits) -> Verdict {
    let last = ended.is_some();
    let enough = last || first.len() >= HELD;
    // The true label in the common case: at once.
    match (label, magic(first)) {
        (Coding::Gzip, Magic::Is(Kind::Gzip)) => return Verdict::Coded(Kind::Gzip),
        (Coding::Compress, Magic::Is(Kind::Compress)) => return Verdict::Coded(Kind::Compress),
        (Coding::Zstd, Magic::Is(Kind::Zstd)) if first.len() >= ZSTD_HEADER || last => {
            // The frame's header tells the window.
            let header = first.get(..ZSTD_HEADER).unwrap_or(first);
            return match trial(Kind::Zstd, header, ended, limits) {
                Trial::Fails("zstd-window-too-large") => Verdict::Plain("zstd-window-too-large"),
                _ => Verdict::Coded(Kind::Zstd),
            };
        }
        (Coding::Deflate, _) if matches!(first, [0x78, 0x01 | 0x9c | 0xda, ..]) => return Verdict::Coded(Kind::Zlib),
        // A beginning too short to tell, of a body that was cut.
        (_, Magic::Maybe) if ended == Some(false) => return Verdict::Wait,
        (Coding::Deflate, _) if ended == Some(false) && first.len() < 2 => return Verdict::Wait,
        _ if !enough => return Verdict::Wait,
        _ => {}
    }
    if first.len() >= TEXT && is_text(first) {
        return Verdict::Plain("wrong-content-encoding");
    }
    let order: &[Kind] = match label {
        Coding::Gzip | Coding::Deflate => &[Kind::Gzip, Kind::Zstd, Kind::Compress, Kind::Zlib, Kind::RawDeflate],
        Coding::Br => &[Kind::Br, Kind::Gzip, Kind::Zstd, Kind::Compress, Kind::Zlib],
        Coding::Zstd | Coding::Compress => &[Kind::Gzip, Kind::Zstd, Kind::Compress, Kind::Zlib],
    };
    let found = order.iter().find(|&&kind| match kind {
        Kind::Gzip | Kind::Zstd | Kind::Compress => magic(first) == Magic::Is(kind),
        Kind::Zlib => is_zlib(first) && trial(kind, first, ended, limits) == Trial::Holds,
        Kind::RawDeflate | Kind::Br => trial(kind, first, ended, limits) == Trial::Holds,
    });
    found.map_or(Verdict::Plain("wrong-content-encoding"), |kind| Verdict::Coded(*kind))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Magic {
    Is(Kind),
    /// The bytes so far begin one.
    Maybe,
    No,
}

fn magic(first: &[u8]) -> Magic {
    match first {
        // RFC 1952 §2.3.1: method 8, reserved flags zero.
        [0x1f, 0x8b, 8, flags, ..] if flags & 0xe0 == 0 => Magic::Is(Kind::Gzip),
        // 9 to 16 bits, reserved flags zero.
        [0x1f, 0x9d, flags, ..] if flags & 0x60 == 0 && (9..=16).contains(&(flags & 0x1f)) => Magic::Is(Kind::Compress),
        // RFC 8878 §3.1.1 and §3.1.2.
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Magic::Is(Kind::Zstd),
        [] | [0x1f | 0x28] | [0x1f, 0x8b | 0x9d] | [0x1f, 0x8b, 8] | [0x28, 0xb5] | [0x28, 0xb5, 0x2f] => Magic::Maybe,
        _ => Magic::No,
    }
}

/// RFC 1950 §2.2, without a preset dictionary.
fn is_zlib(first: &[u8]) -> bool {
    let [method, flags, ..] = *first else { return false };
    method & 0x0f == 8 && method >> 4 <= 7 && flags & 0x20 == 0 && u16::from_be_bytes([method, flags]) % 31 == 0
}

/// UTF-8 without control characters; a character cut at the end doesn't matter.
fn is_text(bytes: &[u8]) -> bool {
    let valid = match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    valid && !bytes.iter().any(|byte| matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1f | 0x7f))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trial {
    Holds,
    Fails(&'static str),
}

/// Decodes the first bytes without handing anything on.
fn trial(kind: Kind, first: &[u8], ended: Option<bool>, limits: &Limits) -> Trial {
    let mut decoder = kind.decoder(limits);
    with_scratch(|scratch| attempt(&mut *decoder, first, ended, scratch))
}

fn attempt(decoder: &mut dyn Decode, first: &[u8], ended: Option<bool>, scratch: &mut [u8]) -> Trial {
    let mut rest = first;
    let mut produced = 0;
    loop {
        let output = scratch.get_mut(produced..).unwrap_or_default();
        let step = decoder.step(rest, output);
        produced += step.produced;
        rest = rest.get(step.consumed..).unwrap_or_default();
        let holds = match step.status {
            Status::Fault(note) if note.ends_with("-trailer-wrong") => true,
            Status::Fault(note) => return Trial::Fails(note),
            // An end so early must be one: at most padding may follow.
            Status::End if produced == 0 => rest.is_empty(),
            Status::End => rest.len() <= 4 && rest.iter().all(|byte| matches!(byte, 0 | b'\r' | b'\n')),
            Status::Remark(_) => continue,
            Status::More if produced >= scratch.len() => true,
            Status::More if !rest.is_empty() && step.consumed + step.produced > 0 => continue,
            // Out of input: no wonder, unless the body ends here. A whole body that gives
            // nothing is none of this coding.
            Status::More => match ended {
                None => true,
                Some(false) => !is_text(first),
                Some(true) => produced > 0 && !is_text(first),
            },
        };
        return if holds { Trial::Holds } else { Trial::Fails("content-corrupt") };
    }
}
