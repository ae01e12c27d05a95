//! The step itself, on x86-64 processors with AVX-512 and its shuffle of bytes (VBMI).
//!
//! A table of 128 bytes is asked at once, which tells every byte of ASCII from every other, for 64
//! bytes at once. Measured against AVX2: a third of the instructions, and half of what passes. It
//! refuses to know what the tables say.

use super::steps::{Masks, READ, WideTable, in_steps};
use crate::avx512::load;
use std::arch::x86_64::{
    _mm512_and_si512, _mm512_movepi8_mask, _mm512_or_si512, _mm512_permutex2var_epi8, _mm512_set1_epi8,
    _mm512_test_epi8_mask,
};

/// A table of what bytes are parts of tokens, and which are digits.
const KINDS: [u8; 128] = {
    let mut kinds = [0; 128];
    let mut byte = 0_u8;
    while byte < 128 {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'/' | b'=' | b'_') {
            kinds[byte as usize] = TOKEN;
        }
        if byte.is_ascii_digit() {
            kinds[byte as usize] |= DIGIT;
        }
        byte += 1;
    }
    kinds
};
const TOKEN: u8 = 1;
const DIGIT: u8 = 2;

/// As [`super::avx2::masks`].
#[allow(unsafe_code)]
pub(super) fn masks(tables: &[WideTable; 2], text: &[u8], out: &mut Masks) -> usize {
    // SAFETY: these tables are only made where the processor was found to have what the function is
    // compiled for, which is all that it asks for: it takes no pointers, and loads from arrays.
    unsafe { with_avx512(tables, text, out) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn with_avx512(tables: &[WideTable; 2], text: &[u8], out: &mut Masks) -> usize {
    let table = |which: usize, place: usize| {
        let bytes = tables.get(which).and_then(|table| table.get(place)).unwrap_or(&[0; 128]);
        (load(bytes, 0), load(bytes, 64))
    };
    let all = [
        [table(0, 0), table(1, 0)],
        [table(0, 1), table(1, 1)],
        [table(0, 2), table(1, 2)],
        [table(0, 3), table(1, 3)],
    ];
    let kinds = (load(&KINDS, 0), load(&KINDS, 64));
    let is = |kind: u8| _mm512_set1_epi8(kind.cast_signed());
    let (token, digit) = (is(TOKEN), is(DIGIT));
    in_steps(text, out, |block: &[u8; READ]| {
        let mut groups = [_mm512_set1_epi8(-1); 2];
        for (place, tables) in all.iter().enumerate() {
            let bytes = load(block, place);
            for (group, (low, high)) in groups.iter_mut().zip(tables) {
                *group = _mm512_and_si512(*group, _mm512_permutex2var_epi8(*low, bytes, *high));
            }
        }
        let bytes = load(block, 0);
        let kind = _mm512_permutex2var_epi8(kinds.0, bytes, kinds.1);
        let ascii = !_mm512_movepi8_mask(bytes);
        let any = _mm512_or_si512(groups[0], groups[1]);
        (
            _mm512_test_epi8_mask(any, any),
            _mm512_test_epi8_mask(kind, token) & ascii,
            _mm512_test_epi8_mask(kind, digit) & ascii,
        )
    })
}
