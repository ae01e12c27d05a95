//! What one direction of a stream is saying: where in a message it stands, and the bytes that
//! are held back until more of them tell what they are.

use super::chunks::Chunks;
use super::exchange::Unfinished;
use super::recognize::begins_request;
use super::start_kind::Kind;
use crate::http::Note;
use crate::packet::Place;
use crate::tcp::Source;

/// One direction.
#[derive(Debug, Default)]
pub(crate) struct Side {
    pub(crate) state: State,
    /// Bytes held back: the beginning of a head, of trailers, of what may be a start line.
    pub(crate) buffer: Vec<u8>,
    /// Where the buffer's bytes came from: for each segment's run its first index.
    pub(crate) sources: Vec<(u32, Source)>,
    /// How much of the buffer was searched for the head's end.
    pub(crate) searched: usize,
    /// Leniencies in front of the message that comes next.
    pub(crate) notes: Vec<Note>,
    /// From which offset of the direction on messages may be lost, in front of the one that comes next.
    pub(crate) lost_from: Option<u64>,
    /// Up to which offset the direction was handed on; `None` where it rested since.
    pub(crate) next: Option<u64>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum State {
    /// Nothing was said yet.
    #[default]
    Start,
    /// A message is over; the next may follow.
    Between,
    /// The protocol was switched; what comes is HTTP from its first byte (as in reverse HTTP) or
    /// never.
    Switched,
    /// In a head, of which the buffer holds the beginning.
    Head(Kind),
    /// In what may be a start line.
    Perhaps(Origin),
    /// In a body.
    Body(Kind, Body),
    /// In the trailers after the last chunk.
    Trailers(Kind),
    /// In no message, though nothing was lost: the next one is looked for in the bytes.
    Stray,
    /// Out of step after bytes were lost: the next segment may start with a message.
    Lost,
    /// Another protocol's for good.
    Foreign,
}

/// Where a message could start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Start,
    Between,
    Switched,
    Lost,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Body {
    /// So many bytes are left. `fresh`: none was seen yet.
    Length { left: u64, fresh: bool },
    /// Chunks; until the first is sure the buffer holds what was read of it.
    Chunked(Chunks),
    /// Everything up to the end.
    UntilClose,
}

impl Side {
    /// Whether a message is over and nothing is known of the next.
    pub(crate) fn is_between(&self) -> bool {
        let Self { state, buffer, sources, searched, notes, lost_from, next: _ } = self;
        let nothing = buffer.is_empty() && sources.is_empty() && *searched == 0 && notes.is_empty();
        matches!(state, State::Between) && nothing && lost_from.is_none()
    }

    /// Holds bytes back.
    pub(crate) fn push(&mut self, bytes: &[u8], source: Source) {
        if bytes.is_empty() {
            return;
        }
        self.sources.push((self.buffer.len() as u32, source));
        self.buffer.extend_from_slice(bytes);
    }

    /// Holds back as many of the bytes as fit into a buffer of `most`; gives those.
    pub(crate) fn push_up_to<'a>(&mut self, most: usize, bytes: &'a [u8], source: Source) -> &'a [u8] {
        let room = most.saturating_sub(self.buffer.len());
        let fitting = bytes.get(..room).unwrap_or(bytes);
        self.push(fitting, source);
        fitting
    }

    /// Forgets what the buffer holds after `length` bytes.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.buffer.truncate(length);
        while self.sources.last().is_some_and(|(first, _)| *first as usize >= length) {
            self.sources.pop();
        }
    }

    /// Empties the buffer.
    pub(crate) fn take(&mut self) -> Held {
        self.searched = 0;
        Held { bytes: std::mem::take(&mut self.buffer), sources: std::mem::take(&mut self.sources) }
    }

    /// Takes the first `length` bytes out of the buffer.
    pub(crate) fn take_front(&mut self, length: usize) -> Held {
        if length == 0 {
            return Held::default();
        }
        let mut rest = Side::default();
        let mut front = Side::default();
        let held = self.take();
        for (bytes, source) in held.runs() {
            let room = length.saturating_sub(front.buffer.len()).min(bytes.len());
            let (before, after) = bytes.split_at(room);
            front.push(before, source);
            rest.push(after, source.advanced(room));
        }
        (self.buffer, self.sources) = (rest.buffer, rest.sources);
        front.take()
    }

    /// Falls out of step, because bytes from `offset` on were lost.
    pub(crate) fn lose(&mut self, offset: u64) {
        self.take();
        self.state = State::Lost;
        self.lost_from.get_or_insert(offset);
    }

    /// What is known of the next message before its head is whole, where the other end acknowledged bytes up to
    /// `acknowledged`.
    pub(crate) fn unfinished(&self, acknowledged: Option<u64>) -> Unfinished {
        let asks = match self.state {
            State::Head(kind) => kind != Kind::Response,
            State::Perhaps(_) => begins_request(&self.buffer),
            _ => false,
        };
        let request = self.sources.first().filter(|_| asks).map(|(_, source)| *source);
        // What was acknowledged and never came is lost; one more number is a FIN's.
        let unseen = self.next.filter(|next| acknowledged.is_some_and(|received| received > next.saturating_add(1)));
        Unfinished { lost_from: self.lost_from.or(unseen), request }
    }

    /// Memory held, in bytes.
    pub(crate) fn weight(&self) -> usize {
        self.buffer.capacity() + self.sources.capacity() * size_of::<(u32, Source)>()
    }
}

/// Bytes that were held back.
#[derive(Debug, Default)]
pub(crate) struct Held {
    pub(crate) bytes: Vec<u8>,
    pub(crate) sources: Vec<(u32, Source)>,
}

impl Held {
    /// Where the first byte stood.
    pub(crate) fn first(&self) -> Source {
        self.sources.first().map_or(Source::default(), |(_, source)| *source)
    }

    /// The places of the bytes, by the first index of each run.
    pub(crate) fn places(&self) -> Vec<(u32, Place)> {
        self.sources.iter().map(|(first, source)| (*first, source.place)).collect()
    }

    /// The bytes, segment by segment.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (&[u8], Source)> {
        self.sources.iter().enumerate().map(|(at, (first, source))| {
            let end = self.sources.get(at + 1).map_or(self.bytes.len(), |(next, _)| *next as usize);
            (self.bytes.get(*first as usize..end).unwrap_or_default(), *source)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::PacketId;

    #[test]
    fn what_is_held_back_keeps_its_places() {
        let place = |packet| Source {
            place: Place { packet: PacketId::new(0, packet), offset: Some(10), ..Place::default() },
            offset: 100 * packet,
            ..Source::default()
        };
        let mut side = Side::default();
        side.push(b"abc", place(1));
        side.push(b"", place(2));
        side.push(b"defg", place(3));
        let front = side.take_front(4);
        assert_eq!(front.runs().collect::<Vec<_>>(), [(&b"abc"[..], place(1)), (&b"d"[..], place(3))]);
        assert_eq!(side.sources, [(0, place(3).advanced(1))]);
        side.truncate(2);
        let rest = side.take();
        assert_eq!(rest.runs().collect::<Vec<_>>(), [(&b"ef"[..], place(3).advanced(1))]);
        assert_eq!(rest.first(), place(3).advanced(1));
    }
}
