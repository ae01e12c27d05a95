//! Decompression bombs, and what is held.

use super::encode::{compress, deflate, gzip, zstd};
use super::{Content, Limits, decode_by, samples};

const SMALL: Limits = Limits { bytes: 1 << 20, ratio: 10, grace: 1 << 16, zstd_window_log: 23 };

#[test]
fn bombs_stop_at_the_bound() {
    let zeros = vec![0; 4 << 20];
    let brotli = b"\x9b\xff\xff\x3f\xf8\x27\x00\xe2\xb1\x40\x20\xf7\xfe\x07";
    let bodies = [
        ("gzip", gzip(&zeros)),
        ("deflate", deflate(&zeros, true)),
        ("br", brotli.to_vec()),
        ("zstd", zstd(&zeros)),
        ("compress", compress(&zeros, 16, true, None)),
    ];
    for (header, body) in &bodies {
        for piece in [1000, 1460, 4096, body.len()] {
            let decoded = decode_by(header, body, piece, true, SMALL);
            assert_eq!(decoded.notes, ["decompression-bomb"], "{header}");
            let range = 1 << 16..=SMALL.allowance(body.len() as u64);
            assert!(range.contains(&(decoded.bytes.len() as u64)), "{header}: {}", decoded.bytes.len());
            assert_eq!(decoded, decode_by(header, body, 1, true, SMALL), "{header} in pieces of {piece}");
        }
        let free = decode_by(header, body, 1460, true, Limits { ratio: u64::MAX, ..Limits::default() });
        assert!(free.bytes == zeros && free.notes.is_empty(), "{header} within the limits");
    }
}

#[test]
fn a_bomb_in_a_bomb() {
    let inner = gzip(&vec![0; 32 << 20]);
    let decoded = decode_by("gzip, gzip", &gzip(&inner), 1460, true, SMALL);
    assert_eq!(decoded.notes, ["decompression-bomb"]);
    assert!(decoded.bytes.len() <= 1 << 17, "{}", decoded.bytes.len());
}

#[test]
fn exactly_as_much_as_allowed_is_no_bomb() {
    let limits = Limits { bytes: 5000, ..Limits::default() };
    for (size, notes) in [(5000, &[][..]), (5001, &["decompression-bomb"][..])] {
        let decoded = decode_by("gzip", &gzip(&vec![7; size]), 1, true, limits);
        assert_eq!((decoded.bytes.len(), decoded.notes.as_slice()), (5000, notes));
    }
}

#[test]
fn a_large_window_is_refused() {
    let mut frame = Vec::new();
    let mut encoder = zstd::Encoder::new(&mut frame, 1).unwrap();
    encoder.window_log(24).unwrap();
    std::io::Write::write_all(&mut encoder, &samples::text()).unwrap();
    encoder.finish().unwrap();
    let refused = super::decode("zstd", &frame);
    assert_eq!((refused.name.as_str(), refused.notes.as_slice()), ("identity", &["zstd-window-too-large"][..]));
    assert_eq!(refused.bytes, frame);
    let wider = decode_by("zstd", &frame, 10, true, Limits { zstd_window_log: 24, ..Limits::default() });
    assert_eq!(wider.bytes, samples::text());
}

#[test]
fn memory_is_told() {
    let mut content = Content::new([&b"gzip"[..]], Limits::default());
    let before = content.memory();
    content.feed(&gzip(b"fluffy"), &mut |_| {});
    assert!(before < 400 && content.memory() > 32 * 1024, "{before}, {}", content.memory());
    assert_eq!(Content::default().memory(), 0);
}
