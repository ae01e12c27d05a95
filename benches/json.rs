//! Writing exchanges as JSON Lines.
#![allow(missing_docs, clippy::unwrap_used)]

mod measure;

use measure::Case;
use measure::traffic::Traffic;
use plainsight::report::{Json, Report};
use plainsight::{Analyzer, Config, Event};
use std::io;
use std::process::ExitCode;

/// The events of some traffic.
fn events(max_body: usize) -> Vec<Event> {
    let traffic = Traffic::new(10, 10, false);
    let mut analyzer = Analyzer::new(&Config { leaks: false, max_body, ..Config::default() });
    let mut events = Vec::new();
    for packet in traffic.packets() {
        analyzer.packet(&packet, |event| events.push(event));
    }
    analyzer.finish(|event| events.push(event));
    events
}

fn main() -> ExitCode {
    let case = |name, max_body| {
        let events = events(max_body);
        let mut written = Json::new(Vec::new(), Vec::new());
        for event in &events {
            written.event(event).unwrap();
        }
        let bytes = {
            written.flush().unwrap();
            written.into_inner().len()
        };
        Case::new(name, bytes, move || {
            let mut report = Json::new(io::sink(), Vec::new());
            for event in &events {
                report.event(event).unwrap();
            }
            report.flush().unwrap();
        })
    };
    measure::main(vec![case("100 exchanges, heads", 0), case("100 exchanges, 1 KB of text each", 4096)])
}
