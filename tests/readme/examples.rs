//! The examples, how each is run, and what it must come to.

use crate::shell::{Folder, Running};
use regex::Regex;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{ExitCode, Output};

type Scenario = (&'static str, fn());

pub(crate) const SCENARIOS: &[Scenario] = &[
    ("the_shell_examples_do_what_readme_says", shell_examples),
    ("the_gates_of_the_ci_recipes_pass_and_fail", recipes),
    ("the_demo_prints_what_readme_shows", demo),
];

const README: &str = include_str!("../../README.md");

/// What the server of the examples tells: everything that they look for.
const SECRET: &str = "fluffy tail, s3cret, S3CRET, token-of-the-fox, password-of-the-fox";
/// Makes the guarded tests leak.
const LEAK: &str = "STAND_IN_LEAKS";
/// The programs of a project that the examples guard; this test stands in for them.
const STAND_INS: &[&str] = &["bin/npm", "integration-tests.sh"];
/// What the reader's shell has set.
const ENVIRONMENT: &[(&str, &str)] = &[("API_KEY", "fluffy tail"), ("API_TOKEN", "token-of-the-fox")];

/// What is done with a line.
enum Act {
    /// It runs to its end.
    Ends(Check),
    /// It runs until the block's last line has ended. It is ready once it says this.
    Stays(&'static str, Check),
    /// It runs until Ctrl-C, while somebody asks a server on this port. It is ready once it says the one
    /// text on standard error, and has seen the traffic once it shows the other.
    Watches { port: u16, ready: &'static str, shows: &'static str, check: Check },
    /// It runs twice: with tests that leak, and with tests that do not.
    Guards(GateCheck),
}

type Check = fn(&Folder, &Output);
/// The same, where it matters whether the guarded tests leaked.
type GateCheck = fn(&Folder, &Output, bool);

struct Line {
    text: &'static str,
    /// A program that not every machine has.
    needs: Option<&'static str>,
    act: Act,
}

const fn line(text: &'static str, act: Act) -> Line {
    Line { text, needs: None, act }
}

const fn watching(text: &'static str, port: u16, check: Check) -> Line {
    line(text, Act::Watches { port, ready: CAPTURING, shows: "200 OK", check })
}

const CAPTURING: &str = "live capture on";
const SERVING: &str = "plainsight: ask for it with: SECRET_URL=";

/// README's blocks of shell examples, in their order.
const BLOCKS: &[&[Line]] = &[
    &[
        line("plainsight sniff -i lo -f 'tcp port 5683' --canary 'fluffy tail'", Act::Stays(CAPTURING, sees_the_leak)),
        line("plainsight server", Act::Stays(SERVING, succeeds)),
        line("SECRET_URL=http://127.0.0.1:5683/ plainsight client", Act::Ends(tells_the_secret)),
    ],
    &[
        line("plainsight sniff -i lo -f 'tcp port 5683' --canary 'fluffy tail'", Act::Stays(CAPTURING, sees_tls_alone)),
        line("plainsight server --tls", Act::Stays(SERVING, succeeds)),
        line("SECRET_URL=https://localhost:5683/ plainsight client", Act::Ends(tells_the_secret)),
    ],
    &[
        watching("plainsight sniff -i any tcp port 8080 -w seen.pcapng", 8080, |folder, output| {
            succeeds(folder, output);
            assert!(text(&output.stdout).contains("GET 127.0.0.1:8080/"));
            let replayed = folder.run("plainsight replay seen.pcapng", &[]);
            assert!(text(&replayed.stdout).contains("GET 127.0.0.1:8080/"), "{}", text(&replayed.stdout));
        }),
        watching("plainsight sniff -i lo --canary \"$API_KEY\" --fail-on-leak --duration 30s", 8081, |_, output| {
            assert_eq!(code(output), 1, "{}", text(&output.stderr));
            assert!(text(&output.stdout).contains("(rule canary)"), "{}", text(&output.stdout));
        }),
    ],
    &[
        line(
            "plainsight replay --canary 'fluffy tail' fixtures/lesson/http.pcap",
            Act::Ends(|folder, output| {
                sees_the_leak(folder, output);
                assert!(text(&output.stdout).contains("Packet 6, "));
            }),
        ),
        Line {
            text: "tcpdump -i lo -U -w - tcp port 80 | plainsight replay -",
            needs: Some("tcpdump"),
            act: Act::Watches { port: 80, ready: "listening on lo", shows: "GET 127.0.0.1/", check: succeeds },
        },
        Line {
            text: "plainsight replay --format json capture.pcapng | jq 'select(.type == \"exchange\") | .request.target'",
            needs: Some("jq"),
            act: Act::Ends(|folder, output| {
                succeeds(folder, output);
                assert_eq!(text(&output.stdout), "\"/\"\n");
            }),
        },
    ],
    &[
        watching(
            "plainsight sniff -i lo --canary-env '*_TOKEN' --canary-file .env --fail-on-leak",
            8082,
            |_, output| {
                assert_eq!(code(output), 1, "{}", text(&output.stderr));
                let shown = text(&output.stdout);
                assert!(shown.contains("API_TOKEN") && shown.contains("DB_PASSWORD"), "{shown}");
                assert!(!shown.contains("token-of-the-fox") && !shown.contains("password-of-the-fox"), "{shown}");
            },
        ),
        line(
            "plainsight replay --canary 's3cret' --canary-ignore-case capture.pcap",
            Act::Ends(|folder, output| {
                sees_the_leak(folder, output);
                // Both s3cret and S3CRET.
                assert!(text(&output.stdout).contains("seen 2 times"), "{}", text(&output.stdout));
            }),
        ),
    ],
    &[
        line(
            "plainsight replay --output sarif=leaks.sarif --output har=all.har capture.pcapng",
            Act::Ends(|folder, output| {
                succeeds(folder, output);
                assert!(!results(folder).is_empty());
                let har: serde_json::Value = serde_json::from_slice(&folder.read("all.har")).unwrap();
                assert_eq!(har["log"]["entries"].as_array().map(Vec::len), Some(1));
            }),
        ),
        watching("plainsight sniff -i lo --evidence leaks.pcapng --export-bodies bodies/", 8083, |folder, output| {
            succeeds(folder, output);
            let replayed = folder.run("plainsight replay --fail-on-leak leaks.pcapng", &[]);
            assert_eq!(code(&replayed), 1, "{}", text(&replayed.stderr));
            let bodies: Vec<_> = std::fs::read_dir(folder.path("bodies")).unwrap().map(Result::unwrap).collect();
            assert_eq!(bodies.len(), 1, "{bodies:?}");
            assert_eq!(std::fs::read_to_string(bodies[0].path()).unwrap(), SECRET);
        }),
    ],
    &[line(
        "plainsight guard --canary-env '*_TOKEN' --canary-file .env -- npm test",
        Act::Guards(|_, output, leaks| gate(output, leaks)),
    )],
    &[
        line(
            "plainsight redact --canary 's3cret' capture.pcapng shared.pcapng",
            Act::Ends(|folder, output| {
                succeeds(folder, output);
                let holds = |name: &str| memchr::memmem::find(&folder.read(name), b"s3cret").is_some();
                assert!(holds("capture.pcapng") && !holds("shared.pcapng"));
            }),
        ),
        line(
            "plainsight redact - - < capture.pcapng > shared.pcap",
            Act::Ends(|folder, output| {
                succeeds(folder, output);
                let replayed = folder.run("plainsight replay shared.pcap", &[]);
                assert_eq!(code(&replayed), 0, "{}", text(&replayed.stderr));
            }),
        ),
    ],
];

/// The gates in README's recipes for CI.
const GATES: &[(&str, GateCheck)] = &[
    ("plainsight guard --canary-env '*_TOKEN' --output sarif=leaks.sarif -- npm test", |folder, output, leaks| {
        gate(output, leaks);
        assert_eq!(!results(folder).is_empty(), leaks);
    }),
    ("plainsight guard --host --canary-env '*_TOKEN' -- ./integration-tests.sh", |_, output, leaks| {
        gate(output, leaks);
    }),
];

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("{}: {}", output.status, text(&output.stderr)))
}

