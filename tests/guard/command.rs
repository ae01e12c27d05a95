//! What the guarded command does.

use nix::sys::signal::{SigHandler, Signal, raise, signal};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::FromRawFd as _;
use std::process::{Command, ExitCode};
use std::time::Duration;

/// The variable that says what this program does as a command.
pub(crate) const WHAT: &str = "GUARDED";
/// The variable with the secret that it sends.
pub(crate) const SECRET_VARIABLE: &str = "GUARDED_SECRET";
/// The secret where that is not set.
pub(crate) const SECRET: &str = "fluffy tail";

pub(crate) fn run(what: &str) -> ExitCode {
    let secret = std::env::var(SECRET_VARIABLE).unwrap_or_else(|_| SECRET.to_owned());
    let mut parts = what.split(',').peekable();
    while let Some(part) = parts.next() {
        let (verb, value) = part.split_once('=').unwrap_or((part, ""));
        match verb {
            "post" => post(value, &secret),
            "tcp" => raw(value, secret.as_bytes()),
            "udp" => {
                let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
                let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
                sender.send_to(secret.as_bytes(), receiver.local_addr().unwrap()).unwrap();
            }
            "lite" => udp_lite(secret.as_bytes()),
            "hold" => hold(value.parse().unwrap()),
            "say" => {
                println!("{value}");
                eprintln!("{value}");
            }
            "echo" => {
                let mut text = String::new();
                std::io::stdin().read_to_string(&mut text).unwrap();
                print!("{text}");
            }
            "status" => print!("{}", std::fs::read_to_string("/proc/self/status").unwrap()),
            "interfaces" => print!("{}", std::fs::read_to_string("/proc/self/net/dev").unwrap()),
            "touch" => std::fs::write(value, "").unwrap(),
            "wait" => std::thread::sleep(Duration::from_millis(value.parse().unwrap())),
            "heed" => {
                for signal in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM, Signal::SIGUSR1] {
                    set(signal, SigHandler::SigDfl);
                }
            }
            "deaf" => set(Signal::SIGTERM, SigHandler::SigIgn),
            "raise" => raise(value.parse().unwrap()).unwrap(),
            "parent" => println!("{}", nix::unistd::getppid()),
            // The rest is for a child that outlives this.
            #[allow(clippy::zombie_processes)] // that is what it is for
            "behind" => {
                let rest: Vec<_> = parts.collect();
                let child =
                    Command::new(std::env::current_exe().unwrap()).env(WHAT, rest.join(",")).spawn().expect("a child");
                println!("{}", child.id());
                return ExitCode::SUCCESS;
            }
            "exit" => return ExitCode::from(value.parse::<u8>().unwrap()),
            other => panic!("cannot {other}"),
        }
    }
    ExitCode::SUCCESS
}

#[allow(unsafe_code)]
fn set(which: Signal, handler: SigHandler) {
    // SAFETY: the handler is no function: the default, or none.
    unsafe { signal(which, handler) }.unwrap();
}

/// A datagram of UDP-Lite (RFC 3828), which needs no right.
#[allow(unsafe_code)]
fn udp_lite(bytes: &[u8]) {
    use nix::libc;
    // SAFETY: the call takes no pointer.
    let socket = unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM, libc::IPPROTO_UDPLITE) };
    assert!(socket >= 0, "{}", std::io::Error::last_os_error());
    // SAFETY: a new descriptor that nothing else owns.
    let socket = UdpSocket::from(unsafe { std::os::fd::OwnedFd::from_raw_fd(socket) });
    // Nobody listens, which the system may say of an earlier datagram.
    let _ = socket.send_to(bytes, "127.0.0.1:9");
}

/// So many connections at once, each with a head that has no end.
fn hold(count: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let head = format!("POST / HTTP/1.1\r\nHost: lesson.test\r\nX-Long: {}", "y".repeat(8000));
    let connect = |_| {
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        client.write_all(head.as_bytes()).unwrap();
        (client, server)
    };
    let held: Vec<_> = (0..count).map(connect).collect();
    drop(held);
}

/// A form posted over http and answered.
fn post(address: &str, secret: &str) {
    let address = if address.is_empty() { "127.0.0.1:0" } else { address };
    let listener = TcpListener::bind(address).unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let body = format!("note={secret}");
    write!(client, "POST /login HTTP/1.1\r\nHost: lesson.test\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        .unwrap();
    let mut request = vec![0; 64 + body.len()];
    let mut read = 0;
    while !request[..read].ends_with(body.as_bytes()) {
        read += server.read(&mut request[read..]).unwrap();
    }
    server.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").unwrap();
    drop(server);
    client.read_to_end(&mut request).unwrap();
}

/// Bytes over a connection that is no HTTP, at once.
fn raw(times: &str, bytes: &[u8]) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    for _ in 0..times.parse().unwrap_or(1) {
        client.write_all(b"SET key \"").unwrap();
        client.write_all(bytes).unwrap();
        client.write_all(b"\"\r\n").unwrap();
    }
    drop(client);
    server.read_to_end(&mut Vec::new()).unwrap();
}
