//! What is asked of the processor alone: all that it has for work that the compiler makes faster by
//! itself, and bytes that will be looked at soon.
//!
//! It refuses to know what the work and the bytes are.

/// What `work` gives, compiled for AVX2 where the processor has it.
#[cfg(target_arch = "x86_64")]
#[inline]
#[allow(unsafe_code)] // twice the bytes at a time in loops over all bytes of a text
pub(crate) fn best<R>(work: impl Fn() -> R) -> R {
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    fn with<R>(work: impl Fn() -> R) -> R {
        work()
    }
    // SAFETY: the processor was found to have all that the function is compiled for.
    if crate::avx2::can() { unsafe { with(work) } } else { work() }
}

/// What `work` gives.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
pub(crate) fn best<R>(work: impl Fn() -> R) -> R {
    work()
}

/// Has the processor fetch `bytes` into its cache, to have them when they are looked at.
#[inline]
pub(crate) fn fetch(bytes: &[u8]) {
    bytes.chunks(LINE).for_each(fetch_line);
}

/// As [`fetch`], of the first `LINES` lines of the cache that hold `bytes`.
#[inline]
pub(crate) fn fetch_first<const LINES: usize>(bytes: &[u8]) {
    bytes.chunks(LINE).take(LINES).for_each(fetch_line);
}

/// A line of the processor's cache, in bytes.
const LINE: usize = 64;

#[inline]
fn fetch_line(bytes: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code)] // measured: a tenth of the time on mapped files
    // SAFETY: a hint, which faults at no address; this one can be read.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(bytes.as_ptr().cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = bytes;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_best_code_gives_what_the_portable_code_gives(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let work = || {
                let least = bytes.iter().fold(u8::MAX, |least, byte| least.min(*byte));
                let sum = bytes.iter().fold(0_u32, |sum, byte| sum.rotate_left(1) ^ u32::from(*byte));
                (least, sum, bytes.iter().position(|byte| *byte < 0x20))
            };
            prop_assert_eq!(best(work), work());
        }
    }
}
