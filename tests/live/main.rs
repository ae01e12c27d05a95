//! Live captures of loopback, with the real program, real sockets and real packets.
//!
//! Capturing needs a right that a tester may not have; then the whole test moves into a user and
//! network namespace of its own first, which must happen before any thread starts. Hence no
//! libtest here: the scenarios run one after the other, and each prints its name.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../kit/mod.rs"]
mod kit;
mod scenarios;
mod tools;

use kit::runner::Test;
use plainsight::lab::demo::{Stage, set_stage};
use std::process::ExitCode;

const SCENARIOS: &[Test] = &[
    ("the_demo_leaks_over_http_and_not_over_https", scenarios::demo),
    ("the_demo_takes_a_free_port_where_its_own_is_taken", scenarios::demo_on_a_taken_port),
    ("the_demo_pauses_between_its_acts_at_a_terminal", scenarios::demo_pauses),
    ("the_demo_ends_well_where_its_reader_leaves", scenarios::demo_without_reader),
    ("a_live_capture_shows_the_lesson_and_its_leak", scenarios::sniff_shows_the_lesson),
    ("a_saved_capture_replays_as_it_was_shown", scenarios::replay_gives_what_was_shown),
    ("tls_hides_the_secret_and_shows_the_servers_name", scenarios::tls_hides),
    ("ctrl_c_and_other_signals_end_with_a_summary", scenarios::signals_end_with_a_summary),
    ("limits_of_packets_and_time_end_it", scenarios::limits),
    #[cfg(target_os = "linux")]
    ("several_threads_show_the_same_and_each_is_confined", scenarios::threads),
    #[cfg(target_os = "linux")]
    ("a_slow_reader_costs_packets_and_no_memory", scenarios::slow_reader),
    ("files_take_turns_and_old_ones_go", scenarios::rotation),
    ("a_filter_that_is_none_is_told_with_its_text", scenarios::bad_filter),
    ("interfaces_of_one_link_type_share_a_file", scenarios::several_interfaces),
];

fn main() -> ExitCode {
    kit::runner::main(SCENARIOS, || match set_stage() {
        Ok(Stage::Host) => Ok(()),
        Ok(Stage::OwnNamespace) => {
            kit::rights::hand_down();
            Ok(())
        }
        Err(error) => Err(error.to_string()),
    })
}
