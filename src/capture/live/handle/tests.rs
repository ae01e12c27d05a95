//! Real captures on loopback, where the process may; the error where it may not.

use super::*;
use std::net::UdpSocket;
use std::time::Duration;
use std::time::Instant;

/// Opens loopback for one port; `None` where that is not permitted, which the error says.
fn open(interfaces: &[&str], port: u16) -> Option<Live> {
    let options = Options {
        interfaces: interfaces.iter().map(|&name| name.to_owned()).collect(),
        filter: Some(format!("udp dst port {port}")),
        buffer_size: 4 << 20,
        ..Options::default()
    };
    match Live::open(&options) {
        Ok(live) => Some(live),
        Err(error) => {
            assert!(error.is_permission() && error.to_string().contains("sudo "), "{error}");
            None
        }
    }
}

fn send(count: u8) -> (UdpSocket, impl Fn()) {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = receiver.local_addr().unwrap();
    (receiver, move || (0..count).for_each(|n| assert_eq!(sender.send_to(&[n; 9], to).unwrap(), 9)))
}

/// Gathers what comes until nothing came for a while.
fn gather(mut next: impl FnMut(&mut Vec<(u64, u8)>) -> bool) -> Vec<(u64, u8)> {
    let (mut all, start) = (Vec::new(), Instant::now());
    let mut last = start;
    while last.elapsed() < Duration::from_millis(300) && start.elapsed() < Duration::from_secs(20) {
        if next(&mut all) {
            last = Instant::now();
        }
    }
    all
}

fn number_and_last(packet: &Packet<'_>) -> (u64, u8) {
    (packet.id.number(), *packet.data.last().unwrap())
}

#[test]
fn each_loopback_packet_comes_once_the_first_ones_too() {
    let lo = default_interface().unwrap();
    let want: Vec<_> = (0..50).map(|n| (u64::from(n) + 1, n)).collect();
    for all in [&[lo.as_str()][..], &[lo.as_str(), "any"]] {
        let (receiver, send) = send(50);
        let port = receiver.local_addr().unwrap().port();
        if all.len() > 1 && !cfg!(target_os = "linux") {
            continue;
        }
        let Some(mut live) = open(all, port) else { return };
        send();
        let got = gather(|got| match live.next().unwrap() {
            Poll::Packet(packet) => {
                got.push(number_and_last(&packet));
                true
            }
            Poll::Idle => false,
        });
        let statistics = live.statistics();
        assert!(statistics.iter().all(|of| of.received == 50 && of.dropped_by_kernel == 0), "{statistics:?}");
        assert_eq!(got.len(), 50 * all.len());
        if all.len() == 1 {
            assert_eq!(got, want);
            send();
            let more = gather(|got| live.each(7, |packet| got.push(number_and_last(packet))).unwrap() > 0);
            assert_eq!(more, want.iter().map(|(number, n)| (number + 50, *n)).collect::<Vec<_>>());
        }
    }
}

#[test]
fn what_cannot_be_opened_is_told_apart() {
    let options = Options { interfaces: vec!["nonsense0".to_owned()], ..Options::default() };
    let error = Live::open(&options).unwrap_err().to_string();
    assert!(error.starts_with("there is no interface `nonsense0`; there are: "), "{error}");
    let options = Options { filter: Some("port http and".to_owned()), ..Options::default() };
    let error = Live::open(&options).unwrap_err();
    assert!(error.is_permission() || error.to_string().contains("`port http and`"), "{error}");
}
