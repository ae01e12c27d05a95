//! Link types and their wrappings, one row each.

use super::*;

fn swapped(family: u32) -> [[u8; 4]; 2] {
    [family.to_le_bytes(), family.to_be_bytes()]
}

/// An 802.11 header: type and flags, three addresses, a sequence number, what follows.
fn wireless(kind: u8, flags: u8, rest: &[u8]) -> Vec<u8> {
    join(&[&[kind, flags, 0, 0], &[6; 18], &[0x10, 0], rest])
}

/// The same, with this fragment number.
fn numbered(number: u8, flags: u8, rest: &[u8]) -> Vec<u8> {
    let mut bytes = wireless(0x08, flags, rest);
    bytes[22] |= number;
    bytes
}

fn pppoe(session: &[u8]) -> Vec<u8> {
    join(&[&[0x11, 0, 0, 7], &(session.len() as u16).to_be_bytes(), session])
}

fn sll(hardware: u16, protocol: u16, payload: &[u8]) -> Vec<u8> {
    join(&[&[0, 0], &hardware.to_be_bytes(), &[0, 6], &[9; 8], &protocol.to_be_bytes(), payload])
}

fn sll2(hardware: u16, protocol: u16, payload: &[u8]) -> Vec<u8> {
    join(&[&protocol.to_be_bytes(), &[0, 0, 0, 0, 0, 1], &hardware.to_be_bytes(), &[0, 6], &[9; 8], payload])
}

fn length_frame(payload: &[u8]) -> Vec<u8> {
    frame(payload.len() as u16, payload)
}

#[test]
fn ethernet_and_its_tags() {
    let (four, six) = (tcp4(), tcp6());
    let ppp = join(&[&[0xff, 0x03, 0x00, 0x21], &four]);
    for (name, bytes) in [
        ("IPv4", frame(0x0800, &four)),
        ("IPv6", frame(0x86dd, &six)),
        ("padding", join(&[&frame(0x0800, &four), &[0; 9]])),
        ("VLAN", frame(0x8100, &join(&[&[0, 5, 0x08, 0x00], &four]))),
        ("QinQ", frame(0x88a8, &join(&[&[0, 5, 0x81, 0, 0, 6, 0x86, 0xdd], &six]))),
        ("five tags", frame(0x9100, &join(&[&[0, 5, 0x81, 0].repeat(4), &[0, 6, 0x08, 0], &four]))),
        ("VLAN with a length", frame(0x8100, &join(&[&[0, 5, 0, (four.len() + 8) as u8], &snap(0x0800, &four)]))),
        ("802.3 with SNAP", length_frame(&snap(0x0800, &four))),
        ("802.3 with SNAP, padded", join(&[&length_frame(&snap(0x86dd, &six)), &[0; 4]])),
        ("802.3 with LLC", length_frame(&join(&[&[6, 6, 3], &four]))),
        ("jumbo LLC", frame(0x8870, &snap(0x0800, &four))),
        ("PPPoE", frame(0x8864, &pppoe(&join(&[&[0x00, 0x57], &six])))),
        ("PPPoE, compressed protocol", frame(0x8864, &pppoe(&join(&[&[0x21], &four])))),
        ("PPPoE, address and control", frame(0x8864, &pppoe(&ppp))),
        ("MPLS", frame(0x8847, &join(&[&[0, 1, 0, 9, 0, 2, 1, 9], &four]))),
        ("pseudo-wire, control word", frame(0x8847, &join(&[&[0, 2, 1, 9, 0, 0, 0, 0], &frame(0x0800, &four)]))),
        ("pseudo-wire, none", frame(0x8847, &join(&[&[0, 2, 1, 9], &frame(0x8100, &join(&[&[0, 1, 8, 0], &four]))]))),
        ("inter-switch link", join(&[&[1, 0, 0x0c, 0, 0], &[0; 21], &frame(0x0800, &four), &[0; 4]])),
        ("VN-Tag", frame(0x8926, &join(&[&[0, 0, 0, 0, 8, 0], &four]))),
        ("HSR", frame(0x892f, &join(&[&[0, 90, 0, 1, 8, 0], &four]))),
        ("ERSPAN without GRE", frame(0x88be, &join(&[&[0x10; 8], &frame(0x0800, &four)]))),
        ("Cisco metadata", frame(0x8909, &join(&[&[1, 1, 0, 1, 0, 9, 8, 0], &four]))),
        ("backbone bridge", frame(0x88e7, &join(&[&[0; 4], &frame(0x0800, &four)]))),
        ("TRILL with options", frame(0x22f3, &join(&[&[0, 0x40, 0, 1, 0, 2, 0, 0, 0, 0], &frame(0x0800, &four)]))),
        ("MACsec, signed", frame(0x88e5, &join(&[&[0, 0, 0, 0, 0, 1, 8, 0], &four, &[7; 16]]))),
        ("service header", frame(0x894f, &join(&[&[0, 2, 1, 1, 0, 0, 1, 255], &four]))),
    ] {
        assert_hello(name, 1, &bytes);
    }
}

