//! MPLS label stacks (RFC 3032), and the frames of pseudo-wires in them.
//!
//! No label says what it carries, so what is behind the last one is a guess.

use crate::decode::counters::Reason;
use crate::decode::view::View;
use crate::decode::walk::{OrCut, Outcome, Walk};

impl Walk<'_> {
    /// A label stack and what is behind it.
    pub(in crate::decode) fn mpls(&mut self, view: View<'_>) -> Outcome {
        self.deeper(|walk| {
            let mut view = view;
            loop {
                let label = view.u32(0).or_cut("mpls: label cut")?;
                view = view.skip(4).or_cut("mpls: label cut")?;
                if label & 0x100 != 0 {
                    return walk.mpls_payload(view);
                }
            }
        })
    }

    fn mpls_payload(&mut self, view: View<'_>) -> Outcome {
        match view.u8(0).or_cut("mpls: empty")? >> 4 {
            // A frame without a control word may start like IP; its address, then, hardly
            // looks like a whole IP header.
            4 | 6 => match self.plausible_ip(view) {
                Err(reason) if !reason.recognised() => self.plausible_ethernet(view).or_else(|_| self.ip(view)),
                outcome => outcome,
            },
            // The control word of a pseudo-wire (RFC 4385 §3), or an address that starts so.
            0 => {
                let behind = view.skip(4).or_cut("mpls: control word cut")?;
                self.plausible_ethernet(behind).or_else(|_| self.plausible_ethernet(view)).or_else(|_| self.ppp(behind))
            }
            1 => self.plausible_ethernet(view).map_err(|_| Reason::idle("mpls: associated channel")),
            _ => self.plausible_ethernet(view).map_err(|_| Reason::bad("mpls: payload not recognised")),
        }
    }
}
