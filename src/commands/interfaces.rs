//! `plainsight interfaces`: what there is to capture on.
//!
//! It lists what libpcap knows, and refuses to judge what is worth watching.

use super::failure::{Failure, print};
use super::options::Format;
use crate::capture::live::{Device, devices};
use crate::report::{escape, json_line};
use serde::Serialize;
use std::fmt::Write as _;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  plainsight interfaces
  plainsight interfaces --format json | jq -r '.[] | select(.up).name'

Link types can be told only of interfaces that you may capture on.";

/// The arguments of `interfaces`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// How to write the list: text for people, json for programs
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// Writes the list to standard output.
pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    list(args.format)
}

/// An interface as it is written.
#[derive(Debug, Serialize)]
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
struct Row {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    addresses: Vec<String>,
    up: bool,
    running: bool,
    loopback: bool,
    wireless: bool,
    /// Absent where it may not be opened, or is no network interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    link_types: Option<Vec<String>>,
}

impl From<Device> for Row {
    fn from(device: Device) -> Self {
        let link_types = device.link_types();
        let address = |(address, prefix): (std::net::IpAddr, Option<u8>)| match prefix {
            Some(prefix) => format!("{address}/{prefix}"),
            None => address.to_string(),
        };
        Self {
            link_types: link_types.map(|all| all.iter().map(ToString::to_string).collect()),
            addresses: device.addresses.into_iter().map(address).collect(),
            name: device.name,
            description: device.description,
            up: device.up,
            running: device.running,
            loopback: device.loopback,
            wireless: device.wireless,
        }
    }
}

pub(super) fn list(format: Format) -> Result<ExitCode, Failure> {
    let rows: Vec<Row> = devices()?.into_iter().map(Row::from).collect();
    let mut text = match format {
        Format::Text => table(&rows),
        Format::Json => json_line(&rows).map_err(|error| Failure::new(error.to_string()))?,
    };
    if format == Format::Json {
        text.push('\n');
    }
    print(text.as_bytes())
}

/// One line an interface; the first column is what `-i` takes.
fn table(rows: &[Row]) -> String {
    let cells = rows.iter().map(|row| {
        [
            escape::str(&row.name),
            state(row),
            row.link_types.as_ref().map_or_else(|| "-".to_owned(), |all| all.join(" ")),
            about(row),
        ]
    });
    let header = ["-i", "STATE", "LINK TYPES", "ADDRESSES"].map(str::to_owned);
    let lines: Vec<_> = std::iter::once(header).chain(cells).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    let mut text = String::new();
    for [name, state, link_types, about] in &lines {
        let [first, second, third] = widths;
        let line = format!("{name:first$}  {state:second$}  {link_types:third$}  {about}");
        _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

fn state(row: &Row) -> String {
    let facts = [
        (!row.up, "down"),
        (row.up && !row.running, "up, not running"),
        (row.up && row.running, "up"),
        (row.loopback, "loopback"),
        (row.wireless, "wireless"),
    ];
    facts.iter().filter(|(holds, _)| *holds).map(|(_, word)| *word).collect::<Vec<_>>().join(", ")
}

/// Addresses, or where there are none what libpcap says it is.
fn about(row: &Row) -> String {
    match &row.description {
        Some(description) if row.addresses.is_empty() => format!("({})", escape::str(description)),
        _ => row.addresses.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, up: bool, addresses: &[&str], link_types: Option<&[&str]>) -> Row {
        Row {
            name: name.to_owned(),
            description: (name == "any").then(|| "all interfaces".to_owned()),
            addresses: addresses.iter().map(ToString::to_string).collect(),
            up,
            running: name != "eth1",
            loopback: name == "lo",
            wireless: false,
            link_types: link_types.map(|all| all.iter().map(ToString::to_string).collect()),
        }
    }

    #[test]
    fn the_list_is_a_table_and_an_array() {
        let rows = [
            row("lo", true, &["127.0.0.1/8", "::1/128"], Some(&["ETHERNET"])),
            row("eth1", true, &[], None),
            row("any", true, &[], Some(&["LINUX_SLL2", "LINUX_SLL"])),
            row("wwan0", false, &[], None),
        ];
        insta::assert_snapshot!(table(&rows), @r#"
    -i     STATE            LINK TYPES            ADDRESSES
    lo     up, loopback     ETHERNET              127.0.0.1/8 ::1/128
    eth1   up, not running  -
    any    up               LINUX_SLL2 LINUX_SLL  (all interfaces)
    wwan0  down             -
    "#);
        insta::assert_snapshot!(serde_json::to_string(&rows[..2]).unwrap(), @r#"[{"name":"lo","addresses":["127.0.0.1/8","::1/128"],"up":true,"running":true,"loopback":true,"wireless":false,"link_types":["ETHERNET"]},{"name":"eth1","addresses":[],"up":true,"running":false,"loopback":false,"wireless":false}]"#);
    }
}
