//! Peers that dial and never become known: each kind is counted for the admin, they find only so
//! many places, and two honest users chat on.

use std::collections::BTreeMap;

use comity_federation::LinkError;
use comity_protocol::code::Code;
use comity_protocol::frame::Frame;
use comity_protocol::keys::Hello;

use super::raw::{self, ALPN, code_of};
use super::rogue::{SEED, Wire};
use super::scene::Scene;
use super::world::soon;
use crate::admin::StrangerLine;
use crate::edge::peer::STRANGERS_OF_NETWORK_MAX;

impl Scene {
    /// What `comity status` says of strangers.
    async fn strangers(&self) -> BTreeMap<String, StrangerLine> {
        let status = soon(self.admin().status()).await.unwrap();
        status.strangers.into_iter().map(|line| (line.kind.clone(), line)).collect()
    }

    /// Waits until so many of a kind are counted.
    async fn counts_strangers(&self, kind: &str, times: u64) -> StrangerLine {
        let counted = async {
            loop {
                if let Some(line) = self.strangers().await.remove(kind)
                    && line.times >= times
                {
                    return line;
                }
                tokio::task::yield_now().await;
            }
        };
        let line = soon(counted).await;
        assert_eq!(line.times, times, "{line:?}");
        line
    }
}

#[tokio::test]
async fn who_is_never_known_is_counted_by_kind() {
    let mut scene = Scene::begin().await;
    assert_eq!(scene.strangers().await, BTreeMap::new());
    for (seed, alpn) in [(None, ALPN), (Some(SEED), b"h3")] {
        // Without a certificate it learns only afterwards that it is refused.
        if let Ok(connection) = soon(raw::dial(&scene.world.homes[0], seed, alpn)).await {
            soon(connection.closed()).await;
        }
    }
    let line = scene.counts_strangers("handshake", 2).await;
    assert_eq!((line.from.as_deref(), line.code), (Some("127.0.0.1"), None));

    let wire = scene.rogue.dials(&scene.world.homes[0]).await;
    wire.says(&Frame::Resume { cursor: None }).await;
    assert_eq!(wire.ends().await, Code::FrameUnexpected);
    let connection = soon(raw::dial(&scene.world.homes[0], Some(SEED), ALPN)).await.unwrap();
    let mut stream = connection.open_uni().await.unwrap();
    stream.write_all(&[7]).await.unwrap();
    assert_eq!(code_of(&soon(connection.closed()).await), Code::FrameUnexpected);
    let line = scene.counts_strangers("hello", 2).await;
    assert_eq!((line.domain, line.code.as_deref()), (None, Some("frame_unexpected")));

    let home = &scene.world.homes[0];
    let wire = scene.rogue.dials(home).await;
    let lies = Hello { from: "globex.test".into(), ..scene.rogue.hello(home) };
    wire.says(&Frame::Hello(lies)).await;
    assert_eq!(wire.ends().await, Code::DomainKeyChanged);
    let line = scene.counts_strangers("identity", 1).await;
    assert_eq!(line.domain.as_deref(), Some("globex.test"));
    assert_eq!(line.code.as_deref(), Some("domain_key_changed"));

    // Nobody else is blamed, and whoever only looks whether the node is there did nothing wrong.
    drop(scene.rogue.dials(&scene.world.homes[0]).await);
    drop(scene.links().await);
    let status = soon(scene.admin().status()).await.unwrap();
    assert!(status.peers.iter().all(|line| line.faults == 0), "{status:?}");
    assert_eq!(status.strangers.len(), 3);
    scene.chat_goes_on().await;
}

#[tokio::test]
async fn strangers_take_no_more_places_than_there_are_for_them() {
    let mut scene = Scene::begin().await;
    let mut silent: Vec<Wire> = Vec::new();
    for _ in 0..STRANGERS_OF_NETWORK_MAX {
        silent.push(scene.rogue.dials(&scene.world.homes[0]).await);
    }
    let refused = scene.rogue.dials(&scene.world.homes[0]).await;
    assert_eq!(refused.ends().await, Code::Overloaded);
    let line = scene.counts_strangers("crowded", 1).await;
    assert_eq!(line.from.as_deref(), Some("127.0.0.1"));
    scene.chat_goes_on().await;
    // Those that leave make room, and so do those that say who they are.
    drop(silent);
    let home = &scene.world.homes[0];
    let links = async {
        loop {
            let mut wire = scene.rogue.dials(home).await;
            let said = wire.0.send(comity_protocol::frame::Class::Link, hello(&scene, 0)).await;
            match said.and(wire.0.recv().await) {
                Ok(_) => return wire,
                Err(LinkError::Closed(_)) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
    };
    let linked = soon(links).await;
    drop(linked);
    scene.chat_goes_on().await;
}

fn hello(scene: &Scene, home: usize) -> Vec<u8> {
    Frame::Hello(scene.rogue.hello(&scene.world.homes[home])).encode()
}
