//! Links between real endpoints on loopback: who is taken for whom, what arrives, and what a peer
//! that misbehaves, stalls or restarts can do to others.

#![allow(clippy::unwrap_used)]

mod raw;

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use comity_federation::{
    CloseReason, ConnectError, Endpoint, EndpointSettings, Failed, Failures, Link, LinkError,
};
use comity_identity::NodeKey;
use comity_protocol::code::Code;
use comity_protocol::frame::Class::{self, Feed, History, Link as LinkClass};
use comity_protocol::limits::FRAME_BYTES_MAX;
use comity_relay::{Conditions, Relay, RelaySettings};
use quinn::{ConnectionError, VarInt};
use tokio::runtime::{Builder, Runtime};

/// Long enough for anything on loopback; who waits longer waits for ever.
const SOON: Duration = Duration::from_secs(20);

fn key(seed: u8) -> Arc<NodeKey> {
    Arc::new(NodeKey::from_seed(&[seed; 32]))
}

fn anywhere() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

fn endpoint(seed: u8) -> Endpoint {
    Endpoint::bind(EndpointSettings::new(anywhere(), key(seed))).unwrap()
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, what).await.expect("this takes too long")
}

/// A link from `a` to `b`, as both see it.
async fn link(a: &Endpoint, b: &Endpoint, b_seed: u8) -> (Link, Link) {
    let (addr, b_keys) = (b.local_addr().unwrap(), [key(b_seed).public()]);
    let (dialled, accepted) =
        soon(async { tokio::join!(a.connect(addr, &b_keys), b.accept()) }).await;
    let (mut dialled, mut accepted) = (dialled.unwrap(), accepted.unwrap());
    dialled.welcome();
    accepted.welcome();
    (dialled, accepted)
}

async fn next(link: &mut Link) -> (Class, Bytes) {
    soon(link.recv()).await.unwrap()
}

fn numbered(number: u32, length: usize) -> Bytes {
    number.to_be_bytes().into_iter().cycle().take(length).collect::<Vec<u8>>().into()
}

#[tokio::test]
async fn each_end_knows_the_others_key() {
    let (a, b) = (endpoint(1), endpoint(2));
    let (mut at_a, mut at_b) = link(&a, &b, 2).await;
    assert_eq!((at_a.peer_key(), at_a.dialled()), (key(2).public(), true));
    assert_eq!((at_b.peer_key(), at_b.dialled()), (key(1).public(), false));
    for class in [History, Feed, LinkClass] {
        at_a.send(class, vec![1, 2, 3]).await.unwrap();
        assert_eq!(next(&mut at_b).await, (class, Bytes::from_static(&[1, 2, 3])));
        at_b.send(class, vec![4]).await.unwrap();
        assert_eq!(next(&mut at_a).await, (class, Bytes::from_static(&[4])));
    }
    at_a.close(Code::LinkReplaced);
    let closed = LinkError::Closed(CloseReason::Peer(Some(Code::LinkReplaced)));
    assert_eq!(soon(at_b.recv()).await, Err(closed));
    assert_eq!(at_b.send(Feed, vec![1]).await, Err(closed));
    assert_eq!(soon(at_a.closed()).await, CloseReason::Local);
}

#[tokio::test]
async fn the_longest_frame_and_many_small_ones_arrive_in_order() {
    let (a, b) = (endpoint(1), endpoint(2));
    let (at_a, mut at_b) = link(&a, &b, 2).await;
    let sender = at_a.sender().clone();
    let sending = tokio::spawn(async move {
        sender.send(Feed, numbered(7, FRAME_BYTES_MAX)).await.unwrap();
        for first in (0..20_000).step_by(100) {
            let frames = (first..first + 100).map(|n| numbered(n, 300));
            sender.send_all(Feed, frames).await.unwrap();
        }
        sender.send(Feed, numbered(8, FRAME_BYTES_MAX)).await.unwrap();
    });
    assert!(next(&mut at_b).await == (Feed, numbered(7, FRAME_BYTES_MAX)));
    for number in 0..20_000 {
        assert_eq!(next(&mut at_b).await, (Feed, numbered(number, 300)));
    }
    assert!(next(&mut at_b).await == (Feed, numbered(8, FRAME_BYTES_MAX)));
    sending.await.unwrap();
}

