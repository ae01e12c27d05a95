//! What can go wrong while a saved capture is read, each in one sentence.
//!
//! This module refuses to know what is done about it.

use std::io;

/// Why a saved capture gives no more packets.
///
/// Files are named as they were given; packets are counted from 1 in their file, bytes from 0
/// in the file as it is after decompression.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be opened.
    #[error("cannot open {file}: {}", plain(source))]
    Open {
        /// The file as it was named.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// The system, or the decompressor, stopped in the middle of the file.
    #[error("cannot read {file} beyond byte {offset}, in or before packet {packet}: {}", plain(source))]
    Read {
        /// The file as it was named.
        file: String,
        /// The packet that would have been next.
        packet: u64,
        /// Where that packet's record starts.
        offset: u64,
        /// What the system or the decompressor said.
        source: io::Error,
    },
    /// The file is something else.
    #[error("{file} is no capture: it looks like {looks_like}{}", advice.map(|a| format!("; {a}")).unwrap_or_default())]
    NotACapture {
        /// The file as it was named.
        file: String,
        /// What it is instead.
        looks_like: String,
        /// What to do next, where there is something to do.
        advice: Option<&'static str>,
    },
    /// The file ends within a record: the capture was cut off. All whole packets were given.
    #[error("{file} is cut off within {}", cut(*packet, *offset))]
    Truncated {
        /// The file as it was named.
        file: String,
        /// The packet that is not whole.
        packet: u64,
        /// Where its record starts.
        offset: u64,
        /// How many bytes it lacks at least, where that is known.
        missing: Option<u64>,
    },
    /// The file is a capture and breaks its own format.
    #[error("{file} is damaged at byte {offset}, in or before packet {packet}: {what}")]
    Malformed {
        /// The file as it was named.
        file: String,
        /// The packet that would have been next.
        packet: u64,
        /// Where its record or block starts.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// More files than packets can be told apart by.
    #[error("{count} files are more than the {} that can be read as one capture", u16::MAX)]
    TooManyFiles {
        /// How many were given.
        count: usize,
    },
    /// The filter does not fit the packets' link type.
    #[error(transparent)]
    Filter(#[from] super::filter::Error),
}

impl Error {
    /// Whether the file is a capture that is damaged or cut off.
    pub const fn is_damage(&self) -> bool {
        matches!(self, Self::Truncated { .. } | Self::Malformed { .. })
    }

    /// Whether the file was a good capture as far as it went.
    pub const fn is_truncated(&self) -> bool {
        matches!(self, Self::Truncated { .. })
    }
}

fn cut(packet: u64, offset: u64) -> String {
    let before = match packet.saturating_sub(1) {
        0 if offset == 0 => return "its own header, before any packet".to_owned(),
        0 => "there is none before it".to_owned(),
        1 => "the one before it was read".to_owned(),
        n => format!("the {n} before it were read"),
    };
    format!("packet {packet}, whose record starts at byte {offset}; {before}")
}

/// The system's message without Rust's ` (os error N)`.
pub(super) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    match (error.raw_os_error(), text.find(" (os error ")) {
        (Some(_), Some(at)) => text.get(..at).unwrap_or_default().to_owned(),
        _ => text,
    }
}
