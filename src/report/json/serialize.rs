//! JSON of values that are no events, with the strings that events have.

use super::value::Buffer;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use std::io::{self, Write};

/// A value as JSON on one line, in which nothing can drive a terminal.
///
/// # Errors
/// The value has what JSON has not, such as a map whose keys are no strings.
pub(crate) fn line(value: &impl Serialize) -> serde_json::Result<String> {
    let mut json = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut json, OneWriter(Buffer::default())))?;
    String::from_utf8(json).map_err(serde::ser::Error::custom)
}

/// Writes strings as [`Buffer`] does.
struct OneWriter(Buffer);

impl Formatter for OneWriter {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        self.0.bytes.clear();
        self.0.escaped(fragment.as_bytes());
        out.write_all(self.0.bytes.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn strings_are_those_of_reports(text in "\\PC*|.*|[\u{7f}-\u{9f}\u{200b}-\u{202e}\"\\\\\u{0}-\u{1f}]*") {
            let mut buffer = Buffer::default();
            buffer.string("", text.as_bytes());
            let json = line(&text).unwrap();
            prop_assert_eq!(json.as_bytes(), buffer.bytes.as_slice());
            let object = line(&BTreeMap::from([(&text, [&text])])).unwrap();
            prop_assert_eq!(object, format!("{{{json}:[{json}]}}"));
        }
    }
}
