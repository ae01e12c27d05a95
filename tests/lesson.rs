//! The two ends of the lesson, as programs: what they print, how they end, whom they believe.
#![cfg(all(feature = "cli", unix))]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod kit;

use kit::program;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use tempfile::TempDir;

/// Nothing here takes this long unless it hangs.
const LONG: Duration = Duration::from_secs(30);

/// The program with its own data in that folder.
fn plainsight(data: &Path) -> Command {
    let mut command = program::plainsight_heeding_signals();
    command.env("XDG_DATA_HOME", data);
    command
}

/// A running server; killed when dropped.
struct Server {
    child: Child,
    url: String,
    /// What it says on stderr, line by line; closed when it ends.
    lines: mpsc::Receiver<String>,
    /// What it said until it told its URL.
    announcement: String,
}

impl Server {
    fn start(data: &Path, arguments: &[&str]) -> Self {
        let mut command = plainsight(data);
        command.arg("server").args(arguments);
        if !arguments.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        // From here on it is killed whatever happens.
        let mut server = Self { child, url: String::new(), lines, announcement: String::new() };
        while server.url.is_empty() {
            let line = server.lines.recv_timeout(LONG);
            let line = line.unwrap_or_else(|_| panic!("no announcement: {}", server.announcement));
            if let Some((_, rest)) = line.split_once("SECRET_URL=") {
                server.url.push_str(rest.split(' ').next().unwrap());
            }
            let _ = writeln!(server.announcement, "{line}");
        }
        server
    }

    fn port(&self) -> u16 {
        self.url.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap()
    }

    fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port()).into()
    }

    fn log_line(&self) -> String {
        self.lines.recv_timeout(LONG).expect("a line in the log")
    }

    fn end_with(&mut self, signal: nix::sys::signal::Signal) -> ExitStatus {
        let pid = nix::unistd::Pid::from_raw(self.child.id().try_into().unwrap());
        nix::sys::signal::kill(pid, signal).unwrap();
        self.child.wait().unwrap()
    }

    /// The whole of what it answers to `request`, byte for byte.
    fn answer(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn client(data: &Path, arguments: &[&str]) -> Output {
    plainsight(data).arg("client").args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[track_caller]
fn tells(output: &Output, message: &str) {
    assert_eq!(text(&output.stderr), "");
    assert_eq!(text(&output.stdout), format!("The secret message is:\n{message}\n"));
    assert_eq!(output.status.code(), Some(0));
}

/// It failed with exit code 2, nothing on stdout, and one sentence with `parts` on stderr.
#[track_caller]
fn fails(output: &Output, parts: &[&str]) {
    let said = text(&output.stderr);
    assert_eq!(text(&output.stdout), "");
    assert!(said.starts_with("plainsight: ") && said.lines().count() == 1, "{said}");
    for part in parts {
        assert!(said.contains(part), "{part:?} is missing: {said}");
    }
    assert_eq!(output.status.code(), Some(2), "{said}");
}

fn data() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Answers every connection with `answer` after the request's head, on a port of its own.
fn answering(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer);
        }
    });
    address
}

#[test]
fn a_secret_is_told_in_plain_sight() {
    let data = data();
    let server = Server::start(data.path(), &[]);
    tells(&client(data.path(), &[&server.url]), "fluffy tail");
    let line = server.log_line();
    assert!(line.ends_with(" GET / 200 11 bytes") && line.contains("Z 127.0.0.1:"), "{line}");
    let from_environment = plainsight(data.path()).arg("client").env("SECRET_URL", &server.url).output().unwrap();
    tells(&from_environment, "fluffy tail");
    assert!(!data.path().join("plainsight").exists(), "without TLS nothing is kept");
}

