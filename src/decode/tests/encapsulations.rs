//! Frames and packets that switches, routers, meshes and systems wrap to mirror, mark or carry them,
//! one row each, and what of them is counted by name.

use super::*;

/// A frame with IPv4, TCP and [`HELLO`].
fn inner() -> Vec<u8> {
    frame(0x0800, &tcp4())
}

fn length(bytes: &[u8]) -> [u8; 2] {
    (bytes.len() as u16).to_be_bytes()
}

/// A GRE packet of this version and protocol, with a key.
fn gre(version: u8, protocol: u16, rest: &[u8]) -> Vec<u8> {
    ip4(47, &join(&[&[0x20, version], &protocol.to_be_bytes(), rest]))
}

/// `MikroTik`'s `EoIP` with a payload of this length.
fn eoip(length: [u8; 2], payload: &[u8]) -> Vec<u8> {
    gre(1, 0x6400, &join(&[&length, &[7, 0], payload]))
}

/// A frame of batman-adv: type, version, lifetime and what follows.
fn batman(kind: u8, version: u8, rest: &[u8]) -> Vec<u8> {
    frame(0x4305, &join(&[&[kind, version, 50], rest]))
}

/// A netlink packet of this family in Linux's cooked header.
fn netlink(family: u8, messages: &[&[u8]]) -> Vec<u8> {
    join(&[&[0, 4, 3, 56], &[0; 10], &[0, family], &messages.concat()])
}

/// A netlink message of netfilter: the subsystem, the type, and a packet in a field of type `kind`
/// behind another field.
fn netfilter(subsystem: u8, message: u8, kind: u16, payload: &[u8], big: bool) -> Vec<u8> {
    let [short, long] = if big {
        [|n: usize| (n as u16).to_be_bytes().to_vec(), |n: usize| (n as u32).to_be_bytes().to_vec()]
    } else {
        [|n: usize| (n as u16).to_le_bytes().to_vec(), |n: usize| (n as u32).to_le_bytes().to_vec()]
    };
    let field = |kind: u16, value: &[u8]| {
        let padding = vec![0; value.len().next_multiple_of(4) - value.len()];
        join(&[&short(value.len() + 4), &short(kind.into()), value, &padding])
    };
    let family = if payload.first().is_some_and(|byte| byte >> 4 == 6) { 10 } else { 2 };
    let body = join(&[&[family, 0, 0, 0], &field(1, &[8, 0, 1, 0]), &field(kind, payload)]);
    let type_of = short(usize::from(subsystem) << 8 | usize::from(message));
    join(&[&long(body.len() + 16), &type_of, &[0; 10], &body])
}

/// An ERF record of this type in its link type.
fn erf(kind: u8, wire: &[u8], rest: &[u8]) -> Vec<u8> {
    join(&[&[0; 8], &[kind, 4, 0, 0, 0, 0], &length(wire), rest])
}

