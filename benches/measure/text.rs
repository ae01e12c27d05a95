//! Texts made by chance: the same at each run.

pub(crate) const MEGABYTE: usize = 1 << 20;

/// Draws the same numbers at each run (Marsaglia's xorshift).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn pick<'a>(&mut self, parts: &[&'a str]) -> &'a str {
        parts[self.next() as usize % parts.len()]
    }
}

/// A megabyte of these parts, at random.
pub(crate) fn mixed(parts: &[&str]) -> Vec<u8> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut text = Vec::with_capacity(MEGABYTE + 64);
    while text.len() < MEGABYTE {
        text.extend_from_slice(random.pick(parts).as_bytes());
    }
    text
}
