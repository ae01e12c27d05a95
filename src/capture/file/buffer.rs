//! A window over a file that is read from front to back.
//!
//! What can only be read goes through one small buffer, used again and again; of a large regular
//! file a part at a time is mapped, where that is wanted. This module refuses to know what the
//! bytes mean.

use super::cut::Cut;
#[cfg(target_os = "linux")]
use super::map::View;
use crate::packet::Shared;
use crate::processor;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
#[cfg(target_os = "linux")]
use std::io::{Seek as _, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How much of a file stands in memory at a time, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// How much is asked of the system at a time.
    pub(super) read: usize,
    /// How much is mapped at a time, on Linux.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))]
    pub(super) mapped: usize,
}

impl Default for Window {
    /// What is read fits the second-level cache of most processors; what is mapped is far more than
    /// the cost of a mapping, and far less than memory.
    fn default() -> Self {
        Self { read: 256 * 1024, mapped: 1 << 20 }
    }
}

/// How far ahead the processor is to fetch all bytes: memory answers after a few small packets' time.
const ALL: usize = 2048;

/// How many lines of its cache it is to fetch of the next packet, where most bodies are passed over: they hold
/// the headers and some of what follows.
const BEGINNING: usize = 6;

/// Where bytes come from. All that are taken are counted.
pub(super) struct Input {
    from: From,
    /// Whether a regular file may be mapped.
    pub(super) maps: bool,
    /// Whether packets are mostly looked at to their ends.
    pub(super) thorough: bool,
    pub(super) window: Window,
    read: Arc<AtomicU64>,
    /// Set where the file became shorter while it was mapped.
    cut: Cut,
}

enum From {
    Any(Box<dyn Read + Send>),
    Regular(File),
}

impl Input {
    pub(super) fn any(input: impl Read + Send + 'static, read: Arc<AtomicU64>) -> Self {
        Self::new(From::Any(Box::new(input)), read, Cut::default())
    }

    pub(super) fn regular(file: File, read: Arc<AtomicU64>, cut: Cut) -> Self {
        Self::new(From::Regular(file), read, cut)
    }

    fn new(from: From, read: Arc<AtomicU64>, cut: Cut) -> Self {
        Self { from, maps: false, thorough: false, window: Window::default(), read, cut }
    }
}

impl Read for Input {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.from {
            From::Any(input) => input.read(into)?,
            From::Regular(file) => file.read(into)?,
        };
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

pub(super) struct Buffer {
    input: Input,
    bytes: Bytes,
    /// `bytes[start..end]` were read and are not used up; `start <= end <= bytes.len()`.
    start: usize,
    end: usize,
    /// Where `bytes[start]` stands in the file.
    offset: u64,
    /// Up to where the processor was asked to fetch `bytes`.
    fetched: usize,
}

enum Bytes {
    Read(Vec<u8>),
    /// The same twice: to look at, and to lend.
    #[cfg(target_os = "linux")]
    Mapped(Arc<View>, Shared),
}

impl Bytes {
    #[inline]
    fn all(&self) -> &[u8] {
        match self {
            Self::Read(bytes) => bytes,
            #[cfg(target_os = "linux")]
            Self::Mapped(view, _) => view.bytes(),
        }
    }
}

impl Buffer {
    pub(super) fn new(input: Input) -> Self {
        let bytes = Bytes::Read(vec![0; input.window.read]);
        Self { input, bytes, start: 0, end: 0, offset: 0, fetched: 0 }
    }

    pub(super) fn window(&self) -> Window {
        self.input.window
    }

    /// What was read and is not used up.
    #[inline]
    pub(super) fn ahead(&self) -> &[u8] {
        self.bytes.all().get(self.start..self.end).unwrap_or_default()
    }

    /// Makes `wanted` bytes stand ahead, reading as needed; false where the file ends before.
    #[inline]
    pub(super) fn fill(&mut self, wanted: usize) -> io::Result<bool> {
        if self.end - self.start >= wanted { Ok(true) } else { self.refill(wanted) }
    }

