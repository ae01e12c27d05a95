//! Knows which numbers can be somebody's: payment cards, bank accounts, social security, phones.
//!
//! Ranges and check digits, nothing else. It refuses to know whether the number is in use.

/// The decimal digits of `text`, with spaces, dashes and dots left out; `None` where something
/// else stands between them.
fn decimals(text: &[u8]) -> Option<Vec<u8>> {
    text.iter()
        .filter(|byte| !matches!(byte, b' ' | b'-' | b'.'))
        .map(|byte| byte.is_ascii_digit().then(|| byte - b'0'))
        .collect()
}

/// The value of the first `count` digits.
fn leading(digits: &[u8], count: usize) -> u32 {
    digits.iter().take(count).fold(0, |value, &digit| value * 10 + u32::from(digit))
}

/// Whether the check digit is right by Luhn's formula (ISO/IEC 7812-1, annex B).
pub(super) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, &digit)| match (at % 2, u32::from(digit) * 2) {
            (0, _) => u32::from(digit),
            (_, double) => double / 10 + double % 10,
        })
        .sum();
    !digits.is_empty() && sum.is_multiple_of(10)
}

/// The name of the network whose range the digits are in.
pub(super) fn card_network(digits: &[u8]) -> Option<&'static str> {
    let (two, three, four, six) = (leading(digits, 2), leading(digits, 3), leading(digits, 4), leading(digits, 6));
    match digits.len() {
        15 if matches!(two, 34 | 37) => Some("American Express"),
        14..=16 if matches!(two, 36 | 38 | 39) || matches!(three, 300..=305 | 309) => Some("Diners Club"),
        16 if matches!(two, 51..=55) || matches!(four, 2221..=2720) => Some("Mastercard"),
        16 | 19 if matches!(three, 644..=649) || four == 6011 || two == 65 => Some("Discover"),
        16 if matches!(four, 3528..=3589) => Some("JCB"),
        16 if matches!(four, 2200..=2204) => Some("Mir"),
        16 | 19 if two == 62 => Some("UnionPay"),
        16 if matches!(six, 508_500..=508_999 | 606_985..=607_984 | 608_001..=608_500) => Some("RuPay"),
        13 | 16 | 19 if digits.first() == Some(&4) => Some("Visa"),
        12..=19 if matches!(four, 5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763) => Some("Maestro"),
        _ => None,
    }
}

pub(super) fn card(text: &[u8]) -> bool {
    decimals(text).is_some_and(|digits| {
        let distinct = (0..10).filter(|digit| digits.contains(digit)).count();
        distinct > 1 && luhn(&digits) && card_network(&digits).is_some()
    })
}

/// Country and length of an IBAN (SWIFT, "IBAN Registry").
#[rustfmt::skip]
const IBAN_LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24), (b"AE", 23), (b"AL", 28), (b"AT", 20), (b"AZ", 28), (b"BA", 20), (b"BE", 16), (b"BG", 22),
    (b"BH", 22), (b"BI", 27), (b"BR", 29), (b"BY", 28), (b"CH", 21), (b"CR", 22), (b"CY", 28), (b"CZ", 24),
    (b"DE", 22), (b"DJ", 27), (b"DK", 18), (b"DO", 28), (b"EE", 20), (b"EG", 29), (b"ES", 24), (b"FI", 18),
    (b"FK", 18), (b"FO", 18), (b"FR", 27), (b"GB", 22), (b"GE", 22), (b"GI", 23), (b"GL", 18), (b"GR", 27),
    (b"GT", 28), (b"HN", 28), (b"HR", 21), (b"HU", 28), (b"IE", 22), (b"IL", 23), (b"IQ", 23), (b"IS", 26),
    (b"IT", 27), (b"JO", 30), (b"KW", 30), (b"KZ", 20), (b"LB", 28), (b"LC", 32), (b"LI", 21), (b"LT", 20),
    (b"LU", 20), (b"LV", 21), (b"LY", 25), (b"MC", 27), (b"MD", 24), (b"ME", 22), (b"MK", 19), (b"MN", 20),
    (b"MR", 27), (b"MT", 31), (b"MU", 30), (b"NI", 28), (b"NL", 18), (b"NO", 15), (b"OM", 23), (b"PK", 24),
    (b"PL", 28), (b"PS", 29), (b"PT", 25), (b"QA", 29), (b"RO", 24), (b"RS", 22), (b"RU", 33), (b"SA", 24),
    (b"SC", 31), (b"SD", 18), (b"SE", 24), (b"SI", 19), (b"SK", 24), (b"SM", 27), (b"SO", 23), (b"ST", 25),
    (b"SV", 28), (b"TL", 23), (b"TN", 24), (b"TR", 26), (b"UA", 29), (b"VA", 22), (b"VG", 24), (b"XK", 20),
    (b"YE", 30),
];

pub(super) fn iban(text: &[u8]) -> bool {
    let text: Vec<u8> = text.iter().filter(|byte| !matches!(byte, b' ' | b'-')).map(u8::to_ascii_uppercase).collect();
    let Some((country, account)) = text.split_first_chunk::<2>() else { return false };
    if !IBAN_LENGTHS.iter().any(|(name, length)| *name == country && *length == text.len()) {
        return false;
    }
    let Some((sum, account)) = account.split_first_chunk::<2>() else { return false };
    // ISO 13616: the first four characters go last, letters count from 10.
    let rest = account.iter().chain(country).chain(sum).try_fold(0_u32, |rest, &byte| match byte {
        b'0'..=b'9' => Some((rest * 10 + u32::from(byte - b'0')) % 97),
        b'A'..=b'Z' => Some((rest * 100 + u32::from(byte - b'A') + 10) % 97),
        _ => None,
    });
    sum.iter().all(u8::is_ascii_digit) && rest == Some(1)
}

