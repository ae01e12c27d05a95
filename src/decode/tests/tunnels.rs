//! IP's own shapes and the packets inside packets, one row each.

use super::*;
use etherparse::PacketBuilder;
use etherparse::checksum::Sum16BitWords;
use std::io::Write as _;

const ESP: u8 = 50;

/// An ESP packet without encryption: header, payload, padding that counts, signature.
fn esp(vector: usize, protocol: u8, payload: &[u8], signature: usize) -> Vec<u8> {
    let padding: Vec<u8> = (1..).take((payload.len() + 2).next_multiple_of(4) - payload.len() - 2).collect();
    let trailer = [padding.len() as u8, protocol];
    join(&[&[0, 0, 1, 0, 0, 0, 0, 1], &vec![0xa5; vector], payload, &padding, &trailer, &vec![0x5a; signature]])
}

#[test]
fn tunnels_over_ip() {
    let (four, six) = (tcp4(), tcp6());
    let ethernet = frame(0x0800, &four);
    let gre = |flags: u16, protocol: u16, rest: &[&[u8]]| {
        ip4(47, &join(&[&flags.to_be_bytes(), &protocol.to_be_bytes(), &rest.concat()]))
    };
    for (name, bytes) in [
        ("IP in IP", ip4(4, &four)),
        ("6in4", ip4(41, &six)),
        ("4in6", ip6(4, &four)),
        ("GRE", gre(0, 0x0800, &[&four])),
        ("GRE with checksum, key and sequence", gre(0xb000, 0x86dd, &[&[0; 12], &six])),
        ("GRE with routes", gre(0x4000, 0x0800, &[&[0; 4], &[8, 0, 0, 4, 1, 2, 3, 4], &[0; 4], &four])),
        ("GRE bridging", gre(0x2000, 0x6558, &[&[0; 4], &ethernet])),
        ("GRE with MPLS", gre(0, 0x8847, &[&[0, 1, 1, 9], &four])),
        ("ERSPAN I", gre(0, 0x88be, &[&ethernet])),
        ("ERSPAN II", gre(0x1000, 0x88be, &[&[0; 4], &[0x10; 8], &ethernet])),
        ("ERSPAN III", gre(0x1000, 0x22eb, &[&[0; 4], &[0x20; 12], &ethernet])),
        ("ERSPAN III, more", gre(0x1000, 0x22eb, &[&[0; 4], &[0x20; 11], &[1], &[7; 8], &ethernet])),
        ("WCCP", gre(0, 0x883e, &[&[0, 0, 0, 0], &four])),
        ("PPTP", gre(0x3081, 0x880b, &[&[0, 4 + four.len() as u8, 0, 1], &[0; 8], &[0xff, 0x03, 0x00, 0x21], &four])),
        ("EtherIP", ip4(97, &join(&[&[0x30, 0], &ethernet]))),
        ("MPLS in IP", ip4(137, &join(&[&[0, 1, 1, 9], &four]))),
        ("Ethernet in IPv6", ip6(143, &ethernet)),
        ("L2TPv3, cookie", ip4(115, &join(&[&[0, 0, 0, 9], &[7; 4], &ethernet]))),
        ("L2TPv3, cookie and sublayer", ip4(115, &join(&[&[0, 0, 0, 9], &[7; 8], &[0; 4], &ethernet]))),
        ("AH", ip4(51, &join(&[&[4, 4, 0, 0], &[0; 20], &four]))),
        ("AH in IPv6", ip6(51, &join(&[&[41, 4, 0, 0], &[0; 20], &six]))),
        ("ESP, tunnel", ip4(ESP, &esp(0, 4, &four, 12))),
        ("ESP, SHA-256", ip4(ESP, &esp(0, 41, &six, 16))),
        ("ESP, GMAC", ip4(ESP, &esp(8, 4, &four, 16))),
        ("ESP, unsigned", ip6(ESP, &esp(0, 4, &four, 0))),
        ("ESP, transport", ip4(ESP, &esp(0, 6, &ip4_payload(), 12))),
    ] {
        assert_hello(name, 101, &bytes);
    }
    assert_eq!(decode(101, &ip4(ESP, &[0x77; 90])), (vec![], "esp: encrypted".to_owned()));
}

/// A TCP segment whose checksum is right between the addresses of [`ip4`].
fn ip4_payload() -> Vec<u8> {
    tcp(FROM, TO).transport()
}

