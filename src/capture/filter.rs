//! Capture filters: the language of tcpdump and Wireshark (`pcap-filter(7)`), by libpcap.
//!
//! Compiled for each link type when its first packet comes. This module refuses to know where
//! the packets are from.

#![allow(unsafe_code)] // the pcap crate runs a program without the packet's original length

use crate::packet::LinkType;
use std::ffi::c_int;

/// Why a filter cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is no filter.
    #[error("the filter `{text}` does not compile: {reason}; `man 7 pcap-filter` has the language")]
    Invalid {
        /// The filter as it was given.
        text: String,
        /// What libpcap said.
        reason: String,
    },
    /// The filter asks for something that packets of this link type do not have.
    #[error("the filter `{text}` cannot be used on packets of link type {link_type}: {reason}")]
    LinkType {
        /// The filter as it was given.
        text: String,
        /// The link type.
        link_type: LinkType,
        /// What libpcap said.
        reason: String,
    },
}

/// A capture filter for packets of any link type.
#[derive(Debug)]
pub struct Filter {
    text: String,
    programs: Vec<(LinkType, Program)>,
    /// Which program ran last: captures rarely mix link types.
    last: usize,
}

impl Filter {
    /// Checks the text: it must compile for Ethernet, or else for one of the links that have
    /// primitives of their own.
    ///
    /// # Errors
    /// [`Error::Invalid`], with what libpcap says of it on Ethernet.
    pub fn new(text: impl Into<String>) -> Result<Self, Error> {
        const PECULIAR: [LinkType; 8] = [
            LinkType::LINUX_SLL,
            LinkType::LINUX_SLL2,
            LinkType::RAW,
            LinkType(105), // IEEE 802.11
            LinkType(127), // IEEE 802.11 with radiotap
            LinkType(117), // OpenBSD pflog
            LinkType(9),   // PPP
            LinkType(123), // SunATM
        ];
        let text = text.into();
        let (link_type, program) = match Program::compile(&text, LinkType::ETHERNET) {
            Ok(program) => (LinkType::ETHERNET, program),
            Err(reason) => PECULIAR
                .into_iter()
                .find_map(|link_type| Program::compile(&text, link_type).ok().map(|program| (link_type, program)))
                .ok_or_else(|| Error::Invalid { text: text.clone(), reason })?,
        };
        Ok(Self { text, programs: vec![(link_type, program)], last: 0 })
    }

    /// The filter as it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a packet passes. `original_length` is what it had on the wire, which `greater`,
    /// `less` and `len` speak of.
    ///
    /// # Errors
    /// [`Error::LinkType`] where the filter cannot be compiled for that link type.
    #[inline]
    pub fn accepts(&mut self, link_type: LinkType, data: &[u8], original_length: u32) -> Result<bool, Error> {
        if let Some((known, program)) = self.programs.get(self.last)
            && *known == link_type
        {
            return Ok(program.accepts(data, original_length));
        }
        self.choose(link_type)?;
        Ok(self.programs.get(self.last).is_some_and(|(_, program)| program.accepts(data, original_length)))
    }

    #[cold]
    fn choose(&mut self, link_type: LinkType) -> Result<(), Error> {
        if let Some(at) = self.programs.iter().position(|(known, _)| *known == link_type) {
            self.last = at;
            return Ok(());
        }
        let program = Program::compile(&self.text, link_type).map_err(|reason| Error::LinkType {
            text: self.text.clone(),
            link_type,
            reason,
        })?;
        self.last = self.programs.len();
        self.programs.push((link_type, program));
        Ok(())
    }
}

/// A compiled filter.
struct Program(pcap::BpfProgram);

// SAFETY: a compiled program is an array of instructions that libpcap allocated for it alone and
// that nothing changes or shares before it is freed; no part of it is bound to a thread.
unsafe impl Send for Program {}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Program({} instructions)", self.0.get_instructions().len())
    }
}

#[link(name = "pcap")]
unsafe extern "C" {
    /// Runs a filter over a packet; 0 where it does not pass (`pcap_offline_filter(3PCAP)`).
    fn pcap_offline_filter(
        program: *const pcap::BpfProgram,
        header: *const pcap::PacketHeader,
        data: *const u8,
    ) -> c_int;
}

impl Program {
    fn compile(text: &str, link_type: LinkType) -> Result<Self, String> {
        let linktype = pcap::Linktype(to_dlt(link_type));
        pcap::Capture::dead(linktype)
            .and_then(|handle| handle.compile(text, true))
            .map(Self)
            .map_err(|error| message(&error))
    }

