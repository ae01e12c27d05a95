//! The same on x86-64 processors with AVX-512 and its shuffle of bytes (VBMI): a block is a register,
//! and a comparison gives a mask.
//!
//! It refuses to know lines.

use super::{BLOCK, Masks};
use crate::avx512::load;
use std::arch::x86_64::{
    _mm512_cmpeq_epi8_mask, _mm512_cmplt_epu8_mask, _mm512_movepi8_mask, _mm512_permutex2var_epi8, _mm512_set1_epi8,
    _mm512_sub_epi8, _mm512_test_epi8_mask,
};

/// Which bytes names are made of, but for a few.
const NAME: [u8; 128] = {
    let mut name = [0; 128];
    let mut byte = 0_u8;
    while byte < 128 {
        name[byte as usize] = (byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) as u8;
        byte += 1;
    }
    name
};

impl Masks {
    /// As `of`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx2,bmi1,bmi2,lzcnt")]
    pub(in super::super) fn with_avx512(bytes: &[u8]) -> Self {
        if let Some(block) = bytes.first_chunk() {
            return Self::of_register(block);
        }
        Self::of_register(&super::padded(bytes))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx2,bmi1,bmi2,lzcnt")]
    fn of_register(block: &[u8; BLOCK]) -> Self {
        let bytes = load(block, 0);
        let all = |byte: u8| _mm512_set1_epi8(byte.cast_signed());
        let is = |byte: u8| _mm512_cmpeq_epi8_mask(bytes, all(byte));
        // The seven lowest bits choose.
        let name = _mm512_permutex2var_epi8(load(&NAME, 0), bytes, load(&NAME, 64));
        let (line_feeds, returns) = (is(b'\n'), is(b'\r'));
        let printable = _mm512_cmplt_epu8_mask(_mm512_sub_epi8(bytes, all(b' ')), all(0x7f - b' '));
        Self {
            line_feeds,
            returns,
            colons: is(b':'),
            name: _mm512_test_epi8_mask(name, all(1)) & !_mm512_movepi8_mask(bytes),
            marks: is(b'"') | is(b'\\'),
            odd: !(printable | line_feeds | returns),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Only where `can` said so.
    #[allow(unsafe_code)]
    pub(in super::super) fn masks(bytes: &[u8]) -> Masks {
        assert!(crate::avx512::can());
        // SAFETY: the processor can.
        unsafe { Masks::with_avx512(bytes) }
    }
}
