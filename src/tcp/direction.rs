//! The two directions of a connection.

/// Which of a connection's two ends sent something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Sent by the end that opened the connection (as far as was seen).
    FromInitiator,
    /// Sent by the other end.
    FromResponder,
}

impl Direction {
    /// Both of them.
    pub const BOTH: [Self; 2] = [Self::FromInitiator, Self::FromResponder];

    /// The other direction.
    #[must_use]
    pub const fn reverse(self) -> Self {
        match self {
            Self::FromInitiator => Self::FromResponder,
            Self::FromResponder => Self::FromInitiator,
        }
    }
}

/// Two things, one for each direction.
#[derive(Debug, Clone, Copy, Default)]
pub struct PerDirection<T> {
    from_initiator: T,
    from_responder: T,
}

impl<T> std::ops::Index<Direction> for PerDirection<T> {
    type Output = T;

    fn index(&self, direction: Direction) -> &T {
        match direction {
            Direction::FromInitiator => &self.from_initiator,
            Direction::FromResponder => &self.from_responder,
        }
    }
}

impl<T> std::ops::IndexMut<Direction> for PerDirection<T> {
    fn index_mut(&mut self, direction: Direction) -> &mut T {
        match direction {
            Direction::FromInitiator => &mut self.from_initiator,
            Direction::FromResponder => &mut self.from_responder,
        }
    }
}
