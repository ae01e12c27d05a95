//! IP payloads that are compressed.

use crate::decode::counters::Reason;
use crate::decode::fragment::Piece;
use crate::decode::transport::Addresses;
use crate::decode::view::View;
use crate::decode::walk::{OrCut, Outcome, Walk};
use flate2::{Decompress, FlushDecompress, Status};

impl Walk<'_> {
    /// `IPComp` (RFC 3173), where it is compressed by deflate (RFC 2394). What is inside stands in no
    /// packet: it has no offsets, and no checksums that could be mended.
    pub(in crate::decode) fn ip_compressed(&mut self, view: View<'_>, addresses: Addresses) -> Outcome {
        const CUT: &str = "ipcomp: header cut";
        const DEFLATE: u16 = 2;
        /// Indices from here on say what the two ends agreed upon: deflate, mostly.
        const AGREED: u16 = 256;
        /// No IP payload is longer.
        const LONGEST: usize = 65_535;
        let (protocol, index) = (view.u8(0).or_cut(CUT)?, view.u16(2).or_cut(CUT)?);
        let coded = view.skip(4).or_cut(CUT)?;
        if index != DEFLATE && index < AGREED {
            return Err(Reason::unknown("ipcomp: algorithm", index.into()));
        }
        let mut bytes = vec![0; LONGEST];
        let mut inflate = Decompress::new(false);
        let Ok(Status::StreamEnd) = inflate.decompress(coded.bytes, &mut bytes, FlushDecompress::Finish) else {
            return Err(Reason::bad(if coded.missing > 0 { "ipcomp: cut" } else { "ipcomp: no deflate" }));
        };
        bytes.truncate(usize::try_from(inflate.total_out()).unwrap_or(LONGEST));
        let pieces = [Piece::decoded(&bytes, self.origin.place(coded))];
        let layout = self.state.layout.take();
        let inside = View { bytes: &bytes, start: 0, missing: 0 };
        let outcome = self.joined((&bytes, &pieces), |walk| walk.ip_payload(protocol, inside, addresses));
        self.state.layout = layout;
        outcome
    }
}