#[tokio::test]
async fn a_frame_that_is_too_long_is_not_sent() {
    let (a, b) = (endpoint(1), endpoint(2));
    let (at_a, mut at_b) = link(&a, &b, 2).await;
    for length in [0, FRAME_BYTES_MAX + 1] {
        let refused = at_a.send(Feed, vec![0; length]).await;
        assert_eq!(refused, Err(LinkError::FrameLength));
    }
    at_a.send(Feed, vec![9]).await.unwrap();
    assert_eq!(next(&mut at_b).await, (Feed, Bytes::from_static(&[9])));
}

#[tokio::test]
async fn another_key_than_the_expected_is_refused() {
    let (a, b) = (endpoint(1), endpoint(2));
    let addr = b.local_addr().unwrap();
    let refused = soon(a.connect(addr, &[key(3).public()])).await.unwrap_err();
    assert_eq!(refused, ConnectError::WrongKey(key(2).public()));
    assert_eq!(refused.code(), Code::PeerNameMismatch);
    // The next that b accepts is the next honest one.
    let (_at_a, at_b) = link(&a, &b, 2).await;
    assert_eq!(at_b.peer_key(), key(1).public());
}

#[tokio::test]
async fn a_peer_without_a_usable_key_is_refused() {
    let (a, b) = (endpoint(1), endpoint(2));
    let addr = b.local_addr().unwrap();
    for algorithm in [None, Some(&rcgen::PKCS_ECDSA_P256_SHA256)] {
        // The handshake ends at the dialling side before its key is judged.
        let refused = match soon(raw::dial(addr, algorithm, b"comity/1")).await {
            Ok(connection) => soon(connection.closed()).await,
            Err(error) => error,
        };
        assert!(matches!(refused, ConnectionError::ConnectionClosed(_)), "{refused}");
    }
    let refused = soon(raw::dial(addr, Some(&rcgen::PKCS_ED25519), b"h3")).await;
    assert!(matches!(refused, Err(ConnectionError::ConnectionClosed(_))));
    let (_at_a, at_b) = link(&a, &b, 2).await;
    assert_eq!(at_b.peer_key(), key(1).public());
}

#[tokio::test]
async fn a_peer_that_breaks_the_framing_disturbs_nobody_else() {
    let (a, b) = (endpoint(1), endpoint(2));
    let (at_a, mut at_b) = link(&a, &b, 2).await;
    let oversize = u32::try_from(FRAME_BYTES_MAX + 1).unwrap().to_be_bytes();
    let oversize = [&[1], oversize.as_slice()].concat();
    let cases: [(&[&[u8]], LinkError, Code); 4] = [
        (&[&oversize], LinkError::FrameMalformed, Code::FrameMalformed),
        (&[&[2, 0, 0, 0, 0]], LinkError::FrameMalformed, Code::FrameMalformed),
        (&[&[9]], LinkError::FrameUnexpected, Code::FrameUnexpected),
        (&[&[1], &[1]], LinkError::FrameUnexpected, Code::FrameUnexpected),
    ];
    for (streams, error, code) in cases {
        let addr = b.local_addr().unwrap();
        let dialled = raw::dial(addr, Some(&rcgen::PKCS_ED25519), b"comity/1");
        let (bad, accepted) = soon(async { tokio::join!(dialled, b.accept()) }).await;
        let (bad, mut accepted) = (bad.unwrap(), accepted.unwrap());
        let mut open = Vec::new();
        for bytes in streams {
            let mut stream = bad.open_uni().await.unwrap();
            stream.write_all(bytes).await.unwrap();
            open.push(stream);
        }
        assert_eq!(soon(accepted.recv()).await, Err(error));
        let ConnectionError::ApplicationClosed(close) = soon(bad.closed()).await else {
            panic!("not closed with a code");
        };
        assert_eq!(close.error_code, VarInt::from(code.number()));
        at_a.send(Feed, vec![5]).await.unwrap();
        assert_eq!(next(&mut at_b).await, (Feed, Bytes::from_static(&[5])));
    }
}

