//! Generic Routing Encapsulation (RFC 2784, 2890), the variants of it that PPTP (RFC 2637) and
//! `MikroTik`'s `EoIP` use, and the mirrored frames of ERSPAN in it.
//!
//! It doesn't check GRE's own checksum or order.

use crate::decode::counters::Reason;
use crate::decode::view::View;
use crate::decode::walk::{OrCut, Outcome, Walk};

const CHECKSUM: u16 = 0x8000;
const ROUTING: u16 = 0x4000;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
const ACKNOWLEDGMENT: u16 = 0x0080;

const CUT: &str = "gre: header cut";

impl Walk<'_> {
    /// A GRE packet of either version.
    pub(in crate::decode) fn gre(&mut self, view: View<'_>) -> Outcome {
        self.deeper(|walk| {
            let flags = view.u16(0).or_cut(CUT)?;
            let protocol = view.u16(2).or_cut(CUT)?;
            match flags & 7 {
                0 => walk.gre_0(flags, protocol, view),
                1 => walk.gre_1(flags, protocol, view),
                version => Err(Reason::unknown("gre: version", version.into())),
            }
        })
    }

    fn gre_0(&mut self, flags: u16, protocol: u16, view: View<'_>) -> Outcome {
        let optional = |flag: u16| if flags & flag == 0 { 0 } else { 4 };
        let length = 4 + optional(CHECKSUM | ROUTING) + optional(KEY) + optional(SEQUENCE);
        let mut payload = view.skip(length).or_cut(CUT)?;
        if flags & CHECKSUM != 0 {
            self.note_checksum(view, 4, false);
        }
        if flags & ROUTING != 0 {
            payload = skip_routes(payload)?;
        }
        match protocol {
            0 => Err(Reason::idle("gre: keep-alive")),
            // ERSPAN type I has neither a sequence number nor a header of its own.
            0x88be if flags & SEQUENCE == 0 => self.ethernet(payload),
            // WCCP puts four bytes of its own before the packet in version 2.
            0x883e if payload.u8(0).is_some_and(|byte| byte >> 4 != 4) => self.ip(payload.skip(4).or_cut(CUT)?),
            0x883e => self.ip(payload),
            // Aruba's wireless controllers number their access points' frames.
            0x8200..=0x837f => self.ieee80211(payload),
            0x6559 => self.frame_relay(payload),
            other => self.ether_type(other, payload),
        }
    }

    /// GRE of version 1, which says how long its payload is.
    fn gre_1(&mut self, flags: u16, protocol: u16, view: View<'_>) -> Outcome {
        match protocol {
            0x880b => self.pptp(flags, view),
            0x6400 => self.ethernet_over_ip(view),
            other => Err(Reason::unknown_hex("gre: protocol in version 1", other)),
        }
    }

    /// `MikroTik`'s `EoIP`: a frame behind its length and a tunnel number, which is in little-endian
    /// order. A tunnel without traffic sends a length of 0 every ten seconds.
    fn ethernet_over_ip(&mut self, view: View<'_>) -> Outcome {
        let length = view.u16(4).or_cut(CUT)?;
        if length == 0 {
            return Err(Reason::idle("eoip: keep-alive"));
        }
        self.ethernet(view.skip(8).or_cut(CUT)?.limit(length.into()))
    }

    /// PPTP's GRE: PPP behind a length and a call number.
    fn pptp(&mut self, flags: u16, view: View<'_>) -> Outcome {
        if flags & SEQUENCE == 0 {
            return Err(Reason::idle("gre: acknowledgment"));
        }
        let payload = view.skip(if flags & ACKNOWLEDGMENT == 0 { 12 } else { 16 }).or_cut(CUT)?;
        let length = view.u16(4).or_cut(CUT)?;
        self.ppp(payload.limit(length.into()))
    }

    /// ERSPAN types II and III (draft-foschiano-erspan §4).
    pub(in crate::decode) fn erspan(&mut self, view: View<'_>) -> Outcome {
        const CUT: &str = "erspan: header cut";
        let length = match view.u8(0).or_cut(CUT)? >> 4 {
            0 | 1 => 8,
            2 if view.u8(11).or_cut(CUT)? & 1 != 0 => 20,
            2 => 12,
            version => return Err(Reason::unknown("erspan: version", version.into())),
        };
        self.ethernet(view.skip(length).or_cut(CUT)?)
    }
}

/// Past the source route entries (RFC 1701), which end with an empty one.
fn skip_routes(view: View<'_>) -> Result<View<'_>, Reason> {
    let mut view = view;
    loop {
        let (family, length) = (view.u16(0).or_cut(CUT)?, view.u8(3).or_cut(CUT)?);
        view = view.skip(4 + usize::from(length)).or_cut(CUT)?;
        if family == 0 && length == 0 {
            return Ok(view);
        }
    }
}