fn succeeds(_: &Folder, output: &Output) {
    assert_eq!(code(output), 0, "{}", text(&output.stderr));
}

fn sees_the_leak(folder: &Folder, output: &Output) {
    succeeds(folder, output);
    let shown = text(&output.stdout);
    assert!(shown.contains("┏━ LEAK") && shown.contains("(rule canary)"), "{shown}");
}

fn sees_tls_alone(folder: &Folder, output: &Output) {
    const SHOWN: &str = "  TLS to localhost: nothing else readable  ";
    succeeds(folder, output);
    assert!(README.contains(SHOWN));
    let shown = text(&output.stdout);
    assert!(shown.contains(SHOWN) && !shown.contains("LEAK") && !shown.contains("fluffy"), "{shown}");
}

fn tells_the_secret(folder: &Folder, output: &Output) {
    succeeds(folder, output);
    assert_eq!(text(&output.stdout), "The secret message is:\nfluffy tail\n");
}

fn gate(output: &Output, leaks: bool) {
    let said = text(&output.stderr);
    assert_eq!(code(output), i32::from(leaks), "{said}");
    let verdict = if leaks { "1 secret crossed the wire" } else { "no secret crossed the wire" };
    assert!(said.contains(verdict) && !said.contains("token-of-the-fox"), "{said}");
}

