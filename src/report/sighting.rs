//! A finding together with what it stood in: what the reports of findings are made of.
//!
//! This module refuses to know how a finding is laid out.

use super::escape;
use crate::analyzer::{Event, Exchange};
use crate::decode::Endpoint;
use crate::leak::{Finding, Severity};
use std::borrow::Cow;

/// A finding and where it belongs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sighting<'a> {
    pub(super) finding: &'a Finding,
    /// The exchange it stood in; `None` for a stream that is not HTTP and for a datagram.
    pub(super) exchange: Option<&'a Exchange>,
    /// The TCP stream's number; `None` for a datagram and for a packet of no stream.
    pub(super) stream: Option<u64>,
    /// The two ends, where they are known.
    pub(super) client: Option<Endpoint>,
    pub(super) server: Option<Endpoint>,
}

/// The findings of an event that are at least as bad as `least`.
pub(super) fn sightings(event: &Event, least: Severity) -> impl Iterator<Item = Sighting<'_>> {
    let (exchange, found) = match event {
        Event::Exchange(exchange) => (Some(exchange.as_ref()), None),
        Event::Finding(found) => (None, Some(found.as_ref())),
        Event::Tls(_) => (None, None),
    };
    let inside = exchange.into_iter().flat_map(|exchange| {
        let Exchange { stream, client, server, .. } = *exchange;
        let (client, server) = (Some(client), Some(server));
        let of = move |finding| Sighting { finding, exchange: Some(exchange), stream: Some(stream), client, server };
        exchange.findings.iter().map(of)
    });
    let outside = found.into_iter().map(|found| Sighting {
        finding: &found.finding,
        exchange: None,
        stream: found.stream,
        client: found.client,
        server: found.server,
    });
    inside.chain(outside).filter(move |sighting| sighting.finding.severity >= least)
}

/// An end of a conversation in words; empty where it is not known.
pub(super) fn end(end: Option<Endpoint>) -> String {
    end.map(|end| end.to_string()).unwrap_or_default()
}

impl<'a> Sighting<'a> {
    /// The host that was asked, escaped: what the Host header says, or the server's address.
    pub(super) fn host(&self) -> String {
        match self.exchange.and_then(Exchange::host) {
            Some(host) if !host.is_empty() => escape::bytes(host),
            _ => end(self.server),
        }
    }

    /// The request's method; empty outside HTTP.
    pub(super) fn method(&self) -> &'a [u8] {
        self.head().and_then(crate::http::Head::method).unwrap_or_default()
    }

    /// The request's target; empty outside HTTP.
    pub(super) fn target(&self) -> &'a [u8] {
        self.head().and_then(crate::http::Head::target).unwrap_or_default()
    }

    fn head(&self) -> Option<&'a crate::http::Head> {
        self.exchange.and_then(|exchange| exchange.request.as_ref()).map(|request| &request.head)
    }

    /// The secret, escaped.
    pub(super) fn secret(&self) -> Cow<'a, str> {
        let secret = escape::bytes(&self.finding.secret);
        match std::str::from_utf8(&self.finding.secret) {
            Ok(plain) if plain == secret => Cow::Borrowed(plain),
            _ => Cow::Owned(secret),
        }
    }
}
