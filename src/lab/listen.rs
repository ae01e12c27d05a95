//! Where a server listens, as people write it: `5683`, `localhost`, `127.0.0.1:5683`, `[::1]:0`.
//!
//! Only the text is understood here; whether the address can be had is the server's to find out.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::str::FromStr;

use super::lesson::PORT;

/// An address to listen on: a host as given, and a port (0 lets the system choose a free one).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    host: Host,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Address(IpAddr),
    Name(String),
}

/// The text is no address to listen on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no address to listen on; write ADDRESS:PORT (127.0.0.1:5683, [::1]:5683) or only a port")]
pub struct Malformed(String);

impl Default for Listen {
    fn default() -> Self {
        Self::loopback(PORT)
    }
}

impl From<SocketAddr> for Listen {
    fn from(address: SocketAddr) -> Self {
        Self { host: Host::Address(address.ip()), port: address.port() }
    }
}

impl Listen {
    /// 127.0.0.1 on `port`.
    pub const fn loopback(port: u16) -> Self {
        Self { host: Host::Address(IpAddr::V4(Ipv4Addr::LOCALHOST)), port }
    }

    /// The addresses it stands for, IPv4 first: for `localhost` the one that most clients try.
    ///
    /// # Errors
    /// The name cannot be resolved.
    pub fn addresses(&self) -> std::io::Result<Vec<SocketAddr>> {
        match &self.host {
            Host::Address(address) => Ok(vec![SocketAddr::new(*address, self.port)]),
            Host::Name(name) => {
                let mut found: Vec<_> = (name.as_str(), self.port).to_socket_addrs()?.collect();
                found.sort_by_key(SocketAddr::is_ipv6);
                Ok(found)
            }
        }
    }
}

impl FromStr for Listen {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed = || Malformed(text.to_owned());
        if let Ok(port) = text.parse() {
            return Ok(Self::loopback(port));
        }
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(address.into());
        }
        let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse() {
            return Ok(Self { host: Host::Address(address), port: PORT });
        }
        let (name, port) = match text.split_once(':') {
            Some((name, port)) => (name, port.parse().map_err(|_| malformed())?),
            None => (text, PORT),
        };
        // Four numbers that are no address are a slip of the pen, not a name to look up.
        let is_name = name.bytes().any(|b| b.is_ascii_alphabetic())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
        if is_name { Ok(Self { host: Host::Name(name.to_owned()), port }) } else { Err(malformed()) }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Address(address) => SocketAddr::new(*address, self.port).fmt(f),
            Host::Name(name) => write!(f, "{name}:{}", self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write() {
        let cases = [
            ("5683", "127.0.0.1:5683"),
            ("0", "127.0.0.1:0"),
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("0.0.0.0", "0.0.0.0:5683"),
            ("[::1]:0", "[::1]:0"),
            ("::1", "[::1]:5683"),
            ("[::1]", "[::1]:5683"),
            ("localhost", "localhost:5683"),
            ("localhost:8080", "localhost:8080"),
            ("fox-den.example:1", "fox-den.example:1"),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Listen>().map(|l| l.to_string()).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_refused() {
        for text in
            ["", ":", ":80", "65536", "127.0.0.1:65536", "127.0.0.999:80", "localhost:", "http://localhost", "a b"]
        {
            assert!(text.parse::<Listen>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn localhost_is_loopback_and_ipv4_first() {
        let addresses =
            "localhost:1".parse::<Listen>().and_then(|l| l.addresses().map_err(|e| Malformed(e.to_string())));
        let addresses = addresses.unwrap_or_default();
        assert!(!addresses.is_empty() && addresses.iter().all(|a| a.ip().is_loopback()), "{addresses:?}");
        assert!(addresses.is_sorted_by_key(SocketAddr::is_ipv6), "{addresses:?}");
    }
}
