//! The bound on memory: what is counted, and which connections go when it is reached.

use super::direction::Direction;
use super::flows::Flows;
use super::handler::Handler;
use super::stream::Stream;
use super::table::Slot;

impl<T: Default> Flows<T> {
    /// Lets connections go where there is more than the bound allows.
    pub(super) fn keep_bound(&mut self, handler: &mut impl Handler<T>) {
        if self.memory() > self.limits.memory {
            self.make_room(handler);
        }
        if self.memory() + self.table.idle_memory() > self.limits.memory + self.limits.memory / 16 {
            self.compact();
        }
    }

    /// Gives back the room of connections that are gone, where others need it for their bytes.
    fn compact(&mut self) {
        let moved = self.table.compact();
        for wait in &mut self.waits {
            if let Ok(at) = moved.binary_search_by_key(&wait.slot, |(from, _)| *from) {
                wait.slot = moved.get(at).map_or(wait.slot, |(_, to)| *to);
            }
        }
    }

    /// Brings the table's weight up to date with one flow's.
    pub(super) fn reckon(&mut self, slot: Slot, handler: &impl Handler<T>) {
        let Some(now) = self.weight_of(slot, handler) else { return };
        let Some(flow) = self.table.get_mut(slot) else { return };
        self.weight = self.weight.saturating_sub(flow.weight) + now;
        flow.weight = now;
    }

    /// What one flow's state and waiting pieces weigh now.
    pub(super) fn weight_of(&self, slot: Slot, handler: &impl Handler<T>) -> Option<usize> {
        let flow = self.table.get(slot)?;
        let halves = Direction::BOTH.into_iter().map(|from| flow.halves[from].weight()).sum::<usize>();
        Some(handler.weight(&flow.state) + halves + flow.rival.as_ref().map_or(0, |rival| rival.weight()))
    }

    /// Lets connections go until an eighth of the budget is free: first the closed ones,
    /// then those that never carried a byte, then the longest idle.
    fn make_room(&mut self, handler: &mut impl Handler<T>) {
        let goal = self.limits.memory - self.limits.memory / 8;
        while self.memory() > goal && self.table.len() > 0 {
            let mut order: Vec<(u8, u64, u32)> = self
                .table
                .slots()
                .map(|(slot, flow)| (if flow.closed { 0 } else { 1 + u8::from(flow.carried) }, flow.last, slot.0))
                .collect();
            let share = order.len() / 8;
            order.select_nth_unstable(share);
            order.truncate(share + 1);
            order.sort_unstable();
            for (class, _, slot) in order {
                match class {
                    0 => {}
                    1 => self.told.counters.silent_streams_let_go += 1,
                    _ => self.told.counters.idle_streams_let_go += 1,
                }
                if let Some(rival) =
                    self.table.get_mut(Slot(slot)).and_then(|flow| Some((flow.rival.take()?, flow.stream)))
                {
                    let (rival, stream) = rival;
                    if let Some(number) = rival.number {
                        self.told.counters.silent_streams_let_go += 1;
                        handler.forgotten(&Stream { number, ..stream });
                    }
                }
                self.close(Slot(slot), handler);
                self.forget(Slot(slot), handler);
            }
        }
    }
}
