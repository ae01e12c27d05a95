//! IEEE 802.11 data frames, and the headers that drivers put before them.
//!
//! It reads what was sent unencrypted, or was decrypted by whoever captured it; it knows
//! no keys.

use crate::decode::counters::Reason;
use crate::decode::fragment::{Fragment, Key};
use crate::decode::view::View;
use crate::decode::walk::{Found, OrCut, Outcome, Walk, better};
use crate::packet::LinkType;

const CUT: &str = "802.11: header cut";
const LLC_SNAP: [u8; 3] = [0xaa, 0xaa, 0x03];
/// In the frame control's second byte: others follow.
const MORE_FRAGMENTS: u8 = 0x04;
/// The same: the payload is encrypted.
const PROTECTED: u8 = 0x40;

fn starts_llc(view: View<'_>) -> bool {
    view.array(0) == Some(LLC_SNAP)
}

/// A frame's payload without the frame check sequence behind it (IEEE 802.11-2020 §9.2.4.8), if
/// that is there: nothing but its value tells.
fn without_frame_check<'a>(frame: View<'a>, payload: View<'a>) -> View<'a> {
    let whole = if frame.missing == 0 { frame.bytes } else { &[] };
    match whole.split_last_chunk() {
        Some((covered, check)) if crc32fast::hash(covered) == u32::from_le_bytes(*check) => payload.trim_end(4),
        _ => payload,
    }
}

/// The protocol of the IP packet that begins here, behind LLC and SNAP; 0 where there is none, or
/// not its header and TCP's.
fn protocol_of(view: View<'_>) -> u8 {
    const HEADERS: usize = 8;
    let (field, length) = match view.u16(6) {
        Some(0x0800) => (9, usize::from(view.u8(HEADERS).unwrap_or(0) & 0x0f) * 4),
        Some(0x86dd) => (6, 40),
        _ => return 0,
    };
    let whole = starts_llc(view) && view.bytes.len() >= HEADERS + length + 20;
    view.u8(HEADERS + field).filter(|_| whole).unwrap_or(0)
}

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
        let number = view.u8(22).or_cut(CUT)? & 0x0f;
        if number > 0 || flags & MORE_FRAGMENTS != 0 {
            if flags & PROTECTED != 0 {
                return Err(Reason::bad("802.11: encrypted").without_stream());
            }
            let more = flags & MORE_FRAGMENTS != 0;
            return self.wireless_fragment(view, without_frame_check(view, payload), more, quality.then_some(control));
        }
        // Whoever decrypted a frame may have left its flag, and its eight bytes in front.
        if flags & PROTECTED != 0 && !starts_llc(payload) {
            return match payload.skip(8) {
                Some(inner) if starts_llc(inner) => self.llc(inner),
                _ => Err(Reason::bad("802.11: encrypted").without_stream()),
            };
        }
        self.service_data(payload, control)
    }

    /// What a frame carries, whole: its quality of service control says how it is wrapped.
    fn service_data(&mut self, payload: View<'_>, control: [u8; 2]) -> Outcome {
        match control {
            [low, _] if low & 0x80 != 0 => self.aggregated(payload),
            // Mesh control, with up to two more addresses.
            [_, high] if high & 0x01 != 0 && !starts_llc(payload) => {
                let extended = usize::from(payload.u8(0).or_cut(CUT)? & 0x03);
                self.llc(payload.skip(6 + 6 * extended).or_cut(CUT)?)
            }
            _ => self.llc(payload),
        }
    }

    /// A fragment of what a frame would carry (IEEE 802.11-2020 §10.4 and §10.5); `control` is its
    /// quality of service control, where it has one.
    fn wireless_fragment(
        &mut self,
        frame: View<'_>,
        payload: View<'_>,
        more: bool,
        control: Option<[u8; 2]>,
    ) -> Outcome {
        const LONGEST: usize = 65_535;
        let [low, high] = frame.array(22).or_cut(CUT)?;
        let key = Key::Wireless {
            receiver: frame.array(4).or_cut(CUT)?,
            transmitter: frame.array(10).or_cut(CUT)?,
            sequence: u16::from_le_bytes([low, high]) >> 4,
            traffic: control.map(|[low, _]| low & 0x0f),
        };
        let mut first = None;
        self.origin.runs(payload, |run| {
            first.get_or_insert(run);
        });
        let Some(run) = first.filter(|_| payload.wire_length() > 0) else {
            return Err(Reason::bad("802.11: empty fragment"));
        };
        let state = &mut *self.state;
        let now = (self.time, state.counters.packets);
        let number = (&key, u32::from(low & 0x0f));
        let Some(offset) = state.fragments.offset_of_number(number, run, now, &mut state.counters)? else {
            return Ok(Found::Fragment);
        };
        if offset.saturating_add(payload.wire_length()) > LONGEST {
            return Err(Reason::bad("802.11: fragments beyond 65535 bytes"));
        }
        let fragment = Fragment { key, protocol: protocol_of(payload), offset, more };
        self.fragment(fragment, payload, |walk, _, whole| walk.service_data(whole, control.unwrap_or_default()))
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
