//! `plainsight client`: the other end of the lesson, which asks for the secret and prints it.
//!
//! It decides whom to trust; fetching is `lab`'s.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use super::failure::Failure;
use crate::lab::client::{Request, Target, fetch};
use crate::lab::tls::{self, Trust};
use crate::lab::{self, authority};

const EXAMPLES: &str = "\
Examples:
  plainsight client http://127.0.0.1:5683/
  SECRET_URL=http://127.0.0.1:5683/ plainsight client
  plainsight client https://localhost:5683/
  plainsight client --ca authority.pem https://fox.example/

A proxy from the environment (HTTP_PROXY, HTTPS_PROXY) is never used for this machine itself.";

/// The client's arguments.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Where the secret is told
    #[arg(value_name = "URL", env = "SECRET_URL")]
    url: Option<String>,

    /// Believe only the authorities in FILE (PEM); otherwise the system's and the lesson's own
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,

    /// How long to wait for the answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = timeout, allow_negative_numbers = true)]
    timeout: Duration,
}

/// A positive number of seconds, fractions too.
fn timeout(text: &str) -> Result<Duration, String> {
    let seconds = text.strip_suffix('s').unwrap_or(text).trim_end().parse::<f64>();
    match seconds.ok().and_then(|s| Duration::try_from_secs_f64(s).ok()) {
        // A day is as good as for ever, and keeps clock arithmetic away from its end.
        Some(d) if !d.is_zero() => Ok(d.min(Duration::from_secs(24 * 60 * 60))),
        _ => Err("a number of seconds above 0 is needed, such as 10 or 0.5".into()),
    }
}

/// Fetches the message and prints it.
///
/// # Errors
/// There is no URL, the server cannot be reached or believed, or it answers something else.
pub fn run(args: Args) -> Result<ExitCode, Failure> {
    let Some(url) = args.url.filter(|url| !url.is_empty()) else {
        return Err(Failure::new(
            "which server? Give a URL (plainsight client http://127.0.0.1:5683/) or set SECRET_URL",
        ));
    };
    let url = Target::parse(&url).map_err(|e| Failure::new(e.to_string()))?;
    let trust = if url.is_https() { trust(args.ca.as_ref())? } else { Trust::Nobody };
    let request = Request { url, trust, trust_file: args.ca, timeout: args.timeout, resolve: None };
    let runtime = lab::runtime().map_err(|e| Failure::new(format!("cannot start the client: {e}")))?;
    let message = runtime.block_on(fetch(&request)).map_err(|e| Failure::new(e.to_string()))?;
    // A name that is still being looked up after the timeout must not hold up the end.
    runtime.shutdown_background();

    let text = format!("The secret message is:\n{message}\n");
    match io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(format!("cannot write the message: {e}"))),
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn trust(file: Option<&PathBuf>) -> Result<Trust, Failure> {
    if let Some(file) = file {
        return Ok(Trust::Only(tls::certificates(file).map_err(|e| Failure::new(e.to_string()))?));
    }
    // Without a home folder there is no authority of our own either.
    let Ok(folder) = authority::folder() else { return Ok(Trust::System(vec![])) };
    let own = authority::certificate_in(&folder).map_err(|e| Failure::new(e.to_string()))?;
    Ok(Trust::System(own.map(|(_, certificate)| certificate).into_iter().collect()))
}
