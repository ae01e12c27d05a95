//! What decoding counts: every packet exactly once, by what became of it.
//!
//! It refuses to judge: a packet that carries nothing for the rooms to the right
//! (ARP, ICMP) stands beside one that is broken, each under its own name.

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::fmt;

/// Why a packet yielded neither a segment nor a datagram: a layer, what about it, and
/// the number that stood there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Reason {
    text: &'static str,
    number: Number,
    recognised: bool,
    /// Whether there may have been a stream in it that was not read.
    unread: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Number {
    None,
    Decimal(u32),
    Hex(u16),
}

impl Reason {
    /// Too many layers in one another.
    pub(super) const NESTED: Self = Self::bad("nested too deeply");
    /// More kinds of reasons than are kept apart.
    const OTHER: Self = Self::bad("other");

    /// A well-formed protocol that carries nothing for the rooms to the right.
    pub(super) const fn idle(text: &'static str) -> Self {
        Self { text, number: Number::None, recognised: true, unread: false }
    }

    /// A well-formed packet that is refused for its checksum.
    pub(super) const fn checksum(text: &'static str) -> Self {
        Self::idle(text)
    }

    /// Bytes that are cut or contradict themselves.
    pub(super) const fn bad(text: &'static str) -> Self {
        Self { text, number: Number::None, recognised: false, unread: true }
    }

    /// A protocol number that nobody here reads.
    pub(super) const fn unknown(text: &'static str, number: u32) -> Self {
        Self { text, number: Number::Decimal(number), recognised: false, unread: true }
    }

    /// The same for numbers that the field writes in hexadecimal.
    pub(super) const fn unknown_hex(text: &'static str, number: u16) -> Self {
        Self { text, number: Number::Hex(number), recognised: false, unread: true }
    }

    /// The same of what holds no stream in the clear: it is encrypted, or its protocol has none.
    pub(super) const fn without_stream(self) -> Self {
        Self { unread: false, ..self }
    }

    /// Whether the bytes were what their wrapping said, only nothing for us.
    pub(super) const fn recognised(self) -> bool {
        self.recognised
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            Number::None => f.write_str(self.text),
            Number::Decimal(number) => write!(f, "{} {number}", self.text),
            Number::Hex(number) => write!(f, "{} 0x{number:04x}", self.text),
        }
    }
}

/// What a [`Decoder`](super::Decoder) counted. Each packet is in exactly one of
/// [`tcp`](Self::tcp), [`udp`](Self::udp), [`fragments`](Self::fragments) and the
/// reasons of [`not_understood`](Self::not_understood); together they are
/// [`packets`](Self::packets).
#[derive(Debug, Clone, Default)]
pub struct Counters {
    /// Packets handed in.
    pub packets: u64,
    /// Packets that yielded at least one TCP segment.
    pub tcp: u64,
    /// Packets that yielded datagrams of UDP and no segment.
    pub udp: u64,
    /// Packets with a fragment, of IP or 802.11, that waits, or waited, for its others.
    pub fragments: u64,
    /// Datagrams put together from their fragments.
    pub reassembled: u64,
    /// Fragments that overlapped an earlier one with other bytes; the earlier stays.
    pub fragments_differed: u64,
    /// Datagrams whose fragments were let go because the others did not come in time.
    pub fragments_too_old: u64,
    /// Datagrams whose fragments were let go for want of memory.
    pub fragments_evicted: u64,
    /// Datagrams whose fragments were still waiting at the end.
    pub fragments_unfinished: u64,
    /// How many of those three held the TCP header, and so the beginning of a segment.
    pub fragments_lost_tcp: u64,
    /// Bytes of datagrams, and of packets that hold no stream, that the capture cut off.
    pub bytes_cut: u64,
    reasons: HashMap<Reason, u64, RandomState>,
}

impl Counters {
    /// How many reasons are kept apart; the numbers in them come from the wire.
    const MAX_REASONS: usize = 512;

    #[cold]
    pub(super) fn refuse(&mut self, reason: Reason) {
        let known = self.reasons.len() < Self::MAX_REASONS || self.reasons.contains_key(&reason);
        *self.reasons.entry(if known { reason } else { Reason::OTHER }).or_default() += 1;
    }

    /// Packets that yielded nothing, by layer and reason; those that are understood but
    /// carry nothing (`arp`, `icmp`) by name.
    pub fn not_understood(&self) -> BTreeMap<String, u64> {
        self.reasons.iter().map(|(reason, &count)| (reason.to_string(), count)).collect()
    }

    /// Those of [`not_understood`](Self::not_understood) that may have held a stream: of a link type or
    /// in an encapsulation that is not read, or damaged. The others have no stream (`arp`, `icmp`), are
    /// encrypted, or have a checksum for which every receiver refuses them.
    pub fn not_read(&self) -> BTreeMap<String, u64> {
        let unread = self.reasons.iter().filter(|(reason, _)| reason.unread);
        unread.map(|(reason, &count)| (reason.to_string(), count)).collect()
    }

    /// Datagrams whose fragments were not put together.
    pub const fn fragments_lost(&self) -> u64 {
        self.fragments_too_old + self.fragments_evicted + self.fragments_unfinished
    }

    /// What was let go, by reason, in datagrams.
    pub fn let_go(&self) -> BTreeMap<String, u64> {
        [
            ("fragments: too old", self.fragments_too_old),
            ("fragments: out of memory", self.fragments_evicted),
            ("fragments: unfinished at the end", self.fragments_unfinished),
            ("fragments: with a TCP header", self.fragments_lost_tcp),
        ]
        .into_iter()
        .filter(|&(_, count)| count > 0)
        .map(|(reason, count)| (reason.to_owned(), count))
        .collect()
    }

    /// All that was counted, to compare two decoders: packets, those that were understood, and the
    /// rest by reason.
    pub(super) fn seen(&self) -> ([u64; 6], BTreeMap<String, u64>, BTreeMap<String, u64>) {
        let Self { packets, tcp, udp, fragments, reassembled, fragments_differed, .. } = *self;
        let understood = [packets, tcp, udp, fragments, reassembled, fragments_differed];
        (understood, self.not_understood(), self.let_go())
    }

    /// The sum of all that packets became: [`packets`](Self::packets), always.
    pub fn accounted(&self) -> u64 {
        self.tcp + self.udp + self.fragments + self.reasons.values().sum::<u64>()
    }
}
