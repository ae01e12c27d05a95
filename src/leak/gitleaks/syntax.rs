//! Writes Go's regular expressions (RE2) as this program's engine reads them.
//!
//! Both mean the same by most of what they write; this is about the rest. It refuses to judge
//! whether an expression is right: the engine does, and what it says is mapped back.

use crate::leak::rule::parse_expression;
use regex_syntax::hir::{Hir, HirKind};

/// An expression, and where in the original each of its bytes came from.
#[derive(Debug, Default)]
pub(super) struct Translated {
    pub(super) expression: String,
    /// How many groups it has.
    pub(super) groups: usize,
    origins: Vec<usize>,
}

/// Why an expression cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// Offset in the original, in bytes.
    pub(super) at: usize,
    pub(super) reason: String,
}

/// The most states that an expression may have; the longest of the published rules have a tenth.
const MOST_STATES: u64 = 400_000;

/// Go's `\s`: without the vertical tab (regexp/syntax, "Perl character classes").
const SPACE: &str = r"\t\n\x0C\r ";

/// Translates `go`, and makes sure that it can be compiled.
pub(super) fn translate(go: &str) -> Result<Translated, Broken> {
    let mut writer = Writer { rest: go, at: 0, out: Translated::default() };
    writer.run();
    let mut translated = writer.out;
    let hir = parse_expression(&translated.expression).map_err(|error| translated.broken(&error))?;
    if states(&hir) > MOST_STATES {
        return Err(Broken { at: 0, reason: "would take too much memory: its repetitions multiply".to_owned() });
    }
    translated.groups = hir.properties().explicit_captures_len();
    Ok(translated)
}

impl Translated {
    fn broken(&self, error: &regex_syntax::Error) -> Broken {
        let (at, reason) = match error {
            regex_syntax::Error::Parse(error) => (error.span().start.offset, error.kind().to_string()),
            regex_syntax::Error::Translate(error) => (error.span().start.offset, error.kind().to_string()),
            other => (0, other.to_string()),
        };
        let at = self.origins.get(at).or(self.origins.last()).copied().unwrap_or(0);
        Broken { at, reason }
    }
}

/// How many states a naive machine for `hir` has.
fn states(hir: &Hir) -> u64 {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len() as u64,
        HirKind::Class(_) => 2,
        HirKind::Repetition(repetition) => {
            let times = u64::from(repetition.max.unwrap_or(repetition.min.saturating_add(1)).max(1));
            states(&repetition.sub).saturating_mul(times)
        }
        HirKind::Capture(capture) => states(&capture.sub).saturating_add(2),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().fold(1, |sum, part| sum.saturating_add(states(part)))
        }
    }
}

struct Writer<'a> {
    rest: &'a str,
    /// Offset of `rest` in the original.
    at: usize,
    out: Translated,
}

