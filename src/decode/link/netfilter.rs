//! Packets that Linux's netfilter hands to programs: its log and its queue, as such and in the
//! messages of netlink.
//!
//! The numbers are in the byte order of the host that captured, which is told by their sense.

use crate::decode::counters::Reason;
use crate::decode::view::View;
use crate::decode::walk::{OrCut, Outcome, Walk, better};

/// The field of a log's entry that holds the packet (`NFULA_PAYLOAD`).
const LOG_PAYLOAD: u16 = 9;
/// The same in a queue's message (`NFQA_PAYLOAD`).
const QUEUE_PAYLOAD: u16 = 10;
/// The bits of a field's type that say how its value is written (`NLA_TYPE_MASK` without them).
const TYPE: u16 = 0x3fff;

impl Walk<'_> {
    /// The messages of a netlink packet of this family (RFC 3549 §2.2).
    pub(super) fn netlink(&mut self, family: u16, view: View<'_>) -> Outcome {
        const CUT: &str = "netlink: header cut";
        const HEADER: usize = 16;
        const NETFILTER: u16 = 12;
        if family != NETFILTER {
            return Err(Reason::idle("netlink"));
        }
        let (mut view, mut outcome) = (view, None);
        loop {
            let [little, big] = [u32::from_le_bytes, u32::from_be_bytes].map(|read| view.array(0).map(read));
            // The wrong byte order makes a large number of a length.
            let is_big = big.or_cut(CUT)? < little.or_cut(CUT)?;
            let length = if is_big { big } else { little }.or_cut(CUT)? as usize;
            if length < HEADER {
                return outcome.unwrap_or(Err(Reason::bad("netlink: message shorter than its header")));
            }
            let [first, second] = view.array(4).or_cut(CUT)?;
            let kind = if is_big { [first, second] } else { [second, first] };
            let message = view.limit(length).skip(HEADER).or_cut(CUT)?;
            let one = match kind {
                [3, 0] => self.netfilter_packet(message, QUEUE_PAYLOAD),
                [4, 0] => self.netfilter_packet(message, LOG_PAYLOAD),
                _ => Err(Reason::idle("netlink")),
            };
            let all = outcome.map_or(one, |before| better(before, one));
            match view.skip(length.next_multiple_of(4)) {
                Some(rest) if !rest.bytes.is_empty() => view = rest,
                _ => return all,
            }
            outcome = Some(all);
        }
    }

    /// Netfilter's log (`LINKTYPE_NFLOG`).
    pub(super) fn netfilter_log(&mut self, view: View<'_>) -> Outcome {
        self.netfilter_packet(view, LOG_PAYLOAD)
    }

    /// An address family, and fields of length, type and value, of which that of type `wanted` is the
    /// packet.
    fn netfilter_packet(&mut self, view: View<'_>, wanted: u16) -> Outcome {
        const CUT: &str = "nflog: field cut";
        let family = view.u8(0).or_cut(CUT)?;
        let mut view = view.skip(4).or_cut(CUT)?;
        while view.wire_length() > 0 {
            let (length, kind) = (view.u16(0).or_cut(CUT)?, view.u16(2).or_cut(CUT)?);
            // The types are small numbers.
            let is_swapped = kind & TYPE > 0xff;
            let (length, kind) = if is_swapped { (length.swap_bytes(), kind.swap_bytes()) } else { (length, kind) };
            let length = usize::from(length);
            if length < 4 {
                return Err(Reason::bad("nflog: field shorter than its header"));
            }
            if kind & TYPE == wanted {
                let payload = view.limit(length).skip(4).or_cut(CUT)?;
                return match family {
                    2 | 10 => self.ip(payload),
                    // Of a rule for any family, a bridge or a device.
                    0 | 1 | 5 | 7 => self.plausible_ip(payload),
                    other => Err(Reason::unknown("nflog: address family", other.into())),
                };
            }
            view = view.skip(length.next_multiple_of(4)).or_cut(CUT)?;
        }
        Err(Reason::bad("nflog: no packet in it"))
    }
}
