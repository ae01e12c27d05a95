//! Evidence without the secrets that are to be hidden.
//!
//! The packets go to a file without a name first; of that a copy is made as `redact` makes it, and
//! only the copy gets the name that the user gave. This module refuses to know what evidence is.

use super::failure::Failure;
use super::from_start::FromStart;
use super::streams;
use crate::analyzer::Config;
use crate::capture::save::{self, Format, Options, Saver};
use crate::capture::{self, Files, Interfaces};
use crate::leak::{Allowlist, Rules};
use crate::redact::{self, Texts};
use std::fs::File;
use std::io::{self, Seek as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What comes between the packets and the file that the user named.
pub(super) struct Hiding {
    raw: Arc<File>,
    copy: Arc<File>,
    /// The file that the user named.
    named: Saver,
    /// What that file says of its interfaces: nothing that the copy does not say.
    interfaces: Interfaces,
    path: PathBuf,
    texts: Texts,
}

impl Hiding {
    /// Where packets are saved to in place of `named`, at `path`, which knows of no interfaces but
    /// `interfaces`; [`Self::finish`] brings them there, without `texts`.
    pub(super) fn before(
        (named, interfaces): (Saver, Interfaces),
        path: &Path,
        texts: Texts,
        options: Options,
    ) -> Result<(Saver, Self), Failure> {
        let file = || tempfile::tempfile().map_err(|error| Failure::new(format!("cannot create a file: {error}")));
        let (raw, copy) = (Arc::new(file()?), Arc::new(file()?));
        let saver = Saver::to_writer(Writing(Arc::clone(&raw)), Format::Pcapng, options)?;
        Ok((saver, Self { raw, copy, named, interfaces, path: path.to_owned(), texts }))
    }

    /// All packets are there: makes the copy. It hides what the analyzer was `asked` to hide, and
    /// the texts.
    pub(super) fn finish(self, asked: &Config) -> Result<(), Failure> {
        let Self { raw, copy, mut named, interfaces, path, texts } = self;
        let rules = if asked.redact.is_some() { asked.rules.clone() } else { Some(Arc::new(Rules::default())) };
        // What is allowed to leak is hidden all the same, as in reports.
        let config = Config {
            rules,
            max_body: 0,
            redact: None,
            sha256: false,
            trace: false,
            allow: Allowlist::default(),
            personal: asked.personal && asked.redact.is_some(),
            ..asked.clone()
        };
        let outcome = redact::redact(&Unnamed { raw, copy: Arc::clone(&copy) }, &config, &texts)
            .map_err(|error| Failure::new(error.to_string()))?;
        if !outcome.left.is_empty() {
            return Err(Failure::new(format!(
                "no packets were written to {}, since secrets would be left in them: {}",
                streams::output_name(&path),
                outcome.left.join("; ")
            )));
        }
        let mut files = Files::from_reader("the evidence", FromStart::new(copy));
        let copied = files.interfaces();
        while let Some(packet) = files.next()? {
            interfaces.follow(&copied, |interface| interface);
            named.packet(&packet)?;
        }
        interfaces.follow(&copied, |interface| interface);
        named.finish()?;
        Ok(())
    }
}

/// Writes to a file that others read. It is not opened twice, which the sandbox would refuse.
struct Writing(Arc<File>);

impl Write for Writing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self.0).flush()
    }
}

/// Empties a file and saves packets to it.
///
/// # Errors
/// It cannot be emptied or begun.
pub(super) fn rewrite(file: &Arc<File>, format: Format, options: Options) -> Result<Saver, save::Error> {
    let failed = |source: io::Error| save::Error::Create { file: "a file without a name".to_owned(), source };
    let mut emptied: &File = file;
    emptied.set_len(0).and_then(|()| emptied.rewind()).map_err(failed)?;
    Saver::to_writer(Writing(Arc::clone(file)), format, options)
}

/// Files without names.
struct Unnamed {
    raw: Arc<File>,
    copy: Arc<File>,
}

impl redact::Place for Unnamed {
    fn original(&self) -> Result<Files, capture::Error> {
        Ok(Files::from_reader("the evidence", FromStart::new(Arc::clone(&self.raw))))
    }

    fn create(&self, interfaces: Interfaces) -> Result<Saver, save::Error> {
        let options = Options { interfaces, ..Options::default() };
        rewrite(&self.copy, Format::Pcapng, options)
    }

    fn copy(&self) -> Result<Files, capture::Error> {
        Ok(Files::from_reader("the copy", FromStart::new(Arc::clone(&self.copy))))
    }
}
