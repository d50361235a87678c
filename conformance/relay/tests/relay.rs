//! The relay over real sockets: what passes, when, and what does not.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use comity_relay::{Conditions, Relay, RelaySettings};

const MS: Duration = Duration::from_millis(1);
/// Long enough for anything on loopback.
const SOON: Duration = Duration::from_secs(10);

fn socket() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(SOON)).unwrap();
    let addr = socket.local_addr().unwrap();
    (socket, addr)
}

fn relay(to: SocketAddr, conditions: Conditions) -> Relay {
    Relay::start(RelaySettings::before(to, conditions)).unwrap()
}

/// The number in the next datagram, and who sent it.
fn next(socket: &UdpSocket) -> (u32, SocketAddr) {
    let mut bytes = [0; 1_500];
    let (count, from) = socket.recv_from(&mut bytes).unwrap();
    (u32::from_be_bytes(bytes[..count].try_into().unwrap()), from)
}

#[test]
fn datagrams_pass_both_ways_and_senders_are_kept_apart() {
    let (far, to) = socket();
    let relay = relay(to, Conditions::default());
    let near = [socket().0, socket().0];
    let ports = [0, 1].map(|n: u32| {
        near[n as usize].send_to(&n.to_be_bytes(), relay.addr()).unwrap();
        let (came, from) = next(&far);
        assert_eq!(came, n);
        from
    });
    assert_ne!(ports[0], ports[1]);
    for (n, port) in [10_u32, 11].into_iter().zip(ports) {
        far.send_to(&n.to_be_bytes(), port).unwrap();
    }
    for (n, near) in [10, 11].into_iter().zip(&near) {
        assert_eq!(next(near), (n, relay.addr()));
    }
    let counts = relay.counts();
    assert_eq!((counts.came, counts.bytes, counts.lost), (4, 4 * (4 + 28), 0));
}

#[test]
fn a_delay_is_kept_to_a_fraction_of_a_millisecond() {
    let (far, to) = socket();
    let relay = relay(to, Conditions::delayed(MS * 20));
    let near = socket().0;
    let mut late: Vec<Duration> = (0..50_u32)
        .map(|n| {
            let sent = Instant::now();
            near.send_to(&n.to_be_bytes(), relay.addr()).unwrap();
            assert_eq!(next(&far).0, n);
            sent.elapsed().checked_sub(MS * 20).expect("it came too early")
        })
        .collect();
    late.sort_unstable();
    // Not all of them: others use the machine, too.
    assert!(late[late.len() / 2] < MS, "{late:?}");
}

#[test]
fn what_is_lost_twice_or_late_follows_from_the_seed() {
    let bad = Conditions {
        loss: 0.2,
        duplicate: 0.2,
        reorder: 0.2,
        reorder_by: MS * 50,
        ..Conditions::delayed(MS)
    };
    let run = |seed| {
        let (far, to) = socket();
        let settings = RelaySettings { seed, ..RelaySettings::before(to, bad) };
        let relay = Relay::start(settings).unwrap();
        let near = socket().0;
        for n in 0..100_u32 {
            near.send_to(&n.to_be_bytes(), relay.addr()).unwrap();
        }
        while relay.counts().came < 100 {
            std::thread::yield_now();
        }
        // The last one marks the end: it passes alone, after all others.
        relay.set(Conditions::delayed(MS * 200), Conditions::default());
        let mut came = Vec::new();
        near.send_to(&u32::MAX.to_be_bytes(), relay.addr()).unwrap();
        loop {
            match next(&far).0 {
                u32::MAX => return came,
                n => came.push(n),
            }
        }
    };
    let first = run(5);
    let mut sorted = first.clone();
    sorted.sort_unstable();
    assert_ne!(first, sorted, "some are late");
    assert!(sorted.windows(2).any(|pair| pair[0] == pair[1]), "some come twice");
    sorted.dedup();
    assert!((60..95).contains(&sorted.len()), "some are lost: {}", sorted.len());
    let mut again = run(5);
    again.sort_unstable();
    again.dedup();
    assert_eq!(again, sorted);
    let mut other = run(6);
    other.sort_unstable();
    other.dedup();
    assert_ne!(other, sorted);
}

#[test]
fn a_sender_has_another_port_after_a_rebind_and_the_old_one_is_dead() {
    let (far, to) = socket();
    let relay = relay(to, Conditions::default());
    let near = socket().0;
    near.send_to(&1_u32.to_be_bytes(), relay.addr()).unwrap();
    let before = next(&far).1;
    relay.rebind();
    far.send_to(&2_u32.to_be_bytes(), before).unwrap();
    near.send_to(&3_u32.to_be_bytes(), relay.addr()).unwrap();
    let (came, after) = next(&far);
    assert_eq!(came, 3);
    assert_ne!(before, after);
    far.send_to(&4_u32.to_be_bytes(), after).unwrap();
    assert_eq!(next(&near).0, 4, "what went to the old port did not come");
}

#[test]
fn the_program_listens_carries_and_changes() {
    let (far, to) = socket();
    let mut program = Command::new(env!("CARGO_BIN_EXE_comity-relay"))
        .args(["--listen", "127.0.0.1:0", "--to", &to.to_string(), "--delay-ms", "5"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let addr: SocketAddr = first.strip_prefix("listening on ").unwrap().parse().unwrap();
    let near = socket().0;
    near.send_to(&1_u32.to_be_bytes(), addr).unwrap();
    assert_eq!(next(&far).0, 1);
    let mut input = program.stdin.take().unwrap();
    let mut change = |line: &str| {
        writeln!(input, "{line}").unwrap();
        assert_eq!(lines.next().unwrap().unwrap(), "done");
    };
    change("--loss 1");
    near.send_to(&2_u32.to_be_bytes(), addr).unwrap();
    // Its datagrams are read in their order; this one was read before those that come next.
    let probe = socket().0;
    probe.send_to(&3_u32.to_be_bytes(), addr).unwrap();
    far.set_read_timeout(Some(MS * 200)).unwrap();
    assert!(far.recv(&mut [0; 4]).is_err(), "it passes although all is to be lost");
    far.set_read_timeout(Some(SOON)).unwrap();
    change("--loss 0");
    change("rebind");
    near.send_to(&4_u32.to_be_bytes(), addr).unwrap();
    assert_eq!(next(&far).0, 4);
    program.kill().unwrap();
    program.wait().unwrap();
}
