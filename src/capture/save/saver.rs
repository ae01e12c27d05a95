//! Saves packets one after the other.

use super::format::{self, Format};
use super::name::{Name, Rotate};
use super::output::Output;
use crate::capture::error::plain;
use crate::capture::interface::{Interface, Interfaces};
use crate::packet::{LinkType, Packet, Timestamp};
use std::collections::{HashMap, VecDeque};
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// Why packets cannot be saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be created.
    #[error("cannot create {file}: {}", plain(source))]
    Create {
        /// The file.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file cannot be written any further. It ends with its last whole packet.
    #[error("cannot write to {file}: {}; the {packets} packets before are there", plain(source))]
    Write {
        /// The file.
        file: String,
        /// How many packets it has.
        packets: u64,
        /// What the system said.
        source: io::Error,
    },
    /// A file whose turn is over cannot be removed.
    #[error("cannot remove {file}, whose turn is over: {}", plain(source))]
    Remove {
        /// The file.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// A pcap file has room for one link type.
    #[error("cannot save packets of {first} and of {second} in one pcap file; name it .pcapng instead of {file}")]
    SeveralLinkTypes {
        /// The file.
        file: String,
        /// The link type it has.
        first: LinkType,
        /// The one it cannot have.
        second: LinkType,
    },
}

/// How packets are saved.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What is known of the interfaces: a capture's own handle. Where it lists some already,
    /// the file is begun before the first packet.
    pub interfaces: Interfaces,
    /// When a new file is begun. Files are numbered then: `name_00001.pcap`.
    pub rotate: Option<Rotate>,
    /// How many of the newest of those are kept.
    pub keep_files: Option<NonZeroUsize>,
    /// User and group who get the files, where they are not the process's own.
    pub owner: Option<(u32, u32)>,
}

/// Saves packets in the order they are given.
///
/// The same packets with the same options give the same bytes (compressed live, the moments of
/// flushing show in where members end). Dropped without [`Saver::finish`] it still hands over
/// what it has, silently.
pub struct Saver {
    target: Target,
    format: Format,
    options: Options,
    /// `None` once writing has failed.
    output: Option<Output>,
    file: String,
    state: State,
    /// The files that are there, oldest first; kept track of when files rotate.
    files: VecDeque<PathBuf>,
    number: u64,
    packets: u64,
}

enum Target {
    Name(Name),
    Writer,
}

/// What stands in the current file.
#[derive(Default)]
struct State {
    /// The link type and whether times are in nanoseconds, of a pcap file with a header.
    pcap: Option<(LinkType, bool)>,
    /// Of pcapng: the number of each interface as the file describes it.
    described: HashMap<Source, u32>,
    /// The one used last.
    last: Option<(Source, u32)>,
    /// Records that are no packets.
    others: u64,
    packets: u64,
    /// Bytes before compression.
    size: u64,
    first: Option<Timestamp>,
}

/// What makes an interface of its own in a pcapng file: its number, its link type, and the
/// digits of its times.
type Source = (u32, LinkType, u8);

impl Saver {
    /// Creates the file at once, and begins it where the interfaces are known.
    ///
    /// # Errors
    /// [`Error::Create`]; [`Error::SeveralLinkTypes`] where the interfaces cannot be in one pcap.
    pub fn create(path: &Path, options: Options) -> Result<Self, Error> {
        let name = Name::of(path);
        let format = name.format;
        let mut saver = Self::new(Target::Name(name), format, options);
        saver.check_link_types()?;
        saver.open()?;
        saver.begin(None)?;
        Ok(saver)
    }

    /// Saves to a pipe or standard output; never rotates.
    ///
    /// # Errors
    /// As [`Saver::create`].
    pub fn to_writer(writer: impl Write + Send + 'static, format: Format, options: Options) -> Result<Self, Error> {
        let mut saver = Self::new(Target::Writer, format, Options { rotate: None, ..options });
        saver.check_link_types()?;
        let output = Output::to_writer(writer);
        saver.output = Some(output.map_err(|source| Error::Create { file: saver.file.clone(), source })?);
        saver.begin(None)?;
        Ok(saver)
    }

    fn new(target: Target, format: Format, options: Options) -> Self {
        let file = "standard output".to_owned();
        let (output, state, files) = (None, State::default(), VecDeque::new());
        Self { target, format, options, output, file, state, files, number: 0, packets: 0 }
    }

