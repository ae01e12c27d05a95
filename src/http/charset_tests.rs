//! Texts in many charsets, and bytes that are no text.

use super::{decode, is_binary, to_text};
use encoding_rs::{BIG5, EUC_JP, EUC_KR, GB18030, GBK, SHIFT_JIS, UTF_8, WINDOWS_1251, WINDOWS_1252};
use proptest::prelude::*;

#[test]
fn texts() {
    let cases: &[(&str, &[u8], &str)] = &[
        ("", b"", ""),
        ("", b"plain", "plain"),
        ("", "Schwänze 松鼠 🐿".as_bytes(), "Schwänze 松鼠 🐿"),
        ("", b"\xef\xbb\xbfwith a mark", "with a mark"),
        ("", b"\xff\xfea\x00\xe9\x00", "aé"),
        ("", b"\xfe\xff\x00a\x00\xe9", "aé"),
        ("text/plain", b"tab\tlf\ncr\rff\x0cesc\x1b[0m", "tab\tlf\ncr\rff\x0cesc\x1b[0m"),
        ("text/plain; charset=utf-8", "ä".as_bytes(), "ä"),
        ("text/plain;charset=\"UTF-8\"", "ä".as_bytes(), "ä"),
        ("text/plain; CHARSET='utf8'", "ä".as_bytes(), "ä"),
        ("text/plain; format=flowed; charset = iso-8859-1 ", b"caf\xe9", "café"),
        ("text/plain; charset=iso-8859-15", b"\xa4", "€"),
        ("text/plain; charset=windows-1251", b"\xef\xf0\xe8\xe2\xe5\xf2", "привет"),
        ("text/plain; charset=koi8-r", b"\xd0\xd2\xc9\xd7\xc5\xd4", "привет"),
        ("text/plain; charset=Shift_JIS", b"\x83\x8a\x83\x58", "リス"),
        ("text/plain; charset=euc-jp", b"\xa5\xea\xa5\xb9", "リス"),
        ("text/plain; charset=iso-2022-jp", b"\x1b$B%j%9\x1b(B", "リス"),
        ("text/plain; charset=gb2312", b"\xcb\xc9\xca\xf3", "松鼠"),
        ("text/plain; charset=gb18030", b"\xcb\xc9\xca\xf3", "松鼠"),
        ("text/plain; charset=big5", b"\xaaQ\xb9\xab", "松鼠"),
        ("text/plain; charset=euc-kr", b"\xb4\xd9\xb6\xf7", "다람"),
        ("text/plain; charset=utf-16le", b"a\x00\xe9\x00", "aé"),
        ("text/plain; charset=utf-16be", b"\x00a\x00\xe9", "aé"),
        // The mark is right where the label is not.
        ("text/plain; charset=iso-8859-1", b"\xef\xbb\xbf\xc3\xa4", "ä"),
        // Nobody knows it: UTF-8.
        ("text/plain; charset=klingon", "ä".as_bytes(), "ä"),
        ("text/plain; charset=", "ä".as_bytes(), "ä"),
        ("text/html", b"<html><meta charset=windows-1252>\xe9", "<html><meta charset=windows-1252>é"),
        ("text/html", b"<META CHARSET = 'latin1' />\xe9", "<META CHARSET = 'latin1' />é"),
        (
            "text/html",
            b"<meta http-equiv=\"Content-Type\" content=\"text/html; charset=iso-8859-1\">\xe9",
            "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=iso-8859-1\">é",
        ),
        (
            "",
            b"<!-- <meta charset=big5> --><meta charset=latin1>\xe9",
            "<!-- <meta charset=big5> --><meta charset=latin1>é",
        ),
        // Read as ASCII, so it isn't UTF-16.
        ("text/html", "<meta charset=utf-16>ä".as_bytes(), "<meta charset=utf-16>ä"),
        ("text/html; charset=utf-8", "<meta charset=latin1>ä".as_bytes(), "<meta charset=latin1>ä"),
        ("application/json", "{\"a\":\"<meta charset=latin1>ä\"}".as_bytes(), "{\"a\":\"<meta charset=latin1>ä\"}"),
        (
            "application/xml",
            b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xe9</a>",
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>é</a>",
        ),
        ("text/css", b"@charset \"latin1\";a{content:'\xe9'}", "@charset \"latin1\";a{content:'é'}"),
    ];
    for (content_type, bytes, expected) in cases {
        let kind = Some(content_type.as_bytes()).filter(|kind| !kind.is_empty());
        for truncated in [false, true] {
            let text = to_text(bytes, kind, truncated);
            assert_eq!(text.as_deref(), Some(*expected), "{content_type}: {}", bytes.escape_ascii());
        }
    }
}

