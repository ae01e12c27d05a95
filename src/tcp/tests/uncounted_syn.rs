//! Senders that do not count their SYN, as scripts that write captures do.

use super::*;

#[test]
fn data_with_the_syn_s_own_number_is_read_whole() {
    for (name, segments, want) in [
        (
            "both directions",
            vec![
                c(100, 0, SYN, ""),
                s(500, 100, SYN, ""),
                c(100, 500, 0, ""),
                c(100, 500, 0, "abc"),
                s(500, 103, 0, "def"),
                c(103, 503, 0, "gh"),
                s(503, 105, 0, "ij"),
            ],
            ">S >abc <S <def >gh <ij #0",
        ),
        (
            "the client alone",
            vec![
                c(100, 0, SYN, ""),
                s(500, 101, SYN, ""),
                c(100, 501, 0, "abc"),
                s(501, 103, 0, "def"),
                c(103, 504, 0, "gh"),
            ],
            ">S >abc <def >gh #0",
        ),
        (
            "the server alone",
            vec![
                c(100, 0, SYN, ""),
                s(500, 101, SYN, ""),
                c(101, 500, 0, "abc"),
                s(500, 104, 0, "def"),
                s(503, 104, 0, "gh"),
            ],
            ">abc <S <def <gh #0",
        ),
        (
            "every number is 0",
            vec![c(0, 0, SYN, ""), s(0, 0, SYN | ACK, ""), c(0, 0, ACK, ""), c(0, 0, ACK, "abc"), s(0, 0, ACK, "def")],
            ">S >abc <S <def #0",
        ),
        (
            "the second segment first",
            vec![c(100, 0, SYN, ""), s(500, 100, SYN, ""), c(103, 500, 0, "def"), c(100, 500, 0, "abc")],
            ">S >abc >def #0",
        ),
        (
            "an end without data",
            vec![c(100, 0, SYN, ""), s(500, 100, SYN, ""), c(100, 500, 0, "abc"), s(500, 103, FIN, "")],
            ">S >abc <. #0",
        ),
        (
            "numbers that wrap",
            vec![c(u32::MAX, 0, SYN, ""), s(500, u32::MAX, SYN, ""), c(u32::MAX, 500, 0, "abc"), c(2, 500, 0, "de")],
            ">S >abc >de #0",
        ),
    ] {
        assert_eq!(run(&segments), want, "{name}");
    }
}

#[test]
fn a_sender_that_counts_its_syn_is_read_as_a_receiver_does() {
    let [syn, syn_ack, ack] = opening();
    for (name, segments, want) in [
        ("it sent from the next number before", vec![syn, syn_ack, ack, c(100, 501, 0, "Xab")], ">ab #0"),
        (
            "data in the SYN",
            vec![c(100, 0, SYN, "ab"), s(500, 103, SYN, ""), c(100, 501, 0, "Xab"), c(103, 501, 0, "cd")],
            ">ab >cd #0",
        ),
        ("a keep-alive probe", vec![syn, syn_ack, c(100, 501, 0, "X"), c(101, 501, 0, "ab")], ">ab #0"),
        ("an empty keep-alive probe", vec![syn, syn_ack, c(100, 501, 0, ""), c(101, 501, 0, "ab")], ">ab #0"),
    ] {
        assert_eq!(run(&segments), want, "{name}");
    }
}
