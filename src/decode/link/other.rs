//! Links that are seldom met: `ARCnet`, token ring, FDDI, ATM on Solaris, DOCSIS, Juniper's
//! and Endace's capture headers.
//!
//! Each is read as far as IP over it needs, no further.

use crate::decode::counters::Reason;
use crate::decode::view::View;
use crate::decode::walk::{OrCut, Outcome, Walk};

impl Walk<'_> {
    /// `ARCnet` with RFC 1201's header, or RFC 1051's without; `before` bytes of addresses
    /// precede the type (Linux adds an offset to them).
    pub(super) fn arcnet(&mut self, view: View<'_>, before: usize) -> Outcome {
        const CUT: &str = "arcnet: header cut";
        let kind = view.u8(before).or_cut(CUT)?;
        let rest = view.skip(before + 1).or_cut(CUT)?;
        match kind {
            240 => return self.ip(rest),
            241 => return Err(Reason::idle("arp")),
            _ => {}
        }
        let payload = match rest.u8(0).or_cut(CUT)? {
            0x00 => rest.skip(3).or_cut(CUT)?,
            // A packet of an awkward length has four bytes of filling, then its own header.
            0xff => match rest.u8(4).or_cut(CUT)? {
                0x00 => rest.skip(7).or_cut(CUT)?,
                _ => return Err(Reason::bad("arcnet: fragment")),
            },
            _ => return Err(Reason::bad("arcnet: fragment")),
        };
        match kind {
            212 | 196 => self.ip(payload),
            213 => Err(Reason::idle("arp")),
            214 => Err(Reason::idle("rarp")),
            other => Err(Reason::unknown("arcnet: type", other.into())),
        }
    }

    /// Token ring (IEEE 802.5): a source address that says so has a route behind it.
    pub(super) fn token_ring(&mut self, view: View<'_>) -> Outcome {
        const CUT: &str = "token ring: header cut";
        if view.u8(1).or_cut(CUT)? & 0xc0 != 0x40 {
            return Err(Reason::idle("token ring: control"));
        }
        let routed = view.u8(8).or_cut(CUT)? & 0x80 != 0;
        let route = if routed { usize::from(view.u8(14).or_cut(CUT)? & 0x1f) } else { 0 };
        self.llc(view.skip(14 + route).or_cut(CUT)?)
    }

    /// FDDI: LLC behind a frame control byte and two addresses.
    pub(super) fn fddi(&mut self, view: View<'_>) -> Outcome {
        const CUT: &str = "fddi: header cut";
        if view.u8(0).or_cut(CUT)? & 0x30 != 0x10 {
            return Err(Reason::idle("fddi: control"));
        }
        self.llc(view.skip(13).or_cut(CUT)?)
    }

    /// `SunATM`: LLC, or Ethernet of an emulated LAN.
    pub(super) fn sun_atm(&mut self, view: View<'_>) -> Outcome {
        const CUT: &str = "sunatm: header cut";
        let flags = view.u8(0).or_cut(CUT)?;
        let payload = view.skip(4).or_cut(CUT)?;
        match flags & 0x0f {
            1 => self.ethernet(payload.skip(2).or_cut(CUT)?),
            2 => self.llc(payload),
            other => Err(Reason::unknown("sunatm: traffic type", other.into())),
        }
    }

    /// DOCSIS: packets as Ethernet behind an extended header; the rest is management.
    pub(super) fn docsis(&mut self, view: View<'_>) -> Outcome {
        const CUT: &str = "docsis: header cut";
        let (control, parameter) = (view.u8(0).or_cut(CUT)?, view.u8(1).or_cut(CUT)?);
        if control >> 6 != 0 {
            return Err(Reason::idle("docsis: management"));
        }
        let extended = if control & 1 == 1 { usize::from(parameter) } else { 0 };
        self.ethernet(view.skip(6 + extended).or_cut(CUT)?)
    }

    /// The capture header of Juniper's routers, before the frame of the link it names.
    pub(super) fn juniper(&mut self, link_type: u16, view: View<'_>) -> Outcome {
        const CUT: &str = "juniper: header cut";
        const NO_LINK_HEADER: u8 = 0x02;
        const EXTENDED: u8 = 0x80;
        if view.array(0) != Some(*b"MGC") {
            return Err(Reason::bad("juniper: no magic number"));
        }
        let flags = view.u8(3).or_cut(CUT)?;
        let extended = if flags & EXTENDED == 0 { 0 } else { 2 + usize::from(view.u16(4).or_cut(CUT)?) };
        let frame = view.skip(4 + extended).or_cut(CUT)?;
        if flags & NO_LINK_HEADER != 0 {
            // Four bytes name the protocol in the host's byte order; the packet tells it too.
            return self.ip(frame.skip(4).or_cut(CUT)?);
        }
        match link_type {
            178 => self.ethernet(frame),
            179 => self.ppp(frame),
            180 => self.frame_relay(frame),
            _ => self.hdlc(frame),
        }
    }

    /// Endace's record header, with its own wire length.
    pub(super) fn endace(&mut self, view: View<'_>) -> Outcome {
        const CUT: &str = "erf: header cut";
        let kind = view.u8(8).or_cut(CUT)?;
        let length = view.u16(14).or_cut(CUT)?;
        // Extension headers of eight bytes follow as long as the first bit is set.
        let (mut at, mut more) = (16, kind);
        while more & 0x80 != 0 {
            more = view.u8(at).or_cut(CUT)?;
            at += 8;
        }
        let frame = view.skip(at).or_cut(CUT)?;
        match kind & 0x7f {
            1 | 10 | 15 | 19 => self.ppp_or_hdlc(frame.limit(length.into())),
            2 | 11 | 16 | 20 => self.ethernet(frame.skip(2).or_cut(CUT)?.limit(length.into())),
            // AAL5 behind a cell's header.
            4 => self.llc(frame.skip(4).or_cut(CUT)?),
            9 => self.llc(frame.skip(8).or_cut(CUT)?),
            // Of one of several channels, which four bytes name.
            5 | 17 => self.ppp_or_hdlc(frame.skip(4).or_cut(CUT)?.limit(length.into())),
            13 | 14 | 27 | 48 => Err(Reason::idle("erf: no packet")),
            22 | 23 => self.ip(frame.limit(length.into())),
            other => Err(Reason::unknown("erf: record type", other.into())),
        }
    }
}
