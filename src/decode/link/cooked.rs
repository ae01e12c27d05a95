//! What operating systems put in place of a link header: Linux cooked captures, BSD's
//! null and loop, packet filters, macOS's packet taps.
//!
//! Which host wrote a capture is not known, so byte orders are told by their sense.

use crate::decode::counters::Reason;
use crate::decode::view::View;
use crate::decode::walk::{OrCut, Outcome, Walk};
use crate::packet::LinkType;

impl Walk<'_> {
    /// BSD loopback: an address family in the byte order of the host that captured, or in
    /// the network's (`LINKTYPE_LOOP`).
    pub(super) fn null(&mut self, view: View<'_>) -> Outcome {
        const CUT: &str = "null: header cut";
        let family = view.u32(0).or_cut(CUT)?;
        // The numbers are small, so the wrong byte order shows.
        let family = if family > 0xffff { family.swap_bytes() } else { family };
        let payload = view.skip(4).or_cut(CUT)?;
        match family {
            // IPv4; IPv6 on Linux, Windows, NetBSD and OpenBSD, FreeBSD, macOS.
            2 | 10 | 23 | 24 | 28 | 30 => self.ip(payload),
            0x0600..=0xffff => self.ether_type(family as u16, payload),
            _ if view.u16(0) == Some(0xff03) => self.ppp(view),
            other => self.plausible_ip(payload).map_err(|_| Reason::unknown("null: address family", other)),
        }
    }

    /// Linux cooked capture, version 1; netlink's own link type has the same header.
    pub(super) fn cooked(&mut self, view: View<'_>) -> Outcome {
        // By hand: `etherparse` refuses all but five hardware types, the loopback's among the others.
        const CUT: &str = "linux cooked: header cut";
        let (hardware, protocol) = (view.u16(2).or_cut(CUT)?, view.u16(14).or_cut(CUT)?);
        self.cooked_payload(hardware, protocol, view.skip(16).or_cut(CUT)?)
    }

    /// Linux cooked capture, version 2.
    pub(super) fn cooked_2(&mut self, view: View<'_>) -> Outcome {
        const CUT: &str = "linux cooked: header cut";
        let (protocol, hardware) = (view.u16(0).or_cut(CUT)?, view.u16(8).or_cut(CUT)?);
        self.cooked_payload(hardware, protocol, view.skip(20).or_cut(CUT)?)
    }

    /// What the device's `ARPHRD_` type and the protocol say together.
    fn cooked_payload(&mut self, hardware: u16, protocol: u16, payload: View<'_>) -> Outcome {
        match (hardware, protocol) {
            (801, _) => self.ieee80211(payload),
            (802, _) => self.prism(payload),
            (803, _) => self.radiotap(payload),
            (824, family) => self.netlink(family, payload),
            (770, 0) => self.frame_relay(payload),
            (_, 0x0001) => Err(Reason::idle("ipx")),
            (_, 0x0004) => self.llc(payload),
            (_, 0x000c..=0x000e) => Err(Reason::idle("can")),
            (_, 0x0600..) => self.ether_type(protocol, payload),
            // Tunnels and point-to-point devices, where the number may be missing.
            _ => self.plausible_ip(payload).map_err(|_| Reason::unknown_hex("linux cooked: protocol", protocol)),
        }
    }

    /// The header of the BSDs' packet filter log, whose length is in its first byte.
    pub(super) fn packet_filter(&mut self, view: View<'_>) -> Outcome {
        const CUT: &str = "pflog: header cut";
        let length = usize::from(view.u8(0).or_cut(CUT)?);
        self.ip(view.skip(length.next_multiple_of(4)).or_cut(CUT)?)
    }

    /// macOS's packet tap: a header that names the link type behind it.
    pub(super) fn packet_tap(&mut self, view: View<'_>) -> Outcome {
        const CUT: &str = "pktap: header cut";
        let field = |at| view.array(at).map(u32::from_le_bytes).or_cut(CUT);
        let (length, link_type) = (field(0)? as usize, field(8)?);
        if length < 12 {
            return Err(Reason::bad("pktap: length below its header"));
        }
        let inner = view.skip(length).or_cut(CUT)?;
        let link_type = u16::try_from(link_type).map_err(|_| Reason::bad("pktap: link type"))?;
        self.link(LinkType(link_type), inner)
    }
}
