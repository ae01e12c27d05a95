//! Files of rules: reads them and says what is wrong with them.
//!
//! It opens files; what stands in them is `leak`'s.

use super::failure::Failure;
use super::streams;
use crate::leak::Rules;
use crate::leak::gitleaks::{self, RulesErrors};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a file gives no rules.
#[derive(Debug)]
pub(super) enum Error {
    /// It cannot be read.
    Read(PathBuf, io::Error),
    /// Something in it is wrong.
    Rules(RulesErrors),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(path, error) => write!(f, "cannot read the rules {}: {error}", path.display()),
            Self::Rules(errors) => errors.fmt(f),
        }
    }
}

/// A larger file is none of rules, in bytes.
const LARGEST: u64 = 16 << 20;

/// The rules of the file at `path`.
pub(super) fn read(path: &Path) -> Result<Rules, Error> {
    let text = text(path).map_err(|error| Error::Read(path.to_owned(), error))?;
    // As in gitleaks, a path is seen from the folder where the program runs.
    let extended = |name: &str| self::text(Path::new(name));
    gitleaks::load(&path.display().to_string(), &text, extended).map_err(Error::Rules)
}

/// The rules that a command line asks for: those of a file, or our own.
pub(super) fn wanted(path: Option<&Path>) -> Result<Option<Arc<Rules>>, Failure> {
    let rules = path.map(read).transpose().map_err(|error| match error {
        Error::Rules(errors) => Failure::of_lines(errors.0.iter().map(ToString::to_string)),
        other @ Error::Read(..) => Failure::new(other.to_string()),
    })?;
    Ok(rules.map(Arc::new))
}

fn text(path: &Path) -> io::Result<String> {
    use io::Read as _;
    let mut bytes = Vec::new();
    streams::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other("it has more than 16 MiB, which no file of rules has"));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is not in UTF-8"))
}
