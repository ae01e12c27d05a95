//! Links with two ends: PPP (RFC 1661, 1662), `PPPoE` (RFC 2516), Cisco's HDLC, frame relay.
//!
//! Compressed and encrypted payloads stay closed.

use crate::decode::counters::Reason;
use crate::decode::view::View;
use crate::decode::walk::{OrCut, Outcome, Walk};

const CUT: &str = "ppp: header cut";

impl Walk<'_> {
    /// A PPP frame, with or without its address and control bytes.
    pub(in crate::decode) fn ppp(&mut self, view: View<'_>) -> Outcome {
        self.deeper(|walk| {
            let view = match view.bytes {
                [0xff, 0x03, ..] => view.skip(2).or_cut(CUT)?,
                _ => view,
            };
            // An odd first byte is the whole number, compressed (RFC 1661 §6.5).
            let first = view.u8(0).or_cut(CUT)?;
            let (protocol, length) = if first & 1 == 1 { (u16::from(first), 1) } else { (view.u16(0).or_cut(CUT)?, 2) };
            let payload = view.skip(length).or_cut(CUT)?;
            match protocol {
                0x0021 | 0x0057 => walk.ip(payload),
                0x0031 => walk.ppp_bridged(payload),
                0x003d => walk.ppp_multilink(payload),
                0x0281 | 0x0283 => walk.mpls(payload),
                0x002d | 0x002f => Err(Reason::bad("ppp: compressed header")),
                0x0053 | 0x0055 => Err(Reason::bad("ppp: encrypted").without_stream()),
                0x00fb | 0x00fd => Err(Reason::bad("ppp: compressed")),
                0x0207 => Err(Reason::idle("cdp")),
                0x8000.. => Err(Reason::idle("ppp: control")),
                other => Err(Reason::unknown_hex("ppp: protocol", other)),
            }
        })
    }

    /// A bridged frame (RFC 3518 §4.2).
    fn ppp_bridged(&mut self, view: View<'_>) -> Outcome {
        let (flags, kind) = (view.u8(0).or_cut(CUT)?, view.u8(1).or_cut(CUT)?);
        let pad = usize::from(flags & 0x0f);
        match kind {
            1 => self.ethernet(view.skip(2).or_cut(CUT)?.trim_end(pad)),
            other => Err(Reason::unknown("ppp: bridged link", other.into())),
        }
    }

    /// A multilink frame (RFC 1990 §3) that holds a whole packet.
    fn ppp_multilink(&mut self, view: View<'_>) -> Outcome {
        let flags = view.u8(0).or_cut(CUT)?;
        if flags & 0xc0 != 0xc0 {
            return Err(Reason::bad("ppp: multilink fragment"));
        }
        // The numbers are four bytes long unless the two ends agreed on two.
        let long = view.skip(4).or_cut(CUT)?;
        match self.ppp(long) {
            Err(reason) if !reason.recognised() => self.ppp(view.skip(2).or_cut(CUT)?),
            outcome => outcome,
        }
    }

    /// A `PPPoE` session's packet.
    pub(in crate::decode) fn pppoe(&mut self, view: View<'_>) -> Outcome {
        const CUT: &str = "pppoe: header cut";
        if view.u8(0).or_cut(CUT)? != 0x11 {
            return Err(Reason::bad("pppoe: version or type not 1"));
        }
        if view.u8(1).or_cut(CUT)? != 0 {
            return Err(Reason::idle("pppoe: discovery"));
        }
        let length = view.u16(4).or_cut(CUT)?;
        self.ppp(view.skip(6).or_cut(CUT)?.limit(length.into()))
    }

    /// PPP or Cisco's HDLC, as the address byte tells.
    pub(super) fn ppp_or_hdlc(&mut self, view: View<'_>) -> Outcome {
        match view.bytes {
            [0x0f | 0x8f, 0x00, ..] => self.hdlc(view),
            // pppd and some captures put a direction in the place of the address.
            [0x00 | 0x01, 0x03, ..] => self.ppp(view.skip(2).or_cut(CUT)?),
            _ => self.ppp(view),
        }
    }

    /// Cisco's HDLC: an address, a control byte, an `EtherType`.
    pub(in crate::decode) fn hdlc(&mut self, view: View<'_>) -> Outcome {
        const CUT: &str = "c-hdlc: header cut";
        let protocol = view.u16(2).or_cut(CUT)?;
        let payload = view.skip(4).or_cut(CUT)?;
        match protocol {
            0x2000 => Err(Reason::idle("cdp")),
            0x8035 => Err(Reason::idle("c-hdlc: keep-alive")),
            0xfefe => self.network_layer(payload.skip(1).or_cut(CUT)?),
            other => self.ether_type(other, payload),
        }
    }

    /// A frame of multilink frame relay (FRF.16.1), if it is whole.
    pub(super) fn multilink_frame_relay(&mut self, view: View<'_>) -> Outcome {
        const CUT: &str = "multilink frame relay: header cut";
        // Begin, end, control.
        match view.u8(0).or_cut(CUT)? >> 5 {
            0b110 => self.frame_relay(view.skip(2).or_cut(CUT)?),
            kind if kind & 1 == 1 => Err(Reason::idle("multilink frame relay: control")),
            _ => Err(Reason::bad("multilink frame relay: fragment")),
        }
    }

    /// Frame relay (RFC 2427), also with Cisco's `EtherType`.
    pub(in crate::decode) fn frame_relay(&mut self, view: View<'_>) -> Outcome {
        const CUT: &str = "frame relay: header cut";
        // The address ends with the first byte whose lowest bit is set: the second to fourth.
        let address = view.bytes.iter().take(4).position(|byte| byte & 1 == 1);
        let address = address.ok_or(Reason::bad("frame relay: address without end"))? + 1;
        let rest = view.skip(address).or_cut(CUT)?;
        match rest.u8(0).or_cut(CUT)? {
            0x03 => self.deeper(|walk| walk.network_layer(rest.skip(1).or_cut(CUT)?)),
            _ => self.ether_type(rest.u16(0).or_cut(CUT)?, rest.skip(2).or_cut(CUT)?),
        }
    }
}
