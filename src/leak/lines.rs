//! Remembers the lines of heads that come again and again.
//!
//! Browsers and servers say most of what they say with every message. What rules make of such a line is
//! found out once; from then on it costs a comparison. It refuses to know what is told of it.

use super::engine::{Engine, Hit};
use super::finding::Side;
use super::http_rules;
use crate::http::Head;
use foldhash::fast::SeedableRandomState;
use std::cell::RefCell;
use std::hash::{BuildHasher, Hasher};
use std::ops::Range;

/// What there is to look at in a head.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// The rules' words in it, in order.
    pub(super) hits: Vec<Hit>,
    /// The numbers of the fields that may give something away by what they are.
    pub(super) fields: Vec<usize>,
}

/// So many lines are kept, in each thread.
const SLOTS: usize = 1024;

/// A longer line is looked at each time.
const LONGEST: usize = 512;

thread_local! {
    static LINES: RefCell<Lines> = const { RefCell::new(Lines { engine: 0, slots: Vec::new(), last: 0, hasher: None }) };
}

/// Lines and what is known of them.
struct Lines {
    /// Whose words they were looked through for.
    engine: u64,
    /// A line's place is given by its hash; empty until the first line.
    slots: Vec<Slot>,
    /// The place of the line that came last, of those that are kept.
    last: usize,
    /// Chosen by chance, so that nobody can choose lines that push each other out.
    hasher: Option<SeedableRandomState>,
}

#[derive(Clone, Default)]
struct Slot {
    line: Option<Line>,
    /// The hash of the line that was last asked for here and is not kept: kept it is when it comes again.
    last: u64,
    /// The place of the line that came after this one: most often it is the next again, and need
    /// not be hashed.
    next: usize,
}

#[derive(Clone)]
struct Line {
    text: Box<[u8]>,
    shape: Shape,
    hits: Box<[Hit]>,
    silent: bool,
}

/// How a line was read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shape {
    is_request: bool,
    name: Range<u32>,
    value: Range<u32>,
}

/// Looks at a head line by line. `None` where it has to be looked at as a whole: words may go on from
/// one line to the next, or its lines are not told apart by line feeds.
pub(super) fn survey(engine: &Engine, side: Side, head: &Head) -> Option<Survey> {
    let starts = || head.fields.spans().iter().map(|(name, _)| name.start as usize);
    let follows = |start: usize| start == 0 || head.bytes.get(start - 1) == Some(&b'\n');
    if !engine.is_of_lines() || !starts().all(follows) {
        return None;
    }
    LINES.with(|lines| {
        let mut lines = lines.try_borrow_mut().ok()?;
        lines.belong_to(engine);
        let mut survey = Survey::default();
        let is_request = side == Side::Request;
        let first = 0..starts().next().unwrap_or(head.bytes.len());
        let text = head.bytes.get(first)?;
        // Each request has a target of its own.
        if is_request {
            survey.hits = engine.words_in(text);
        } else {
            lines.look(engine, text, 0, &Shape { is_request, name: 0..0, value: 0..0 }, &mut survey.hits);
        }
        let ends = starts().skip(1).chain([head.bytes.len()]);
        for (number, ((name, value), end)) in head.fields.spans().iter().zip(ends).enumerate() {
            let start = name.start;
            let within = |span: &Range<u32>| span.start.saturating_sub(start)..span.end.saturating_sub(start);
            let shape = Shape { is_request, name: within(name), value: within(value) };
            let text = head.bytes.get(start as usize..end)?;
            if !lines.look(engine, text, start as usize, &shape, &mut survey.hits) {
                survey.fields.push(number);
            }
        }
        Some(survey)
    })
}

impl Lines {
    /// Forgets what was found out for others.
    fn belong_to(&mut self, engine: &Engine) {
        if self.engine != engine.id() || self.slots.is_empty() {
            self.slots = vec![Slot::default(); SLOTS];
            self.engine = engine.id();
        }
    }

    /// Adds to `hits` the words in a line, which begins at `at`. Whether its field certainly gives
    /// nothing away by what it is.
    fn look(&mut self, engine: &Engine, text: &[u8], at: usize, shape: &Shape, hits: &mut Vec<Hit>) -> bool {
        let moved = |hit: &Hit| Hit { at: hit.at + at, word: hit.word };
        let Some(line) = self.find(engine, text, shape) else {
            hits.extend(engine.words_in(text).iter().map(moved));
            return false;
        };
        hits.extend(line.hits.iter().map(moved));
        line.silent
    }

    /// What is known of a line. It is found out where the line comes again.
    fn find(&mut self, engine: &Engine, text: &[u8], shape: &Shape) -> Option<&Line> {
        let is_at = |slots: &[Slot], place: usize| {
            let line = slots.get(place).and_then(|slot| slot.line.as_ref());
            line.is_some_and(|line| *line.text == *text && line.shape == *shape)
        };
        let mut place = self.slots.get(self.last).map_or(0, |slot| slot.next);
        if !is_at(&self.slots, place) {
            let hash = self.hash(text, shape);
            place = hash as usize & (SLOTS - 1);
            if !is_at(&self.slots, place) {
                let slot = self.slots.get_mut(place).filter(|_| text.len() <= LONGEST)?;
                if std::mem::replace(&mut slot.last, hash) != hash {
                    return None;
                }
                slot.line = Some(Line::new(engine, text, shape));
            }
            if let Some(before) = self.slots.get_mut(self.last) {
                before.next = place;
            }
        }
        self.last = place;
        self.slots.get(place)?.line.as_ref()
    }