/// Area 000, 666 and 900 to 999, group 00 and serial 0000 are never given out (SSA, "Randomization").
pub(super) fn ssn(text: &[u8]) -> bool {
    let Some(digits) = decimals(text) else { return false };
    let (area, group) = (leading(&digits, 3), leading(digits.get(3..).unwrap_or_default(), 2));
    let serial = leading(digits.get(5..).unwrap_or_default(), 4);
    // Numbers that were printed in advertisements and belong to nobody.
    let printed =
        matches!((area, group, serial), (78, 5, 1120) | (219, 9, 9999) | (123, 45, 6789) | (987, 65, 4320..=4329));
    digits.len() == 9 && !matches!(area, 0 | 666 | 900..) && group != 0 && serial != 0 && !printed
}

/// Country codes of one, two and three digits (ITU-T E.164, list of assigned codes).
fn country_code(digits: &[u8]) -> bool {
    let (two, three) = (leading(digits, 2), leading(digits, 3));
    matches!(digits.first(), Some(1 | 7))
        || matches!(
            two,
            20 | 27 | 30..=34 | 36 | 39..=41 | 43..=49 | 51..=58 | 60..=66 | 81 | 82 | 84 | 86 | 90..=95 | 98
        )
        || matches!(
            three,
            211..=213 | 216 | 218 | 220..=258 | 260..=269 | 290 | 291 | 297..=299 | 350..=359 | 370..=378 | 380..=383 | 385..=387
                | 389 | 420 | 421 | 423 | 500..=509 | 590..=599 | 670 | 672..=683 | 685..=692 | 850 | 852 | 853 | 855 | 856
                | 880 | 886 | 960..=968 | 970..=977 | 992..=996 | 998
        )
}

pub(super) fn phone(text: &[u8]) -> bool {
    let Some(digits) = text.strip_prefix(b"+").and_then(decimals) else { return false };
    // NANP: neither area code nor exchange begins with 0 or 1, and 555-01xx is for films.
    let nanp = digits.first() != Some(&1)
        || (digits.len() == 11
            && digits.get(1).is_some_and(|&digit| digit > 1)
            && digits.get(4).is_some_and(|&digit| digit > 1)
            && digits.get(4..9) != Some(&[5, 5, 5, 0, 1]));
    (8..=15).contains(&digits.len()) && country_code(&digits) && nanp
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(test: fn(&[u8]) -> bool, right: &[&str], wrong: &[&str]) {
        for text in right {
            assert!(test(text.as_bytes()), "{text:?}");
        }
        for text in wrong {
            assert!(!test(text.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn cards_have_a_range_and_a_check_digit() {
        run(
            card,
            // The networks' own test numbers.
            &[
                "4111111111111111",
                "4012 8888 8888 1881",
                "5555-5555-5555-4444",
                "2223003122003222",
                "378282246310005",
                "30569309025904",
                "6011111111111117",
                "3530111333300000",
                "6200000000000005",
                "2200000000000053",
                "6759649826438453",
            ],
            &["4111111111111112", "1234567890123452", "0000000000000000", "411111111111111a", "", "4"],
        );
    }

    #[test]
    fn ibans_have_a_length_and_a_remainder() {
        run(
            iban,
            // The registry's own examples.
            &[
                "DE89370400440532013000",
                "GB29 NWBK 6016 1331 9268 19",
                "NO9386011117947",
                "MT84MALT011000012345MTLCAST001S",
                "FR1420041010050500013M02606",
                "BR1800360305000010009795493C1",
            ],
            &[
                "DE89370400440532013001",
                "DE8937040044053201300",
                "XX89370400440532013000",
                "GB29 NWBK 6016 1331 9268 1",
                "DE",
                "",
            ],
        );
    }

    #[test]
    fn social_security_numbers_can_have_been_given_out() {
        run(
            ssn,
            &["536-22-4417", "536224417"],
            &["000-12-3456", "666-12-3456", "900-12-3456", "536-00-4417", "536-22-0000", "078-05-1120", "53622441", ""],
        );
    }

    #[test]
    fn phones_have_a_country() {
        run(
            phone,
            &["+493012345678", "+12125551234", "+44 20 7946 0958", "+85221234567"],
            &[
                "+210123456789",
                "+12025550143",
                "+11234567890",
                "+1212555123",
                "493012345678",
                "+49",
                "+1234567890123456",
                "",
            ],
        );
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(text in proptest::collection::vec(proptest::num::u8::ANY, 0..60)) {
            let _ = (card(&text), iban(&text), ssn(&text), phone(&text));
        }

        #[test]
        fn one_wrong_digit_is_seen_by_luhn(mut digits in proptest::collection::vec(0_u8..10, 2..30), at in 0_usize..30, by in 1_u8..10) {
            let at = at % digits.len();
            let before = luhn(&digits);
            if let Some(digit) = digits.get_mut(at) {
                *digit = (*digit + by) % 10;
            }
            proptest::prop_assert!(!(before && luhn(&digits)));
        }
    }
}
