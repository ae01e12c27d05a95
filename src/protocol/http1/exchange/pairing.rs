//! Which request a response answers (RFC 9112 §9.3.2): the first one without an answer, as long as
//! nothing was lost.
//!
//! After a loss the sequence and acknowledgement numbers tell more than the order. A request whose
//! first byte the server had not acknowledged when it answered is not meant, nor one that was sent
//! after the client had received the answer's first byte.

use super::{Asked, Exchanges, MOST_PENDING, Opening, Pending, Unfinished};
use crate::http::{BodyState, Context, Observer, add_note};
use crate::tcp::{Direction, Source};

/// What a response answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// The request at this index of those that are pending.
    Pending(usize),
    /// A request that was lost in front of the one at this index, or behind all.
    Lost(usize),
    /// The request whose head is not whole yet.
    Unfinished(Source),
}

/// The target of a response, and whether another one is as likely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Choice {
    target: Target,
    uncertain: bool,
}

impl Choice {
    fn certain(target: Target) -> Self {
        Self { target, uncertain: false }
    }
}

/// Whether a server can have answered a request when it sent the first byte of an answer.
fn may_answer(answer: Source, request: Source) -> bool {
    answer.acknowledged.is_none_or(|received| received > request.offset)
        && request.acknowledged.is_none_or(|received| received <= answer.offset)
}

/// Whether a server had received, when it sent the first byte of an answer, something of what was lost from
/// `lost_from` on.
fn may_answer_lost(answer: Source, lost_from: u64) -> bool {
    answer.acknowledged.is_none_or(|received| received > lost_from)
}

impl<S: BodyState> Exchanges<S> {
    /// Puts the exchange to the front whose response begins now.
    pub(super) fn pair(&mut self, client: Direction, opening: &Opening, cx: &mut Context<'_, impl Observer<Body = S>>) {
        let Choice { target, uncertain } = self.choose(client, opening);
        let overdue = self.overdue[client] > 0 && opening.lost_from.is_none() && matches!(target, Target::Lost(_));
        if self.overdue[client] > 0 {
            self.pipelined[client] = true;
        }
        if opening.lost_from.is_some() {
            self.overdue[client] = 0; // how many of those answers are still to come is not known
        } else if overdue {
            self.overdue[client] -= 1; // not for each interim response to the same request
        }
        match target {
            Target::Pending(index) => self.lose_responses(client, index, cx),
            Target::Lost(index) => {
                self.lose_responses(client, index, cx);
                if let Some(next) = self.pending[client].front_mut() {
                    // More of what was lost may be answered, but nothing that is answered now.
                    let answered = opening.source.acknowledged;
                    next.asked.lost_from = next.asked.lost_from.map(|from| from.max(answered.unwrap_or(from)));
                }
                self.pending[client].push_front(Pending::default());
            }
            Target::Unfinished(source) => {
                self.lose_responses(client, self.pending[client].len(), cx);
                let asked = Asked { source, lost_from: None, awaited: true };
                self.pending[client].push_back(Pending { asked, ..Pending::default() });
            }
        }
        let Some(front) = self.pending[client].front_mut() else { return };
        if matches!(target, Target::Pending(_)) {
            front.asked.lost_from = None;
        }
        if uncertain {
            add_note(&mut front.notes, "pairing-uncertain");
        }
        if overdue {
            add_note(&mut front.notes, "too-many-pipelined");
        }
    }

    /// The target of a response.
    fn choose(&self, client: Direction, opening: &Opening) -> Choice {
        let queue = &self.pending[client];
        let first = queue.iter().position(|pending| pending.response.is_none()).unwrap_or(queue.len());
        let next = queue.get(first);
        if next.is_some_and(|next| next.request.is_none() && !next.asked.awaited) {
            return Choice::certain(Target::Pending(first)); // the interim response before it was told apart
        }
        let Opening { source: answer, lost_from, other, .. } = opening;
        let Unfinished { lost_from: client_lost_from, request } = *other;
        let unfinished = request.filter(|request| may_answer(*answer, *request)).map(Target::Unfinished);
        let nothing_lost =
            lost_from.is_none() && client_lost_from.is_none() && next.is_none_or(|next| next.asked.lost_from.is_none());
        if nothing_lost && self.overdue[client] == 0 {
            let target = match (next, unfinished) {
                (None, Some(unfinished)) => unfinished,
                (None, None) => Target::Lost(first),
                (Some(_), _) => Target::Pending(first),
            };
            return Choice::certain(target);
        }
        self.choose_after_loss(client, first, opening, unfinished)
    }

