//! Bodies that are not what their label says, or are broken.

use super::encode::{compress, deflate, gzip, zstd};
use super::{Content, Limits, check, decode_by, samples};

const WRONG: &[&str] = &["wrong-content-encoding"];
/// Name, label, body, the codings removed, notes.
type Case<'a> = (&'a str, &'a str, Vec<u8>, &'a str, &'a [&'a str]);

const TAIL: &[u8] = b"fluffy tail";

#[test]
fn the_bytes_decide() {
    let text = samples::text();
    let br = samples::bytes(samples::BROTLI);
    let cases: [Case<'_>; 14] = [
        ("raw deflate", "deflate", deflate(&text, false), "deflate", &["raw-deflate"]),
        ("short raw deflate", "deflate", deflate(TAIL, false), "deflate", &["raw-deflate"]),
        ("zlib as gzip", "gzip", deflate(&text, true), "deflate", WRONG),
        ("raw deflate as gzip", "gzip", deflate(&text, false), "deflate", WRONG),
        ("zstd as gzip", "gzip", zstd(&text), "zstd", WRONG),
        ("compress as gzip", "gzip", compress(&text, 16, true, None), "compress", WRONG),
        ("gzip as deflate", "deflate", gzip(&text), "gzip", WRONG),
        ("gzip as br", "br", gzip(&text), "gzip", WRONG),
        ("zlib as br", "br", deflate(&text, true), "deflate", WRONG),
        ("zstd as br", "br", zstd(&text), "zstd", WRONG),
        ("gzip as zstd", "zstd", gzip(&text), "gzip", WRONG),
        ("gzip as compress", "compress", gzip(&text), "gzip", WRONG),
        ("the inner label lies", "deflate, gzip", gzip(&gzip(&text)), "gzip, gzip", WRONG),
        ("coded once, said twice", "br, br", br, "br", WRONG),
    ];
    for (case, header, body, name, notes) in cases {
        let expected = if case.starts_with("short") { TAIL } else { &text };
        check(case, header, &body, expected, name, notes);
    }
}

/// Texts and pictures are kept as they are, whatever they are labelled.
#[test]
fn uncoded_bytes_are_kept() {
    let text = samples::text();
    let bodies: [&[u8]; 17] = [
        b"x",
        b"{}",
        b"Hello",
        b"HC: zlib's check bits are right",
        b"x^2 + y^2 = z^2",
        b"fluffy tail",
        b"<html><body>fluffy tail</body></html>",
        b"{\"password\":\"fluffy tail\"}",
        "Eichhörnchen haben flauschige Schwänze; 松鼠的尾巴毛茸茸的".as_bytes(),
        b"caf\xe9 au lait, cr\xeame br\xfbl\xe9e, garni de p\xeache; d\xe9j\xe0 vu \xe0 No\xebl et \xe0 P\xe2ques",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89",
        b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00",
        b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x01\x00H\x00H\x00\x00\xff\xdb\x00C\x00\x08\x06\x06\x07\x06\x05",
        b"PK\x03\x04\x14\x00\x00\x00\x08\x00\x01\x02\x03\x04\x05\x06\x07\x08",
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n",
        b"\x1f\x8b\x07not gzip: no such method",
        &text,
    ];
    for label in ["gzip", "deflate", "br", "zstd", "compress"] {
        for body in bodies {
            check(&format!("{label}: {}", body.escape_ascii()), label, body, body, "identity", WRONG);
        }
    }
}

#[test]
fn unknown_codings() {
    let unknown: &[&str] = &["unknown-content-coding"];
    check("alone", "UTF-8", TAIL, TAIL, "identity", unknown);
    check("below a known one", "exi, gzip", &gzip(TAIL), TAIL, "gzip", unknown);
    check("above a known one", "gzip, exi", &gzip(TAIL), &gzip(TAIL), "identity", unknown);
    let many = ["gzip"; 6].join(",");
    check("too many", &many, &gzip(TAIL), &gzip(TAIL), "identity", &["too-many-content-codings"]);
}

#[test]
fn trailers() {
    let text = samples::text();
    let (whole, zlib) = (gzip(&text), deflate(&text, true));
    let change = |body: &[u8], from_end: usize| {
        let mut body = body.to_vec();
        let at = body.len() - from_end;
        body[at] ^= 0x55;
        body
    };
    let cut = |body: &[u8], bytes: usize| body[..body.len() - bytes].to_vec();
    let cases: [(&str, &str, Vec<u8>, &str); 9] = [
        ("wrong CRC", "gzip", change(&whole, 8), "gzip-trailer-wrong"),
        ("wrong length", "gzip", change(&whole, 1), "gzip-trailer-wrong"),
        ("no trailer", "gzip", cut(&whole, 8), "gzip-trailer-missing"),
        ("half a trailer", "gzip", cut(&whole, 4), "gzip-trailer-missing"),
        ("garbage after", "gzip", [&whole[..], b"\x1f\x8bgarbage"].concat(), "garbage-after-content"),
        ("zeros after", "gzip", [&whole[..], &[0; 512]].concat(), "garbage-after-content"),
        ("wrong Adler-32", "deflate", change(&zlib, 1), "deflate-trailer-wrong"),
        ("no Adler-32", "deflate", cut(&zlib, 4), "deflate-trailer-missing"),
        ("half an Adler-32", "deflate", cut(&zlib, 2), "deflate-trailer-missing"),
    ];
    for (case, header, body, note) in cases {
        check(case, header, &body, &text, header, &[note]);
    }
    // A wrong trailer between members hides nothing.
    check("then more", "gzip", &[change(&gzip(b"a"), 8), gzip(b"b")].concat(), b"ab", "gzip", &["gzip-trailer-wrong"]);
    let mut frame = Vec::new();
    let mut encoder = zstd::Encoder::new(&mut frame, 3).unwrap();
    encoder.include_checksum(true).unwrap();
    std::io::Write::write_all(&mut encoder, &text).unwrap();
    encoder.finish().unwrap();
    check("zstd, right", "zstd", &frame, &text, "zstd", &[]);
    check("zstd, wrong", "zstd", &change(&frame, 1), &text, "zstd", &["zstd-trailer-wrong"]);
}

