//! The digits of numbers, as words that are stored at once.
//!
//! Digits are looked up by threes: a table of a thousand numbers is small enough to stay near, and
//! most numbers of a report have six digits at most. This module refuses to know where they go.

/// One more than the largest number of six digits.
pub(super) const MILLION: u64 = 1_000_000;

/// The three digits of each number below a thousand, the first in the lowest byte; and in the highest
/// how many bits of zeros stand in front of it.
const THREES: [u32; 1000] = {
    let mut table = [0; 1000];
    let mut number = 0;
    while number < table.len() {
        let digits = [number / 100, number / 10 % 10, number % 10];
        let zeros = match number {
            0..10 => 16,
            10..100 => 8,
            _ => 0,
        };
        table[number] =
            u32::from_le_bytes([b'0' + digits[0] as u8, b'0' + digits[1] as u8, b'0' + digits[2] as u8, zeros]);
        number += 1;
    }
    table
};

#[inline]
fn entry(number: u64) -> u64 {
    THREES.get(number as usize).copied().unwrap_or_default().into()
}

/// The three digits of a number below a thousand, the first in the lowest byte.
#[inline]
pub(super) fn three(number: u64) -> u64 {
    entry(number) & 0x00ff_ffff
}

/// The six digits of a number below a [`MILLION`], the first in the lowest byte.
#[inline]
pub(super) fn six(number: u64) -> u64 {
    three(number / 1000) | three(number % 1000) << 24
}

/// The digits of a number below a [`MILLION`] without zeros in front, the first in the lowest byte,
/// and how many they are.
#[inline]
pub(super) fn of(number: u64) -> (u64, usize) {
    let (above, below) = (number / 1000, number % 1000);
    let (digits, count, first) = if above == 0 { (three(below), 3, below) } else { (six(number), 6, above) };
    let zeros = entry(first) >> 24;
    (digits >> zeros, count - zeros as usize / 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(digits: u64, count: usize) -> String {
        String::from_utf8(digits.to_le_bytes()[..count].to_vec()).unwrap()
    }

    #[test]
    fn every_number() {
        for number in 0..MILLION {
            let (digits, count) = of(number);
            assert_eq!(text(digits, count), number.to_string());
            assert_eq!(text(six(number), 6), format!("{number:06}"));
        }
        for number in 0..1000 {
            assert_eq!(text(three(number), 3), format!("{number:03}"));
        }
    }
}
