//! Logical link control and its subnetwork access protocol (IEEE 802.2, RFC 1042).
//!
//! It carries what other links carry too; it refuses to know which link it is on.

use crate::decode::counters::Reason;
use crate::decode::view::View;
use crate::decode::walk::{OrCut, Outcome, Walk};

const CUT: &str = "llc: header cut";

impl Walk<'_> {
    /// An LLC frame.
    pub(in crate::decode) fn llc(&mut self, view: View<'_>) -> Outcome {
        self.deeper(|walk| {
            let (to, from, control) = (view.u8(0).or_cut(CUT)?, view.u8(1).or_cut(CUT)?, view.u8(2).or_cut(CUT)?);
            if control & 0x03 != 0x03 {
                return Err(Reason::idle("llc: numbered frame"));
            }
            let payload = view.skip(3).or_cut(CUT)?;
            match (to & 0xfe, from & 0xfe) {
                (0xaa, 0xaa) => walk.snap(payload),
                (0x06, 0x06) => walk.ip(payload),
                (0xfe, 0xfe) => walk.network_layer(payload),
                (0x42, _) => Err(Reason::idle("stp")),
                (0xe0, _) => Err(Reason::idle("ipx")),
                (0xf0, _) => Err(Reason::idle("netbeui")),
                (other, _) => Err(Reason::unknown_hex("llc: service access point", other.into())),
            }
        })
    }

    /// An organisation and its protocol number.
    pub(super) fn snap(&mut self, view: View<'_>) -> Outcome {
        let organisation: [u8; 3] = view.array(0).or_cut("snap: header cut")?;
        let protocol = view.u16(3).or_cut("snap: header cut")?;
        let payload = view.skip(5).or_cut("snap: header cut")?;
        match (organisation, protocol) {
            // Plain EtherTypes (RFC 1042), bridged ones, and Cisco's.
            ([0x00, 0x00, 0x00 | 0xf8], _) => self.ether_type(protocol, payload),
            // Frames bridged over ATM (RFC 2684 §5.2), aligned by two bytes, and over frame
            // relay (RFC 2427 §4.2), where they are not.
            ([0x00, 0x80, 0xc2], 0x0001 | 0x0007) => {
                let padded = payload.skip(2).or_cut("snap: header cut")?;
                self.plausible_ethernet(padded).or_else(|_| self.ethernet(payload))
            }
            ([0x00, 0x00, 0x0c], 0x2000) => Err(Reason::idle("cdp")),
            ([0x00, 0x00, 0x0c], _) => Err(Reason::idle("cisco link protocols")),
            _ => Err(Reason::unknown_hex("snap: protocol", protocol)),
        }
    }

    /// What a network layer protocol identifier names (RFC 2427 §3, ISO/IEC TR 9577).
    pub(super) fn network_layer(&mut self, view: View<'_>) -> Outcome {
        let identifier = view.u8(0).or_cut("nlpid: cut")?;
        let payload = view.skip(1).or_cut("nlpid: cut")?;
        match identifier {
            // Padding, to align what follows.
            0x00 if payload.u8(0).is_some_and(|next| next != 0) => self.network_layer(payload),
            0x80 => self.snap(payload),
            0xcc | 0x8e => self.ip(payload),
            0xcf => self.ppp(payload),
            0x81..=0x83 => Err(Reason::idle("osi")),
            other => Err(Reason::unknown_hex("nlpid: protocol", other.into())),
        }
    }
}
