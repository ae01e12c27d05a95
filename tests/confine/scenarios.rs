//! The scenarios, each in a process of its own, and what is expected of each.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, ExitCode};

use plainsight::confine::sandbox::{Part, Sandbox};
use plainsight::confine::{namespace, privileges};

use crate::attempts::{self, Surroundings};
use crate::kit::runner::{self, Test};

/// Names the scenario to a child.
const SCENARIO: &str = "PLAINSIGHT_TEST_SCENARIO";

/// What is tried, each in a process of its own.
const ALL: &[Test] = &[
    ("sandbox_without_files", sandbox_without_files),
    ("sandbox_with_a_readable_file", sandbox_with_a_readable_file),
    ("sandbox_with_a_writable_directory", sandbox_with_a_writable_directory),
    ("sandbox_without_its_directory", sandbox_without_its_directory),
    ("privileges_are_dropped", privileges_are_dropped),
    ("privileges_are_dropped_to_the_sudo_caller", privileges_are_dropped_to_the_sudo_caller),
    ("privileges_before_sandbox", privileges_before_sandbox),
    ("namespace_has_a_loopback", namespace_has_a_loopback),
    ("namespace_needs_a_single_thread", namespace_needs_a_single_thread),
];

pub(crate) fn main() -> ExitCode {
    if let Ok(scenario) = std::env::var(SCENARIO) {
        child(&scenario);
        return ExitCode::SUCCESS;
    }
    runner::main(ALL, || Ok(()))
}