    fn check_link_types(&self) -> Result<(), Error> {
        let mut all = self.options.interfaces.all().into_iter().map(|interface| interface.link_type);
        let Some(first) = all.next() else { return Ok(()) };
        match all.find(|other| *other != first) {
            Some(second) if self.format == Format::Pcap => Err(self.several(first, second)),
            _ => Ok(()),
        }
    }

    fn several(&self, first: LinkType, second: LinkType) -> Error {
        let file = match &self.target {
            Target::Name(name) => name.file(None).display().to_string(),
            Target::Writer => self.file.clone(),
        };
        Error::SeveralLinkTypes { file, first, second }
    }

    /// Saves a packet. After an error nothing more is saved, and packets are passed over.
    ///
    /// # Errors
    /// Any of [`Error`].
    #[inline]
    pub fn packet(&mut self, packet: &Packet<'_>) -> Result<(), Error> {
        if self.output.is_none() {
            return Ok(());
        }
        if self.is_over(packet) {
            self.turn()?;
        }
        let result = match self.format {
            Format::Pcap => self.pcap_packet(packet),
            Format::Pcapng => {
                self.pcapng_packet(packet);
                Ok(())
            }
        };
        if result.is_err() {
            self.close()?;
            return result;
        }
        self.state.first.get_or_insert(packet.timestamp);
        self.state.packets += 1;
        self.packets += 1;
        self.end_record()
    }

    fn pcap_packet(&mut self, packet: &Packet<'_>) -> Result<(), Error> {
        let (link_type, nanos) = match self.state.pcap {
            Some(begun) => begun,
            None => self.pcap_header(packet.link_type, packet.interface, packet.timestamp.digits() > 6)?,
        };
        if link_type != packet.link_type {
            return Err(self.several(link_type, packet.link_type));
        }
        if let Some(output) = &mut self.output {
            format::pcap_record(&mut output.pending, packet, nanos);
            self.state.size += packet.data.len() as u64 + 16;
        }
        Ok(())
    }

    fn pcap_header(&mut self, link_type: LinkType, interface: u32, nanos: bool) -> Result<(LinkType, bool), Error> {
        let begun = (link_type, nanos);
        self.state.pcap = Some(begun);
        let snaplen = self.options.interfaces.get(interface).map_or(u32::MAX, |interface| interface.snaplen);
        if let Some(output) = &mut self.output {
            format::pcap_header(&mut output.pending, link_type, snaplen, nanos);
        }
        self.state.size = 24;
        self.state.others += 1;
        self.end_record()?;
        Ok(begun)
    }

    fn pcapng_packet(&mut self, packet: &Packet<'_>) {
        let source = (packet.interface, packet.link_type, packet.timestamp.digits());
        let number = match self.state.last {
            Some((last, number)) if last == source => number,
            _ => self.describe(source),
        };
        if let Some(output) = &mut self.output {
            let before = output.pending.len();
            format::enhanced_packet(&mut output.pending, packet, number);
            self.state.size += (output.pending.len() - before) as u64;
        }
    }

    /// The interface's number in the file, described there if it was not.
    #[cold]
    fn describe(&mut self, source: Source) -> u32 {
        let next = u32::try_from(self.state.described.len()).unwrap_or(u32::MAX);
        let number = *self.state.described.entry(source).or_insert(next);
        self.state.last = Some((source, number));
        if number == next
            && let Some(output) = &mut self.output
        {
            let (interface, link_type, digits) = source;
            let known = self.options.interfaces.get(interface);
            let (name, snaplen) = known.map_or((None, 0), |known| (known.name, known.snaplen));
            let before = output.pending.len();
            format::interface(&mut output.pending, &Interface { name, link_type, snaplen, digits });
            self.state.size += (output.pending.len() - before) as u64;
        }
        number
    }

    #[inline]
    fn end_record(&mut self) -> Result<(), Error> {
        self.hand_over(Output::end_record)
    }

    /// Gives up after a failed write, which has cut the file to its last whole record.
    #[cold]
    fn failed(&mut self, source: io::Error) -> Error {
        let records = self.output.take().map_or(0, |output| output.records());
        let packets = records.saturating_sub(self.state.others);
        self.packets = self.packets - self.state.packets + packets;
        Error::Write { file: self.file.clone(), packets, source }
    }

