//! The server of the lesson: it tells whoever asks one secret message.
//!
//! It serves and logs; it refuses to know command lines and files.

use std::fmt;
use std::future::Future;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::HttpBody as _;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::connection::{PATIENCE, Peer, Service};
use super::listen::Listen;
use crate::packet::Timestamp;

/// How long open connections get to finish once the server is told to end.
const GRACE: Duration = Duration::from_secs(2);

/// Where the access log goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Log {
    /// One line a request on stderr.
    #[default]
    Stderr,
    /// Nowhere.
    Silent,
}

impl Log {
    pub(crate) fn line(self, line: fmt::Arguments<'_>) {
        if self == Self::Silent {
            return;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        // One write, so that lines of several programs on one terminal stay whole; a closed
        // stderr is no reason to stop serving.
        let text = format!("{} {line}\n", Timestamp::from_nanos(seconds.saturating_mul(1_000_000_000), 0));
        let _ = io::stderr().write_all(text.as_bytes());
    }
}

/// What a server is to do.
pub struct Config {
    /// Where to listen.
    pub listen: Listen,
    /// What to tell.
    pub secret: String,
    /// Certificate and key, for HTTPS; without it HTTP in plain sight.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Where the access log goes.
    pub log: Log,
}

/// Why a server could not start, or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The name to listen on means nothing here.
    #[error("cannot listen on {listen}: the name cannot be resolved ({cause}); give an address with --listen")]
    Name {
        /// What was asked for.
        listen: Listen,
        /// What the resolver said.
        cause: io::Error,
    },
    /// The address cannot be had.
    #[error("cannot listen on {listen}: {}", reason(cause))]
    Bind {
        /// What was asked for.
        listen: Listen,
        /// What the system said.
        cause: io::Error,
    },
}

fn reason(cause: &io::Error) -> String {
    match cause.kind() {
        io::ErrorKind::AddrInUse => {
            "another program has that port; choose another with --listen (port 0 takes a free one)".into()
        }
        io::ErrorKind::AddrNotAvailable => {
            "no interface of this machine has that address; `plainsight interfaces` lists those there are".into()
        }
        io::ErrorKind::PermissionDenied => "ports this low are for root; choose one above 1023 with --listen".into(),
        _ => format!("{cause}; choose another address with --listen"),
    }
}

/// A server that has its port and is not yet serving.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    config: Config,
}

impl Server {
    /// Takes the port. From here on clients can connect; they are answered once [`run`](Self::run).
    ///
    /// # Errors
    /// The address cannot be had.
    pub async fn bind(config: Config) -> Result<Self, Error> {
        let addresses =
            config.listen.addresses().map_err(|cause| Error::Name { listen: config.listen.clone(), cause })?;
        let bound = async {
            let listener = TcpListener::bind(&addresses[..]).await?;
            let address = listener.local_addr()?;
            Ok((listener, address))
        };
        match bound.await {
            Ok((listener, address)) => Ok(Self { listener, address, config }),
            Err(cause) => Err(Error::Bind { listen: config.listen, cause }),
        }
    }

    /// The address it really has, with the port that the system chose.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL for a client on this machine. With TLS a loopback address is called `localhost`,
    /// since a server name in TLS cannot be an address.
    pub fn url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        match &self.config.tls {
            None => format!("http://{address}/"),
            Some(_) if address.ip().is_loopback() => format!("https://localhost:{}/", address.port()),
            Some(_) => format!("https://{address}/"),
        }
    }

    /// Serves until `shutdown` is done; open connections then get two seconds to finish.
    ///
    /// While [`MOST_CONNECTIONS`] are open, or as many as the process may have descriptors for,
    /// others wait in the system's queue.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) {
        self.run_within(shutdown, most_connections(), PATIENCE).await;
    }

    async fn run_within(self, shutdown: impl Future<Output = ()> + Send + 'static, most: usize, patience: Duration) {
        let Self { mut listener, config, .. } = self;
        let log = config.log;
        let app = Router::new()
            .route("/", get(tell))
            .with_state(Arc::from(config.secret))
            .layer(middleware::from_fn_with_state(log, access_log));
        let (end, ending) = watch::channel(false);
        let service = Service { app, tls: config.tls.map(Into::into), log, patience, ending };
        let mut open = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        let mut is_full = false;
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                Some(_) = open.join_next() => is_full = false,
                // axum's own way of accepting waits a little when the process is out of files.
                (stream, peer) = axum::serve::Listener::accept(&mut listener), if open.len() < most => {
                    open.spawn(service.clone().serve(stream, peer));
                }
            }
            if open.len() == most && !is_full {
                is_full = true;
                log.line(format_args!("{most} connections are open, so the next ones wait"));
            }
        }
        // Who asks from now on is refused.
        drop(listener);
        let _ = end.send(true);
        let all = async { while open.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(GRACE, all).await;
    }
}

/// The most connections that are open at once.
pub const MOST_CONNECTIONS: usize = 512;

/// Descriptors that are no connections': the listener, the runtime's, the standard streams.
const OTHER_DESCRIPTORS: u64 = 32;

/// As many connections as there are descriptors for.
#[cfg(unix)]
fn most_connections() -> usize {
    use nix::sys::resource::{Resource, getrlimit};
    let limit = getrlimit(Resource::RLIMIT_NOFILE).map_or(u64::MAX, |(soft, _)| soft);
    let left = usize::try_from(limit.saturating_sub(OTHER_DESCRIPTORS)).unwrap_or(usize::MAX);
    left.clamp(1, MOST_CONNECTIONS)
}

#[cfg(not(unix))]
const fn most_connections() -> usize {
    MOST_CONNECTIONS
}

async fn tell(State(secret): State<Arc<str>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], secret.to_string())
}

async fn access_log(
    State(log): State<Log>,
    Extension(Peer(peer)): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let line = format!("{} {}", request.method(), request.uri());
    let response = next.run(request).await;
    let bytes = response.body().size_hint().lower();
    log.line(format_args!("{peer} {} {} {bytes} bytes", super::one_line(&line), response.status().as_u16()));
    response
}