#[test]
fn cooked_null_and_raw() {
    let (four, six) = (tcp4(), tcp6());
    let mut rows = vec![
        (113, sll(1, 0x0800, &four)),
        (113, sll(772, 0x86dd, &six)),
        (113, sll(1, 0x8100, &join(&[&[0, 9, 8, 0], &four]))),
        (113, sll(1, 4, &snap(0x0800, &four))),
        (113, sll(512, 0, &four)),
        (113, sll(801, 0x19, &wireless(0x08, 0, &snap(0x0800, &four)))),
        (276, sll2(1, 0x0800, &four)),
        (276, sll2(772, 0x86dd, &six)),
        (276, sll2(803, 0, &join(&[&[0, 0, 8, 0, 0, 0, 0, 0], &wireless(0x08, 0, &snap(0x0800, &four))]))),
        (276, sll2(65534, 0, &six)),
        (0, join(&[&[0xff, 0x03, 0x00, 0x21], &four])),
        (0, join(&[&[0x0f, 0x00, 0x08, 0x00], &four])),
        (239, join(&[&[2, 0, 0, 0, 8, 0, 1, 0, 1, 1, 1, 1, 5, 0, 10, 0, 0, 0, 0, 0], &nflog_field(&four, false)])),
        (239, join(&[&[10, 0, 0, 0, 0, 8, 0, 1, 1, 1, 1, 1], &nflog_field(&six, true), &[0, 8, 0, 1, 1, 1, 1, 1]])),
        (117, join(&[&[61, 2, 0, 0], &[0; 60], &four])),
        (258, join(&[&[12, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0], &frame(0x0800, &four)])),
        (109, join(&[&[0; 12], &four])),
    ];
    for link_type in [12, 14, 101, 228] {
        rows.push((link_type, four.clone()));
    }
    for link_type in [12, 14, 101, 229] {
        rows.push((link_type, six.clone()));
    }
    for link_type in [0, 108] {
        for family in swapped(2) {
            rows.push((link_type, join(&[&family, &four])));
        }
        for family in [10, 23, 24, 28, 30].into_iter().flat_map(swapped) {
            rows.push((link_type, join(&[&family, &six])));
        }
    }
    for (link_type, bytes) in rows {
        assert_hello("cooked, null or raw", link_type, &bytes);
    }
}

fn nflog_field(payload: &[u8], big: bool) -> Vec<u8> {
    let length = payload.len() as u16 + 4;
    let head = if big { [length.to_be_bytes(), [0, 9]] } else { [length.to_le_bytes(), [9, 0]] };
    let padding = vec![0; payload.len().next_multiple_of(4) - payload.len()];
    join(&[&head.concat(), payload, &padding])
}

#[test]
fn multilink_frame_relay_is_read_where_a_frame_is_whole() {
    for (bytes, reason) in [
        (&[0xe1, 0, 1][..], "multilink frame relay: control"),
        (&[0x82, 7, 0x18, 0x41], "multilink frame relay: fragment"),
        (&[0x02, 8, 0x18, 0x41], "multilink frame relay: fragment"),
        (&[0xc0], "multilink frame relay: header cut"),
    ] {
        assert_eq!(decode(182, bytes), (vec![], reason.to_owned()));
    }
}

