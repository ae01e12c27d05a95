//! A SYN with a foreign number between the ends of a connection that goes on, and of one that does not.

use super::*;

/// A connection that has said `ab` and heard `cd`, and what follows.
fn established(more: &[S]) -> String {
    let [syn, syn_ack, ack] = opening();
    join(&run(&[&[syn, syn_ack, ack, c(101, 501, 0, "ab"), s(501, 103, 0, "cd")], more].concat()))
}

const FOREIGN: u32 = 3_000_000_000;

#[test]
fn a_foreign_syn_does_not_end_a_connection() {
    let [syn, syn_ack, ack] = opening();
    let ef = c(103, 503, 0, "ef");
    let gh = s(503, 105, 0, "gh");
    let forged = c(FOREIGN, 0, SYN, "");
    let challenge = s(503, 103, 0, "");
    for (name, more) in [
        ("a SYN of the client's", vec![forged, challenge, ef, gh]),
        ("without a challenge ACK", vec![forged, ef, gh]),
        ("a SYN of the server's", vec![s(FOREIGN, 0, SYN, ""), c(103, 503, 0, ""), ef, gh]),
        ("a SYN within the window", vec![c(200, 0, SYN, ""), challenge, ef, gh]),
        ("a SYN at the next number", vec![c(103, 0, SYN, ""), challenge, ef, gh]),
        ("a SYN with data", vec![c(FOREIGN, 0, SYN, "xx"), challenge, ef, gh]),
        ("a SYN/ACK of the server's", vec![s(FOREIGN, 101, SYN, ""), c(103, 503, 0, ""), ef, gh]),
        ("a SYN/ACK that acknowledges everything", vec![s(FOREIGN, 103, SYN, ""), ef, gh]),
        ("a SYN/ACK of the client's", vec![c(FOREIGN, 503, SYN, ""), ef, gh]),
        ("a SYN and its answer", vec![forged, s(7000, FOREIGN + 1, SYN, ""), ef, gh]),
        ("a SYN and data at its numbers", vec![forged, c(FOREIGN + 1, 503, 0, "xx"), ef, gh]),
        ("a SYN and a reset that refuses it", vec![forged, s(0, FOREIGN + 1, RST, ""), ef, gh]),
        ("the same SYN again and again", vec![forged, forged, challenge, forged, ef, gh]),
        ("both directions", vec![forged, s(FOREIGN, 0, SYN, ""), c(77, 0, SYN, ""), ef, gh]),
        ("the connection's own SYN comes again", vec![forged, syn, syn_ack, ack, ef, gh]),
    ] {
        assert_eq!(established(&more), ">ab <cd >ef <gh #0", "{name}");
    }
}

#[test]
fn a_flood_of_foreign_syns_keeps_one_pending_opening() {
    let mut bench = Bench::new();
    for segment in opening() {
        bench.take(segment);
    }
    bench.take(c(101, 501, 0, "ab"));
    let mut most = 0;
    for n in 0..10_000_u32 {
        bench.take(c(1_000_000 + n * 400_000, 0, SYN, "xxxx"));
        most = most.max(bench.flows.weight);
    }
    assert!(most < 2000, "{most} bytes for a pending opening");
    bench.take(c(103, 501, 0, "cd"));
    assert_eq!(bench.flows.weight, 0, "the opening was none");
    let counters = bench.flows.counters();
    assert_eq!((counters.streams, counters.openings_ignored), (1, 10_000));
    assert_eq!(bench.finish(), ">ab >cd #0");
}

#[test]
fn a_foreign_syn_before_the_handshake_s_end_changes_nothing() {
    let [syn, syn_ack, ack] = opening();
    let said = [c(101, 501, 0, "ab"), s(501, 103, 0, "cd")];
    let (forged, forged_answer) = (c(FOREIGN, 0, SYN, ""), s(FOREIGN, 101, SYN, ""));
    for (name, handshake) in [
        ("behind the SYN", vec![syn, forged, syn_ack, ack]),
        ("behind the SYN/ACK", vec![syn, syn_ack, forged, ack]),
        ("of the server's, before its own", vec![syn, s(FOREIGN, 0, SYN, ""), syn_ack, ack]),
        ("a SYN/ACK before the server's own", vec![syn, forged_answer, syn_ack, ack]),
        ("a SYN/ACK behind the server's own", vec![syn, syn_ack, forged_answer, ack]),
    ] {
        assert_eq!(join(&run(&[&handshake[..], &said].concat())), ">ab <cd #0", "{name}");
    }
    // Before the client's own: whichever is answered counts, and all is whole in one stream.
    for several in [vec![forged], vec![forged, c(77, 0, SYN, "")]] {
        let told = join(&run(&[&several[..], &[syn, syn_ack, ack], &said].concat()));
        assert!(told.ends_with(&format!(">ab <cd #{}", several.len())), "{told}");
    }
    let told = join(&run(&[&[syn, forged, c(77, 0, SYN, ""), syn_ack, ack][..], &said].concat()));
    assert!(told.contains(">ab <cd #"), "{told}");
}

