//! Comma-separated values: one finding a row, for spreadsheets (RFC 4180).
//!
//! A cell that a spreadsheet would take for a formula is defused. This module refuses to
//! write what is no finding.

use super::escape;
use super::format::Report;
use super::outbox::Outbox;
use super::page::Page;
use super::sighting::{Sighting, end, sightings};
use super::summary::Summary;
use crate::analyzer::Event;
use crate::leak::Severity;
use std::io::{self, Write};

const COLUMNS: &str = "severity,rule,title,where,file,packet,packet_offset,time,offset,length,stream,exchange,client,\
                       server,host,method,target,via,secret,redacted,about,fix,fingerprint\r\n";

/// Writes a table of findings to `out`.
#[derive(Debug)]
pub struct Csv<W> {
    out: Outbox<W>,
    buffer: Page,
    files: Vec<String>,
    least: Severity,
}

impl<W: Write> Csv<W> {
    /// A report to `out` of findings at least as bad as `least`. `files` are the captures read
    /// as one.
    pub fn new(out: W, files: Vec<String>, least: Severity) -> Self {
        let mut buffer = Page::default();
        buffer.put(COLUMNS.as_bytes());
        Self { out: Outbox::new(out), buffer, files, least }
    }

    fn row(&mut self, sighting: &Sighting<'_>) {
        let finding = sighting.finding;
        let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
        let about: Vec<_> = finding.about.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        let file = self.files.get(usize::from(finding.place.packet.file()));
        let cells = [
            finding.severity.to_string(),
            escape::str(&finding.rule),
            escape::str(&finding.title),
            escape::str(&finding.location.to_string()),
            file.map(|file| escape::str(file)).unwrap_or_default(),
            finding.place.packet.to_string(),
            number(finding.place.offset.map(u64::from)),
            finding.place.time.to_string(),
            finding.offset.to_string(),
            finding.length.to_string(),
            number(sighting.stream),
            number(sighting.exchange.map(|exchange| exchange.id)),
            end(sighting.client),
            end(sighting.server),
            sighting.host(),
            escape::bytes(sighting.method()),
            escape::bytes(sighting.target()),
            escape::str(&finding.via.join(" > ")),
            sighting.secret().into_owned(),
            finding.redacted.to_string(),
            escape::str(&about.join("; ")),
            escape::str(&finding.fix),
            escape::str(&finding.fingerprint),
        ];
        let mut separator = "";
        for text in &cells {
            self.buffer.put(separator.as_bytes());
            cell(&mut self.buffer, text);
            separator = ",";
        }
        self.buffer.put(b"\r\n");
    }
}

/// Appends a cell, with quotes where it needs them. A spreadsheet computes what begins like a
/// formula; an apostrophe before it makes it text
/// (<https://owasp.org/www-community/attacks/CSV_Injection>).
fn cell(out: &mut Page, text: &str) {
    const FORMULAS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];
    let quoted = text.contains(['"', ',', '\r', '\n']) || text.starts_with(' ') || text.ends_with(' ');
    let mark: &[u8] = if quoted { b"\"" } else { b"" };
    out.put(mark);
    if text.trim_start_matches(' ').starts_with(FORMULAS) {
        out.push(b'\'');
    }
    for byte in text.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.put(mark);
}

