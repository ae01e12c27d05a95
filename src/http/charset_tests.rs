//! Texts in many charsets, and bytes that are no text.

use super::to_text;
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
}