#[test]
fn wireless_frames() {
    let body = snap(0x0800, &tcp4());
    let plain = wireless(0x08, 0x01, &body);
    let quality = wireless(0x88, 0x02, &join(&[&[0, 0], &body]));
    for (name, link_type, bytes) in [
        ("data", 105, plain.clone()),
        ("QoS", 105, quality.clone()),
        ("QoS with HT control", 105, wireless(0x88, 0x81, &join(&[&[0; 6], &body]))),
        ("four addresses", 105, wireless(0x08, 0x03, &join(&[&[6; 6], &body]))),
        ("four addresses and QoS", 105, wireless(0x88, 0x03, &join(&[&[6; 6], &[0, 0], &body]))),
        ("mesh", 105, wireless(0x88, 0x03, &join(&[&[6; 6], &[0, 1], &[2, 31, 0, 0, 0, 0], &[6; 12], &body]))),
        ("decrypted, flag kept", 105, wireless(0x08, 0x41, &body)),
        ("decrypted, vector kept", 105, wireless(0x08, 0x41, &join(&[&[0, 0, 0, 0x20, 0, 0, 0, 0], &body]))),
        ("radiotap", 127, join(&[&[0, 0, 8, 0, 0, 0, 0, 0], &plain])),
        (
            "radiotap: time, flags, frame check, padding",
            127,
            join(&[
                &[0, 0, 25, 0, 3, 0, 0, 0],
                &[0; 8],
                &[0x30],
                &[0; 8],
                &wireless(0x88, 0x02, &join(&[&[0, 0, 0, 0], &body])),
                &[0xee; 4],
            ]),
        ),
        ("radiotap: more words", 127, join(&[&[0, 0, 13, 0, 2, 0, 0, 0x80, 0, 0, 0, 0, 0x20], &plain])),
        ("PPI", 192, join(&[&[0, 0, 8, 0, 105, 0, 0, 0], &plain])),
        ("AVS", 163, join(&[&[0x80, 0x21, 0x10, 1, 0, 0, 0, 64], &[0; 56], &plain])),
        ("AVS as Prism", 119, join(&[&[0x80, 0x21, 0x10, 1, 0, 0, 0, 64], &[0; 56], &plain])),
        ("Prism", 119, join(&[&[0x44, 0, 0, 0, 144, 0, 0, 0], &[0; 136], &plain])),
    ] {
        assert_hello(name, link_type, &bytes);
    }
    for (bytes, reason) in [
        (wireless(0x80, 0, &[]), "802.11: management"),
        (wireless(0xd4, 0, &[]), "802.11: control"),
        (wireless(0x48, 0, &[]), "802.11: no data"),
        (wireless(0x08, 0x41, &[9; 60]), "802.11: encrypted"),
        (wireless(0x08, 0x44, &body), "802.11: encrypted"),
        (wireless(0x08, 0x04, &[]), "802.11: empty fragment"),
        (numbered(1, 0x04, &body), "802.11: fragment without those before it"),
    ] {
        assert_eq!(decode(105, &bytes), (vec![], reason.to_owned()));
    }
}

#[test]
fn wireless_fragments_are_put_together() {
    let body = snap(0x0800, &tcp4());
    let cut = |number: usize, more: bool| numbered(number as u8, if more { 4 } else { 0 }, &body[number * 24..][..24]);
    assert_eq!(body.len() / 24, 2);
    let last = || numbered(2, 0, &body[48..]);
    let checked = |bytes: Vec<u8>| join(&[&bytes, &crc32fast::hash(&bytes).to_le_bytes()]);
    let quality = |traffic: u8, number: u8, more: u8, part: &[u8]| {
        let mut bytes = wireless(0x88, more, &join(&[&[traffic, 0], part]));
        bytes[22] |= number;
        bytes
    };
    let of_other = |mut bytes: Vec<u8>, at: usize| {
        bytes[at] ^= 1;
        bytes
    };
    let all = || vec![cut(0, true), cut(1, true), last()];
    for (name, packets, fragments, refused) in [
        ("in order", all(), 2, 0),
        ("a copy of each", all().into_iter().flat_map(|packet| [packet.clone(), packet]).collect(), 4, 1),
        ("with the frame check", all().into_iter().map(checked).collect(), 2, 0),
        ("after another's beginning", [vec![of_other(cut(0, true), 40)], all()].concat(), 3, 0),
        ("among another sender's", vec![cut(0, true), of_other(cut(0, true), 10), cut(1, true), last()], 3, 0),
        ("among another frame's", vec![cut(0, true), of_other(cut(0, true), 23), cut(1, true), last()], 3, 0),
        (
            "by traffic identifier",
            vec![
                quality(5, 0, 4, &body[..24]),
                quality(3, 0, 4, &body[..24]),
                quality(3, 1, 0, &body[30..]),
                quality(5, 1, 0, &body[24..]),
            ],
            2,
            1,
        ),
    ] {
        let packets: Vec<_> = packets.into_iter().map(|bytes| (105, bytes)).collect();
        let (units, decoder) = decode_apart(1000, Config::default(), &packets);
        let counters = decoder.counters();
        let hello: Vec<u8> = units.iter().filter(|unit| unit.tcp).flat_map(|unit| unit.payload.clone()).collect();
        assert!(hello.ends_with(HELLO), "{name}: {} {:?}", hello.escape_ascii(), counters.not_understood());
        for unit in &units {
            let (packet, at) = (&packets[unit.packet as usize - 1].1, unit.offset.unwrap() as usize);
            assert_eq!(packet[at..at + unit.payload.len()], unit.payload, "{name}");
        }
        assert_eq!((counters.fragments, counters.accounted()), (fragments, packets.len() as u64), "{name}");
        assert_eq!(counters.not_understood().values().sum::<u64>(), refused, "{name}");
    }
}

