//! What every way of taking a step has in common: how much it reads, and the masks that it makes.

/// So many bytes are looked at in a step.
pub(in crate::leak::engine) const STEP: usize = 64;

/// So many steps are taken at a time.
pub(in crate::leak::engine) const STEPS: usize = 8;

/// A word is sought by so many of its bytes.
pub(super) const PLACES: usize = 4;

/// Bits of each byte that was looked at: the first byte's is the lowest of the first number.
#[derive(Debug, Clone)]
pub(in crate::leak::engine) struct Masks {
    /// Whether a word may be sought there.
    pub(in crate::leak::engine) words: [u64; STEPS],
    /// Whether it can be part of a token: a letter, a digit or one of `+-/=_`.
    pub(in crate::leak::engine) tokens: [u64; STEPS],
    /// Whether it is a digit.
    pub(in crate::leak::engine) digits: [u64; STEPS],
    /// The places of some of those bits, kept for [`Packed::look`](super::Packed::look) to write on.
    pub(super) places: Places,
}

impl Default for Masks {
    fn default() -> Self {
        let none = [0; STEPS];
        Self { words: none, tokens: none, digits: none, places: [0; STEP * STEPS + USUAL] }
    }
}

/// For each place and each value of a byte's lowest five bits, which of eight groups have it.
pub(super) type Table = [[u8; 32]; PLACES];

/// For each place and each value of a byte's lowest seven bits, which of eight groups have it.
#[cfg(target_arch = "x86_64")]
pub(super) type WideTable = [[u8; 128]; PLACES];

/// A step reads so many bytes: its last place has others behind it.
pub(super) const READ: usize = STEP + PLACES - 1;

/// Fills `out` with what `look` makes of each step from the beginning of `text`: the words, the tokens and
/// the digits; says how many steps that took. What is missing behind the end counts as zeros.
#[inline(always)]
#[allow(clippy::inline_always)] // so that it is compiled for the processor that its caller knows of
pub(super) fn in_steps(text: &[u8], out: &mut Masks, look: impl Fn(&[u8; READ]) -> (u64, u64, u64)) -> usize {
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

/// More bits than this are seldom set in one number.
const USUAL: usize = 4;

/// Where bits are set.
pub(super) type Places = [u16; STEP * STEPS + USUAL];

/// Writes which bits are set in `masks`; says how many. Nearly free of branches: what passes is
/// too irregular to be foretold.
#[inline(always)]
#[allow(clippy::inline_always)] // into a function that may use the processor's own instructions for it
pub(super) fn flatten(masks: &[u64], places: &mut Places) -> usize {
    let mut count = 0;
    for (first, mask) in (0_u16..).step_by(STEP).zip(masks) {
        let mut mask = *mask;
        let next = count + mask.count_ones() as usize;
        if let Some(usual) = places.get_mut(count..count + USUAL) {
            for place in usual {
                *place = first.wrapping_add(mask.trailing_zeros() as u16);
                mask &= mask.wrapping_sub(1);
            }
        }
        let mut at = count + USUAL;
        while mask != 0 {
            if let Some(place) = places.get_mut(at) {
                *place = first.wrapping_add(mask.trailing_zeros() as u16);
            }
            mask &= mask - 1;
            at += 1;
        }
        count = next;
    }
    count
}
