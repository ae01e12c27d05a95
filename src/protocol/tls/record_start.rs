//! What a TLS record begins with (RFC 8446 §5.1).

/// Whether bytes start a record: a handshake, or any where the capture began amid a connection. `None`
/// where too few came to tell. TLS begins where a connection does.
pub(crate) fn begins(bytes: &[u8], first: bool) -> Option<bool> {
    match bytes {
        _ if !first => Some(false),
        [20..=23, 3, minor, ..] => Some(*minor <= 4),
        [20..=23] | [20..=23, 3] => None,
        _ => Some(false),
    }
}