#[test]
fn frames_that_are_mirrored_marked_or_carried_are_read() {
    let (four, six, ethernet) = (tcp4(), tcp6(), inner());
    let tagged = frame(0x8100, &join(&[&[0, 5, 8, 0], &four]));
    for (name, link_type, bytes) in [
        ("EoIP", 101, eoip(length(&ethernet), &ethernet)),
        ("EoIP, padded", 101, eoip(length(&ethernet), &join(&[&ethernet, &[0; 9]]))),
        ("EoIP, VLAN", 101, eoip(length(&tagged), &tagged)),
        ("EoIP over IPv6", 101, ip6(97, &join(&[&[0x30, 7], &ethernet]))),
        ("frame relay in GRE", 101, gre(0, 0x6559, &join(&[&[0; 4], &[0x18, 0x41, 0x03, 0xcc], &four]))),
        ("redundancy tag", 1, frame(0xf1c1, &join(&[&[0, 0, 0, 1, 8, 0], &four]))),
        ("redundancy tag in a VLAN", 1, frame(0x8100, &join(&[&[0, 5, 0xf1, 0xc1, 0, 0, 0, 1, 0x86, 0xdd], &six]))),
        ("FabricPath", 1, frame(0x8903, &join(&[&[0, 0x40], &ethernet]))),
        ("E-TAG", 1, frame(0x893f, &join(&[&[0, 0, 0, 1, 0, 0, 8, 0], &four]))),
        ("Arista, 64 bits", 1, frame(0xd28b, &join(&[&[0, 1, 0, 0x10], &[5; 8], &[8, 0], &four]))),
        ("Arista, 64 bits of UTC", 1, frame(0xd28b, &join(&[&[0, 1, 1, 0x11], &[5; 8], &[8, 0], &four]))),
        ("Arista, 48 bits", 1, frame(0xd28b, &join(&[&[0, 1, 0, 0x20], &[5; 6], &[8, 0], &four]))),
        ("Arista, 48 bits of UTC", 1, frame(0xd28b, &join(&[&[0, 1, 1, 0x20], &[5; 6], &[0x86, 0xdd], &six]))),
        ("Arista, mirrored", 101, gre(0, 0xd28b, &join(&[&[0; 4], &[0, 7, 0, 1], &[5; 8], &ethernet]))),
        ("Arista, mirrored, short", 101, gre(0, 0xd28b, &join(&[&[0; 4], &[0, 8, 0, 1], &[5; 4], &ethernet]))),
        ("Arista, mirrored with time", 101, gre(0, 0xd28b, &join(&[&[0; 4], &[0, 9, 0, 0x11], &[5; 16], &ethernet]))),
        ("batman-adv, unicast", 1, batman(0x40, 15, &join(&[&[1], &[2; 6], &ethernet]))),
        ("batman-adv, broadcast", 1, batman(0x01, 15, &join(&[&[0; 5], &[2; 6], &ethernet]))),
        ("batman-adv, four addresses", 1, batman(0x42, 15, &join(&[&[1], &[2; 12], &[1, 0], &ethernet]))),
        ("batman-adv, multicast", 1, batman(0x05, 15, &join(&[&[0, 0, 4], &[9; 4], &ethernet]))),
        ("batman-adv 6, unicast", 1, join(&[&frame(0x4305, &[3, 6]), &[2; 6], &[50], &ethernet])),
        ("batman-adv 9, broadcast", 1, join(&[&frame(0x4305, &[4, 9]), &[2; 6], &[0, 1], &ethernet])),
        ("batman-adv 13, broadcast", 1, join(&[&frame(0x4305, &[4, 13]), &[2; 6], &[50, 0, 0, 0, 1], &ethernet])),
        ("batman-adv 14, unicast", 1, batman(0x03, 14, &join(&[&[1], &[2; 6], &tagged]))),
        ("batman-adv 14, broadcast", 1, batman(0x04, 14, &join(&[&[0; 5], &[2; 6], &ethernet]))),
        ("batman-adv 14, four addresses", 1, batman(0x09, 14, &join(&[&[1], &[2; 12], &[1, 0], &ethernet]))),
        ("netlink: a log's entry", 253, netlink(12, &[&netfilter(4, 0, 9, &four, false)])),
        ("netlink: of IPv6", 253, netlink(12, &[&netfilter(4, 0, 9, &six, false)])),
        ("netlink: in the other byte order", 253, netlink(12, &[&netfilter(4, 0, 9, &four, true)])),
        ("netlink: in network byte order by its flag", 253, netlink(12, &[&netfilter(4, 0, 0x4009, &four, false)])),
        ("netlink: of a queue", 253, netlink(12, &[&netfilter(3, 0, 10, &four, false)])),
        ("netlink: cooked", 113, netlink(12, &[&netfilter(4, 0, 9, &four, false)])),
        (
            "netlink: behind another message",
            253,
            netlink(12, &[&netfilter(4, 1, 9, &four, false), &netfilter(4, 0, 9, &four, false)]),
        ),
        ("ERF", 197, erf(2, &ethernet, &join(&[&[0, 0], &ethernet]))),
        ("ERF, coloured", 197, erf(11, &ethernet, &join(&[&[0, 0], &ethernet]))),
        ("ERF, hashed", 197, erf(20, &ethernet, &join(&[&[0, 0], &ethernet, &[7; 4]]))),
        ("ERF, PPP", 197, erf(15, &[0; 99], &join(&[&[0xff, 3, 0, 0x21], &four]))),
        ("ERF, C-HDLC of a channel", 197, erf(5, &[0; 99], &join(&[&[0, 0, 0, 1, 0x0f, 0, 8, 0], &four]))),
        ("ERF, ATM", 197, erf(4, &[0; 99], &join(&[&[0; 4], &snap(0x0800, &four)]))),
        ("ERF, ATM of a channel", 197, erf(9, &[0; 99], &join(&[&[0; 8], &snap(0x0800, &four)]))),
        ("ERF, IP", 197, erf(22, &four, &four)),
    ] {
        assert_hello(name, link_type, &bytes);
    }
}

