//! The modules of a crate, and which file of it depends on which other.

use crate::graph::Graph;
use crate::source::{Import, Module, parse};
use std::collections::{BTreeMap, BTreeSet};

/// A module's way from the crate's root.
type Path = Vec<String>;

/// All files of a crate, by their names below `src`.
#[derive(Debug, Default)]
pub(crate) struct Crate {
    nodes: BTreeMap<Path, Node>,
    /// Files that declare modules and imports alone by their names, but hold more.
    pub(crate) crowded: Vec<String>,
}

#[derive(Debug)]
struct Node {
    file: String,
    imports: Vec<Import>,
    paths: Vec<Vec<String>>,
}

impl Crate {
    /// Reads the files that `lib.rs` leads to. `read` gives the content of a file below `src`.
    pub(crate) fn read(read: impl Fn(&str) -> Option<String>) -> Self {
        let mut modules = Self::default();
        modules.file(&read, Path::new(), "lib.rs");
        modules
    }

    fn file(&mut self, read: &impl Fn(&str) -> Option<String>, path: Path, file: &str) {
        let Some(source) = read(file) else { return };
        let module = parse(&source);
        if only_declares(file) && module.has_items {
            self.crowded.push(file.to_owned());
        }
        self.module(read, path, file, module);
    }

    fn module(&mut self, read: &impl Fn(&str) -> Option<String>, path: Path, file: &str, module: Module) {
        for name in &module.files {
            let child: Path = path.iter().cloned().chain([name.clone()]).collect();
            let stem = child.join("/");
            if let Some(file) =
                [format!("{stem}.rs"), format!("{stem}/mod.rs")].iter().find(|file| read(file).is_some())
            {
                self.file(read, child, file);
            }
        }
        for (name, inline) in module.inline {
            let child = path.iter().cloned().chain([name]).collect();
            self.module(read, child, file, inline);
        }
        self.nodes.insert(path, Node { file: file.to_owned(), imports: module.imports, paths: module.paths });
    }

    /// Which files each file depends on: the file of the deepest module that an import, or a path in
    /// the code, names. Where that only declares and re-exports, the file that defines what is named.
    pub(crate) fn dependencies(&self) -> Graph {
        let mut graph = Graph::new();
        for (path, node) in &self.nodes {
            let named = node.imports.iter().map(|import| &import.path).chain(&node.paths);
            let targets: BTreeSet<String> = named.filter_map(|named| self.target(path, named)).collect();
            let known = graph.entry(node.file.clone()).or_default();
            known.extend(targets.into_iter().filter(|target| *target != node.file));
        }
        graph
    }

    fn target(&self, module: &Path, named: &[String]) -> Option<String> {
        let found = self.resolve(module, named, &mut BTreeSet::new())?;
        self.nodes.get(&found).map(|node| node.file.clone())
    }

    /// The module that `path`, as it stands in `module`, names or has what it names; `None`
    /// outside of the crate. `seen` has the imports that are being resolved.
    fn resolve(&self, module: &Path, path: &[String], seen: &mut BTreeSet<(Path, String)>) -> Option<Path> {
        let mut current = module.clone();
        for (at, segment) in path.iter().enumerate() {
            match segment.as_str() {
                "crate" => current.clear(),
                "self" => {}
                "super" => {
                    current.pop()?;
                }
                name => match self.lookup(&current, name, seen) {
                    Some((found, true)) => current = found,
                    Some((found, false)) => return Some(found),
                    None if at == 0 => return None,
                    // An item of the module's own.
                    None => return Some(current),
                },
            }
        }
        Some(current)
    }

    /// What `name` means in `module` where it is a module or re-exported: a module, and whether
    /// it is that which is named rather than an item of it.
    fn lookup(&self, module: &Path, name: &str, seen: &mut BTreeSet<(Path, String)>) -> Option<(Path, bool)> {
        let child: Path = module.iter().cloned().chain([name.to_owned()]).collect();
        if self.nodes.contains_key(&child) {
            return Some((child, true));
        }
        let node = self.nodes.get(module)?;
        if !only_declares(&node.file) || !seen.insert((module.clone(), name.to_owned())) {
            return None;
        }
        let mut found = None;
        for import in &node.imports {
            let path: Path = match &import.name {
                Some(given) if given == name => import.path.clone(),
                Some(_) => continue,
                None => import.path.iter().cloned().chain([name.to_owned()]).collect(),
            };
            let Some(target) = self.resolve(module, &path, seen) else { continue };
            // A glob that does not have the name leads to the globbed module itself.
            let is_module = target.last() == path.last();
            found = Some((target, is_module));
            if import.name.is_some() {
                break;
            }
        }
        seen.remove(&(module.clone(), name.to_owned()));
        found
    }
}

/// Whether a file of this name holds nothing but declarations of modules, and imports.
pub(crate) fn only_declares(file: &str) -> bool {
    file == "lib.rs" || file.ends_with("/mod.rs")
}

/// The room that a file below `src` belongs to: its folder, or itself.
pub(crate) fn room(file: &str) -> &str {
    file.split('/').next().unwrap_or(file).trim_end_matches(".rs")
}

