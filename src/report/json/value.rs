//! JSON's values written straight into a buffer.
//!
//! This module refuses to know which values make a line.

use super::time::Clock;
use crate::decode::Endpoint;
use crate::packet::Timestamp;
use crate::report::digits;
use crate::report::page::{Page, store};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::Write as _;
use std::net::IpAddr;

/// A buffer that JSON is written to, with what makes writing it cheap.
#[derive(Debug, Default)]
pub(in crate::report) struct Buffer {
    pub(in crate::report) bytes: Page,
    clock: Clock,
    scratch: String,
}

impl Buffer {
    /// Appends bytes that are JSON already. Inlined, as all that takes a separator: where its
    /// length is known, copying it is a few instructions.
    #[inline]
    pub(in crate::report) fn raw(&mut self, json: &str) {
        self.bytes.put(json.as_bytes());
    }

    /// `separator` is what stands before the number: a comma, a key and a colon.
    #[inline]
    pub(in crate::report) fn number(&mut self, separator: &str, number: impl Into<u64>) {
        self.raw(separator);
        self.bytes.number(number.into());
    }

    /// A string that needs no escaping.
    pub(in crate::report) fn plain(&mut self, separator: &str, text: impl std::fmt::Display) {
        self.raw(separator);
        _ = write!(self.bytes, "\"{text}\"");
    }

    /// `"address:port"`. Every line has two of them, nearly all version 4, which are written without `fmt`.
    pub(in crate::report) fn endpoint(&mut self, separator: &str, endpoint: Endpoint) {
        let IpAddr::V4(address) = endpoint.address else { return self.plain(separator, endpoint) };
        self.raw(separator);
        self.bytes.fill(|room: &mut [u8; 32]| {
            store(room, 0, b"\"");
            let mut at = 1;
            let mut add = |number: u64, then: u8| {
                let (digits, count) = digits::of(number);
                store(room, at, &(digits | u64::from(then) << (8 * count)).to_le_bytes());
                at += count + 1;
            };
            let [octets @ .., last] = address.octets();
            for octet in octets {
                add(octet.into(), b'.');
            }
            add(last.into(), b':');
            add(endpoint.port.into(), b'"');
            at
        });
    }

    /// The bytes in base64, as a string.
    pub(in crate::report) fn base64(&mut self, separator: &str, bytes: &[u8]) {
        self.scratch.clear();
        STANDARD.encode_string(bytes, &mut self.scratch);
        self.raw(separator);
        self.bytes.push(b'"');
        self.bytes.put(self.scratch.as_bytes());
        self.bytes.push(b'"');
    }

    /// The bytes in lower-case hexadecimal, as a string.
    pub(in crate::report) fn hex(&mut self, separator: &str, bytes: &[u8]) {
        const DIGITS: [u8; 16] = *b"0123456789abcdef";
        self.raw(separator);
        self.bytes.push(b'"');
        for byte in bytes {
            self.bytes.put(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
        self.bytes.push(b'"');
    }

    /// A time in RFC 3339, with the capture's own resolution.
    #[inline]
    pub(in crate::report) fn time(&mut self, separator: &str, time: Timestamp) {
        self.raw(separator);
        let (text, len) = self.clock.text(time);
        self.bytes.block(text, len);
    }
}
