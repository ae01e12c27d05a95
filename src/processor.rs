//! Work that the compiler makes faster by itself, once it may use all that the processor has.
//!
//! It refuses to know what the work is.

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
