//! Text of strangers, made harmless for a terminal.

use crate::report::escape;
use std::borrow::Cow;

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
