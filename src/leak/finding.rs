//! A secret that crossed the wire unencrypted: what, where and how to stop it.

use crate::decode::Endpoint;
use crate::packet::Place;
use std::fmt;

/// How bad a finding is. Ordered: `Info` is the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// A weakness, such as a cookie without its flags.
    Low,
    /// A likely way to a credential, such as a password form over http.
    Medium,
    /// A token or a session cookie.
    High,
    /// A credential, a key or a canary.
    Critical,
}

impl Severity {
    /// All of them, the least first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The name in reports: lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Which of an exchange's messages something stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// In the request.
    Request,
    /// In the response.
    Response,
}

/// The value in which a secret stood. Names of fields are in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Where {
    /// The method of the request.
    RequestMethod,
    /// The target of the request.
    RequestTarget,
    /// The value of a request field.
    RequestHeader(String),
    /// The name of a request field.
    RequestHeaderName,
    /// The request's body.
    RequestBody,
    /// A trailer field of the request.
    RequestTrailer(String),
    /// The reason phrase of the response.
    ResponseReason,
    /// The value of a response field.
    ResponseHeader(String),
    /// The name of a response field.
    ResponseHeaderName,
    /// The response's body.
    ResponseBody,
    /// A trailer field of the response.
    ResponseTrailer(String),
    /// A field of an interim (1xx) response.
    ResponseInterim(String),
    /// A TCP stream that is not HTTP.
    Stream,
    /// A UDP datagram.
    Datagram,
    /// The bytes of a packet that no stream and no datagram claimed.
    Packet,
    /// What a TLS handshake shows.
    Tls,
}

/// The name in a [`Where`] that has one, borrowed as the `Where` is.
macro_rules! name_in {
    ($location:expr) => {
        match $location {
            Where::RequestHeader(name)
            | Where::RequestTrailer(name)
            | Where::ResponseHeader(name)
            | Where::ResponseTrailer(name)
            | Where::ResponseInterim(name) => Some(name),
            _ => None,
        }
    };
}

impl Where {
    /// The name of the field, where there is one.
    pub(super) fn name(&self) -> Option<&str> {
        name_in!(self).map(String::as_str)
    }

    /// The same, to be changed.
    pub(super) fn name_mut(&mut self) -> Option<&mut String> {
        name_in!(self)
    }
}

impl fmt::Display for Where {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RequestMethod => f.write_str("request.method"),
            Self::RequestTarget => f.write_str("request.target"),
            Self::RequestHeader(name) => write!(f, "request.header:{name}"),
            Self::RequestHeaderName => f.write_str("request.header-name"),
            Self::RequestBody => f.write_str("request.body"),
            Self::RequestTrailer(name) => write!(f, "request.trailer:{name}"),
            Self::ResponseReason => f.write_str("response.reason"),
            Self::ResponseHeader(name) => write!(f, "response.header:{name}"),
            Self::ResponseHeaderName => f.write_str("response.header-name"),
            Self::ResponseBody => f.write_str("response.body"),
            Self::ResponseTrailer(name) => write!(f, "response.trailer:{name}"),
            Self::ResponseInterim(name) => write!(f, "response.interim:{name}"),
            Self::Stream => f.write_str("stream"),
            Self::Datagram => f.write_str("datagram"),
            Self::Packet => f.write_str("packet"),
            Self::Tls => f.write_str("tls"),
        }
    }
}

/// A secret that stood in an exchange, a stream or a datagram.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule that found it.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// What was found, in a few words.
    pub title: String,
    /// The value in which it stood.
    pub location: Where,
    /// Where the secret's first byte came from.
    pub place: Place,
    /// 0-based offset of the secret in the value that `location` names (a body after its
    /// transfer and content coding), as it stands there, encoded or not.
    pub offset: u64,
    /// How many bytes of that value it spans.
    pub length: u64,
    /// The codings it was hidden in, from the wire inwards.
    pub via: Vec<String>,
    /// The secret itself, or marks of the same length where `redacted`.
    pub secret: Vec<u8>,
    /// Whether `secret` was overwritten.
    pub redacted: bool,
    /// What is known about the secret without using it.
    pub about: Vec<(String, String)>,
    /// How to stop it, one line.
    pub fix: String,
    /// The same from run to run; made of rule, host, method, path and place, with
    /// marks where the secret stands in these.
    pub fingerprint: String,
    /// The identifier of the secret under the key of whoever asked for one: 16 hexadecimal digits.
    pub secret_id: Option<String>,
    /// The same for the same secret within one process, hidden or not; in no report.
    pub identity: u64,
}

/// A finding outside an exchange: in a stream that is not HTTP, in a datagram, in a packet that is
/// neither's, or in what TLS shows.
#[derive(Debug, Clone)]
pub struct StreamFinding {
    /// The TCP stream's number; `None` for a datagram, and for a packet that is in no stream.
    pub stream: Option<u64>,
    /// The exchange that switched the stream to the protocol in which it stood, where one did.
    pub exchange: Option<u64>,
    /// Who opened the conversation; `None` for a packet without ports.
    pub client: Option<Endpoint>,
    /// The other end; `None` for a packet without ports.
    pub server: Option<Endpoint>,
    /// What was found.
    pub finding: Finding,
}
