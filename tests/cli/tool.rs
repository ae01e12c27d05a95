//! The program, and captures for it to read.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

pub const SECRET: &str = "fluffy tail";

/// The program, knowing nothing of the tester's own terminal.
pub fn plainsight() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plainsight"));
    command.stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command
}

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

/// A pcap file with Ethernet frames, one a second.
pub fn pcap(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 262_144, 1] {
        file.extend(word.to_le_bytes());
    }
    for (second, frame) in (1_795_467_000_u32..).zip(frames) {
        let length = u32::try_from(frame.len()).unwrap();
        for word in [second, 59, length, length] {
            file.extend(word.to_le_bytes());
        }
        file.extend(frame);
    }
    file
}

/// A TCP segment between 127.0.0.1:40000 and 127.0.0.1:5683 on Ethernet.
pub fn segment(from_client: bool, flags: u8, sequence: u32, acknowledgment: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0; 12];
    frame.extend([8, 0, 0x45, 0]);
    frame.extend(u16::try_from(40 + payload.len()).unwrap().to_be_bytes());
    frame.extend([0, 0, 0, 0, 64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
    let ports: [u16; 2] = if from_client { [40_000, 5683] } else { [5683, 40_000] };
    frame.extend(ports.map(u16::to_be_bytes).concat());
    frame.extend(sequence.to_be_bytes());
    frame.extend(acknowledgment.to_be_bytes());
    frame.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    frame.extend(payload);
    frame
}

/// The lesson: one connection, with `exchanges` requests for the secret.
pub fn lesson(exchanges: u32) -> Vec<u8> {
    const SYN: u8 = 0x02;
    const ACK: u8 = 0x10;
    let request = b"GET / HTTP/1.1\r\nHost: fox.example\r\n\r\n";
    let response =
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{SECRET}", SECRET.len());
    let mut frames = vec![segment(true, SYN, 99, 0, b""), segment(false, SYN | ACK, 199, 100, b"")];
    let (mut asked, mut told) = (100, 200);
    for _ in 0..exchanges {
        frames.push(segment(true, ACK, asked, told, request));
        asked += u32::try_from(request.len()).unwrap();
        frames.push(segment(false, ACK, told, asked, response.as_bytes()));
        told += u32::try_from(response.len()).unwrap();
    }
    pcap(&frames)
}

/// The same from another client port.
pub fn elsewhere(capture: &[u8]) -> Vec<u8> {
    let mut other = capture.to_vec();
    for at in 1..capture.len() {
        if capture[at - 1..=at] == 40_000_u16.to_be_bytes() {
            other[at] += 1;
        }
    }
    other
}

pub fn saved(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The frames of a pcap file.
pub fn frames(capture: &[u8]) -> Vec<Vec<u8>> {
    let (mut rest, mut frames) = (&capture[24..], Vec::new());
    while !rest.is_empty() {
        let length = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        frames.push(rest[16..16 + length].to_vec());
        rest = &rest[16 + length..];
    }
    frames
}

/// Whether the text stands anywhere in the file, or in what it decompresses to.
pub fn holds(path: &Path, wanted: &str) -> bool {
    fs::read(path).unwrap().windows(wanted.len()).any(|part| part == wanted.as_bytes())
}