#[test]
fn tunnels_over_udp() {
    let (four, six) = (tcp4(), tcp6());
    let mut teredo = six.clone();
    teredo[8..12].copy_from_slice(&[0x20, 0x01, 0, 0]);
    let ethernet = frame(0x0800, &four);
    let length = |bytes: &[u8]| (bytes.len() as u16).to_be_bytes();
    for (name, port, bytes) in [
        ("VXLAN", 4789, join(&[&[8, 0, 0, 0, 0, 0, 9, 0], &ethernet])),
        ("VXLAN on Linux's port", 8472, join(&[&[8, 0, 0, 0, 0, 0, 9, 0], &ethernet])),
        ("VXLAN-GPE", 4790, join(&[&[0x0c, 0, 0, 1, 0, 0, 9, 0], &four])),
        ("GENEVE", 6081, join(&[&[0x01, 0, 0x65, 0x58, 0, 0, 9, 0], &[7; 4], &ethernet])),
        ("GENEVE, IP", 6081, join(&[&[0x00, 0, 0x86, 0xdd, 0, 0, 9, 0], &six])),
        ("GTP-U", 2152, join(&[&[0x30, 0xff], &length(&four), &[0, 0, 0, 1], &four])),
        (
            "GTP-U with extensions",
            2152,
            join(&[
                &[0x36, 0xff],
                &(four.len() as u16 + 12).to_be_bytes(),
                &[0, 0, 0, 1, 0, 1, 0, 0x85, 1, 0x10, 9, 0x85, 1, 0x10, 9, 0],
                &four,
            ]),
        ),
        ("GTP 0", 3386, join(&[&[0x1e, 0xff], &[0; 18], &four])),
        ("AYIYA", 5072, join(&[&[0x44, 0x52, 0x11, 41, 0, 0, 0, 0], &[3; 16], &[4; 20], &six])),
        ("Teredo", 3544, six.clone()),
        ("Teredo with indications", 3544, join(&[&[0, 1, 0, 0], &[0; 9], &[0; 8], &six])),
        ("Teredo on another port", 50000, teredo),
        ("L2TP", 1701, join(&[&[0, 2, 0, 1, 0, 2, 0xff, 0x03, 0x00, 0x21], &four])),
        (
            "L2TP with everything",
            1701,
            join(&[&[0x4a, 2], &(four.len() as u16 + 18).to_be_bytes(), &[0; 8], &[0, 2, 0, 0, 0, 0x21], &four]),
        ),
        ("L2TPv3", 1701, join(&[&[0, 3, 0, 0, 0, 0, 0, 9], &ethernet])),
        ("ESP in UDP", 4500, esp(0, 4, &four, 12)),
        ("GRE in UDP", 4754, join(&[&[0, 0, 8, 0], &four])),
        ("MPLS in UDP", 6635, join(&[&[0, 1, 1, 9], &four])),
        ("LISP", 4341, join(&[&[0xc0; 8], &four])),
        ("CAPWAP, Ethernet", 5247, join(&[&[0, 0x10, 0, 0, 0, 0, 0, 0], &ethernet])),
        (
            "CAPWAP, 802.11",
            5247,
            join(&[&[0, 0x10, 3, 0, 0, 0, 0, 0], &[8, 1], &[3; 20], &[0, 0], &snap(0x0800, &four)]),
        ),
        (
            "CAPWAP, swapped",
            5247,
            join(&[&[0, 0x10, 3, 0, 0, 0, 0, 0], &[1, 8], &[3; 20], &[0, 0], &snap(0x0800, &four)]),
        ),
        ("TZSP", 37008, join(&[&[1, 0, 0, 1, 0, 10, 1, 9, 1], &ethernet])),
    ] {
        assert_hello(name, 101, &udp4(50001, port, &bytes));
        // Not a tunnel when its inside makes no sense.
        let (units, _) = decode(101, &udp4(50001, port, b"no tunnel at all"));
        assert_eq!(units.len(), 1, "{name}");
        assert_eq!(units[0].payload, b"no tunnel at all", "{name}");
    }
}

