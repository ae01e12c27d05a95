//! Rust source as the tokens that matter for its structure: words and punctuation, without
//! comments and without the contents of literals.

/// A word, a piece of punctuation, or a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// An identifier or a keyword; `r#` is dropped.
    Word(&'a str),
    /// One character of punctuation; `::` is two of them.
    Punctuation(char),
    /// A number, a string, a character or a lifetime.
    Literal,
}

/// The tokens of `source` in order.
pub(crate) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let (token, length) = if first.is_whitespace() {
            (None, first.len_utf8())
        } else if rest.starts_with("//") {
            (None, rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            (None, block_comment(rest))
        } else if let Some(length) = raw_string(rest) {
            (Some(Token::Literal), length)
        } else if let Some(name) = rest.strip_prefix("r#") {
            let length = word(name);
            (name.get(..length).map(Token::Word), 2 + length)
        } else if first == '"' || rest.starts_with("b\"") || rest.starts_with("c\"") {
            let prefix = usize::from(first != '"');
            (Some(Token::Literal), prefix + quoted(&rest[prefix..], '"'))
        } else if first == '\'' || rest.starts_with("b'") {
            let prefix = usize::from(first != '\'');
            (Some(Token::Literal), prefix + character_or_lifetime(&rest[prefix..]))
        } else if first.is_ascii_digit() {
            (Some(Token::Literal), word(rest))
        } else if first.is_alphabetic() || first == '_' {
            let length = word(rest);
            (rest.get(..length).map(Token::Word), length)
        } else {
            (Some(Token::Punctuation(first)), first.len_utf8())
        };
        found.extend(token);
        rest = rest.get(length.max(1)..).unwrap_or_default();
    }
    found
}

/// The length of the letters, digits and underscores that `text` begins with.
fn word(text: &str) -> usize {
    text.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(text.len())
}

/// The length of the block comment that `text` begins with; they nest.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of the raw string that `text` begins with, if it does.
fn raw_string(text: &str) -> Option<usize> {
    let prefix = ["r", "br", "cr"]
        .into_iter()
        .find(|prefix| text.strip_prefix(prefix).is_some_and(|rest| rest.trim_start_matches('#').starts_with('"')))?;
    let rest = &text[prefix.len()..];
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    let end = format!("\"{}", "#".repeat(hashes));
    let content = prefix.len() + hashes + 1;
    let closing = text[content..].find(&end).map_or(text.len(), |at| content + at + end.len());
    Some(closing)
}

/// The length of the literal between two of `quote` that `text` begins with.
fn quoted(text: &str, quote: char) -> usize {
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' {
            letters.next();
        } else if letter == quote {
            return at + 1;
        }
    }
    text.len()
}

/// The length of the character (`'x'`, `'\n'`) or lifetime (`'x`) that `text` begins with.
fn character_or_lifetime(text: &str) -> usize {
    let mut letters = text.chars().skip(1);
    match (letters.next(), letters.next()) {
        (Some('\\'), _) | (_, Some('\'')) => quoted(text, '\''),
        _ => 1 + word(text.get(1..).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Token, tokens};

    fn words(source: &str) -> Vec<&str> {
        let words = tokens(source).into_iter().filter_map(|token| match token {
            Token::Word(word) => Some(word),
            _ => None,
        });
        words.collect()
    }

    #[test]
    fn literals_and_comments_have_no_words() {
        let cases: &[(&str, &[&str])] = &[
            ("a // use b\nc", &["a", "c"]),
            ("a /* use /* b */ use */ c", &["a", "c"]),
            ("a \"use \\\" b\" c", &["a", "c"]),
            ("a r#\"use \" b\"# c", &["a", "c"]),
            ("a br\"use\\\" c", &["a", "c"]),
            ("a b\"use\" c", &["a", "c"]),
            ("r#use b", &["use", "b"]),
            ("a '\"' b '\\'' c b'\"' d", &["a", "b", "c", "d"]),
            ("&'a b<'static>", &["b"]),
            ("'ä' a 1usize 0x_ff b", &["a", "b"]),
            ("\"open", &[]),
        ];
        for (source, expected) in cases {
            assert_eq!(words(source), *expected, "{source}");
        }
    }

    #[test]
    fn punctuation_is_kept() {
        use Token::{Punctuation, Word};
        assert_eq!(tokens("a::b;"), [Word("a"), Punctuation(':'), Punctuation(':'), Word("b"), Punctuation(';')]);
    }
}
