//! Sizes and durations as people type them: `64`, `1.5M`, `100MB`, `10s`, `1m30s`.
//!
//! This module refuses to know what is measured.

use std::time::Duration;

/// A size in bytes; a number alone counts KiB, as tcpdump's `-B` does.
pub(super) fn kib(text: &str) -> Result<usize, String> {
    bytes(text, 1 << 10)
}

/// A size in bytes; a number alone counts MiB.
pub(super) fn mib(text: &str) -> Result<usize, String> {
    bytes(text, 1 << 20)
}

/// A duration; a number alone counts seconds.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let needed = || "a duration is needed, such as 10s, 1m30s or 0.5".to_owned();
    let text = text.trim();
    if !text.ends_with(|c: char| c.is_ascii_alphabetic()) {
        return seconds(text, 1.0).filter(|all| !all.is_zero()).ok_or_else(needed);
    }
    let (mut all, mut rest) = (Duration::ZERO, text);
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(needed)?);
        let (unit, after) = after.split_at(after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len()));
        let unit = match unit {
            "ms" => 0.001,
            "s" | "sec" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return Err(needed()),
        };
        all = seconds(number, unit).and_then(|part| all.checked_add(part)).ok_or_else(needed)?;
        rest = after;
    }
    if all.is_zero() { Err(needed()) } else { Ok(all) }
}

fn seconds(number: &str, unit: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(decimal(number)? * unit).ok()
}

/// A positive size in bytes, `alone` being the unit of a number without one.
fn bytes(text: &str, alone: u64) -> Result<usize, String> {
    let needed = || "a size is needed, such as 512MiB, 64k or 1.5G".to_owned();
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len()));
    let unit = match unit.to_ascii_lowercase().as_str() {
        "" => alone,
        "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        _ => return Err(needed()),
    };
    // Whole numbers stay exact.
    let bytes = match number.trim().parse::<u64>() {
        Ok(whole) => whole.checked_mul(unit),
        Err(_) => decimal(number.trim()).and_then(|number| rounded(number * unit as f64)),
    };
    bytes.and_then(|bytes| usize::try_from(bytes).ok()).filter(|bytes| *bytes > 0).ok_or_else(needed)
}

/// Up to 2^53; beyond it not every number of bytes has its own `f64`.
#[allow(clippy::cast_sign_loss)] // checked
fn rounded(bytes: f64) -> Option<u64> {
    (0.0..=9_007_199_254_740_992.0).contains(&bytes).then(|| bytes.round() as u64)
}

/// A number of digits with at most one point: no sign, no exponent, no infinity.
fn decimal(text: &str) -> Option<f64> {
    let digits = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, want) in [
            ("64", Some(64 << 10)),
            ("64k", Some(64 << 10)),
            ("64KiB", Some(64 << 10)),
            ("64 kB", Some(64_000)),
            ("1.5M", Some(3 << 19)),
            ("2g", Some(2 << 30)),
            ("100b", Some(100)),
            ("0", None),
            ("0.1b", None),
            ("", None),
            ("k", None),
            ("-1", None),
            ("1e3", None),
            ("1.2.3k", None),
            ("inf", None),
            ("7 foxes", None),
            ("99999999999999999999", None),
            ("18446744073709551615k", None),
            ("9999999999.5T", None),
        ] {
            assert_eq!(kib(text).ok(), want, "{text}");
        }
        assert_eq!(mib("3"), Ok(3 << 20));
    }

    #[test]
    fn durations() {
        for (text, want) in [
            ("10", Some(10_000)),
            ("10s", Some(10_000)),
            ("0.5", Some(500)),
            ("250ms", Some(250)),
            ("1m", Some(60_000)),
            ("1m30s", Some(90_000)),
            ("1h", Some(3_600_000)),
            ("2d", Some(172_800_000)),
            ("", None),
            ("0", None),
            ("0s", None),
            ("s", None),
            ("-1s", None),
            ("1y", None),
            ("1m30", None),
            ("1e999", None),
            ("99999999999999999999999d", None),
        ] {
            assert_eq!(duration(text).ok(), want.map(Duration::from_millis), "{text}");
        }
    }
}
