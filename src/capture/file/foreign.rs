//! What a file that is no capture looks like, for an error that helps.
//!
//! A guess from the first bytes; this module refuses to open anything.

/// How many of a file's first bytes are looked at.
pub(super) const LOOKED_AT: usize = 4096;

const CONVERT: Option<&str> = Some("convert it with `editcap -F pcapng OLD NEW` from the Wireshark tools");
const UNPACK: Option<&str> = Some("unpack it first and give what is in it");
const TEXT: Option<&str> = Some("give a file saved by `tcpdump -w`, Wireshark or `plainsight sniff -w`");
const AGAIN: Option<&str> = Some("capture again: nothing was written to it");

type Look = (&'static str, Option<&'static str>);

/// Magic numbers at the start of a file.
const MAGIC: &[(&[u8], Look)] = &[
    (b"\x89PNG\r\n\x1a\n", ("a PNG image", None)),
    (b"\xff\xd8\xff", ("a JPEG image", None)),
    (b"GIF8", ("a GIF image", None)),
    (b"%PDF-", ("a PDF document", None)),
    (b"PK\x03\x04", ("a ZIP archive", UNPACK)),
    (b"PK\x05\x06", ("an empty ZIP archive", None)),
    (b"\x7fELF", ("an ELF program", None)),
    (b"\xcf\xfa\xed\xfe", ("a macOS program", None)),
    (b"\xca\xfe\xba\xbe", ("a macOS program or a Java class", None)),
    (b"MZ", ("a Windows program", None)),
    (b"SQLite format 3\0", ("an SQLite database", None)),
    (b"\xfd7zXZ\0", ("an xz archive", Some("unpack it first: `xz -dc FILE | plainsight replay -`"))),
    (b"BZh", ("a bzip2 archive", Some("unpack it first: `bzip2 -dc FILE | plainsight replay -`"))),
    (b"\x04\x22\x4d\x18", ("an lz4 archive", Some("unpack it first: `lz4 -dc FILE | plainsight replay -`"))),
    (b"\x02\x21\x4c\x18", ("an lz4 archive", Some("unpack it first: `lz4 -dc FILE | plainsight replay -`"))),
    (b"7z\xbc\xaf\x27\x1c", ("a 7-Zip archive", UNPACK)),
    (b"Rar!\x1a\x07", ("a RAR archive", UNPACK)),
    (b"\x1f\x9d", ("a file packed by compress", UNPACK)),
    (b"\x1f\x8b", ("gzip within a compressed file", Some("unpack it once and give that"))),
    (b"\x28\xb5\x2f\xfd", ("zstd within a compressed file", Some("unpack it once and give that"))),
    (b"snoop\0\0\0", ("a snoop capture", CONVERT)),
    (b"btsnoop\0", ("a Bluetooth snoop capture, which has no IP in it", None)),
    (b"RTSS", ("a Microsoft NetMon capture", CONVERT)),
    (b"GMBU", ("a Microsoft NetMon capture", CONVERT)),
    (b"TRSNIFF data    \x1a", ("a Sniffer capture", CONVERT)),
    (b"XCP\0", ("a Sniffer (Windows) or NetXRay capture", CONVERT)),
    (b"\x7fver", ("an EtherPeek or OmniPeek capture", CONVERT)),
    (b"ObserverPktBuffe", ("an Observer capture", CONVERT)),
    (b"\x05VNF", ("a Visual Networks capture", CONVERT)),
    (b"\xaa\xaa\xaa\xaa", ("a 5View capture", CONVERT)),
    (b"TR\0", ("an HP-UX nettl capture", CONVERT)),
    (b"\x01\x10\x4c\0\x01\x05", ("a LANalyzer capture", CONVERT)),
    (b"iptrace 1.0", ("an AIX iptrace capture", CONVERT)),
    (b"iptrace 2.0", ("an AIX iptrace capture", CONVERT)),
    (b"\x1c\x00\x01\xac", ("an Ixia capture", CONVERT)),
    (b"\xac\x01\x00\x1c", ("an Ixia capture", CONVERT)),
    (b"\x1c\x00\x01\xab", ("an Ixia capture", CONVERT)),
    (b"\xab\x01\x00\x1c", ("an Ixia capture", CONVERT)),
    (b"\xa1\xb2\x34\xcd", ("an early nanosecond pcap variant", CONVERT)),
    (b"\xcd\x34\xb2\xa1", ("an early nanosecond pcap variant", CONVERT)),
    (b"\xa1\x2b\x3c\x4d", ("a Navtel pcap variant", CONVERT)),
    (b"\x4d\x3c\x2b\xa1", ("a Navtel pcap variant", CONVERT)),
    (b"\x0a\x0d\x0d\x0a", ("a pcapng capture damaged in its first block", None)),
];

/// What a file that starts with `head` looks like, and what to do next; `all` where the head
/// is the whole file.
pub(super) fn looks_like(head: &[u8], all: bool) -> (String, Option<&'static str>) {
    if head.is_empty() {
        return ("an empty file".to_owned(), AGAIN);
    }
    if let Some((_, (what, advice))) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return ((*what).to_owned(), *advice);
    }
    if all && head.len() < 4 {
        let bytes = if head.len() == 1 { "byte" } else { "bytes" };
        return (format!("a file of {} {bytes}, too short for any capture", head.len()), None);
    }
    if head.get(257..262) == Some(b"ustar") {
        return ("a tar archive".to_owned(), UNPACK);
    }
    if head.iter().all(|&byte| byte == 0) {
        return ("nothing but zero bytes".to_owned(), None);
    }
    if let Some((what, advice)) = text(head) {
        return (what.to_owned(), advice);
    }
    if is_erf(head) {
        return ("an Endace ERF capture".to_owned(), CONVERT);
    }
    ("binary data of no capture format known here".to_owned(), None)
}

