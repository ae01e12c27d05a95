//! Every leniency in one table: what was said, what we read, what others read.
//!
//! The table is the test, and `docs/leniencies.md` is made from it: `UPDATE_DOCS=1 cargo test
//! --lib leniencies` writes the file, any other run compares it.

mod table;

use super::Connection;
use super::Handover;
use crate::http::{Context, Head, Message, Observer, ParsedExchange, Settings};
use crate::packet::Place;
use crate::tcp::{Chunk, Direction, Source};
use std::fmt::Write as _;
use table::TABLE;

struct Row {
    name: &'static str,
    /// RFC and section.
    rfc: &'static str,
    /// What client and server say, by turns. `{many}` stands for 150 fields, `{long}` for more
    /// bytes than a head may have.
    turns: &'static [&'static str],
    /// The exchanges that we read.
    want: &'static str,
    notes: &'static [&'static str],
    /// What tshark 4.0.17 reads, as measured.
    tshark: &'static str,
    /// What Chrome and Firefox make of it: measured for answers to GET, else by their sources.
    browser: &'static str,
}

/// Writes down what is read, in the table's short form.
#[derive(Default)]
struct Short {
    exchanges: Vec<String>,
    notes: Vec<&'static str>,
}

impl Handover for Short {}

impl Observer for Short {
    type Body = Vec<u8>;

    fn body(&mut self, scan: &mut Vec<u8>, bytes: &[u8], _: Place) {
        scan.extend_from_slice(bytes);
    }

    fn exchange(&mut self, read: ParsedExchange<Vec<u8>>) {
        let short = |message: &Option<(Box<Message>, Vec<u8>)>| {
            message.as_ref().map_or_else(|| "-".to_owned(), |(message, body)| short(message, body))
        };
        self.exchanges.push(format!("{} -> {}", short(&read.request), short(&read.response)));
        for note in read.notes {
            if !self.notes.contains(&note.0) {
                self.notes.push(note.0);
            }
        }
    }

    fn other(&mut self, _: Direction, _: &[u8], _: Place) -> bool {
        true
    }
}

fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string().replace("\\'", "'").replace("\\\"", "\"")
}

fn short(message: &Message, body: &[u8]) -> String {
    let head = &message.head;
    let status = |head: &Head| head.status().map_or("?".to_owned(), |status| status.to_string());
    let mut out = match (head.method(), head.target()) {
        (Some(method), Some(target)) => format!("{} {}", text(method), text(target)),
        _ => message.interim.iter().chain([head]).map(status).collect::<Vec<_>>().join(", "),
    };
    let plain = |name: &[u8]| {
        let names = ["host", "content-length", "transfer-encoding", "connection"];
        names.iter().any(|plain| name.eq_ignore_ascii_case(plain.as_bytes()))
    };
    let fields: Vec<_> = head.fields().filter(|(name, _)| !plain(name)).collect();
    for fields in [fields, message.trailers.fields().collect()] {
        let one = |(name, value): &(&[u8], &[u8])| match value.len() {
            0..40 => format!("{}: {}", text(name), text(value)),
            length => format!("{}: {length} bytes", text(name)),
        };
        match fields.len() {
            0 => {}
            1..=3 => out += &[" {", &fields.iter().map(one).collect::<Vec<_>>().join("; "), "}"].concat(),
            many => out += &[" {", &many.to_string(), " fields}"].concat(),
        }
    }
    if !body.is_empty() {
        out += &[" \"", &text(body), "\""].concat();
    }
    if !message.body.complete {
        out += " (cut)";
    }
    out
}

fn read(turns: &[&str], piece: usize) -> Short {
    let settings = Settings { longest_head: 100_000, ..Settings::default() };
    let (mut connection, mut seen) = (Connection::default(), Short::default());
    let many: String = (0..150).fold(String::new(), |mut fields, n| {
        let _ = write!(fields, "A{n}: b\r\n");
        fields
    });
    for (turn, from) in turns.iter().zip(Direction::BOTH.into_iter().cycle()) {
        let turn = turn.replace("{many}", &many).replace("{long}", &"a".repeat(110_000));
        for bytes in turn.as_bytes().chunks(piece) {
            connection.data(
                Chunk { from, bytes, source: Source::default(), alone: false },
                &mut Context::new(&settings, &mut seen),
            );
        }
    }
    for from in Direction::BOTH {
        connection.finish_direction(from, &mut Context::new(&settings, &mut seen));
    }
    connection.finish(&mut Context::new(&settings, &mut seen));
    seen
}

#[test]
fn every_leniency_is_read_and_named_as_the_table_says() {
    for row in TABLE.iter().flat_map(|(_, rows)| *rows) {
        for piece in [usize::MAX, 1, 7] {
            let seen = read(row.turns, piece);
            assert_eq!(seen.exchanges.join(" | "), row.want, "{}, {piece} bytes at a time", row.name);
            assert_eq!(seen.notes, row.notes, "{}, {piece} bytes at a time", row.name);
        }
    }
}

/// A cell of the document.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

fn document() -> String {
    let mut out = String::from(
        "# Leniencies\n\n\
         How messages are read that are not as RFC 9112, RFC 9110 or RFC 1945 want them, and some that are but that\n\
         readers differ about. This file is made from the table in `src/protocol/http1/leniencies.rs`, which is a test.\n\n\
         `->` stands between a request and its answer, `-` for one that is not there, `|` between exchanges, `{}` around\n\
         fields of interest, `\"\"` around a body; `(cut)`: its end was not seen. *Notes* are those that the exchange carries.\n\
         tshark is 4.0.17, measured on the same bytes; browsers are Chrome and Firefox: answers to\n\
         GET as Chromium 156 and Firefox 153 read them, the rest by their sources.\n",
    );
    for (group, rows) in TABLE {
        let _ = write!(
            out,
            "\n## {group}\n\n| case | RFC | we read | notes | tshark reads | browsers |\n|---|---|---|---|---|---|\n"
        );
        for row in *rows {
            line(&mut out, row);
        }
    }
    out
}

fn line(out: &mut String, row: &Row) {
    let notes: Vec<_> = row.notes.iter().map(|note| format!("`{note}`")).collect();
    let _ = writeln!(
        out,
        "| {} | {} | `{}` | {} | `{}` | {} |",
        cell(row.name),
        row.rfc,
        row.want.replace('|', "\\|"),
        notes.join(" "),
        row.tshark.replace('|', "\\|"),
        cell(row.browser)
    );
}

#[test]
fn the_document_says_what_the_table_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/leniencies.md");
    let want = document();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &want).expect("docs can be written");
    }
    let have = std::fs::read_to_string(path).unwrap_or_default();
    assert!(have == want, "docs/leniencies.md is stale: run UPDATE_DOCS=1 cargo test --lib leniencies");
}
