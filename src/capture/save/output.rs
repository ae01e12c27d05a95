//! A file that always ends with a whole record, whatever happens while it is written.
//!
//! Records are handed to the system in bunches; after a failed write the file is cut back to
//! its last whole record. This module refuses to know what a record is.

use crate::private_file;
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::Path;

/// How much is gathered before it is handed to the system; compressed, as a piece that can be
/// read without what comes after it.
const GATHERED: usize = 256 * 1024;
/// Below this a flush waits, or the pieces would be too small to be worth it.
const SMALLEST_PIECE: usize = 64 * 1024;
const ZSTD_LEVEL: i32 = 3;

/// How a saved capture is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip, in members (RFC 1952 section 2.2).
    Gzip,
    /// zstd, in one frame of blocks (RFC 8878 section 3.1.1): Wireshark 4.0 fails at a second.
    Zstd,
}

/// The last block of a zstd frame, without content.
const LAST_BLOCK: [u8; 3] = [1, 0, 0];

enum Compressor {
    None,
    Gzip,
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Compressor {
    fn new(compression: Compression) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Self::None,
            Compression::Gzip => Self::Gzip,
            Compression::Zstd => Self::Zstd(zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL)?),
        })
    }

    /// The bytes as a piece of the file.
    fn piece<'a>(&mut self, bytes: &'a [u8]) -> io::Result<Cow<'a, [u8]>> {
        Ok(match self {
            Self::None => Cow::Borrowed(bytes),
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(bytes)?;
                Cow::Owned(encoder.finish()?)
            }
            Self::Zstd(encoder) => {
                encoder.write_all(bytes)?;
                encoder.flush()?;
                Cow::Owned(std::mem::take(encoder.get_mut()))
            }
        })
    }

    /// What the file ends with after its pieces.
    const fn end(&self) -> &'static [u8] {
        match self {
            Self::None | Self::Gzip => &[],
            Self::Zstd(_) => &LAST_BLOCK,
        }
    }
}

/// Where bytes go.
pub(super) trait Sink: Write + Send {
    /// Cuts off what was written beyond `length`, where that can be.
    fn cut(&mut self, length: u64);
}

impl Sink for File {
    fn cut(&mut self, length: u64) {
        // What is no regular file cannot be cut, and needs not.
        let _ = self.set_len(length).and_then(|()| self.seek(SeekFrom::Start(length)));
    }
}

/// What was written is gone.
struct Pipe<W>(W);

impl<W: Write> Write for Pipe<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<W: Write + Send> Sink for Pipe<W> {
    fn cut(&mut self, _: u64) {}
}

pub(super) struct Output {
    sink: Box<dyn Sink>,
    compressor: Compressor,
    /// Records that are not handed over yet, the last perhaps unfinished.
    pub(super) pending: Vec<u8>,
    /// Where each whole one of those ends.
    ends: Vec<usize>,
    /// Length of the file up to the last whole record handed over.
    written: u64,
    /// Records handed over whole.
    records: u64,
}

impl Output {
    /// Creates or empties a file, readable by its owner alone: captures hold secrets.
    pub(super) fn create(path: &Path, compression: Compression, owner: Option<(u32, u32)>) -> io::Result<Self> {
        let file = private_file::create(path)?;
        #[cfg(unix)]
        if let Some((user, group)) = owner.filter(|_| file.metadata().is_ok_and(|metadata| metadata.is_file())) {
            std::os::unix::fs::fchown(&file, Some(user), Some(group))?;
        }
        // Only Unix numbers users and groups.
        #[cfg(not(unix))]
        let _ = owner;
        Self::new(Box::new(file), compression)
    }

    pub(super) fn to_writer(writer: impl Write + Send + 'static) -> io::Result<Self> {
        Self::new(Box::new(Pipe(writer)), Compression::None)
    }

    pub(super) fn new(sink: Box<dyn Sink>, compression: Compression) -> io::Result<Self> {
        let compressor = Compressor::new(compression)?;
        Ok(Self { sink, compressor, pending: Vec::new(), ends: Vec::new(), written: 0, records: 0 })
    }

    const fn is_plain(&self) -> bool {
        matches!(self.compressor, Compressor::None)
    }

    /// Records that the system has, whole.
    pub(super) const fn records(&self) -> u64 {
        self.records
    }

    /// Says that a whole record stands at the end of `pending`.
    #[inline]
    pub(super) fn end_record(&mut self) -> io::Result<()> {
        self.ends.push(self.pending.len());
        if self.pending.len() >= GATHERED { self.hand_over() } else { Ok(()) }
    }

    /// Hands over what is worth it.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.is_plain() || self.pending.len() >= SMALLEST_PIECE { self.hand_over() } else { Ok(()) }
    }

    /// Hands over everything and ends the file.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.hand_over()?;
        let (_, result) = write(self.sink.as_mut(), self.compressor.end());
        if result.is_err() {
            self.sink.cut(self.written);
        }
        result
    }
    /// Hands over everything.
    pub(super) fn hand_over(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let bytes = self.compressor.piece(&self.pending)?;
        let (done, result) = write(self.sink.as_mut(), &bytes);
        let whole = if result.is_ok() {
            self.ends.len()
        } else if self.is_plain() {
            self.ends.partition_point(|end| *end <= done)
        } else {
            0
        };
        self.records += whole as u64;
        self.written += match (&result, whole.checked_sub(1).and_then(|last| self.ends.get(last))) {
            (Ok(()), _) => bytes.len() as u64,
            (Err(_), Some(end)) => *end as u64,
            (Err(_), None) => 0,
        };
        if result.is_err() {
            self.sink.cut(self.written);
            // The room that the cut made is usually enough.
            if self.written > 0 && write(self.sink.as_mut(), self.compressor.end()).1.is_err() {
                self.sink.cut(self.written);
            }
        }
        self.pending.clear();
        self.ends.clear();
        result
    }
}

/// Writes all, and tells how much of it was written where that fails.
fn write(sink: &mut dyn Sink, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut done = 0;
    while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
        match sink.write(rest) {
            Ok(0) => return (done, Err(ErrorKind::WriteZero.into())),
            Ok(count) => done += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return (done, Err(error)),
        }
    }
    (done, sink.flush())
}
