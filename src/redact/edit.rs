//! Changes to the bytes of one packet, and the checksums that are mended with them.
//!
//! It refuses to know why a byte is changed.

use super::texts::MARK;
use crate::decode::layout::Checksum;
use std::ops::Range;

/// A byte that is to be another: its offset, what it must be now, and what it will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) at: usize,
    pub(super) old: u8,
    pub(super) new: u8,
}

/// What is to be done to a packet.
#[derive(Debug, Default)]
pub(super) struct Edit {
    /// Bytes that become marks.
    pub(super) blanks: Vec<Range<usize>>,
    /// Changes that belong together: made where all of the old bytes are there, since another
    /// datagram may have been taken for a copy.
    pub(super) patches: Vec<Vec<Change>>,
    /// Checksums over the packet's own bytes, the outermost first.
    pub(super) checksums: Vec<Checksum>,
}

impl Edit {
    /// The packet's bytes, changed.
    pub(super) fn apply(&self, data: &[u8]) -> Vec<u8> {
        let mut new = data.to_vec();
        for range in &self.blanks {
            blank(&mut new, range.clone());
        }
        for patch in &self.patches {
            if patch.iter().all(|change| data.get(change.at) == Some(&change.old)) {
                for change in patch {
                    if let Some(byte) = new.get_mut(change.at) {
                        *byte = change.new;
                    }
                }
            }
        }
        mend_all(data, &mut new, self.checksums.iter());
        new
    }
}

/// Overwrites what of a range is there.
pub(super) fn blank(bytes: &mut [u8], range: Range<usize>) {
    let end = range.end.min(bytes.len());
    if let Some(part) = bytes.get_mut(range.start.min(end)..end) {
        part.fill(MARK);
    }
}

/// Mends the checksums that stand from the outermost inwards: the innermost first, since others
/// cover it.
pub(super) fn mend_all<'c>(old: &[u8], new: &mut [u8], checksums: impl DoubleEndedIterator<Item = &'c Checksum>) {
    for checksum in checksums.rev() {
        mend(old, new, checksum);
    }
}

/// Mends a checksum by what has changed of what it covers (RFC 1624 §3, equation 3): a checksum
/// that was wrong, as for want of the card that fills it in, stays wrong by the same.
fn mend(old: &[u8], new: &mut [u8], checksum: &Checksum) {
    let Checksum { field, covers, optional, .. } = checksum;
    let word = |bytes: &[u8], at: usize| -> u16 {
        let byte = |at: usize| if at < covers.end { bytes.get(at).copied().unwrap_or(0) } else { 0 };
        u16::from_be_bytes([byte(at), byte(at.saturating_add(1))])
    };
    let before = word(old, *field);
    if *optional && before == 0 {
        return;
    }
    let (mut sum, mut changed) = (u64::from(!before), false);
    for at in covers.clone().step_by(2).filter(|at| at != field) {
        let (was, is) = (word(old, at), word(new, at));
        if was != is {
            changed = true;
            sum += u64::from(!was) + u64::from(is);
        }
    }
    if !changed {
        return;
    }
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let mended = match !(sum as u16) {
        // In UDP 0 is no checksum (RFC 768).
        0 if *optional => 0xffff,
        mended => mended,
    };
    if let Some(place) = new.get_mut(*field..*field + 2) {
        place.copy_from_slice(&mended.to_be_bytes());
    }
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init)] // one range is meant
mod tests {
    use super::*;
    use etherparse::checksum::Sum16BitWords;
    use proptest::prelude::*;

    fn sum(bytes: &[u8]) -> u16 {
        Sum16BitWords::new().add_slice(bytes).ones_complement().to_be()
    }

    proptest! {
        #[test]
        fn a_right_checksum_stays_right_and_a_wrong_one_wrong(
            before in 0usize..4,
            mut bytes in prop::collection::vec(any::<u8>(), 8..60),
            ranges in prop::collection::vec((4usize..70, 0usize..20), 0..4),
            wrong in any::<u16>(),
        ) {
            // The checksum stands in the first word; nothing of the pseudo-header changes.
            let length = bytes.len();
            bytes[..2].fill(0);
            let right = sum(&bytes);
            bytes[..2].copy_from_slice(&(right ^ wrong).to_be_bytes());
            let mut packet = vec![0xee; before];
            packet.extend(&bytes);
            let checksum =
                Checksum { joined: None, field: before, covers: before..before + length, optional: false };
            let blanks: Vec<_> =
                ranges.into_iter().map(|(from, length)| before + from..before + from + length).collect();
            let edit = Edit { blanks: blanks.clone(), patches: Vec::new(), checksums: vec![checksum] };
            let changed = edit.apply(&packet);
            prop_assert_eq!(changed.len(), packet.len());
            let mut fresh = changed[before..].to_vec();
            fresh[..2].fill(0);
            let now = u32::from(sum(&fresh));
            let stands = u32::from(u16::from_be_bytes([changed[before], changed[before + 1]]));
            let was = u32::from(u16::from_be_bytes([bytes[0], bytes[1]]));
            // Wrong by the same, in numbers modulo 2^16 - 1.
            prop_assert_eq!((stands + 65_535 - now) % 65_535, (was + 65_535 - u32::from(right)) % 65_535);
            for (at, (old, new)) in packet.iter().zip(&changed).enumerate().skip(before + 2) {
                let blanked = blanks.iter().any(|range| range.contains(&at));
                prop_assert_eq!(*new, if blanked { MARK } else { *old });
            }
        }
    }

    #[test]
    fn no_checksum_is_invented() {
        let checksum = Checksum { joined: None, field: 0, covers: 0..8, optional: true };
        let edit =
            |blank: Range<usize>| Edit { blanks: vec![blank], patches: vec![], checksums: vec![checksum.clone()] };
        assert_eq!(edit(4..6).apply(&[0, 0, 1, 2, 3, 4, 5, 6]), [0, 0, 1, 2, b'*', b'*', 5, 6]);
        // What would be 0 is all ones: the words would sum up to 0xffff without it.
        assert_eq!(edit(2..4).apply(&[0x2a, 0x2a, 0, 0, 0xd5, 0xd5, 0, 0])[..4], [0xff, 0xff, b'*', b'*']);
    }

    #[test]
    fn a_patch_is_made_whole_or_not_at_all() {
        let change = |at, old| Change { at, old, new: MARK };
        let edit = Edit { patches: vec![vec![change(0, 1), change(2, 3)], vec![change(1, 9)]], ..Edit::default() };
        assert_eq!(edit.apply(&[1, 2, 3]), [MARK, 2, MARK]);
        assert_eq!(edit.apply(&[1, 9, 4]), [1, MARK, 4]);
        assert!(edit.apply(&[]).is_empty());
    }
}