impl Writer<'_> {
    fn push(&mut self, text: &str, origin: usize) {
        self.out.expression.push_str(text);
        self.out.origins.resize(self.out.expression.len(), origin);
    }

    /// A letter that stands for itself.
    fn literal(&mut self, letter: char, origin: usize) {
        let mut text = String::new();
        if letter.is_ascii_punctuation() && !matches!(letter, '<' | '>' | '%' | '_' | '\'' | '"' | '`' | '@' | '!') {
            text.push('\\');
        }
        text.push(letter);
        self.push(&text, origin);
    }

    fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
        self.at += count;
    }

    fn run(&mut self) {
        while let Some(letter) = self.rest.chars().next() {
            let origin = self.at;
            match letter {
                '\\' => self.escape(false),
                '[' => self.class(),
                '{' if !is_repetition(self.rest) => {
                    self.skip(1);
                    self.literal('{', origin);
                }
                '{' => {
                    let length = self.rest.find('}').map_or(self.rest.len(), |end| end + 1);
                    let text = self.rest.get(..length).unwrap_or_default().to_owned();
                    self.skip(length);
                    self.push(&text, origin);
                }
                '}' => {
                    self.skip(1);
                    self.literal('}', origin);
                }
                other => {
                    self.skip(other.len_utf8());
                    self.push(other.encode_utf8(&mut [0; 4]), origin);
                }
            }
        }
    }

    /// What a backslash begins, in a class or outside.
    fn escape(&mut self, in_class: bool) {
        let origin = self.at;
        let mut letters = self.rest.chars();
        letters.next();
        let Some(letter) = letters.next() else {
            self.skip(1);
            return self.push("\\", origin);
        };
        match letter {
            's' | 'S' => {
                self.skip(2);
                let text = match (letter, in_class) {
                    ('s', true) => SPACE.to_owned(),
                    ('s', false) => format!("[{SPACE}]"),
                    _ => format!("[^{SPACE}]"),
                };
                self.push(&text, origin);
            }
            'Q' => {
                let body = self.rest.get(2..).unwrap_or_default();
                let length = body.find("\\E").unwrap_or(body.len());
                let quoted = body.get(..length).unwrap_or_default().to_owned();
                for (offset, letter) in quoted.char_indices() {
                    self.literal(letter, origin + 2 + offset);
                }
                self.skip((2 + length + 2).min(self.rest.len()));
            }
            // Where one stands alone it means nothing.
            'E' => self.skip(2),
            'C' => {
                self.skip(2);
                self.push("(?s-u:.)", origin);
            }
            '0'..='7' => self.octal(origin),
            'p' | 'P' => self.property(origin, in_class),
            'x' => {
                let braced = self.rest.starts_with("\\x{");
                let length = if braced { self.rest.find('}').map_or(self.rest.len(), |end| end + 1) } else { 4 };
                let text = self.rest.get(..length).unwrap_or(self.rest).to_owned();
                self.skip(text.len());
                self.push(&text, origin);
            }
            letter if letter.is_ascii_alphanumeric() => {
                self.skip(2);
                self.push(&format!("\\{letter}"), origin);
            }
            letter => {
                self.skip(1 + letter.len_utf8());
                self.literal(letter, origin);
            }
        }
    }

    fn octal(&mut self, origin: usize) {
        let digits: String = self.rest.chars().skip(1).take(3).take_while(|digit| digit.is_digit(8)).collect();
        self.skip(1 + digits.len());
        let text = match u32::from_str_radix(&digits, 8) {
            // One digit is a reference to a group, which neither engine has.
            Ok(value) if digits.len() > 1 || value == 0 => format!("\\x{{{value:X}}}"),
            _ => format!("\\{digits}"),
        };
        self.push(&text, origin);
    }

    /// A class of Unicode, which has to be asked for where the rest is ASCII.
    fn property(&mut self, origin: usize, in_class: bool) {
        let length = match self.rest.chars().nth(2) {
            Some('{') => self.rest.find('}').map_or(self.rest.len(), |end| end + 1),
            Some(letter) => 2 + letter.len_utf8(),
            None => self.rest.len(),
        };
        let text = self.rest.get(..length).unwrap_or_default().to_owned();
        self.skip(length);
        if in_class {
            self.push(&text, origin);
        } else {
            self.push(&format!("(?u:{text})"), origin);
        }
    }

    /// `[…]`, in which Go knows no nesting and no operators.
    fn class(&mut self) {
        let origin = self.at;
        let unicode = class_end(self.rest).and_then(|end| self.rest.get(..end)).is_some_and(has_property);
        self.skip(1);
        self.push(if unicode { "(?u:[" } else { "[" }, origin);
        if self.rest.starts_with('^') {
            let origin = self.at;
            self.skip(1);
            self.push("^", origin);
        }
        let mut first = true;
        loop {
            let origin = self.at;
            let Some(letter) = self.rest.chars().next() else { return };
            match letter {
                ']' if !first => {
                    self.skip(1);
                    self.push(if unicode { "])" } else { "]" }, origin);
                    return;
                }
                '[' if self.rest.starts_with("[:") && self.rest.contains(":]") => {
                    let length = self.rest.find(":]").map_or(self.rest.len(), |end| end + 2);
                    let text = self.rest.get(..length).unwrap_or_default().to_owned();
                    self.skip(length);
                    self.push(&text, origin);
                }
                '\\' => self.escape(true),
                // A dash between two letters makes a range of them, and is itself everywhere else.
                '-' if !first && !self.rest.starts_with("-]") && self.can_end_range() => {
                    self.skip(1);
                    self.push("-", origin);
                    let origin = self.at;
                    match self.rest.chars().next() {
                        Some('\\') => self.escape(true),
                        Some(end) => {
                            self.skip(end.len_utf8());
                            self.literal(end, origin);
                        }
                        None => return,
                    }
                }
                letter => {
                    self.skip(letter.len_utf8());
                    self.literal(letter, origin);
                }
            }
            first = false;
        }
    }

    /// Whether what stands before and behind the dash at hand are letters, not classes.
    fn can_end_range(&self) -> bool {
        let class = |escape: &str| ["\\d", "\\w", "\\s", "\\D", "\\W", "\\S", "\\p", "\\P"].contains(&escape);
        let before = &self.out.expression;
        let after_class = before.ends_with(SPACE)
            || before.ends_with(":]")
            || before.get(before.len().saturating_sub(2)..).is_some_and(class);
        let next = self.rest.get(1..3).unwrap_or_default();
        !after_class && !class(next) && !self.rest.starts_with("-[:")
    }
}