    /// Whether a packet belongs into the next file.
    #[inline]
    fn is_over(&self, packet: &Packet<'_>) -> bool {
        let Some(first) = self.state.first else { return false };
        match self.options.rotate {
            None => false,
            Some(Rotate::Size(limit)) => self.state.size + packet.data.len() as u64 + 16 > limit,
            Some(Rotate::Time(limit)) => {
                u128::try_from(packet.timestamp.since(first)).is_ok_and(|n| n >= limit.as_nanos())
            }
        }
    }

    /// Ends the current file and begins the next.
    #[cold]
    fn turn(&mut self) -> Result<(), Error> {
        self.close()?;
        // The next file is of the same kind as this one.
        let before = std::mem::take(&mut self.state).pcap;
        self.open()?;
        self.begin(before)
    }

    fn open(&mut self) -> Result<(), Error> {
        let Target::Name(name) = &self.target else { return Ok(()) };
        self.number += 1;
        let path = name.file(self.options.rotate.map(|_| self.number));
        self.file = path.display().to_string();
        let output = Output::create(&path, name.compression, self.options.owner)
            .map_err(|source| Error::Create { file: self.file.clone(), source })?;
        self.output = Some(output);
        if let Some(keep) = self.options.keep_files {
            self.files.push_back(path);
            while self.files.len() > keep.get() {
                let Some(oldest) = self.files.pop_front() else { break };
                match std::fs::remove_file(&oldest) {
                    Err(source) if source.kind() != io::ErrorKind::NotFound => {
                        return Err(Error::Remove { file: oldest.display().to_string(), source });
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Writes what can stand in the file before its first packet: a pcap file's header where it
    /// is known from the file before or from the interfaces.
    fn begin(&mut self, before: Option<(LinkType, bool)>) -> Result<(), Error> {
        match self.format {
            Format::Pcap => {
                let first = || self.options.interfaces.get(0).map(|first| (first.link_type, first.digits > 6));
                let Some((link_type, nanos)) = before.or_else(first) else { return Ok(()) };
                self.pcap_header(link_type, 0, nanos)?;
            }
            Format::Pcapng => {
                if let Some(output) = &mut self.output {
                    format::section(&mut output.pending);
                    self.state.size = output.pending.len() as u64;
                }
                for (number, interface) in (0..).zip(self.options.interfaces.all()) {
                    self.describe((number, interface.link_type, interface.digits));
                }
                self.state.others += 1;
                self.end_record()?;
            }
        }
        // So that even a capture that sees nothing and is killed leaves a good file.
        self.hand_over(Output::hand_over)
    }

    /// Hands to the system what is gathered, so that a killed process leaves it. Compressed,
    /// less than 64 KiB stay behind.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn flush(&mut self) -> Result<(), Error> {
        self.hand_over(Output::flush)
    }

    fn hand_over(&mut self, how: impl FnOnce(&mut Output) -> io::Result<()>) -> Result<(), Error> {
        let Some(output) = &mut self.output else { return Ok(()) };
        how(output).map_err(|source| self.failed(source))
    }

    /// Ends the current file.
    fn close(&mut self) -> Result<(), Error> {
        if let (Format::Pcap, None, Some(_)) = (self.format, self.state.pcap, &self.output) {
            // An empty file needs a link type too.
            let link_type = self.options.interfaces.get(0).map_or(LinkType::ETHERNET, |first| first.link_type);
            self.pcap_header(link_type, 0, false)?;
        }
        let Some(mut output) = self.output.take() else { return Ok(()) };
        match output.finish() {
            Ok(()) => Ok(()),
            Err(source) => {
                self.output = Some(output);
                Err(self.failed(source))
            }
        }
    }

    /// Ends the last file and tells how many packets were saved in all.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn finish(mut self) -> Result<u64, Error> {
        self.close()?;
        Ok(self.packets)
    }

    /// How many packets were given and not lost by a failed write.
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// The folder where files are yet to be made and removed, where files rotate: a confined
    /// process must be let in there.
    pub fn folder(&self) -> Option<&Path> {
        match &self.target {
            Target::Name(name) if self.options.rotate.is_some() => Some(name.folder()),
            _ => None,
        }
    }
}

impl Drop for Saver {
    fn drop(&mut self) {
        let _ = self.close();
    }
}

impl std::fmt::Debug for Saver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Saver").field("file", &self.file).field("packets", &self.packets).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
