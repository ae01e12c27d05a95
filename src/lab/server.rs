//! The server of the lesson: it tells whoever asks one secret message.
//!
//! It serves and logs; it refuses to know command lines and files.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::HttpBody as _;
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::IncomingStream;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::listen::Listen;
use super::tls::TlsListener;
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
    /// The server ended by itself.
    #[error("the server stopped: {0}")]
    Serve(io::Error),
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
    /// # Errors
    /// The listener broke.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
        let Self { listener, config, .. } = self;
        let secret = Arc::from(config.secret);
        let log = config.log;
        let app = Router::new()
            .route("/", get(tell))
            .with_state(secret)
            .layer(middleware::from_fn_with_state(log, access_log))
            .into_make_service_with_connect_info::<Peer>();

        let (ending, ended) = oneshot::channel();
        let shutdown = async move {
            shutdown.await;
            let _ = ending.send(());
        };
        let grace = async {
            match ended.await {
                Ok(()) => tokio::time::sleep(GRACE).await,
                Err(_) => std::future::pending().await, // the server ended by itself
            }
        };
        let serve = async {
            match config.tls {
                None => axum::serve(listener, app).with_graceful_shutdown(shutdown).into_future().await,
                Some(tls) => {
                    let listener = TlsListener::new(listener, tls, log);
                    axum::serve(listener, app).with_graceful_shutdown(shutdown).into_future().await
                }
            }
        };
        tokio::select! {
            result = serve => result.map_err(Error::Serve),
            () = grace => Ok(()),
        }
    }
}

async fn tell(State(secret): State<Arc<str>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], secret.to_string())
}

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
struct Peer(SocketAddr);

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

async fn access_log(
    State(log): State<Log>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let line = format!("{} {}", request.method(), request.uri());
    let response = next.run(request).await;
    let bytes = response.body().size_hint().lower();
    log.line(format_args!("{peer} {} {} {bytes} bytes", super::one_line(&line), response.status().as_u16()));
    response
}
