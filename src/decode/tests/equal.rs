//! The decoder's fast path against the layers: the same segments, the same counters.

use super::*;
use crate::decode::fuzz::Packets;
use proptest::prelude::*;
use std::path::Path;

/// A decoder, and one that takes every packet through the layers.
#[derive(Default)]
struct Both {
    decoder: Decoder,
    layered: Decoder,
    /// How many packets went the fast path.
    fast: usize,
}

impl Both {
    fn new(config: Config) -> Self {
        Self { decoder: Decoder::new(config), layered: Decoder::new(config), fast: 0 }
    }

    fn packet(&mut self, packet: &Packet<'_>) {
        self.fast += usize::from(self.decoder.plain_segment(packet).is_some());
        let (mut got, mut want) = (Vec::new(), Vec::new());
        self.decoder.packet(packet, &mut |unit| got.push(format!("{unit:?}")));
        self.layered.layered_packet(packet, &mut |unit| want.push(format!("{unit:?}")));
        assert_eq!(got, want, "{:?}: {}", packet.link_type, packet.data.escape_ascii());
        assert_eq!(self.decoder.counters().seen(), self.layered.counters().seen());
        assert_eq!(self.decoder.memory(), self.layered.memory());
    }

    /// Gives how many packets went the fast path.
    fn finish(mut self) -> usize {
        self.decoder.finish();
        self.layered.finish();
        assert_eq!(self.decoder.counters().seen(), self.layered.counters().seen());
        self.fast
    }
}

fn packet(number: u64, link_type: u16, data: &[u8], original_length: u32) -> Packet<'_> {
    let time = Timestamp::from_micros(number.cast_signed(), 0);
    Packet { original_length, ..super::packet(number, time, LinkType(link_type), data) }
}

/// A number that is nearly always what it ought to be.
#[derive(Debug, Clone, Copy)]
enum LengthField {
    Right,
    Zero,
    Off(i16),
    Other(u16),
}

impl LengthField {
    fn of(self, right: usize) -> u16 {
        match self {
            Self::Right => right as u16,
            Self::Zero => 0,
            Self::Off(by) => (right as u16).wrapping_add_signed(by),
            Self::Other(number) => number,
        }
    }
}

fn length_field() -> impl Strategy<Value = LengthField> {
    prop_oneof![
        12 => Just(LengthField::Right),
        1 => Just(LengthField::Zero),
        3 => (-50_i16..50).prop_map(LengthField::Off),
        1 => any::<u16>().prop_map(LengthField::Other),
    ]
}

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..=most)
}

/// A header's options and the header's length in words of four bytes, which seldom disagree.
fn options(least: u8) -> impl Strategy<Value = (Vec<u8>, u8)> {
    let right = (0..=15 - least)
        .prop_flat_map(move |words| (prop::collection::vec(any::<u8>(), usize::from(words) * 4), Just(least + words)));
    prop_oneof![6 => Just((Vec::new(), least)), 4 => right, 1 => (bytes(40), 0..16_u8)]
}

fn tcp() -> impl Strategy<Value = Vec<u8>> {
    (any::<[u8; 12]>(), options(5), any::<u8>(), any::<[u8; 6]>(), bytes(60)).prop_map(
        |(numbers, (options, words), flags, rest, payload)| {
            join(&[&numbers, &[words << 4, flags], &rest, &options, &payload])
        },
    )
}

fn udp() -> impl Strategy<Value = Vec<u8>> {
    (any::<[u8; 4]>(), length_field(), bytes(60)).prop_map(|(ports, length, payload)| {
        join(&[&ports, &length.of(payload.len() + 8).to_be_bytes(), &[0, 0], &payload])
    })
}

/// What an IP header carries, with its number.
fn carried() -> impl Strategy<Value = (u8, Vec<u8>)> {
    prop_oneof![
        16 => tcp().prop_map(|bytes| (6, bytes)),
        1 => udp().prop_map(|bytes| (17, bytes)),
        1 => tcp().prop_map(|bytes| (60, join(&[&[6, 0, 1, 4, 0, 0, 0, 0], &bytes]))),
        1 => tcp().prop_map(|bytes| (44, join(&[&[6, 0, 0, 1, 0, 0, 0, 9], &bytes]))),
        1 => (any::<u8>(), bytes(60)),
    ]
}