#[test]
fn wireless_fragments_do_not_wait_for_long() {
    let body = snap(0x0800, &tcp4());
    let packets = [(105, numbered(0, 4, &body[..48])), (105, numbered(1, 0, &body[48..]))];
    for (micros, age_packets, whole) in [(500_000, 9, true), (530_000, 9, false), (1, 0, false)] {
        let config = Config { fragment_age_packets: age_packets, ..Config::default() };
        let (units, decoder) = decode_apart(micros, config, &packets);
        assert_eq!(units.is_empty(), !whole, "{micros} {age_packets}");
        let counters = decoder.counters();
        let let_go = u64::from(!whole);
        assert_eq!((counters.fragments_too_old, counters.fragments_lost_tcp), (let_go, let_go), "{micros}");
        assert_eq!(decoder.memory(), 0);
    }
    let (_, mut decoder) = decode_with(Config { fragment_memory: 0, ..Config::default() }, &packets[..1]);
    assert_eq!((decoder.counters().fragments_evicted, decoder.memory()), (1, 0));
    decoder.finish();
    assert_eq!(decoder.counters().fragments_unfinished, 0);
}

#[test]
fn aggregated_wireless_frames_give_one_segment_each() {
    let subframe = |payload: &[u8]| {
        let body = snap(0x0800, payload);
        let padding = vec![0; (14 + body.len()).next_multiple_of(4) - 14 - body.len()];
        join(&[&[1; 6], &[2; 6], &(body.len() as u16).to_be_bytes(), &body, &padding])
    };
    let other = udp4(1, 2, b"other");
    let bytes = wireless(0x88, 0x02, &join(&[&[0x80, 0], &subframe(&tcp4()), &subframe(&other), &subframe(&tcp4())]));
    let (units, _) = decode(105, &bytes);
    let payloads: Vec<_> = units.iter().map(|unit| unit.payload.as_slice()).collect();
    assert_eq!(payloads, [HELLO, b"other", HELLO]);
}