/// Whether these are records of ERF, a format without a magic number: at least two, of types that
/// there are, within a day.
fn is_erf(head: &[u8]) -> bool {
    const DAY: u32 = 86_400;
    let (mut rest, mut count, mut start) = (head, 0, None);
    while let Some(&[_, _, _, _, t0, t1, t2, t3, kind, _, l0, l1, ..]) = rest.first_chunk::<16>() {
        let (second, length) = (u32::from_le_bytes([t0, t1, t2, t3]), usize::from(u16::from_be_bytes([l0, l1])));
        let is_near = second.abs_diff(*start.get_or_insert(second)) <= DAY;
        if !matches!(kind & 0x7f, 1..=27 | 48) || length < 16 || !is_near {
            return false;
        }
        count += 1;
        rest = rest.get(length..).unwrap_or_default();
    }
    count >= 2
}

/// The kind of text, where it is text.
fn text(head: &[u8]) -> Option<Look> {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // Cut within a character, not wrong in the middle.
        Err(error) if error.error_len().is_none() => std::str::from_utf8(head.get(..error.valid_up_to())?).ok()?,
        Err(_) => return None,
    };
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\x0c' | '\x1b')) {
        return None;
    }
    let start = text.trim_start_matches('\u{feff}').trim_start();
    let lower = start.chars().take(64).collect::<String>().to_ascii_lowercase();
    Some(if lower.starts_with("<!doctype html") || lower.starts_with("<html") {
        ("an HTML page", Some("perhaps a download that ended at a login or error page"))
    } else if lower.starts_with('<') {
        ("XML", TEXT)
    } else if start.starts_with(['{', '[']) {
        if text.contains("\"log\"") && (text.contains("\"entries\"") || text.contains("\"creator\"")) {
            ("a HAR file, which holds exchanges and no packets", TEXT)
        } else {
            ("JSON", TEXT)
        }
    } else {
        ("plain text", TEXT)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_a_file_looks_like() {
        let tar = [&[b'a'; 257][..], b"ustar\0"].concat();
        for (head, want) in [
            (&b""[..], "an empty file"),
            (b"\xa1", "a file of 1 byte, too short for any capture"),
            (b"\xa1\x02\x03", "a file of 3 bytes, too short for any capture"),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG image"),
            (b"\xff\xd8\xff\xe0", "a JPEG image"),
            (b"\x7fELF\x02", "an ELF program"),
            (b"PK\x03\x04\x14", "a ZIP archive"),
            (b"%PDF-1.7", "a PDF document"),
            (b"\n <!DOCTYPE html><title>", "an HTML page"),
            (b"<HTML>", "an HTML page"),
            (b"<?xml version", "XML"),
            (b"{\"log\": {\"version\": \"1.2\", \"creator\": {}", "a HAR file, which holds exchanges and no packets"),
            (b"[1, 2", "JSON"),
            ("wörter\n".as_bytes(), "plain text"),
            (b"snoop\0\0\0\0\0\0\x02", "a snoop capture"),
            (b"GMBU\0", "a Microsoft NetMon capture"),
            (b"\x02\x21\x4c\x18\0", "an lz4 archive"),
            (b"ObserverPktBufferVersion=15.00", "an Observer capture"),
            (&erf(&[1, 2, 1 + 86_400]), "an Endace ERF capture"),
            (&erf(&[1, 2 + 86_400]), "binary data of no capture format known here"),
            (&erf(&[1]), "binary data of no capture format known here"),
            (&tar, "a tar archive"),
            (&[0; 30], "nothing but zero bytes"),
            (&[0xfe; 30], "binary data of no capture format known here"),
        ] {
            assert_eq!(looks_like(head, true).0, want, "{}", head.escape_ascii());
        }
    }

    /// Records of Ethernet frames of these times in seconds.
    fn erf(seconds: &[u32]) -> Vec<u8> {
        let record =
            |second: &u32| [&[0; 4], &second.to_le_bytes()[..], &[2, 4, 0, 80, 0, 0, 0, 62], &[0xfe; 64]].concat();
        seconds.iter().flat_map(record).collect()
    }

    #[test]
    fn what_programs_convert_is_refused_with_the_command_that_does() {
        for (head, want) in [
            (&b"GMBU\0\x02"[..], "`editcap -F pcapng OLD NEW`"),
            (b"RTSS\x01\x01", "`editcap -F pcapng OLD NEW`"),
            (&erf(&[1, 1]), "`editcap -F pcapng OLD NEW`"),
            (b"\x04\x22\x4d\x18\x64", "`lz4 -dc FILE | plainsight replay -`"),
            (b"\x02\x21\x4c\x18", "`lz4 -dc FILE | plainsight replay -`"),
            (b"\xfd7zXZ\0", "`xz -dc FILE | plainsight replay -`"),
        ] {
            let advice = looks_like(head, true).1.unwrap_or_default();
            assert!(advice.contains(want), "{}: {advice}", head.escape_ascii());
        }
    }

    #[test]
    fn text_cut_within_a_character_is_still_text() {
        let whole = "Grüße".as_bytes();
        assert_eq!(looks_like(&whole[..3], false).0, "plain text");
    }
}
