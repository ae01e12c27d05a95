//! The mesh protocol B.A.T.M.A.N. advanced (`batadv_packet.h` in Linux), which carries frames over
//! other frames.
//!
//! It knows the compatibility versions 15, of 2014, and 6 to 14 before it. Fragments are not put together.

use crate::decode::counters::Reason;
use crate::decode::view::View;
use crate::decode::walk::{OrCut, Outcome, Walk};

const CUT: &str = "batman-adv: header cut";
/// The types from here on go to one station.
const UNICAST: u8 = 0x40;

impl Walk<'_> {
    /// A packet of the mesh, from its type on.
    pub(in crate::decode) fn batman(&mut self, view: View<'_>) -> Outcome {
        let (kind, version) = (view.u8(0).or_cut(CUT)?, view.u8(1).or_cut(CUT)?);
        let header = match version {
            15 => header_15(kind, view)?,
            14 => header_14(kind)?,
            6..=13 => header_6(kind, version)?,
            other => return Err(Reason::unknown("batman-adv: version", other.into())),
        };
        self.ethernet(view.skip(header).or_cut(CUT)?)
    }
}

/// The length in bytes of what stands before the frame in version 15.
fn header_15(kind: u8, view: View<'_>) -> Result<usize, Reason> {
    match kind {
        0x00 | 0x03 | 0x04 | 0x43 | 0x44 => Err(Reason::idle("batman-adv: control")),
        0x01 => Ok(14),
        0x02 => Err(Reason::bad("batman-adv: network coded")),
        // To several stations, with a list of them.
        0x05 => Ok(6 + usize::from(view.u16(4).or_cut(CUT)?)),
        UNICAST => Ok(10),
        0x41 => Err(Reason::bad("batman-adv: fragment")),
        0x42 => Ok(18),
        other => Err(Reason::unknown_hex("batman-adv: type", other.into())),
    }
}

/// The same in the versions 6 to 13, of 2009 to 2011, whose headers have no lifetime in front of the
/// addresses. The sequence number grew in version 10.
fn header_6(kind: u8, version: u8) -> Result<usize, Reason> {
    match kind {
        0x01 | 0x02 | 0x05 => Err(Reason::idle("batman-adv: control")),
        0x03 => Ok(9),
        0x04 if version < 10 => Ok(10),
        0x04 => Ok(13),
        0x06 => Err(Reason::bad("batman-adv: fragment")),
        other => Err(Reason::unknown_hex("batman-adv: type", other.into())),
    }
}

/// The same in version 14.
fn header_14(kind: u8) -> Result<usize, Reason> {
    match kind {
        0x01 | 0x02 | 0x05 | 0x07 | 0x08 => Err(Reason::idle("batman-adv: control")),
        0x03 => Ok(10),
        0x04 => Ok(14),
        0x06 => Err(Reason::bad("batman-adv: fragment")),
        0x09 => Ok(18),
        0x0a => Err(Reason::bad("batman-adv: network coded")),
        other => Err(Reason::unknown_hex("batman-adv: type", other.into())),
    }
}