#[tokio::test]
async fn a_stream_that_ends_ends_the_link() {
    let b = endpoint(2);
    let dialled = raw::dial(b.local_addr().unwrap(), Some(&rcgen::PKCS_ED25519), b"comity/1");
    let (bad, accepted) = soon(async { tokio::join!(dialled, b.accept()) }).await;
    let (bad, mut accepted) = (bad.unwrap(), accepted.unwrap());
    let mut stream = bad.open_uni().await.unwrap();
    stream.write_all(&[1, 0, 0, 0, 1, 7]).await.unwrap();
    stream.finish().unwrap();
    assert_eq!(next(&mut accepted).await, (LinkClass, Bytes::from_static(&[7])));
    assert_eq!(soon(accepted.recv()).await, Err(LinkError::FrameUnexpected));
}

#[tokio::test]
async fn a_class_that_is_not_read_holds_up_no_other() {
    let (a, b) = (endpoint(1), endpoint(2));
    let (at_a, mut at_b) = link(&a, &b, 2).await;
    let stalled = [Feed, History];
    // 16 MiB: more than a class may have under way.
    const FRAMES: u32 = 64;
    let mut filling = Vec::new();
    for class in stalled {
        at_b.set_reading(class, false);
        let sender = at_a.sender().clone();
        filling.push(tokio::spawn(async move {
            for number in 0..FRAMES {
                sender.send(class, numbered(number, 256 * 1024)).await.unwrap();
            }
        }));
    }
    for number in 0..1_000 {
        soon(at_a.send(LinkClass, numbered(number, 100))).await.unwrap();
        assert_eq!(next(&mut at_b).await, (LinkClass, numbered(number, 100)));
    }
    assert!(filling.iter().all(|f| !f.is_finished()), "nothing is buffered without bound");
    let mut seen = [0, 0];
    for class in stalled {
        at_b.set_reading(class, true);
    }
    for _ in 0..2 * FRAMES {
        let (class, frame) = next(&mut at_b).await;
        let count = &mut seen[usize::from(class == History)];
        assert!(frame == numbered(*count, 256 * 1024), "{class:?} {count}");
        *count += 1;
    }
    assert_eq!(seen, [FRAMES, FRAMES]);
}

#[tokio::test]
async fn a_stranger_may_send_little_ahead() {
    let (a, b) = (endpoint(1), endpoint(2));
    let (at_a, mut at_b, relay) = link_through(&a, &b, Conditions::default()).await;
    at_b.set_reading(Feed, false);
    let sender = at_a.sender().clone();
    let sending = tokio::spawn(async move {
        sender.send(Feed, numbered(1, 1 << 20)).await.unwrap();
        sender.send(LinkClass, vec![1]).await.unwrap();
    });
    let unheard = tokio::time::timeout(Duration::from_millis(300), at_b.recv()).await;
    assert!(unheard.is_err(), "what is not read fills its room");
    assert!(relay.counts().bytes < 400_000, "{:?}", relay.counts());
    at_b.welcome();
    assert_eq!(next(&mut at_b).await, (LinkClass, Bytes::from_static(&[1])));
    at_b.set_reading(Feed, true);
    assert!(next(&mut at_b).await == (Feed, numbered(1, 1 << 20)));
    sending.await.unwrap();
}

#[tokio::test]
async fn a_stranger_may_send_no_long_frame() {
    const LENGTH_MAX: usize = 128 * 1024;
    let (a, b) = (endpoint(1), endpoint(2));
    let (at_a, mut at_b, _relay) = link_through(&a, &b, Conditions::default()).await;
    at_a.send(LinkClass, numbered(1, LENGTH_MAX)).await.unwrap();
    assert!(next(&mut at_b).await == (LinkClass, numbered(1, LENGTH_MAX)));
    at_a.send(Feed, numbered(2, LENGTH_MAX + 1)).await.unwrap();
    assert_eq!(soon(at_b.recv()).await, Err(LinkError::FrameMalformed));
    assert_eq!(soon(at_a.closed()).await, CloseReason::Peer(Some(Code::FrameMalformed)));
    // Who dials knows to whom.
    let (mut at_a, at_b, _relay) = link_through(&a, &b, Conditions::default()).await;
    at_b.send(Feed, numbered(3, LENGTH_MAX + 1)).await.unwrap();
    assert!(next(&mut at_a).await == (Feed, numbered(3, LENGTH_MAX + 1)));
}

