//! IEEE 802.11 data frames, and the headers that drivers put before them.
//!
//! It reads what was sent unencrypted, or was decrypted by whoever captured it; it knows
//! no keys.

use crate::decode::counters::Reason;
use crate::decode::view::View;
use crate::decode::walk::{OrCut, Outcome, Walk, better};
use crate::packet::LinkType;

const CUT: &str = "802.11: header cut";
const LLC_SNAP: [u8; 3] = [0xaa, 0xaa, 0x03];

impl Walk<'_> {
    /// An 802.11 frame.
    pub(in crate::decode) fn ieee80211(&mut self, view: View<'_>) -> Outcome {
        self.wireless_frame(view, view.array(0).or_cut(CUT)?, false)
    }

    /// An 802.11 data frame whose first two bytes may be swapped.
    pub(in crate::decode) fn wireless_either_way(&mut self, view: View<'_>) -> Outcome {
        const DATA: u8 = 0x08;
        let swapped = view.u8(0).or_cut(CUT)? & 0x0f != DATA && view.u8(1).or_cut(CUT)? & 0x0f == DATA;
        let [first, second] = view.array(0).or_cut(CUT)?;
        let control = if swapped { [second, first] } else { [first, second] };
        self.wireless_frame(view, control, false)
    }

    /// Radiotap (<https://www.radiotap.org>), of which only the flags matter.
    pub(super) fn radiotap(&mut self, view: View<'_>) -> Outcome {
        const CUT: &str = "radiotap: header cut";
        const FRAME_CHECK: u8 = 0x10;
        const PADDED: u8 = 0x20;
        let word = |at| view.array(at).map(u32::from_le_bytes).or_cut(CUT);
        let length = usize::from(view.array(2).map(u16::from_le_bytes).or_cut(CUT)?);
        let present = word(4)?;
        let (mut at, mut more) = (8_usize, present);
        while more >> 31 == 1 {
            more = word(at)?;
            at += 4;
        }
        if present & 1 == 1 {
            at = at.next_multiple_of(8) + 8;
        }
        let flags = if present & 2 == 0 { 0 } else { view.u8(at).unwrap_or(0) };
        let mut frame = view.skip(length).or_cut(CUT)?;
        if flags & FRAME_CHECK != 0 {
            frame = frame.trim_end(4);
        }
        self.wireless_frame(frame, frame.array(0).or_cut(CUT)?, flags & PADDED != 0)
    }

    /// The header of AVS's capture format, with its length in it.
    pub(in crate::decode) fn avs(&mut self, view: View<'_>) -> Outcome {
        const CUT: &str = "avs: header cut";
        let length = view.u32(4).or_cut(CUT)? as usize;
        self.ieee80211(view.skip(length).or_cut(CUT)?)
    }

    /// The Prism monitoring header, unless it is AVS's under the same number.
    pub(in crate::decode) fn prism(&mut self, view: View<'_>) -> Outcome {
        const CUT: &str = "prism: header cut";
        const AVS: u32 = 0x8021_1000;
        if view.u32(0).or_cut(CUT)? & 0xffff_f000 == AVS {
            return self.avs(view);
        }
        // In the byte order of the host that captured; the length is a small number.
        let length = view.u32(4).or_cut(CUT)?;
        let length = if length > 0xffff { length.swap_bytes() } else { length };
        self.ieee80211(view.skip(length as usize).or_cut(CUT)?)
    }

    /// CACE's per-packet information, which names the link type behind it.
    pub(super) fn per_packet_information(&mut self, view: View<'_>) -> Outcome {
        const CUT: &str = "ppi: header cut";
        let length = usize::from(view.array(2).map(u16::from_le_bytes).or_cut(CUT)?);
        let link_type = view.array(4).map(u32::from_le_bytes).or_cut(CUT)?;
        if length < 8 {
            return Err(Reason::bad("ppi: length below its header"));
        }
        let link_type = u16::try_from(link_type).map_err(|_| Reason::bad("ppi: link type"))?;
        self.link(LinkType(link_type), view.skip(length).or_cut(CUT)?)
    }

    /// An 802.11 frame (IEEE 802.11-2020 §9.2), its header padded to four bytes if `padded`.
    /// Its first two bytes, the frame control, are `kind` and `flags`.
    fn wireless_frame(&mut self, view: View<'_>, [kind, flags]: [u8; 2], padded: bool) -> Outcome {
        let subtype = kind >> 4;
        match kind >> 2 & 3 {
            0 => return Err(Reason::idle("802.11: management")),
            1 => return Err(Reason::idle("802.11: control")),
            2 if subtype & 4 == 0 => {}
            2 => return Err(Reason::idle("802.11: no data")),
            _ => return Err(Reason::unknown("802.11: frame type", (kind >> 2 & 3).into())),
        }
        let quality = subtype & 8 != 0;
        let mut length = if flags & 0x03 == 0x03 { 30 } else { 24 };
        let mut control = [0, 0];
        if quality {
            control = view.array(length).or_cut(CUT)?;
            length += if flags & 0x80 == 0 { 2 } else { 6 };
        }
        if padded {
            length = length.next_multiple_of(4);
        }
        let payload = view.skip(length).or_cut(CUT)?;
        let fragment = view.u8(22).or_cut(CUT)? & 0x0f != 0;
        if fragment || flags & 0x04 != 0 {
            return Err(Reason::bad("802.11: fragment"));
        }
        // Whoever decrypted a frame may have left its flag, and its eight bytes in front.
        let starts = |view: View<'_>| view.array(0) == Some(LLC_SNAP);
        if flags & 0x40 != 0 && !starts(payload) {
            return match payload.skip(8) {
                Some(inner) if starts(inner) => self.llc(inner),
                _ => Err(Reason::bad("802.11: encrypted")),
            };
        }
        match control {
            [low, _] if low & 0x80 != 0 => self.aggregated(payload),
            // Mesh control, with up to two more addresses.
            [_, high] if high & 0x01 != 0 && !starts(payload) => {
                let extended = usize::from(payload.u8(0).or_cut(CUT)? & 0x03);
                self.llc(payload.skip(6 + 6 * extended).or_cut(CUT)?)
            }
            _ => self.llc(payload),
        }
    }

    /// The frames of an A-MSDU (IEEE 802.11-2020 §9.3.2.2), each padded to four bytes.
    fn aggregated(&mut self, view: View<'_>) -> Outcome {
        const CUT: &str = "802.11: aggregated frame cut";
        let mut view = view;
        let mut outcome: Option<Outcome> = None;
        while let Some(length) = view.u16(12).map(usize::from) {
            let Some(inner) = view.skip(14) else { break };
            let one = self.llc(inner.limit(length));
            outcome = Some(outcome.map_or(one, |before| better(before, one)));
            match view.skip((14 + length).next_multiple_of(4)) {
                Some(rest) => view = rest,
                None => break,
            }
        }
        outcome.unwrap_or(Err(Reason::bad(CUT)))
    }
}