#[test]
fn no_texts() {
    let cases: &[(&str, &[u8])] = &[
        ("", b"caf\xe9"),
        ("text/plain; charset=utf-8", b"caf\xe9 au lait"),
        ("text/plain; charset=us-ascii", b"nul\0"),
        ("text/plain", b"bell\x07"),
        ("text/plain; charset=shift_jis", b"\x83"),
        ("text/plain; charset=utf-16le", b"a\0b"),
        ("text/plain; charset=utf-16le", b"\0\xd8a\0"),
        ("text/html; charset=iso-8859-1", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("image/gif", b"GIF89a\x01\0\x01\0\x80\0"),
        ("", b"\xff\xfe\0\0"),
    ];
    for (content_type, bytes) in cases {
        let kind = Some(content_type.as_bytes()).filter(|kind| !kind.is_empty());
        assert_eq!(to_text(bytes, kind, false), None, "{content_type}: {}", bytes.escape_ascii());
    }
}

#[test]
fn cut_between_characters() {
    let cases: &[(&str, &[u8], &str)] = &[
        ("utf-8", "a松".as_bytes(), "a"),
        ("shift_jis", b"\x83\x8a\x83\x58", "リ"),
        ("utf-16le", b"a\0b\0", "a"),
        ("gb18030", b"a\x81\x30\x81\x30", "a"),
    ];
    for (charset, bytes, expected) in cases {
        let kind = format!("text/plain; charset={charset}");
        let cut = &bytes[..bytes.len() - 1];
        assert_eq!(to_text(cut, Some(kind.as_bytes()), true).as_deref(), Some(*expected), "{charset}");
        assert_eq!(to_text(cut, Some(kind.as_bytes()), false), None, "{charset}, but that was all");
    }
}

proptest! {
    #[test]
    fn a_beginning_of_a_text_is_one(text in "[ -~äöü€松鼠🐿]{0,40}", at in any::<prop::sample::Index>()) {
        let cut = at.index(text.len() + 1);
        let start = to_text(&text.as_bytes()[..cut], None, true).map(std::borrow::Cow::into_owned);
        let start = start.unwrap_or_default();
        prop_assert!(text.starts_with(&start) && cut < start.len() + 4);
    }

    #[test]
    fn any_bytes_are_text_or_not(bytes in prop::collection::vec(any::<u8>(), 0..300), kind in "[ -~]{0,40}", cut in any::<bool>()) {
        if let Some(text) = to_text(&bytes, Some(kind.as_bytes()), cut) {
            prop_assert!(!text.contains('\0'));
        }
    }

    /// Many bytes at once are judged as one by one.
    #[test]
    fn control_characters_are_seen_wherever_they_stand(
        text in prop_oneof!["[ -~]{0,600}".prop_map(String::into_bytes), prop::collection::vec(any::<u8>(), 0..20)],
        placed in prop::collection::vec((any::<prop::sample::Index>(), 0..0x20_u8), 0..3),
    ) {
        let mut text = text;
        for (at, byte) in placed {
            text.insert(at.index(text.len() + 1), byte);
        }
        let want = text.iter().any(|byte| *byte < 0x20 && !b"\t\n\x0c\r\x1b".contains(byte));
        prop_assert_eq!(is_binary(&text), want);
    }

    /// UTF-8 is checked in one step, and so is what is all ASCII in other charsets: as the decoder of
    /// that charset decodes it, and as the standard library checks it.
    #[test]
    fn texts_checked_in_one_step_are_what_their_decoder_says(
        text in prop_oneof!["[ -~äöü€松鼠🐿]{0,80}".prop_map(String::into_bytes), prop::collection::vec(any::<u8>(), 0..40)],
        ascii in prop::collection::vec(0..0x80_u8, 0..80),
        damage in prop_oneof![3 => Just(None), 1 => (any::<prop::sample::Index>(), any::<u8>()).prop_map(Some)],
        cut in any::<prop::sample::Index>(),
        truncated in any::<bool>(),
    ) {
        let mut text = text;
        if let Some((at, byte)) = damage {
            text.insert(at.index(text.len() + 1), byte);
        }
        text.truncate(cut.index(text.len() + 1).max(text.len() / 2));
        let valid = match std::str::from_utf8(&text) {
            Ok(valid) => Some(valid),
            Err(error) if truncated && error.error_len().is_none() => std::str::from_utf8(&text[..error.valid_up_to()]).ok(),
            Err(_) => None,
        };
        let decoded = decode(&text, UTF_8, truncated);
        prop_assert_eq!(decoded.as_deref(), valid);
        for encoding in [BIG5, EUC_JP, EUC_KR, GB18030, GBK, SHIFT_JIS, WINDOWS_1251, WINDOWS_1252] {
            let slow = encoding.decode_without_bom_handling_and_without_replacement(&ascii);
            prop_assert_eq!(decode(&ascii, encoding, truncated), slow, "{}", encoding.name());
        }
    }
}
