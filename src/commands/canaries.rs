//! The canaries that a command line names: texts, variables of the environment, files.
//!
//! It finds out what they are; it refuses to look for them.

use super::failure::Failure;
use super::streams;
use crate::leak::{self, Canary};
use crate::redact;
use clap::builder::NonEmptyStringValueParser;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// What names canaries.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Canaries {
    /// Report wherever TEXT passes; may be given several times
    #[arg(id = "canary", long = "canary", value_name = "TEXT", value_parser = NonEmptyStringValueParser::new(), help_heading = "Leaks")]
    texts: Vec<String>,

    /// Report wherever the value of a variable passes, such as `DB_PASSWORD` or `*_TOKEN`; it is never shown
    #[arg(id = "canary_env", long = "canary-env", value_name = "NAME", value_parser = NonEmptyStringValueParser::new(), help_heading = "Leaks")]
    variables: Vec<String>,

    /// Report wherever a line of FILE, or a value in it where it is a .env, passes; they are never shown
    #[arg(id = "canary_file", long = "canary-file", value_name = "FILE", help_heading = "Leaks")]
    files: Vec<PathBuf>,

    /// Find canaries in any letter case
    #[arg(id = "canary_ignore_case", long = "canary-ignore-case", help_heading = "Leaks")]
    ignore_case: bool,
}

/// All canaries, and what was passed over.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) canaries: Vec<Canary>,
    /// Variables whose values are too short or too ordinary to be looked for.
    pub(super) passed_over: Vec<String>,
    ignore_case: bool,
}

impl Found {
    fn add(&mut self, canary: Canary) -> Result<(), Failure> {
        canary.check().map_err(|error| Failure::new(error.to_string()))?;
        self.canaries.push(canary);
        Ok(())
    }

    /// Those that are secrets themselves, and so are to be left in nothing that is written.
    pub(super) fn masked(&self) -> redact::Texts {
        let texts = self.canaries.iter().filter(|canary| canary.masked).map(|canary| canary.text.clone()).collect();
        redact::Texts { texts, ignore_case: self.ignore_case }
    }

    /// The texts themselves, for what writes none of them.
    pub(super) fn texts(&self) -> redact::Texts {
        let texts = self.canaries.iter().map(|canary| canary.text.clone()).collect();
        redact::Texts { texts, ignore_case: self.ignore_case }
    }

    /// As they are looked for.
    pub(super) fn canaries(self) -> Result<leak::Canaries, Failure> {
        leak::Canaries::new(self.canaries, self.ignore_case).map_err(|error| Failure::new(error.to_string()))
    }

    /// One line on what was passed over, where something was.
    pub(super) fn note(&self) -> Option<String> {
        let names = self.passed_over.join(", ");
        (!names.is_empty()).then(|| format!("not looked for, since too short or too ordinary: {names}"))
    }
}

impl Canaries {
    /// The files that are read.
    pub(super) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Reads them all.
    ///
    /// # Errors
    /// A text is too short; a variable is not set, or no variable has such a name; a file cannot
    /// be read or names none.
    pub(super) fn find(&self) -> Result<Found, Failure> {
        self.find_in(&std::env::vars_os().collect::<Vec<_>>())
    }

    fn find_in(&self, environment: &[(OsString, OsString)]) -> Result<Found, Failure> {
        let mut found = Found { ignore_case: self.ignore_case, ..Found::default() };
        for text in &self.texts {
            found.add(Canary::plain(text.as_bytes()))?;
        }
        for pattern in &self.variables {
            variables(pattern, environment, &mut found)?;
        }
        for path in &self.files {
            let name = path.display();
            let text = streams::read(path)
                .map_err(|error| Failure::new(format!("cannot read the canaries in {name}: {error}")))?;
            let before = found.canaries.len();
            if is_env(path, &text) {
                for (variable, value) in assignments(&text) {
                    add_value(&variable, value, &mut found)?;
                }
            } else {
                lines(path, &text, &mut found)?;
            }
            if found.canaries.len() == before {
                return Err(Failure::new(format!("there is no canary in {name}")));
            }
        }
        Ok(found)
    }
}

/// Values that many variables have and that are no secrets.
const ORDINARY: [&str; 14] = [
    "true",
    "false",
    "null",
    "none",
    "undefined",
    "development",
    "production",
    "staging",
    "test",
    "testing",
    "local",
    "localhost",
    "127.0.0.1",
    "default",
];

/// Adds the value of a variable that was not named by itself.
fn add_value(name: &str, value: Vec<u8>, found: &mut Found) -> Result<(), Failure> {
    let ordinary = ORDINARY.iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes()))
        || (value.len() < 6 && value.iter().all(u8::is_ascii_digit));
    let canary = Canary::secret(name, value);
    if ordinary || matches!(canary.check(), Err(leak::CanaryError::TooShort { .. })) {
        found.passed_over.push(name.to_owned());
        return Ok(());
    }
    found.add(canary)
}

