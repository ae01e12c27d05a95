//! The lesson: a server that tells a secret, a client that asks for it, and the authority that
//! makes TLS work between them.
//!
//! Everything here is an ordinary program speaking ordinary HTTP. This room refuses to know how
//! packets are captured or read: only `demo` joins the two ends with a sniffer.

use crate::report::escape;
use std::borrow::Cow;
use std::io;

pub mod authority;
pub mod client;
mod connection;
pub mod demo;
pub mod listen;
pub mod server;
pub mod tls;

/// The port of the lesson, unless another is asked for.
pub const PORT: u16 = 5683;

/// The secret of the lesson, unless another is asked for.
pub const SECRET: &str = "fluffy tail";

/// A runtime for one thread: it starts none itself, so the caller decides which thread does the
/// work. (A name that must be looked up is the exception: the resolver blocks, so it gets one.)
///
/// Built by hand and not by an attribute on `main`, because a namespace can only be entered while
/// the process has a single thread.
pub fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// `text` with everything escaped that could move the cursor, change colours or reverse the
/// reading order of a terminal; newline and tab stay.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| escape::is_unsafe(c) && c != '\n' && c != '\t';
    if !text.contains(harmful) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if harmful(c) {
            escape::push_char(&mut escaped, c);
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// As [`printable`], on one line: for what a stranger sent and a log repeats.
pub(crate) fn one_line(text: &str) -> String {
    escape::str(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_a_terminal_obeys() {
        let cases = [
            ("fluffy tail", "fluffy tail"),
            ("two\nlines\tand a tab", "two\nlines\tand a tab"),
            ("\x1b[2J", "\\x1b[2J"),
            ("over\rwritten", "over\\rwritten"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("\u{202e}liat yffulf", "\\u{202e}liat yffulf"),
            ("Füchsin 🦊", "Füchsin 🦊"),
            ("\0\x7f", "\\x00\\x7f"),
        ];
        for (text, expected) in cases {
            assert_eq!(printable(text), expected, "{text:?}");
        }
    }

    #[test]
    fn one_line_is_one_line() {
        assert_eq!(one_line("a\nb\tc\r"), "a\\nb\\tc\\r");
    }
}
