//! The messages of a WebSocket (RFC 6455), unmasked and inflated (RFC 7692).

use crate::packet::Place;
use crate::protocol::frame::Frame;
use crate::protocol::framed::{Frames, Piece};
use flate2::{Decompress, FlushDecompress, Status};
use std::ops::Range;

/// One direction of a WebSocket.
#[derive(Debug, Default)]
pub(super) struct WebSocket {
    frame: Frame,
    /// What clients mask theirs with.
    key: Option<[u8; 4]>,
    /// How far into the payload the next byte is, which says which byte of the key it has.
    at: usize,
    /// Whether the frame is of a message, and no control frame.
    data: bool,
    last: bool,
    /// Whether the message is compressed.
    compressed: bool,
    inflate: Option<Inflate>,
    /// Bytes of the message that were given, where it is compressed.
    inflated: u64,
}

/// What was negotiated for messages that are compressed.
#[derive(Debug)]
struct Inflate {
    decompress: Decompress,
    /// Whether a message builds on those before.
    keeps_context: bool,
}

/// So many bytes are unmasked or inflated at a time.
const PIECE: usize = 4096;

/// More is not inflated of one message, in bytes.
const MOST_INFLATED: u64 = 64 << 20;

/// What ends each message that is compressed, and is not sent (RFC 7692 §7.2.1).
pub(crate) const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

impl Frames for WebSocket {
    fn step(&mut self, rest: &mut &[u8], place: Place, at: u64, pass: &mut impl FnMut(Piece<'_>)) -> bool {
        if let Some(part) = self.frame.next(rest, PIECE) {
            return self.payload(part, place, at, pass);
        }
        self.begin() && (self.frame.left > 0 || self.frame.header().1 > 0 || self.end(place, at, pass))
    }

    fn memory_usage(&self) -> usize {
        // What zlib needs for a window and its tables.
        const INFLATE: usize = 48 << 10;
        self.inflate.as_ref().map_or(0, |_| INFLATE)
    }
}

impl WebSocket {
    /// One whose messages may be compressed if `deflate`, and each on what came before if
    /// `keeps_context`.
    pub(super) fn new(deflate: bool, keeps_context: bool) -> Self {
        let inflate = deflate.then(|| Inflate { decompress: Decompress::new(false), keeps_context });
        Self { inflate, ..Self::default() }
    }

    /// Reads the header, once it is all there; false where it is none.
    fn begin(&mut self) -> bool {
        let ([first, second, more @ ..], length) = self.frame.header();
        if length < 2 {
            return true;
        }
        let short = second & 0x7f;
        let wide = match short {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let masked = second & 0x80 != 0;
        if length < 2 + wide + if masked { 4 } else { 0 } {
            return true;
        }
        let opcode = first & 15;
        let number = more.iter().take(wide).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        let left = if wide == 0 { u64::from(short) } else { number };
        self.frame.begin(left);
        let key = more.get(wide..wide + 4).filter(|_| masked);
        self.key = key.and_then(|key| key.try_into().ok());
        self.at = 0;
        self.data = opcode < 8;
        if self.data {
            self.last = first & 0x80 != 0;
            // Of a message only the first frame says so.
            if opcode != 0 {
                (self.compressed, self.inflated) = (first & 0x40 != 0, 0);
            }
        }
        let known = matches!(opcode, 0..=2 | 8..=10) && first & 0x30 == 0;
        known && left >> 63 == 0
    }

    /// A part of a frame's payload.
    fn payload(&mut self, part: &[u8], place: Place, at: u64, pass: &mut impl FnMut(Piece<'_>)) -> bool {
        let range = at..at.saturating_add(part.len() as u64);
        let mut plain = [0; PIECE];
        let plain = plain.get_mut(..part.len()).unwrap_or_default();
        for (number, (to, from)) in plain.iter_mut().zip(part).enumerate() {
            *to = from ^ self.key.map_or(0, |key| key[(self.at + number) & 3]);
        }
        self.at = (self.at + part.len()) & 3;
        let place = if self.key.is_some() { place.decoded() } else { place };
        if !self.data {
            // Control frames come amid a message, and are none of it: what they say stands alone
            // but for what was said before.
            pass(Piece::Other(plain, place, range.clone()));
        } else if self.compressed {
            if !self.inflate(plain, place.decoded(), &range, pass) {
                return false;
            }
        } else {
            pass(Piece::Message(plain, place, range.clone()));
        }
        self.frame.left > 0 || self.end(place, range.end, pass)
    }

    /// A frame is over.
    fn end(&mut self, place: Place, at: u64, pass: &mut impl FnMut(Piece<'_>)) -> bool {
        if !(self.data && self.last) {
            return true;
        }
        let good = !self.compressed || self.inflate(&TAIL, place.decoded(), &(at..at), pass);
        if let Some(inflate) = self.inflate.as_mut().filter(|inflate| self.compressed && !inflate.keeps_context) {
            inflate.decompress.reset(false);
        }
        pass(Piece::End);
        good
    }

    /// False where that is not compressed as it says.
    fn inflate(&mut self, mut coded: &[u8], place: Place, from: &Range<u64>, pass: &mut impl FnMut(Piece<'_>)) -> bool {
        let Some(Inflate { decompress: inflate, .. }) = &mut self.inflate else { return false };
        let mut room = [0; PIECE];
        loop {
            let (before_in, before_out) = (inflate.total_in(), inflate.total_out());
            let status = inflate.decompress(coded, &mut room, FlushDecompress::Sync);
            let read = (inflate.total_in() - before_in) as usize;
            let made = (inflate.total_out() - before_out) as usize;
            coded = coded.get(read..).unwrap_or_default();
            self.inflated = self.inflated.saturating_add(made as u64);
            let out = room.get(..made).unwrap_or_default();
            if !out.is_empty() {
                pass(Piece::Message(out, place, from.clone()));
            }
            match status {
                Ok(Status::Ok | Status::BufError) if self.inflated <= MOST_INFLATED => {}
                _ => return false,
            }
            if made < room.len() && (coded.is_empty() || read == 0) {
                return coded.is_empty();
            }
        }
    }
}
