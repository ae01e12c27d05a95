//! The program, and captures for it to read.

use crate::kit::capture::pcap;
use crate::kit::program::plainsight;
use crate::kit::wire::{ACK, Connection, End, SYN};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use tempfile::TempDir;

pub const SECRET: &str = "fluffy tail";
pub const LOOPBACK: [u8; 4] = [127, 0, 0, 1];

pub fn run(arguments: &[&str]) -> Output {
    plainsight().args(arguments).output().unwrap()
}

pub fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("it was killed: {}", output.status))
}

pub fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

pub fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

pub fn json(output: &Output) -> Vec<serde_json::Value> {
    stdout(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The client of a capture that is made here.
pub const CLIENT: ([u8; 4], u16) = (LOOPBACK, 40_000);
/// Its server.
pub const SERVER: ([u8; 4], u16) = (LOOPBACK, 5683);

/// The lesson: one connection, with `exchanges` requests for the secret.
pub fn lesson(exchanges: u32) -> Vec<u8> {
    lesson_of(CLIENT, exchanges)
}

/// The same from another client port.
pub fn elsewhere(exchanges: u32) -> Vec<u8> {
    lesson_of((LOOPBACK, 40_001), exchanges)
}

/// The same from any client.
pub fn lesson_of(client: ([u8; 4], u16), exchanges: u32) -> Vec<u8> {
    let request = b"GET / HTTP/1.1\r\nHost: fox.example\r\n\r\n";
    let response =
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{SECRET}", SECRET.len());
    let mut connection = Connection::between(client, SERVER, [99, 199]);
    let mut send = |end, flags, bytes| connection.send(end, flags, bytes).frame();
    let mut frames = vec![send(End::Client, SYN, b""), send(End::Server, SYN | ACK, b"")];
    for _ in 0..exchanges {
        frames.push(send(End::Client, ACK, request));
        frames.push(send(End::Server, ACK, response.as_bytes()));
    }
    pcap(&frames)
}

pub fn saved(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Whether the text stands anywhere in the file, or in what it decompresses to.
pub fn holds(path: &Path, wanted: &str) -> bool {
    fs::read(path).unwrap().windows(wanted.len()).any(|part| part == wanted.as_bytes())
}

/// How many packets a pcap file has.
pub fn packets(path: &Path) -> usize {
    let mut files = plainsight::capture::open(path).unwrap();
    let mut count = 0;
    while files.next().unwrap().is_some() {
        count += 1;
    }
    count
}
