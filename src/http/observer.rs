//! What whoever reads HTTP tells, in any version of it.

use super::message::{Message, Note};
use super::settings::Settings;
use crate::packet::Place;
use crate::tcp::Direction;

/// What the room to the right keeps for a body.
pub trait BodyState: Default {
    /// Memory held besides `self`, in bytes.
    fn weight(&self) -> usize;
}

/// Nothing is kept.
impl BodyState for () {
    fn weight(&self) -> usize {
        0
    }
}

/// The bytes themselves are kept.
impl BodyState for Vec<u8> {
    fn weight(&self) -> usize {
        self.capacity()
    }
}

/// What the room to the right does with what is read.
pub trait Observer {
    /// What it keeps for each body.
    type Body: BodyState;
    /// The next decoded bytes of a body.
    fn body(&mut self, scan: &mut Self::Body, bytes: &[u8], place: Place);
    /// A request and its response are read, as far as they were captured.
    fn exchange(&mut self, parsed: ParsedExchange<Self::Body>);
    /// Bytes that are no HTTP; false where they do not matter.
    fn other(&mut self, from: Direction, bytes: &[u8], place: Place) -> bool;
    /// An empty message to read into: one that was told before, where there is one at hand.
    fn spare(&mut self) -> Box<Message> {
        Box::default()
    }
}

/// A request and its response, or what was seen of the two.
#[derive(Debug)]
pub struct ParsedExchange<S> {
    /// The direction of the request.
    pub client: Direction,
    /// The request and what was kept for its body.
    pub request: Option<(Box<Message>, S)>,
    /// The response and what was kept for its body.
    pub response: Option<(Box<Message>, S)>,
    /// Leniencies and losses.
    pub notes: Vec<Note>,
}

/// What reading needs besides bytes.
#[derive(Debug)]
pub struct Context<'a, O> {
    /// How it is done.
    pub settings: &'a Settings,
    /// Hears what was read.
    pub observer: &'a mut O,
}

impl<'a, O: Observer> Context<'a, O> {
    /// Both of them.
    pub const fn new(settings: &'a Settings, observer: &'a mut O) -> Self {
        Self { settings, observer }
    }
}
