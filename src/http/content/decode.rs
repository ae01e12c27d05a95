//! What each coding's decoder does, step by step.

use std::cell::RefCell;

/// Bytes that a decoder can give in one step.
const SCRATCH: usize = 32 * 1024;

/// What one step of a decoder did.
#[derive(Debug)]
pub(super) struct Step {
    /// Bytes of the input that were used up.
    pub(super) consumed: usize,
    /// Bytes of the output that were written.
    pub(super) produced: usize,
    pub(super) status: Status,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// Not at the end yet, or at a place where the coding may end or go on.
    More,
    /// As `More`, but something was wrong.
    Remark(&'static str),
    /// The coded data ended; what was not consumed is no part of it.
    End,
    /// Cannot go on.
    Fault(&'static str),
}

/// How coded data ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// As it should.
    Whole,
    /// All content was there, the checksum after it not.
    TrailerMissing(&'static str),
    /// Before its end.
    Cut,
}

/// What each coding's decoder does.
///
/// A step makes all the progress that input and output allow: after it either all input is
/// consumed, or the output is full, or the status is not `More`. What the first `n` bytes
/// decode to does not depend on how they were cut.
pub(super) trait Decode: std::fmt::Debug + Send {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step;
    /// Asked once, after the last byte.
    fn ending(&mut self) -> Ending;
    /// About how many bytes of memory it holds.
    fn memory(&self) -> usize;
}

thread_local! {
    /// Buffers that are free; one is in use for each stage that is at work.
    static FREE: RefCell<Vec<Box<[u8]>>> = const { RefCell::new(Vec::new()) };
}

/// Lends a buffer of [`SCRATCH`] bytes.
pub(super) fn with_scratch<T>(work: impl FnOnce(&mut [u8]) -> T) -> T {
    let free = FREE.try_with(|free| free.borrow_mut().pop()).ok().flatten();
    let mut scratch = free.unwrap_or_else(|| vec![0; SCRATCH].into_boxed_slice());
    let result = work(&mut scratch);
    // During a thread's end there is no list any more, and no need for one.
    let _ = FREE.try_with(|free| free.borrow_mut().push(scratch));
    result
}
