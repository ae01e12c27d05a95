//! Secrets planted in every place, disguise, content coding and border there is, each looked for
//! by the real program in its default configuration: the rule, the value, the packet and the byte.
//!
//! The matrix is computed: what a place can hold is planted there, and each cell must be found.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cell;
mod codings;
mod encodings;
mod field;
#[path = "../kit/mod.rs"]
mod kit;
mod places;
mod wire;

use crate::cell::{BORDERS, Border, Expected, secrets};
use crate::codings::CODINGS;
use crate::encodings::ENCODINGS;
use crate::field::{Field, field, is_undecidable};
use crate::kit::program::plainsight;
use crate::places::{Kind, PLACES, Place};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The findings that the program has of the capture: by stream, and those of datagrams by packet.
fn findings(field: &Field) -> (HashMap<u64, Vec<Value>>, HashMap<u64, Vec<Value>>) {
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("planted.pcap");
    std::fs::write(&capture, field.wire.file()).unwrap();
    let [word, marks, ..] = secrets().map(|secret| String::from_utf8(secret.text).unwrap());
    let output = plainsight()
        .args(["replay", "--quiet", "--format", "json", "--canary", &word, "--canary", &marks])
        .arg(&capture)
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let (mut by_stream, mut by_packet) = (HashMap::<_, Vec<_>>::new(), HashMap::<_, Vec<_>>::new());
    for line in output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let line: Value = serde_json::from_slice(line).unwrap();
        let found = match line["type"].as_str().unwrap() {
            "exchange" => line["findings"].as_array().cloned().unwrap_or_default(),
            "finding" => vec![line.clone()],
            _ => continue,
        };
        let counts = |finding: &Value| !matches!(finding["severity"].as_str(), Some("info" | "low"));
        for finding in found.into_iter().filter(counts) {
            match line["stream"].as_u64() {
                Some(stream) => by_stream.entry(stream).or_default().push(finding),
                None => by_packet.entry(finding["packet"].as_u64().unwrap()).or_default().push(finding),
            }
        }
    }
    (by_stream, by_packet)
}

/// What is wrong with what was found of a planted secret.
fn judge(expected: &Expected, found: &[Value]) -> Option<String> {
    let [finding] = found else {
        let seen: Vec<_> = found.iter().map(|one| format!("{} in {}", one["rule"], one["where"])).collect();
        return Some(format!("{} findings: {}", found.len(), seen.join(", ")));
    };
    let via: Vec<_> =
        finding["via"].as_array().map(|all| all.iter().filter_map(Value::as_str).collect()).unwrap_or_default();
    let secret = String::from_utf8_lossy(&expected.secret);
    // The scheme of an Authorization is a part of the way.
    let way: Vec<_> = via.iter().copied().filter(|step| *step != "fox").collect();
    let pairs = [
        ("rule", finding["rule"].to_string(), format!("{:?}", expected.rule)),
        ("where", finding["where"].to_string(), format!("{:?}", expected.location)),
        ("packet", finding["packet"].to_string(), expected.packet.to_string()),
        ("offset", finding["offset"].to_string(), expected.offset.to_string()),
        ("length", finding["length"].to_string(), expected.length.to_string()),
        (
            "packet_offset",
            finding["packet_offset"].to_string(),
            expected.packet_offset.map_or("null".into(), |at| at.to_string()),
        ),
        ("secret", finding["secret"].as_str().unwrap_or_default().to_owned(), secret.into_owned()),
        ("via", way.join(" > "), expected.via.join(" > ")),
    ];
    let wrong: Vec<_> = pairs.iter().filter(|(_, got, want)| got != want).collect();
    let told: Vec<_> = wrong.iter().map(|(what, got, want)| format!("{what} {got} for {want}")).collect();
    (!told.is_empty()).then(|| told.join(", "))
}

#[test]
fn every_planted_secret_is_found_where_it_is() {
    let field = field();
    let (by_stream, by_packet) = findings(&field);
    let mut wrong = BTreeMap::new();
    let none = Vec::new();
    for (planted, found) in [(&field.by_stream, &by_stream), (&field.by_packet, &by_packet)] {
        for (at, expected) in planted {
            if let Some(reason) = judge(expected, found.get(at).unwrap_or(&none)) {
                wrong.insert(expected.cell.clone(), reason);
            }
        }
    }
    let strangers = by_stream.keys().filter(|stream| !field.by_stream.contains_key(stream)).count()
        + by_packet.keys().filter(|packet| !field.by_packet.contains_key(packet)).count();
    assert_eq!(strangers, 0, "found where nothing was planted");
    let planted = field.by_stream.len() + field.by_packet.len();
    let told: Vec<_> = wrong.iter().take(60).map(|(cell, reason)| format!("{cell}: {reason}")).collect();
    assert!(wrong.is_empty(), "{} of {planted} wrong:\n{}", wrong.len(), told.join("\n"));
    assert!(planted >= 300, "{planted}");
}

/// No cell is missing: what is planted is what the product of places, encodings, codings and borders
/// has, less what cannot be written.
#[test]
fn the_matrix_is_whole() {
    let cells = field().cells;
    let has = |place: &Place, encoding: &str, coding: &str, border: Border| {
        let cell = ("word", place.name, encoding.to_owned(), coding, format!("{border:?}"));
        cells.contains(&cell)
    };
    let mut missing = Vec::new();
    for place in PLACES {
        let codings = if matches!(place.kind, Kind::Body(..)) { CODINGS } else { &CODINGS[..1] };
        let borders = match place.kind {
            Kind::Body(..) | Kind::WebSocket(_) | Kind::Tls => &BORDERS[..],
            Kind::Datagram => &BORDERS[..2],
            _ => &BORDERS[..3],
        };
        let mut held = 0;
        for encoding in ENCODINGS {
            let mut whole = true;
            for (coding, border) in
                codings.iter().flat_map(|coding| borders.iter().map(move |border| (coding, *border)))
            {
                // Of what is compressed no byte of the secret has a segment of its own.
                let needed = coding.is_identity() || border != Border::Bytes;
                if needed && !has(place, encoding.name, coding.name, border) {
                    whole = false;
                    missing.push(format!("{} | {} | {} | {border:?}", place.name, encoding.name, coding.name));
                }
            }
            held += usize::from(whole);
        }
        // Names hold letters and digits; other parts of a head neither zero bytes nor ends of lines.
        let least = match place.location {
            "request.method" | "request.header-name" | "response.header-name" => 3,
            location if location.contains(".body") || !location.contains('.') => ENCODINGS.len(),
            _ => ENCODINGS.len() - 5,
        };
        assert!(held >= least, "{} holds {held} encodings: {missing:?}", place.name);
        // What is missing there cannot be written.
        missing.clear();
    }
    let pairs: BTreeSet<_> = cells.iter().filter(|cell| cell.2.contains(" > ")).map(|cell| cell.2.clone()).collect();
    let all = ENCODINGS.iter().skip(1).flat_map(|outer| ENCODINGS.iter().skip(1).map(move |inner| (outer, inner)));
    assert_eq!(pairs.len(), all.filter(|(outer, inner)| !is_undecidable(outer, inner)).count());
}
