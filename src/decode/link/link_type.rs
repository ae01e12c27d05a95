//! One arm for each `LINKTYPE_`.

use crate::decode::counters::Reason;
use crate::decode::view::View;
use crate::decode::walk::{OrCut, Outcome, Walk};
use crate::packet::LinkType;

impl Walk<'_> {
    /// A packet whose first byte is the start of what `link_type` says
    /// (<https://www.tcpdump.org/linktypes.html>). libpcap hands out some other numbers
    /// live (`DLT_`); they mean the same here.
    pub(in crate::decode) fn link(&mut self, link_type: LinkType, view: View<'_>) -> Outcome {
        const CUT: &str = "link: header cut";
        let behind = |count| view.skip(count).or_cut(CUT);
        self.deeper(|walk| match link_type.0 {
            0 | 108 => walk.null(view),
            1 => walk.ethernet(view),
            6 => walk.token_ring(view),
            7 => walk.arcnet(view, 2),
            // A direction byte and 15 bytes of the compressed header; the packet is whole.
            8 => walk.ip(behind(16)?),
            9 | 50 | 166 => walk.ppp_or_hdlc(view),
            10 => walk.fddi(view),
            12 | 14 | 101 | 228 | 229 => walk.ip(view),
            51 => walk.pppoe(view),
            100 | 106 => walk.llc(view),
            // BSD/OS's SLIP, Solaris's IP nets.
            102 | 226 => walk.ip(behind(24)?),
            103 => walk.ppp(behind(24)?),
            104 => walk.hdlc(view),
            105 => walk.ieee80211(view),
            107 => walk.frame_relay(view),
            109 => walk.ip(behind(12)?),
            113 | 253 => walk.cooked(view),
            117 => walk.packet_filter(view),
            119 => walk.prism(view),
            122 => walk.llc(behind(16)?),
            123 => walk.sun_atm(view),
            127 => walk.radiotap(view),
            129 => walk.arcnet(view, 4),
            138 => walk.ether_type(view.u16(16).or_cut(CUT)?, behind(18)?),
            143 => walk.docsis(view),
            149 | 258 => walk.packet_tap(view),
            163 => walk.avs(view),
            178..=181 => walk.juniper(link_type.0, view),
            182 => walk.multilink_frame_relay(view),
            192 => walk.per_packet_information(view),
            197 => walk.endace(view),
            204 => walk.ppp_or_hdlc(behind(1)?),
            205 => walk.hdlc(behind(1)?),
            206 => walk.frame_relay(behind(1)?),
            239 => walk.netfilter_log(view),
            // netANALYZER's header, a Broadcom switch's tag in front of all.
            240 | 282 => walk.ethernet(behind(4)?),
            241 => walk.ethernet(behind(12)?),
            242 => walk.ether_type(view.u16(40).or_cut(CUT)?, behind(44)?),
            // A preamble of eight bytes.
            259 | 274 => walk.ethernet(behind(8)?),
            276 => walk.cooked_2(view),
            // A switch's tag between the addresses and the type.
            281 | 284 => walk.ethernet_tagged(view, 4),
            285 => walk.ethernet_tagged(view, 8),
            other => Err(Reason::unknown("link: type", other.into())),
        })
    }
}