/// What the child printed, line by line: `name=outcome`.
fn run(scenario: &str, variables: &[(&str, &str)]) -> BTreeMap<String, String> {
    let output = Command::new(std::env::current_exe().unwrap())
        .env_remove("SUDO_UID")
        .env_remove("SUDO_GID")
        .envs(variables.iter().copied())
        .env(SCENARIO, scenario)
        .output()
        .unwrap();
    let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{scenario}: {}\n{stdout}\n{stderr}", output.status);
    stdout.lines().filter_map(|l| l.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
}

fn child(scenario: &str) {
    match scenario {
        "sandbox" => confined_child(false),
        "dropped-sandbox" => confined_child(true),
        "privileges" => privileges_child(),
        "namespace" => namespace_child(),
        "namespace-threads" => namespace_threads_child(),
        other => panic!("no scenario {other}"),
    }
}

// ---- the sandbox ----

/// Confines itself as its environment says and tries everything.
fn confined_child(drop_first: bool) {
    let var = |name: &str| std::env::var(name).unwrap();
    let (receive_only, peer) = UnixStream::pair().unwrap();
    let (other, _other_peer) = UnixStream::pair().unwrap();
    (&peer).write_all(b"p").unwrap();
    let mut around = Surroundings {
        inside: var("INSIDE"),
        outside: var("OUTSIDE"),
        readable: var("READABLE"),
        port: var("PORT").parse().unwrap(),
        parent: nix::unistd::getppid().as_raw().try_into().unwrap(),
        receive_only,
        other,
    };
    let mut sandbox = Sandbox { receive_only: vec![around.receive_only.as_raw_fd()], ..Sandbox::default() };
    if var("MAY").contains('w') {
        sandbox.writable_dirs.push(around.inside.clone().into());
    }
    if var("MAY").contains('r') {
        sandbox.readable.push(around.readable.clone().into());
    }
    if drop_first {
        privileges::drop().unwrap();
    }
    let report = match sandbox.enter() {
        Ok(report) => report,
        Err(error) => return println!("error={error}"),
    };
    println!("report={report}");
    println!("files={}", if report.files == Part::InForce { "in force" } else { "not in force" });
    println!("system calls={}", if report.system_calls == Part::InForce { "in force" } else { "not in force" });
    for (what, outcome) in attempts::all(&mut around) {
        println!("{what}={outcome}");
    }
}

/// Runs the attempts with what `may` be opened: `r` the named file, `w` the directory.
fn try_everything(
    scenario: &str,
    may: &str,
    variables: &[(&str, &str)],
) -> (BTreeMap<String, String>, tempfile::TempDir) {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let (inside, outside, readable) = (path("inside"), path("outside"), path("readable"));
    for directory in [&inside, &outside] {
        std::fs::create_dir(directory).unwrap();
        std::fs::write(Path::new(directory).join("old"), "old").unwrap();
    }
    std::fs::write(&readable, "readable").unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let _socket = UnixListener::bind(Path::new(&outside).join("socket")).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let own = [("INSIDE", &*inside), ("OUTSIDE", &*outside), ("READABLE", &*readable), ("PORT", &*port), ("MAY", may)];
    if let Some((_, uid)) = variables.iter().find(|(name, _)| *name == "SUDO_UID") {
        let uid = uid.parse().unwrap();
        for file in [place.path(), Path::new(&inside), &Path::new(&inside).join("old")] {
            std::os::unix::fs::chown(file, Some(uid), Some(uid)).unwrap();
        }
    }
    let outcomes = run(scenario, &[&own[..], variables].concat());
    let kept = |name: &str| std::fs::read_to_string(Path::new(&outside).join(name)).ok();
    assert_eq!(kept("old").as_deref(), Some("old"), "what is outside is untouched");
    assert_eq!((kept("new"), kept("stolen"), kept("climbed")), (None, None, None), "nothing was put outside");
    assert_eq!(std::fs::read_to_string(&readable).unwrap(), "readable", "what may be read is not changed");
    (outcomes, place)
}

/// Allowed in every scenario.
const WORKS: &[&str] = &[
    "start a thread",
    "count cores",
    "read receive-only",
    "write other",
    "channel between threads",
    "a large buffer",
    "hash with chance",
    "a panic is caught",
    "copy",
];

/// Refused unless the scenario allows it.
fn check(outcomes: &BTreeMap<String, String>, allowed: &[&str]) {
    assert_eq!(outcomes.get("error"), None);
    assert_eq!(outcomes["system calls"], "in force", "{}", outcomes["report"]);
    let landlock = outcomes["files"] == "in force";
    if !landlock {
        print!("(without Landlock: {}) ", outcomes["report"]);
    }
    let mut wrong = vec![];
    let about = ["report", "files", "system calls"];
    for (what, outcome) in outcomes.iter().filter(|(what, _)| !about.contains(&what.as_str())) {
        let expected_ok = WORKS.contains(&what.as_str()) || allowed.contains(&what.as_str());
        // What only Landlock can tell apart is not judged where the kernel has none.
        let by_name = [" outside", " inside", "/", "climb", "rename", "named"].iter().any(|t| what.contains(t));
        if (outcome == "ok") != expected_ok && (landlock || !by_name || expected_ok) {
            wrong.push(format!("{what}: {outcome}"));
        }
    }
    assert!(wrong.is_empty(), "unexpected:\n{}", wrong.join("\n"));
    for what in WORKS.iter().chain(allowed) {
        assert!(outcomes.contains_key(*what), "{what} was not tried");
    }
    assert_eq!(outcomes["clone3"], "ENOSYS", "so that the C library falls back to clone");
    assert_eq!(outcomes["tcp connect"], "EPERM");
    assert_eq!(outcomes["become a program"], "EPERM");
}

fn sandbox_without_files() {
    let (outcomes, _place) = try_everything("sandbox", "", &[]);
    check(&outcomes, &[]);
    assert_eq!(outcomes["read /etc/passwd"], "EPERM");
    assert_eq!(outcomes["create inside"], "EPERM");
    assert_eq!(outcomes["report"], "confined: no more opening files, sockets and programs");
}

fn sandbox_with_a_readable_file() {
    let (outcomes, _place) = try_everything("sandbox", "r", &[]);
    check(&outcomes, &["read named"]);
    assert_eq!(outcomes["create inside"], "EPERM", "writing is refused by seccomp already");
}

fn sandbox_with_a_writable_directory() {
    let (outcomes, _place) = try_everything("sandbox", "rw", &[]);
    check(&outcomes, &["read named", "create inside", "overwrite inside", "rename inside", "remove inside"]);
}

fn sandbox_without_its_directory() {
    let variables = [("INSIDE", "/nonexistent/directory"), ("OUTSIDE", "/"), ("READABLE", "/"), ("PORT", "1")];
    let outcomes = run("sandbox", &[&variables[..], &[("MAY", "w")]].concat());
    assert!(outcomes["error"].contains("/nonexistent/directory"), "{}", outcomes["error"]);
}

// ---- privileges ----

fn privileges_child() {
    let file = tempfile::tempfile().unwrap();
    privileges::give_to_caller(&file).unwrap();
    println!("file owner={}", file.metadata().unwrap().uid());
    let dropped = privileges::drop().unwrap();
    println!("dropped={dropped}");
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    for line in status.lines() {
        if let Some((name, value)) = line.split_once(':') {
            println!("{name}={}", value.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
    println!("root again={}", nix::unistd::setuid(nix::unistd::Uid::from_raw(0)).is_ok());
    println!("new file owner={}", tempfile::tempfile().unwrap().metadata().unwrap().uid());
}

fn no_capabilities(outcomes: &BTreeMap<String, String>) {
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(outcomes[set], "0000000000000000", "{set}");
    }
    assert_eq!(outcomes["NoNewPrivs"], "1");
}

fn privileges_are_dropped() {
    let uid = nix::unistd::geteuid().to_string();
    let outcomes = run("privileges", &[]);
    no_capabilities(&outcomes);
    assert_eq!(outcomes["dropped"], "capabilities dropped");
    assert_eq!(outcomes["Uid"], [&*uid; 4].join(" "), "without sudo everyone stays who they are");
    assert_eq!(outcomes["file owner"], uid);
    // Said by sudo of itself, or to somebody who is not root: believed of nobody.
    for (sudo_uid, sudo_gid) in [("0", "0"), ("4294967295", "1"), ("x", "1"), ("-1", "1")] {
        let outcomes = run("privileges", &[("SUDO_UID", sudo_uid), ("SUDO_GID", sudo_gid)]);
        assert_eq!(outcomes["Uid"], [&*uid; 4].join(" "), "SUDO_UID={sudo_uid}");
        no_capabilities(&outcomes);
    }
}

fn privileges_are_dropped_to_the_sudo_caller() {
    let caller = [("SUDO_UID", "54321"), ("SUDO_GID", "54322")];
    let outcomes = run("privileges", &caller);
    no_capabilities(&outcomes);
    if !nix::unistd::geteuid().is_root() {
        assert_eq!(outcomes["dropped"], "capabilities dropped", "only root is believed to come from sudo");
        return print!("(only in part: not run by root) ");
    }
    assert_eq!(outcomes["dropped"], "privileges dropped to user 54321");
    assert_eq!(outcomes["Uid"], "54321 54321 54321 54321");
    assert_eq!(outcomes["Gid"], "54322 54322 54322 54322");
    assert_eq!(outcomes["Groups"], "54322");
    assert_eq!(outcomes["root again"], "false");
    assert_eq!(
        (&*outcomes["file owner"], &*outcomes["new file owner"]),
        ("0", "54321"),
        "nameless files have no name to give"
    );

    let nobody = nix::unistd::User::from_name("nobody").unwrap().expect("every system has nobody");
    let (uid, gid) = (nobody.uid.to_string(), nobody.gid.to_string());
    let outcomes = run("privileges", &[("SUDO_UID", &uid), ("SUDO_GID", &gid)]);
    assert_eq!(outcomes["dropped"], "privileges dropped to nobody");
    assert!(outcomes["Groups"].split(' ').any(|g| g == gid), "{}", outcomes["Groups"]);
}

fn privileges_before_sandbox() {
    let root = nix::unistd::geteuid().is_root();
    let caller: &[(&str, &str)] = if root { &[("SUDO_UID", "54321"), ("SUDO_GID", "54321")] } else { &[] };
    let (outcomes, place) = try_everything("dropped-sandbox", "w", caller);
    check(&outcomes, &["create inside", "overwrite inside", "rename inside", "remove inside"]);
    let owner = std::fs::metadata(place.path().join("inside/old")).unwrap().uid();
    assert_eq!(owner, if root { 54321 } else { nix::unistd::geteuid().as_raw() });
}

// ---- the namespace ----

fn namespace_child() {
    use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

    let before = (nix::unistd::getuid(), nix::unistd::getgid());
    if let Err(refused) = namespace::enter() {
        println!("refused={refused}");
        println!("advice={}", refused.advice());
        return;
    }
    println!("same user={}", before == (nix::unistd::getuid(), nix::unistd::getgid()));
    let devices = std::fs::read_to_string("/proc/self/net/dev").unwrap();
    let names: Vec<_> = devices.lines().skip(2).filter_map(|l| l.split_once(':')).map(|(n, _)| n.trim()).collect();
    println!("lo={}", names.contains(&"lo"));
    println!("eth={}", names.iter().any(|n| n.starts_with("eth") || n.starts_with("en")));
    for address in ["127.0.0.1:5683", "[::1]:5683"] {
        let listener = TcpListener::bind(address);
        let connected = TcpStream::connect(address).is_ok();
        println!("{address}={}", listener.is_ok() && connected);
    }
    let packet = socket(AddressFamily::Packet, SockType::Raw, SockFlag::empty(), None);
    println!("may capture={}", packet.is_ok());
    println!("threads start={}", std::thread::spawn(|| true).join().unwrap());
}

fn namespace_has_a_loopback() {
    let outcomes = run("namespace", &[]);
    if let Some(refused) = outcomes.get("refused") {
        assert!(!outcomes["advice"].is_empty());
        return print!("(refused here: {refused}) ");
    }
    for what in ["same user", "lo", "127.0.0.1:5683", "threads start"] {
        assert_eq!(outcomes[what], "true", "{what}");
    }
    assert_eq!(outcomes["eth"], "false", "nothing but loopback");
    if namespace::restriction().is_none() {
        assert_eq!(outcomes["may capture"], "true");
    }
}

fn namespace_threads_child() {
    let (stop, wait) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || wait.recv());
    println!("reason={:?}", namespace::enter().map_err(|refused| refused.reason()));
    drop(stop);
    let _ = thread.join();
}

fn namespace_needs_a_single_thread() {
    let reason = &run("namespace-threads", &[])["reason"];
    if namespace::restriction().is_none() && !reason.contains("Forbidden") {
        assert_eq!(reason, "Err(Threads)");
    }
}