    #[inline]
    fn accepts(&self, data: &[u8], original_length: u32) -> bool {
        // SAFETY: `PacketHeader` is a plain C structure of integers, for which zeros are good.
        let mut header: pcap::PacketHeader = unsafe { std::mem::zeroed() };
        header.caplen = u32::try_from(data.len()).unwrap_or(u32::MAX);
        header.len = original_length;
        // SAFETY: `BpfProgram` is a transparent wrapper of libpcap's `struct bpf_program` and
        // `PacketHeader` has the layout of `struct pcap_pkthdr` (both so declared by the pcap
        // crate); the program was compiled by libpcap, whose interpreter reads no byte of the
        // packet beyond `caplen`, and `data` has as many.
        unsafe { pcap_offline_filter(&raw const self.0, &raw const header, data.as_ptr()) != 0 }
    }
}

/// libpcap's own number (`DLT_`) for a link type as files number it (`LINKTYPE_`): they differ
/// where the systems' numbers differed when the files' were chosen.
pub(super) const fn to_dlt(link_type: LinkType) -> i32 {
    match link_type.0 {
        100 => 11, // ATM, RFC 1483
        101 => {
            if cfg!(target_os = "openbsd") {
                14
            } else {
                12
            }
        } // raw IP
        108 => {
            if cfg!(target_os = "openbsd") {
                12
            } else {
                108
            }
        } // loop
        other => other as i32,
    }
}

/// The link type as files number it for libpcap's own number: the reverse of [`to_dlt`].
#[cfg(any(unix, test))]
pub(super) fn from_dlt(dlt: i32) -> LinkType {
    match dlt {
        11 => LinkType(100),
        12 => {
            if cfg!(target_os = "openbsd") {
                LinkType::LOOP
            } else {
                LinkType::RAW
            }
        }
        14 if cfg!(target_os = "openbsd") => LinkType::RAW,
        other => LinkType(u16::try_from(other).unwrap_or(u16::MAX)),
    }
}

/// What libpcap said, without the crate's words around it.
pub(super) fn message(error: &pcap::Error) -> String {
    match error {
        pcap::Error::PcapError(text) => text.clone(),
        pcap::Error::InvalidInputString => "it has a NUL character".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::kit::wire::{ETHERNET, IPV4, Segment};

    /// Ethernet, IPv4, TCP from `port`, cut after the ports.
    fn packet(port: u16) -> Vec<u8> {
        let mut frame = Segment::between(([127, 0, 0, 1], port), ([127, 0, 0, 1], 0x2021)).frame();
        frame.truncate(ETHERNET + IPV4 + 4);
        frame
    }

    #[test]
    fn filters_by_each_link_type() {
        let mut filter = Filter::new("tcp port 80").expect("a good filter");
        let (http, other) = (packet(80), packet(81));
        assert_eq!(filter.accepts(LinkType::ETHERNET, &http, 60), Ok(true));
        assert_eq!(filter.accepts(LinkType::ETHERNET, &other, 60), Ok(false));
        assert_eq!(filter.accepts(LinkType::RAW, &http[14..], 60), Ok(true));
        assert_eq!(filter.accepts(LinkType::RAW, &http, 60), Ok(false));
        assert_eq!(filter.accepts(LinkType::ETHERNET, &http, 60), Ok(true));
        assert_eq!(filter.accepts(LinkType::ETHERNET, &[], 0), Ok(false));
    }

    #[test]
    fn speaks_of_the_original_length() {
        let mut filter = Filter::new("greater 100").expect("a good filter");
        assert_eq!(filter.accepts(LinkType::ETHERNET, &packet(80), 1500), Ok(true));
        assert_eq!(filter.accepts(LinkType::ETHERNET, &packet(80), 99), Ok(false));
    }

    #[test]
    fn says_what_is_wrong_with_a_filter() {
        let error = Filter::new("port http and").expect_err("a broken filter").to_string();
        assert!(error.contains("`port http and`") && error.contains("syntax error"), "{error}");
        assert!(Filter::new("tcp\0").is_err());
        // Only on links that have it.
        let mut wlan = Filter::new("wlan type mgt").expect("good for wireless links");
        let error = wlan.accepts(LinkType::ETHERNET, &[], 0).expect_err("not for Ethernet").to_string();
        assert!(error.contains("`wlan type mgt`") && error.contains("ETHERNET"), "{error}");
    }

    #[test]
    fn an_empty_filter_passes_everything() {
        assert_eq!(Filter::new("").expect("empty").accepts(LinkType::ETHERNET, &[1], 1), Ok(true));
    }

    #[test]
    fn link_types_translate_both_ways() {
        for number in [0, 1, 9, 100, 101, 108, 113, 127, 276] {
            assert_eq!(from_dlt(to_dlt(LinkType(number))), LinkType(number));
        }
    }
}
