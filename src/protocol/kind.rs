//! The protocols that streams are told apart by.

use std::ops::AddAssign;

/// Makes the enum of protocols: for each its variant and its name in JSON.
macro_rules! protocols {
    ($($(#[$doc:meta])* $variant:ident $name:literal),* $(,)?) => {
        /// A protocol over TCP.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Protocol { $($(#[$doc])* $variant),* }

        impl Protocol {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name in JSON.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

protocols! {
    /// HTTP/0.9 to HTTP/1.1.
    Http1 "http1",
    /// HTTP/2.
    Http2 "http2",
    /// A WebSocket.
    WebSocket "websocket",
    /// TLS.
    Tls "tls",
    /// None of these.
    Opaque "opaque",
}

/// How much of a protocol was seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Streams that spoke it, each counted once; one that was handed on counts for both.
    pub streams: u64,
    /// Bytes of both directions.
    pub bytes: u64,
}

/// How much of each protocol was seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffics([Traffic; Protocol::ALL.len()]);

impl Traffics {
    /// Those of which something was seen.
    pub fn iter(&self) -> impl Iterator<Item = (Protocol, Traffic)> + '_ {
        Protocol::ALL.iter().copied().zip(self.0).filter(|(_, traffic)| traffic.streams > 0)
    }

    /// How much of `protocol` was seen.
    pub fn of(&self, protocol: Protocol) -> Traffic {
        self.0.get(protocol as usize).copied().unwrap_or_default()
    }

    /// Adds to what was seen of `protocol`.
    pub fn add(&mut self, protocol: Protocol, more: Traffic) {
        if let Some(sum) = self.0.get_mut(protocol as usize) {
            *sum += more;
        }
    }
}

impl AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        self.streams += other.streams;
        self.bytes += other.bytes;
    }
}

impl AddAssign for Traffics {
    fn add_assign(&mut self, other: Self) {
        for (sum, traffic) in self.0.iter_mut().zip(other.0) {
            *sum += traffic;
        }
    }
}
