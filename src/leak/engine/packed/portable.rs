//! The step itself, a byte at a time, on any processor: what the vector code has to agree with.
//!
//! It refuses to know what the tables say.

use super::steps::{Masks, PLACES, STEP, in_steps};

/// As [`Packed::masks`](super::Packed::masks), from the beginning of `text`, with tables of `N` values each.
pub(super) fn masks<const N: usize>(tables: &[[[u8; N]; PLACES]; 2], text: &[u8], out: &mut Masks) -> usize {
    in_steps(text, out, |block| {
        let (mut words, mut tokens, mut digits) = (0, 0, 0);
        for (at, bytes) in block.windows(PLACES).take(STEP).enumerate() {
            let passes = |table: &[[u8; N]; PLACES]| {
                let sets = table.iter().zip(bytes).map(|(place, byte)| place.get(usize::from(*byte) % N));
                sets.fold(u8::MAX, |groups, set| groups & set.copied().unwrap_or_default()) != 0
            };
            let byte = bytes.first().copied().unwrap_or_default();
            words |= u64::from(tables.iter().any(passes)) << at;
            tokens |= u64::from(byte.is_ascii_alphanumeric() || b"+-/=_".contains(&byte)) << at;
            digits |= u64::from(byte.is_ascii_digit()) << at;
        }
        (words, tokens, digits)
    })
}