#[test]
fn a_real_reuse_opens_another_stream_from_its_syn_on() {
    let old = ">ab <cd #0";
    let syn = c(9000, 0, SYN, "");
    let syn_ack = s(7000, 9001, SYN, "");
    let new = [c(9001, 7001, 0, "xx"), s(7001, 9003, 0, "yy")];
    let restarted = [c(103, 0, RST, ""), syn];
    for (name, handshake, want) in [
        ("SYN, SYN/ACK, ACK", vec![syn, syn_ack, c(9001, 7001, 0, "")], ">xx <yy #1"),
        ("the ACK not captured", vec![syn, syn_ack], ">xx <yy #1"),
        ("the SYN/ACK not captured", vec![syn, c(9001, 7001, 0, "")], ">xx <yy #1"),
        ("the SYN not captured", vec![syn_ack, c(9001, 7001, 0, "")], ">xx <yy #1"),
        ("the SYN alone captured", vec![syn], ">xx <yy #1"),
        ("everything twice", vec![syn, syn, syn_ack, syn_ack, c(9001, 7001, 0, "")], ">xx <yy #1"),
        (
            "a challenge ACK, a reset, and the SYN again",
            [&[syn, s(503, 103, 0, "")][..], &restarted, &[syn_ack]].concat(),
            ">xx <yy #1",
        ),
        ("data of the old connection on its way", vec![syn, s(501, 103, 0, "cd"), syn_ack], ">xx <yy #1"),
        ("another try", vec![c(8000, 0, SYN, ""), syn, syn_ack], ">xx <yy #2"),
        ("a little above the old numbers", vec![], ""),
    ] {
        if want.is_empty() {
            let near = [c(1000, 0, SYN, ""), s(600, 1001, SYN, ""), c(1001, 601, 0, "xx"), s(601, 1003, 0, "yy")];
            assert_eq!(established(&near), format!("{old} >xx <yy #1"), "{name}");
        } else {
            assert_eq!(established(&[&handshake[..], &new].concat()), format!("{old} {want}"), "{name}");
        }
    }
    // Data in the SYN (RFC 7413), which the answer acknowledges.
    let fast = [c(9000, 0, SYN, "xx"), s(7000, 9003, SYN, ""), c(9003, 7001, 0, ""), s(7001, 9003, 0, "yy")];
    assert_eq!(established(&fast), format!("{old} >xx <yy #1"));
    // The other side is not captured.
    let alone = [c(100, 0, SYN, ""), c(101, 501, 0, "ab"), syn, new[0]];
    assert_eq!(run(&alone), ">ab #0 >xx #1");
    // Nothing follows at either number: it is told as a stream that never said a thing.
    assert_eq!(established(&[syn]), format!("{old} #1"));
    assert_eq!(established(&[c(9000, 0, SYN, "xx")]), format!("{old} >xx #1"));
}

/// A stream has the number that was next when its SYN came, whatever else opened until that was
/// answered.
#[test]
fn streams_are_numbered_by_their_syns() {
    let mut bench = Bench::new();
    let other = |n: u8, bench: &mut Bench| {
        let end = |last, port| Endpoint { address: [10, 0, 1, last].into(), port };
        let segment = Segment {
            four_tuple: FourTuple { source: end(n, 1), destination: end(0, 80) },
            sequence: 1,
            acknowledgment: 0,
            window: 0,
            flags: TcpFlags(SYN),
            payload: b"",
            missing: 0,
            place: Place::default(),
        };
        bench.flows.segment(0, &segment, &mut bench.log);
        bench.flows.latest()
    };
    for segment in opening() {
        bench.take(segment);
    }
    bench.take(c(101, 501, 0, "ab"));
    bench.take(c(9000, 0, SYN, ""));
    assert_eq!(other(1, &mut bench), 2);
    bench.take(s(7000, 9001, SYN, ""));
    bench.take(c(9001, 7001, 0, "cd"));
    assert_eq!(bench.flows.latest(), 1);
    bench.take(c(77, 0, SYN, ""));
    bench.take(c(9003, 7001, 0, "ef"));
    assert_eq!(other(2, &mut bench), 4, "the number of what opened nothing is not used again");
    assert_eq!(bench.flows.counters().streams, 4);
    assert_eq!(bench.finish(), ">ab #0 >cd >ef #1 #2 #4");
}
