//! What comes out of the packets.

use crate::decode::Endpoint;
use crate::http::{Message, Note};
use crate::leak::{Finding, StreamFinding};
use crate::packet::Place;
use crate::protocol::WebSocketParameters;
use std::fmt;

/// What came out of the packets.
#[derive(Debug)]
pub enum Event {
    /// A request and its response, complete or as far as it was captured.
    Exchange(Box<Exchange>),
    /// A secret outside an exchange.
    Finding(Box<StreamFinding>),
    /// A TLS handshake began: what its client says in the clear.
    Tls(Box<TlsHello>),
}

/// Writes down of an exchange in which nothing was found what can be told before its number and its
/// stream's are known, on any thread.
pub type Drafter = Box<dyn FnMut(&Exchange, &mut Vec<u8>) + Send>;

impl Event {
    /// Memory that it holds, in bytes.
    pub(crate) fn weight(&self) -> usize {
        let findings =
            |findings: &[Finding]| findings.iter().map(|finding| FINDING + finding.secret.capacity()).sum::<usize>();
        size_of::<Self>()
            + match self {
                Self::Exchange(exchange) => {
                    let messages = [&exchange.request, &exchange.response].into_iter().flatten();
                    size_of::<Exchange>()
                        + messages.map(|message| size_of::<Message>() + message.weight()).sum::<usize>()
                        + findings(&exchange.findings)
                }
                Self::Finding(found) => FINDING + found.finding.secret.capacity(),
                Self::Tls(_) => size_of::<TlsHello>() + 256,
            }
    }
}

/// About what a finding holds besides its secret, in bytes: its texts are the rules' own.
const FINDING: usize = size_of::<Finding>() + 512;

/// A request and the response to it, or what was seen of the two.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// Counted from 1 in output order.
    pub id: u64,
    /// The number of its TCP stream, from 0, in the order in which streams appeared.
    pub stream: u64,
    /// Who sent the request.
    pub client: Endpoint,
    /// Who answered.
    pub server: Endpoint,
    /// The request, where it was captured.
    pub request: Option<Box<Message>>,
    /// The response, where one was captured.
    pub response: Option<Box<Message>>,
    /// The secrets that it showed.
    pub findings: Vec<Finding>,
    /// Where leniency was needed to read it, or something was lost.
    pub notes: Vec<Note>,
}

impl Exchange {
    /// The Host header as sent, or nothing.
    pub fn host(&self) -> Option<&[u8]> {
        self.request.as_ref()?.head.field("host")
    }

    /// Whether the stream goes on as a WebSocket (RFC 6455 §4.2.2).
    pub(crate) fn begins_web_socket(&self) -> bool {
        let head = self.response.as_ref().map(|message| &message.head);
        head.is_some_and(WebSocketParameters::are_in)
    }
}

impl fmt::Display for Exchange {
    /// One line: `127.0.0.1:44082 → 127.0.0.1:5683 GET / 200`, escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {}", self.client, self.server)?;
        if let Some(head) = self.request.as_ref().map(|m| &m.head) {
            let (method, target) = (head.method().unwrap_or_default(), head.target().unwrap_or_default());
            write!(f, " {} {}", method.escape_ascii(), target.escape_ascii())?;
        }
        match self.response.as_ref().map(|m| m.head.status()) {
            Some(Some(status)) => write!(f, " {status}"),
            Some(None) => {
                let version = self.response.as_ref().map_or("", |m| m.head.version());
                write!(f, " {}", version.as_bytes().escape_ascii())
            }
            None => write!(f, " (no response)"),
        }
    }
}

/// What a TLS client shows to anyone when it opens a connection.
#[derive(Debug, Clone)]
pub struct TlsHello {
    /// The TCP stream's number.
    pub stream: u64,
    /// Who opened the connection.
    pub client: Endpoint,
    /// The other end.
    pub server: Endpoint,
    /// Where the handshake's first byte stood.
    pub place: Place,
    /// The name of the server it asked for, where it said one (RFC 6066 §3).
    pub server_name: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Head;

    #[test]
    fn a_version_with_control_characters_is_shown_escaped() {
        let end = Endpoint { address: std::net::Ipv4Addr::LOCALHOST.into(), port: 80 };
        let bytes = b"HTTP/1.1\x1b[2J".to_vec();
        let head = Head { version: 0..bytes.len() as u32, bytes, ..Head::default() };
        let exchange = Exchange {
            id: 1,
            stream: 0,
            client: end,
            server: end,
            request: None,
            response: Some(Box::new(Message { head, ..Message::default() })),
            findings: Vec::new(),
            notes: Vec::new(),
        };
        assert_eq!(exchange.to_string(), r"127.0.0.1:80 → 127.0.0.1:80 HTTP/1.1\x1b[2J");
    }
}