#[test]
fn what_a_port_says_to_be_a_tunnel_is_one_if_a_packet_is_in_it() {
    let (four, six) = (tcp4(), tcp6());
    for (name, port, bytes) in [
        ("AMT", 2268, join(&[&[6, 0], &four])),
        ("AMT, IPv6", 2268, join(&[&[6, 0], &six])),
        ("packet mirror", 30030, join(&[&[0x4a, 1, 2, 3, 1, 2, 3, 4], &four])),
        ("packet mirror, IPv6", 30030, join(&[&[0x4a, 1, 2, 3, 1, 2, 3, 4], &six])),
        ("packet mirror, PPP", 30030, join(&[&[0x4a, 1, 2, 3, 1, 2, 3, 4, 0xff, 3, 0, 0x21], &four])),
        ("B.A.T.M.A.N. gateway", 4306, join(&[&[1], &four])),
    ] {
        assert_hello(name, 101, &udp4(50001, port, &bytes));
        assert_hello(name, 101, &udp4(port, 50001, &bytes));
        for other in [&b"no tunnel at all"[..], b"", &bytes[..9]] {
            let (units, _) = decode(101, &udp4(50001, port, other));
            assert_eq!(units.iter().map(|unit| unit.payload.as_slice()).collect::<Vec<_>>(), [other], "{name}");
        }
    }
    let report = join(&[&[5, 0], &[1; 10], &ip4(2, &[0x22, 0, 0, 0])]);
    assert_eq!(decode(101, &udp4(50001, 2268, &report)), (vec![], "igmp".to_owned()));
}

#[test]
fn each_message_of_a_netlink_packet_is_read() {
    let entry = netfilter(4, 0, 9, &tcp4(), false);
    let queued = netfilter(3, 0, 10, &udp4(1, 2, b"other"), false);
    let (units, _) = decode(253, &netlink(12, &[&entry, &queued, &entry]));
    assert_eq!(units.iter().map(|unit| unit.payload.as_slice()).collect::<Vec<_>>(), [HELLO, b"other", HELLO]);
}

#[test]
fn what_is_not_read_of_them_is_counted_by_name() {
    let ethernet = inner();
    for (link_type, bytes, reason) in [
        (101, eoip([0, 0], &[]), "eoip: keep-alive"),
        (101, gre(1, 0x0800, &tcp4()), "gre: protocol in version 1 0x0800"),
        (101, gre(1, 0x880b, &[0; 8]), "gre: acknowledgment"),
        (1, frame(0xd28b, &[0, 1, 0, 0x30, 0, 0]), "arista: timestamp version 0x0030"),
        (1, frame(0xd28b, &[0xca, 0xfe, 0, 1]), "arista: subtype 0xcafe"),
        (1, frame(0xd28b, &[0, 1]), "arista: header cut"),
        (1, frame(0xf1c1, &[0, 0, 0, 1]), "r-tag: tag cut"),
        (1, frame(0x893f, &[0, 0, 0, 1]), "e-tag: tag cut"),
        (1, batman(0x00, 15, &[0; 21]), "batman-adv: control"),
        (1, batman(0x41, 15, &join(&[&[0; 17], &ethernet])), "batman-adv: fragment"),
        (1, batman(0x06, 14, &join(&[&[0; 17], &ethernet])), "batman-adv: fragment"),
        (1, batman(0x02, 15, &[0; 40]), "batman-adv: network coded"),
        (1, batman(0x06, 15, &[0; 40]), "batman-adv: type 0x0006"),
        (1, batman(0x06, 13, &[0; 40]), "batman-adv: fragment"),
        (1, batman(0x01, 9, &[0; 40]), "batman-adv: control"),
        (1, batman(0x40, 13, &[0; 40]), "batman-adv: type 0x0040"),
        (1, batman(0x03, 5, &[0; 40]), "batman-adv: version 5"),
        (1, batman(0x40, 16, &[0; 40]), "batman-adv: version 16"),
        (1, frame(0x8903, &[0]), "fabricpath: tag cut"),
        (1, batman(0x40, 15, &[0; 4]), "batman-adv: header cut"),
        (253, netlink(0, &[&[0; 20]]), "netlink"),
        (253, netlink(12, &[&netfilter(1, 0, 9, &tcp4(), false)]), "netlink"),
        (253, netlink(12, &[&netfilter(4, 0, 2, &[0; 4], false)]), "nflog: no packet in it"),
        (253, netlink(12, &[&[15, 0, 0, 0], &[0; 12]]), "netlink: message shorter than its header"),
        (253, netlink(12, &[&[0; 3]]), "netlink: header cut"),
        (197, erf(27, &[], &[0; 9]), "erf: no packet"),
        (197, erf(3, &[], &[0; 52]), "erf: record type 3"),
    ] {
        let (units, refused) = decode(link_type, &bytes);
        assert_eq!((units, refused.as_str()), (vec![], reason), "{}", bytes.escape_ascii());
    }
}
