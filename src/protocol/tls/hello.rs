//! What a TLS handshake shows to anyone who looks: the name of the server that is called.
//!
//! This room sees the first bytes of a stream. It refuses to decrypt anything.

/// How far reading a client's first message came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hello {
    /// More bytes are needed.
    Partial,
    /// A `ClientHello`, with the server name it asks for, where it says one.
    Done {
        /// The `host_name` of RFC 6066 §3; escaped by whoever shows it.
        server_name: Option<String>,
    },
    /// Not the start of a TLS handshake.
    Not,
}

/// So many bytes of handshake are looked at; real ones stay under 4 KiB, also with
/// post-quantum key shares.
pub const LONGEST_HELLO: usize = 16 << 10;

/// Reads a `ClientHello` (RFC 8446 §4.1.2) from the first bytes of a stream, over the
/// borders of records (RFC 8446 §5.1).
pub fn client_hello(stream: &[u8]) -> Hello {
    let mut handshake = Vec::new();
    let mut rest = stream;
    while let [kind, major, _, high, low, after @ ..] = rest {
        if *kind != 22 || *major != 3 {
            break;
        }
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let part = after.get(..length).unwrap_or(after);
        handshake.extend_from_slice(part);
        rest = after.get(length..).unwrap_or_default();
        if handshake.len() >= LONGEST_HELLO {
            break;
        }
    }
    match (stream, handshake.as_slice()) {
        ([] | [22] | [22, 3, ..], []) | (_, [1] | [1, _] | [1, _, _]) => Hello::Partial,
        (_, [1, a, b, c, body @ ..]) => {
            let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
            match body.get(..length) {
                Some(body) => Hello::Done { server_name: server_name(body) },
                None if length > LONGEST_HELLO || handshake.len() >= LONGEST_HELLO => {
                    Hello::Done { server_name: server_name(body) }
                }
                None => Hello::Partial,
            }
        }
        _ => Hello::Not,
    }
}

/// The server name in a `ClientHello`'s body.
fn server_name(body: &[u8]) -> Option<String> {
    let mut reader = Reader(body);
    reader.take(2 + 32)?;
    reader.vector(1)?; // session id
    reader.vector(2)?; // cipher suites
    reader.vector(1)?; // compression methods
    let mut extensions = Reader(reader.vector(2)?);
    loop {
        let kind = extensions.number(2)?;
        let mut extension = Reader(extensions.vector(2)?);
        if kind != 0 {
            continue;
        }
        let mut names = Reader(extension.vector(2)?);
        while let Some(kind) = names.number(1) {
            let name = names.vector(2)?;
            if kind == 0 {
                return Some(String::from_utf8_lossy(name).into_owned());
            }
        }
        return None;
    }
}

/// Reads TLS's presentation language (RFC 8446 §3).
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, bytes: usize) -> Option<usize> {
        Some(self.take(bytes)?.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
    }

    /// A vector whose length is stated in so many bytes.
    fn vector(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let length = self.number(bytes)?;
        self.take(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A handshake message with these extensions, in records of at most `record` bytes.
    fn hello(extensions: &[u8], record: usize) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([0, 0, 2, 0x13, 0x01, 1, 0]);
        body.extend((extensions.len() as u16).to_be_bytes());
        body.extend(extensions);
        let mut message = vec![1, 0];
        message.extend((body.len() as u16).to_be_bytes());
        message.extend(body);
        message.chunks(record).flat_map(|part| [&[22, 3, 1, 0, part.len() as u8][..], part].concat()).collect()
    }

    const NAME: &[u8] = b"\x00\x2b\x00\x03\x02\x03\x04\x00\x00\x00\x0e\x00\x0c\x00\x00\x09localhost";

    #[test]
    fn the_server_name_is_found_over_record_borders() {
        let want = Hello::Done { server_name: Some("localhost".into()) };
        for record in [1, 2, 7, 200] {
            assert_eq!(client_hello(&hello(NAME, record)), want, "records of {record}");
        }
        assert_eq!(client_hello(&hello(b"", 200)), Hello::Done { server_name: None });
    }

    #[test]
    fn every_cut_asks_for_more_and_nothing_panics() {
        let whole = hello(NAME, 20);
        for cut in 0..whole.len() {
            assert_eq!(client_hello(&whole[..cut]), Hello::Partial, "cut at {cut}");
            let mut broken = whole.clone();
            broken[cut] ^= 0xff;
            client_hello(&broken);
        }
    }

    #[test]
    fn other_things_are_no_hello() {
        for bytes in [&b"GET / HTTP/1.1\r\n"[..], b"\x17\x03\x03\x00\x01x", b"\x16\x03\x03\x00\x04\x02\x00\x00\x00"] {
            assert_eq!(client_hello(bytes), Hello::Not);
        }
    }
}
