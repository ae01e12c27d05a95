//! Identifiers of secrets that only the holder of a key can compute.

use super::fingerprint::digits;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use std::fmt;

/// The key for the identifiers of secrets.
#[derive(Clone)]
pub struct SecretIdKey(Hmac<Sha256>);

impl SecretIdKey {
    /// A key of any length; `None` where it is empty.
    pub fn new(key: &[u8]) -> Option<Self> {
        // HMAC takes keys of any length (RFC 2104 section 2).
        Hmac::new_from_slice(key).ok().filter(|_| !key.is_empty()).map(Self)
    }

    /// The identifier of a secret: the first 16 hexadecimal digits of its HMAC-SHA-256.
    pub fn id(&self, secret: &[u8]) -> String {
        digits(&self.0.clone().chain_update(secret).finalize().into_bytes())
    }
}

impl fmt::Debug for SecretIdKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretIdKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_those_of_rfc_4231() {
        for (key, secret, want) in [
            (&[0x0b; 20][..], &b"Hi There"[..], "b0344c61d8db3853"),
            (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e"),
            (&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First", "60e431591ee0b67f"),
        ] {
            assert_eq!(SecretIdKey::new(key).unwrap().id(secret), want);
        }
        assert!(SecretIdKey::new(b"").is_none());
    }
}
