//! Steps with AVX2 registers that several rooms take, without pointers.
//!
//! It refuses to know what the bytes mean.

use std::arch::x86_64::{__m256i, _mm256_set_epi64x};

/// Whether the processor has AVX2, and what reads the masks that it makes quickly.
#[inline]
pub(crate) fn can() -> bool {
    use std::arch::is_x86_feature_detected as has;
    has!("avx2") && has!("bmi1") && has!("bmi2") && has!("lzcnt") && has!("popcnt")
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
