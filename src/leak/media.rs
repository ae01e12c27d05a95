//! Tells images, fonts, sound and film from everything that may hold text.
//!
//! By their first bytes and by how they go on, not by what a header says of them. It refuses
//! to look inside.

/// What such files begin with (the registries' and the formats' own descriptions), and where.
#[rustfmt::skip]
const MAGIC: &[(usize, &[u8])] = &[
    (0, b"\x89PNG\r\n\x1a\n"), (0, b"\xff\xd8\xff"), (0, b"GIF87a"), (0, b"GIF89a"), (8, b"WEBP"), (4, b"ftyp"),
    (0, b"\x00\x00\x01\x00"), (0, b"BM"), (0, b"II*\x00"), (0, b"MM\x00*"), (0, b"\xff\x0a"),
    (0, b"\x00\x00\x00\x0cJXL "), (0, b"wOFF"), (0, b"wOF2"), (0, b"\x00\x01\x00\x00"), (0, b"OTTO"), (0, b"ttcf"),
    (0, b"true"), (0, b"OggS"), (0, b"fLaC"), (0, b"ID3"), (0, b"\xff\xfb"), (0, b"\xff\xf3"), (0, b"\xff\xf1"),
    (8, b"WAVE"), (8, b"AVI "), (0, b"\x1aE\xdf\xa3"), (0, b"FLV\x01"), (0, b"\x00\x00\x01\xba"), (0, b"G@"),
];

/// Whether a body that begins with `beginning` is an image, a font, sound or film: it has such a
/// file's magic number, and at least a tenth of it is no text.
pub(super) fn is_media(beginning: &[u8]) -> bool {
    let magic = |(at, magic): &(usize, &[u8])| beginning.get(*at..).is_some_and(|rest| rest.starts_with(magic));
    let foreign = || beginning.iter().filter(|byte| matches!(byte, 0..=8 | 0x0e..=0x1f | 0x7f..)).count();
    MAGIC.iter().any(magic) && foreign() * 10 >= beginning.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_have_their_magic_and_are_no_text() {
        let noise: Vec<u8> = (0..4000_u32).map(|n| ((n * n) >> 3) as u8).collect();
        for (magic, body, want) in [
            (&b"\x89PNG\r\n\x1a\n"[..], &noise[..], true),
            (b"\x00\x00\x00\x18ftypmp42", &noise, true),
            (b"\x7fELF", &noise, false),
            (b"PK\x03\x04", &noise, false),
            (b"GIF89a", &[b'a'; 4000], false),
            (b"", &noise, false),
        ] {
            assert_eq!(is_media(&[magic, body].concat()), want, "{}", magic.escape_ascii());
        }
        assert!(!is_media(b""));
    }
}
