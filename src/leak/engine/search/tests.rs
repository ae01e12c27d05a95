//! The engine against the plain way: each rule run over the whole text.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::leak::engine::packed;
use crate::leak::engine::{Sighting, Stream, Window};
use crate::leak::quota::Unkept;
use crate::leak::rule::named;
use crate::leak::{http_rules, rule};
use crate::packet::{PacketId, Place};
use proptest::prelude::*;
use regex::bytes::RegexBuilder;
use std::sync::LazyLock;

/// Looks for all words everywhere.
static PLAIN: LazyLock<Engine> = LazyLock::new(|| {
    let engine = Engine::new(rule::defaults().unwrap(), http_rules::ROOTS);
    engine.near.set(None).unwrap();
    engine
});

/// Looks for most words near tokens.
static NEAR: LazyLock<Engine> = LazyLock::new(|| {
    let engine = Engine::new(rule::defaults().unwrap(), http_rules::ROOTS);
    engine.build_token_filter();
    engine
});

/// All examples of all rules, without their marks.
static LINES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let rules = rule::with_examples().unwrap();
    let all = rules.iter().filter(|rule| rule.family != "pii");
    all.flat_map(|rule| rule.examples.found.iter().chain(&rule.examples.quiet).cloned().collect::<Vec<_>>())
        .map(|line| line.replace(['«', '»'], ""))
        .collect()
});

type Found = (String, u64, u64);

/// What the engine finds in `text` when it comes in pieces of the given sizes.
fn in_pieces(engine: &Engine, text: &[u8], sizes: &mut dyn Iterator<Item = usize>) -> Vec<Found> {
    in_pieces_by([engine, engine], text, sizes)
}

/// The same, where another engine of the same rules goes on after the first piece.
fn in_pieces_by([first, next]: [&Engine; 2], text: &[u8], sizes: &mut dyn Iterator<Item = usize>) -> Vec<Found> {
    let (mut window, mut stream, mut found, mut engine) = (Window::default(), Stream::default(), Vec::new(), first);
    let (mut rest, mut at) = (text, 0_usize);
    while !rest.is_empty() {
        let (piece, later) = rest.split_at(sizes.next().unwrap_or(usize::MAX).clamp(1, rest.len()));
        // The packet's number tells where the piece began.
        let place = Place { packet: PacketId::new(0, at as u64), offset: Some(7), ..Place::default() };
        window.push(piece, place);
        let before = found.len();
        stream.advance(engine, window.view(), later.is_empty(), &mut found);
        for sighting in &found[before..] {
            let place = window.place(sighting.span.start);
            assert_eq!(place.packet.number() + u64::from(place.offset.unwrap()) - 7, sighting.span.start);
        }
        window.forget_before(stream.needed(window.view()));
        at += piece.len();
        (rest, engine) = (later, next);
    }
    names(engine, text, found)
}

fn names(engine: &Engine, text: &[u8], found: Vec<Sighting>) -> Vec<Found> {
    let mut found = found;
    found.sort_by_key(Sighting::order);
    found
        .into_iter()
        .map(|sighting| {
            let span = sighting.span.start as usize..sighting.span.end as usize;
            assert_eq!(text.get(span), Some(&sighting.secret[..]));
            (engine.rule(sighting.rule).unwrap().id.clone(), sighting.span.start, sighting.span.end)
        })
        .collect()
}

/// What each rule's expression alone finds in a line that has one of the rule's keywords: tried at every
/// place, without anything that rules places out.
fn by_rules_alone(line: &str) -> Vec<Found> {
    let (text, lower) = (line.as_bytes(), line.to_ascii_lowercase());
    let compile = |expression: &str| RegexBuilder::new(expression).unicode(false).build().unwrap();
    let mut all = Vec::new();
    for rule in PLAIN.rules().filter(|rule| rule.keywords.iter().any(|word| lower.contains(word))) {
        let (regex, allow) = (compile(&rule.expression), rule.allow.as_deref().map(compile));
        let mut at = 0;
        while let Some(groups) = (at <= text.len()).then(|| regex.captures_at(text, at)).flatten() {
            let whole = groups.get(0).unwrap().range();
            let secret = groups.get(rule.secret_group).map_or(whole.clone(), |group| group.range());
            let excused = allow.as_ref().is_some_and(|allow| allow.is_match(&text[named(text, &whole)]));
            at = if rule.accepts(&text[secret.clone()]) && !excused {
                all.push((rule.id.clone(), secret.start as u64, secret.end as u64));
                whole.end.max(whole.start + 1)
            } else {
                // What was no secret may yet name the one behind it.
                secret.start.max(whole.start + 1)
            };
        }
    }
    all.sort();
    all
}

