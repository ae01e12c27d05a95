//! Removing content codings.
#![allow(missing_docs, clippy::unwrap_used)]

mod measure;

use flate2::Compression;
use flate2::read::{DeflateEncoder, GzEncoder};
use measure::Case;
use measure::text::mixed;
use plainsight::http::content::{Content, Limits};
use std::hint::black_box;
use std::io::Read as _;
use std::process::ExitCode;

/// A megabyte that compresses as text does.
fn text() -> Vec<u8> {
    let words =
        ["packet ", "frame ", "segment ", "stream ", "gap ", "message ", "exchange ", "head ", "body\n", "finding "];
    mixed(&words)
}

fn main() -> ExitCode {
    let text = text();
    let (mut gzip, mut deflate) = (Vec::new(), Vec::new());
    GzEncoder::new(&text[..], Compression::default()).read_to_end(&mut gzip).unwrap();
    DeflateEncoder::new(&text[..], Compression::default()).read_to_end(&mut deflate).unwrap();
    let zstd = zstd::bulk::compress(&text, 3).unwrap();
    let length = text.len();
    let case = |coding: &'static str, body: Vec<u8>| {
        Case::new(coding, length, move || {
            let mut content = Content::new([coding.as_bytes()], Limits::default());
            for part in body.chunks(1448) {
                content.feed(part, &mut |bytes| _ = black_box(bytes));
            }
            content.finish(true, &mut |bytes| _ = black_box(bytes));
        })
    };
    measure::main(vec![case("identity", text), case("gzip", gzip), case("deflate", deflate), case("zstd", zstd)])
}
