//! One packet's way through its layers: what every layer's decoder works with.
//!
//! The layers themselves are in their own modules; none of them is known here.

use super::config::Config;
use super::counters::{Counters, Reason};
use super::fragment::Piece;
use super::fragments::Fragments;
use super::layout::Layout;
use super::unit::{Datagram, Unit};
use super::view::{Origin, View};
use crate::packet::Timestamp;

/// What a packet, or a part of it, turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// At least one segment was handed out.
    Tcp,
    /// At least one datagram was handed out.
    Udp,
    /// A fragment that waits for others.
    Fragment,
}

/// What was found, or why nothing was.
pub(super) type Outcome = Result<Found, Reason>;

/// What outlives a packet.
#[derive(Debug)]
pub(super) struct State {
    pub(super) config: Config,
    pub(super) fragments: Fragments,
    pub(super) counters: Counters,
    /// Whether bytes of the packet were handed out in which there is neither a segment nor a datagram.
    pub(super) handed_out: bool,
    /// Where things stand in the packet, where that is asked for.
    pub(super) layout: Option<Box<Layout>>,
}

/// A walk from the outermost layer inwards. Units are handed out only once everything
/// around them has been checked, so a guess that fails leaves nothing behind.
pub(super) struct Walk<'w> {
    pub(super) state: &'w mut State,
    pub(super) origin: Origin<'w>,
    pub(super) time: Timestamp,
    pub(super) sink: &'w mut dyn FnMut(Unit<'_>),
    pub(super) depth: u8,
}

impl Walk<'_> {
    /// How many layers may lie in one another.
    const MAX_DEPTH: u8 = 32;

    /// Goes one layer inwards, unless that is one too many.
    pub(super) fn deeper(&mut self, inwards: impl FnOnce(&mut Self) -> Outcome) -> Outcome {
        if self.depth >= Self::MAX_DEPTH {
            return Err(Reason::NESTED);
        }
        self.depth += 1;
        let outcome = inwards(self);
        self.depth -= 1;
        outcome
    }

    /// Goes one layer inwards, into bytes that were put together from these pieces.
    pub(super) fn joined(
        &mut self,
        (bytes, pieces): (&[u8], &[Piece]),
        inwards: impl FnOnce(&mut Walk<'_>) -> Outcome,
    ) -> Outcome {
        let mut inner = Walk {
            state: &mut *self.state,
            origin: Origin::Joined(bytes, pieces),
            time: self.time,
            sink: &mut *self.sink,
            depth: self.depth,
        };
        let outcome = inner.deeper(inwards);
        if outcome.is_err() {
            inner.hand_out(View { bytes, start: 0, missing: 0 });
        }
        outcome
    }

    /// Hands out bytes in which there is neither a segment nor a datagram of UDP, once a packet: what
    /// was put together from fragments, or else the packet itself.
    pub(super) fn hand_out(&mut self, view: View<'_>) {
        if std::mem::replace(&mut self.state.handed_out, true) {
            return;
        }
        let (mut missing, mut place) = (0, None);
        self.origin.runs(view, |run| {
            missing += run.missing;
            place.get_or_insert(run.place);
        });
        self.state.counters.bytes_cut += missing as u64;
        let missing = u32::try_from(missing).unwrap_or(u32::MAX);
        let place = place.unwrap_or_default();
        (self.sink)(Unit::Datagram(Datagram { four_tuple: None, payload: view.bytes, missing, place }));
    }

    /// Writes down that a checksum stands `field` bytes into `view` and covers all of it.
    #[inline]
    pub(super) fn note_checksum(&mut self, view: View<'_>, field: usize, optional: bool) {
        if let Some(layout) = self.state.layout.as_deref_mut() {
            layout.checksum(self.origin, view, field, optional);
        }
    }

    pub(super) const fn verify_checksums(&self) -> bool {
        self.state.config.verify_checksums
    }
}

/// What a layer says of a header that the packet has no room for.
pub(super) trait OrCut<T> {
    fn or_cut(self, text: &'static str) -> Result<T, Reason>;
}

impl<T> OrCut<T> for Option<T> {
    fn or_cut(self, text: &'static str) -> Result<T, Reason> {
        self.ok_or(Reason::bad(text))
    }
}

/// The better of two outcomes of parts of one packet.
pub(super) fn better(one: Outcome, other: Outcome) -> Outcome {
    match (one, other) {
        (Ok(Found::Tcp), _) | (_, Ok(Found::Tcp)) => Ok(Found::Tcp),
        (Ok(Found::Udp), _) | (_, Ok(Found::Udp)) => Ok(Found::Udp),
        (Ok(found), _) | (_, Ok(found)) => Ok(found),
        (first, _) => first,
    }
}
