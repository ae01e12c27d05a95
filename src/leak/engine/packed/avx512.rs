//! The step itself, on x86-64 processors with AVX-512 and its shuffle of bytes (VBMI).
//!
//! A table of 128 bytes is asked at once, which tells every byte of ASCII from every other, for 64
//! bytes at once. Measured against AVX2: a third of the instructions, and half of what passes. It
//! refuses to know what the tables say.

use super::{Masks, PLACES, STEP, WideTable};
use std::arch::x86_64::{
    __m512i, _mm512_and_si512, _mm512_loadu_si512, _mm512_movepi8_mask, _mm512_or_si512, _mm512_permutex2var_epi8,
    _mm512_set1_epi8, _mm512_setzero_si512, _mm512_test_epi8_mask,
};

/// A step reads so many bytes: its last place has others behind it.
const READ: usize = STEP + PLACES - 1;

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

/// Whether the processor can.
pub(super) fn can() -> bool {
    use std::arch::is_x86_feature_detected as has;
    has!("avx512f") && has!("avx512bw") && has!("avx512vbmi")
}

/// As [`super::avx2::masks`].
#[allow(unsafe_code)]
pub(super) fn masks(tables: &[WideTable; 2], text: &[u8], out: &mut Masks) -> usize {
    // SAFETY: these tables are only made where the processor was found to have what the function is
    // compiled for, which is all that it asks for: it takes no pointers, and loads from arrays.
    unsafe { with_avx512(tables, text, out) }
}

/// 64 bytes from `at` on; zeros where there are fewer.
#[inline]
#[allow(unsafe_code)] // of eight numbers read one by one the compiler does not always make one load
#[target_feature(enable = "avx512f")]
fn load(bytes: &[u8], at: usize) -> __m512i {
    let part: Option<&[u8; 64]> = bytes.get(at..).and_then(<[u8]>::first_chunk);
    // SAFETY: there are 64 bytes to read, and they need not be aligned.
    part.map_or_else(|| _mm512_setzero_si512(), |part| unsafe { _mm512_loadu_si512(part.as_ptr().cast()) })
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
    let look = |block: &[u8; READ]| {
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
    };
    let mut steps = 0;
    for ((words, tokens), digits) in out.words.iter_mut().zip(&mut out.tokens).zip(&mut out.digits) {
        let rest = text.get(steps * STEP..).unwrap_or_default();
        let mut padded = [0; READ];
        let block = match rest.first_chunk() {
            Some(block) => block,
            None if rest.is_empty() => break,
            None => {
                padded.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
                &padded
            }
        };
        (*words, *tokens, *digits) = look(block);
        steps += 1;
    }
    steps
}
