//! A few boxes that were emptied, for those who need one next.
//!
//! It refuses to know what is in them, and how they are emptied.

/// Boxes at hand.
#[derive(Debug)]
#[allow(clippy::vec_box)] // they are handed to and fro
pub(crate) struct Pool<T>(Vec<Box<T>>);

impl<T> Pool<T> {
    /// So many are kept: most are given back before the next ones are wanted.
    const MOST: usize = 16;

    /// One with nothing in it.
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// One that was given.
    pub(crate) fn take(&mut self) -> Option<Box<T>> {
        self.0.pop()
    }

    /// Keeps one, where there is room.
    pub(crate) fn give(&mut self, one: Box<T>) {
        if !self.is_full() {
            self.0.push(one);
        }
    }

    /// Whether no more is kept.
    pub(crate) fn is_full(&self) -> bool {
        self.0.len() >= Self::MOST
    }

    /// Whether there are few left.
    pub(crate) fn is_low(&self) -> bool {
        self.0.len() < Self::MOST / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_a_few() {
        let mut pool = Pool::new();
        assert_eq!((pool.take(), pool.is_low()), (None, true));
        (0..100).for_each(|number| pool.give(Box::new(number)));
        assert!(pool.is_full() && !pool.is_low());
        let taken: Vec<_> = std::iter::from_fn(|| pool.take()).collect();
        assert_eq!(taken.len(), Pool::<i32>::MOST);
    }
}