impl<W: Write> Report for Csv<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        for sighting in sightings(event, self.least) {
            self.row(&sighting);
        }
        self.out.offer(&mut self.buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush(&mut self.buffer)
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        self.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use proptest::prelude::*;

    fn written(events: &[Event]) -> String {
        let mut out = Vec::new();
        let mut csv = Csv::new(&mut out, vec!["den/fox.pcap".to_owned()], Severity::Medium);
        for event in events {
            csv.event(event).unwrap();
        }
        csv.finish(&Summary::default()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_finding_is_a_row() {
        let table = written(&sample::hostile_events());
        assert!(table.lines().count() == table.matches("\r\n").count());
        insta::assert_snapshot!(table.replace("\r\n", "\n"), @r#"
        severity,rule,title,where,file,packet,packet_offset,time,offset,length,stream,exchange,client,server,host,method,target,via,secret,redacted,about,fix,fingerprint
        critical,canary,Canary,response.body,den/fox.pcap,6,221,2026-11-23T20:49:53.001259Z,0,11,0,1,127.0.0.1:44082,127.0.0.1:5683,127.0.0.1:5683,GET,/,,fluffy tail,false,,Serve it over HTTPS only.,0123456789abcdef
        high,"'=evil,""rule""",A [title](http://evil) with \x1b[31m,"request.header:x-""\u{202e}",den/fox.pcap,6,221,2026-11-23T20:49:53.001259Z,0,11,0,2,127.0.0.1:44082,127.0.0.1:5683,"evil""><x>",POST,"/=cmd?q=<""\x1b[2J\u{202e}&pw=@SUM(A1)","gzip > json .a""b","'=HYPERLINK(""http://evil"",""\xff\r\n"")",false,user\n: -2+3,Serve it over HTTPS only.,00000000feed0001
        critical,canary,Canary,response.body,den/fox.pcap,7,,2026-11-23T20:49:53.001259Z,0,11,0,2,127.0.0.1:44082,127.0.0.1:5683,"evil""><x>",POST,"/=cmd?q=<""\x1b[2J\u{202e}&pw=@SUM(A1)",,'@\tother,true,,Serve it over HTTPS only.,00000000feed0001
        critical,canary,Canary,stream,den/fox.pcap,6,221,2026-11-23T20:49:53.001259Z,300,11,3,,[::1]:50000,[::1]:6379,[::1]:6379,,,,fluffy tail,false,,Serve it over HTTPS only.,0123456789abcdef
        critical,canary,Canary,stream,den/fox.pcap,6,221,2026-11-23T20:49:53.001259Z,300,11,,,[::1]:50000,[::1]:6379,[::1]:6379,,,,fluffy tail,false,,Serve it over HTTPS only.,0123456789abcdef
        "#);
    }

    #[test]
    fn cells_are_quoted_and_formulas_defused() {
        for (text, want) in [
            ("fluffy", "fluffy"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            (" fox", "\" fox\""),
            ("a\r\nb", "\"a\r\nb\""),
            ("=1+1", "'=1+1"),
            ("+49", "'+49"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "\"'\r=1\""),
            (" =1", "\"' =1\""),
            ("＝1", "'＝1"),
            ("=cmd|' /C calc'!A0,\"", "\"'=cmd|' /C calc'!A0,\"\"\""),
        ] {
            let mut out = Page::default();
            cell(&mut out, text);
            assert_eq!(std::str::from_utf8(out.as_slice()).unwrap(), want);
        }
    }

    proptest! {
        #[test]
        fn a_row_always_has_as_many_cells(secret in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut exchange = sample::leaking();
            exchange.findings[0].secret = secret;
            let table = written(&[Event::Exchange(Box::new(exchange))]);
            let rows = parsed(&table);
            prop_assert_eq!(rows.len(), 2);
            prop_assert!(rows.iter().all(|row| row.len() == COLUMNS.matches(',').count() + 1));
            prop_assert!(!rows[1].iter().any(|cell| cell.starts_with(['=', '+', '-', '@', '\t', '\r'])));
        }
    }

    /// A reader of its own kind: RFC 4180 §2, and nothing else.
    fn parsed(table: &str) -> Vec<Vec<String>> {
        let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
        let mut chars = table.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' if quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
                '"' => quoted = !quoted,
                ',' if !quoted => row.push(std::mem::take(&mut cell)),
                '\r' if !quoted && chars.next() == Some('\n') => {
                    row.push(std::mem::take(&mut cell));
                    rows.push(std::mem::take(&mut row));
                }
                other => cell.push(other),
            }
        }
        rows
    }
}
