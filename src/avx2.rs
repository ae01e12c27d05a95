//! Steps with AVX2 registers that several rooms take, without pointers.
//!
//! It refuses to know what the bytes mean.

use std::arch::x86_64::{__m256i, _mm256_set_epi64x};
use std::sync::LazyLock;

/// Whether code for the vector registers that only some processors have (AVX2, AVX-512) may run where
/// the processor has them: the environment variable `PLAINSIGHT_NO_VECTORS` is not set, or it is empty
/// or `0`. Read it once a process: [`can`] keeps the answer. Results do not depend on it.
pub(crate) fn vectors_allowed() -> bool {
    std::env::var_os("PLAINSIGHT_NO_VECTORS").is_none_or(|value| value.is_empty() || value == "0")
}

/// Whether the processor has AVX2, and what reads the masks that it makes quickly, and they may be used
/// ([`vectors_allowed`]).
#[inline]
pub(crate) fn can() -> bool {
    use std::arch::is_x86_feature_detected as has;
    static CAN: LazyLock<bool> = LazyLock::new(|| {
        let has = has!("avx2") && has!("bmi1") && has!("bmi2") && has!("lzcnt") && has!("popcnt");
        has && vectors_allowed()
    });
    *CAN
}

/// Eight bytes from `at` on; zeros where there are fewer.
#[inline]
fn quarter(bytes: &[u8], at: usize) -> i64 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| i64::from_le_bytes(*bytes))
}

/// 32 bytes from `at` on. The compiler makes one load of the four.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn load(bytes: &[u8], at: usize) -> __m256i {
    let part = |part: usize| quarter(bytes, at + 8 * part);
    _mm256_set_epi64x(part(3), part(2), part(1), part(0))
}

/// 16 bytes from `at` on, in both halves.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn twice(bytes: &[u8], at: usize) -> __m256i {
    let (low, high) = (quarter(bytes, at), quarter(bytes, at + 8));
    _mm256_set_epi64x(high, low, high, low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::arch::x86_64::_mm256_extract_epi64;

    /// What `load` and `twice` give, as bytes.
    #[target_feature(enable = "avx2")]
    fn loaded(bytes: &[u8], at: usize) -> [[u8; 32]; 2] {
        [load(bytes, at), twice(bytes, at)].map(|register| {
            let quarters = [
                _mm256_extract_epi64::<0>(register),
                _mm256_extract_epi64::<1>(register),
                _mm256_extract_epi64::<2>(register),
                _mm256_extract_epi64::<3>(register),
            ];
            let mut all = [0; 32];
            all.iter_mut().zip(quarters.map(i64::to_le_bytes).as_flattened()).for_each(|(to, from)| *to = *from);
            all
        })
    }

    #[test]
    fn registers_hold_the_bytes() {
        if !can() {
            return eprintln!("NOT RUN: no AVX2 here, or PLAINSIGHT_NO_VECTORS is set");
        }
        proptest!(|(bytes in proptest::collection::vec(any::<u8>(), 0..100), at in 0_usize..110)| {
            // Of eight bytes that are not all there, none is loaded.
            let whole = |place: usize| at + place / 8 * 8 + 8 <= bytes.len();
            let byte = |place: usize| if whole(place) { bytes[at + place] } else { 0 };
            let (straight, halves) = (std::array::from_fn(byte), std::array::from_fn(|place| byte(place % 16)));
            #[allow(unsafe_code)]
            // SAFETY: the processor was just found to have what the function is compiled for.
            let loaded = unsafe { loaded(&bytes, at) };
            prop_assert_eq!(loaded, [straight, halves]);
        });
    }
}
