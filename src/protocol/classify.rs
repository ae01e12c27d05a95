//! Tells by bytes which protocol they begin, and by nothing else: no port, no address.

use super::http1::recognize;
use super::http1::start_kind::Look;
use super::registry::{self, Begun};

/// What `bytes` begin, where a message of HTTP/1 or another protocol may begin. `first`: where a
/// connection begins, or one that was opened through it.
pub(crate) fn classify(bytes: &[u8], first: bool) -> Look {
    let look = recognize::recognize(bytes);
    match registry::begun(bytes, first) {
        // HTTP/2 begins like a request of HTTP/1.
        Begun::Is(protocol) => Look::Other(protocol),
        Begun::Perhaps if look == Look::Not => Look::Partial,
        Begun::Perhaps | Begun::None => look,
    }
}

#[cfg(test)]
mod tests {
    use super::super::http1::start_kind::Kind;
    use super::super::kind::Protocol;
    use super::*;

    #[test]
    fn each_protocol_is_known_by_its_first_bytes() {
        for (bytes, first, later) in [
            (&b"GET / HTTP/1.1\r\n"[..], Look::Is(Kind::Request), Look::Is(Kind::Request)),
            (b"HTTP/1.1 200 OK\r\n", Look::Is(Kind::Response), Look::Is(Kind::Response)),
            (b"PRI * HTTP/2.0\r\n\r\nSM", Look::Other(Protocol::Http2), Look::Other(Protocol::Http2)),
            (b"PR", Look::Partial, Look::Partial),
            (b"\x16\x03\x01\x02\x00", Look::Other(Protocol::Tls), Look::Not),
            (b"\x16\x03", Look::Partial, Look::Not),
            (b"\x16\x09\x01", Look::Not, Look::Not),
            (b"SSH-2.0-x\r\n", Look::Not, Look::Not),
            (b"\0\0\x0c\x04", Look::Not, Look::Not),
        ] {
            assert_eq!((classify(bytes, true), classify(bytes, false)), (first, later), "{}", bytes.escape_ascii());
        }
    }
}