fn ipv4() -> impl Strategy<Value = Vec<u8>> {
    // Few numbers, so that fragments meet.
    let fragment = prop_oneof![12 => Just(0), 4 => Just(0x4000), 2 => Just(0x2000), 1 => 0..9_u16, 1 => any::<u16>()];
    (options(5), length_field(), 0..3_u8, fragment, carried(), any::<u8>()).prop_map(
        |((options, words), total, id, fragment, (protocol, payload), last)| {
            let total = total.of(20 + options.len() + payload.len()).to_be_bytes();
            let [f0, f1] = fragment.to_be_bytes();
            let head = [0x40 | words, 0, total[0], total[1], 0, id, f0, f1, 64, protocol, 0, 0];
            join(&[&head, &[10, 0, 0, 1, 10, 0, 0, last], &options, &payload])
        },
    )
}

fn ipv6() -> impl Strategy<Value = Vec<u8>> {
    (length_field(), carried(), any::<[u8; 16]>()).prop_map(|(length, (next, payload), source)| {
        let length = length.of(payload.len()).to_be_bytes();
        join(&[&[0x60, 0, 0, 0], &length, &[next, 64], &source, &[0xfd; 16], &payload])
    })
}

/// Destinations, those of Cisco's Inter-Switch Link among them.
fn destination() -> impl Strategy<Value = [u8; 6]> {
    prop_oneof![
        4 => Just([2; 6]),
        1 => any::<u8>().prop_map(|last| [1, 0, 0x0c, 0, 0, last]),
        1 => any::<u8>().prop_map(|last| [3, 0, 0x0c, 0, 0, last]),
        1 => any::<[u8; 6]>(),
    ]
}

/// A link type and the bytes that stand before an IP packet there.
fn link(is_v6: bool) -> BoxedStrategy<(u16, Vec<u8>)> {
    let right: u16 = if is_v6 { 0x86dd } else { 0x0800 };
    let ether_type = || {
        prop_oneof![
            12 => Just(right),
            1 => Just(right ^ 0x8edd),
            1 => prop::sample::select(&[0x8100_u16, 0x8847, 0x8864, 0x6558, 0, 1, 4, 0x05dc, 0x0600][..]),
            1 => any::<u16>(),
        ]
    };
    let hardware = || prop_oneof![6 => Just(1_u16), 4 => Just(772), 1 => prop::sample::select(&[770_u16, 801, 802, 803, 824, 512][..]), 1 => any::<u16>()];
    let ethernet = (destination(), ether_type()).prop_map(|(to, kind)| (1, join(&[&to, &[4; 6], &kind.to_be_bytes()])));
    let vlan = ether_type().prop_map(|kind| (1, join(&[&[2; 12], &[0x81, 0, 0, 5], &kind.to_be_bytes()])));
    let trunk = (destination(), ether_type())
        .prop_map(|(to, kind)| (1, join(&[&to, &[0; 8], &[0xaa, 0xaa, 3], &[0; 9], &[2; 12], &kind.to_be_bytes()])));
    let cooked = (hardware(), ether_type())
        .prop_map(|(device, kind)| (113, join(&[&[0, 0], &device.to_be_bytes(), &[6; 10], &kind.to_be_bytes()])));
    let cooked_2 = (hardware(), ether_type())
        .prop_map(|(device, kind)| (276, join(&[&kind.to_be_bytes(), &[0; 6], &device.to_be_bytes(), &[6; 10]])));
    let family = prop_oneof![
        Just([0, 0, 0, 2]),
        Just([2, 0, 0, 0]),
        Just([30, 0, 0, 0]),
        prop::sample::select(&[[0, 0, 0, 30], [24, 0, 0, 0], [28, 0, 0, 0], [0, 2, 0, 0], [0xff, 3, 0, 0x21]][..]),
        any::<[u8; 4]>(),
    ];
    let null = (prop_oneof![3 => Just(0), 1 => Just(108)], family).prop_map(|(kind, family)| (kind, family.to_vec()));
    let raw =
        prop_oneof![4 => Just(101), 1 => Just(12), 1 => Just(228), 1 => Just(229)].prop_map(|kind| (kind, vec![]));
    let other = (prop_oneof![prop::sample::select(super::robust::LINK_TYPES), any::<u16>()], bytes(30));
    prop_oneof![8 => ethernet, 1 => vlan, 1 => trunk, 4 => cooked, 4 => cooked_2, 3 => null, 3 => raw, 1 => other]
        .boxed()
}

