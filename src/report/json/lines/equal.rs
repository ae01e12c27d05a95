//! What is written without `fmt`, for the sake of speed, against what `fmt` writes.

use crate::decode::Endpoint;
use crate::packet::Timestamp;
use crate::report::json::value::Buffer;
use proptest::prelude::*;
use std::net::IpAddr;

/// Times, many of them close to the one before, as a capture has them.
fn times() -> impl Strategy<Value = Vec<(i64, u8)>> {
    let step = prop_oneof![
        2 => Just(0),
        4 => -2_000_000_i64..2_000_000,
        2 => -3_000_000_000_i64..3_000_000_000,
        1 => any::<i64>(),
    ];
    let digits = prop_oneof![4 => Just(6_u8), 2 => Just(9), 2 => 0..=9_u8];
    (any::<i64>(), prop::collection::vec((step, digits), 1..30)).prop_map(|(first, steps)| {
        let mut nanos = first;
        let next = |(step, digits)| {
            nanos = i64::wrapping_add(nanos, step);
            (nanos, digits)
        };
        steps.into_iter().map(next).collect()
    })
}

proptest! {
    #[test]
    fn times_are_written_as_they_are_displayed(times in times()) {
        let mut buffer = Buffer::default();
        let mut want = Vec::new();
        for (nanos, digits) in times {
            let time = Timestamp::from_nanos(nanos, digits);
            buffer.time(",", time);
            want.push(format!(",\"{time}\""));
        }
        prop_assert_eq!(String::from_utf8_lossy(buffer.bytes.as_slice()), want.concat());
    }

    #[test]
    fn ends_are_written_as_they_are_displayed(ends in prop::collection::vec((any::<IpAddr>(), any::<u16>()), 1..20)) {
        let mut buffer = Buffer::default();
        let mut want = Vec::new();
        for (address, port) in ends {
            let endpoint = Endpoint { address, port };
            buffer.endpoint(",", endpoint);
            want.push(format!(",\"{endpoint}\""));
        }
        prop_assert_eq!(String::from_utf8_lossy(buffer.bytes.as_slice()), want.concat());
    }

    #[test]
    fn numbers_are_written_as_they_are_displayed(numbers in prop::collection::vec(prop_oneof![any::<u64>(), 0..2_000_000_u64], 1..40)) {
        let mut buffer = Buffer::default();
        let mut want = Vec::new();
        for number in numbers {
            buffer.number(",", number);
            want.push(format!(",{number}"));
        }
        prop_assert_eq!(String::from_utf8_lossy(buffer.bytes.as_slice()), want.concat());
    }
}
