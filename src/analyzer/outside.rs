//! What is kept of a stream's bytes that belong to no HTTP message: canaries are looked for in all of
//! them, and what rules describe in the messages of a WebSocket.

use super::origins::Origins;
use crate::leak::Finding;
use crate::leak::{Run, Scanner, Side, Where};
use crate::packet::Place;
use crate::protocol::{Payload, Protocol};
use crate::tcp::{Direction, PerDirection};

/// How far back the origin of bytes is remembered for canaries, in bytes: as far as the longest
/// disguise of one reaches, and then some.
const REACH: u64 = 256 << 10;

/// Of each direction.
#[derive(Debug, Default)]
pub(super) struct Outside {
    directions: PerDirection<Said>,
    /// The exchange that switched to the WebSocket, and who asked for that.
    opening: Option<(u64, Direction)>,
}

/// What one direction said outside of HTTP.
#[derive(Debug)]
struct Said {
    canaries: Run,
    origins: Origins,
    /// Bytes so far, as they stand in the direction.
    bytes: u64,
    /// How many of them came before the first frame.
    before_frames: Option<u64>,
    /// Whose bytes came last.
    protocol: Protocol,
    message: Option<Box<Message>>,
}

/// A message of a WebSocket that is coming in.
#[derive(Debug)]
struct Message {
    run: Run,
    origins: Origins,
}

impl Default for Said {
    fn default() -> Self {
        Self {
            canaries: Run::default(),
            origins: Origins::new(REACH),
            bytes: 0,
            before_frames: None,
            protocol: Protocol::Opaque,
            message: None,
        }
    }
}

impl Outside {
    /// Memory held besides `self`, in bytes.
    pub(super) fn memory_usage(&self) -> usize {
        let one = |said: &Said| {
            let message = said
                .message
                .as_ref()
                .map_or(0, |message| size_of::<Message>() + message.run.weight() + message.origins.memory_usage());
            said.canaries.weight() + said.origins.memory_usage() + message
        };
        Direction::BOTH.into_iter().map(|from| one(&self.directions[from])).sum()
    }

    /// The stream goes on as a WebSocket, which `client` asked for in this exchange.
    pub(super) fn opened_by(&mut self, exchange: u64, client: Direction) {
        self.opening = Some((exchange, client));
    }

    /// The exchange that switched to the WebSocket.
    pub(super) fn exchange(&self) -> Option<u64> {
        self.opening.map(|(exchange, _)| exchange)
    }

    /// Bytes without frames.
    pub(super) fn raw(&mut self, from: Direction, bytes: &[u8], place: Place, scanner: &Scanner) -> Vec<Finding> {
        let said = &mut self.directions[from];
        said.protocol = Protocol::Opaque;
        let end = said.bytes.saturating_add(bytes.len() as u64);
        said.origins.add(bytes.len(), said.bytes..end);
        said.bytes = end;
        scanner.feed_other(&mut said.canaries, bytes, place);
        said.take_canaries(scanner)
    }

    /// Bytes with frames, whose payloads come next.
    pub(super) fn framed(&mut self, from: Direction, bytes: &[u8]) {
        let said = &mut self.directions[from];
        said.before_frames.get_or_insert(said.bytes);
        said.bytes = said.bytes.saturating_add(bytes.len() as u64);
    }

    /// What stood in frames.
    pub(super) fn payload(&mut self, payload: &Payload<'_>, scanner: &Scanner) -> Vec<Finding> {
        let said = &mut self.directions[payload.from];
        said.protocol = payload.protocol;
        let before = said.before_frames.unwrap_or(0);
        let origin = before.saturating_add(payload.origin.start)..before.saturating_add(payload.origin.end);
        if payload.in_message && scanner.has_rules() {
            let message = said
                .message
                .get_or_insert_with(|| Box::new(Message { run: Run::default(), origins: Origins::new(u64::MAX) }));
            message.origins.add(payload.bytes.len(), origin.clone());
            scanner.feed_message(&mut message.run, payload.bytes, payload.place);
        }
        said.origins.add(payload.bytes.len(), origin);
        scanner.feed_other(&mut said.canaries, payload.bytes, payload.place);
        said.take_canaries(scanner)
    }

    /// A message is over: what rules found in it.
    pub(super) fn message_over(&mut self, from: Direction, scanner: &Scanner) -> Vec<Finding> {
        let client = self.opening.map_or(Direction::FromInitiator, |(_, client)| client);
        let side = if from == client { Side::Request } else { Side::Response };
        let Some(message) = self.directions[from].message.take() else { return Vec::new() };
        let Message { run, origins } = *message;
        let mut findings = scanner.look_at_message(side, run, &Where::Stream);
        for finding in &mut findings {
            move_to(finding, &origins);
            finding.via.insert(0, WEB_SOCKET.to_owned());
        }
        findings
    }

    /// The direction is over: what is still found in it.
    pub(super) fn finish(&mut self, from: Direction, scanner: &Scanner) -> Vec<Finding> {
        let mut findings = self.message_over(from, scanner);
        let said = &mut self.directions[from];
        scanner.finish_other(&mut said.canaries);
        findings.append(&mut said.take_canaries(scanner));
        findings
    }
}

/// The coding that findings name.
const WEB_SOCKET: &str = "websocket";

impl Said {
    /// The canaries that were found since the last call.
    fn take_canaries(&mut self, scanner: &Scanner) -> Vec<Finding> {
        if !self.canaries.has_findings() {
            return Vec::new();
        }
        let location = if self.protocol == Protocol::Tls { Where::Tls } else { Where::Stream };
        let mut findings = scanner.take_other(&mut self.canaries, &location);
        for finding in &mut findings {
            move_to(finding, &self.origins);
            if self.protocol == Protocol::WebSocket {
                finding.via.insert(0, WEB_SOCKET.to_owned());
            }
        }
        findings
    }
}

/// Counts a finding's place by the bytes as they stand in the direction.
fn move_to(finding: &mut Finding, origins: &Origins) {
    let from = origins.of(&(finding.offset..finding.offset.saturating_add(finding.length)));
    (finding.offset, finding.length) = (from.start, from.end.saturating_sub(from.start));
}
