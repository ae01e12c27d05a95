//! A message written out: its start line, its fields and its body, as they were sent.
//!
//! Each line has an edge, so that nothing in a body can be taken for a line of ours.

use super::figures;
use super::paper::Paper;
use crate::http::{Head, Message};
use crate::report::body::body_text;
use crate::report::escape;

/// Writes `message`, each line after `edge`.
pub(super) fn draw(paper: &mut Paper, message: &Message, edge: &str, ink: &str) {
    for interim in &message.interim {
        head(paper, interim, edge, ink);
        paper.wrapped(edge, ink, "");
    }
    head(paper, &message.head, edge, ink);
    let body = &message.body;
    if body.wire_length > 0 || !body.kept.is_empty() {
        paper.wrapped(edge, ink, "");
    }
    if let Some(text) = body_text(message) {
        text.lines().for_each(|line| paper.wrapped(edge, ink, &expanded(line)));
    } else {
        let size = figures::size(body.length.unwrap_or(body.wire_length));
        paper.wrapped(edge, ink, &format!("({size} that are not text)"));
    }
    if body.truncated {
        let size = figures::size(body.length.unwrap_or(body.wire_length));
        paper.wrapped(edge, ink, &format!("… ({size} in all)"));
    }
    fields(paper, &message.trailers, edge, ink);
}

fn head(paper: &mut Paper, head: &Head, edge: &str, ink: &str) {
    let version = escape::str(head.version());
    let line = match (head.method(), head.status()) {
        (Some(method), _) => {
            format!("{} {} {version}", escape::bytes(method), escape::bytes(head.target().unwrap_or_default()))
        }
        (None, Some(status)) => format!("{version} {status} {}", escape::bytes(head.reason().unwrap_or_default())),
        (None, None) => version,
    };
    paper.wrapped(edge, ink, &line);
    fields(paper, head, edge, ink);
}

fn fields(paper: &mut Paper, head: &Head, edge: &str, ink: &str) {
    for (name, value) in head.fields() {
        paper.wrapped(edge, ink, &format!("{}: {}", escape::bytes(name), escape::bytes(value)));
    }
}

/// A line of text escaped, with its tabs made spaces.
fn expanded(line: &str) -> String {
    escape::str(&line.replace('\t', "    "))
}
