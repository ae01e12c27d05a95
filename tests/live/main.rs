//! Live captures of loopback, with the real program, real sockets and real packets.
//!
//! Capturing needs a right that a tester may not have; then the whole test moves into a user and
//! network namespace of its own first, which must happen before any thread starts. Hence no
//! libtest here: the scenarios run one after the other, and each prints its name.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/rights.rs"]
mod rights;
mod scenarios;
mod tools;

use plainsight::lab::demo::{Stage, set_stage};
use std::process::ExitCode;

type Scenario = (&'static str, fn());

const SCENARIOS: &[Scenario] = &[
    ("the_demo_leaks_over_http_and_not_over_https", scenarios::demo),
    ("the_demo_takes_a_free_port_where_its_own_is_taken", scenarios::demo_on_a_taken_port),
    ("the_demo_pauses_between_its_acts_at_a_terminal", scenarios::demo_pauses),
    ("the_demo_ends_well_where_its_reader_leaves", scenarios::demo_without_reader),
    ("a_live_capture_shows_the_lesson_and_its_leak", scenarios::sniff_shows_the_lesson),
    ("a_saved_capture_replays_as_it_was_shown", scenarios::replay_gives_what_was_shown),
    ("tls_hides_the_secret_and_shows_the_servers_name", scenarios::tls_hides),
    ("ctrl_c_and_sigterm_end_with_a_summary", scenarios::signals_end_with_a_summary),
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
    match set_stage() {
        Ok(Stage::Host) => {}
        Ok(Stage::OwnNamespace) => rights::hand_down(),
        Err(error) => {
            println!("NOT RUN: {error} ({} scenarios)", SCENARIOS.len());
            let required = std::env::var_os("CI").is_some_and(|value| value == "true");
            return if required { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    }
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let (mut passed, mut failed) = (0, 0);
    for (name, scenario) in SCENARIOS {
        if !wanted.is_empty() && !wanted.iter().any(|part| name.contains(part.as_str())) {
            continue;
        }
        let done = std::panic::catch_unwind(scenario).is_ok();
        println!("test {name} ... {}", if done { "ok" } else { "FAILED" });
        if done {
            passed += 1;
        } else {
            failed += 1;
        }
    }
    println!("\ntest result: {}. {passed} passed; {failed} failed", if failed == 0 { "ok" } else { "FAILED" });
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
