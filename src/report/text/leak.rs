//! The box around a finding: the one thing in the report that nobody may miss.
//!
//! It shows what was found, the secret among the bytes it stood in, where, and how to
//! stop it. This module refuses to judge whether it is one.

use super::paper::{Paper, ink};
use crate::analyzer::Exchange;
use crate::http::{Head, Message};
use crate::leak::{Finding, Where};
use crate::packet::PacketId;
use crate::report::escape;
use std::fmt::Write as _;

/// How much of the line may stand before the secret, in columns.
const BEFORE: usize = 24;

/// Draws the box. `packet` names the packet; `counts` is whether the finding is bad enough to
/// be called a leak.
pub(super) fn draw(paper: &mut Paper, finding: &Finding, exchange: Option<&Exchange>, packet: &str, counts: bool) {
    let (ink, block, tag) =
        if counts { (ink::ALARM, ink::ALARM_BLOCK, " LEAK ") } else { (ink::YELLOW, ink::WARNING_BLOCK, " WEAKNESS ") };
    let across = paper.width() - 3;
    paper.paint(ink, "  ┏━");
    paper.paint(block, tag);
    paper.paint(ink, &"━".repeat(across - 1 - tag.len()));
    paper.end_line();
    let title = escape::str(&finding.title);
    let (place, rule) = (words(&finding.location), escape::str(&finding.rule));
    line(paper, ink, &format!("{}: {title} {place} (rule {rule})", finding.severity));
    evidence(paper, ink, finding, exchange);
    for (key, value) in &finding.about {
        line(paper, ink, &format!("{}: {}", escape::str(key), escape::str(value)));
    }
    line(paper, ink, &standing(finding, packet));
    line(paper, ink, &format!("Stop it: {}", escape::str(&finding.fix)));
    paper.paint(ink, &format!("  ┗{}", "━".repeat(across)));
    paper.end_line();
}

/// One line for a finding that was shown before: the `count`th, `first` naming the packet of
/// the first.
pub(super) fn again(paper: &mut Paper, finding: &Finding, count: u64, first: &str) {
    let (title, place) = (escape::str(&finding.title), words(&finding.location));
    line(paper, ink::ALARM, &format!("again: {title} {place} (seen {count} times, first in packet {first})"));
}

/// A packet's number, and its file's name where there are several.
pub(super) fn packet(packet: PacketId, file: Option<&str>) -> String {
    file.map_or_else(|| packet.to_string(), |file| format!("{packet} of {}", escape::str(file)))
}

fn line(paper: &mut Paper, ink: &str, text: &str) {
    paper.wrapped("  ┃ ", ink, text);
}

/// The packet and the bytes, so that anyone can look.
fn standing(finding: &Finding, packet: &str) -> String {
    let mut text = format!("Packet {packet}");
    if let Some(offset) = finding.place.offset {
        _ = write!(text, ", from its byte {offset}");
    }
    let end = finding.offset.saturating_add(finding.length.saturating_sub(1));
    let bytes = if finding.length > 1 { format!("bytes {} to {end}", finding.offset) } else { format!("byte {end}") };
    _ = write!(text, "; {bytes} of {}", escape::str(&finding.location.to_string()));
    if !finding.via.is_empty() {
        _ = write!(text, "; inside {}", escape::str(&finding.via.join(", ")));
    }
    text
}

/// The secret, marked, with what stood around it.
fn evidence(paper: &mut Paper, ink: &str, finding: &Finding, exchange: Option<&Exchange>) {
    let columns = paper.width() - 4;
    let secret = escape::bytes(&finding.secret);
    let (before, shown, after) = exchange.and_then(|exchange| around(finding, exchange)).unwrap_or_default();
    let (before, shown) = (tail(&escape::bytes(&before), BEFORE), escape::bytes(shown));
    // What stood there may be the secret in some coding: then both are shown.
    let mark = escape::clip(if shown.is_empty() { &secret } else { &shown }, columns - escape::width(&before));
    let left = columns - escape::width(&before) - escape::width(&mark);
    paper.paint(ink, "  ┃ ");
    paper.plain(&before);
    paper.paint(ink::ALARM_BLOCK, &mark);
    if left > 0 {
        paper.plain(&escape::clip(&escape::bytes(after), left));
    }
    paper.end_line();
    if !shown.is_empty() && shown != secret {
        line(paper, ink, &format!("which says: {}", escape::clip(&secret, columns - 12)));
    }
}

