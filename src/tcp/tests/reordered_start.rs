//! Segments that come before the ones in front of them, where a direction's beginning is not known yet.

use super::*;

#[test]
fn reordering_at_the_start_loses_nothing() {
    let [syn, syn_ack, ack] = opening();
    let [ab, cd, ef] = [c(101, 501, 0, "ab"), c(103, 501, 0, "cd"), c(105, 501, 0, "ef")];
    let answer = s(501, 107, 0, "gh");
    let told = ">abcdef <gh #0";
    for (name, segments, want) in [
        ("mid-stream, the first two swapped", vec![cd, ab, ef, answer], told),
        ("mid-stream, the first three reversed", vec![ef, cd, ab, answer], told),
        ("mid-stream, nobody answers", vec![cd, ab, ef], ">abcdef #0"),
        ("an empty segment first", vec![c(103, 501, 0, ""), ab, cd, ef, answer], told),
        ("a keep-alive probe first", vec![c(100, 501, 0, "X"), ab, cd, ef, answer], ">Xabcdef <gh #0"),
        ("a keep-alive probe second", vec![ab, c(100, 501, 0, "X"), cd, ef, answer], told),
        ("the second segment before the SYN", vec![cd, syn, syn_ack, ack, ab, ef, answer], told),
        ("all segments before the SYN", vec![ef, cd, ab, syn, syn_ack, ack, answer], told),
        ("the SYN last", vec![cd, ab, ef, syn, syn_ack, answer], told),
        ("the SYN/ACK first", vec![syn_ack, cd, ab, syn, ack, ef, answer], told),
        ("swapped behind the SYN", vec![syn, syn_ack, ack, cd, ab, ef, answer], told),
        ("the answer mid-stream acknowledges first", vec![s(501, 101, 0, ""), cd, ab, ef, answer], "<abcdef >gh #0"),
    ] {
        assert_eq!(join(&run(&segments)), want, "{name}");
    }
    // An answer first of all: its stream is named after the server, as nobody knows better.
    let answered = [answer, syn, syn_ack, ack, ab, cd, ef, c(107, 503, 0, "ij"), s(503, 109, 0, "kl")];
    assert_eq!(join(&run(&answered)), "<abcdef >gh <ij >kl #0");
}

#[test]
fn the_start_waits_for_no_more_than_it_must() {
    for (name, segments, told) in [
        ("an acknowledgement", vec![c(101, 501, 0, "ab"), s(501, 103, 0, "")], ">ab"),
        ("an answer", vec![c(101, 501, 0, "ab"), s(501, 103, 0, "cd")], ">ab <cd"),
        ("the handshake's end", vec![c(101, 0, 0, ""), c(101, 0, 0, "ab")], ">ab"),
        (
            "the fourth segment",
            vec![c(101, 0, 0, "ab"), c(103, 0, 0, "cd"), c(105, 0, 0, "ef"), c(107, 0, 0, "gh")],
            ">ab >cd >ef >gh",
        ),
    ] {
        let mut bench = Bench::new();
        let (last, before) = segments.split_last().expect("some");
        for segment in before {
            bench.take(*segment);
        }
        assert_eq!(bench.told(), "", "{name}");
        bench.take(*last);
        assert_eq!(bench.told(), told, "{name}");
    }
    let mut bench = Bench::new();
    bench.take(c(101, 501, 0, "ab"));
    bench.quiet();
    assert_eq!(bench.told(), ">ab", "a quiet time");
    let mut bench = Bench::new();
    bench.take(c(101, 501, 0, "ab"));
    for _ in 0..1024 {
        assert_eq!(bench.told(), "");
        bench.tick();
    }
    assert_eq!(bench.told(), ">ab", "the gap's time is over");
}

#[test]
fn what_comes_too_late_before_the_start_is_counted() {
    let mut bench = Bench::new();
    bench.take(c(103, 501, 0, "cd"));
    bench.quiet();
    for late in [c(101, 501, 0, "ab"), c(101, 501, 0, "abcd"), c(102, 501, 0, "X")] {
        bench.take(late);
    }
    assert_eq!(bench.flows.counters().segments_before_start, 2, "a probe's byte is none");
    assert_eq!(bench.finish(), ">cd #0");
}
