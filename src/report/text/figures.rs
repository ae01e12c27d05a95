//! Sizes, durations and times as people read them.
//!
//! This module refuses to know what was measured.

use crate::packet::Timestamp;

/// Bytes in the largest unit of a thousand that leaves at least one: `11 B`, `1.5 kB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    // 999.95 and more would be rounded to 1000.0.
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// A duration in nanoseconds with two or three digits that count: `59 µs`, `1.2 ms`, `3.4 s`,
/// `2 min 5 s`.
pub fn duration(nanos: u64) -> String {
    match nanos {
        0..1_000 => format!("{nanos} ns"),
        1_000..999_500 => format!("{:.0} µs", nanos as f64 / 1e3),
        999_500..999_950_000 => format!("{:.1} ms", nanos as f64 / 1e6),
        999_950_000..59_950_000_000 => format!("{:.1} s", nanos as f64 / 1e9),
        _ => {
            let seconds = nanos / 1_000_000_000;
            format!("{} min {} s", seconds / 60, seconds % 60)
        }
    }
}

/// The date of a time in UTC, `2026-11-23`, and its time of day down to microseconds,
/// `20:49:53.000059`.
pub fn date_and_time(time: Timestamp) -> (String, String) {
    let text = Timestamp::from_nanos(time.nanos(), time.digits().min(6)).to_string();
    match text.trim_end_matches('Z').split_once('T') {
        Some((date, time)) => (date.to_owned(), time.to_owned()),
        None => (String::new(), text),
    }
}

/// `1 leak`, `2 leaks`.
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        for (bytes, want) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (4_700_000_000, "4.7 GB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(size(bytes), want);
        }
        for (nanos, want) in [
            (0, "0 ns"),
            (59_400, "59 µs"),
            (999_499, "999 µs"),
            (999_500, "1.0 ms"),
            (1_200_000, "1.2 ms"),
            (999_949_999, "999.9 ms"),
            (999_950_000, "1.0 s"),
            (59_949_999_999, "59.9 s"),
            (125_000_000_000, "2 min 5 s"),
        ] {
            assert_eq!(duration(nanos), want);
        }
        let time = Timestamp::from_nanos(1_795_466_993_000_059_123, 9);
        assert_eq!(date_and_time(time), ("2026-11-23".to_owned(), "20:49:53.000059".to_owned()));
        assert_eq!(count(1, "leak", "leaks") + &count(2, "leak", "leaks"), "1 leak2 leaks");
    }
}
