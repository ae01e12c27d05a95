//! `--export-bodies`: each decoded body in a file of its own.
//!
//! Names come from the wire, so what is left of them is a few harmless characters behind a
//! number of ours. This module refuses to replace or follow anything that is there.

use super::failure::Failure;
use crate::analyzer::Exchange;
use crate::http::Message;
use crate::private_file;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// How long the part of a name that comes from the wire may be, in bytes.
const LONGEST_NAME: usize = 80;
/// So many files of one name are told apart by a number.
const MOST_OF_A_NAME: u32 = 1000;

/// A folder that bodies are written to.
#[derive(Debug)]
pub(super) struct Bodies {
    path: PathBuf,
    /// The folder itself: files are made in it, wherever its name leads by then.
    #[cfg(unix)]
    folder: File,
    /// How many bodies were cut, since not all of them fitted into memory.
    cut: u64,
}

impl Bodies {
    /// Opens the folder, and makes it where there is none.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let failed = |error| Failure::new(format!("cannot write bodies to {}: {error}", path.display()));
        // As of files: nobody else may choose where bodies go.
        let path = &private_file::resolve(path).map_err(failed)?;
        if !path.exists() {
            let mut builder = std::fs::DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(path).map_err(failed)?;
        }
        if !path.metadata().map_err(failed)?.is_dir() {
            return Err(failed(io::ErrorKind::NotADirectory.into()));
        }
        #[cfg(unix)]
        let folder = File::open(path).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            #[cfg(unix)]
            folder,
            cut: 0,
        })
    }

    /// Finds out whether files can be made there, with the rights that the process has now.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let failed =
            |error: io::Error| Failure::new(format!("cannot write bodies to {}: {error}", self.path.display()));
        #[cfg(unix)]
        {
            use nix::unistd::AccessFlags;
            let wanted = AccessFlags::W_OK | AccessFlags::X_OK;
            nix::unistd::access(&self.path, wanted).map_err(|error| failed(error.into()))
        }
        #[cfg(not(unix))]
        self.path.metadata().map(drop).map_err(failed)
    }

    /// Where files are to be made.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// How many bodies could not be written whole.
    pub(super) const fn cut(&self) -> u64 {
        self.cut
    }

    /// Writes what an exchange's messages carried, as far as it was kept.
    ///
    /// # Errors
    /// What the system said, with the file's name.
    pub(super) fn write(&mut self, exchange: &Exchange) -> Result<(), String> {
        let target = exchange.request.as_ref().and_then(|request| request.head.target()).unwrap_or_default();
        for (side, message) in [("request", &exchange.request), ("response", &exchange.response)] {
            let Some(message) = message.as_ref().filter(|message| !message.body.kept.is_empty()) else { continue };
            self.cut += u64::from(message.body.truncated);
            let stem = format!("{}-{}-{side}", exchange.stream, exchange.id);
            let (name, extension) = name(message, target);
            let (mut file, name) = self
                .create(&stem, &name, &extension)
                .map_err(|error| format!("cannot write a body to {}: {error}", self.path.join(&stem).display()))?;
            file.write_all(&message.body.kept)
                .map_err(|error| format!("cannot write a body to {}: {error}", self.path.join(name).display()))?;
        }
        Ok(())
    }

    fn create(&self, stem: &str, name: &str, extension: &str) -> io::Result<(File, String)> {
        let dash = if name.is_empty() { "" } else { "-" };
        for number in 1..=MOST_OF_A_NAME {
            let more = if number == 1 { String::new() } else { format!("-{number}") };
            let whole = format!("{stem}{more}{dash}{name}{extension}");
            match self.create_new(&whole) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => return Ok((made?, whole)),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// A new file, readable by its owner alone; an error where anything has that name, be it a
    /// link that leads nowhere.
    #[cfg(unix)]
    fn create_new(&self, name: &str) -> io::Result<File> {
        use nix::fcntl::{OFlag, openat};
        use nix::sys::stat::Mode;
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let file = openat(&self.folder, name, flags, Mode::S_IRUSR | Mode::S_IWUSR)?;
        Ok(file.into())
    }

    #[cfg(not(unix))]
    fn create_new(&self, name: &str) -> io::Result<File> {
        File::options().write(true).create_new(true).open(self.path.join(name))
    }
}

/// A file's name and extension for a body: what the sender calls it, or the last part of the
/// request's path, made harmless.
fn name(message: &Message, target: &[u8]) -> (String, String) {
    let disposition = message.head.field("content-disposition").and_then(file_name);
    let path = target.split(|byte| matches!(byte, b'?' | b'#')).next().unwrap_or_default();
    let last = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let clean = harmless(disposition.unwrap_or(last));
    if let Some((stem, extension)) = clean.rsplit_once('.')
        && !stem.is_empty()
        && (1..=8).contains(&extension.len())
    {
        return (stem.to_owned(), format!(".{extension}"));
    }
    (clean, extension(message.head.field("content-type").unwrap_or_default()).to_owned())
}

/// The `filename` of a Content-Disposition (RFC 6266 §4.1).
fn file_name(disposition: &[u8]) -> Option<&[u8]> {
    let parameter = disposition.split(|byte| *byte == b';').find_map(|part| {
        let part = part.trim_ascii();
        let name = part.get(..9)?;
        name.eq_ignore_ascii_case(b"filename=").then(|| part.get(9..)).flatten()
    })?;
    // Only the last part of a path: some browsers send the whole.
    let value = parameter.trim_ascii();
    let value = value.strip_prefix(b"\"").unwrap_or(value);
    let value = value.strip_suffix(b"\"").unwrap_or(value);
    value.rsplit(|byte| matches!(byte, b'/' | b'\\')).next()
}

/// Letters, digits, and a few marks between them; everything else becomes `_`.
fn harmless(name: &[u8]) -> String {
    let mut out = String::new();
    for byte in name {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => out.push(*byte as char),
            // Neither `..` nor a name that begins or ends with a dot.
            b'.' if !out.is_empty() && !out.ends_with('.') => out.push('.'),
            _ if !out.ends_with('_') => out.push('_'),
            _ => {}
        }
    }
    // The end of a name says more than its middle.
    if out.len() > LONGEST_NAME {
        out.drain(LONGEST_NAME / 2..out.len() - LONGEST_NAME / 2);
    }
    out.trim_matches(['.', '_']).to_owned()
}