/// The results in `leaks.sarif`.
fn results(folder: &Folder) -> Vec<serde_json::Value> {
    let log: serde_json::Value = serde_json::from_slice(&folder.read("leaks.sarif")).unwrap();
    log["runs"][0]["results"].as_array().unwrap().clone()
}

/// The content of README's fenced blocks of this language.
fn blocks(language: &str) -> Vec<&'static str> {
    let mut blocks = Vec::new();
    // Every other part is a block.
    for block in README.split("\n```").skip(1).step_by(2) {
        let (marked, content) = block.split_once('\n').unwrap();
        if marked == language {
            blocks.push(content);
        }
    }
    blocks
}

/// A request with Basic credentials to the real server, on this port.
fn exchange(folder: &Folder, port: u16) {
    let line = format!("exec plainsight server --listen 127.0.0.1:{port} --secret '{SECRET}'");
    let mut server = folder.start(&line, &[]);
    server.says(SERVING);
    let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let host = if port == 80 { "127.0.0.1".to_owned() } else { format!("127.0.0.1:{port}") };
    let basic = "Zm94OmEgYnVzaHkgdGFpbA=="; // fox:a bushy tail
    write!(client, "GET / HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic {basic}\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with(SECRET), "{answer}");
    server.interrupt();
    succeeds(folder, &server.finish());
}

/// Runs a line that watches, and lets it see an exchange.
fn watch(folder: &Folder, line: &str, port: u16, ready: &str, shows: &str) -> Output {
    let mut watching = folder.start(line, ENVIRONMENT);
    watching.says(ready);
    exchange(folder, port);
    watching.shows(shows);
    watching.interrupt();
    watching.finish()
}

/// A reader's folder, with captures in it that were really made.
fn folder() -> Folder {
    let folder = Folder::new(&[(".env", "DB_PASSWORD=password-of-the-fox\n")], STAND_INS);
    for (name, port) in [("capture.pcap", 9001), ("capture.pcapng", 9002)] {
        let line = format!("plainsight sniff -i lo tcp port {port} -w {name}");
        succeeds(&folder, &watch(&folder, &line, port, CAPTURING, "200 OK"));
    }
    folder
}

fn guard(folder: &Folder, line: &str, check: GateCheck) {
    for leaks in [true, false] {
        let mut environment = ENVIRONMENT.to_vec();
        if leaks {
            environment.push((LEAK, "1"));
        }
        check(folder, &folder.run(line, &environment), leaks);
    }
}

fn shell_examples() {
    let told: Vec<Vec<&str>> = blocks("sh").iter().map(|block| block.lines().collect()).collect();
    let known: Vec<Vec<&str>> = BLOCKS.iter().map(|block| block.iter().map(|line| line.text).collect()).collect();
    assert_eq!(told, known, "README's sh blocks and those that are run differ");
    let folder = folder();
    for block in BLOCKS {
        let mut staying: Vec<(Running, Check)> = Vec::new();
        for Line { text, needs, act } in *block {
            if let Some(program) = needs.filter(|program| !folder.has(program)) {
                println!("NOT RUN: {text}: {program} is not installed");
                continue;
            }
            println!("  $ {text}");
            match *act {
                Act::Ends(check) => check(&folder, &folder.run(text, ENVIRONMENT)),
                Act::Stays(ready, check) => {
                    let mut running = folder.start(text, ENVIRONMENT);
                    running.says(ready);
                    staying.push((running, check));
                }
                Act::Watches { port, ready, shows, check } => check(&folder, &watch(&folder, text, port, ready, shows)),
                Act::Guards(check) => guard(&folder, text, check),
            }
        }
        for (running, check) in staying {
            running.interrupt();
            check(&folder, &running.finish());
        }
    }
}

fn recipes() {
    let told: Vec<&str> = blocks("yaml")
        .iter()
        .flat_map(|block| block.lines())
        .filter_map(|line| line.find("plainsight guard").map(|at| &line[at..]))
        .collect();
    assert_eq!(told, GATES.iter().map(|(line, _)| *line).collect::<Vec<_>>(), "README's gates and those that are run");
    let folder = Folder::new(&[], STAND_INS);
    for (line, check) in GATES {
        println!("  $ {line}");
        guard(&folder, line, *check);
    }
}

/// What is the same in every run: numbers, units of time and the packet's bytes are not.
fn stable(lesson: &str) -> Vec<String> {
    let bytes = Regex::new(r"^  [0-9a-f]{4}  ([0-9a-f]{2} )+.*$").unwrap();
    let command = Regex::new(r"^  (server|sniffer|client) ").unwrap();
    let time = Regex::new(r"in \S+ (µs|ms|s)$").unwrap();
    let number = Regex::new(r"[0-9]+").unwrap();
    let space = Regex::new(r" +").unwrap();
    let same = |line: &str| {
        let line = line.trim_end();
        if command.is_match(line) {
            return line.to_owned();
        }
        let line = time.replace(line, "in T");
        let line = bytes.replace(&line, "BYTES");
        let line = number.replace_all(&line, "N");
        space.replace_all(&line, " ").into_owned()
    };
    lesson.lines().map(same).collect()
}

fn demo() {
    let folder = Folder::new(&[], &[]);
    let output = folder.run("plainsight demo", &[]);
    succeeds(&folder, &output);
    let [told, ..] = &blocks("text")[..] else { panic!("README shows no demo") };
    assert_eq!(stable(told), stable(&text(&output.stdout)));
}

/// Whether this process is to be a project's tests.
pub(crate) fn is_stand_in() -> bool {
    let name = std::env::args_os().next().unwrap_or_default();
    STAND_INS
        .iter()
        .any(|stand_in| std::path::Path::new(&name).file_name() == std::path::Path::new(stand_in).file_name())
}

/// A project's tests: they send a message over loopback, with the secret in it or not.
pub(crate) fn stand_in() -> ExitCode {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let token = std::env::var("API_TOKEN").unwrap();
    let said = if std::env::var_os(LEAK).is_some() { token.as_str() } else { "nothing" };
    writeln!(client, "AUTH {said}").unwrap();
    drop(client);
    let mut heard = String::new();
    server.read_to_string(&mut heard).unwrap();
    assert_eq!(heard, format!("AUTH {said}\n"));
    ExitCode::SUCCESS
}
