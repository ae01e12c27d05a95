//! `plainsight server`: one end of the lesson, which tells a secret to whoever asks.
//!
//! It reads what the command line names and prints where to find it; serving is `lab`'s.

use std::future::Future;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::task::Poll;

use super::failure::Failure;
use super::{signals, streams};
use crate::lab::authority::{self, Authority};
use crate::lab::listen::Listen;
use crate::lab::server::{Config, Log, Server};
use crate::lab::tls::{self, Identity};
use crate::lab::{self, SECRET};
use crate::report::escape;

/// The longest secret, in bytes: what the client is willing to read.
const MAX_SECRET: u64 = lab::client::MAX_MESSAGE as u64;

const EXAMPLES: &str = "\
Examples:
  plainsight server                            in plain sight, on http://127.0.0.1:5683/
  plainsight server --tls                      the same secret behind TLS
  plainsight server --secret 'my own words'
  plainsight server --secret-file note.txt --listen 127.0.0.1:0
  plainsight server --cert cert.pem --key key.pem --listen 0.0.0.0:8443

Ask it with `plainsight client URL`, watch it with `plainsight sniff`. A client that sends no whole
request for 10 seconds, or takes no answer, is cut off; while 512 are connected, others wait.";

/// The server's arguments.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Where to listen: ADDRESS:PORT, or only a port on loopback; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value_t)]
    listen: Listen,

    /// The message to tell
    #[arg(long, value_name = "TEXT", default_value = SECRET, conflicts_with = "secret_file")]
    secret: String,

    /// Read the message from FILE, without its last newline (`-` for stdin)
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,

    /// Speak TLS with a certificate for localhost, made on first use and kept in your data folder
    #[arg(long)]
    tls: bool,

    /// Speak TLS with this certificate: PEM, the server's own first
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,

    /// The private key to --cert, as PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
}

/// Serves until Ctrl-C, SIGTERM, SIGHUP or SIGQUIT.
///
/// # Errors
/// A file cannot be read, the address cannot be had, or the certificate cannot be used.
pub fn run(args: Args) -> Result<ExitCode, Failure> {
    let files = [("--secret-file", &args.secret_file), ("--cert", &args.cert), ("--key", &args.key)];
    let standard = |file: &Option<PathBuf>| file.as_deref().is_some_and(streams::is_standard);
    let uses = files.iter().filter(|(_, file)| standard(file)).map(|(name, _)| format!("{name} -"));
    streams::one_input(&uses.collect::<Vec<_>>())?;
    let secret = match &args.secret_file {
        None => args.secret,
        Some(file) => read_secret(file)?,
    };
    let encryption = encryption(args.tls, args.cert.as_deref(), args.key.as_deref())?;
    let (tls, authority) = match encryption {
        Some((config, authority)) => (Some(config), authority),
        None => (None, None),
    };
    let config = Config { listen: args.listen, secret, tls, log: Log::Stderr };
    let runtime = lab::runtime().map_err(|e| Failure::new(format!("cannot start the server: {e}")))?;
    runtime.block_on(async {
        // Before the port is announced: whoever reads the announcement may end us at once.
        let stop = stop_signal().map_err(|e| Failure::new(format!("cannot wait for signals: {e}")))?;
        let server = Server::bind(config).await.map_err(|e| Failure::new(e.to_string()))?;
        announce(&server, authority.as_ref());
        server.run(stop).await;
        Ok::<_, Failure>(())
    })?;
    Ok(ExitCode::SUCCESS)
}

fn read_secret(file: &Path) -> Result<String, Failure> {
    let failed = |why: String| Failure::new(format!("cannot read the secret from {}: {why}", file.display()));
    let mut bytes = Vec::new();
    streams::open(file)
        .and_then(|reader| reader.take(MAX_SECRET + 1).read_to_end(&mut bytes))
        .map_err(|e| failed(e.to_string()))?;
    if bytes.len() as u64 > MAX_SECRET {
        return Err(failed(format!("it is longer than {MAX_SECRET} bytes, the most that a client reads")));
    }
    let mut secret = String::from_utf8(bytes).map_err(|_| failed("it is not text in UTF-8".into()))?;
    if secret.ends_with('\n') {
        secret.pop();
        if secret.ends_with('\r') {
            secret.pop();
        }
    }
    Ok(secret)
}

type Encryption = (std::sync::Arc<rustls::ServerConfig>, Option<Authority>);

fn encryption(tls: bool, certificate: Option<&Path>, key: Option<&Path>) -> Result<Option<Encryption>, Failure> {
    let unusable = |e: tls::Error| Failure::new(e.to_string());
    if let (Some(certificate), Some(key)) = (certificate, key) {
        let identity = Identity::from_files(certificate, key).map_err(unusable)?;
        return Ok(Some((tls::server_config(identity).map_err(unusable)?, None)));
    }
    if !tls {
        return Ok(None);
    }
    let failed = |e: authority::Error| Failure::new(e.to_string());
    let mut authority = authority::folder().and_then(|folder| Authority::open(&folder)).map_err(failed)?;
    let identity =
        Identity { chain: std::mem::take(&mut authority.server.chain), key: authority.server.key.clone_key() };
    Ok(Some((tls::server_config(identity).map_err(unusable)?, Some(authority))))
}

fn announce(server: &Server, authority: Option<&Authority>) {
    let (address, url) = (server.address(), server.url());
    let mut lines = vec![format!("plainsight: serving the secret on {url} (Ctrl-C ends it)")];
    if let Some(path) = authority.and_then(|a| a.path.as_deref()) {
        let made = authority.is_some_and(|a| a.is_new);
        let kept = if made { "made just now, kept in" } else { "kept in" };
        lines.push(format!("plainsight: its authority is {kept} {}", escape::str(&path.display().to_string())));
        if !address.ip().is_loopback() {
            lines.push(
                "plainsight: warning: that certificate is for localhost only; others need one of yours (--cert, --key)"
                    .into(),
            );
        }
    }
    if url.starts_with("http://") && !address.ip().is_loopback() {
        lines.push(format!(
            "plainsight: warning: without TLS, everyone on the way to {address} can read the secret (--tls hides it)"
        ));
    }
    lines.push(format!("plainsight: ask for it with: SECRET_URL={url} plainsight client"));
    // A closed stderr is no reason not to serve.
    let _ = io::stderr().write_all((lines.join("\n") + "\n").as_bytes());
}

/// Done at the first signal that ends a run.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let waits = signals::ending().map(|number| signal(SignalKind::from_raw(number)));
    let mut waits = waits.collect::<io::Result<Vec<_>>>()?;
    Ok(std::future::poll_fn(move |context| {
        let came = waits.iter_mut().any(|wait| wait.poll_recv(context).is_ready());
        if came { Poll::Ready(()) } else { Poll::Pending }
    }))
}

/// Done at the first Ctrl-C.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)] // the same shape as where it can fail
fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
