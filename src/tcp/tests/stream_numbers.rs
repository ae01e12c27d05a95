//! Which segments are one stream where the opening came more than once, or after a reset.

use super::*;

/// What is told of segments that come a second apart or more.
fn run_slowly(segments: &[S]) -> String {
    let mut bench = Bench::new();
    for segment in segments {
        bench.take(*segment);
        bench.time += 3;
    }
    bench.finish()
}

#[test]
fn one_attempt_to_connect_is_one_stream() {
    let [syn, syn_ack, ack] = opening();
    let (ab, cd) = (c(101, 501, 0, "ab"), s(501, 103, 0, "cd"));
    let refused = s(0, 101, RST, "");
    for (name, segments, want) in [
        (
            "a SYN that is refused and sent again",
            vec![syn, refused, syn, refused, syn, syn_ack, ack, ab, cd],
            "#0 >ab <cd #0",
        ),
        ("an answer behind a reset", vec![syn, refused, syn_ack, ack, ab, cd], "#0 >ab <cd #0"),
        (
            "an answer behind a forged reset and a forged end",
            vec![syn, s(7001, 101, RST, ""), s(7001, 101, FIN, ""), c(101, 0, RST, ""), syn_ack, ack, ab, cd],
            "#0 <. >ab <cd #0",
        ),
        ("another number is another attempt", vec![syn, refused, c(9000, 0, SYN, ""), s(0, 9001, RST, "")], "#0 #1"),
        (
            "an answer to another number is another attempt",
            vec![syn, refused, s(500, 9001, SYN, ""), c(9001, 501, 0, "ab")],
            "#0 >ab #1",
        ),
        (
            "the same numbers after a conversation are another",
            vec![syn, syn_ack, ack, ab, cd, c(103, 503, FIN, ""), s(503, 104, FIN, ""), syn, syn_ack, ack, ab, cd],
            ">ab <cd >. <. #0 >ab <cd #1",
        ),
    ] {
        assert_eq!(run_slowly(&segments), want, "{name}");
    }
}

#[test]
fn a_syn_that_comes_after_its_connection_s_end_opens_nothing() {
    let [syn, syn_ack, ack] = opening();
    let said = [c(101, 501, 0, "ab"), s(501, 103, 0, "cd"), c(103, 503, FIN, ""), s(503, 104, FIN, "")];
    for (name, opening) in
        [("its first", vec![syn, syn_ack, ack]), ("the only one", vec![syn_ack, ack]), ("of none", vec![])]
    {
        let told = run(&[&opening[..], &said, &[syn]].concat());
        assert_eq!(told, ">ab <cd >. <. #0", "{name}");
    }
}
