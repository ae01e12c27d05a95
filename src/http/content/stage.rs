//! One coding of a body, and the chain of them.
//!
//! A decoder is asked for one step after another; which coding it is does not matter here.

use super::coding::Coding;
use super::decode::{Decode, Ending, Status, with_scratch};
use super::kind::Kind;
use super::limits::Limits;
use super::sniff::{self, HELD, Verdict};
use crate::http::message::Note;

/// What the stages of a body share.
#[derive(Debug, Default)]
pub(super) struct Progress {
    limits: Limits,
    /// Bytes of the body so far.
    pub(super) wire: u64,
    pub(super) notes: Vec<Note>,
}

impl Progress {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, wire: 0, notes: Vec::new() }
    }

    pub(super) fn note(&mut self, note: &'static str) {
        if !self.notes.contains(&Note(note)) {
            self.notes.push(Note(note));
        }
    }
}

/// One coding of a body.
#[derive(Debug)]
pub(super) struct Stage {
    label: Coding,
    /// What is being or was removed.
    kind: Option<Kind>,
    state: State,
    /// Bytes given so far.
    given: u64,
}

#[derive(Debug)]
enum State {
    /// The first bytes, until it is clear what they are.
    Held(Held),
    Decoding(Box<dyn Decode>),
    /// The label lied: bytes go on as they come.
    Plain,
    /// The coded data ended.
    Ended,
    /// It could not go on.
    Stopped,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    bytes: [u8; HELD],
    length: usize,
}

type Sink<'a> = &'a mut dyn FnMut(&[u8], &mut Progress);

/// Sends bytes through a chain of stages.
pub(super) fn feed(stages: &mut [Stage], bytes: &[u8], progress: &mut Progress, sink: &mut dyn FnMut(&[u8])) {
    match stages.split_first_mut() {
        None => sink(bytes),
        Some((first, later)) => {
            first.feed(bytes, progress, &mut |bytes, progress| feed(later, bytes, progress, sink));
        }
    }
}

/// Ends a chain of stages, outermost first.
pub(super) fn finish(stages: &mut [Stage], complete: bool, progress: &mut Progress, sink: &mut dyn FnMut(&[u8])) {
    let mut complete = complete;
    let mut rest = stages;
    while let Some((first, later)) = rest.split_first_mut() {
        complete = first.finish(complete, progress, &mut |bytes, progress| feed(later, bytes, progress, sink));
        rest = later;
    }
}

/// Bytes were lost between the last and the next ones.
pub(super) fn gap(stages: &mut [Stage], progress: &mut Progress, sink: &mut dyn FnMut(&[u8])) {
    let mut rest = stages;
    while let Some((first, later)) = rest.split_first_mut() {
        // Decides on what was held back.
        first.release(false, progress, &mut |bytes, progress| feed(later, bytes, progress, sink));
        match first.state {
            State::Plain => {}
            State::Decoding(_) | State::Held(_) => {
                progress.note("content-hole");
                first.state = State::Stopped;
                return;
            }
            State::Ended | State::Stopped => return,
        }
        rest = later;
    }
}

impl Stage {
    pub(super) fn new(label: Coding) -> Self {
        Self { label, kind: None, state: State::Held(Held { bytes: [0; HELD], length: 0 }), given: 0 }
    }

    /// The coding that was removed here, if one was.
    pub(super) fn removed(&self) -> Option<Coding> {
        self.kind.map(Kind::coding)
    }

    pub(super) fn memory(&self) -> usize {
        let decoder = if let State::Decoding(decoder) = &self.state { decoder.memory() } else { 0 };
        size_of::<Self>() + decoder
    }

    fn feed(&mut self, bytes: &[u8], progress: &mut Progress, sink: Sink<'_>) {
        let mut rest = bytes;
        if let State::Held(held) = &mut self.state {
            let (now, later) = bytes.split_at(bytes.len().min(HELD - held.length));
            if let Some(free) = held.bytes.get_mut(held.length..held.length + now.len()) {
                free.copy_from_slice(now);
                held.length += now.len();
            }
            let held = *held;
            let first = held.bytes.get(..held.length).unwrap_or_default();
            self.settle(sniff::decide(self.label, first, None, &progress.limits), first, progress, sink);
            rest = later;
        }
        self.decode(rest, progress, sink);
    }

