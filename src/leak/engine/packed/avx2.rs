//! The step itself, on x86-64 processors with AVX2.
//!
//! Measured against the table of the prefilter, which needs no such processor: 6 times the bytes
//! a second. It refuses to know what the tables say.

use super::steps::{Masks, Places, READ, STEP, Table, flatten, in_steps};
use crate::avx2::{load, twice};
use std::arch::x86_64::{
    _mm256_and_si256, _mm256_blendv_epi8, _mm256_cmpeq_epi8, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8,
    _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_slli_epi16, _mm256_srli_epi16,
};

/// For each low half of a byte, a bit for each high half that makes it part of a token.
const LOW: [u8; 16] = [
    0b01_1010, 0b01_1110, 0b01_1110, 0b01_1110, 0b01_1110, 0b01_1110, 0b01_1110, 0b01_1110, 0b01_1110, 0b01_1110,
    0b01_1100, 0b00_0101, 0b00_0100, 0b10_0101, 0b00_0100, 0b00_1101,
];

/// The bits of each high half: marks, digits and `=`, letters up to `o`, from `P` on, from `p` on.
const HIGH: [u8; 16] = [0, 0, 1, 0b10_0010, 4, 8, 4, 16, 0, 0, 0, 0, 0, 0, 0, 0];

/// So far left of digits' bit among those is a byte's highest.
const DIGITS: i32 = 6;

/// Fills `out` from the beginning of `text`; says how many steps that took. What is missing behind
/// the end counts as zeros.
#[allow(unsafe_code)]
pub(super) fn masks(tables: &[Table; 2], text: &[u8], out: &mut Masks) -> usize {
    // SAFETY: `Step::Avx2` is only made where the processor was found to have what the function is
    // compiled for, which is all that it asks for: it takes no pointers, and loads from arrays.
    unsafe { with_avx2(tables, text, out) }
}

/// Writes which bits are set in `masks`; says how many.
#[allow(unsafe_code)]
pub(super) fn places(masks: &[u64], places: &mut Places) -> usize {
    // SAFETY: as for `masks`; and `Step::Avx512` is only made where `Step::Avx2` could be.
    unsafe { with_bmi(masks, places) }
}

#[target_feature(enable = "popcnt,bmi1")]
fn with_bmi(masks: &[u64], places: &mut Places) -> usize {
    flatten(masks, places)
}

#[target_feature(enable = "avx2")]
fn with_avx2(tables: &[Table; 2], text: &[u8], out: &mut Masks) -> usize {
    let table = |which: usize, place: usize| {
        let bytes = tables.get(which).and_then(|table| table.get(place)).copied().unwrap_or_default();
        (twice(&bytes, 0), twice(&bytes, 16))
    };
    let all = [
        [table(0, 0), table(1, 0)],
        [table(0, 1), table(1, 1)],
        [table(0, 2), table(1, 2)],
        [table(0, 3), table(1, 3)],
    ];
    let (low, high) = (twice(&LOW, 0), twice(&HIGH, 0));
    let (half, zero) = (_mm256_set1_epi8(15), _mm256_setzero_si256());
    let non_zero = |bytes| u64::from(!_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, zero)).cast_unsigned());
    let look = |block: &[u8; READ], at: usize| {
        let mut groups = [_mm256_set1_epi8(-1); 2];
        for (place, tables) in all.iter().enumerate() {
            let bytes = load(block, at + place);
            // The fifth bit chooses between the halves of a table.
            let (index, fifth) = (_mm256_and_si256(bytes, half), _mm256_slli_epi16::<3>(bytes));
            for (group, (first, second)) in groups.iter_mut().zip(tables) {
                let (first, second) = (_mm256_shuffle_epi8(*first, index), _mm256_shuffle_epi8(*second, index));
                *group = _mm256_and_si256(*group, _mm256_blendv_epi8(first, second, fifth));
            }
        }
        let bytes = load(block, at);
        let above = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), half);
        let below = _mm256_and_si256(bytes, half);
        let token = _mm256_and_si256(_mm256_shuffle_epi8(low, below), _mm256_shuffle_epi8(high, above));
        let digits = _mm256_movemask_epi8(_mm256_slli_epi16::<DIGITS>(token)).cast_unsigned();
        let [one, other] = groups;
        (non_zero(_mm256_or_si256(one, other)), non_zero(token), u64::from(digits))
    };
    in_steps(text, out, |block| {
        let (low, high) = (look(block, 0), look(block, STEP / 2));
        (high.0 << 32 | low.0, high.1 << 32 | low.1, high.2 << 32 | low.2)
    })
}
