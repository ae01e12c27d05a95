//! Times written out, most of which are much like the one before.
//!
//! This module refuses to know what happened then.

use crate::packet::Timestamp;
use crate::report::digits;
use crate::report::page::store;

const NANOS: i64 = 1_000_000_000;

/// How long a time is up to its seconds, in bytes: nanoseconds since 1970 have room for years of four digits.
const SECOND: usize = "2026-11-23T20:49:53".len();

/// The longest time, in quotes.
const LONGEST: usize = "\"2026-11-23T20:49:53.000059123Z\"".len();

/// The time that was written last, as a JSON string. A message mostly begins and ends with the same
/// packet, and most packets differ from the one before in the fraction of a second only.
#[derive(Debug)]
pub(super) struct Clock {
    time: Timestamp,
    /// Its second since 1970.
    second: i64,
    text: [u8; LONGEST],
    len: usize,
}

impl Default for Clock {
    fn default() -> Self {
        let time = Timestamp::from_nanos(0, 0);
        let mut clock = Self { time, second: 0, text: [0; LONGEST], len: 0 };
        clock.turn(time);
        clock.show(time);
        clock
    }
}

impl Clock {
    /// A time in RFC 3339 with the capture's own resolution, in quotes; and how many bytes of it count.
    #[inline]
    pub(super) fn text(&mut self, time: Timestamp) -> (&[u8; LONGEST], usize) {
        if self.time != time {
            self.show(time);
        }
        (&self.text, self.len)
    }

    fn show(&mut self, time: Timestamp) {
        let (second, fraction) = (time.nanos().div_euclid(NANOS), time.nanos().rem_euclid(NANOS).unsigned_abs());
        if self.second != second {
            self.second = second;
            self.turn(time);
        }
        self.time = time;
        let mut end = 1 + SECOND;
        if time.digits() > 0 {
            store(&mut self.text, end, b".");
            store(&mut self.text, end + 1, &digits::six(fraction / 1000).to_le_bytes());
            if time.digits() > 6 {
                let [first, second, third, _] = (digits::three(fraction % 1000) as u32).to_le_bytes();
                store(&mut self.text, end + 7, &[first, second, third]);
            }
            end += 1 + usize::from(time.digits());
        }
        store(&mut self.text, end, b"Z\"");
        self.len = end + 2;
    }

    /// Writes what stands before the fraction.
    #[cold]
    fn turn(&mut self, time: Timestamp) {
        let text = Timestamp::from_nanos(time.nanos(), 0).to_string();
        store(&mut self.text, 0, b"\"");
        if let Some(text) = text.as_bytes().first_chunk::<SECOND>() {
            store(&mut self.text, 1, text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_their_digits() {
        let mut clock = Clock::default();
        for (nanos, digits) in [
            (0, 0),
            (1_795_467_000_000_059_000, 6),
            (1_795_467_000_000_059_000, 6),
            (1_795_467_000_000_059_000, 7),
            (1_795_467_000_100_000_001, 9),
            (1_795_467_000_900_000_001, 0),
            (1_795_467_000_900_000_001, 1),
            (-1, 3),
            (i64::MIN, 9),
            (i64::MAX, 1),
            (i64::MAX, 8),
        ] {
            let time = Timestamp::from_nanos(nanos, digits);
            let (text, len) = clock.text(time);
            assert_eq!(String::from_utf8_lossy(&text[..len]), format!("\"{time}\""));
        }
    }
}