fn variables(pattern: &str, environment: &[(OsString, OsString)], found: &mut Found) -> Result<(), Failure> {
    let value_of = |value: &OsStr| value.as_bytes().trim_ascii_end().to_vec();
    if !pattern.contains(['*', '?']) {
        let value = environment.iter().find(|(name, _)| name == pattern).map(|(_, value)| value_of(value));
        let value = value.ok_or_else(|| Failure::new(format!("the variable {pattern} of --canary-env is not set")))?;
        return found.add(Canary::secret(pattern, value));
    }
    let matching: Vec<_> = environment.iter().filter(|(name, _)| glob(pattern.as_bytes(), name.as_bytes())).collect();
    let before = found.canaries.len();
    for (name, value) in &matching {
        add_value(&name.to_string_lossy(), value_of(value), found)?;
    }
    if matching.is_empty() {
        return Err(Failure::new(format!("no variable is called like `{pattern}` of --canary-env")));
    }
    if found.canaries.len() == before {
        let all = matching.len();
        return Err(Failure::new(format!(
            "none of the {all} variables called like `{pattern}` has a value that is long enough and could be a secret"
        )));
    }
    Ok(())
}

/// Whether `name` is like `pattern`: `*` is any bytes, `?` is one.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut next) = (0, 0);
    // Where the latest `*` was, and what of the name it has taken.
    let mut star: Option<(usize, usize)> = None;
    while next < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, next));
                at += 1;
            }
            Some(byte) if *byte == b'?' || name.get(next) == Some(byte) => {
                at += 1;
                next += 1;
            }
            _ => {
                let Some((before, taken)) = star else { return false };
                star = Some((before, taken + 1));
                at = before + 1;
                next = taken + 1;
            }
        }
    }
    pattern.iter().skip(at).all(|byte| *byte == b'*')
}

/// One canary a line; blank lines are none.
fn lines(path: &Path, text: &[u8], found: &mut Found) -> Result<(), Failure> {
    for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.trim_ascii().is_empty() {
            continue;
        }
        found.add(Canary::secret(format!("line {number} of {}", path.display()), line))?;
    }
    Ok(())
}

/// Whether a file is a `.env`: by its name, or since every line of it is an assignment to a
/// variable in capitals.
fn is_env(path: &Path, text: &[u8]) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.starts_with(".env") || path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("env")) {
        return true;
    }
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let mut any = false;
    let all = lines.all(|line| {
        let blank = line.is_empty() || line.starts_with(b"#");
        let assigned = assignment(line).is_some_and(|(name, value)| {
            !value.starts_with(b"=") && name.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
        });
        any |= assigned;
        blank || assigned
    });
    any && all
}

/// Name and raw value of `NAME=value` or `export NAME=value`.
fn assignment(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.strip_prefix(b"export ").unwrap_or(line).trim_ascii_start();
    let at = memchr::memchr(b'=', line)?;
    let name = line.get(..at)?.trim_ascii_end();
    let first = *name.first()?;
    let plain = name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
    (plain && !first.is_ascii_digit()).then_some((name, line.get(at + 1..)?))
}

/// Every assignment in a `.env`: quotes removed, several lines in them taken, nothing expanded,
/// since a secret may well have a `$` in it.
fn assignments(text: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    let mut rest = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..end).unwrap_or_default().trim_ascii();
        let Some((name, _)) = assignment(line).filter(|_| !line.starts_with(b"#")) else {
            rest = rest.get(end + 1..).unwrap_or_default();
            continue;
        };
        let equals = memchr::memchr(b'=', rest).unwrap_or(end);
        let value = rest.get(equals + 1..).unwrap_or_default();
        let blank = value.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let value = value.get(blank..).unwrap_or_default();
        let (value, after) = quoted(value).unwrap_or_else(|| unquoted(value));
        all.push((String::from_utf8_lossy(name).into_owned(), value));
        // Whatever stands behind a closing quote is a comment.
        let end = memchr::memchr(b'\n', after).map_or(after.len(), |end| end + 1);
        rest = after.get(end..).unwrap_or_default();
    }
    all
}

