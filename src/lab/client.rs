//! The client of the lesson: it asks a server for the secret message and gives it back.
//!
//! It believes no server that it cannot verify. It refuses to know who wrote the server.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::{Client, StatusCode, Url, redirect};
use rustls::CertificateError;

use super::printable::{one_line, printable};
use super::tls::{self, Trust};

/// The longest message that is read, in bytes.
pub const MAX_MESSAGE: usize = 1 << 20;

/// What to ask, whom to believe, and how long to wait.
#[derive(Debug)]
pub struct Request {
    /// The server's URL.
    pub url: Target,
    /// Whose signature on a certificate counts.
    pub trust: Trust,
    /// The file that `trust` came from, if the user named one: it is mentioned when refused.
    pub trust_file: Option<PathBuf>,
    /// How long everything together may take.
    pub timeout: Duration,
    /// The address to connect to instead of asking the resolver for the URL's host.
    pub resolve: Option<IpAddr>,
}

/// A URL that the client can fetch: http or https, with a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target(Url);

impl Target {
    /// Understands `text` as a URL.
    ///
    /// # Errors
    /// It is none, or of another kind.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let bad = |why: String| Error::Url { text: one_line(text), why };
        let advice = "write http://127.0.0.1:5683/";
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Self(url)),
            Ok(url) if matches!(url.scheme(), "http" | "https") => Err(bad(format!("it names no host; {advice}"))),
            Ok(_) => Err(bad(format!("it does not begin with http:// or https://; {advice}"))),
            Err(cause) => Err(bad(format!("{cause}; {advice}"))),
        }
    }

    /// Whether the conversation will be encrypted.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Whether the host is this very machine.
    pub fn is_loopback(&self) -> bool {
        let Some(host) = self.0.host_str() else { return false };
        let host = host.trim_matches(['[', ']']).trim_end_matches('.');
        match host.parse::<IpAddr>() {
            Ok(address) => address.to_canonical().is_loopback() || address.is_unspecified(),
            Err(_) => host == "localhost" || host.ends_with(".localhost"),
        }
    }
}

impl fmt::Display for Target {
    /// The URL without its user name and password, which errors must not repeat.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.0.clone();
        let _ = url.set_username("").and_then(|()| url.set_password(None));
        f.write_str(&one_line(url.as_str()))
    }
}

/// What a server told, exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message(Vec<u8>);

impl Message {
    /// The bytes as they came.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Message {
    /// Readable text: what a terminal would obey is escaped, what is not UTF-8 replaced.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&String::from_utf8_lossy(&self.0)))
    }
}

/// Why no message came.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL is none.
    #[error("cannot fetch {text:?}: {why}")]
    Url {
        /// What was given, printable.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// The trust store is unusable.
    #[error(transparent)]
    Trust(#[from] tls::Error),
    /// The connection could not be made, or broke.
    #[error("cannot fetch {target}: {why}")]
    Failed {
        /// What was asked for.
        target: Target,
        /// What happened, and what to do.
        why: String,
    },
    /// The server's certificate was refused.
    #[error("{target} was refused, and no request was sent: {why}")]
    Unverified {
        /// What was asked for.
        target: Target,
        /// What is wrong with the certificate, and what to do.
        why: String,
    },
    /// The server answered, but not with the message.
    #[error("{target} answered {status}{}", explain_status(*status, location.as_deref()))]
    Status {
        /// What was asked for.
        target: Target,
        /// The answer.
        status: StatusCode,
        /// Where a redirection points, printable.
        location: Option<String>,
    },
    /// The message is longer than [`MAX_MESSAGE`].
    #[error("{target} answered with more than {MAX_MESSAGE} bytes, which is no secret message")]
    TooLong {
        /// What was asked for.
        target: Target,
    },
}

fn explain_status(status: StatusCode, location: Option<&str>) -> String {
    match location {
        Some(place) => format!(" and points to {place}; redirections are not followed"),
        None if status == StatusCode::NOT_FOUND => "; the secret is told at /".into(),
        None => ", which is no secret message".into(),
    }
}

/// Fetches the message.
///
/// A proxy from the environment is used for other machines, never for this one.
///
/// # Errors
/// See [`Error`].
pub async fn fetch(request: &Request) -> Result<Message, Error> {
    let target = &request.url;
    let failed = |error: &reqwest::Error| diagnose(request, error);
    let client = client(request)?;

    let mut response = client.get(target.0.clone()).send().await.map_err(|e| failed(&e))?;
    let status = response.status();
    if !status.is_success() {
        let location = response.headers().get(reqwest::header::LOCATION).filter(|_| status.is_redirection());
        let location = location.map(|l| one_line(&String::from_utf8_lossy(l.as_bytes())));
        return Err(Error::Status { target: target.clone(), status, location });
    }
    let mut message = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| failed(&e))? {
        if message.len() + chunk.len() > MAX_MESSAGE {
            return Err(Error::TooLong { target: target.clone() });
        }
        message.extend_from_slice(&chunk);
    }
    Ok(Message(message))
}

