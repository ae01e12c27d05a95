//! The tunnels over UDP, told by their ports: VXLAN, GENEVE, GTP-U, AYIYA, Teredo, L2TP, AMT,
//! ESP in UDP, and a few more.
//!
//! A port promises nothing. Unless the inside can be decoded the datagram is no tunnel.

use crate::decode::counters::Reason;
use crate::decode::transport::Addresses;
use crate::decode::view::View;
use crate::decode::walk::{OrCut, Outcome, Walk};

const TEREDO_PORT: u16 = 3544;

/// Not this tunnel's header.
const NOT: Reason = Reason::bad("udp: no tunnel");

impl Walk<'_> {
    /// What a datagram carries, if it is a tunnel's.
    pub(in crate::decode) fn udp_tunnel(
        &mut self,
        source: u16,
        destination: u16,
        view: View<'_>,
        addresses: Addresses,
    ) -> Option<Outcome> {
        let outcome = self
            .udp_tunnel_on(destination, view, addresses)
            .or_else(|| if source == destination { None } else { self.udp_tunnel_on(source, view, addresses) });
        if outcome.is_some() {
            return outcome;
        }
        kept(self.deeper(|walk| walk.teredo(view, source == TEREDO_PORT || destination == TEREDO_PORT)))
    }

    fn udp_tunnel_on(&mut self, port: u16, view: View<'_>, addresses: Addresses) -> Option<Outcome> {
        let tunnel = |walk: &mut Self| match port {
            1701 => walk.l2tp(view),
            2152 => walk.gtp_1(view),
            2268 => walk.multicast_tunnel(view),
            3386 => walk.gtp_0(view),
            // The gateways of B.A.T.M.A.N. before it was a part of Linux.
            4306 => walk.plausible_ip(view.skip(1).ok_or(NOT)?),
            4341 => walk.plausible_ip(view.skip(8).ok_or(NOT)?),
            4500 => walk.esp_in_udp(view, addresses),
            4754 => walk.gre(view),
            4789 | 8472 => walk.vxlan(view),
            4790 => walk.vxlan_gpe(view),
            5072 => walk.ayiya(view),
            5247 => walk.capwap(view),
            6081 => walk.geneve(view),
            6635 => walk.mpls(view),
            30030 => walk.packet_mirror(view),
            37008 => walk.tzsp(view),
            _ => Err(NOT),
        };
        kept(self.deeper(tunnel))
    }

    /// VXLAN (RFC 7348 §5), also with Cisco's group policy.
    fn vxlan(&mut self, view: View<'_>) -> Outcome {
        if view.u8(0).ok_or(NOT)? & 0x08 == 0 {
            return Err(NOT);
        }
        self.ethernet(view.skip(8).ok_or(NOT)?)
    }

    /// VXLAN that says what it carries (draft-ietf-nvo3-vxlan-gpe §3).
    fn vxlan_gpe(&mut self, view: View<'_>) -> Outcome {
        let (flags, next) = (view.u8(0).ok_or(NOT)?, view.u8(3).ok_or(NOT)?);
        let payload = view.skip(8).ok_or(NOT)?;
        match next {
            _ if flags & 0x04 == 0 => self.ethernet(payload),
            1 | 2 => self.ip(payload),
            3 => self.ethernet(payload),
            4 => self.service_header(payload),
            _ => Err(NOT),
        }
    }

    /// GENEVE (RFC 8926 §3.4).
    fn geneve(&mut self, view: View<'_>) -> Outcome {
        let first = view.u8(0).ok_or(NOT)?;
        if first >> 6 != 0 {
            return Err(NOT);
        }
        let protocol = view.u16(2).ok_or(NOT)?;
        let payload = view.skip(8 + usize::from(first & 0x3f) * 4).ok_or(NOT)?;
        self.ether_type(protocol, payload)
    }

    /// GTP-U version 1 (3GPP TS 29.281 §5): user packets behind optional fields and
    /// extension headers.
    fn gtp_1(&mut self, view: View<'_>) -> Outcome {
        const USER_PACKET: u8 = 0xff;
        let flags = view.u8(0).ok_or(NOT)?;
        if flags >> 4 != 3 || view.u8(1) != Some(USER_PACKET) {
            return Err(NOT);
        }
        let length = view.u16(2).ok_or(NOT)?;
        let mut payload = view.skip(8).ok_or(NOT)?.limit(length.into());
        if flags & 0x07 != 0 {
            let mut next = if flags & 0x04 == 0 { 0 } else { payload.u8(3).ok_or(NOT)? };
            payload = payload.skip(4).ok_or(NOT)?;
            while next != 0 {
                let length = usize::from(payload.u8(0).ok_or(NOT)?) * 4;
                if length == 0 {
                    return Err(NOT);
                }
                next = payload.u8(length - 1).ok_or(NOT)?;
                payload = payload.skip(length).ok_or(NOT)?;
            }
        }
        self.gtp_payload(payload)
    }

    /// GTP version 0 (3GPP TS 09.60 §6).
    fn gtp_0(&mut self, view: View<'_>) -> Outcome {
        let flags = view.u8(0).ok_or(NOT)?;
        if flags & 0xf0 != 0x10 || view.u8(1) != Some(0xff) {
            return Err(NOT);
        }
        self.gtp_payload(view.skip(20).ok_or(NOT)?)
    }

    /// A user packet: IP, PPP or, since 5G, Ethernet.
    fn gtp_payload(&mut self, view: View<'_>) -> Outcome {
        match view.bytes {
            [0x45..=0x4f | 0x60..=0x6f, ..] => self.ip(view),
            [0xff, 0x03, ..] => self.ppp(view),
            _ => self.plausible_ethernet(view),
        }
    }

    /// Automatic multicast tunneling (RFC 7450 §5.1): what a group is sent, and the queries and
    /// reports of its members.
    fn multicast_tunnel(&mut self, view: View<'_>) -> Outcome {
        const QUERY: u8 = 4;
        const UPDATE: u8 = 5;
        const DATA: u8 = 6;
        match view.u8(0).ok_or(NOT)? {
            QUERY | UPDATE => self.plausible_ip(view.skip(12).ok_or(NOT)?),
            DATA => self.plausible_ip(view.skip(2).ok_or(NOT)?),
            _ => Err(NOT),
        }
    }

    /// Juniper's packet mirror: what a subscriber sends and is sent, behind the numbers of the mirror
    /// and of the session.
    fn packet_mirror(&mut self, view: View<'_>) -> Outcome {
        let packet = view.skip(8).ok_or(NOT)?;
        match packet.bytes {
            [0xff, 0x03, ..] => self.ppp(packet),
            _ => self.plausible_ip(packet),
        }
    }

    /// AYIYA (draft-massar-v6ops-ayiya §3).
    fn ayiya(&mut self, view: View<'_>) -> Outcome {
        const FORWARD: u8 = 1;
        let (identity, signature) = (view.u8(0).ok_or(NOT)? >> 4, view.u8(1).ok_or(NOT)? >> 4);
        if view.u8(2).ok_or(NOT)? & 0x0f != FORWARD {
            return Err(NOT);
        }
        let length = 8 + (1_usize << identity) + usize::from(signature) * 4;
        self.plausible_ip(view.skip(length).ok_or(NOT)?)
    }

    /// Teredo (RFC 4380 §5.1.1): IPv6 behind optional indications. On any port where the
    /// addresses are Teredo's own.
    fn teredo(&mut self, view: View<'_>, on_its_port: bool) -> Outcome {
        let mut view = view;
        if view.u16(0) == Some(1) {
            let (client, authentication) = (view.u8(2).ok_or(NOT)?, view.u8(3).ok_or(NOT)?);
            view = view.skip(13 + usize::from(client) + usize::from(authentication)).ok_or(NOT)?;
        }
        if view.u16(0) == Some(0) {
            view = view.skip(8).ok_or(NOT)?;
        }
        if view.u8(0).ok_or(NOT)? >> 4 != 6 {
            return Err(NOT);
        }
        let teredo = |at| view.u32(at) == Some(0x2001_0000);
        // Trailers may follow the packet (RFC 6081), on its own port at least.
        let fills = view.u16(4).map(|length| usize::from(length) + 40) == Some(view.wire_length());
        if on_its_port || (fills && (teredo(8) || teredo(24))) { self.plausible_ip(view) } else { Err(NOT) }
    }

    /// L2TP version 2 (RFC 2661 §3.1), data messages, and version 3 over UDP (RFC 3931 §4.1.2).
    fn l2tp(&mut self, view: View<'_>) -> Outcome {
        const CONTROL: u16 = 0x8000;
        const LENGTH: u16 = 0x4000;
        const SEQUENCE: u16 = 0x0800;
        const OFFSET: u16 = 0x0200;
        let flags = view.u16(0).ok_or(NOT)?;
        if flags & CONTROL != 0 {
            return Err(NOT);
        }
        match flags & 0x0f {
            2 => {
                let mut length = 6;
                length += if flags & LENGTH == 0 { 0 } else { 2 };
                length += if flags & SEQUENCE == 0 { 0 } else { 4 };
                if flags & OFFSET != 0 {
                    length += 2 + usize::from(view.u16(length).ok_or(NOT)?);
                }
                let view = if flags & LENGTH == 0 { view } else { view.limit(view.u16(2).ok_or(NOT)?.into()) };
                self.ppp(view.skip(length).ok_or(NOT)?)
            }
            3 => self.l2tpv3(view.skip(4).ok_or(NOT)?),
            _ => Err(NOT),
        }
    }

    /// An L2TP version 3 data message from its session number on (RFC 3931 §4.1). How long
    /// cookie and sublayer are, and what they precede, only the control connection says.
    pub(in crate::decode) fn l2tpv3(&mut self, view: View<'_>) -> Outcome {
        const CUT: &str = "l2tp: header cut";
        if view.u32(0).or_cut(CUT)? == 0 {
            return Err(Reason::idle("l2tp: control"));
        }
        for header in [4, 8, 12, 16] {
            let Some(payload) = view.skip(header) else { break };
            let outcome = match payload.bytes {
                [0xff, 0x03, ..] => self.ppp(payload),
                [0x0f | 0x8f, 0x00, ..] => self.hdlc(payload),
                _ => self.plausible_ethernet(payload).or_else(|_| self.plausible_ip(payload)),
            };
            if settled(outcome) {
                return outcome;
            }
        }
        Err(Reason::bad("l2tp: payload not recognised"))
    }

    /// ESP in UDP (RFC 3948 §2); four zero bytes mark a key exchange instead.
    fn esp_in_udp(&mut self, view: View<'_>, addresses: Addresses) -> Outcome {
        match view.u32(0) {
            None | Some(0) => Err(NOT),
            Some(_) => self.esp_null(view, addresses),
        }
    }

    /// CAPWAP's data channel (RFC 5415 §4.3) without DTLS: frames of access points, in Ethernet
    /// or in 802.11, whose first two bytes Cisco's devices swap.
    fn capwap(&mut self, view: View<'_>) -> Outcome {
        const FRAGMENT: u32 = 0x80;
        const NATIVE: u32 = 0x100;
        let flags = view.u32(0).ok_or(NOT)?;
        let length = (flags >> 19 & 0x1f) as usize * 4;
        if flags >> 24 != 0 || flags & FRAGMENT != 0 || length < 8 {
            return Err(NOT);
        }
        let payload = view.skip(length).ok_or(NOT)?;
        if flags & NATIVE == 0 { self.plausible_ethernet(payload) } else { self.wireless_either_way(payload) }
    }

    /// TZSP: frames mirrored by wireless and `MikroTik` devices, behind tagged fields.
    fn tzsp(&mut self, view: View<'_>) -> Outcome {
        let (version, kind, protocol) = (view.u8(0), view.u8(1), view.u16(2).ok_or(NOT)?);
        if version != Some(1) || !matches!(kind, Some(0 | 1)) {
            return Err(NOT);
        }
        let mut view = view.skip(4).ok_or(NOT)?;
        loop {
            let length = match view.u8(0).ok_or(NOT)? {
                0 | 1 => 1,
                _ => 2 + usize::from(view.u8(1).ok_or(NOT)?),
            };
            let end = view.u8(0) == Some(1);
            view = view.skip(length).ok_or(NOT)?;
            if end {
                break;
            }
        }
        match protocol {
            1 => self.ethernet(view),
            18 => self.ieee80211(view),
            119 => self.prism(view),
            127 => self.avs(view),
            _ => Err(NOT),
        }
    }
}

/// Whether an attempt found what it was looking for.
fn settled(outcome: Outcome) -> bool {
    outcome.map_or_else(Reason::recognised, |_| true)
}

/// The outcome of an attempt, if it found what it was looking for.
fn kept(outcome: Outcome) -> Option<Outcome> {
    settled(outcome).then_some(outcome)
}
