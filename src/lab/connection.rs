//! One connection of the lesson's server: TLS where it is wanted, then HTTP/1.1, and an end for
//! clients that only wait.

use super::log::Log;
use super::tls;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::error::Error as _;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Sleep, sleep, timeout};
use tokio_rustls::TlsAcceptor;

/// How long a client may take over its handshake, over the head of a request with the wait for it,
/// and over any part of an answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

/// What all connections have in common.
#[derive(Clone)]
pub(super) struct Service {
    pub(super) app: Router,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) log: Log,
    /// How long a client may take; [`PATIENCE`] but in tests.
    pub(super) patience: Duration,
    /// True, or closed, once the server is to end.
    pub(super) ending: watch::Receiver<bool>,
}

impl Service {
    /// Answers a client until it leaves, waits for too long, or the server ends.
    pub(super) async fn serve(mut self, stream: TcpStream, peer: SocketAddr) {
        let Some(acceptor) = self.tls.take() else { return self.answer(stream, peer).await };
        let handshake = timeout(self.patience, acceptor.accept(stream));
        let done = tokio::select! {
            done = handshake => done,
            _ = self.ending.changed() => return,
        };
        let too_long = || Err(io::Error::new(io::ErrorKind::TimedOut, "the client took too long"));
        match done.unwrap_or_else(|_| too_long()) {
            Ok(stream) => self.answer(stream, peer).await,
            Err(error) => self.log.line(format_args!("{peer} no TLS handshake: {}", tls::explain(&error))),
        }
    }

    async fn answer(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, peer: SocketAddr) {
        let Self { app, log, patience, mut ending, .. } = self;
        let stream = TokioIo::new(Patient { stream, patience, waiting: None });
        let service = TowerToHyperService::new(app.layer(Extension(Peer(peer))));
        let mut connection = pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(patience)
                .serve_connection(stream, service)
        );
        let result = tokio::select! {
            result = connection.as_mut() => result,
            _ = ending.changed() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = result
            && is_timeout(&error)
        {
            log.line(format_args!("{peer} closed: the client took longer than {} s", patience.as_secs()));
        }
    }
}

fn is_timeout(error: &hyper::Error) -> bool {
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    error.is_timeout() || source.is_some_and(|source| source.kind() == io::ErrorKind::TimedOut)
}

/// A stream whose reader may not keep it from being written to for long.
struct Patient<S> {
    stream: S,
    patience: Duration,
    /// Runs while something cannot be written.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    /// Gives up a write that has waited for too long.
    fn limit<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let patience = self.patience;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(patience)));
        waiting.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.limit(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.limit(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ended = Pin::new(&mut self.stream).poll_shutdown(context);
        self.limit(context, ended)
    }
}
