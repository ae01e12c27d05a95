//! Finds where any of some hundred words may stand, and where tokens do, many bytes at a time.
//!
//! Words are put into sixteen groups. For each of four neighbouring places of a word a group has
//! a set of letters; where four bytes are in a group's four sets, one of its words may begin, and
//! is looked up. All sixteen sets of a place are asked at once, for 32 bytes at once, by the
//! processor's byte shuffle (AVX2), which takes a letter's lowest five bits for an index, or for 64
//! bytes at once, where it can take seven (AVX-512). It refuses to know what the words are for, and
//! where there is no such processor the prefilter's table is asked instead. The same masks made a byte at a
//! time are what the tests compare with.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(any(test, not(target_arch = "x86_64")))]
mod portable;
mod steps;
mod words;

pub(super) use steps::{Masks, STEP, STEPS};
pub(super) use words::Packed;
#[cfg(test)]
pub(super) use words::can;