#[test]
fn garbage_after() {
    let garbage: &[&str] = &["garbage-after-content"];
    for (header, body) in [
        ("deflate", deflate(&samples::text(), true)),
        ("br", samples::bytes(samples::BROTLI)),
        ("zstd", zstd(&samples::text())),
    ] {
        check(header, header, &[&body[..], b"\x28\xb5garbage"].concat(), &samples::text(), header, garbage);
    }
}

/// The decoded part of a cut body is a beginning of the whole; everything that can be is decoded.
#[test]
fn cut_anywhere() {
    let text = samples::text();
    for (header, body) in [
        ("gzip", gzip(&text)),
        ("deflate", deflate(&text, true)),
        ("br", samples::bytes(samples::BROTLI)),
        ("zstd", zstd(&text)),
        ("compress", samples::bytes(samples::COMPRESS)),
    ] {
        for length in 1..body.len() {
            let cut = decode_by(header, &body[..length], 100, false, Limits::default());
            assert!(text.starts_with(&cut.bytes), "{header} cut at {length}");
            let silent = header == "compress"; // which has no end of its own
            assert!(cut.notes == ["content-cut"] || (silent && cut.notes.is_empty()), "{header} at {length}: {cut:?}");
        }
    }
    let long: Vec<u8> = (0..9000_u32).flat_map(|i| format!("line {}\n", i.wrapping_mul(i)).into_bytes()).collect();
    let body = gzip(&long);
    let half = decode_by("gzip", &body[..body.len() / 2], 1460, false, Limits::default());
    assert!(half.bytes.len() > long.len() / 3, "{} of {}", half.bytes.len(), long.len());
}

#[test]
fn corrupt_in_the_middle() {
    let text = samples::text();
    let mut body = gzip(&text);
    let at = body.len() / 2;
    body.splice(at..at + 40, [0xff; 40]);
    let decoded = super::decode("gzip", &[&body[..], &text].concat());
    assert_eq!(decoded.notes, ["content-corrupt"]);
    assert!(decoded.bytes.len() > 100 && decoded.bytes.len() < text.len(), "{}", decoded.bytes.len());
    assert!(text.starts_with(&decoded.bytes[..100]));
    assert!(!decoded.bytes.ends_with(&text[text.len() - 100..]), "raw bytes were mixed in");
}

#[test]
fn compress_corrupt() {
    let corrupt: &[&str] = &["content-corrupt"];
    check("first code is no byte", "compress", &[0x1f, 0x9d, 0x90, 0x00, 0x01], b"", "compress", corrupt);
    // 'a', then code 300, which no table has yet.
    check("code of the future", "compress", &[0x1f, 0x9d, 0x90, 0x61, 0x58, 0x02], b"a", "compress", corrupt);
}

#[test]
fn holes() {
    let text = samples::text();
    let lose = |header: &str, body: &[u8], at: usize| {
        let mut content = Content::new([header.as_bytes()], Limits::default());
        let mut bytes = Vec::new();
        let mut sink = |slice: &[u8]| bytes.extend_from_slice(slice);
        content.feed(&body[..at], &mut sink);
        content.gap(&mut sink);
        content.feed(&body[at..], &mut sink);
        content.finish(false, &mut sink);
        let notes: Vec<_> = content.notes().map(|note| note.0).collect();
        (bytes, content.name().into_owned(), notes)
    };
    let (bytes, name, notes) = lose("gzip", &gzip(&text), 400);
    assert!(text.starts_with(&bytes) && !bytes.is_empty());
    assert_eq!((name.as_str(), notes.as_slice()), ("gzip", &["content-hole"][..]));
    assert_eq!(lose("gzip", &gzip(&text), 0), (vec![], "identity".into(), vec!["content-hole"]));
    // Uncoded bytes go on after a hole, whether the label lies or not.
    assert_eq!(lose("gzip", &text, 20), (text.clone(), "identity".into(), WRONG.to_vec()));
    assert_eq!(lose("", &text, 20), (text.clone(), "identity".into(), vec![]));
    // The label "br" lies; the hole is below.
    let (bytes, name, notes) = lose("gzip, br", &gzip(&text), 400);
    assert!(text.starts_with(&bytes) && !bytes.is_empty());
    assert_eq!((name.as_str(), notes.as_slice()), ("gzip", &["wrong-content-encoding", "content-hole"][..]));
}

#[test]
fn nothing_at_all() {
    for header in ["gzip", "deflate", "br", "zstd", "compress"] {
        check(header, header, b"", b"", "identity", &["coding-on-empty-body"]);
        let cut = decode_by(header, b"", 1, false, Limits::default());
        assert_eq!((cut.bytes.len(), cut.notes.len()), (0, 0), "a body that never came");
    }
}
