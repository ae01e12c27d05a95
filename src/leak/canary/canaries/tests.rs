//! Every disguise, alone and two deep, whole and cut anywhere.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::leak::canary::stream::Stream;
use crate::packet::{PacketId, Place};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Encodes a text; `choice` gives the choices that the encoding leaves to the sender.
type Encode = fn(&[u8], &mut dyn FnMut() -> bool) -> Vec<u8>;

/// Escapes some bytes, at least one, and always those in `must`.
fn bytes(text: &[u8], some: &mut dyn FnMut() -> bool, must: &[u8], escape: impl Fn(u8) -> Vec<u8>) -> Vec<u8> {
    let mut any = false;
    let mut out = Vec::new();
    for (at, &byte) in text.iter().enumerate() {
        // What is not ASCII cannot be left as it is.
        if some() || must.contains(&byte) || !byte.is_ascii() || (at + 1 == text.len() && !any) {
            any = true;
            out.extend(escape(byte));
        } else {
            out.push(byte);
        }
    }
    out
}

/// As [`bytes`], but whole letters where the text has some.
fn letters(text: &[u8], some: &mut dyn FnMut() -> bool, must: &[u8], escape: impl Fn(u32) -> String) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(text) else {
        // What is no text has no letters but those of ASCII.
        return bytes(text, some, must, |byte| {
            if byte.is_ascii() { escape(u32::from(byte)).into_bytes() } else { vec![byte] }
        });
    };
    let mut any = false;
    let mut out = String::new();
    for (at, letter) in text.char_indices() {
        if some() || must.contains(&(letter as u8)) || (at + letter.len_utf8() == text.len() && !any) {
            any = true;
            out.push_str(&escape(letter as u32));
        } else {
            out.push(letter);
        }
    }
    out.into_bytes()
}

fn wide(text: &[u8], unit: impl Fn(u16) -> [u8; 2]) -> Vec<u8> {
    match std::str::from_utf8(text) {
        Ok(text) => text.encode_utf16().flat_map(unit).collect(),
        Err(_) => text.iter().flat_map(|byte| unit(u16::from(*byte))).collect(),
    }
}

const ENCODINGS: &[(&str, Encode)] = &[
    ("base64", |text, _| STANDARD.encode(text).into_bytes()),
    ("base64", |text, _| URL_SAFE_NO_PAD.encode(text).into_bytes()),
    ("hex", |text, _| text.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()),
    ("hex", |text, _| text.iter().flat_map(|byte| format!("{byte:02X}").into_bytes()).collect()),
    ("percent", |text, some| bytes(text, some, b"%", |byte| format!("%{byte:02X}").into_bytes())),
    ("percent", |text, some| bytes(text, some, b"%", |byte| format!("%{byte:02x}").into_bytes())),
    ("json", |text, some| letters(text, some, b"\\\"", |letter| format!("\\u{letter:04x}"))),
    ("html", |text, some| letters(text, some, b"&", |letter| format!("&#{letter};"))),
    ("html", |text, some| letters(text, some, b"&", |letter| format!("&#x{letter:X};"))),
    ("quoted-printable", |text, some| bytes(text, some, b"=", |byte| format!("={byte:02X}").into_bytes())),
    ("utf-16", |text, _| wide(text, u16::to_le_bytes)),
    ("utf-16", |text, _| wide(text, u16::to_be_bytes)),
];

fn canaries(text: &str, ignore_case: bool) -> Canaries {
    Canaries::new(vec![Canary::plain(text)], ignore_case).unwrap()
}

fn place(packet: u64) -> Place {
    Place { packet: PacketId::new(0, packet), offset: Some(100), ..Place::default() }
}

/// What is found in `text` when it comes in pieces of the given sizes: span, packet, encodings.
fn in_pieces(canaries: &Canaries, text: &[u8], sizes: &mut dyn Iterator<Item = usize>) -> Vec<(u64, u64, String)> {
    let (mut stream, mut found) = (Stream::default(), Vec::new());
    let (mut rest, mut at) = (text, 0);
    while !rest.is_empty() {
        let (piece, later) = rest.split_at(sizes.next().unwrap_or(usize::MAX).clamp(1, rest.len()));
        // The packet's number tells where the piece began.
        stream.feed(canaries, piece, place(at), &mut found);
        at += piece.len() as u64;
        rest = later;
    }
    stream.finish(canaries, &mut found);
    // Which of two is told first may depend on what has come by then.
    found.sort_by_key(|sighting| (sighting.span.start, sighting.span.end));
    for sighting in &found {
        let start = sighting.span.start;
        assert!(sighting.place.packet.number() <= start);
        if let Some(offset) = sighting.place.offset {
            assert_eq!(sighting.place.packet.number() + u64::from(offset) - 100, start);
        }
        assert_eq!(sighting.place.offset.is_some(), sighting.via.is_empty());
    }
    found.into_iter().map(|sighting| (sighting.span.start, sighting.span.end, sighting.via.join(" > "))).collect()
}

/// All disguises of `text`: alone and two deep, with `choices` for the encodings that leave some.
fn disguises(text: &[u8], mut choice: impl FnMut() -> bool) -> Vec<(String, Vec<u8>)> {
    let mut all = vec![(String::new(), text.to_vec())];
    for (inner_name, inner) in ENCODINGS {
        let once = inner(text, &mut choice);
        all.push(((*inner_name).to_owned(), once.clone()));
        for (outer_name, outer) in ENCODINGS {
            let name = if inner_name == outer_name && !["base64", "hex"].contains(inner_name) {
                // The same escape twice is told of once.
                String::from(*inner_name)
            } else {
                format!("{outer_name} > {inner_name}")
            };
            all.push((name, outer(&once, &mut choice)));
        }
    }
    all
}

