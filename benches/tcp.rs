//! Putting streams together: in order, out of order, and many connections at once.
#![allow(missing_docs, clippy::unwrap_used)]

mod measure;

use measure::Case;
use measure::traffic::Traffic;
use plainsight::decode::{Decoder, Unit};
use plainsight::tcp::{Chunk, Delivered, Direction, Flows, Gap, Handler, Limits, Oddity, Stream};
use std::hint::black_box;
use std::process::ExitCode;

/// Takes the bytes and does nothing with them.
struct Nobody;

impl Handler<()> for Nobody {
    fn data(&mut self, _: &Stream, (): &mut (), chunk: Chunk<'_>) -> Delivered {
        Delivered::whole(black_box(chunk.bytes).len())
    }

    fn gap(&mut self, _: &Stream, (): &mut (), _: Gap) {}

    fn oddity(&mut self, _: &Stream, (): &mut (), _: Direction, _: Oddity) {}

    fn end(&mut self, _: &Stream, (): &mut (), _: Direction) {}

    fn close(&mut self, _: &Stream, (): &mut ()) {}

    fn weight(&self, (): &()) -> usize {
        0
    }
}

fn main() -> ExitCode {
    let case = |name, traffic: Traffic| {
        Case::new(name, traffic.bytes(), move || {
            let (mut decoder, mut flows) = (Decoder::default(), Flows::new(Limits::default()));
            for (index, packet) in (0..).zip(traffic.packets()) {
                flows.expire(index, &mut Nobody);
                decoder.packet(&packet, &mut |unit| {
                    if let Unit::Segment(segment) = unit {
                        flows.segment(index, &segment, &mut Nobody);
                    }
                });
            }
            flows.finish(&mut Nobody);
        })
    };
    measure::main(vec![
        case("in order, 10 connections", Traffic::new(10, 100, false)),
        case("out of order, 10 connections", Traffic::new(10, 100, true)),
        case("in order, 20,000 connections", Traffic::new(20_000, 2, false)),
    ])
}
