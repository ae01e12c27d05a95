//! Each coding as it should be.

use super::encode::{compress, deflate, gzip, gzip_with, zstd};
use super::{Content, Limits, check, decode_by, samples};

#[test]
fn labels() {
    let tail = b"fluffy tail";
    let br = b"\x0b\x05\x80fluffy tail\x03";
    let cases: [(&str, Vec<u8>, &str); 16] = [
        ("gzip", gzip(tail), "gzip"),
        ("x-gzip", gzip(tail), "gzip"),
        ("GZip", gzip(tail), "gzip"),
        (" gzip ,", gzip(tail), "gzip"),
        ("\"gzip\"", gzip(tail), "gzip"),
        ("gzip;q=1.0", gzip(tail), "gzip"),
        ("identity, gzip", gzip(tail), "gzip"),
        ("gzip, chunked", gzip(tail), "gzip"),
        ("deflate", deflate(tail, true), "deflate"),
        ("br", br.to_vec(), "br"),
        ("zstd", zstd(tail), "zstd"),
        ("compress", compress(tail, 16, true, None), "compress"),
        ("x-compress", compress(tail, 16, true, None), "compress"),
        ("deflate, gzip", gzip(&deflate(tail, true)), "deflate, gzip"),
        ("br,zstd , gzip", gzip(&zstd(br)), "br, zstd, gzip"),
        (
            "gzip, gzip, gzip, gzip, gzip",
            (0..5).fold(tail.to_vec(), |body, _| gzip(&body)),
            "gzip, gzip, gzip, gzip, gzip",
        ),
    ];
    for (header, body, name) in cases {
        check(header, header, &body, tail, name, &[]);
    }
}

#[test]
fn several_fields_are_one_list() {
    let mut content = Content::new([&b"deflate"[..], b"gzip"], Limits::default());
    let mut decoded = Vec::new();
    let mut sink = |bytes: &[u8]| decoded.extend_from_slice(bytes);
    content.feed(&gzip(&deflate(b"fluffy", true)), &mut sink);
    content.finish(true, &mut sink);
    assert_eq!((decoded.as_slice(), &*content.name()), (&b"fluffy"[..], "deflate, gzip"));
}

#[test]
fn other_programs_encodings() {
    let text = samples::text();
    check("brotli", "br", &samples::bytes(samples::BROTLI), &text, "br", &[]);
    check("brotli, flushed between", "br", b"\x0b\x03\x80fluffy \x18\x00\x08tail\x03", b"fluffy tail", "br", &[]);
    check("brotli, nothing", "br", b"\x06", b"", "br", &[]);
    check("brotli, nothing, as brotli 1.x says it", "br", b";", b"", "br", &[]);
    check("compress", "compress", &samples::bytes(samples::COMPRESS), &text, "compress", &[]);
}

#[test]
fn gzip_headers() {
    for flags in 0..32 {
        check(&format!("flags {flags:#x}"), "gzip", &gzip_with(b"fluffy tail", flags), b"fluffy tail", "gzip", &[]);
    }
    let mut empty_extra = gzip(b"tail");
    empty_extra[3] = 4;
    empty_extra.splice(10..10, [0, 0]);
    check("empty extra field", "gzip", &empty_extra, b"tail", "gzip", &[]);
}

#[test]
fn members_and_frames() {
    let members = [gzip(b"fluffy "), gzip(b""), gzip_with(b"tail", 31)].concat();
    check("gzip members", "gzip", &members, b"fluffy tail", "gzip", &[]);
    let skippable = b"\x5a\x2a\x4d\x18\x03\x00\x00\x00xyz".to_vec();
    let frames = [zstd(b"fluffy "), skippable.clone(), zstd(b""), zstd(b"tail"), skippable.clone()].concat();
    check("zstd frames", "zstd", &frames, b"fluffy tail", "zstd", &[]);
    check("skippable first", "zstd", &[skippable, zstd(b"tail")].concat(), b"tail", "zstd", &[]);
}

#[test]
fn empty_content() {
    check("gzip", "gzip", &gzip(b""), b"", "gzip", &[]);
    check("zlib", "deflate", &deflate(b"", true), b"", "deflate", &[]);
    check("raw", "deflate", &deflate(b"", false), b"", "deflate", &["raw-deflate"]);
    check("zstd", "zstd", &zstd(b""), b"", "zstd", &[]);
    check("compress", "compress", &compress(b"", 16, true, None), b"", "compress", &[]);
}

#[test]
fn compress_widths() {
    let text: Vec<u8> = (0..20_000_u32).flat_map(|i| (i.wrapping_mul(2_654_435_761) >> 12).to_le_bytes()).collect();
    for max_bits in 9..=16 {
        for (block_mode, period) in [(false, None), (true, None), (true, Some(0)), (true, Some(1001))] {
            let body = compress(&text, max_bits, block_mode, period);
            let decoded = decode_by("compress", &body, 1460, true, Limits::default());
            assert!(decoded.bytes == text && decoded.notes.is_empty(), "{max_bits} bits, {block_mode}, {period:?}");
        }
    }
    let zeros = vec![b'z'; 100_000];
    check("a code of itself", "compress", &compress(&zeros, 12, true, None), &zeros, "compress", &[]);
}

#[test]
fn identity_passes_by() {
    for header in ["", "identity", " , Identity,,", "chunked"] {
        assert!(Content::new([header.as_bytes()], Limits::default()).is_identity());
        check(header, header, b"fluffy tail", b"fluffy tail", "identity", &[]);
    }
    assert!(Content::default().is_identity());
}
