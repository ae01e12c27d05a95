//! ESP without encryption (RFC 2410): packets that are signed and readable.
//!
//! Nothing in the packet says that it is not encrypted, so everything that can be
//! checked is; it never tries to decrypt.

use crate::decode::counters::Reason;
use crate::decode::ip::payload_is_plausible;
use crate::decode::transport::Addresses;
use crate::decode::view::View;
use crate::decode::walk::{OrCut, Outcome, Walk};

impl Walk<'_> {
    /// An ESP packet (RFC 4303 §2), if it is not encrypted.
    pub(in crate::decode) fn esp_null(&mut self, view: View<'_>, addresses: Addresses) -> Outcome {
        let body = view.skip(8).or_cut("esp: header cut")?;
        if body.missing > 0 {
            return Err(Reason::bad("esp: trailer cut"));
        }
        // Without an initialisation vector, and with GMAC's (RFC 4543).
        for vector in [0, 8] {
            let Some(body) = body.skip(vector) else { break };
            // HMAC-SHA-1-96 and MD5, SHA-256, SHA-1 whole, SHA-384, SHA-512, and none.
            for signature in [12, 16, 20, 24, 32, 0] {
                if let Some((protocol, payload)) = without_trailer(body, signature)
                    && payload_is_plausible(protocol, payload, addresses)
                {
                    return self.deeper(|walk| walk.ip_payload(protocol, payload, addresses));
                }
            }
        }
        Err(Reason::bad("esp: encrypted").without_stream())
    }
}

/// What is before the trailer, if there is a signature of `signature` bytes behind it and
/// the padding counts 1, 2, 3, … as it must by default (RFC 4303 §2.4).
fn without_trailer(body: View<'_>, signature: usize) -> Option<(u8, View<'_>)> {
    let end = body.bytes.len().checked_sub(signature)?;
    let (rest, &[padding, protocol]) = body.bytes.get(..end)?.split_last_chunk()?;
    let length = rest.len().checked_sub(padding.into())?;
    let counts = rest.get(length..)?.iter().zip(1_u8..).all(|(&byte, count)| byte == count);
    counts.then(|| (protocol, body.limit(length)))
}
