//! The scan for secrets: heads, and bodies of each nature in slices of a packet.
#![allow(missing_docs, clippy::unwrap_used)]

mod measure;

use measure::Case;
use measure::text::{MEGABYTE, Random, mixed};
use plainsight::http::{Context, Message, Observer, ParsedExchange, Settings};
use plainsight::leak::{Canaries, Canary, Rules, Run, Scanner, Side, rule};
use plainsight::packet::Place;
use plainsight::protocol::http1::{Connection, Handover};
use plainsight::tcp::{Chunk, Direction, Source};
use std::hint::black_box;
use std::process::ExitCode;

/// What one full Ethernet frame carries.
const SEGMENT: usize = 1448;

const REQUEST: &str = "GET /item/4711 HTTP/1.1\r\nHost: shop.example.com\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101\r\nAccept: text/html,application/xhtml+xml\r\n\
    Accept-Language: en-US,en;q=0.5\r\nCookie: theme=dark; visit=3e0f1c7d92ab48d56c1290fe77ab03cd\r\n\
    Connection: keep-alive\r\n\r\n";
const RESPONSE: &str = "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Mon, 23 Nov 2026 20:00:00 GMT\r\n\
    Content-Type: text/html\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n";

fn words() -> Vec<u8> {
    let text = "the quick brown fox jumps over a lazy dog while packets travel in plain sight ";
    mixed(&text.split_inclusive(' ').collect::<Vec<_>>())
}

/// Reads like what a bundler makes of scripts.
fn script() -> Vec<u8> {
    mixed(&[
        "function(e,t,n){",
        "return ",
        "this.",
        "state",
        "props.",
        "=>",
        "();",
        "},",
        "var r=",
        "const o=",
        "n(",
        "128),",
        "Object.defineProperty(",
        "prototype",
        "\"use strict\";",
        "e.exports=",
        "t.default",
        "void 0",
        "===",
        "&&",
        "||",
        "typeof Symbol",
        "length",
        "[0]",
        ".push(",
        "createElement(",
        "\"div\",{className:\"",
        "item-title",
        "\"},",
        "null",
        "token",
        ".type",
        "password",
        "secret",
        "\n",
        " ",
        ";",
        "if(",
        "){",
        "}else{",
        "for(let i=0;i<",
        ".key",
        "apiKey:",
        "addEventListener(\"click\",",
        "document.querySelector(\"#main\")",
        "0x1f",
        ".call(this,",
        "Math.max(",
        ",",
        "\"",
        "getOwnPropertyDescriptor",
        "https://example.org/docs",
        "webpackChunk",
        "a.b.c",
        "i++",
        "!0",
        "!1",
        "//# source",
    ])
}

fn noise(magic: &[u8]) -> Vec<u8> {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut bytes = magic.to_vec();
    while bytes.len() < MEGABYTE {
        bytes.extend_from_slice(&random.next().to_le_bytes());
    }
    bytes
}

fn base64() -> Vec<u8> {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    noise(b"").into_iter().map(|byte| letters[usize::from(byte & 63)]).collect()
}

/// The lines that rules are tried on: secrets and near misses, one after the other.
fn examples() -> Vec<u8> {
    let rules = rule::with_examples().unwrap();
    let lines = rules.iter().flat_map(|rule| rule.examples.found.iter().chain(&rule.examples.quiet));
    lines.map(|line| line.replace(['«', '»'], "") + "\n").collect::<String>().into_bytes()
}

/// Keeps the exchange that was read.
#[derive(Default)]
struct Keep(Vec<ParsedExchange<Vec<u8>>>);

impl Handover for Keep {}

impl Observer for Keep {
    type Body = Vec<u8>;

    fn body(&mut self, kept: &mut Vec<u8>, bytes: &[u8], _: Place) {
        kept.extend_from_slice(bytes);
    }

    fn exchange(&mut self, read: ParsedExchange<Vec<u8>>) {
        self.0.push(read);
    }

    fn other(&mut self, _: Direction, _: &[u8], _: Place) -> bool {
        true
    }
}

/// A request and its response, read.
fn exchange(request: &str, response: &str) -> (Message, Message) {
    let (mut connection, mut keep, settings) = (Connection::default(), Keep::default(), Settings::default());
    for (from, bytes) in [(Direction::FromInitiator, request), (Direction::FromResponder, response)] {
        connection.data(
            Chunk { from, bytes: bytes.as_bytes(), source: Source::default(), alone: false },
            &mut Context::new(&settings, &mut keep),
        );
    }
    connection.finish(&mut Context::new(&settings, &mut keep));
    let read = keep.0.pop().unwrap();
    (*read.request.unwrap().0, *read.response.unwrap().0)
}

/// Looks through `body` as it comes from the wire.
fn look(scanner: &Scanner, side: Side, message: &Message, body: &[u8]) {
    let mut run = Run::default();
    for slice in body.chunks(SEGMENT) {
        scanner.feed(&mut run, slice, Place::default());
    }
    black_box(scanner.message(side, message, run));
}

fn main() -> ExitCode {
    let scanner = Scanner::new(Rules::defaults(false), Canaries::default());
    let canary = Canaries::new(vec![Canary::plain("fluffy tail")], false).unwrap();
    let with_canary = Scanner::new(Rules::defaults(false), canary);
    let (request, response) = exchange(REQUEST, RESPONSE);
    let mut cases = Vec::new();
    let mut head = |name, scanner: &Scanner, body: &'static [u8]| {
        let (scanner, request, response) = (scanner.clone(), request.clone(), response.clone());
        cases.push(Case::new(name, REQUEST.len() + RESPONSE.len() + body.len(), move || {
            look(&scanner, Side::Request, &request, b"");
            look(&scanner, Side::Response, &response, body);
        }));
    };
    let page: &'static [u8] = words().leak();
    head("exchange, no body", &scanner, b"");
    head("exchange, 1 KB of words", &scanner, page.split_at(1000).0);
    head("exchange, 1 KB, canary", &with_canary, page.split_at(1000).0);
    let png = b"\x89PNG\r\n\x1a\n";
    for (name, body) in [
        ("words", words()),
        ("script", script()),
        ("base64", base64()),
        ("binary", noise(b"\x7fELF")),
        ("image", noise(png)),
        ("examples of all rules", examples()),
    ] {
        let (scanner, response) = (scanner.clone(), response.clone());
        let run = move || look(&scanner, Side::Response, &response, &body);
        cases.push(Case::new(name, if name.starts_with("examples") { examples().len() } else { MEGABYTE }, run));
    }
    for (name, body) in [("words, canary", words()), ("image, canary", noise(png))] {
        let (scanner, response) = (with_canary.clone(), response.clone());
        cases.push(Case::new(name, MEGABYTE, move || look(&scanner, Side::Response, &response, &body)));
    }
    measure::main(cases)
}
