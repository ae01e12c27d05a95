//! What a TLS handshake shows to anyone who looks.
//!
//! This room sees the first bytes of a stream. It refuses to decrypt anything.
