//! Ethernet and what an `EtherType` names: VLAN tags, `PPPoE`, MPLS, and other wrappings.
//!
//! It refuses to know about stations and addresses.

use crate::decode::counters::Reason;
use crate::decode::view::View;
use crate::decode::walk::{OrCut, Outcome, Walk};
use etherparse::{Ethernet2HeaderSlice, MacsecHeaderSlice, SingleVlanHeaderSlice};

/// A number below this in the place of an `EtherType` is a length (IEEE 802.3 §3.2.6).
const MIN_TYPE: u16 = 0x0600;

const CUT: &str = "ethernet: header cut";

impl Walk<'_> {
    /// An Ethernet frame from its destination address on.
    pub(in crate::decode) fn ethernet(&mut self, view: View<'_>) -> Outcome {
        let header = Ethernet2HeaderSlice::from_slice(view.bytes).map_err(|_| Reason::bad(CUT))?;
        let ether_type = header.ether_type().0;
        // Cisco's Inter-Switch Link puts 26 bytes in front of the frame, with a length where an
        // `EtherType` would stand. What has one is an ordinary frame to the same address.
        if ether_type < MIN_TYPE
            && let [0x01 | 0x03, 0x00, 0x0c, 0x00, 0x00, _] = header.destination()
        {
            let inner = view.skip(26).or_cut(CUT)?;
            return self.deeper(|walk| walk.ethernet(inner));
        }
        self.type_or_length(ether_type, view.skip(header.slice().len()).or_cut(CUT)?)
    }

    /// A frame with a switch's tag of `tag` bytes behind the addresses.
    pub(super) fn ethernet_tagged(&mut self, view: View<'_>, tag: usize) -> Outcome {
        let ether_type = view.u16(12 + tag).or_cut(CUT)?;
        self.type_or_length(ether_type, view.skip(14 + tag).or_cut(CUT)?)
    }

    /// A frame where only a guess says that there is one: it must say what it carries in
    /// a way that can be followed.
    pub(in crate::decode) fn plausible_ethernet(&mut self, view: View<'_>) -> Outcome {
        let header = Ethernet2HeaderSlice::from_slice(view.bytes).map_err(|_| Reason::bad(CUT))?;
        let plausible = match header.ether_type().0 {
            0x0800 | 0x0806 | 0x86dd | 0x8100 | 0x88a8 | 0x8847 | 0x8848 | 0x8863 | 0x8864 | 0x88cc => true,
            length @ 3..MIN_TYPE => usize::from(length) + 14 <= view.wire_length(),
            _ => false,
        };
        if plausible { self.deeper(|walk| walk.ethernet(view)) } else { Err(Reason::bad("ethernet: implausible")) }
    }

    /// What follows a field that is an `EtherType` or a length.
    pub(super) fn type_or_length(&mut self, number: u16, view: View<'_>) -> Outcome {
        if number >= MIN_TYPE {
            return self.ether_type(number, view);
        }
        // Novell's own frames have no LLC header; their checksum is always absent.
        if view.u16(0) == Some(0xffff) {
            return Err(Reason::idle("ipx"));
        }
        self.llc(view.limit(number.into()))
    }

    /// What an `EtherType` names, from the byte after it.
    pub(in crate::decode) fn ether_type(&mut self, ether_type: u16, view: View<'_>) -> Outcome {
        self.deeper(|walk| match ether_type {
            0x0800 | 0x86dd => walk.ip(view),
            // VLAN tags: the standard's, provider bridges', and the older ones of vendors.
            0x8100 | 0x88a8 | 0x9100 | 0x9200 | 0x9300 => walk.vlan(view),
            0x8847 | 0x8848 => walk.mpls(view),
            0x8864 => walk.pppoe(view),
            0x6558 => walk.ethernet(view),
            0x880b => walk.ppp(view),
            0x8870 => walk.llc(view),
            // Mirrored frames, as a rule inside GRE.
            0x88be | 0x22eb => walk.erspan(view),
            0x8926 => walk.tagged(view, 6, "vn-tag: tag cut"),
            0x892f => walk.tagged(view, 6, "hsr: tag cut"),
            0xf1c1 => walk.tagged(view, 6, "r-tag: tag cut"),
            0x893f => walk.tagged(view, 8, "e-tag: tag cut"),
            0xd28b => walk.arista(view),
            0x4305 => walk.batman(view),
            0x8909 => walk.tagged(view, 8, "cisco metadata: header cut"),
            // Cisco's FabricPath: a tag, and a whole frame.
            0x8903 => walk.ethernet(view.skip(2).or_cut("fabricpath: tag cut")?),
            0x88e7 => walk.ethernet(view.skip(4).or_cut("provider backbone bridge: tag cut")?),
            0x22f3 => walk.trill(view),
            0x88e5 => walk.macsec(view),
            0x894f => walk.service_header(view),
            other if has_no_stream(other) => Err(Reason::unknown_hex("ethernet: ethertype", other).without_stream()),
            other => Err(nothing_for_us(other).unwrap_or(Reason::unknown_hex("ethernet: ethertype", other))),
        })
    }

    /// A VLAN tag (IEEE 802.1Q §9.6); of several, each names the next.
    fn vlan(&mut self, view: View<'_>) -> Outcome {
        const CUT: &str = "vlan: tag cut";
        let header = SingleVlanHeaderSlice::from_slice(view.bytes).map_err(|_| Reason::bad(CUT))?;
        self.type_or_length(header.ether_type().0, view.skip(header.slice().len()).or_cut(CUT)?)
    }

    /// A tag of `length` bytes whose last two are the next `EtherType`.
    fn tagged(&mut self, view: View<'_>, length: usize, cut: &'static str) -> Outcome {
        let next = view.u16(length - 2).or_cut(cut)?;
        self.type_or_length(next, view.skip(length).or_cut(cut)?)
    }

    /// `MACsec` (IEEE 802.1AE) that only signs.
    fn macsec(&mut self, view: View<'_>) -> Outcome {
        const SIGNATURE: usize = 16;
        let header = MacsecHeaderSlice::from_slice(view.bytes).map_err(|_| Reason::bad("macsec: header cut"))?;
        // The EtherType behind the header counts as part of it when nothing is encrypted.
        let ether_type = header.next_ether_type().ok_or(Reason::bad("macsec: encrypted").without_stream())?;
        let inner = view.skip(header.header_len()).or_cut("macsec: header cut")?;
        self.type_or_length(ether_type.0, inner.trim_end(SIGNATURE))
    }

    /// Arista's vendor protocol: a timestamp in front of the frame's own type, or mirrored frames as a
    /// rule inside GRE.
    fn arista(&mut self, view: View<'_>) -> Outcome {
        const CUT: &str = "arista: header cut";
        let (subtype, version) = (view.u16(0).or_cut(CUT)?, view.u16(2).or_cut(CUT)?);
        // The low byte says how long the timestamp is, the high one which clock it is of.
        match (subtype, version & 0x00f0) {
            (1, 0x0010) => self.tagged(view, 14, CUT),
            (1, 0x0020) => self.tagged(view, 12, CUT),
            (1, _) => Err(Reason::unknown_hex("arista: timestamp version", version)),
            (3 | 7, _) => self.plausible_ethernet(view.skip(12).or_cut(CUT)?),
            (8, _) => self.plausible_ethernet(view.skip(8).or_cut(CUT)?),
            (9, _) => self.plausible_ethernet(view.skip(20).or_cut(CUT)?),
            _ => Err(Reason::unknown_hex("arista: subtype", subtype)),
        }
    }

    /// TRILL (RFC 6325 §3): a frame behind a header with options.
    fn trill(&mut self, view: View<'_>) -> Outcome {
        let options = (view.u16(0).or_cut("trill: header cut")? >> 6) & 0x1f;
        self.ethernet(view.skip(6 + usize::from(options) * 4).or_cut("trill: header cut")?)
    }

    /// The network service header (RFC 8300 §2).
    pub(in crate::decode) fn service_header(&mut self, view: View<'_>) -> Outcome {
        const CUT: &str = "nsh: header cut";
        let length = usize::from(view.u8(1).or_cut(CUT)? & 0x3f) * 4;
        if length < 8 {
            return Err(Reason::bad("nsh: length below 8"));
        }
        let next = view.u8(3).or_cut(CUT)?;
        let payload = view.skip(length).or_cut(CUT)?;
        self.deeper(|walk| match next {
            1 | 2 => walk.ip(payload),
            3 => walk.ethernet(payload),
            5 => walk.mpls(payload),
            other => Err(Reason::unknown("nsh: next protocol", other.into())),
        })
    }
}