/// Which rooms each room imports from. The crate's root, which names them all, is none.
pub(crate) fn rooms(files: &Graph) -> Graph {
    let mut rooms = Graph::new();
    for (file, targets) in files.iter().filter(|(file, _)| *file != "lib.rs") {
        let targets = targets.iter().filter(|target| *target != "lib.rs").map(|target| room(target).to_owned());
        let known = rooms.entry(room(file).to_owned()).or_default();
        known.extend(targets.filter(|target| target != room(file)));
    }
    rooms
}

#[cfg(test)]
mod tests {
    use super::{Crate, Graph, rooms};

    fn read(files: &[(&str, &str)]) -> Crate {
        Crate::read(|name| files.iter().find(|(file, _)| *file == name).map(|(_, source)| (*source).to_owned()))
    }

    /// The graph as `from > to`, one a line.
    fn lines(graph: &Graph) -> Vec<String> {
        graph.iter().flat_map(|(from, targets)| targets.iter().map(move |to| format!("{from} > {to}"))).collect()
    }

    fn edges_from(file: &str, files: &[(&str, &str)]) -> Vec<String> {
        let graph = read(files).dependencies();
        graph[file].iter().cloned().collect()
    }

    const LIB: (&str, &str) = ("lib.rs", "pub mod a; mod b; pub use a::one::One;");
    const A: (&str, &str) =
        ("a/mod.rs", "pub mod one; mod two; pub use one::One; pub use two::*; pub use crate::b::B as C;");
    const ONE: (&str, &str) = ("a/one.rs", "pub struct One;");
    const TWO: (&str, &str) = ("a/two.rs", "pub struct Two;");

    #[test]
    fn imports_lead_to_the_file_that_defines_what_they_name() {
        let cases: &[(&str, &[&str])] = &[
            ("use crate::a::one::One;", &["a/one.rs"]),
            ("use crate::a::One;", &["a/one.rs"]),
            ("use crate::One;", &["a/one.rs"]),
            ("use crate::a::one;", &["a/one.rs"]),
            ("use super::a::one::{self, One};", &["a/one.rs"]),
            ("use crate::a::one::*;", &["a/one.rs"]),
            ("use crate::a::Two;", &["a/two.rs"]),
            ("use crate::a::one::Kind::{X, Y};", &["a/one.rs"]),
            ("use crate::a;", &["a/mod.rs"]),
            ("use crate::a::*;", &["a/mod.rs"]),
            ("use crate::a::{One as X, Two};", &["a/one.rs", "a/two.rs"]),
            ("fn f() { use crate::a::One; }", &["a/one.rs"]),
            ("mod c { use super::super::a::One; }", &["a/one.rs"]),
            ("fn f(x: crate::a::One) { super::a::two::g(x) }", &["a/one.rs", "a/two.rs"]),
            ("use crate::a::one; fn f() { one::g() }", &["a/one.rs"]),
            ("fn f() { a::one::g() }", &[]),
            ("use std::a::one::One;", &[]),
            ("use serde;", &[]),
            ("use crate::a::C;", &[]),
            ("use self::B;", &[]),
            ("#[cfg(test)] mod tests { use crate::a::One; }", &[]),
        ];
        for (source, expected) in cases {
            assert_eq!(edges_from("b.rs", &[LIB, A, ONE, TWO, ("b.rs", source)]), *expected, "{source}");
        }
    }

    #[test]
    fn files_lead_to_their_siblings_and_parents() {
        let two = ("a/two.rs", "use super::one::One; use super::One; use crate::b::B; mod deep; use deep::D;");
        let deep = ("a/two/deep.rs", "use super::Two; use super::super::C;");
        let files = [LIB, A, ONE, two, deep, ("b.rs", "pub struct B;")];
        assert_eq!(edges_from("a/two.rs", &files), ["a/one.rs", "a/two/deep.rs", "b.rs"]);
        assert_eq!(edges_from("a/two/deep.rs", &files), ["a/two.rs", "b.rs"]);
        assert_eq!(edges_from("lib.rs", &files), ["a/one.rs"]);
        let two = ("a/two.rs", "mod deep; fn f() { deep::g() }");
        assert_eq!(edges_from("a/two.rs", &[LIB, A, ONE, two, deep]), ["a/two/deep.rs"]);
    }

    #[test]
    fn re_exports_in_a_circle_end() {
        let a = ("a/mod.rs", "pub mod one; pub use crate::b::*; pub use crate::b::X;");
        let b = ("b/mod.rs", "pub use crate::a::*; pub use crate::a::X;");
        let one = ("a/one.rs", "use crate::a::X; use crate::b::Y;");
        let graph = read(&[LIB, a, b, one]).dependencies();
        assert!(graph.contains_key("a/one.rs"));
    }

    #[test]
    fn files_that_hold_more_than_they_may_are_listed() {
        let crowded = ("a/mod.rs", "pub mod one; fn f() {}");
        assert_eq!(read(&[LIB, crowded, ONE]).crowded, ["a/mod.rs"]);
        assert!(read(&[LIB, A, ONE, TWO]).crowded.is_empty());
    }

    #[test]
    fn rooms_are_folders_and_lone_files() {
        let graph = read(&[LIB, A, ONE, TWO, ("b.rs", "use crate::a::One; use crate::a::Two;")]).dependencies();
        assert_eq!(lines(&rooms(&graph)), ["a > b", "b > a"]);
    }
}