fn client(request: &Request) -> Result<Client, Error> {
    let target = &request.url;
    // A trust store is only read when it is needed: on some systems that takes a while.
    let tls = tls::client_config(if target.is_https() { &request.trust } else { &Trust::Nobody })?;
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .timeout(request.timeout)
        .redirect(redirect::Policy::none())
        .user_agent(concat!("plainsight/", env!("CARGO_PKG_VERSION")));
    if target.is_loopback() {
        builder = builder.no_proxy();
    }
    if let (Some(address), Some(host)) = (request.resolve, target.0.host_str()) {
        let port = target.0.port_or_known_default().unwrap_or_default();
        builder = builder.resolve(host, (address, port).into());
    }
    builder.build().map_err(|e| diagnose(request, &e))
}

/// Turns what went wrong into one sentence that says what to do.
fn diagnose(request: &Request, error: &reqwest::Error) -> Error {
    let target = request.url.clone();
    if let Some(rustls::Error::InvalidCertificate(fault)) = cause_of::<rustls::Error>(error) {
        return Error::Unverified { target, why: explain_certificate(fault, request) };
    }
    let not_tls = matches!(cause_of::<rustls::Error>(error), Some(rustls::Error::InvalidMessage(_)));
    let io_kind = cause_of::<io::Error>(error).map(io::Error::kind);
    let why = if error.is_timeout() {
        format!("no answer within {}; --timeout sets how long to wait", seconds(request.timeout))
    } else if not_tls {
        "what answered does not speak TLS; is it an http:// server?".to_owned()
    } else if io_kind == Some(io::ErrorKind::ConnectionRefused) {
        "nothing listens there; start `plainsight server`, or check the port".to_owned()
    } else if !target.is_https() && io_kind.is_none() && !error.is_connect() && error.is_request() {
        format!("what answered does not speak HTTP; is it an https:// server? ({})", deepest(error))
    } else {
        deepest(error)
    };
    Error::Failed { target, why }
}

fn explain_certificate(fault: &CertificateError, request: &Request) -> String {
    let signers = match &request.trust_file {
        Some(file) => format!("no authority in {} has signed its certificate", file.display()),
        None => "no authority trusted here has signed its certificate".to_owned(),
    };
    match fault {
        // A bad signature: an authority of the same name that is another, such as one made anew.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            format!(
                "{signers}; if the server is your own, trust its authority with --ca FILE (`plainsight server --tls` says which file)"
            )
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => format!(
            "its certificate is for other names ({}); use the name that it is for",
            one_line(&fault.to_string())
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired; have the server renew it, and check this machine's clock".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet; check this machine's clock".to_owned()
        }
        other => {
            format!("{}; if the server is your own, trust its authority with --ca FILE", one_line(&other.to_string()))
        }
    }
}

fn seconds(timeout: Duration) -> String {
    format!("{} s", timeout.as_secs_f64())
}

/// The first cause of type `T` behind `error`, looking into `io::Error`s too, whose own content
/// is no `source` of theirs.
fn cause_of<'e, T: StdError + 'static>(error: &'e (dyn StdError + 'static)) -> Option<&'e T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        let inside = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match inside {
            Some(inside) => Some(inside),
            None => error.source(),
        };
    }
    None
}

/// What the innermost cause says: the outer ones only repeat that the request failed.
fn deepest(error: &(dyn StdError + 'static)) -> String {
    let mut error = error;
    while let Some(next) = error.source() {
        error = next;
    }
    one_line(&error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for good in ["http://127.0.0.1:5683", "https://localhost/", "http://[::1]:1/x?y", "http://u:p@h/"] {
            assert!(Target::parse(good).is_ok(), "{good}");
        }
        for bad in
            ["", "127.0.0.1:5683", "localhost:5683", "ftp://h/", "http://", "http://h:99999/", "file:///etc/passwd"]
        {
            let said = Target::parse(bad).map_or_else(|e| e.to_string(), |t| t.to_string());
            assert!(said.contains("write http://127.0.0.1:5683/"), "{bad:?}: {said}");
        }
    }

    #[test]
    fn loopback_by_any_name() {
        let cases = [
            ("http://127.0.0.1/", true),
            ("http://127.9.9.9:1/", true),
            ("http://[::1]/", true),
            ("http://[::ffff:127.0.0.1]/", true),
            ("http://0.0.0.0/", true),
            ("http://localhost/", true),
            ("http://LOCALHOST./", true),
            ("http://fox.localhost/", true),
            ("http://2130706433/", true),
            ("http://localhost.example/", false),
            ("http://10.0.0.1/", false),
            ("http://example.org/", false),
        ];
        for (url, expected) in cases {
            assert_eq!(Target::parse(url).map(|t| t.is_loopback()).ok(), Some(expected), "{url}");
        }
    }

    #[test]
    fn errors_never_repeat_a_password() {
        let shown = Target::parse("http://fox:hunter2@h/x").map(|t| t.to_string());
        assert_eq!(shown.ok().as_deref(), Some("http://h/x"));
    }

    #[test]
    fn a_message_cannot_command_the_terminal() {
        assert_eq!(Message(b"fluffy\x1b[31m tail\xff".to_vec()).to_string(), "fluffy\\x1b[31m tail\u{fffd}");
    }
}
