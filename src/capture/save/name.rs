//! What a saved capture's name says, and how files are named when there are several.
//!
//! This module refuses to touch a file.

use super::format::Format;
use super::output::Compression;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

/// When a new file is begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotate {
    /// Before a packet that would make the file longer than this many bytes (before
    /// compression); a file has at least one packet.
    Size(u64),
    /// With a packet that came so long after its file's first, by the packets' own times.
    Time(Duration),
}

impl FromStr for Rotate {
    type Err = String;

    /// `100MB`, `64MiB`, `1G`, `30s`, `10min`, `1h`, `1d`: the unit says which it is.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || format!("`{text}` is neither a size like 100MB or 64MiB nor a time like 30s, 10min, 1h");
        let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(at);
        let number: u64 = number.parse().map_err(|_| bad())?;
        let times = |factor: u64| number.checked_mul(factor).filter(|n| *n > 0).ok_or_else(bad);
        let size = |factor| times(factor).map(Self::Size);
        let time = |factor| times(factor).map(|seconds| Self::Time(Duration::from_secs(seconds)));
        match unit.trim_start() {
            "B" => size(1),
            "kB" | "KB" => size(1000),
            "MB" => size(1_000_000),
            "GB" => size(1_000_000_000),
            "k" | "K" | "KiB" => size(1 << 10),
            "M" | "MiB" => size(1 << 20),
            "G" | "GiB" => size(1 << 30),
            "s" => time(1),
            "m" | "min" => time(60),
            "h" => time(3600),
            "d" => time(86_400),
            _ => Err(bad()),
        }
    }
}

/// A file name taken apart: what comes before the extensions that say how it is written.
#[derive(Debug, Clone)]
pub(super) struct Name {
    folder: PathBuf,
    stem: String,
    extensions: String,
    pub(super) format: Format,
    pub(super) compression: Compression,
    whole: PathBuf,
}

impl Name {
    pub(super) fn of(path: &Path) -> Self {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let ends = |name: &str, extension: &str| {
            name.len() > extension.len()
                && name.get(name.len() - extension.len()..).is_some_and(|end| end.eq_ignore_ascii_case(extension))
        };
        let mut stem = file.as_str();
        let mut cut = |extensions: &[&str]| {
            let found = extensions.iter().find(|extension| ends(stem, extension));
            if let Some(extension) = found {
                stem = stem.get(..stem.len() - extension.len()).unwrap_or_default();
            }
            found.is_some()
        };
        let compression = if cut(&[".gz"]) {
            Compression::Gzip
        } else if cut(&[".zst", ".zstd"]) {
            Compression::Zstd
        } else {
            Compression::None
        };
        let format = if cut(&[".pcapng", ".ntar"]) { Format::Pcapng } else { Format::Pcap };
        if format == Format::Pcap {
            cut(&[".pcap", ".cap", ".dmp"]);
        }
        let (stem, extensions) = (stem.to_owned(), file.get(stem.len()..).unwrap_or_default().to_owned());
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        Self { folder, stem, extensions, format, compression, whole: path.to_owned() }
    }

    /// Where the files stand.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The one file, or with a number, counted from 1, the file of that number.
    pub(super) fn file(&self, number: Option<u64>) -> PathBuf {
        match number {
            None => self.whole.clone(),
            Some(number) => {
                let name = format!("{}_{number:05}{}", self.stem, self.extensions);
                self.whole.with_file_name(OsString::from(name))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_format_compression_and_number() {
        use Compression::{Gzip, None, Zstd};
        use Format::{Pcap, Pcapng};
        for (name, format, compression, numbered, folder) in [
            ("a.pcap", Pcap, None, "a_00007.pcap", "."),
            ("d/a.b.pcapng", Pcapng, None, "d/a.b_00007.pcapng", "d"),
            ("/x/a.ntar.gz", Pcapng, Gzip, "/x/a_00007.ntar.gz", "/x"),
            ("a.PCAP.ZST", Pcap, Zstd, "a_00007.PCAP.ZST", "."),
            ("a", Pcap, None, "a_00007", "."),
            ("a.txt", Pcap, None, "a.txt_00007", "."),
            (".pcapng", Pcap, None, ".pcapng_00007", "."),
        ] {
            let name = Name::of(Path::new(name));
            assert_eq!((name.format, name.compression), (format, compression), "{numbered}");
            assert_eq!(name.file(Some(7)), Path::new(numbered));
            assert_eq!(name.folder(), Path::new(folder));
        }
    }

    #[test]
    fn rotation_is_by_size_or_time_as_the_unit_says() {
        for (text, want) in [
            ("100MB", Some(Rotate::Size(100_000_000))),
            ("64MiB", Some(Rotate::Size(64 << 20))),
            ("1 G", Some(Rotate::Size(1 << 30))),
            ("2M", Some(Rotate::Size(2 << 20))),
            ("2m", Some(Rotate::Time(Duration::from_secs(120)))),
            ("30s", Some(Rotate::Time(Duration::from_secs(30)))),
            ("1d", Some(Rotate::Time(Duration::from_secs(86_400)))),
            ("5", None),
            ("0s", None),
            ("MB", None),
            ("-1s", None),
            ("99999999999999999999G", None),
            ("9999999999999999G", None),
        ] {
            assert_eq!(text.parse::<Rotate>().ok(), want, "{text}");
        }
    }
}