fn surrounded(before: &str, text: &[u8], after: &str) -> Vec<u8> {
    [before.as_bytes(), text, after.as_bytes()].concat()
}

#[test]
fn every_disguise_is_found_where_it_stands() {
    let mut seed = 1_u32;
    let mut choice = move || {
        seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12345);
        seed >> 16 & 1 == 1
    };
    let mut wrong = Vec::new();
    for text in ["fluffy-tail", "l1ttl3", "käse/brot+9"] {
        let canaries = canaries(text, false);
        for (before, after) in [("", ""), ("say: ", " and so on"), ("\"", "\"")] {
            for (name, disguise) in disguises(text.as_bytes(), &mut choice) {
                let whole = surrounded(before, &disguise, after);
                let got = in_pieces(&canaries, &whole, &mut std::iter::empty());
                let end = before.len() + disguise.len();
                // Padding is no part of it, and of the first and the last letter perhaps nothing.
                let fits = |(start, stop, via): &(u64, u64, String)| {
                    let (start, stop) = (*start as usize, *stop as usize);
                    start.abs_diff(before.len()) <= 6 && stop <= end && stop + 14 >= end && {
                        // Letters that need no removing twice may be told of in either step.
                        let names = |text: &str| text.split(" > ").map(str::to_owned).collect::<BTreeSet<_>>();
                        let (known, got) = (names(&name), names(via));
                        known == got
                    }
                };
                if got.len() != 1 || !got.iter().all(fits) {
                    wrong.push(format!("{text} by {name}: {got:?} in {}", whole.escape_ascii()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn base64_is_found_at_each_alignment_and_in_lines() {
    let canaries = canaries("fluffy-tail-000123", false);
    for before in 0..4 {
        let text =
            format!("{}fluffy-tail-000123 and more of it, so that it is long enough for two lines", &"abcd"[..before]);
        let line = STANDARD.encode(&text);
        let lines: Vec<_> = line.as_bytes().chunks(22).map(|part| String::from_utf8_lossy(part)).collect();
        for encoded in [line.clone(), lines.join("\r\n"), lines.join("\n")] {
            let got = in_pieces(&canaries, encoded.as_bytes(), &mut std::iter::empty());
            assert_eq!(got.iter().map(|(.., via)| via.as_str()).collect::<Vec<_>>(), ["base64"], "{encoded}");
        }
    }
}

#[test]
fn case_is_ignored_on_demand() {
    for (text, exact, any) in [
        ("a FLUFFY-Tail b".to_owned(), 0, 1),
        ("a fluffy-tail b".to_owned(), 1, 1),
        (STANDARD.encode("a Fluffy-TAIL b"), 0, 1),
        ("x 466c756666792d7461696c y".to_owned(), 0, 1),
        ("%46luffy-tai%4c".to_owned(), 0, 1),
        ("fluffy tail".to_owned(), 0, 0),
    ] {
        for (ignore, want) in [(false, exact), (true, any)] {
            let found = in_pieces(&canaries("fluffy-tail", ignore), text.as_bytes(), &mut std::iter::empty());
            assert_eq!(found.len(), want, "{text} {ignore}: {found:?}");
        }
    }
}

#[test]
fn short_texts_are_refused_with_the_reason() {
    let error = Canaries::new(vec![Canary::secret("PIN", "123")], false).unwrap_err();
    assert_eq!(
        error.to_string(),
        "PIN has 3 bytes: a canary needs at least 4, since shorter texts stand everywhere by chance"
    );
    assert!(Canaries::new(vec![Canary::plain("1234")], false).is_ok());
    assert!(Canaries::new(vec![Canary::plain(vec![b'x'; 5000])], false).is_err());
    assert!(Canaries::new(Vec::new(), false).unwrap().is_empty());
}

#[test]
fn a_secret_is_not_shown_by_debug() {
    assert!(!format!("{:?}", Canary::secret("TOKEN", "hunter22")).contains("hunter"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn cutting_changes_nothing(
        picks in prop::collection::vec((0usize..157, 0usize..40), 1..6),
        choices in prop::collection::vec(any::<bool>(), 50),
        cuts in prop::collection::vec(1usize..60, 1..60),
        ignore_case in any::<bool>(),
    ) {
        let canaries = canaries("fluffy-tail", ignore_case);
        let mut choices = choices.iter().copied().cycle();
        let all = disguises(b"fluffy-tail", move || choices.next().unwrap());
        let mut text = Vec::new();
        for (which, pad) in picks {
            text.extend(std::iter::repeat_n(b"x =", pad / 3).flatten());
            text.extend(&all[which % all.len()].1);
            text.push(b' ');
        }
        let want = in_pieces(&canaries, &text, &mut std::iter::empty());
        let got = in_pieces(&canaries, &text, &mut cuts.iter().copied().cycle());
        prop_assert_eq!(&got, &want);
    }

    #[test]
    fn periodic_texts_do_not_depend_on_cuts(
        text in prop::collection::vec(prop::sample::select(&b"ab"[..]), 0..60),
        needle in prop::collection::vec(prop::sample::select(&b"ab"[..]), 4..7),
        cuts in prop::collection::vec(1usize..9, 1..60),
    ) {
        let canaries = Canaries::new(vec![Canary::plain(needle)], false).unwrap();
        let want = in_pieces(&canaries, &text, &mut std::iter::empty());
        prop_assert_eq!(in_pieces(&canaries, &text, &mut cuts.into_iter().cycle()), want);
    }
}
