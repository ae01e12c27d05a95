//! TCP sequence numbers: 32 bits that wrap around, so that "before" and "after" are a
//! matter of distance (RFC 9293 §3.4).

/// A sequence number. It has no order of its own; only distances mean something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SequenceNumber(pub(crate) u32);

impl SequenceNumber {
    /// How many bytes `self` is after `other`; negative when it is before.
    pub(crate) fn after(self, other: Self) -> i64 {
        i64::from(self.0.wrapping_sub(other.0).cast_signed())
    }

    /// The number `count` bytes further on.
    pub(crate) fn plus(self, count: u64) -> Self {
        // Modulo 2^32 is what sequence numbers mean.
        Self(self.0.wrapping_add(count as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_wrap() {
        for (a, b, want) in [
            (0, 0, 0),
            (1, 0, 1),
            (0, 1, -1),
            (0, u32::MAX, 1),
            (u32::MAX, 0, -1),
            (0x7fff_ffff, 0, 0x7fff_ffff),
            (0x8000_0000, 0, -0x8000_0000),
        ] {
            assert_eq!(SequenceNumber(a).after(SequenceNumber(b)), want, "{a:#x} after {b:#x}");
        }
        assert_eq!(SequenceNumber(u32::MAX).plus(2), SequenceNumber(1));
        assert_eq!(SequenceNumber(5).plus(1 << 32), SequenceNumber(5));
    }
}