#[test]
fn every_example_is_found_as_the_rule_alone_finds_it() {
    let mut wrong = Vec::new();
    for line in LINES.iter() {
        let text = line.as_bytes();
        let want = by_rules_alone(line);
        for engine in [&*PLAIN, &*NEAR] {
            let mut got = names(engine, text, engine.find(text, &mut Unkept::default()));
            got.sort();
            if got != want {
                wrong.push(format!("{line}\n   got {got:?}\n  want {want:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), LINES.len(), wrong.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Of examples, of which some bytes changed: what the search rules out, no expression matches.
    #[test]
    fn damaged_examples_are_found_as_the_rule_alone_finds_them(
        lines in prop::collection::vec(prop::sample::select(LINES.as_slice()), 1..3),
        damage in prop::collection::vec((any::<prop::sample::Index>(), b' '..=b'~'), 0..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut text: Vec<u8> = lines.concat().bytes().filter(u8::is_ascii).collect();
        for (at, byte) in damage {
            let at = at.index(text.len());
            text[at] = byte;
        }
        let line = String::from_utf8(text.split_off(cut.index(8).min(text.len() - 1))).unwrap();
        let want = by_rules_alone(&line);
        for engine in [&*PLAIN, &*NEAR] {
            let mut got = names(engine, line.as_bytes(), engine.find(line.as_bytes(), &mut Unkept::default()));
            got.sort();
            prop_assert_eq!(&got, &want, "{}", line);
        }
    }

    #[test]
    fn cutting_changes_nothing(
        lines in prop::collection::vec(prop::sample::select(LINES.as_slice()), 1..12),
        pads in prop::collection::vec(0usize..700, 12),
        cuts in prop::collection::vec(prop_oneof![1usize..20, 1usize..600, 1000usize..3000], 1..60),
    ) {
        let mut text = Vec::new();
        for (line, pad) in lines.iter().zip(pads) {
            let filler: &[u8; 12] = if pad % 3 == 0 { b"loremIpsum/1" } else { b"lorem ipsum " };
            text.extend(std::iter::repeat_n(filler, pad / 12).flatten());
            text.extend_from_slice(line.as_bytes());
            text.push(b'\n');
        }
        let want = in_pieces(&PLAIN, &text, &mut std::iter::empty());
        for engine in [&*PLAIN, &*NEAR] {
            let got = in_pieces(engine, &text, &mut cuts.iter().copied().cycle());
            prop_assert_eq!(&got, &want);
            let bytewise = in_pieces(engine, &text, &mut std::iter::repeat(1));
            prop_assert_eq!(&bytewise, &want);
        }
    }
}

#[test]
fn what_comes_behind_a_text_full_of_tokens_is_found() {
    let line = |n: usize| LINES.get(n * 7 % LINES.len()).cloned().unwrap_or_default();
    for (n, size) in (0..40).zip([1, 100, 500, 1448, 4096].into_iter().cycle()) {
        // As long as such texts are not asked again, and a little more.
        let mut text: Vec<u8> = b"loremIpsum1/".iter().copied().cycle().take((68 << 10) + 7 * n).collect();
        for part in 0..4 {
            text.extend_from_slice(format!(" {}\n", line(4 * n + part)).as_bytes());
            text.extend(b"lorem ipsum ".iter().cycle().take(200 * part));
        }
        let want = in_pieces(&PLAIN, &text, &mut std::iter::empty());
        assert_eq!(in_pieces(&NEAR, &text, &mut std::iter::repeat(size)), want, "{n}");
    }
}

/// The faster search may be made at any time.
#[test]
fn a_text_may_be_begun_by_one_search_and_gone_on_with_by_the_other() {
    let mut differ = Vec::new();
    for line in LINES.iter() {
        let text = line.as_bytes();
        let want = in_pieces(&PLAIN, text, &mut std::iter::empty());
        for cut in (1..text.len()).step_by(5) {
            if in_pieces_by([&PLAIN, &NEAR], text, &mut std::iter::once(cut)) != want {
                differ.push((line, cut));
            }
        }
    }
    assert!(differ.is_empty(), "{differ:?}");
}

#[test]
fn rules_say_truly_whether_their_matches_hold_a_token() {
    let rules = rule::with_examples().unwrap().into_iter().map(Machine::new);
    let wrong = rules.filter(|machine| machine.rule.holds_token != Some(machine.analyse_token()));
    let wrong: Vec<String> = wrong.map(|machine| machine.rule.id).collect();
    assert!(wrong.is_empty(), "the other way round: {}", wrong.join(" "));
}

#[test]
fn most_rules_need_a_token_where_the_processor_helps_to_find_it() {
    let holds = NEAR.machines.iter().filter(|machine| machine.holds_token()).count();
    assert!(holds * 100 >= NEAR.machines.len() * 78, "{holds} of {}", NEAR.machines.len());
    assert_eq!(NEAR.near.get().unwrap().is_some(), packed::can());
}
