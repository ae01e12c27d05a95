//! Everything that is planted: which cells there are.

use crate::cell::{BORDERS, Border, Cell, Expected, secrets};
use crate::codings::CODINGS;
use crate::encodings::{ENCODINGS, Encoding};
use crate::places::{FIELDS, PLACES};
use crate::wire::Wire;
use std::collections::{BTreeSet, HashMap};

/// Everything that is planted.
pub struct Field {
    pub wire: Wire,
    pub by_stream: HashMap<u64, Expected>,
    pub by_packet: HashMap<u64, Expected>,
    /// The cells that were planted, by what makes them.
    pub cells: BTreeSet<(&'static str, &'static str, String, &'static str, String)>,
}

impl Field {
    fn plant(&mut self, cell: Cell<'_>) {
        let Some((stream, expected)) = cell.plant(&mut self.wire) else { return };
        let encodings: Vec<_> = cell.encodings.iter().map(|one| one.name).collect();
        self.cells.insert((
            cell.secret.name,
            cell.place.name,
            encodings.join(" > "),
            cell.coding.name,
            format!("{:?}", cell.border),
        ));
        match stream {
            Some(stream) => self.by_stream.insert(stream, expected),
            None => self.by_packet.insert(expected.packet, expected),
        };
    }
}

pub fn field() -> Field {
    let mut field =
        Field { wire: Wire::new(), by_stream: HashMap::new(), by_packet: HashMap::new(), cells: BTreeSet::new() };
    let [word, marks, token, password] = &secrets();
    let identity = &CODINGS[0];
    let plain = &ENCODINGS[0];
    for place in PLACES {
        for border in BORDERS {
            for coding in CODINGS {
                for encoding in ENCODINGS {
                    // Once in full; of what was compressed and of the other text fewer borders.
                    if coding.is_identity() || border != Border::Bytes {
                        field.plant(Cell { secret: word, place, encodings: &[encoding], coding, border, field: None });
                    }
                    if coding.is_identity() && border == Border::Segment {
                        field.plant(Cell { secret: marks, place, encodings: &[encoding], coding, border, field: None });
                    }
                }
                // Rules look into what is HTTP.
                if !matches!(place.location, "stream" | "datagram" | "tls") {
                    field.plant(Cell { secret: token, place, encodings: &[plain], coding, border, field: None });
                }
            }
        }
    }
    for (place, names, name) in FIELDS {
        for encoding in ENCODINGS.iter().filter(|encoding| names.contains(&encoding.name)) {
            for (coding, border) in CODINGS.iter().flat_map(|coding| BORDERS.map(|border| (coding, border))) {
                let encodings: &[_] = &[encoding];
                field.plant(Cell { secret: password, place, encodings, coding, border, field: Some(name) });
            }
        }
    }
    // Two deep: each in each.
    for name in ["response-text", "header"] {
        let place = PLACES.iter().find(|place| place.name == name).unwrap();
        for outer in &ENCODINGS[1..] {
            for inner in &ENCODINGS[1..] {
                if is_undecidable(outer, inner) {
                    continue;
                }
                for (secret, border) in [(word, Border::Segment), (marks, Border::None)] {
                    field.plant(Cell {
                        secret,
                        place,
                        encodings: &[outer, inner],
                        coding: identity,
                        border,
                        field: None,
                    });
                }
            }
        }
    }
    field
}

/// Whether two readings of what comes out are as good as each other: where some letters of a text in
/// UTF-16 are escaped, or it is in UTF-16 once more, the zero bytes may belong to either neighbour.
pub fn is_undecidable(outer: &Encoding, inner: &Encoding) -> bool {
    inner.via == Some("utf-16") && (outer.name.ends_with("-partial") || outer.via == Some("utf-16"))
}
