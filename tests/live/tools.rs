//! The program under test, and small ends of connections for it to watch.

use crate::kit::program;
pub(crate) use crate::kit::program::text;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::FromRawFd as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

pub(crate) const SECRET: &str = "fluffy tail";

pub(crate) fn plainsight(arguments: &[&str]) -> Command {
    let mut command = program::plainsight_heeding_signals();
    command.args(arguments);
    command
}

pub(crate) fn run(arguments: &[&str]) -> Output {
    plainsight(arguments).output().expect("the program starts")
}

pub(crate) fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

pub(crate) fn lines(output: &Output) -> Vec<serde_json::Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

/// A sniffer that is known to be capturing: it has said so.
pub(crate) struct Sniffer {
    child: Child,
    said: BufReader<std::process::ChildStderr>,
    greeting: String,
}

impl Sniffer {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = plainsight(&["sniff"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut said = BufReader::new(child.stderr.take().expect("its stderr"));
        let mut greeting = String::new();
        while !greeting.contains("live capture on") {
            let read = said.read_line(&mut greeting).expect("its first words");
            assert!(read > 0, "it ended at once: {greeting}");
        }
        Self { child, said, greeting }
    }

    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.child.id().cast_signed()), signal).expect("a signal");
    }

    /// What the system says of it (proc(5)), below `/proc/PID`.
    #[cfg(target_os = "linux")]
    pub(crate) fn proc(&self) -> std::path::PathBuf {
        Path::new("/proc").join(self.child.id().to_string())
    }

    /// Waits for its end; what it said is on stderr, its greeting included.
    pub(crate) fn finish(mut self) -> Output {
        let mut stderr = self.greeting.into_bytes();
        let mut stdout = Vec::new();
        let mut out = self.child.stdout.take().expect("its stdout");
        let reader = std::thread::spawn(move || {
            out.read_to_end(&mut stdout).expect("its output");
            stdout
        });
        self.said.read_to_end(&mut stderr).expect("its words");
        let status = self.child.wait().expect("its end");
        Output { status, stdout: reader.join().expect("its output"), stderr }
    }
}

/// A terminal of our own: where its keys are typed, and its end for a program.
#[allow(unsafe_code)]
pub(crate) fn terminal() -> (File, File) {
    let (mut keys, mut terminal) = (-1, -1);
    let none = std::ptr::null_mut();
    // SAFETY: the two integers live until the call returns; the name, settings and size may be null.
    let opened = unsafe { nix::libc::openpty(&raw mut keys, &raw mut terminal, none, none.cast(), none.cast()) };
    assert_eq!(opened, 0, "{}", std::io::Error::last_os_error());
    // SAFETY: both descriptors were just opened and belong to nobody else.
    unsafe { (File::from_raw_fd(keys), File::from_raw_fd(terminal)) }
}

/// A listener on loopback, and its port as text.
pub(crate) fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("its address").port().to_string();
    (listener, port)
}

/// One exchange over a connection of its own, in which the server tells `secret`.
pub(crate) fn exchange(listener: &TcpListener, secret: &str) {
    let address: SocketAddr = listener.local_addr().expect("its address");
    let mut client = TcpStream::connect(address).expect("a connection");
    let (mut server, _) = listener.accept().expect("a connection");
    client.write_all(b"GET / HTTP/1.1\r\nHost: lesson\r\n\r\n").expect("a request");
    let mut request = [0; 32];
    server.read_exact(&mut request).expect("the request");
    write!(server, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{secret}", secret.len())
        .expect("a response");
    drop(server);
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("the response");
    assert!(answer.ends_with(secret));
}