/// The usual extension of a media type.
fn extension(content_type: &[u8]) -> &'static str {
    let media_type = content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    match media_type.to_ascii_lowercase().as_slice() {
        b"text/html" | b"application/xhtml+xml" => ".html",
        b"text/css" => ".css",
        b"text/csv" => ".csv",
        b"text/javascript" | b"application/javascript" | b"application/x-javascript" => ".js",
        b"application/json" => ".json",
        b"application/xml" | b"text/xml" => ".xml",
        b"application/pdf" => ".pdf",
        b"application/zip" => ".zip",
        b"application/gzip" => ".gz",
        b"application/wasm" => ".wasm",
        b"application/x-www-form-urlencoded" => ".form",
        b"image/png" => ".png",
        b"image/jpeg" => ".jpg",
        b"image/gif" => ".gif",
        b"image/webp" => ".webp",
        b"image/svg+xml" => ".svg",
        b"font/woff2" => ".woff2",
        other if other.ends_with(b"+json") => ".json",
        other if other.ends_with(b"+xml") => ".xml",
        other if other.starts_with(b"text/") => ".txt",
        _ => ".bin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_from_the_wire_are_made_harmless() {
        for (name, want) in [
            ("fox.txt", "fox.txt"),
            ("../../etc/passwd", "etc_passwd"),
            ("..", ""),
            (".bashrc", "bashrc"),
            ("a..b", "a._b"),
            ("a\0b\n\u{202e}c", "a_b_c"),
            ("C:\\fox", "C_fox"),
            ("", ""),
            ("-rf", "-rf"),
            ("fox.", "fox"),
            ("%2e%2e%2f", "2e_2e_2f"),
        ] {
            assert_eq!(harmless(name.as_bytes()), want, "{name:?}");
        }
        for (value, want) in [
            (&b"attachment; filename=\"fox.txt\""[..], Some(&b"fox.txt"[..])),
            (b"attachment; FileName=fox.txt ; x=1", Some(b"fox.txt")),
            (b"attachment; filename=\"/etc/passwd\"", Some(b"passwd")),
            (b"attachment; filename=\"..\\\\..\\\\fox\"", Some(b"fox")),
            (b"attachment; filename=\"a\\\"b", Some(b"\"b")),
            (b"inline", None),
        ] {
            assert_eq!(file_name(value), want, "{}", value.escape_ascii());
        }
    }

    #[test]
    fn nothing_is_replaced_or_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new");
        let bodies = Bodies::open(&path).unwrap();
        bodies.check().unwrap();
        std::fs::write(path.join("0-1-response.bin"), "there").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), path.join("0-1-response-2.bin")).unwrap();
        let (mut file, name) = bodies.create("0-1-response", "", ".bin").unwrap();
        file.write_all(b"mine").unwrap();
        assert_eq!(name, if cfg!(unix) { "0-1-response-3.bin" } else { "0-1-response-2.bin" });
        assert_eq!(std::fs::read(path.join("0-1-response.bin")).unwrap(), b"there");
        assert!(!folder.path().join("elsewhere").exists());
        assert!(Bodies::open(&path.join(name)).is_err());
    }

    proptest! {
        #[test]
        fn no_name_leaves_the_folder(name in proptest::collection::vec(any::<u8>(), 0..300)) {
            let clean = harmless(&name);
            prop_assert!(clean.len() <= LONGEST_NAME && !clean.starts_with('.') && !clean.contains(".."));
            prop_assert!(clean.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)));
        }
    }
}
