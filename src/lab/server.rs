//! The server of the lesson: it tells whoever asks one secret message.
//!
//! It serves and logs; it refuses to know command lines and files.

#[cfg(unix)]
use crate::descriptors;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

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
pub use super::log::Log;
use super::printable::one_line;

/// How long open connections get to finish once the server is told to end.
const GRACE: Duration = Duration::from_secs(2);

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
    let limit = descriptors::limits().map_or(u64::MAX, |(soft, _)| soft);
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
    log.line(format_args!("{peer} {} {} {bytes} bytes", one_line(&line), response.status().as_u16()));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::runtime;
    use std::time::Instant;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: fox.example\r\n\r\n";
    const PATIENCE: Duration = Duration::from_millis(300);
    /// How long what should happen may take on a busy machine.
    const LONG: Duration = Duration::from_secs(30);

    /// Runs `clients` beside a server with few connections and little patience, then ends the server.
    fn beside<F: Future<Output = ()>>(secret: String, most: usize, clients: impl FnOnce(SocketAddr) -> F) {
        let config = Config { listen: Listen::loopback(0), secret, tls: None, log: Log::Silent };
        runtime().unwrap().block_on(async {
            let server = Server::bind(config).await.unwrap();
            let address = server.address();
            let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
            let shutdown = async {
                let _ = stopped.await;
            };
            let serving = tokio::spawn(server.run_within(shutdown, most, PATIENCE));
            tokio::time::timeout(LONG, clients(address)).await.expect("the clients come to their ends");
            stop.send(()).unwrap();
            tokio::time::timeout(LONG, serving).await.expect("the server ends").unwrap();
        });
    }

    async fn connect(address: SocketAddr, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }

    /// All that comes until the server closes.
    async fn rest(stream: &mut TcpStream) -> Vec<u8> {
        let mut all = Vec::new();
        // A reset is an end as well.
        let _ = stream.read_to_end(&mut all).await;
        all
    }

    #[test]
    fn who_only_waits_is_cut_off() {
        beside("fluffy tail".to_owned(), 9, |address| async move {
            for (sent, answers) in [
                (&b""[..], 0),
                (b"GET / HTTP/1.1\r\n", 0),
                (REQUEST, 1),
                (&[REQUEST, b"GET / HT"].concat(), 1),
                (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nx", 1),
            ] {
                let began = Instant::now();
                let all = rest(&mut connect(address, sent).await).await;
                let count = all.windows(9).filter(|part| part == b"HTTP/1.1 ").count();
                // Of half a head the timeout may be told by an answer.
                assert!(count == answers || answers == 0 && count == 1, "{}: {count}", sent.escape_ascii());
                assert!(began.elapsed() < LONG);
            }
            // One byte at a time is no head, either.
            let mut slow = connect(address, b"GET /").await;
            while slow.write_all(b"x").await.is_ok() {
                tokio::time::sleep(PATIENCE / 10).await;
            }
        });
    }

    #[test]
    fn who_takes_no_answer_is_cut_off() {
        let secret = "x".repeat(1 << 20);
        beside(secret, 9, |address| async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            // More than the system keeps for both ends.
            let sending = async { while stream.write_all(REQUEST).await.is_ok() {} };
            sending.await;
        });
    }

    #[test]
    fn while_all_connections_are_taken_others_wait() {
        beside("fluffy tail".to_owned(), 2, |address| async move {
            let mut idle = Vec::new();
            for _ in 0..6 {
                idle.push(connect(address, b"GET / HTTP/1.1\r\n").await);
            }
            let answer = rest(&mut connect(address, REQUEST).await).await;
            assert!(answer.ends_with(b"fluffy tail"), "{}", answer.escape_ascii());
        });
    }
}
