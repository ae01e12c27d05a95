//! The same on x86-64 processors with AVX2, which take a third of the instructions.
//!
//! It refuses to know lines.

use super::{BLOCK, Masks};
use crate::avx2::{load, twice};
use std::arch::x86_64::{
    __m256i, _mm256_adds_epu8, _mm256_and_si256, _mm256_andnot_si256, _mm256_cmpeq_epi8, _mm256_cmpgt_epi8,
    _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8, _mm256_shuffle_epi8, _mm256_slli_epi16, _mm256_srli_epi16,
};

/// A register's bytes.
const HALF: usize = BLOCK / 2;

// Each kind of byte is a set of high halves times a set of low halves, and has a bit.
const LINE_FEED: u8 = 1;
const RETURN: u8 = 2;
const COLON: u8 = 4;
// All from here on are names' bytes.
const TO_O: u8 = 8;
const FROM_P: u8 = 16;
const DIGIT: u8 = 32;
const HYPHEN: u8 = 64;
const UNDERSCORE: u8 = 128;

/// The kinds that a byte's high half allows.
const HIGH: [u8; 16] =
    [LINE_FEED | RETURN, 0, HYPHEN, COLON | DIGIT, TO_O, FROM_P | UNDERSCORE, TO_O, FROM_P, 0, 0, 0, 0, 0, 0, 0, 0];

/// The kinds that a byte's low half allows.
const LOW: [u8; 16] = {
    let mut low = [TO_O; 16];
    low[0] = 0;
    let mut half = 0;
    while half <= 10 {
        low[half] |= FROM_P | if half < 10 { DIGIT } else { LINE_FEED | COLON };
        half += 1;
    }
    low[13] |= RETURN | HYPHEN;
    low[15] |= UNDERSCORE;
    low
};

impl Masks {
    /// As `of`.
    #[inline]
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
    pub(in super::super) fn with_avx2(bytes: &[u8]) -> Self {
        if let Some(block) = bytes.first_chunk() {
            return Self::of_registers(block);
        }
        Self::of_registers(&super::padded(bytes))
    }

    #[inline]
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
    fn of_registers(block: &[u8; BLOCK]) -> Self {
        let mut masks = Self::default();
        let (halves, _) = block.as_chunks::<HALF>();
        for (number, half) in halves.iter().enumerate() {
            masks.add_register(half, HALF * number);
        }
        masks.odd = !(masks.odd | masks.line_feeds | masks.returns);
        masks
    }

    /// What is printable is gathered under `odd`.
    #[inline]
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
    fn add_register(&mut self, half: &[u8; HALF], shift: usize) {
        let bytes = load(half, 0);
        let all = |byte: u8| _mm256_set1_epi8(byte.cast_signed());
        let is = |byte: u8| _mm256_cmpeq_epi8(bytes, all(byte));
        let tops = |lanes: __m256i| u64::from(_mm256_movemask_epi8(lanes).cast_unsigned()) << shift;
        let high = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), all(0xf));
        let kinds =
            _mm256_and_si256(_mm256_shuffle_epi8(twice(&HIGH, 0), high), _mm256_shuffle_epi8(twice(&LOW, 0), bytes));
        self.line_feeds |= tops(_mm256_slli_epi16::<7>(kinds));
        self.returns |= tops(_mm256_slli_epi16::<6>(kinds));
        self.colons |= tops(_mm256_slli_epi16::<5>(kinds));
        self.name |= tops(_mm256_adds_epu8(kinds, all(0x80 - TO_O)));
        self.marks |= tops(_mm256_or_si256(is(b'"'), is(b'\\')));
        self.odd |= tops(_mm256_andnot_si256(is(0x7f), _mm256_cmpgt_epi8(bytes, all(b' ' - 1))));
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Only where `can` said so.
    #[allow(unsafe_code)]
    pub(in super::super) fn masks(bytes: &[u8]) -> Masks {
        assert!(crate::avx2::can());
        // SAFETY: the processor can.
        unsafe { Masks::with_avx2(bytes) }
    }
}
