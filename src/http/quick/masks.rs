//! Tells at once which of many bytes are what a head is made of.
//!
//! It refuses to know lines.

#[cfg(target_arch = "x86_64")]
pub(super) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(super) mod avx512;

use wide::i8x16;

/// So many bytes are looked at together.
pub(super) const BLOCK: usize = 64;

/// Which of a block's bytes are what: bit n stands for byte n.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Masks {
    pub(super) line_feeds: u64,
    pub(super) returns: u64,
    pub(super) colons: u64,
    /// Letters, digits, `-` and `_`, which names are made of, but for a few.
    pub(super) name: u64,
    /// Quotes and backslashes.
    pub(super) marks: u64,
    /// What is neither printable ASCII nor a line's end.
    pub(super) odd: u64,
}

impl Masks {
    /// Of as many bytes as there are; the rest of the block is taken for spaces.
    #[inline]
    pub(super) fn of(bytes: &[u8]) -> Self {
        if let Some(block) = bytes.first_chunk() {
            return Self::of_block(block);
        }
        Self::of_block(&padded(bytes))
    }

    #[inline]
    fn of_block(block: &[u8; BLOCK]) -> Self {
        let mut masks = Self::default();
        let (parts, _) = block.as_chunks::<16>();
        for (number, part) in parts.iter().enumerate() {
            masks.add(part, 16 * number);
        }
        masks
    }

    #[inline]
    fn add(&mut self, part: &[u8; 16], shift: usize) {
        // As signed numbers all that is not ASCII is below it.
        let bytes = i8x16::from(part.map(u8::cast_signed));
        let all = |byte: u8| i8x16::splat(byte.cast_signed());
        let is = |byte: u8| bytes.simd_eq(all(byte));
        let within = |bytes: i8x16, first: u8, last: u8| bytes.simd_gt(all(first - 1)) & all(last + 1).simd_gt(bytes);
        let bits = |lanes: i8x16| u64::from(lanes.to_bitmask()) << shift;
        let (line_feeds, returns) = (is(b'\n'), is(b'\r'));
        let letters = within(bytes | all(0x20), b'a', b'z');
        let good = within(bytes, b' ', b'~') | line_feeds | returns;
        self.line_feeds |= bits(line_feeds);
        self.returns |= bits(returns);
        self.colons |= bits(is(b':'));
        self.name |= bits(letters | within(bytes, b'0', b'9') | is(b'-') | is(b'_'));
        self.marks |= bits(is(b'"') | is(b'\\'));
        self.odd |= bits(!good);
    }

    /// The bits below this one, and it.
    pub(super) const fn up_to(bit: u32) -> u64 {
        u64::MAX >> (63 - bit)
    }
}

/// Of bytes that fill no block, with spaces behind them.
#[inline]
fn padded(bytes: &[u8]) -> [u8; BLOCK] {
    let mut block = [b' '; BLOCK];
    block.iter_mut().zip(bytes).for_each(|(space, byte)| *space = *byte);
    block
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Each way of reading that this processor has.
    fn readers() -> Vec<fn(&[u8]) -> Masks> {
        let mut readers: Vec<fn(&[u8]) -> Masks> = vec![Masks::of];
        #[cfg(target_arch = "x86_64")]
        if crate::avx2::can() {
            readers.push(avx2::tests::masks);
        }
        #[cfg(target_arch = "x86_64")]
        if crate::avx512::can() {
            readers.push(avx512::tests::masks);
        }
        readers
    }

    #[test]
    fn every_byte_at_every_place() {
        for byte in 0..=u8::MAX {
            for at in 0..BLOCK {
                let mut block = [b' '; BLOCK];
                block[at] = byte;
                let bit = |is: bool| u64::from(is) << at;
                let want = Masks {
                    line_feeds: bit(byte == b'\n'),
                    returns: bit(byte == b'\r'),
                    colons: bit(byte == b':'),
                    name: bit(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')),
                    marks: bit(matches!(byte, b'"' | b'\\')),
                    odd: bit(!matches!(byte, b' '..=b'~' | b'\r' | b'\n')),
                };
                for of in readers() {
                    assert_eq!(of(&block), want, "{byte} at {at}");
                    assert_eq!(of(&block[..=at]), want, "{byte} at {at}");
                }
            }
        }
        assert_eq!((Masks::up_to(0), Masks::up_to(5), Masks::up_to(63)), (1, 63, u64::MAX));
    }

    proptest! {
        #[test]
        fn every_way_of_reading_sees_the_same(block in proptest::collection::vec(any::<u8>(), 0..=BLOCK)) {
            for of in readers() {
                prop_assert_eq!(of(&block), Masks::of(&block));
            }
        }
    }
}
