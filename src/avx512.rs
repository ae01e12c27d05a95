//! Steps with AVX-512 registers that several rooms take.
//!
//! It refuses to know what the bytes mean.

use std::arch::x86_64::{__m512i, _mm512_loadu_si512, _mm512_setzero_si512};
use std::sync::LazyLock;

/// Whether the processor has AVX-512 with its shuffle of bytes (VBMI), and all that [`crate::avx2::can`]
/// asks for.
#[inline]
pub(crate) fn can() -> bool {
    use std::arch::is_x86_feature_detected as has;
    static CAN: LazyLock<bool> =
        LazyLock::new(|| has!("avx512f") && has!("avx512bw") && has!("avx512vbmi") && crate::avx2::can());
    *CAN
}

/// 64 bytes from `at` on; zeros where there are fewer.
#[inline]
#[allow(unsafe_code)] // of eight numbers read one by one the compiler does not always make one load
#[target_feature(enable = "avx512f")]
pub(crate) fn load(bytes: &[u8], at: usize) -> __m512i {
    let part: Option<&[u8; 64]> = bytes.get(at..).and_then(<[u8]>::first_chunk);
    // SAFETY: there are 64 bytes to read, and they need not be aligned.
    part.map_or_else(|| _mm512_setzero_si512(), |part| unsafe { _mm512_loadu_si512(part.as_ptr().cast()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::arch::x86_64::{_mm256_extract_epi64, _mm512_extracti64x4_epi64};

    /// What `load` gives, as bytes.
    #[target_feature(enable = "avx512f")]
    fn loaded(bytes: &[u8], at: usize) -> [u8; 64] {
        let register = load(bytes, at);
        let halves = [_mm512_extracti64x4_epi64::<0>(register), _mm512_extracti64x4_epi64::<1>(register)];
        let quarters = halves.map(|half| {
            let quarters = [
                _mm256_extract_epi64::<0>(half),
                _mm256_extract_epi64::<1>(half),
                _mm256_extract_epi64::<2>(half),
                _mm256_extract_epi64::<3>(half),
            ];
            quarters.map(i64::to_le_bytes)
        });
        let mut all = [0; 64];
        all.iter_mut().zip(quarters.as_flattened().as_flattened()).for_each(|(to, from)| *to = *from);
        all
    }

    #[test]
    #[allow(clippy::unwrap_used)]
    fn a_register_holds_the_bytes() {
        if !can() {
            return eprintln!("NOT RUN: no AVX-512 here, or PLAINSIGHT_NO_VECTORS is set");
        }
        proptest!(|(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0_usize..210)| {
            // Of 64 bytes that are not all there, none is loaded.
            let want = bytes.get(at..at + 64).map_or([0; 64], |part| part.try_into().unwrap());
            #[allow(unsafe_code)]
            // SAFETY: the processor was just found to have what the function is compiled for.
            let loaded = unsafe { loaded(&bytes, at) };
            prop_assert_eq!(loaded, want);
        });
    }
}