/// Whether `text`, which begins with `{`, is a count: `{2}`, `{2,}`, `{2,4}`.
fn is_repetition(text: &str) -> bool {
    let Some((count, _)) = text.get(1..).unwrap_or_default().split_once('}') else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match count.split_once(',') {
        None => digits(count),
        Some((least, most)) => digits(least) && (most.is_empty() || digits(most)),
    }
}

/// Where the class ends that `text` begins with.
fn class_end(text: &str) -> Option<usize> {
    let mut letters = text.char_indices().skip(1).peekable();
    letters.next_if(|(_, letter)| *letter == '^');
    letters.next_if(|(_, letter)| *letter == ']');
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => _ = letters.next(),
            ']' => return Some(at),
            _ => {}
        }
    }
    None
}

fn has_property(class: &str) -> bool {
    class.contains("\\p") || class.contains("\\P")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_writes_otherwise() {
        for (go, want) in [
            (r"a\s\S[\s\d]", r"a[\t\n\x0C\r ][^\t\n\x0C\r ][\t\n\x0C\r \d]"),
            (r"^\${(?:A+)}$", r"^\$\{(?:A+)\}$"),
            (r"a{2}b{2,}c{2,4}d{,4}e{x}", r"a{2}b{2,}c{2,4}d\{,4\}e\{x\}"),
            (r"[[]a[]b][^]c]", r"[\[]a[\]b][^\]c]"),
            (r"[+--][a&&b~~c]", r"[\+-\-][a\&\&b\~\~c]"),
            (r"[a-z-][\w-.][-a]", r"[a-z\-][\w\-\.][\-a]"),
            (r"\<a\>\_\-\/", r"<a>_\-\/"),
            (r"\Qa.b\E+", r"a\.b+"),
            (r"\x41\x{42}\101\0", r"\x41\x{42}\x{41}\x{0}"),
            (r"\pL[\p{Greek}a]", r"(?u:\pL)(?u:[\p{Greek}a])"),
            (r"[[:alpha:]_]\b", r"[[:alpha:]_]\b"),
            (r"(?i)(?-i:x)(?P<n>y)", r"(?i)(?-i:x)(?P<n>y)"),
        ] {
            match translate(go) {
                Ok(translated) => assert_eq!(translated.expression, want, "{go}"),
                Err(broken) => assert!(want.is_empty(), "{go}: {broken:?}"),
            }
        }
    }

    #[test]
    fn errors_say_where_in_the_original() {
        for (go, at) in [(r"a\s(b", 3), (r"\s\s[z-a]", 5), ("a**{", 0), (r"(?<x", 3), ("ab\\", 2), (r"\8", 0)] {
            match translate(go) {
                Err(broken) => assert_eq!(broken.at, at, "{go}: {}", broken.reason),
                Ok(translated) => assert!(at == 0, "{go}: {}", translated.expression),
            }
        }
        let huge = translate("((a{1000}){1000}){1000}").map(|translated| translated.expression);
        assert!(huge.is_err_and(|broken| broken.reason.contains("memory")));
    }

    proptest::proptest! {
        #[test]
        fn no_expression_makes_it_panic(go in "[a-c\\[\\]\\\\(){},^$.*+?|:&~<>pPQEsx0-9-]{0,40}|\\PC{0,20}") {
            let _ = translate(&go);
        }
    }
}