/// A link type, captured bytes and the length on the wire.
fn frame_of() -> impl Strategy<Value = (u16, Vec<u8>, u32)> {
    let ip = prop_oneof![
        2 => ipv4().prop_flat_map(|ip| (link(false), Just(ip))),
        1 => ipv6().prop_flat_map(|ip| (link(true), Just(ip))),
    ];
    let padding = prop_oneof![3 => Just(vec![]), 1 => bytes(20)];
    let cut = prop_oneof![4 => Just(None), 1 => any::<prop::sample::Index>().prop_map(Some)];
    let damage = prop_oneof![
        3 => Just(vec![]),
        1 => prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ];
    // The length on the wire: as it was, some more, less than was captured, anything.
    let wire = prop_oneof![
        6 => Just(None),
        2 => (0..40_i32).prop_map(Some),
        1 => (-40..0_i32).prop_map(Some),
        1 => any::<i32>().prop_map(Some),
    ];
    (ip, padding, cut, damage, wire).prop_map(|(((kind, head), ip), padding, cut, damage, wire)| {
        let mut data = join(&[&head, &ip, &padding]);
        let whole = data.len() as u32;
        for (at, value) in damage {
            let at = at.index(data.len().max(1));
            if let Some(byte) = data.get_mut(at) {
                *byte = value;
            }
        }
        if let Some(cut) = cut {
            data.truncate(cut.index(data.len() + 1));
        }
        let wire = wire.map_or(whole, |by| (data.len() as u32).saturating_add_signed(by));
        (kind, data, wire)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn the_fast_path_does_what_the_layers_do(
        frames in prop::collection::vec(frame_of(), 1..4),
        verify_checksums in prop_oneof![9 => Just(false), 1 => Just(true)],
    ) {
        let config = Config { verify_checksums, fragment_memory: 4096, ..Config::default() };
        let mut both = Both::new(config);
        for (number, (kind, data, wire)) in (1..).zip(&frames) {
            both.packet(&packet(number, *kind, data, *wire));
        }
        both.finish();
    }
}

#[test]
fn ordinary_segments_go_the_fast_path_on_every_link_that_has_one() {
    for (ether_type, family, ip) in [([0x08, 0], 2, tcp4()), ([0x86, 0xdd], 30, tcp6())] {
        for (link_type, head) in [
            (1, join(&[&[2; 12], &ether_type])),
            (113, join(&[&[0, 0, 0, 1], &[0; 10], &ether_type])),
            (113, join(&[&[0, 0, 3, 4], &[0; 10], &ether_type])),
            (276, join(&[&ether_type, &[0; 6], &[0, 1], &[0; 10]])),
            (276, join(&[&ether_type, &[0; 6], &[3, 4], &[0; 10]])),
            (0, vec![family, 0, 0, 0]),
            (101, vec![]),
        ] {
            let data = join(&[&head, &ip]);
            let mut both = Both::default();
            both.packet(&packet(1, link_type, &data, data.len() as u32));
            assert_eq!(both.finish(), 1, "{link_type}");
            assert_hello("the fast path", link_type, &data);
        }
    }
}

/// Its address alone does not make a frame Cisco's Inter-Switch Link: an `EtherType` stands where
/// that has a length.
#[test]
fn ip_to_the_address_of_an_inter_switch_link_is_ip() {
    for first in [1, 3] {
        let data = join(&[&[first, 0, 0x0c, 0, 0, 7], &[4; 6], &[0x08, 0], &tcp4()]);
        assert_hello("to a trunk's address", 1, &data);
        let mut both = Both::default();
        both.packet(&packet(1, 1, &data, data.len() as u32));
        assert_eq!(both.finish(), 1);
        let trunk = join(&[&[first, 0, 0x0c, 0, 0], &[0; 21], &frame(0x0800, &tcp4()), &[0; 4]]);
        assert_hello("a trunk's frame", 1, &trunk);
    }
}

#[test]
fn the_fuzz_corpus_is_decoded_the_same_both_ways() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/decode");
    let mut fast = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let input = std::fs::read(entry.unwrap().path()).unwrap();
        let Some((_, rest)) = input.split_first() else { continue };
        for verify_checksums in [true, false] {
            let config = Config { verify_checksums, fragment_memory: 16 << 10, ..Config::default() };
            let mut both = Both::new(config);
            Packets::new(rest).for_each(|packet| both.packet(&packet));
            fast += both.finish();
        }
    }
    assert!(fast > 0, "none of the corpus goes the fast path");
}

#[test]
fn the_fixtures_are_decoded_the_same_both_ways() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lesson");
    let mut fast = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let mut files = crate::capture::Files::open([entry.unwrap().path()]).unwrap();
        let mut both = Both::default();
        while let Some(packet) = files.next().unwrap() {
            both.packet(&packet);
        }
        fast += both.finish();
    }
    assert!(fast > 50, "{fast} packets of the fixtures go the fast path");
}