#[test]
fn point_to_point_and_rare_links() {
    let (four, six) = (tcp4(), tcp6());
    let ethernet = frame(0x0800, &four);
    let llc = snap(0x0800, &four);
    for (name, link_type, bytes) in [
        ("PPP", 9, join(&[&[0xff, 0x03, 0x00, 0x21], &four])),
        ("PPP without address", 9, join(&[&[0x00, 0x57], &six])),
        ("PPP in HDLC", 50, join(&[&[0xff, 0x03, 0x00, 0x21], &four])),
        ("C-HDLC as PPP", 50, join(&[&[0x0f, 0x00, 0x08, 0x00], &four])),
        ("PPP multilink", 50, join(&[&[0xff, 0x03, 0x00, 0x3d, 0xc0, 0, 0, 1, 0x00, 0x21], &four])),
        ("PPP multilink, short", 50, join(&[&[0xff, 0x03, 0x00, 0x3d, 0xc0, 1, 0x21], &four])),
        ("PPP bridged", 50, join(&[&[0xff, 0x03, 0x00, 0x31, 0, 1], &ethernet])),
        ("pppd", 166, join(&[&[0x01, 0x03, 0x00, 0x21], &four])),
        ("PPP with direction", 204, join(&[&[1, 0xff, 0x03, 0x00, 0x21], &four])),
        ("PPPoE", 51, pppoe(&join(&[&[0x00, 0x21], &four]))),
        ("C-HDLC", 104, join(&[&[0x8f, 0x00, 0x86, 0xdd], &six])),
        ("frame relay", 107, join(&[&[0x18, 0x41, 0x03, 0xcc], &four])),
        ("multilink frame relay", 182, join(&[&[0xc2, 7, 0x18, 0x41, 0x03, 0xcc], &four])),
        ("frame relay, SNAP", 107, join(&[&[0x18, 0x41, 0x03, 0, 0x80, 0, 0, 0, 8, 0], &four])),
        ("frame relay, bridged", 107, join(&[&[0x18, 0x41, 0x03, 0, 0x80, 0, 0x80, 0xc2, 0, 7], &ethernet])),
        ("frame relay, Cisco", 107, join(&[&[0x18, 0x41, 0x08, 0x00], &four])),
        ("ATM", 100, llc.clone()),
        ("ATM, bridged", 100, join(&[&[0xaa, 0xaa, 3, 0, 0x80, 0xc2, 0, 7, 0, 0], &ethernet])),
        ("SunATM", 123, join(&[&[2, 0, 0, 5], &llc])),
        ("emulated LAN", 123, join(&[&[1, 0, 0, 5, 0, 0], &ethernet])),
        ("ARCnet", 7, join(&[&[1, 2, 212, 0, 0, 1], &four])),
        ("ARCnet, filled", 7, join(&[&[1, 2, 212, 0xff, 0xff, 0xff, 0xff, 0, 0, 1], &four])),
        ("ARCnet, old", 7, join(&[&[1, 2, 240], &four])),
        ("ARCnet on Linux", 129, join(&[&[1, 2, 0, 0, 212, 0, 0, 1], &four])),
        ("token ring", 6, join(&[&[0x10, 0x40], &[3; 12], &llc])),
        ("token ring, routed", 6, join(&[&[0x10, 0x40], &[3; 6], &[0x83; 6], &[0x04, 0, 1, 1], &llc])),
        ("FDDI", 10, join(&[&[0x50], &[3; 12], &llc])),
        ("IP over Fibre Channel", 122, join(&[&[0; 16], &llc])),
        ("FireWire", 138, join(&[&[0; 16], &[8, 0], &four])),
        ("SLIP", 8, join(&[&[0; 16], &four])),
        ("DOCSIS", 143, join(&[&[1, 3, 0, 9, 1, 2, 3, 0, 0], &ethernet])),
        ("Juniper Ethernet", 178, join(&[b"MGC", &[0x80, 0, 2, 9, 9], &ethernet])),
        ("Juniper without link", 178, join(&[b"MGC", &[0x82, 0, 2, 9, 9, 2, 0, 0, 0], &four])),
        ("Endace", 197, join(&[&[0; 8], &[0x82, 4, 0, 0, 0, 0, 0, 200], &[5; 8], &[0, 0], &ethernet])),
        ("IPNET", 226, join(&[&[1, 2], &[0; 22], &four])),
        ("InfiniBand", 242, join(&[&[0; 40], &[8, 0, 0, 0], &four])),
        ("DSA tag", 284, join(&[&[3; 12], &[0x40, 0, 0, 1], &[8, 0], &four])),
        ("EDSA tag", 285, join(&[&[3; 12], &[0xda, 0xda, 0, 0, 0x40, 0, 0, 1], &[8, 0], &four])),
        ("Broadcom tag", 281, join(&[&[3; 12], &[0x40, 0, 0, 1], &[8, 0], &four])),
        ("Broadcom tag in front", 282, join(&[&[0x40, 0, 0, 1], &ethernet])),
        ("preamble", 274, join(&[&[0x55; 7], &[0xd5], &ethernet])),
    ] {
        assert_hello(name, link_type, &bytes);
    }
}

#[test]
fn what_carries_nothing_is_counted_by_name() {
    for (link_type, bytes, reason) in [
        (1, frame(0x0806, &[0; 28]), "arp"),
        (1, frame(0x88cc, &[0; 28]), "lldp"),
        (1, frame(0x1234, &[0; 28]), "ethernet: ethertype 0x1234"),
        (1, length_frame(&[0x42, 0x42, 3, 0]), "stp"),
        (1, vec![1, 2, 3], "ethernet: header cut"),
        (1, frame(0x0800, &ip4(1, &[8, 0, 0, 0])), "icmp"),
        (1, frame(0x0800, &ip4(255, &[8, 0, 0, 0])), "ip: protocol 255"),
        (1, frame(0x0800, &[0x55; 40]), "ip: version 5"),
        (101, ip4(6, &[0; 19]), "tcp: header cut"),
        (101, ip4(6, &[0; 20]), "tcp: header length below 20"),
        (276, sll2(824, 0, &[0; 20]), "netlink"),
        (9, vec![0xff, 0x03, 0xc0, 0x21, 1, 1], "ppp: control"),
        (9999, vec![1], "link: type 9999"),
    ] {
        assert_eq!(decode(link_type, &bytes), (vec![], reason.to_owned()));
    }
}