    fn hash(&mut self, text: &[u8], shape: &Shape) -> u64 {
        let mut hasher = self.hasher.get_or_insert_with(SeedableRandomState::random).build_hasher();
        hasher.write(text);
        hasher.write_u64(u64::from(shape.value.start) << 1 | u64::from(shape.is_request));
        hasher.finish()
    }
}

impl Line {
    fn new(engine: &Engine, text: &[u8], shape: &Shape) -> Self {
        let hits = engine.words_in(text).into();
        Self { text: text.into(), shape: shape.clone(), hits, silent: is_silent(text, shape) }
    }
}

/// Whether what HTTP gives away cannot be in the field, whatever its message is.
fn is_silent(text: &[u8], shape: &Shape) -> bool {
    let part = |span: &Range<u32>| text.get(span.start as usize..span.end as usize).unwrap_or_default();
    let (name, value) = (part(&shape.name), part(&shape.value));
    let side = if shape.is_request { Side::Request } else { Side::Response };
    let mut leaks = Vec::new();
    http_rules::header(side, None, name, value, &mut leaks);
    // What a Location means depends on the status.
    leaks.is_empty() && !name.eq_ignore_ascii_case(b"location")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Head;
    use crate::leak::{Rules, rule};
    use proptest::prelude::*;
    use std::sync::LazyLock;

    /// A head with these lines, the first of which is no field.
    fn head(lines: &[&str]) -> Head {
        let mut head = Head::default();
        for line in lines {
            let start = head.bytes.len() as u32;
            head.bytes.extend_from_slice(line.as_bytes());
            head.bytes.extend_from_slice(b"\r\n");
            if let Some((name, value)) = line.split_once(": ") {
                let end = start + line.len() as u32;
                let field = (start..start + name.len() as u32, end - value.len() as u32..end);
                head.fields.extend(std::iter::once(field));
            }
        }
        head.bytes.extend_from_slice(b"\r\n");
        head
    }

    #[test]
    fn fields_that_may_give_something_away_are_looked_at_each_time() {
        // Lines that share a place push each other out; with this seed none of these do.
        LINES.with(|lines| lines.borrow_mut().hasher = Some(SeedableRandomState::fixed()));
        let rules = Rules::defaults(false);
        let lines = [
            "HTTP/1.1 200 OK",
            "Server: nginx",
            "Authorization: Bearer 3e0f1c7d92ab48d56c1290fe77ab03cd",
            "Location: /next",
            "X-Api-Key: 8d56c1290fe77ab03cd3e0f1c7d92ab4",
            "Accept: a,\r\n b",
            "Set-Cookie: PHPSESSID=3e0f1c7d92ab48d56c1290fe77ab03cd",
        ];
        for time in 0..4 {
            for (side, want) in [(Side::Request, &[1, 2, 3][..]), (Side::Response, &[1, 2, 3, 5])] {
                // Of a line that is not known yet nothing can be said.
                let want = if time == 0 { &[0, 1, 2, 3, 4, 5] } else { want };
                let survey = survey(rules.engine(), side, &head(&lines)).map(|survey| survey.fields);
                assert_eq!(survey.as_deref(), Some(want), "{side:?}");
            }
        }
        // The same bytes, read otherwise.
        let mut read = head(&["GET / HTTP/1.1", "Cookie: PHPSESSID=3e0f1c7d92ab48d56c1290fe77ab03cd"]);
        for short in [0, 1, 0, 0, 1, 1, 0] {
            let (name, value) = read.fields.spans()[0].clone();
            read.fields = vec![(name.start..name.start + 6 - short, value)].into();
            let survey = survey(rules.engine(), Side::Request, &read);
            assert_eq!(survey.map(|survey| survey.fields.len()), Some(1 - short as usize));
        }
    }

    #[test]
    fn what_is_not_of_lines_is_looked_at_as_a_whole() {
        let rules = Rules::defaults(false);
        let mut odd = head(&["GET / HTTP/1.1", "Host: a", "Accept: b"]);
        assert!(survey(rules.engine(), Side::Request, &odd).is_some());
        odd.bytes[24] = b'\r';
        assert!(survey(rules.engine(), Side::Request, &odd).is_none());
        assert!(survey(&Engine::default(), Side::Request, &head(&["GET / HTTP/1.1"])).is_none());
    }

    static FEW: LazyLock<Rules> = LazyLock::new(|| {
        let generic = rule::defaults().unwrap().into_iter().filter(|rule| rule.family == "generic");
        Rules::new(generic.collect(), Vec::new())
    });

    proptest! {
        #[test]
        fn lines_have_the_words_that_the_whole_has(
            order in prop::collection::vec(0usize..8, 0..40),
            few in any::<bool>(),
            is_request in any::<bool>(),
        ) {
            const LINES: [&str; 8] = [
                "Cookie: token=ghp_x; secret=PASSWORD",
                "Host: passw",
                "ord: api",
                "_key: apikey",
                "Accept: */*",
                "User-Agent: curl/8.5.0 (aws-sdk; AKIA)",
                "X: y\r\n\tSecret",
                "Bearer: eaab",
            ];
            let rules = if few { &FEW } else { &*Rules::defaults(false) };
            let side = if is_request { Side::Request } else { Side::Response };
            let mut lines = vec!["PASS /api_key HTTP/1.1"];
            lines.extend(order.into_iter().map(|line| LINES[line]));
            let head = head(&lines);
            let survey = survey(rules.engine(), side, &head);
            prop_assert_eq!(survey.map(|survey| survey.hits), Some(rules.engine().words_in(&head.bytes)));
        }
    }
}