#[tokio::test]
async fn handshakes_that_come_to_nothing_are_counted() {
    let b = endpoint(2);
    let mut failures = b.failures();
    assert_eq!(*failures.borrow_and_update(), Failures::default());
    let addr = b.local_addr().unwrap();
    for (algorithm, alpn) in [(None, &b"comity/1"[..]), (Some(&rcgen::PKCS_ED25519), b"h3")] {
        // Without a certificate it learns only afterwards that it is refused.
        if let Ok(connection) = soon(raw::dial(addr, algorithm, alpn)).await {
            soon(connection.closed()).await;
        }
    }
    let all = soon(failures.wait_for(|failures| failures.failed.times == 2)).await.unwrap();
    assert_eq!(all.failed.last_from.map(|from| from.ip()), Some(addr.ip()));
    assert_eq!(all.crowded, Failed::default());
}

#[tokio::test]
async fn a_send_that_is_given_up_half_way_does_not_tear_the_stream() {
    let (a, b) = (endpoint(1), endpoint(2));
    let (at_a, mut at_b) = link(&a, &b, 2).await;
    at_b.set_reading(Feed, false);
    let long = numbered(1, FRAME_BYTES_MAX);
    {
        let mut sending = Box::pin(at_a.send(Feed, long.clone()));
        let half_way = sending.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(half_way, Poll::Pending));
    }
    at_b.set_reading(Feed, true);
    assert!(next(&mut at_b).await == (Feed, long));
    at_a.send(Feed, vec![2]).await.unwrap();
    assert_eq!(next(&mut at_b).await, (Feed, Bytes::from_static(&[2])));
}

/// A node in a runtime of its own, which can be killed without a farewell.
fn node_apart(listen: SocketAddr) -> (Runtime, Endpoint) {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let endpoint = {
        let _entered = runtime.enter();
        let started = Instant::now();
        loop {
            // A killed node's socket is closed with the last of its tasks.
            match Endpoint::bind(EndpointSettings::new(listen, key(2))) {
                Ok(endpoint) => break endpoint,
                Err(error) => assert!(started.elapsed() < SOON, "{error}"),
            }
        }
    };
    (runtime, endpoint)
}

