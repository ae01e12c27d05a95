//! Steps with AVX-512 registers that several rooms take.
//!
//! It refuses to know what the bytes mean.

use std::arch::x86_64::{__m512i, _mm512_loadu_si512, _mm512_setzero_si512};

/// Whether the processor has AVX-512 with its shuffle of bytes (VBMI), and all that [`crate::avx2::can`]
/// asks for.
#[inline]
pub(crate) fn can() -> bool {
    use std::arch::is_x86_feature_detected as has;
    has!("avx512f") && has!("avx512bw") && has!("avx512vbmi") && crate::avx2::can()
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