/// A value in quotes, and what comes after them; nothing where it has none or they do not close.
fn quoted(value: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (quote, inside) = value.split_first().filter(|(first, _)| matches!(first, b'"' | b'\'' | b'`'))?;
    let mut text = Vec::new();
    let mut bytes = inside.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' if *quote == b'"' => match bytes.next()?.1 {
                b'n' => text.push(b'\n'),
                b'r' => text.push(b'\r'),
                b't' => text.push(b'\t'),
                escaped @ (b'"' | b'\\' | b'$') => text.push(*escaped),
                other => text.extend([b'\\', *other]),
            },
            byte if byte == quote => return Some((text, inside.get(at + 1..).unwrap_or_default())),
            byte => text.push(*byte),
        }
    }
    None
}

/// A value without quotes ends with its line or where a comment begins.
fn unquoted(value: &[u8]) -> (Vec<u8>, &[u8]) {
    let end = memchr::memchr(b'\n', value).unwrap_or(value.len());
    let (line, after) = value.split_at(end);
    let comment = if line.starts_with(b"#") { Some(0) } else { memchr::memmem::find(line, b" #") };
    (line.get(..comment.unwrap_or(end)).unwrap_or_default().trim_ascii().to_vec(), after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (pattern, name, want) in [
            ("*_TOKEN", "GITHUB_TOKEN", true),
            ("*_TOKEN", "_TOKEN", true),
            ("*_TOKEN", "TOKEN", false),
            ("*_TOKEN", "A_TOKEN_TOKENS", false),
            ("*_TOKEN", "A_TOKEN_TOKEN", true),
            ("A?C", "ABC", true),
            ("A?C", "AC", false),
            ("*", "", true),
            ("", "", true),
            ("A*B*C", "AxxBxBxC", true),
            ("A*B*C", "AxxCxB", false),
        ] {
            assert_eq!(glob(pattern.as_bytes(), name.as_bytes()), want, "{pattern} {name}");
        }
    }

    #[test]
    fn a_dotenv_as_its_loaders_read_it() {
        let text = b"\xef\xbb\xbf# secrets\nA=plain value # not this\nexport B='single $x \\n' # c\n\
            C=\"two\\nlines \\\"x\\\"\"\r\nD=\"a\nb\"\nE=\nF=#none\nG=has#hash\n not an assignment\n2X=no\nH = spaced \n\
            I=\"never closed\nJ=last";
        let want: &[(&str, &[u8])] = &[
            ("A", b"plain value"),
            ("B", b"single $x \\n"),
            ("C", b"two\nlines \"x\""),
            ("D", b"a\nb"),
            ("E", b""),
            ("F", b""),
            ("G", b"has#hash"),
            ("H", b"spaced"),
            ("I", b"\"never closed"),
            ("J", b"last"),
        ];
        let got = assignments(text);
        let got: Vec<_> = got.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn a_file_is_a_dotenv_by_name_or_by_looks() {
        for (name, text, want) in [
            (".env", "x", true),
            (".env.local", "x", true),
            ("prod.env", "x", true),
            ("secrets", "A_B=c\n\n# d\nexport E=f", true),
            ("secrets", "A_B=c\nplain", false),
            ("secrets", "dGVzdA==", false),
            ("secrets", "abc=def", false),
            ("secrets", "", false),
        ] {
            assert_eq!(is_env(Path::new(name), text.as_bytes()), want, "{name} {text}");
        }
    }

    fn of(texts: &[&str], variables: &[&str]) -> Result<Vec<(String, bool)>, String> {
        let owned = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
        let environment = [("A_TOKEN", "first"), ("B_TOKEN", "x"), ("C_TOKEN", "production"), ("PORT", "8080")];
        let environment: Vec<_> =
            environment.iter().map(|(name, value)| (OsString::from(*name), OsString::from(*value))).collect();
        let canaries =
            Canaries { texts: owned(texts), variables: owned(variables), files: Vec::new(), ignore_case: false };
        let found = canaries.find_in(&environment).map_err(|failure| failure.to_string())?;
        let shown = |canary: Canary| (String::from_utf8_lossy(&canary.text).into_owned(), canary.masked);
        Ok(found.canaries.into_iter().map(shown).collect())
    }

    #[test]
    fn canaries_from_everywhere() {
        let one = |text: &str, masked| Ok(vec![(text.to_owned(), masked)]);
        assert_eq!(of(&["fluffy"], &[]), one("fluffy", false));
        assert_eq!(of(&[], &["*_TOKEN"]), one("first", true));
        assert_eq!(of(&[], &["PORT"]), one("8080", true), "named by itself, it is meant");
        for (texts, variables, part) in [
            (&["abc"][..], &[][..], "the text has 3 bytes"),
            (&[], &["B_TOKEN"], "B_TOKEN has 1 byte:"),
            (&[], &["NONE"], "is not set"),
            (&[], &["*_SECRET"], "no variable is called like"),
            (&[], &["P*"], "none of the 1 variables"),
        ] {
            let error = of(texts, variables).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
