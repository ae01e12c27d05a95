//! Makes bytes from the wire harmless to a terminal.
//!
//! A packet may hold escape sequences that move the cursor or set the title, and
//! characters that turn or hide the text beside them; what is shown here is only ever
//! seen, never obeyed. This module refuses to know what the bytes mean.

use std::fmt::Write as _;
use unicode_width::UnicodeWidthChar as _;

/// Whether `c` could change how the text around it is shown: a control, a format
/// character (general category Cf: directions, joiners, tags), a separator of lines, or a
/// filler without ink.
pub const fn is_unsafe(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}'
        | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}'
        | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Appends one character: as it is where that is harmless, else escaped as in Rust.
pub fn push_char(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\0'..='\x7f' if is_unsafe(c) => _ = write!(out, "\\x{:02x}", u32::from(c)),
        _ if is_unsafe(c) => _ = write!(out, "\\u{{{:x}}}", u32::from(c)),
        _ => out.push(c),
    }
}

/// Appends text, escaped.
pub fn push_str(out: &mut String, text: &str) {
    text.chars().for_each(|c| push_char(out, c));
}

/// Appends bytes that should be UTF-8, escaped; those that are not as `\xNN`.
pub fn push_bytes(out: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        push_str(out, chunk.valid());
        for byte in chunk.invalid() {
            _ = write!(out, "\\x{byte:02x}");
        }
    }
}

/// The text escaped.
pub fn str(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    push_str(&mut out, text);
    out
}

/// The bytes escaped.
pub fn bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    push_bytes(&mut out, bytes);
    out
}

/// How many terminal columns escaped text takes.
pub fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// At most `columns` columns of escaped text, with `…` as the last where it was cut.
pub fn clip(text: &str, columns: usize) -> String {
    match split(text, columns) {
        (_, "") => text.to_owned(),
        _ => split(text, columns.saturating_sub(1)).0.to_owned() + "…",
    }
}

/// Cuts escaped text where `columns` columns are full.
pub fn split(text: &str, columns: usize) -> (&str, &str) {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > columns {
            return text.split_at(at);
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_could_drive_a_terminal_is_escaped() {
        for (raw, want) in [
            (&b"fluffy tail"[..], "fluffy tail"),
            (b"\x1b]0;title\x07", "\\x1b]0;title\\x07"),
            (b"a\r\n\tb\0", "a\\r\\n\\tb\\x00"),
            (b"\x7f", "\\x7f"),
            ("\u{9b}31m".as_bytes(), "\\u{9b}31m"),
            (b"\x9b31m", "\\x9b31m"),
            ("a\u{202e}b\u{2066}c\u{200b}d\u{feff}".as_bytes(), "a\\u{202e}b\\u{2066}c\\u{200b}d\\u{feff}"),
            ("\u{2028}\u{e0041}".as_bytes(), "\\u{2028}\\u{e0041}"),
            ("Füchse 狐 🦊".as_bytes(), "Füchse 狐 🦊"),
            (b"caf\xe9!", "caf\\xe9!"),
        ] {
            assert_eq!(bytes(raw), want);
        }
    }

    #[test]
    fn text_is_cut_between_columns() {
        for (text, columns, want) in [
            ("fluffy", 6, "fluffy"),
            ("fluffy", 5, "fluf…"),
            ("狐狐狐", 6, "狐狐狐"),
            ("狐狐狐", 5, "狐狐…"),
            ("狐狐狐", 4, "狐…"),
            ("x", 0, "…"),
            ("", 0, ""),
        ] {
            assert_eq!(clip(text, columns), want, "{text} at {columns}");
        }
        assert_eq!(split("狐a", 2), ("狐", "a"));
    }

    proptest! {
        #[test]
        fn nothing_unsafe_is_left(raw in proptest::collection::vec(any::<u8>(), 0..200), text in ".*") {
            prop_assert!(!bytes(&raw).chars().any(is_unsafe));
            prop_assert!(!str(&text).chars().any(is_unsafe));
        }

        #[test]
        fn a_clipped_text_fits(text in "\\PC*", columns in 1_usize..50) {
            prop_assert!(width(&clip(&text, columns)) <= columns);
        }
    }
}
