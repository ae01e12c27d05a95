//! The forms of a text that can be made beforehand: as it is, and in base64, hex and UTF-16, one
//! or two deep.
//!
//! It refuses to know encodings that leave the sender a choice.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::ops::Range;

/// One form of a canary.
#[derive(Debug, Clone)]
pub(super) struct Form {
    /// The bytes by which it is found; looked for in any case.
    pub(super) needle: Box<[u8]>,
    /// Which canary it is of.
    pub(super) canary: usize,
    /// The encodings, from the outside.
    pub(super) via: Vec<&'static str>,
    /// Whether the case of letters counts.
    pub(super) exact: bool,
    /// How many bytes before and behind the needle hold parts of the text.
    pub(super) margin: (u8, u8),
}

/// Bytes made of a text by an encoding: the part that the text alone decides, and how many more
/// bytes before and behind it has a hand in.
struct Encoded {
    bytes: Vec<u8>,
    via: &'static str,
    exact: bool,
    margin: (u8, u8),
}

/// All forms of `text`.
pub(super) fn of(canary: usize, text: &[u8], ignore_case: bool) -> Vec<Form> {
    let mut forms = Vec::new();
    let mut add = |bytes: Vec<u8>, via: Vec<&'static str>, exact: bool, margin| {
        if bytes.len() >= super::text::SHORTEST {
            forms.push(Form { needle: bytes.into_boxed_slice(), canary, via, exact, margin });
        }
    };
    add(text.to_vec(), Vec::new(), !ignore_case, (0, 0));
    for inner in encoded(text, (0, 0), ignore_case) {
        // Hex in either case is not one form but two, once something is made of it.
        let mut inners = vec![inner.bytes.clone()];
        if inner.via == "hex" {
            inners.push(inner.bytes.to_ascii_uppercase());
        }
        for text in inners {
            for outer in encoded(&text, inner.margin, ignore_case && inner.via == "utf-16") {
                add(outer.bytes, vec![outer.via, inner.via], outer.exact, outer.margin);
            }
        }
        add(inner.bytes, vec![inner.via], inner.exact, inner.margin);
    }
    forms
}

/// `text` in each encoding; so many bytes before and behind it are to be in the margin too. What any case of its letters would change is left out where case is
/// to be ignored: there the encoding is removed instead.
fn encoded(text: &[u8], around: (u8, u8), ignore_case: bool) -> Vec<Encoded> {
    let twice = (around.0 * 2, around.1 * 2);
    let mut all = Vec::new();
    if !ignore_case {
        for before in 0..3 {
            let standard = base64(text, before, around, false);
            let url = base64(text, before, around, true);
            if url.bytes != standard.bytes {
                all.push(url);
            }
            all.push(standard);
        }
        let hex = text.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
        all.push(Encoded { bytes: hex, via: "hex", exact: false, margin: twice });
    }
    let units: Vec<u16> = match std::str::from_utf8(text) {
        Ok(text) => text.encode_utf16().collect(),
        Err(_) => text.iter().map(|byte| u16::from(*byte)).collect(),
    };
    for bytes in [
        units.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
        units.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
    ] {
        all.push(Encoded { bytes, via: "utf-16", exact: !ignore_case, margin: twice });
    }
    all
}

const fn digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' + value - 10 }
}

/// The letters of base64 that `text` decides alone where `before` bytes of its group stand in
/// front of it. The margin has the other letters that hold a bit of it, and those of the bytes around it.
fn base64(text: &[u8], before: usize, around: (u8, u8), url: bool) -> Encoded {
    let group: Vec<u8> = std::iter::repeat_n(0, before).chain(text.iter().copied()).collect();
    let letters = if url { URL_SAFE_NO_PAD.encode(&group) } else { STANDARD_NO_PAD.encode(&group) };
    let whole = group.len() * 8 / 6;
    // Letters that also hold bits of what stands before are known in part.
    let Range { start, end } = [0, 2, 3].get(before).copied().unwrap_or(0)..whole;
    let bytes = letters.as_bytes().get(start..end).unwrap_or_default().to_vec();
    // A group of three bytes before, so that no number is below 0.
    let first = (3 + before - usize::from(around.0)) * 8 / 6;
    let last = ((group.len() + usize::from(around.1)) * 8).div_ceil(6);
    let margin = ((4 + start - first) as u8, (last - end) as u8);
    Encoded { bytes, via: "base64", exact: true, margin }
}