#[test]
fn the_answer_on_the_wire() {
    let data = data();
    let server = Server::start(data.path(), &["--secret", "Füchse"]);
    let answer = server.answer("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("content-type: text/plain; charset=utf-8"), "{head}");
    assert!(head.contains("content-length: 7"), "{head}");
    assert_eq!(body, "Füchse");

    let cases = [("GET /x", "404"), ("POST /", "405"), ("HEAD /", "200"), ("GET /../..", "404")];
    for (request, status) in cases {
        let answer = server.answer(&format!("{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
        assert!(!answer.contains("Füchse"), "{request}: {answer}");
    }
}

#[test]
fn secrets_from_files() {
    let data = data();
    let file = data.path().join("note");
    let cases: [(&[u8], &str); 5] = [
        (b"a note\n", "a note"),
        (b"two\n\n", "two\n"),
        (b"dos\r\n", "dos"),
        (b"", ""),
        (b"\x1b[31mred\x07", "\\x1b[31mred\\x07"),
    ];
    for (content, told) in cases {
        fs::write(&file, content).unwrap();
        let server = Server::start(data.path(), &["--secret-file", file.to_str().unwrap()]);
        tells(&client(data.path(), &[&server.url]), told);
    }
    fs::write(&file, b"\xff\xfe").unwrap();
    let nonexistent = data.path().join("nothing");
    let cases = [(&file, "UTF-8"), (&nonexistent, "No such file"), (&data.path().to_owned(), "directory")];
    for (file, why) in cases {
        let output = plainsight(data.path()).args(["server", "--secret-file"]).arg(file).output().unwrap();
        fails(&output, &["cannot read the secret from", file.to_str().unwrap(), why]);
    }
    let endless = plainsight(data.path()).args(["server", "--secret-file", "/dev/zero"]).output().unwrap();
    fails(&endless, &["/dev/zero", "longer than"]);
}

#[test]
fn addresses_that_cannot_be_had() {
    let data = data();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let keeper = TcpListener::bind(taken).unwrap();
    let listen = |address: &str| plainsight(data.path()).args(["server", "--listen", address]).output().unwrap();
    fails(&listen(&taken.to_string()), &["cannot listen on", &taken.to_string(), "another program has that port"]);
    drop(keeper);
    // RFC 5737: an address for documentation, which no machine has.
    fails(&listen("192.0.2.1:1"), &["cannot listen on 192.0.2.1:1", "no interface of this machine"]);
    fails(&listen("no-such-host.invalid:1"), &["cannot listen on no-such-host.invalid:1", "cannot be resolved"]);
    let nonsense = listen("127.0.0.1:port");
    assert_eq!(nonsense.status.code(), Some(2));
    assert!(text(&nonsense.stderr).contains("is no address to listen on"), "{}", text(&nonsense.stderr));
}

#[test]
fn listening_beyond_loopback_warns() {
    let data = data();
    let server = Server::start(data.path(), &["--listen", "0.0.0.0:0"]);
    assert!(server.announcement.contains("warning: without TLS"), "{}", server.announcement);
    tells(&client(data.path(), &[&server.url]), "fluffy tail");
    let server = Server::start(data.path(), &["--listen", "127.0.0.1:0"]);
    assert!(!server.announcement.contains("warning"), "{}", server.announcement);
    let server = Server::start(data.path(), &["--listen", "0.0.0.0:0", "--tls"]);
    assert!(server.announcement.contains("for localhost only"), "{}", server.announcement);
    assert!(!server.announcement.contains("without TLS"), "{}", server.announcement);
}

#[test]
fn signals_end_it_cleanly() {
    use nix::sys::signal::Signal;
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT] {
        let data = data();
        let mut server = Server::start(data.path(), &[]);
        assert_eq!(server.end_with(signal).code(), Some(0), "{signal}");
        // An idle connection and one in the middle of a request do not hold it up for ever.
        let mut server = Server::start(data.path(), &[]);
        let _idle = TcpStream::connect(server.address()).unwrap();
        let mut half = TcpStream::connect(server.address()).unwrap();
        half.write_all(b"GET / HTTP/1.1\r\nHo").unwrap();
        tells(&client(data.path(), &[&server.url]), "fluffy tail");
        assert_eq!(server.end_with(signal).code(), Some(0), "{signal} with connections open");
        let mut server = Server::start(data.path(), &["--tls"]);
        let _no_handshake = TcpStream::connect(server.address()).unwrap();
        assert_eq!(server.end_with(signal).code(), Some(0), "{signal} with a handshake open");
    }
}

#[test]
fn the_lessons_authority_is_found_by_itself() {
    let data = data();
    let server = Server::start(data.path(), &["--tls"]);
    let ca = data.path().join("plainsight/authority/ca.pem");
    assert!(server.announcement.contains(ca.to_str().unwrap()), "{}", server.announcement);
    assert!(server.url.starts_with("https://localhost:"), "{}", server.url);
    tells(&client(data.path(), &[&server.url]), "fluffy tail");
    tells(&client(data.path(), &[&format!("https://127.0.0.1:{}", server.port())]), "fluffy tail");
    let folder = ca.parent().unwrap();
    assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
    for key in ["ca-key.pem", "server-key.pem"] {
        assert_eq!(fs::metadata(folder.join(key)).unwrap().permissions().mode() & 0o777, 0o600, "{key}");
    }
    // The second server shows the same authority: a client need not be told anew.
    let second = Server::start(data.path(), &["--tls"]);
    tells(&client(data.path(), &["--ca", ca.to_str().unwrap(), &second.url]), "fluffy tail");
}

#[test]
fn who_cannot_be_verified_is_refused() {
    let (ours, theirs) = (data(), data());
    let server = Server::start(ours.path(), &["--tls"]);
    let unknown = client(theirs.path(), &[&server.url]);
    fails(&unknown, &[&server.url, "refused", "no authority trusted here", "--ca FILE"]);
    let refusal = server.log_line();
    assert!(refusal.contains("no TLS handshake") && refusal.contains("UnknownCA"), "{refusal}");

    let ca = ours.path().join("plainsight/authority/ca.pem");
    tells(&client(theirs.path(), &["--ca", ca.to_str().unwrap(), &server.url]), "fluffy tail");

    // Another authority of the same name.
    let other = Server::start(theirs.path(), &["--tls"]);
    fails(&client(ours.path(), &[&other.url]), &["refused", "--ca FILE"]);
    fails(&client(theirs.path(), &["--ca", ca.to_str().unwrap(), &other.url]), &["no authority in", "ca.pem"]);
    // A name that is not in the certificate; only Linux has all of 127.0.0.0/8 on loopback.
    if cfg!(target_os = "linux") {
        let other_name = Server::start(ours.path(), &["--tls", "--listen", "127.0.0.2:0"]);
        let url = format!("https://127.0.0.2:{}/", other_name.port());
        fails(&client(ours.path(), &[&url]), &["refused", "other names"]);
    }
}

#[test]
fn a_certificate_of_ones_own() {
    let (data, own) = (data(), data());
    drop(Server::start(own.path(), &["--tls"])); // makes certificates that we bring along
    let file = |name: &str| own.path().join("plainsight/authority").join(name).to_str().unwrap().to_owned();
    let server = Server::start(data.path(), &["--cert", &file("server.pem"), "--key", &file("server-key.pem")]);
    tells(&client(data.path(), &["--ca", &file("ca.pem"), &server.url]), "fluffy tail");
    assert!(!data.path().join("plainsight").exists(), "nothing was made");

    let with = |cert: &str, key: &str| plainsight(data.path()).args(["server", "--cert", cert, "--key", key]).output();
    fails(&with(&file("server-key.pem"), &file("server-key.pem")).unwrap(), &["server-key.pem holds no certificate"]);
    fails(&with(&file("server.pem"), &file("ca.pem")).unwrap(), &["ca.pem holds no private key"]);
    fails(&with(&file("server.pem"), &file("ca-key.pem")).unwrap(), &["cannot be used"]);
    fails(&with("/nonexistent", &file("ca-key.pem")).unwrap(), &["cannot read /nonexistent"]);
    let ca = client(data.path(), &["--ca", "/nonexistent", "https://localhost:1"]);
    fails(&ca, &["cannot read /nonexistent"]);
}

#[test]
fn what_is_kept_must_be_usable() {
    let data = data();
    drop(Server::start(data.path(), &["--tls"]));
    let folder = data.path().join("plainsight/authority");
    fs::write(folder.join("ca-key.pem"), "scratched").unwrap();
    let output = plainsight(data.path()).args(["server", "--tls", "--listen", "0"]).output().unwrap();
    fails(&output, &["damaged", folder.to_str().unwrap(), "remove that folder"]);
    let file = data.path().join("file");
    fs::write(&file, "").unwrap();
    let output = plainsight(&file).args(["server", "--tls", "--listen", "0"]).output().unwrap();
    fails(&output, &["cannot make", file.to_str().unwrap()]);
}

#[test]
fn many_first_servers_agree() {
    let data = data();
    let servers: Vec<_> = std::thread::scope(|scope| {
        let start = || Server::start(data.path(), &["--tls"]);
        let started: Vec<_> = (0..4).map(|_| scope.spawn(start)).collect();
        started.into_iter().map(|s| s.join().unwrap()).collect()
    });
    for server in &servers {
        tells(&client(data.path(), &[&server.url]), "fluffy tail");
    }
    let made = servers.iter().filter(|s| s.announcement.contains("made just now")).count();
    assert_eq!(made, 1);
}

#[test]
fn plain_and_tls_mistaken_for_each_other() {
    let data = data();
    let plain = Server::start(data.path(), &[]);
    let tls = Server::start(data.path(), &["--tls"]);
    let to =
        |scheme: &str, server: &Server| client(data.path(), &[&format!("{scheme}://localhost:{}/", server.port())]);
    fails(&to("https", &plain), &["does not speak TLS", "http://"]);
    fails(&to("http", &tls), &["does not speak HTTP", "https://"]);
    assert!(tls.log_line().contains("is not TLS"));
}

#[test]
fn a_handshake_that_hangs_holds_up_nobody() {
    let data = data();
    let server = Server::start(data.path(), &["--tls"]);
    let _hanging: Vec<_> = (0..20).map(|_| TcpStream::connect(server.address()).unwrap()).collect();
    tells(&client(data.path(), &[&server.url]), "fluffy tail");
}

#[test]
fn answers_that_are_no_message() {
    let data = data();
    let cases: [(&[u8], &[&str]); 6] = [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", &["answered 404", "told at /"]),
        (b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", &["answered 500"]),
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://x/\xc2\x9b31m\r\nContent-Length: 0\r\n\r\n",
            &["answered 302", "points to http://x/\\u{9b}31m;"],
        ),
        (
            b"HTTP/1.1 301 Moved\r\nLocation: https://fox.example/\r\nContent-Length: 0\r\n\r\n",
            &["points to https://fox.example/"],
        ),
        (b"SSH-2.0-OpenSSH_9.2\r\n", &["does not speak HTTP"]),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", &["cannot fetch"]),
    ];
    for (answer, parts) in cases {
        let output = client(data.path(), &[&format!("http://{}/", answering(answer))]);
        fails(&output, parts);
    }
}

#[test]
fn a_message_without_end_is_not_read_to_its_end() {
    let data = data();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    fails(&client(data.path(), &[&url]), &["more than 1048576 bytes"]);
}

#[test]
fn a_silent_server_is_not_waited_for() {
    let data = data();
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = silent.local_addr().unwrap();
    for scheme in ["http", "https"] {
        let output = client(data.path(), &["--timeout", "0.2", &format!("{scheme}://{address}/")]);
        fails(&output, &["no answer within 0.2 s", "--timeout"]);
    }
    for nonsense in ["0", "-1", "soon", "inf", "NaN"] {
        let output = client(data.path(), &["--timeout", nonsense, "http://127.0.0.1:1/"]);
        assert_eq!(output.status.code(), Some(2), "{nonsense}");
        assert!(text(&output.stderr).contains("timeout"), "{}", text(&output.stderr));
    }
}

#[test]
fn urls_that_lead_nowhere() {
    let data = data();
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    fails(&client(data.path(), &[&format!("http://{free}/")]), &["nothing listens there", "plainsight server"]);
    fails(&client(data.path(), &[]), &["which server?", "SECRET_URL"]);
    let empty = plainsight(data.path()).arg("client").env("SECRET_URL", "").output().unwrap();
    fails(&empty, &["which server?", "SECRET_URL"]);
    fails(&client(data.path(), &["127.0.0.1:5683"]), &["127.0.0.1:5683", "write http://"]);
    fails(&client(data.path(), &["http://no-such-host.invalid/"]), &["http://no-such-host.invalid/"]);
}

#[test]
fn loopback_never_goes_through_a_proxy() {
    let data = data();
    let plain = Server::start(data.path(), &[]);
    let tls = Server::start(data.path(), &["--tls"]);
    let proxy = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy");
    let through = |url: &str| {
        let mut command = plainsight(data.path());
        for name in ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
            command.env(name, format!("http://{proxy}"));
        }
        command.args(["client", url]).output().unwrap()
    };
    for url in [
        &plain.url,
        &tls.url,
        &format!("http://localhost:{}", plain.port()),
        &format!("http://0.0.0.0:{}", plain.port()),
    ] {
        tells(&through(url), "fluffy tail");
    }
    // The proxy is real: everywhere else it is used.
    tells(&through("http://fox.example/"), "proxy");
}

#[test]
fn a_closed_stdout_is_no_failure() {
    let data = data();
    let server = Server::start(data.path(), &[]);
    let mut child = plainsight(data.path()).args(["client", &server.url]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
