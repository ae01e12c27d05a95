//! The reports that a command line asks for: which format goes where.
//!
//! It opens files and chooses writers; what they write is `report`'s.

use super::failure::Failure;
use crate::confine::privileges;
use crate::leak::Severity;
use crate::private_file;
use crate::report::{Csv, Har, Json, Layout, Report, Sarif, Text};
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A report's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum ReportFormat {
    /// For people
    Text,
    /// JSON Lines: each exchange, each finding, a summary
    Json,
    /// Findings for code scanning (SARIF 2.1.0)
    Sarif,
    /// Findings for spreadsheets
    Csv,
    /// Exchanges for a browser's developer tools (HTTP archive 1.2)
    Har,
}

impl ReportFormat {
    const ALL: [(Self, &'static str); 5] =
        [(Self::Text, "text"), (Self::Json, "json"), (Self::Sarif, "sarif"), (Self::Csv, "csv"), (Self::Har, "har")];

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, known)| name.eq_ignore_ascii_case(known)).map(|(format, _)| format)
    }

    /// Its name on the command line.
    pub(super) fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(format, _)| *format == self).map_or("", |(_, name)| name)
    }

    /// What a file's extension says; JSON Lines where it says nothing, as with gitleaks.
    pub(super) fn of_file(path: &Path) -> Self {
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        match extension.as_ref() {
            "txt" => Self::Text,
            other => Self::named(other).unwrap_or(Self::Json),
        }
    }
}

/// A report in a file: `FORMAT=FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReportFile {
    pub(super) format: ReportFormat,
    pub(super) path: PathBuf,
}

impl FromStr for ReportFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, path) = text.split_once('=').unwrap_or((text, ""));
        let Some(format) = ReportFormat::named(name) else {
            return Err("it is FORMAT=FILE, with the format text, json, sarif, csv or har".to_owned());
        };
        match path {
            "" => Err(format!("which file? {name}=FILE is needed")),
            path => Ok(Self { format, path: path.into() }),
        }
    }
}

/// What reports have to know of a run.
#[derive(Debug, Clone)]
pub(super) struct About {
    /// The captures read as one, as they were named; none where it is live.
    pub(super) captures: Vec<String>,
    /// What a live capture is saved as.
    pub(super) saved: Option<PathBuf>,
    /// Findings below do not count.
    pub(super) least: Severity,
}

/// A report in that format to `out`.
pub(super) fn to(
    out: impl Write + Send + 'static,
    format: ReportFormat,
    about: &About,
    layout: Layout,
) -> Box<dyn Report + Send> {
    let captures = about.captures.clone();
    match format {
        ReportFormat::Text => Box::new(Text::new(out, layout, captures).least(about.least)),
        ReportFormat::Json => Box::new(Json::new(out, captures)),
        ReportFormat::Csv => Box::new(Csv::new(out, captures, about.least)),
        ReportFormat::Har => Box::new(Har::new(out, captures, about.least)),
        ReportFormat::Sarif => {
            let saved = about.saved.iter().map(|path| relative(path));
            let files: Vec<_> = captures.iter().map(|path| relative(Path::new(path))).chain(saved).collect();
            Box::new(Sarif::new(out, &files, about.least))
        }
    }
}

/// A path as seen from the folder where the program runs, which in CI is the project's; for a
/// file elsewhere its name alone.
fn relative(path: &Path) -> String {
    let name = || path.file_name().map(PathBuf::from);
    let inside = || {
        let here = std::env::current_dir().ok()?.canonicalize().ok()?;
        let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        Some(folder.canonicalize().ok()?.strip_prefix(here).ok()?.join(path.file_name()?))
    };
    match path.to_str() {
        Some("-") => "standard-input".to_owned(),
        _ => inside().or_else(name).unwrap_or_default().display().to_string(),
    }
}

/// A report that goes to a file.
pub(super) struct Written {
    pub(super) name: String,
    pub(super) report: Box<dyn Report + Send>,
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Written").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Creates a report's file, readable by its owner alone: it holds secrets.
pub(super) fn create(file: &ReportFile, about: &About, layout: Layout) -> Result<Written, Failure> {
    let name = file.path.display().to_string();
    let failed = |error| Failure::new(format!("cannot write the report {name}: {error}"));
    let opened = private_file::create(&file.path).map_err(failed)?;
    privileges::give_to_caller(&opened).map_err(failed)?;
    let report = to(opened, file.format, about, layout);
    Ok(Written { name, report })
}

/// Refuses to write two things to one file.
pub(super) fn all_distinct(paths: &[&Path]) -> Result<(), Failure> {
    let mut seen = Vec::new();
    for path in paths {
        let whole = path.canonicalize().ok().or_else(|| {
            let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
            Some(folder.canonicalize().ok()?.join(path.file_name()?))
        });
        let whole = whole.unwrap_or_else(|| path.to_path_buf());
        // Devices and pipes take what several say.
        let one = !whole.exists() || whole.is_file();
        if one && seen.contains(&whole) {
            return Err(Failure::new(format!("two things would be written to {}", path.display())));
        }
        seen.push(whole);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_and_files() {
        for (text, want) in [
            ("json=a.json", Some((ReportFormat::Json, "a.json"))),
            ("SARIF=out/b=c", Some((ReportFormat::Sarif, "out/b=c"))),
            ("text=./-", Some((ReportFormat::Text, "./-"))),
            ("json=-", Some((ReportFormat::Json, "-"))),
            ("json=", None),
            ("json", None),
            ("xml=a", None),
            ("a.json", None),
            ("=a", None),
        ] {
            let want = want.map(|(format, path)| ReportFile { format, path: path.into() });
            assert_eq!(text.parse::<ReportFile>().ok(), want, "{text}");
        }
        for (path, want) in [
            ("a.sarif", ReportFormat::Sarif),
            ("a.csv", ReportFormat::Csv),
            ("a.har", ReportFormat::Har),
            ("a.txt", ReportFormat::Text),
            ("a.json", ReportFormat::Json),
            ("a", ReportFormat::Json),
        ] {
            assert_eq!(ReportFormat::of_file(Path::new(path)), want, "{path}");
        }
    }

    #[test]
    fn one_file_takes_one_thing() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        let again = folder.path().join(".").join("a");
        assert!(all_distinct(&[&a, &b]).is_ok());
        assert!(all_distinct(&[&a, &b, &again]).is_err());
        assert!(all_distinct(&[Path::new("/dev/null"), Path::new("/dev/null")]).is_ok());
    }

    #[test]
    fn captures_are_named_from_here() {
        let here = std::env::current_dir().unwrap();
        assert_eq!(relative(&here.join("src/lib.rs")), "src/lib.rs");
        assert_eq!(relative(Path::new("src/../src/lib.rs")), "src/lib.rs");
        assert_eq!(relative(Path::new("/etc/hostname")), "hostname");
        assert_eq!(relative(Path::new("/no/such/fox.pcap")), "fox.pcap");
        assert_eq!(relative(Path::new("-")), "standard-input");
    }
}
