//! What one source file declares: its modules, its imports, the paths in its code, and whether it
//! holds anything else.

use crate::tokens::{Token, tokens};

/// A module, of a file or within one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Module {
    /// `mod name;`: the names of modules in files of their own.
    pub(crate) files: Vec<String>,
    /// `mod name { … }`.
    pub(crate) inline: Vec<(String, Module)>,
    /// What `use` statements name, wherever in the module they stand.
    pub(crate) imports: Vec<Import>,
    /// Paths of two names or more that stand in the code itself.
    pub(crate) paths: Vec<Vec<String>>,
    /// Whether there is anything but attributes, modules and imports.
    pub(crate) has_items: bool,
}

/// One path of a `use` statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Import {
    /// Its segments, `crate`, `self` and `super` among them.
    pub(crate) path: Vec<String>,
    /// The name it gets; `None` for a glob.
    pub(crate) name: Option<String>,
}

/// What `source` declares. Whatever is compiled for tests alone is passed over.
pub(crate) fn parse(source: &str) -> Module {
    let tokens = tokens(source);
    let mut parser = Parser { tokens: &tokens, at: 0 };
    parser.module()
}

struct Parser<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self, ahead: usize) -> Option<Token<'a>> {
        self.tokens.get(self.at + ahead).copied()
    }

    fn next(&mut self) -> Option<Token<'a>> {
        let token = self.peek(0);
        self.at += 1;
        token
    }

    /// Takes `expected` if it comes next.
    fn take(&mut self, expected: Token<'_>) -> bool {
        let is_next = self.peek(0) == Some(expected);
        self.at += usize::from(is_next);
        is_next
    }

    fn word(&self, ahead: usize) -> Option<&'a str> {
        match self.peek(ahead)? {
            Token::Word(word) => Some(word),
            _ => None,
        }
    }

    /// Everything up to the brace that closes the module, or to the end of the file.
    fn module(&mut self) -> Module {
        let mut module = Module::default();
        // How many braces of functions, types and so on are open.
        let mut depth = 0_usize;
        while let Some(token) = self.next() {
            match token {
                Token::Punctuation('#') => {
                    if self.attribute() {
                        self.skip_item();
                    }
                }
                Token::Word("use") => self.tree(&[], &mut module.imports),
                Token::Word("mod") if depth == 0 => self.declaration(&mut module),
                Token::Word("pub") => {
                    self.skip_visibility();
                    module.has_items |= depth > 0;
                }
                Token::Word(_) if self.is_path() => {
                    self.at -= 1;
                    let path = self.path();
                    module.paths.push(path);
                    module.has_items = true;
                }
                Token::Punctuation(';') if depth == 0 => {}
                Token::Punctuation('}') if depth == 0 => break,
                Token::Punctuation('{') => {
                    depth += 1;
                    module.has_items = true;
                }
                Token::Punctuation('}') => depth -= 1,
                _ => module.has_items = true,
            }
        }
        module
    }

    /// `#[…]` or `#![…]` after its `#`: whether it leaves an item to the tests.
    fn attribute(&mut self) -> bool {
        self.take(Token::Punctuation('!'));
        let start = self.at;
        self.skip_group('[', ']');
        let words: Vec<_> = self.tokens[start..self.at.min(self.tokens.len())]
            .iter()
            .filter_map(|token| match token {
                Token::Word(word) => Some(*word),
                _ => None,
            })
            .collect();
        match words.as_slice() {
            ["test"] | ["cfg", "test" | "doctest"] => true,
            ["cfg", "all", rest @ ..] => rest.contains(&"test") && !rest.contains(&"not"),
            _ => false,
        }
    }

    /// Passes over an item with its further attributes.
    fn skip_item(&mut self) {
        while let Some(token) = self.next() {
            match token {
                Token::Punctuation(';') => return,
                Token::Punctuation('{') => {
                    self.at -= 1;
                    self.skip_group('{', '}');
                    // `use a::{b, c};` and `= T { … };` go on to their end.
                    if self.peek(0) == Some(Token::Punctuation(';')) {
                        self.at += 1;
                    }
                    return;
                }
                Token::Punctuation('[') => {
                    self.at -= 1;
                    self.skip_group('[', ']');
                }
                Token::Punctuation('(') => {
                    self.at -= 1;
                    self.skip_group('(', ')');
                }
                _ => {}
            }
        }
    }

    /// Passes over what may follow `pub`: `(crate)`, `(in crate::a)`. In tuples, `(A, B)` may be a type.
    fn skip_visibility(&mut self) {
        if matches!(self.word(1), Some("crate" | "super" | "self" | "in")) {
            self.skip_group('(', ')');
        }
    }

    /// Whether the word before is the first of a path.
    fn is_path(&self) -> bool {
        let colon = Some(Token::Punctuation(':'));
        self.peek(0) == colon && self.peek(1) == colon && matches!(self.peek(2), Some(Token::Word(_)))
    }

    /// The path that comes next, without what stands in angle brackets and behind it.
    fn path(&mut self) -> Vec<String> {
        let mut path = Vec::new();
        while let Some(Token::Word(word)) = self.next() {
            path.push(word.to_owned());
            if !self.is_path() {
                break;
            }
            self.at += 2;
        }
        path
    }

    /// Passes over a group of `open` and `close`, if one comes next.
    fn skip_group(&mut self, open: char, close: char) {
        let mut depth = 0_usize;
        while let Some(token) = self.peek(0) {
            match token {
                Token::Punctuation(sign) if sign == open => depth += 1,
                Token::Punctuation(sign) if sign == close && depth > 0 => depth -= 1,
                _ if depth == 0 => return,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }

    /// A module after its `mod`.
    fn declaration(&mut self, module: &mut Module) {
        let Some(Token::Word(name)) = self.next() else { return };
        match self.next() {
            Some(Token::Punctuation('{')) => {
                let inline = self.module();
                module.has_items = true;
                module.inline.push((name.to_owned(), inline));
            }
            _ => module.files.push(name.to_owned()),
        }
    }

    /// A tree of paths after `use`, up to its `;`, or after `{`, up to its `,` or `}`.
    fn tree(&mut self, prefix: &[String], imports: &mut Vec<Import>) {
        let mut path = prefix.to_vec();
        let mut name = None;
        while let Some(token) = self.peek(0) {
            match token {
                Token::Word("as") => {
                    name = self.word(1).map(str::to_owned);
                    self.at += 1;
                }
                Token::Word(word) => path.push(word.to_owned()),
                Token::Punctuation('*') => {
                    imports.push(Import { path, name: None });
                    self.at += 1;
                    return;
                }
                Token::Punctuation('{') => {
                    self.at += 1;
                    while !self.take(Token::Punctuation('}')) && self.peek(0).is_some() {
                        self.tree(&path, imports);
                        self.take(Token::Punctuation(','));
                    }
                    return;
                }
                Token::Punctuation(':') => {}
                _ => break,
            }
            if name.is_some() {
                self.at += 1;
                break;
            }
            self.at += 1;
        }
        // `a::{self}` is `a`.
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let name = name.or_else(|| path.last().cloned());
        if !path.is_empty() {
            imports.push(Import { path, name });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    /// Each import as `path` or `path as name`, or `path::*`.
    fn imports(source: &str) -> Vec<String> {
        let shown = parse(source).imports.into_iter().map(|import| {
            let path = import.path.join("::");
            match import.name {
                None => format!("{path}::*"),
                Some(name) if import.path.last() == Some(&name) => path,
                Some(name) => format!("{path} as {name}"),
            }
        });
        shown.collect()
    }

    #[test]
    fn imports_are_read() {
        let cases: &[(&str, &[&str])] = &[
            ("use a;", &["a"]),
            ("use ::a::b;", &["a::b"]),
            ("pub use a::b as c;", &["a::b as c"]),
            ("pub(in crate::leak) use a::b;", &["a::b"]),
            ("use a::b as _;", &["a::b as _"]),
            ("use a::*;", &["a::*"]),
            ("use a::{self, b};", &["a", "a::b"]),
            ("use a::{self as z, b as y, c::*};", &["a as z", "a::b as y", "a::c::*"]),
            ("use crate::{a::{b, c::{d}}, super::e,};", &["crate::a::b", "crate::a::c::d", "crate::super::e"]),
            ("use {a, b::c};", &["a", "b::c"]),
            ("use self::a; use super::super::b;", &["self::a", "super::super::b"]),
            ("fn f() { if x { use a::b; } } use c;", &["a::b", "c"]),
            ("#[cfg(unix)] use a;", &["a"]),
            ("#[cfg(any(test, unix))] use a;", &["a"]),
            ("#[cfg(not(test))] use a;", &["a"]),
            ("#[cfg(test)] use a; use b;", &["b"]),
            ("#[cfg(test)] use a::{b, c}; use d;", &["d"]),
            ("#[cfg(all(test, unix))] #[allow(x)] mod tests { use a; fn f() {} } use b;", &["b"]),
            ("#[cfg(test)] mod tests; use b;", &["b"]),
            ("#[test] fn f(a: [u8; 2]) -> T { use a; } use b;", &["b"]),
            ("#[cfg(test)] fn f() -> [u8; 2] { use a; } use b;", &["b"]),
            ("impl T { #[cfg(test)] fn f() { use a; } fn g() { use b; } }", &["b"]),
            ("let s = \"use a;\"; // use b;\nuse c;", &["c"]),
        ];
        for (source, expected) in cases {
            assert_eq!(imports(source), *expected, "{source}");
        }
    }

    #[test]
    fn paths_in_the_code_are_read() {
        let cases: &[(&str, &[&str])] = &[
            ("fn f() { crate::a::b(); x.y; super::c::D::E }", &["crate::a::b", "super::c::D::E"]),
            ("fn f(x: a::B<c::D>) -> Vec::<e::F> {}", &["a::B", "c::D", "e::F"]),
            ("pub(in crate::a) fn f() {} struct S { pub(in crate::b) x: u8 }", &[]),
            ("struct S(pub(crate) a::B, pub (c::D, u8));", &["a::B", "c::D"]),
            ("use a::b; fn f() { use c::d; }", &[]),
            ("#[a::b] fn f() {} // c::d\n/// [`e::f`]\nstruct S;", &[]),
            ("#[cfg(test)] fn f() { a::b() }", &[]),
            ("fn f() { x::<Y>(); a(); b: c }", &[]),
        ];
        for (source, expected) in cases {
            let paths: Vec<_> = parse(source).paths.iter().map(|path| path.join("::")).collect();
            assert_eq!(paths, *expected, "{source}");
        }
    }

    #[test]
    fn modules_are_read() {
        let module = parse("mod a; pub(super) mod b { use c; mod d { use e; } } #[cfg(test)] mod f; mod g;");
        assert_eq!(module.files, ["a", "g"]);
        let (name, inline) = &module.inline[0];
        assert_eq!((name.as_str(), inline.imports.len(), inline.inline.len()), ("b", 1, 1));
    }

    #[test]
    fn items_beside_modules_and_imports_are_seen() {
        let cases = [
            ("//! Docs.\n#![allow(x)]\n/// Docs.\n#[cfg(unix)]\npub(crate) mod a;\npub use a::{b, c};", false),
            ("#[cfg(test)]\nmod tests { fn f() {} }\nmod a;", false),
            ("mod a; const A: u8 = 1;", true),
            ("mod a; pub fn f() {}", true),
            ("mod a { }", true),
            ("mod a; type B = a::B;", true),
            ("mod a; macro_rules! b { () => {} }", true),
            ("extern crate self as plainsight;", true),
        ];
        for (source, expected) in cases {
            assert_eq!(parse(source).has_items, expected, "{source}");
        }
    }
}