    #[cold]
    fn refill(&mut self, wanted: usize) -> io::Result<bool> {
        // Nothing is used up before the format is known, and that it is not compressed.
        #[cfg(target_os = "linux")]
        if self.input.maps && self.offset > 0 && self.map(wanted)? {
            return Ok(self.end - self.start >= wanted);
        }
        self.keep_rest();
        let bytes = match &mut self.bytes {
            Bytes::Read(bytes) => bytes,
            #[cfg(target_os = "linux")]
            Bytes::Mapped(..) => return Ok(false),
        };
        while self.end < wanted {
            if self.end == bytes.len() {
                // Grown as the bytes arrive, so that a length alone makes nobody allocate.
                bytes.resize(bytes.len().saturating_mul(2).max(self.input.window.read), 0);
            }
            match self.input.read(bytes.get_mut(self.end..).unwrap_or_default()) {
                Ok(0) => return Ok(false),
                Ok(count) => self.end = self.end.saturating_add(count).min(bytes.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Makes what is ahead stand in front of a buffer that can be read into.
    fn keep_rest(&mut self) {
        match &mut self.bytes {
            Bytes::Read(bytes) => bytes.copy_within(self.start..self.end, 0),
            #[cfg(target_os = "linux")]
            Bytes::Mapped(..) => self.bytes = Bytes::Read(self.ahead().to_vec()),
        }
        self.end -= self.start;
        (self.start, self.fetched) = (0, 0);
    }

    /// Maps the part of a regular file in which `wanted` bytes from here on stand, or all that it
    /// has; false where it has to be read.
    #[cfg(target_os = "linux")]
    fn map(&mut self, wanted: usize) -> io::Result<bool> {
        let From::Regular(file) = &mut self.input.from else { return Ok(false) };
        let ahead = (self.end - self.start) as u64;
        let left = file.metadata()?.len().checked_sub(self.offset).filter(|left| *left >= ahead);
        if left.is_none() && matches!(self.bytes, Bytes::Mapped(..)) {
            self.input.cut.set();
            return Ok(true);
        }
        // Some systems' files say that they are empty, and are not.
        let length = left.unwrap_or(ahead).min(wanted.max(self.input.window.mapped) as u64);
        let mapped =
            if length > ahead { View::new(file, self.offset, length as usize, &self.input.cut).ok() } else { None };
        let Some((view, before)) = mapped else {
            // Whatever comes is read: behind its end, or until the system maps it again.
            self.input.maps = length > ahead;
            file.seek(SeekFrom::Start(self.offset.saturating_add(ahead)))?;
            return Ok(false);
        };
        self.input.read.fetch_add(length - ahead, Ordering::Relaxed);
        (self.start, self.end, self.fetched) = (before, before.saturating_add(length as usize), 0);
        let view = Arc::new(view);
        self.bytes = Bytes::Mapped(Arc::clone(&view), view);
        Ok(true)
    }

    /// Whether the file became shorter while it was looked at, so that zeros stand in its place.
    pub(super) fn is_hurt(&self) -> bool {
        let here = match &self.bytes {
            Bytes::Read(_) => false,
            #[cfg(target_os = "linux")]
            Bytes::Mapped(view, _) => view.is_hurt(),
        };
        here || self.input.cut.is_set()
    }

    /// What holds the bytes together, where it can be held by others, too.
    #[inline]
    pub(super) fn shared(&self) -> Option<&Shared> {
        match &self.bytes {
            Bytes::Read(_) => None,
            #[cfg(target_os = "linux")]
            Bytes::Mapped(_, shared) => Some(shared),
        }
    }

    /// Uses up `count` of the bytes ahead and gives the place of the first of them for
    /// [`Buffer::at`], which holds until the next [`Buffer::fill`].
    #[inline]
    pub(super) fn take(&mut self, count: usize) -> usize {
        let from = self.start;
        let count = count.min(self.end - self.start);
        self.start += count;
        self.offset += count as u64;
        from
    }

    /// Has the processor fetch what is ahead, to have it when it is looked at.
    #[inline]
    pub(super) fn fetch_ahead(&mut self) {
        if !self.input.thorough {
            return processor::fetch_first::<BEGINNING>(self.ahead());
        }
        let (from, to) = (self.fetched.max(self.start), self.start.saturating_add(ALL).min(self.end));
        processor::fetch(self.bytes.all().get(from..to).unwrap_or_default());
        self.fetched = to;
    }

    /// Uses up `count` bytes that need not be ahead; false where the file ends before.
    pub(super) fn skip(&mut self, mut count: u64) -> io::Result<bool> {
        while count > 0 {
            if self.start == self.end && !self.fill(1)? {
                return Ok(false);
            }
            let step = usize::try_from(count).unwrap_or(usize::MAX).min(self.end - self.start);
            self.take(step);
            count -= step as u64;
        }
        Ok(true)
    }

    /// Bytes that were taken since the last fill.
    #[inline]
    pub(super) fn at(&self, from: usize, length: usize) -> &[u8] {
        self.bytes.all().get(from..).and_then(|rest| rest.get(..length)).unwrap_or_default()
    }

    /// Where the first byte ahead stands in the file.
    #[inline]
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// What was read of the input and not used up, and then the rest of it.
    pub(super) fn into_rest(self) -> impl Read + Send + 'static {
        io::Cursor::new(self.ahead().to_vec()).chain(self.input)
    }
}