async fn kill(runtime: Runtime) {
    tokio::task::spawn_blocking(|| runtime.shutdown_timeout(SOON)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_restarted_peer_is_noticed_at_once() {
    let a = endpoint(1);
    let (runtime, b) = node_apart(anywhere());
    let addr = b.local_addr().unwrap();
    let accepting = runtime.spawn(async move { (b.accept().await.unwrap(), b) });
    let mut at_a = soon(a.connect(addr, &[key(2).public()])).await.unwrap();
    let (mut at_b, b) = soon(accepting).await.unwrap();
    at_a.send(LinkClass, vec![1]).await.unwrap();
    assert_eq!(next(&mut at_b).await, (LinkClass, Bytes::from_static(&[1])));
    // The tasks that would say farewell are gone before the handles are.
    kill(runtime).await;
    drop((at_b, b));

    let (again_runtime, again) = node_apart(addr);
    let restarted = Instant::now();
    at_a.send(LinkClass, vec![2]).await.unwrap();
    assert_eq!(soon(at_a.recv()).await, Err(LinkError::Closed(CloseReason::Restarted)));
    assert!(restarted.elapsed() < Duration::from_secs(1), "{:?}", restarted.elapsed());
    assert!(soon(a.connect(addr, &[key(2).public()])).await.is_ok());
    drop(again);
    kill(again_runtime).await;
}

/// A link from `a` to `b` through a network; `b` has the second key.
async fn link_through(a: &Endpoint, b: &Endpoint, bad: Conditions) -> (Link, Link, Relay) {
    let relay = Relay::start(RelaySettings::before(b.local_addr().unwrap(), bad)).unwrap();
    let b_keys = [key(2).public()];
    let both = async { tokio::join!(a.connect(relay.addr(), &b_keys), b.accept()) };
    let (dialled, accepted) = soon(both).await;
    (dialled.unwrap(), accepted.unwrap(), relay)
}

#[tokio::test]
async fn a_link_goes_on_when_a_router_forgets_its_port() {
    let lively = |seed| {
        let mut settings = EndpointSettings::new(anywhere(), key(seed));
        settings.keep_alive = Duration::from_millis(200);
        Endpoint::bind(settings).unwrap()
    };
    let (a, b) = (lively(1), lively(2));
    let (mut at_a, mut at_b, relay) = link_through(&a, &b, Conditions::default()).await;
    at_a.send(Feed, vec![1]).await.unwrap();
    assert_eq!(next(&mut at_b).await, (Feed, Bytes::from_static(&[1])));
    let before = at_b.remote_addr();
    relay.rebind();
    at_a.send(Feed, vec![2]).await.unwrap();
    assert_eq!(next(&mut at_b).await, (Feed, Bytes::from_static(&[2])));
    assert_ne!(at_b.remote_addr(), before);
    // Who is dialled has nowhere to send until the other end keeps the link alive.
    relay.rebind();
    at_b.send(Feed, vec![3]).await.unwrap();
    assert_eq!(next(&mut at_a).await, (Feed, Bytes::from_static(&[3])));
}

#[tokio::test]
async fn frames_cross_a_bad_network_whole_and_in_order() {
    let (a, b) = (endpoint(1), endpoint(2));
    let bad = Conditions {
        jitter: Duration::from_millis(5),
        loss: 0.05,
        duplicate: 0.05,
        reorder: 0.05,
        reorder_by: Duration::from_millis(20),
        ..Conditions::delayed(Duration::from_millis(5))
    };
    let (at_a, mut at_b, relay) = link_through(&a, &b, bad).await;
    let sender = at_a.sender().clone();
    let sending = tokio::spawn(async move {
        for number in 0..300 {
            sender.send(Feed, numbered(number, 1_500)).await.unwrap();
        }
    });
    for number in 0..300 {
        assert_eq!(next(&mut at_b).await, (Feed, numbered(number, 1_500)));
    }
    sending.await.unwrap();
    assert!(relay.counts().lost > 0);
}

#[tokio::test]
async fn closing_the_endpoint_tells_the_peers_why() {
    let (a, b) = (endpoint(1), endpoint(2));
    let (at_a, at_b) = link(&a, &b, 2).await;
    let waiting = tokio::spawn(async move {
        b.close(Code::ShuttingDown).await;
        b
    });
    let reason = soon(at_a.closed()).await;
    assert_eq!(reason, CloseReason::Peer(Some(Code::ShuttingDown)));
    assert_eq!(soon(at_b.closed()).await, CloseReason::Local);
    let b = soon(waiting).await.unwrap();
    assert!(soon(b.accept()).await.is_none());
    let refused = b.connect(a.local_addr().unwrap(), &[key(1).public()]).await.unwrap_err();
    assert_eq!(refused, ConnectError::EndpointClosed);
}

#[tokio::test]
async fn a_peer_that_is_not_there_is_unreachable() {
    let a = endpoint(1);
    let nobody = std::net::UdpSocket::bind(anywhere()).unwrap();
    let refused =
        soon(a.connect(nobody.local_addr().unwrap(), &[key(2).public()])).await.unwrap_err();
    assert_eq!((refused, refused.code()), (ConnectError::TimedOut, Code::DomainUnreachable));
    let refused = a.connect("[::1]:1".parse().unwrap(), &[key(2).public()]).await.unwrap_err();
    assert_eq!(refused, ConnectError::Address);
}
