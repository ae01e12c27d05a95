//! The connection preface, with which every client begins (RFC 9113 §3.4).

/// Its first line. What follows it, `SM` and the first frame, has no other meaning.
const FIRST_LINE: &[u8] = b"PRI * HTTP/2.0\r\n";

/// Whether bytes begin with it; `None` where too few came to tell.
pub(crate) fn begins(bytes: &[u8], _first: bool) -> Option<bool> {
    if bytes.starts_with(FIRST_LINE) {
        return Some(true);
    }
    if FIRST_LINE.starts_with(bytes) { None } else { Some(false) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preface_is_known_by_its_first_line() {
        for (bytes, want) in [
            (&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], Some(true)),
            (b"PRI * HTTP/2.0\r\n", Some(true)),
            (b"PRI * HTTP/2.0\r", None),
            (b"P", None),
            (b"", None),
            (b"PRI * HTTP/1.1\r\n", Some(false)),
            (b"POST", Some(false)),
        ] {
            assert_eq!(begins(bytes, true), want, "{}", bytes.escape_ascii());
        }
    }
}
