//! Any bytes, cut in any way.

use super::super::fuzz_content;
use super::encode::{compress, deflate, gzip, zstd};
use super::{Content, Limits, decode_by, samples};
use proptest::prelude::*;

fn label() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["gzip", "deflate", "br", "zstd", "compress", "gzip, br", "zstd, gzip"])
}

/// Bytes with repetitions, as codings like them.
fn compressible() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec((prop::collection::vec(any::<u8>(), 1..20), 1..200_usize), 0..40)
        .prop_map(|runs| runs.iter().flat_map(|(run, times)| run.repeat(*times)).collect())
}

proptest! {
    #[test]
    fn what_was_coded_comes_back(bytes in compressible(), bits in 9..=16_u32, block in any::<bool>(), period in 0..500_usize) {
        for (name, body) in [
            ("gzip", gzip(&bytes)),
            ("deflate", deflate(&bytes, true)),
            ("zstd", zstd(&bytes)),
            ("compress", compress(&bytes, bits, block, Some(period))),
        ] {
            let decoded = decode_by(name, &body, 777, true, Limits::default());
            prop_assert!(decoded.bytes == bytes, "{}", name);
            prop_assert_eq!(decoded.name, name);
            prop_assert!(decoded.notes.is_empty(), "{:?}", decoded.notes);
        }
    }

    #[test]
    fn any_cut_gives_the_same(
        label in label(),
        bytes in compressible(),
        cuts in prop::collection::vec(1..5000_usize, 1..20),
        damage in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
        grace in 0..20_u32,
    ) {
        let mut body = match label {
            "deflate" => deflate(&bytes, true),
            "br" => samples::bytes(samples::BROTLI),
            "zstd" => [zstd(&bytes), zstd(&bytes)].concat(),
            "compress" => compress(&bytes, 16, true, None),
            "zstd, gzip" => gzip(&zstd(&bytes)),
            _ => gzip(&bytes),
        };
        if let Some((at, with)) = damage {
            let at = at.index(body.len());
            body[at] = with;
        }
        let limits = Limits { grace: 1 << grace, ratio: 3, ..Limits::default() };
        let whole = decode_by(label, &body, body.len(), true, limits);
        let mut content = Content::new([label.as_bytes()], limits);
        let mut pieces = Vec::new();
        let mut sink = |slice: &[u8]| pieces.extend_from_slice(slice);
        let mut rest = &body[..];
        for cut in cuts.iter().cycle() {
            let (now, later) = rest.split_at((*cut).min(rest.len()));
            content.feed(now, &mut sink);
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        content.finish(true, &mut sink);
        if ["br", "zstd"].iter().any(|name| whole.name.contains(name)) && whole.notes.contains(&"content-corrupt") {
            prop_assert!(whole.bytes.starts_with(&pieces) || pieces.starts_with(&whole.bytes));
            return Ok(());
        }
        prop_assert!(pieces == whole.bytes, "{} and {} bytes", pieces.len(), whole.bytes.len());
        prop_assert_eq!(content.notes().map(|note| note.0).collect::<Vec<_>>(), whole.notes);
    }

    #[test]
    fn uncoded_noise_is_kept(label in label(), noise in prop::collection::vec(b' '..=b'~', 16..300)) {
        let decoded = decode_by(label, &noise, 11, true, Limits::default());
        prop_assert_eq!((decoded.bytes, decoded.name.as_str()), (noise, "identity"));
    }

    #[test]
    fn the_fuzz_body_holds(data in prop::collection::vec(any::<u8>(), 0..2000), magic in 0..6_usize) {
        const MAGIC: [&[u8]; 6] = [
            b"", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x00", b"\x78\x9c", b"\x28\xb5\x2f\xfd\x00\x58", b"\x1f\x9d\x90",
            b"\x0b",
        ];
        let (head, body) = data.split_at(data.len().min(4));
        fuzz_content(&[head, MAGIC[magic], body].concat());
    }
}
