//! The protocols that are told by their first bytes.

use super::kind::Protocol;
use super::reader::{Raw, Reader};
use super::{http2, tls};
use crate::http::BodyState;

/// What bytes begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begun {
    /// This protocol.
    Is(Protocol),
    /// One of them, perhaps: more bytes will tell.
    Perhaps,
    /// None of them.
    None,
}

/// Lists protocols with their folders.
macro_rules! registry {
    ($($protocol:ident $folder:ident),* $(,)?) => {
        /// Which of them `bytes` begin. `first`: where a connection begins, or one that was opened through it.
        pub(super) fn begun(bytes: &[u8], first: bool) -> Begun {
            $(match $folder::begins(bytes, first) {
                Some(true) => return Begun::Is(Protocol::$protocol),
                None => return Begun::Perhaps,
                Some(false) => {}
            })*
            Begun::None
        }

        /// What reads a protocol. `first`: nothing but HTTP/1 was said before.
        pub(super) fn reader<S: BodyState>(protocol: Protocol, first: bool) -> Box<dyn Reader<S>> {
            match protocol {
                $(Protocol::$protocol => $folder::reader(first),)*
                _ => Box::new(Raw),
            }
        }
    };
}

registry! {
    Http2 http2,
    Tls tls,
}
