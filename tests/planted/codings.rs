//! The content codings: encoders, and how far a decoder comes with the first bytes of what they gave.

use std::io::{Read, Write};

pub struct Coding {
    pub name: &'static str,
    encode: fn(&[u8]) -> Vec<u8>,
    decoder: for<'a> fn(&'a [u8]) -> Box<dyn Read + 'a>,
}

pub const CODINGS: &[Coding] = &[
    Coding { name: "identity", encode: <[u8]>::to_vec, decoder: |bytes| Box::new(bytes) },
    Coding { name: "gzip", encode: gzip, decoder: |bytes| Box::new(flate2::read::GzDecoder::new(bytes)) },
    Coding { name: "deflate", encode: zlib, decoder: |bytes| Box::new(flate2::read::ZlibDecoder::new(bytes)) },
    Coding { name: "br", encode: brotli, decoder: |bytes| Box::new(brotli_decompressor::Decompressor::new(bytes, 1)) },
    Coding {
        name: "zstd",
        encode: |bytes| zstd::bulk::compress(bytes, 3).unwrap(),
        decoder: |bytes| Box::new(zstd::stream::read::Decoder::with_buffer(bytes).unwrap()),
    },
];

impl Coding {
    pub fn is_identity(&self) -> bool {
        self.name == "identity"
    }

    pub fn encode(&self, bytes: &[u8]) -> Vec<u8> {
        (self.encode)(bytes)
    }

    /// How many bytes come out of `coded`, which may be cut off.
    pub fn decoded_length(&self, coded: &[u8]) -> usize {
        let mut decoder = (self.decoder)(coded);
        let (mut length, mut byte) = (0, [0]);
        while decoder.read(&mut byte).is_ok_and(|count| count > 0) {
            length += 1;
        }
        length
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::new();
    let params = brotli::enc::BrotliEncoderParams { quality: 9, ..Default::default() };
    brotli::BrotliCompress(&mut &bytes[..], &mut encoded, &params).unwrap();
    encoded
}