/// `EtherTypes` without a name here that wrap no other protocol: experiments (IEEE 802), DEC's maintenance,
/// GOOSE and its kin, ATA over Ethernet, loop protection, power line, and home networks' topology.
const fn has_no_stream(ether_type: u16) -> bool {
    matches!(
        ether_type,
        0x6000..=0x6006
            | 0x80f3
            | 0x809b
            | 0x8874
            | 0x887b
            | 0x8892
            | 0x8899
            | 0x88a2
            | 0x88a4
            | 0x88b5..=0x88b6
            | 0x88b8..=0x88ba
            | 0x88cd
            | 0x88e1
            | 0x88e3
            | 0x88f5
            | 0x8912
            | 0x893a
            | 0x9003
    )
}

/// `EtherTypes` that carry no stream or datagram, by name.
const fn nothing_for_us(ether_type: u16) -> Option<Reason> {
    Some(match ether_type {
        0x0806 => Reason::idle("arp"),
        0x8035 => Reason::idle("rarp"),
        0x8137 => Reason::idle("ipx"),
        0x8809 => Reason::idle("ethernet: slow protocols"),
        0x8808 => Reason::idle("ethernet: flow control"),
        0x8863 => Reason::idle("pppoe: discovery"),
        0x888e => Reason::idle("eapol"),
        0x88cc => Reason::idle("lldp"),
        0x88f7 => Reason::idle("ptp"),
        0x8902 => Reason::idle("ethernet: connectivity fault management"),
        0x9000 => Reason::idle("ethernet: loopback test"),
        _ => return None,
    })
}