    /// Acts on the verdict about the first bytes, and lets these go where it says.
    fn settle(&mut self, verdict: Verdict, first: &[u8], progress: &mut Progress, sink: Sink<'_>) {
        match verdict {
            Verdict::Wait => return,
            Verdict::Plain(note) => {
                progress.note(note);
                self.state = State::Plain;
            }
            Verdict::Coded(kind) => {
                if kind.coding() != self.label {
                    progress.note("wrong-content-encoding");
                } else if kind == Kind::RawDeflate {
                    progress.note("raw-deflate");
                }
                self.kind = Some(kind);
                self.state = State::Decoding(kind.decoder(&progress.limits));
            }
        }
        self.decode(first, progress, sink);
    }

    /// Decides with what there is, because no more comes.
    fn release(&mut self, complete: bool, progress: &mut Progress, sink: Sink<'_>) {
        let State::Held(held) = self.state else { return };
        let first = held.bytes.get(..held.length).unwrap_or_default();
        if !first.is_empty() {
            self.settle(sniff::decide(self.label, first, Some(complete), &progress.limits), first, progress, sink);
        }
    }

    fn decode(&mut self, bytes: &[u8], progress: &mut Progress, sink: Sink<'_>) {
        match &mut self.state {
            _ if bytes.is_empty() => {}
            State::Held(_) | State::Stopped => {}
            State::Ended => progress.note("garbage-after-content"),
            State::Plain => sink(bytes, progress),
            State::Decoding(decoder) => {
                let given = &mut self.given;
                if let Some(state) = with_scratch(|scratch| run(&mut **decoder, bytes, given, scratch, progress, sink))
                {
                    self.state = state;
                }
            }
        }
    }

    /// Whether what was handed on is whole.
    fn finish(&mut self, complete: bool, progress: &mut Progress, sink: Sink<'_>) -> bool {
        self.release(complete, progress, sink);
        match &mut self.state {
            State::Held(held) => {
                if held.length == 0 && complete {
                    progress.note("coding-on-empty-body");
                } else if held.length > 0 {
                    progress.note("content-cut");
                }
                complete && held.length == 0
            }
            State::Plain => complete,
            State::Ended => true,
            State::Stopped => false,
            State::Decoding(decoder) => {
                let ending = decoder.ending();
                match ending {
                    Ending::Whole => {}
                    Ending::TrailerMissing(note) if complete => progress.note(note),
                    Ending::TrailerMissing(_) | Ending::Cut => progress.note("content-cut"),
                }
                self.state = if ending == Ending::Cut { State::Stopped } else { State::Ended };
                ending != Ending::Cut
            }
        }
    }
}

/// Decodes `bytes` and hands the result on; gives the stage's new state where it changes.
fn run(
    decoder: &mut dyn Decode,
    bytes: &[u8],
    given: &mut u64,
    scratch: &mut [u8],
    progress: &mut Progress,
    sink: Sink<'_>,
) -> Option<State> {
    let allowance = progress.limits.allowance(progress.wire);
    let mut rest = bytes;
    loop {
        // One byte more than allowed, to see whether there is more.
        let room = usize::try_from(allowance.saturating_sub(*given)).unwrap_or(usize::MAX);
        let size = scratch.len().min(room.saturating_add(1));
        let output = scratch.get_mut(..size).unwrap_or_default();
        let step = decoder.step(rest, output);
        rest = rest.get(step.consumed..).unwrap_or_default();
        let output = output.get(..step.produced.min(room)).unwrap_or_default();
        *given += output.len() as u64;
        if !output.is_empty() {
            sink(output, progress);
        }
        if step.produced > room {
            progress.note("decompression-bomb");
            return Some(State::Stopped);
        }
        match step.status {
            Status::More if step.produced == size => {}
            Status::More if rest.is_empty() => return None,
            Status::More if step.consumed > 0 || step.produced > 0 => {}
            Status::More => {
                progress.note("content-corrupt");
                return Some(State::Stopped);
            }
            Status::Remark(note) => progress.note(note),
            Status::End => {
                if !rest.is_empty() {
                    progress.note("garbage-after-content");
                }
                return Some(State::Ended);
            }
            Status::Fault(note) => {
                progress.note(note);
                return Some(State::Stopped);
            }
        }
    }
}
