//! One saved capture, whatever its format and compression, from front to back.
//!
//! This module refuses to know that there may be several.

use super::buffer::{Buffer, Input};
use super::foreign::{self, looks_like};
use super::pcap::{self, Pcap};
use super::pcapng::{self, Pcapng};
use super::record::{Fault, Record};
use crate::capture::error::Error;
use crate::capture::interface::{Interface, Interfaces};
use crate::packet::Shared;
use flate2::bufread::MultiGzDecoder;
use std::io::{self, BufReader, Read};
use std::sync::Arc;

/// How much compressed data is read at a time.
const COMPRESSED: usize = 128 * 1024;

pub(super) struct Reader {
    name: String,
    buffer: Buffer,
    format: Format,
    /// Packets given so far.
    number: u64,
}

enum Format {
    Pcap(Pcap),
    Pcapng(Pcapng),
}

impl Reader {
    /// Recognises the format and reads what stands before the first packet; takes at most
    /// `limit` bytes of decompressed data, and sees the file's end there.
    pub(super) fn open(name: &str, input: Input, interfaces: &Interfaces, limit: u64) -> Result<Self, Error> {
        let mut reader = Self {
            name: name.to_owned(),
            buffer: Buffer::new(input),
            format: Format::Pcapng(Pcapng::new(interfaces.clone())),
            number: 0,
        };
        reader.start(interfaces, limit).map_err(|fault| reader.error(reader.buffer.offset(), fault))?;
        Ok(reader)
    }

    fn start(&mut self, interfaces: &Interfaces, limit: u64) -> Result<(), Fault> {
        self.buffer.fill(pcap::FILE_HEADER)?;
        let compression = Compression::of(self.buffer.ahead());
        if let Some(compression) = compression {
            let empty = Buffer::new(Input::any(io::empty(), Arc::default()));
            let window = self.buffer.window();
            let raw = std::mem::replace(&mut self.buffer, empty).into_rest();
            let mut input = Input::any(compression.decoder(raw)?.take(limit), Arc::default());
            input.window = window;
            self.buffer = Buffer::new(input);
            self.buffer.fill(pcap::FILE_HEADER)?;
        }
        if pcap::recognise(self.buffer.ahead()) {
            let mut pcap = Pcap::open(&mut self.buffer)?;
            let interface =
                Interface { name: None, link_type: pcap.link_type, snaplen: pcap.snaplen, digits: pcap.digits };
            pcap.interface = interfaces
                .add(interface)
                .ok_or_else(|| Fault::malformed(format!("it is one of more than {} interfaces", Interfaces::MAX)))?;
            self.format = Format::Pcap(pcap);
        } else if !pcapng::recognise(self.buffer.ahead()) {
            let all = !self.buffer.fill(foreign::LOOKED_AT)?;
            let head = self.buffer.ahead();
            let (mut looks_like, advice) = looks_like(head.get(..foreign::LOOKED_AT).unwrap_or(head), all);
            if let Some(compression) = compression {
                looks_like = format!("{} of {looks_like}", compression.name());
            }
            return Err(Fault::Foreign { looks_like, advice });
        }
        Ok(())
    }

    /// The next packet's record and its number, where nothing has to be read for it.
    #[inline]
    pub(super) fn ahead(&mut self) -> Option<(Record, u64)> {
        let record = match &mut self.format {
            Format::Pcap(pcap) => pcap.ahead(&mut self.buffer)?,
            Format::Pcapng(pcapng) => pcapng.ahead(&mut self.buffer)?,
        };
        self.buffer.fetch_ahead();
        self.number += 1;
        Some((record, self.number))
    }

    /// The next packet's record and its number, or `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(Record, u64)>, Error> {
        let offset = self.buffer.offset();
        let mut record = match &mut self.format {
            Format::Pcap(pcap) => pcap.next(&mut self.buffer),
            Format::Pcapng(pcapng) => pcapng.next(&mut self.buffer),
        };
        if self.buffer.is_hurt() {
            record = Err(Fault::Io(io::Error::other("it became shorter while it was read")));
        }
        match record {
            Ok(Some(record)) => {
                self.number += 1;
                Ok(Some((record, self.number)))
            }
            Ok(None) => Ok(None),
            Err(fault) => Err(self.error(offset, fault)),
        }
    }

    /// What holds the record's bytes together, where others can hold it, too.
    #[inline]
    pub(super) fn shared(&self) -> Option<&Shared> {
        self.buffer.shared()
    }

    /// The bytes of the record last given.
    #[inline]
    pub(super) fn bytes(&self, record: &Record) -> &[u8] {
        self.buffer.at(record.from, record.length)
    }

    #[cold]
    fn error(&self, offset: u64, fault: Fault) -> Error {
        let (file, packet) = (self.name.clone(), self.number + 1);
        // Blocks without a packet may stand before the one at fault.
        let offset = if let Format::Pcapng(pcapng) = &self.format { offset.max(pcapng.block) } else { offset };
        match fault {
            Fault::Io(source) => Error::Read { file, packet, offset, source },
            Fault::Cut { missing } => Error::Truncated { file, packet, offset, missing },
            Fault::Foreign { looks_like, advice } => Error::NotACapture { file, looks_like, advice },
            Fault::Malformed(what) => Error::Malformed { file, packet, offset, what },
        }
    }
}

/// How a whole file is compressed.
#[derive(Debug, Clone, Copy)]
enum Compression {
    Gzip,
    Zstd,
}

impl Compression {
    fn of(head: &[u8]) -> Option<Self> {
        // RFC 1952 section 2.3.1; RFC 8878 sections 3.1.1 and 3.1.2 (skippable frames).
        match head {
            [0x1f, 0x8b, 8, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    fn decoder(self, input: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
        let input = BufReader::with_capacity(COMPRESSED, input);
        Ok(match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(input)),
            Self::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(input)?),
        })
    }
}