#[test]
fn compressed_payloads_are_read_and_stand_in_no_packet() {
    let deflate = |bytes: &[u8]| {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let coded = |index: u16, bytes: &[u8]| join(&[&[6, 0], &index.to_be_bytes(), bytes]);
    let (segment, segment6) = (tcp4().split_off(20), tcp6().split_off(40));
    for bytes in [
        ip4(108, &coded(2, &deflate(&segment))),
        ip4(108, &coded(4096, &deflate(&segment))),
        ip6(108, &coded(2, &deflate(&segment6))),
        // Compressed twice.
        ip4(108, &join(&[&[108, 0, 0, 2], &deflate(&coded(2, &deflate(&segment)))])),
    ] {
        let (units, refused) = decode(101, &bytes);
        let got: Vec<_> = units.iter().map(|unit| (unit.packet, unit.offset, unit.payload.as_slice())).collect();
        assert_eq!(got, [(1, None, HELLO)], "{refused}");
    }
    let bomb = deflate(&vec![0; 1 << 20]);
    for (bytes, reason) in [
        (coded(3, b"LZS"), "ipcomp: algorithm 3"),
        (coded(2, b"no deflate"), "ipcomp: no deflate"),
        (coded(2, &bomb), "ipcomp: no deflate"),
        (vec![6, 0, 0], "ipcomp: header cut"),
    ] {
        assert_eq!(decode(101, &ip4(108, &bytes)), (vec![], reason.to_owned()));
    }
}

#[test]
fn a_tunnel_with_nothing_for_us_is_no_datagram() {
    let bytes = udp4(50001, 4789, &join(&[&[8, 0, 0, 0, 0, 0, 9, 0], &frame(0x0806, &[0; 28])]));
    assert_eq!(decode(101, &bytes), (vec![], "arp".to_owned()));
}

#[test]
fn tunnels_in_tunnels_end_somewhere() {
    let mut bytes = tcp4();
    for _ in 0..10 {
        bytes = ip4(4, &bytes);
    }
    assert_hello("ten", 101, &bytes);
    for _ in 0..40 {
        bytes = ip4(4, &bytes);
    }
    assert_eq!(decode(101, &bytes), (vec![], "nested too deeply".to_owned()));
    let tags = frame(0x8100, &[0, 5, 0x81, 0].repeat(100));
    assert_eq!(decode(1, &tags).1, "nested too deeply");
}

#[test]
fn extension_headers() {
    let transport = tcp6().split_off(40);
    let options = [6, 0, 1, 4, 0, 0, 0, 0];
    for (name, next, bytes) in [
        ("hop by hop", 0, join(&[&options, &transport])),
        ("destination options, mobility", 60, join(&[&[135, 0, 1, 4, 0, 0, 0, 0], &options, &transport])),
        ("fifty of them", 60, join(&[&[60, 0, 1, 4, 0, 0, 0, 0].repeat(49), &options, &transport])),
        ("atomic fragment", 44, join(&[&[6, 0, 0, 0, 0, 0, 0, 1], &transport])),
        ("routing, done", 43, join(&[&[6, 2, 0, 0, 0, 0, 0, 0], &[0xfb; 16], &transport])),
    ] {
        assert_hello(name, 101, &ip6(next, &bytes));
    }
    let none = decode(101, &ip6(59, &[]));
    assert_eq!(none, (vec![], "ip: no next header".to_owned()));
}

#[test]
fn a_routing_header_names_who_answers() {
    let transport = tcp6().split_off(40);
    for (kind, want) in [(0, 0xfc), (4, 0xfb)] {
        let route = join(&[&[6, 4, kind, 1, 0, 0, 0, 0], &[0xfb; 16], &[0xfc; 16], &transport]);
        let bytes = ip6(43, &route);
        let mut destination = None;
        let packet = packet(1, Timestamp::default(), LinkType::RAW, &bytes);
        Decoder::default().packet(&packet, &mut |unit| {
            if let Unit::Segment(segment) = unit {
                destination = Some(segment.four_tuple.destination.address);
            }
        });
        assert_eq!(destination, Some(std::net::IpAddr::from([want; 16])));
    }
}

#[test]
fn lengths_of_zero_take_the_frame() {
    let mut four = tcp4();
    four[2..4].fill(0);
    assert_hello("segmentation offload", 101, &four);
    let mut six = tcp6();
    six[4..6].fill(0);
    assert_hello("IPv6 without a length", 101, &six);
    let transport = six.split_off(40);
    let length = (transport.len() as u32 + 8).to_be_bytes();
    let mut jumbo = ip6(0, &join(&[&[6, 0, 0xc2, 4], &length, &transport]));
    jumbo[4..6].fill(0);
    assert_hello("jumbogram", 101, &jumbo);
}

/// Decodes the first `length` bytes of `bytes`, said to be all of `wire` bytes.
fn decode_cut(bytes: &[u8], length: usize, wire: u32) -> (Vec<Got>, String) {
    let mut units = Vec::new();
    let mut decoder = Decoder::default();
    let packet = packet(1, Timestamp::default(), LinkType::ETHERNET, &bytes[..length]);
    let packet = Packet { original_length: wire, ..packet };
    decoder.packet(&packet, &mut |unit| units.extend(Got::from(unit)));
    (units, decoder.counters().not_understood().into_keys().collect())
}

#[test]
fn what_the_capture_cut_off_is_counted() {
    for inner in [tcp4(), ip4(4, &tcp4()), ip4(17, &udp4(9, 4789, &[8, 0, 0, 0, 0, 0, 0, 0])[20..])] {
        let bytes = frame(0x0800, &inner);
        let (whole, _) = decode_cut(&bytes, bytes.len(), bytes.len() as u32);
        let payload = whole[0].payload.clone();
        let header = bytes.len() - payload.len();
        for cut in 0..=payload.len() {
            // Padding behind the packet is no payload, cut or not.
            for padding in [0, 4] {
                let (units, _) = decode_cut(&bytes, header + cut, bytes.len() as u32 + padding);
                let got = &units[0];
                assert_eq!((got.payload.as_slice(), got.missing as usize), (&payload[..cut], payload.len() - cut));
            }
        }
    }
    let bytes = frame(0x0800, &tcp4());
    let (units, reason) = decode_cut(&bytes, 14 + 20 + 19, bytes.len() as u32);
    assert_eq!((units, reason.as_str()), (vec![], "tcp: header cut"));
}

#[test]
fn a_cut_in_the_options_still_gives_the_numbers() {
    let mut bytes = Vec::new();
    PacketBuilder::ethernet2([1; 6], [2; 6])
        .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
        .tcp(40000, 80, 1000, 512)
        .options_raw(&[1; 12])
        .unwrap()
        .write(&mut bytes, HELLO)
        .unwrap();
    let (units, _) = decode_cut(&bytes, 14 + 20 + 24, bytes.len() as u32);
    assert_eq!((units[0].payload.len(), units[0].missing as usize), (0, HELLO.len()));
    assert_eq!((units[0].sequence, units[0].offset), (1000, Some(14 + 20 + 32)));
}

#[test]
fn wrong_checksums_are_refused_when_asked() {
    let verify = Config { verify_checksums: true, ..Config::default() };
    let spoil = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 0x10;
        bytes
    };
    let udp = udp4(1, 2, b"datagram");
    let mut vxlan = udp4(9, 4789, &join(&[&[8, 0, 0, 0, 0, 0, 0, 0], &frame(0x0800, &tcp4())])).split_off(20);
    vxlan[6..8].fill(0);
    for (bytes, at, reason) in [
        (tcp4(), 10, "ip: wrong checksum"),
        (tcp4(), 36, "tcp: wrong checksum"),
        (tcp4(), 50, "tcp: wrong checksum"),
        (tcp6(), 56, "tcp: wrong checksum"),
        (udp.clone(), 26, "udp: wrong checksum"),
        (ip4(4, &tcp4()), 30, "ip: wrong checksum"),
        (ip4(17, &vxlan), 50 + 36, "tcp: wrong checksum"),
    ] {
        let (units, _) = decode_with(verify, &[(101, bytes.clone())]);
        assert_eq!(units.len(), 1, "right: {reason}");
        let wrong = spoil(&bytes, at);
        assert_eq!(decode(101, &wrong).0.len(), 1, "accepted by default: {reason}");
        let (units, decoder) = decode_with(verify, &[(101, wrong)]);
        assert!(units.is_empty(), "{reason}");
        assert_eq!(decoder.counters().not_understood().into_keys().collect::<Vec<_>>(), [reason]);
    }
    // UDP over IPv4 may leave its checksum out.
    let mut none = udp;
    none[26..28].fill(0);
    assert_eq!(decode_with(verify, &[(101, none)]).0.len(), 1);
}

#[test]
fn the_builder_and_the_sum_agree() {
    assert_eq!(Sum16BitWords::new().add_slice(&tcp4()[..20]).ones_complement(), 0);
}
