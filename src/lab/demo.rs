//! The lesson's two acts: the same secret fetched over HTTP and over HTTPS, with a sniffer
//! between the two ends.
//!
//! Everything is real: a server, a client, and packets from libpcap. This module refuses to
//! know how the story is told.

use super::authority::{self, Authority};
use super::client::{self, Message, Request, Target};
use super::lesson::PORT;
use super::listen::Listen;
use super::runtime::runtime;
use super::server::{self, Log, Server};
use super::tls::{self, Trust};

use crate::analyzer::{Analyzer, Config, Event, Exchange, TlsHello};
use crate::capture::live::{self, Live, Poll};
use crate::capture::save::{self, Saver};
use crate::confine::{namespace, privileges};
use crate::leak::{Canaries, Canary};
use crate::packet::Packet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Where the lesson is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// On the machine's own loopback.
    Host,
    /// On the loopback of a network namespace of our own.
    OwnNamespace,
}

/// Why the lesson cannot be played.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The sniffer cannot listen.
    #[error(transparent)]
    Capture(#[from] live::Error),
    /// Neither the right to capture nor a namespace to capture in is to be had.
    #[error(
        "capturing on loopback is not permitted here, and {why}; what helps: {advice}, \
         or give this program the right to capture: sudo setcap cap_net_raw,cap_net_admin=eip {program}"
    )]
    NotPermitted {
        /// Why there is no namespace.
        why: String,
        /// What to type.
        advice: &'static str,
        /// This program's file.
        program: String,
    },
    /// A capture cannot be kept.
    #[error(transparent)]
    Save(#[from] save::Error),
    /// The server does not come up.
    #[error(transparent)]
    Server(#[from] server::Error),
    /// The authority for the second act cannot be made.
    #[error(transparent)]
    Authority(#[from] authority::Error),
    /// The server's identity cannot be used.
    #[error(transparent)]
    Tls(#[from] tls::Error),
    /// The client does not get its answer.
    #[error(transparent)]
    Client(#[from] client::Error),
    /// The two ends cannot be started.
    #[error("cannot start the two ends of the lesson: {0}")]
    Start(#[from] io::Error),
    /// The two ends stopped without a word.
    #[error("the two ends of the lesson stopped before the client had its answer")]
    Stopped,
}

/// Where the secret stood in a captured packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The packet's number.
    pub packet: u64,
    /// 0-based offset of the secret in the packet's bytes.
    pub offset: usize,
    /// The packet's bytes.
    pub bytes: Vec<u8>,
}

/// What came of one act.
#[derive(Debug)]
pub struct Act {
    /// What the client asked.
    pub url: String,
    /// The port that the sniffer's filter named.
    pub port: u16,
    /// What the client was told.
    pub message: Message,
    /// Packets that the sniffer was handed.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Packets in which the secret stood, found by a plain search of their bytes.
    pub sightings: Vec<Sighting>,
    /// What plainsight made of it: the exchanges, with their findings.
    pub exchanges: Vec<Exchange>,
    /// Findings outside exchanges.
    pub stray_findings: usize,
    /// What TLS showed.
    pub hello: Option<TlsHello>,
}

impl Act {
    /// Whether the secret was to be seen, by the search of the bytes or by the analyzer.
    pub fn leaked(&self) -> bool {
        !self.sightings.is_empty() || self.stray_findings > 0 || self.exchanges.iter().any(|e| !e.findings.is_empty())
    }

    /// Whether the search of the bytes and the analyzer agree on packet and offset.
    pub fn is_proven(&self) -> bool {
        let found: Vec<_> = self
            .exchanges
            .iter()
            .flat_map(|exchange| &exchange.findings)
            .map(|finding| (finding.place.packet.number(), finding.place.offset.map(|at| at as usize)))
            .collect();
        self.sightings.iter().any(|sighting| found.contains(&(sighting.packet, Some(sighting.offset))))
    }
}

/// How the sniffer and the client speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// In the clear.
    Http,
    /// Inside TLS, with an authority made for the occasion.
    Https,
}

/// How long an act may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(15);

/// After so long without a packet, what the kernel still held has come: it hands packets over
/// within milliseconds, on a busy machine within tens of them.
const SETTLED: Duration = Duration::from_millis(200);

/// Finds a place where this process may capture on loopback. Must be called while the process
/// has a single thread: where the user may not capture, it enters a namespace of its own.
///
/// # Errors
/// There is no such place; the error says what to type.
pub fn set_stage() -> Result<Stage, Error> {
    let try_capture = || Live::open(&live::Options { filter: Some("tcp".to_owned()), ..live::Options::default() });
    match try_capture() {
        Ok(_) => return Ok(Stage::Host),
        Err(error) if !error.is_permission() => return Err(error.into()),
        Err(_) => {}
    }
    let program = std::env::current_exe().map_or_else(|_| "plainsight".to_owned(), |path| path.display().to_string());
    if let Err(refused) = namespace::enter() {
        return Err(Error::NotPermitted { why: refused.to_string(), advice: refused.advice(), program });
    }
    // Some systems grant the namespace and deny what it is for: only the capture itself tells.
    match try_capture() {
        Ok(_) => Ok(Stage::OwnNamespace),
        Err(error) => {
            let advice = namespace::restriction().map_or("run it as root (sudo)", namespace::advice);
            let why = format!("neither in a network namespace of our own ({error})");
            Err(Error::NotPermitted { why, advice, program })
        }
    }
}

/// Plays one act: server, sniffer, client. `keep` is where the packets are saved.
///
/// # Errors
/// One of the three fails.
pub fn play(protocol: Protocol, secret: &str, keep: Option<&Path>) -> Result<Act, Error> {
    let (ends, url, address) = Ends::start(protocol, secret)?;
    let mut live = Live::open(&live::Options {
        filter: Some(format!("tcp port {}", address.port())),
        idle: Duration::from_millis(20),
        ..live::Options::default()
    })?;
    let owner = privileges::caller().map(|caller| (caller.uid, caller.gid));
    let saving = save::Options { interfaces: live.interfaces(), owner, ..save::Options::default() };
    let saver = keep.map(|path| Saver::create(path, saving)).transpose()?;
    let mut sniffer = Sniffer::new(secret, saver);
    let message = sniffer.watch(&mut live, ends)?;
    sniffer.finish(url, address.port(), message)
}

/// The server and the client, in a thread of their own.
struct Ends {
    go: oneshot::Sender<()>,
    done: mpsc::Receiver<Result<Message, Error>>,
}

impl Ends {
    /// Starts the server; the client waits for a word.
    fn start(protocol: Protocol, secret: &str) -> Result<(Self, String, SocketAddr), Error> {
        let authority = match protocol {
            Protocol::Http => None,
            Protocol::Https => Some(Authority::in_memory()?),
        };
        let secret = secret.to_owned();
        let (up, is_up) = mpsc::channel();
        let (go, wait) = oneshot::channel();
        let (tell, done) = mpsc::channel();
        thread::Builder::new().name("lesson".to_owned()).spawn(move || {
            let told = runtime().map_err(Error::from).and_then(|runtime| {
                let told = runtime.block_on(converse(authority, secret, &up, wait));
                runtime.shutdown_background();
                told
            });
            // A sniffer that gave up listens no more.
            let _ = match told {
                Err(error) => up.send(Err(error)).is_ok() || tell.send(Err(Error::Stopped)).is_ok(),
                Ok(told) => tell.send(told).is_ok(),
            };
        })?;
        let (url, address) = is_up.recv().map_err(|_| Error::Stopped)??;
        Ok((Self { go, done }, url, address))
    }
}

type Up = mpsc::Sender<Result<(String, SocketAddr), Error>>;

/// Both ends of the conversation. The outer error is one before the server is up.
async fn converse(
    authority: Option<Authority>,
    secret: String,
    up: &Up,
    wait: oneshot::Receiver<()>,
) -> Result<Result<Message, Error>, Error> {
    let (trust, identity) = match authority {
        Some(authority) => (Trust::Only(vec![authority.certificate]), Some(authority.server)),
        None => (Trust::Nobody, None),
    };
    let tls = identity.map(tls::server_config).transpose()?;
    let server = bind(secret, tls).await?;
    let (url, address) = (server.url(), server.address());
    let _ = up.send(Ok((url.clone(), address)));
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(server.run(async {
        let _ = stopped.await;
    }));
    let told = async {
        wait.await.map_err(|_| Error::Stopped)?;
        let request = Request {
            url: Target::parse(&url)?,
            trust,
            trust_file: None,
            timeout: PATIENCE,
            // A server's name cannot be an address; this one is not looked up.
            resolve: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        };
        Ok(client::fetch(&request).await?)
    }
    .await;
    let _ = stop.send(());
    let _ = serving.await;
    Ok(told)
}

/// A server on the lesson's port, or on one that the system chooses where that is not free.
async fn bind(secret: String, tls: Option<std::sync::Arc<rustls::ServerConfig>>) -> Result<Server, Error> {
    let config = |port| server::Config {
        listen: Listen::loopback(port),
        secret: secret.clone(),
        tls: tls.clone(),
        log: Log::Silent,
    };
    match Server::bind(config(PORT)).await {
        Ok(server) => Ok(server),
        Err(_) => Ok(Server::bind(config(0)).await?),
    }
}

/// What the sniffer sees and keeps.
struct Sniffer {
    analyzer: Analyzer,
    secret: Vec<u8>,
    saver: Option<Saver>,
    packets: u64,
    bytes: u64,
    sightings: Vec<Sighting>,
    exchanges: Vec<Exchange>,
    stray_findings: usize,
    hello: Option<TlsHello>,
}

impl Sniffer {
    fn new(secret: &str, saver: Option<Saver>) -> Self {
        let canaries = Canaries::new(vec![Canary::plain(secret)], false).unwrap_or_default();
        Self {
            analyzer: Analyzer::new(&Config { canaries, ..Config::default() }),
            secret: secret.as_bytes().to_vec(),
            saver,
            packets: 0,
            bytes: 0,
            sightings: Vec::new(),
            exchanges: Vec::new(),
            stray_findings: 0,
            hello: None,
        }
    }

    /// Lets the client ask, and takes packets until it has its answer and the line is quiet.
    fn watch(&mut self, live: &mut Live, ends: Ends) -> Result<Message, Error> {
        let began = Instant::now();
        // When something last happened: a packet, or the client's answer.
        let mut last = began;
        let mut answer = None;
        ends.go.send(()).map_err(|()| Error::Stopped)?;
        loop {
            if let Poll::Packet(packet) = live.next()? {
                self.packet(&packet)?;
                last = Instant::now();
            }
            if answer.is_none() {
                answer = match ends.done.try_recv() {
                    Ok(told) => {
                        last = Instant::now();
                        Some(told?)
                    }
                    Err(mpsc::TryRecvError::Empty) => None,
                    Err(mpsc::TryRecvError::Disconnected) => return Err(Error::Stopped),
                };
            } else if last.elapsed() > SETTLED {
                break;
            }
            if began.elapsed() > PATIENCE + PATIENCE {
                break;
            }
        }
        answer.ok_or(Error::Stopped)
    }

    fn packet(&mut self, packet: &Packet<'_>) -> Result<(), Error> {
        self.packets += 1;
        self.bytes += packet.data.len() as u64;
        if let Some(offset) = memchr::memmem::find(packet.data, &self.secret) {
            self.sightings.push(Sighting { packet: packet.id.number(), offset, bytes: packet.data.to_vec() });
        }
        if let Some(saver) = &mut self.saver {
            saver.packet(packet)?;
        }
        let Self { analyzer, exchanges, stray_findings, hello, .. } = self;
        analyzer.packet(packet, |event| Self::event(exchanges, stray_findings, hello, event));
        Ok(())
    }

    fn event(exchanges: &mut Vec<Exchange>, stray: &mut usize, hello: &mut Option<TlsHello>, event: Event) {
        match event {
            Event::Exchange(exchange) => exchanges.push(*exchange),
            Event::Finding(_) => *stray += 1,
            Event::Tls(said) => *hello = Some(*said),
        }
    }

    fn finish(mut self, url: String, port: u16, message: Message) -> Result<Act, Error> {
        let Self { analyzer, exchanges, stray_findings, hello, .. } = &mut self;
        analyzer.finish(|event| Self::event(exchanges, stray_findings, hello, event));
        if let Some(saver) = self.saver {
            saver.finish()?;
        }
        Ok(Act {
            url,
            port,
            message,
            packets: self.packets,
            bytes: self.bytes,
            sightings: self.sightings,
            exchanges: self.exchanges,
            stray_findings: self.stray_findings,
            hello: self.hello,
        })
    }
}