/// The end of escaped text in at most `columns`, with `…` before it where it was cut.
fn tail(text: &str, columns: usize) -> String {
    let over = escape::width(text).saturating_sub(columns);
    if over == 0 {
        return text.to_owned();
    }
    let mut rest = escape::split(text, over + 1).1;
    if escape::width(rest) >= columns {
        rest = escape::split(text, over + 2).1;
    }
    format!("…{rest}")
}

type Around<'a> = (Vec<u8>, &'a [u8], &'a [u8]);

/// The bytes before the secret, its own, and those after it, in the value where it stood;
/// `None` where that value was not kept so far.
fn around<'a>(finding: &Finding, exchange: &'a Exchange) -> Option<Around<'a>> {
    let (request, response) = (exchange.request.as_ref(), exchange.response.as_ref());
    let cut = |value: &'a [u8]| -> Option<Around<'a>> {
        let from = usize::try_from(finding.offset).ok()?;
        let to = from.checked_add(usize::try_from(finding.length).ok()?)?;
        let shown = value.get(from..to).filter(|shown| !shown.is_empty())?;
        Some((value.get(..from)?.to_vec(), shown, value.get(to..)?))
    };
    // One of several fields with the same name: the one that says the secret, else the first.
    let field = |fields: &mut dyn Iterator<Item = (&'a [u8], &'a [u8])>, wanted: &str| {
        let of_name = fields.filter(|(name, _)| name.eq_ignore_ascii_case(wanted.as_bytes()));
        let mut cuts: Vec<_> = of_name.filter_map(|(name, value)| Some((name, cut(value)?))).collect();
        let says_it = cuts.iter().position(|(_, (_, shown, _))| *shown == finding.secret).unwrap_or(0);
        (says_it < cuts.len()).then(|| {
            let (name, (before, shown, after)) = cuts.swap_remove(says_it);
            ([name, b": ", &before].concat(), shown, after)
        })
    };
    let name = |message: &'a Message| {
        message.head.fields().filter_map(|(name, _)| cut(name)).find(|(_, shown, _)| *shown == finding.secret)
    };
    match &finding.location {
        Where::RequestMethod => cut(request?.head.method()?),
        Where::RequestTarget => cut(request?.head.target()?),
        Where::RequestHeader(name) => field(&mut request?.head.fields(), name),
        Where::RequestTrailer(name) => field(&mut request?.trailers.fields(), name),
        Where::RequestBody => cut(&request?.body.kept),
        Where::RequestHeaderName => name(request?),
        Where::ResponseReason => cut(response?.head.reason()?),
        Where::ResponseHeader(name) => field(&mut response?.head.fields(), name),
        Where::ResponseTrailer(name) => field(&mut response?.trailers.fields(), name),
        Where::ResponseInterim(name) => field(&mut response?.interim.iter().flat_map(Head::fields), name),
        Where::ResponseBody => cut(&response?.body.kept),
        Where::ResponseHeaderName => name(response?),
        Where::Stream | Where::Datagram | Where::Packet | Where::Tls => None,
    }
}

/// Where it stood, in words.
fn words(location: &Where) -> String {
    let (whose, what) = match location {
        Where::RequestMethod => ("request's", "method"),
        Where::RequestTarget => ("request's", "target"),
        Where::RequestHeader(name) => return format!("in the request's header {}", escape::str(name)),
        Where::RequestHeaderName => ("request's", "header names"),
        Where::RequestBody => ("request's", "body"),
        Where::RequestTrailer(name) => return format!("in the request's trailer {}", escape::str(name)),
        Where::ResponseReason => ("response's", "reason"),
        Where::ResponseHeader(name) => return format!("in the response's header {}", escape::str(name)),
        Where::ResponseHeaderName => ("response's", "header names"),
        Where::ResponseBody => ("response's", "body"),
        Where::ResponseTrailer(name) => return format!("in the response's trailer {}", escape::str(name)),
        Where::ResponseInterim(name) => return format!("in an interim response's header {}", escape::str(name)),
        Where::Stream => ("TCP stream's", "bytes"),
        Where::Datagram => ("UDP datagram's", "bytes"),
        Where::Packet => ("packet's", "bytes"),
        Where::Tls => ("TLS handshake's", "readable part"),
    };
    format!("in the {whose} {what}")
}
