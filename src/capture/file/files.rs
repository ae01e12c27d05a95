//! One capture or several, read as one.

use super::buffer::{Input, Window};
use super::cut::Cut;
use super::reader::Reader;
use super::record::Record;
use crate::capture::error::Error;
use crate::capture::filter::Filter;
use crate::capture::interface::Interfaces;
use crate::packet::{Packet, PacketId, Shared};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Saved captures, read one after another as one capture.
///
/// All files are opened at first, so that what cannot be opened shows before a byte is read; what
/// they are shows when their turn comes. Of many regular files, those beyond [`Files::HELD_OPEN`] are
/// closed again and opened when their turn comes, so that thousands need few descriptors: a process
/// that gives up the right to open files keeps it for [`Files::opened_later`].
pub struct Files {
    waiting: VecDeque<Waiting>,
    /// How many of them stay open.
    held: usize,
    current: Option<Reader>,
    /// The 0-based index of the current file.
    file: u16,
    opened: u16,
    interfaces: Interfaces,
    filter: Option<Filter>,
    progress: Progress,
    /// What to take of each compressed file.
    limit: u64,
    /// Whether large regular files are mapped.
    maps: bool,
    /// Whether packets are mostly looked at to their ends.
    thorough: bool,
    /// How much of a file stands in memory at a time.
    pub(super) window: Window,
    /// The files themselves, to be told from one that is written.
    identities: Vec<Identity>,
}

struct Waiting {
    name: String,
    from: Source,
}

enum Source {
    Open(Input),
    /// A regular file, to be opened again when its turn comes.
    Closed(PathBuf, Option<Identity>),
}

impl Files {
    /// How many files stay open from the beginning until their turn comes, unless it is said otherwise.
    pub const HELD_OPEN: usize = 64;

    /// Opens the files, in this order; `-` is standard input.
    ///
    /// # Errors
    /// [`Error::Open`] for the first that cannot be opened, [`Error::NotACapture`] for a
    /// directory, [`Error::TooManyFiles`] beyond 65,535.
    pub fn open<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<Self, Error> {
        Self::open_with(paths, Self::HELD_OPEN, |file| Box::new(file))
    }

    /// As [`Files::open`], but that the first `held` stay open, and that `reader` makes a reader of
    /// what is no regular file: standard input and pipes, in which somebody may still be writing.
    ///
    /// # Errors
    /// As [`Files::open`].
    pub fn open_with<P: AsRef<Path>>(
        paths: impl IntoIterator<Item = P>,
        held: usize,
        reader: impl Fn(File) -> Box<dyn Read + Send>,
    ) -> Result<Self, Error> {
        let mut files = Self::new();
        files.held = held;
        let mut total = Some(0_u64);
        for path in paths {
            let (waiting, size) = files.wait_for(path.as_ref(), &reader)?;
            total = total.zip(size).map(|(total, size)| total.saturating_add(size));
            files.waiting.push_back(waiting);
        }
        if files.waiting.len() > usize::from(u16::MAX) {
            return Err(Error::TooManyFiles { count: files.waiting.len() });
        }
        files.progress.total = total;
        Ok(files)
    }

    /// A capture from any reader; `name` stands for it in errors.
    pub fn from_reader(name: impl Into<String>, input: impl Read + Send + 'static) -> Self {
        let mut files = Self::new();
        let input = Input::any(input, files.progress.reading());
        files.waiting.push_back(Waiting { name: name.into(), from: Source::Open(input) });
        files
    }

    fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            held: Self::HELD_OPEN,
            current: None,
            file: 0,
            opened: 0,
            interfaces: Interfaces::default(),
            filter: None,
            progress: Progress::default(),
            limit: u64::MAX,
            maps: false,
            thorough: false,
            window: Window::default(),
            identities: Vec::new(),
        }
    }

    /// Opens one file and tells its size, where it has one.
    fn wait_for(
        &mut self,
        path: &Path,
        reader: &impl Fn(File) -> Box<dyn Read + Send>,
    ) -> Result<(Waiting, Option<u64>), Error> {
        if path.as_os_str() == "-" {
            let name = "standard input".to_owned();
            let input = standard_input(reader).map_err(|source| Error::Open { file: name.clone(), source })?;
            let input = Input::any(input, self.progress.reading());
            return Ok((Waiting { name, from: Source::Open(input) }, None));
        }
        let name = path.display().to_string();
        let opened = File::open(path).and_then(|file| file.metadata().map(|metadata| (file, metadata)));
        let (file, metadata) = opened.map_err(|source| Error::Open { file: name.clone(), source })?;
        if metadata.is_dir() {
            let advice = Some("give the files in it");
            return Err(Error::NotACapture { file: name, looks_like: "a directory".to_owned(), advice });
        }
        let identity = identity(&metadata);
        self.identities.extend(identity);
        let size = metadata.is_file().then_some(metadata.len());
        let from = if metadata.is_file() && self.waiting.len() >= self.held {
            Source::Closed(path.to_owned(), identity)
        } else if metadata.is_file() {
            Source::Open(self.regular(file))
        } else {
            Source::Open(Input::any(reader(file), self.progress.reading()))
        };
        Ok((Waiting { name, from }, size))
    }

    fn regular(&self, file: File) -> Input {
        Input::regular(file, self.progress.reading(), Cut::another(&self.progress.cut))
    }

    /// The files that are opened when their turn comes.
    pub fn opened_later(&self) -> Vec<PathBuf> {
        let paths = self.waiting.iter().filter_map(|waiting| match &waiting.from {
            Source::Closed(path, _) => Some(path.clone()),
            Source::Open(_) => None,
        });
        paths.collect()
    }

    /// Opens a file whose turn has come.
    fn open_now(&self, from: Source) -> io::Result<Input> {
        let (path, before) = match from {
            Source::Open(input) => return Ok(input),
            Source::Closed(path, before) => (path, before),
        };
        let file = File::open(path)?;
        if identity(&file.metadata()?) != before {
            return Err(io::Error::other("another file has taken its place since the beginning"));
        }
        Ok(self.regular(file))
    }

    /// Large regular files are mapped where the system can, a part at a time, which saves copying
    /// them. The process's SIGBUS is handled from then on, as for a file that becomes shorter
    /// while it is read; what is sent for another reason goes where it went before.
    #[must_use]
    pub fn mapped(mut self) -> Self {
        self.maps = true;
        self
    }

    /// Packets are mostly looked at to their ends, or, where not `thorough`, many bodies are passed over:
    /// so much is fetched from memory ahead of time.
    #[must_use]
    pub fn thorough(mut self, thorough: bool) -> Self {
        self.thorough = thorough;
        self
    }

    /// Only packets that the filter accepts are given; all are counted.
    #[must_use]
    pub fn filtered(mut self, filter: Option<Filter>) -> Self {
        self.filter = filter;
        self
    }

    /// At most this many bytes are taken of each compressed file after decompression.
    #[must_use]
    pub(in crate::capture) fn limited(mut self, limit: u64) -> Self {
        self.limit = limit;
        self
    }

    /// The next packet, lent until the next call; `None` at the end of the last file.
    ///
    /// Its number counts every packet of its file, those that a filter drops too.
    ///
    /// # Errors
    /// [`Error::NotACapture`], [`Error::Truncated`], [`Error::Malformed`] or [`Error::Read`]
    /// for the current file, which is finished by that; the next call goes on with the next
    /// file. [`Error::Filter`] where the filter does not fit the packet's link type.
    #[allow(clippy::should_implement_trait)] // an iterator cannot lend
    #[inline]
    pub fn next(&mut self) -> Result<Option<Packet<'_>>, Error> {
        Ok(self.next_shared()?.map(|(packet, _)| packet))
    }

    /// As [`Files::next`], with what the packet's bytes are a part of, where that can be held for
    /// longer than until the next call.
    ///
    /// # Errors
    /// As [`Files::next`].
    #[inline]
    pub fn next_shared(&mut self) -> Result<Option<(Packet<'_>, Option<&Shared>)>, Error> {
        let ahead = if self.filter.is_none() { self.current.as_mut().and_then(Reader::ahead) } else { None };
        let found = match ahead {
            Some(found) => Some(found),
            None => self.read_on()?,
        };
        let shared = self.current.as_ref().and_then(Reader::shared);
        Ok(found.map(|(record, number)| (self.packet(record, number), shared)))
    }

    /// As [`Files::next`] without finding ordinary records in one step, to compare the two.
    pub(in crate::capture) fn next_stepwise(&mut self) -> Result<Option<Packet<'_>>, Error> {
        let found = self.read_on()?;
        Ok(found.map(|(record, number)| self.packet(record, number)))
    }

    /// The record that was just found.
    #[inline]
    fn packet(&self, record: Record, number: u64) -> Packet<'_> {
        let data = self.current.as_ref().map(|reader| reader.bytes(&record)).unwrap_or_default();
        Packet {
            id: PacketId::new(self.file, number),
            timestamp: record.timestamp,
            link_type: record.link_type,
            data,
            original_length: record.original_length,
            interface: record.interface,
        }
    }

    /// The long way to the next record: through the filter, the system and the files that follow.
    #[inline(never)]
    fn read_on(&mut self) -> Result<Option<(Record, u64)>, Error> {
        loop {
            let Some(reader) = &mut self.current else {
                if self.turn()? {
                    continue;
                }
                return Ok(None);
            };
            match reader.next() {
                Ok(Some((record, number))) => {
                    if let Some(filter) = &mut self.filter {
                        let bytes = reader.bytes(&record);
                        if !filter.accepts(record.link_type, bytes, record.original_length)? {
                            continue;
                        }
                    }
                    return Ok(Some((record, number)));
                }
                Ok(None) => self.current = None,
                Err(error) => {
                    self.current = None;
                    return Err(error);
                }
            }
        }
    }

    /// Goes on to the next file; false where there is none.
    #[cold]
    fn turn(&mut self) -> Result<bool, Error> {
        let Some(Waiting { name, from }) = self.waiting.pop_front() else { return Ok(false) };
        self.file = self.opened;
        self.opened = self.opened.saturating_add(1);
        let mut input = self.open_now(from).map_err(|source| Error::Open { file: name.clone(), source })?;
        (input.maps, input.thorough, input.window) = (self.maps, self.thorough, self.window);
        self.current = Some(Reader::open(&name, input, &self.interfaces, self.limit)?);
        Ok(true)
    }

    /// Whether all of them are regular files, which can be opened and read a second time.
    pub const fn are_regular(&self) -> bool {
        self.progress.total.is_some()
    }

    /// What the capture says of its interfaces: a handle that grows as files are read.
    pub fn interfaces(&self) -> Interfaces {
        self.interfaces.clone()
    }

    /// How far the reading is: a handle that can be asked from elsewhere.
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// Whether `path` is one of the files that are read, and must not be written then.
    pub fn reads(&self, path: &Path) -> bool {
        std::fs::metadata(path)
            .is_ok_and(|metadata| identity(&metadata).is_some_and(|it| self.identities.contains(&it)))
    }
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files").field("file", &self.file).field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}

/// Standard input as a reader. It is unbuffered: what has arrived is known to the system alone.
#[cfg(unix)]
fn standard_input(reader: impl Fn(File) -> Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
    use std::os::fd::AsFd as _;
    Ok(reader(io::stdin().as_fd().try_clone_to_owned()?.into()))
}

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)] // the same shape as where it can fail
fn standard_input(_: impl Fn(File) -> Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
    Ok(Box::new(io::stdin()))
}

/// Device and number of a file, whatever it is called.
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(metadata: &std::fs::Metadata) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    metadata.is_file().then(|| (metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(_: &std::fs::Metadata) -> Option<Identity> {
    None
}

/// How far the reading of files is, in bytes as they lie on disk.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    read: Arc<AtomicU64>,
    total: Option<u64>,
    cut: Arc<AtomicBool>,
}

impl Progress {
    /// What counts the bytes that are read.
    fn reading(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.read)
    }

    /// Bytes read so far.
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Whether a file became shorter while it was mapped, and zeros may have been read in place of what
    /// is gone.
    pub fn was_cut(&self) -> bool {
        self.cut.load(Ordering::Relaxed)
    }

    /// Bytes of all files together; `None` where one is a pipe.
    pub fn total(&self) -> Option<u64> {
        self.total
    }
}