    fn choose_after_loss(
        &self,
        client: Direction,
        first: usize,
        opening: &Opening,
        unfinished: Option<Target>,
    ) -> Choice {
        let Opening { source: answer, lost_from, other, .. } = opening;
        let queue = &self.pending[client];
        let lost_in_front = |index: usize, lost_from: Option<u64>| {
            lost_from.filter(|from| may_answer_lost(*answer, *from)).map(|_| Target::Lost(index))
        };
        if self.overdue[client] > 0 && lost_from.is_none() {
            return Choice::certain(Target::Lost(0));
        }
        let of_pending = |(index, pending): (usize, &Pending<S>)| {
            let itself = may_answer(*answer, pending.asked.source).then_some(Target::Pending(index));
            [itself, lost_in_front(index, pending.asked.lost_from)]
        };
        let doubt = self.pipelined[client] || answer.acknowledged.is_none();
        if lost_from.is_none() {
            // No answer was lost: what is answered is the first request, or what was lost in front of it.
            let mut targets = queue.get(first).map(|next| of_pending((first, next))).into_iter().flatten().flatten();
            let target = targets.next();
            let uncertain = doubt && targets.next().is_some();
            return match target.or(unfinished) {
                Some(target) => Choice { target, uncertain },
                None => Choice::certain(Target::Lost(first)),
            };
        }
        // Clients seldom pipeline: the latest request that may be meant is.
        let behind = [unfinished, lost_in_front(queue.len(), other.lost_from)];
        let waiting = queue.iter().enumerate().skip(first).rev().flat_map(of_pending);
        let mut targets = behind.into_iter().chain(waiting).flatten();
        match targets.next() {
            Some(target) => Choice { target, uncertain: doubt && targets.next().is_some() },
            None => Choice::certain(Target::Lost(first)),
        }
    }

    /// The responses to the first `count` requests were lost.
    fn lose_responses(&mut self, client: Direction, count: usize, cx: &mut Context<'_, impl Observer<Body = S>>) {
        for _ in 0..count {
            let Some(lost) = self.pending[client].front_mut().filter(|pending| pending.response.is_none()) else {
                break;
            };
            add_note(&mut lost.notes, "response-lost");
            self.give_out_front(client, cx);
        }
    }

    /// Makes room for one more request that waits for its answer.
    pub(super) fn limit_pending(&mut self, client: Direction, cx: &mut Context<'_, impl Observer<Body = S>>) {
        while self.pending[client].len() >= MOST_PENDING {
            if let Some(first) = self.pending[client].front_mut().filter(|first| first.response.is_none()) {
                add_note(&mut first.notes, "too-many-pipelined");
                self.overdue[client] += 1;
            }
            self.give_out_front(client, cx);
        }
    }

    /// A request was sent: was the one before it answered, as far as the client knew?
    pub(super) fn watch_for_pipelining(&mut self, client: Direction, asked: &Asked) {
        let before = self.pending[client].back().filter(|before| before.request.is_some());
        if let Some(before) = before
            && asked.lost_from.is_none()
            && asked.source.acknowledged.is_some()
            && asked.source.acknowledged == before.asked.source.acknowledged
        {
            self.pipelined[client] = true;
        }
    }

    /// The exchange that was answered before the request from `source` was whole.
    pub(super) fn take_awaited(
        &mut self,
        client: Direction,
        source: Source,
        cx: &mut Context<'_, impl Observer<Body = S>>,
    ) -> Option<&mut Pending<S>> {
        let awaited = self.pending[client].back_mut().filter(|pending| pending.asked.awaited)?;
        awaited.asked.awaited = false;
        if awaited.asked.source.offset != source.offset {
            // It was another one, which came to nothing.
            while self.pending[client].front().is_some_and(Pending::is_done) {
                self.give_out_front(client, cx);
            }
            return None;
        }
        self.pending[client].back_mut()
    }
}
