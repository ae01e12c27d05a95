//! How the library's files depend on one another: no file on itself over others, no room on a
//! room above it; and files that declare modules hold nothing else.
//!
//! A file depends on another if a `use` statement of it, or a path in its code, names something of
//! the other's.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod graph;
mod modules;
mod source;
mod tokens;

use graph::circles;
use modules::{Crate, room, rooms};
use std::collections::BTreeSet;
use std::path::Path;

/// Rooms that are not in order yet. The test fails when one of them is, so that it gets struck.
const NOT_YET: &[&str] = &[];

/// A fault of the structure: the rooms that have part in it, and what it is.
struct Fault {
    rooms: BTreeSet<String>,
    text: String,
}

fn faults(library: &Crate) -> Vec<Fault> {
    let files = library.dependencies();
    let among_files = circles(&files).into_iter().map(|circle| Fault {
        rooms: circle.iter().map(|file| room(file).to_owned()).collect(),
        text: format!("files depend on one another:\n    {}", circle.join("\n    ")),
    });
    let among_rooms = circles(&rooms(&files)).into_iter().map(|circle| Fault {
        text: format!("rooms depend on one another: {}", circle.join(", ")),
        rooms: circle.into_iter().collect(),
    });
    let crowded = library.crowded.iter().map(|file| Fault {
        rooms: BTreeSet::from([room(file).to_owned()]),
        text: format!("{file} holds more than modules and imports"),
    });
    among_files.chain(among_rooms).chain(crowded).collect()
}

/// The faults that rooms outside of `not_yet` have part in, and rooms of it that have part in none.
fn wrong(library: &Crate, not_yet: &[&str]) -> Vec<String> {
    let faults = faults(library);
    let is_excused = |fault: &&Fault| fault.rooms.iter().any(|room| not_yet.contains(&room.as_str()));
    let in_order = not_yet.iter().filter(|room| !faults.iter().any(|fault| fault.rooms.contains(**room)));
    let strike = in_order.map(|room| format!("{room} is in order: strike it from NOT_YET"));
    faults.iter().filter(|fault| !is_excused(fault)).map(|fault| fault.text.clone()).chain(strike).collect()
}

#[test]
fn the_library_is_in_order() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let library = Crate::read(|file| std::fs::read_to_string(sources.join(file)).ok());
    assert!(library.dependencies().len() > 200, "the library has more files than were read");
    let wrong = wrong(&library, NOT_YET);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_out_of_order_is_told_unless_it_is_listed() {
    let read = |files: &[(&str, &str)]| {
        Crate::read(|name| files.iter().find(|(file, _)| *file == name).map(|(_, source)| (*source).to_owned()))
    };
    let lib = ("lib.rs", "mod a; mod b;");
    let circle = [lib, ("a.rs", "use crate::b::B;"), ("b.rs", "use crate::a::A;")];
    let found = ["files depend on one another:\n    a.rs\n    b.rs", "rooms depend on one another: a, b"];
    assert_eq!(wrong(&read(&circle), &[]), found);
    assert!(wrong(&read(&circle), &["b"]).is_empty());
    let crowded = [lib, ("a/mod.rs", "fn f() {}"), ("b.rs", "")];
    assert_eq!(wrong(&read(&crowded), &[]), ["a/mod.rs holds more than modules and imports"]);
    assert!(wrong(&read(&crowded), &["a"]).is_empty());
    assert_eq!(wrong(&read(&crowded), &["a", "b"]), ["b is in order: strike it from NOT_YET"]);
    // Rooms may depend on one another although no files do.
    let rooms = [
        ("lib.rs", "mod a; mod b;"),
        ("a/mod.rs", "mod low; mod high;"),
        ("a/low.rs", ""),
        ("a/high.rs", "use crate::b::B;"),
        ("b.rs", "use crate::a::low::L;"),
    ];
    assert_eq!(wrong(&read(&rooms), &[]), ["rooms depend on one another: a, b"]);
}
