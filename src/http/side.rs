//! What one direction of a stream is saying: where in a message it stands, and the bytes that
//! are held back until more of them tell what they are.

use super::chunks::Chunks;
use super::message::Note;
use super::recognize::Kind;
use crate::packet::Place;

/// One direction.
#[derive(Debug, Default)]
pub(crate) struct Side {
    pub(crate) state: State,
    /// Bytes held back: the beginning of a head, of trailers, of what may be a start line.
    pub(crate) buffer: Vec<u8>,
    /// Where the buffer's bytes came from: for each packet's run its first index.
    pub(crate) places: Vec<(u32, Place)>,
    /// How much of the buffer was searched for the head's end.
    pub(crate) searched: usize,
    /// Leniencies in front of the message that comes next.
    pub(crate) notes: Vec<Note>,
    /// Whether bytes were lost since the last message.
    pub(crate) after_loss: bool,
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
        let Self { state, buffer, places, searched, notes, after_loss } = self;
        let nothing = buffer.is_empty() && places.is_empty() && *searched == 0 && notes.is_empty();
        matches!(state, State::Between) && nothing && !after_loss
    }

    /// Holds bytes back.
    pub(crate) fn push(&mut self, bytes: &[u8], place: Place) {
        if bytes.is_empty() {
            return;
        }
        self.places.push((self.buffer.len() as u32, place));
        self.buffer.extend_from_slice(bytes);
    }

    /// Forgets what the buffer holds after `length` bytes.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.buffer.truncate(length);
        while self.places.last().is_some_and(|(first, _)| *first as usize >= length) {
            self.places.pop();
        }
    }

    /// Empties the buffer.
    pub(crate) fn take(&mut self) -> Held {
        self.searched = 0;
        Held { bytes: std::mem::take(&mut self.buffer), places: std::mem::take(&mut self.places) }
    }

    /// Takes the first `length` bytes out of the buffer.
    pub(crate) fn take_front(&mut self, length: usize) -> Held {
        if length == 0 {
            return Held::default();
        }
        let mut rest = Side::default();
        let mut front = Side::default();
        let held = self.take();
        for (bytes, place) in held.runs() {
            let room = length.saturating_sub(front.buffer.len()).min(bytes.len());
            let (before, after) = bytes.split_at(room);
            front.push(before, place);
            rest.push(after, place.advanced(room));
        }
        (self.buffer, self.places) = (rest.buffer, rest.places);
        front.take()
    }

    /// Falls out of step, because bytes were lost.
    pub(crate) fn lose(&mut self) {
        self.take();
        self.state = State::Lost;
        self.after_loss = true;
    }

    /// Memory held, in bytes.
    pub(crate) fn weight(&self) -> usize {
        self.buffer.capacity() + self.places.capacity() * size_of::<(u32, Place)>()
    }
}

/// Bytes that were held back.
#[derive(Debug, Default)]
pub(crate) struct Held {
    pub(crate) bytes: Vec<u8>,
    pub(crate) places: Vec<(u32, Place)>,
}

impl Held {
    /// Where the first byte stood.
    pub(crate) fn first(&self) -> Place {
        self.places.first().map_or(Place::default(), |(_, place)| *place)
    }

    /// The bytes, packet by packet.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (&[u8], Place)> {
        self.places.iter().enumerate().map(|(at, (first, place))| {
            let end = self.places.get(at + 1).map_or(self.bytes.len(), |(next, _)| *next as usize);
            (self.bytes.get(*first as usize..end).unwrap_or_default(), *place)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::PacketId;

    #[test]
    fn what_is_held_back_keeps_its_places() {
        let place = |packet| Place { packet: PacketId::new(0, packet), offset: Some(10), ..Place::default() };
        let mut side = Side::default();
        side.push(b"abc", place(1));
        side.push(b"", place(2));
        side.push(b"defg", place(3));
        let front = side.take_front(4);
        assert_eq!(front.runs().collect::<Vec<_>>(), [(&b"abc"[..], place(1)), (&b"d"[..], place(3))]);
        assert_eq!(side.places, [(0, place(3).advanced(1))]);
        side.truncate(2);
        let rest = side.take();
        assert_eq!(rest.runs().collect::<Vec<_>>(), [(&b"ef"[..], place(3).advanced(1))]);
        assert_eq!(rest.first(), place(3).advanced(1));
    }
}
