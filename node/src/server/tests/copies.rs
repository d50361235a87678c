//! Two nodes under one key: a third one, whose links they take from each other, tells its admin,
//! and so does each of the two.

use comity_protocol::code::Code;
use comity_protocol::frame::Frame;
use comity_protocol::keys::Hello;

use super::rogue::{DOMAIN, Wire};
use super::scene::Scene;
use super::world::soon;
use crate::admin::{PeerCopies, PeerLink, PeerState};

impl Scene {
    /// What `comity peers` says of the rogue, once it fits.
    async fn peer(&self, fits: impl Fn(&PeerState) -> bool) -> PeerState {
        let found = async {
            loop {
                let peers = self.admin().peers().await.unwrap();
                let peer = peers.into_iter().find(|peer| peer.domain == DOMAIN && fits(peer));
                if let Some(peer) = peer {
                    return peer;
                }
                tokio::task::yield_now().await;
            }
        };
        soon(found).await
    }

    /// Links as a run of the rogue.
    async fn links_as(&self, start: u64) -> Wire {
        let home = &self.world.homes[0];
        let mut wire = self.rogue.dials(home).await;
        wire.says(&Frame::Hello(Hello { start, ..self.rogue.hello(home) })).await;
        wire.hears("a hello", |frame| matches!(frame, Frame::Hello(_))).await;
        wire
    }
}

fn is_up(peer: &PeerState) -> bool {
    matches!(peer.link, PeerLink::Up { .. })
}

#[tokio::test]
async fn two_runs_that_take_each_others_links_are_a_trouble() {
    let mut scene = Scene::begin().await;
    let original = scene.links_as(1).await;
    let copy = scene.links_as(2).await;
    assert_eq!(original.ends().await, Code::LinkReplaced);
    assert_eq!(scene.peer(is_up).await.copies, None, "it was started anew");
    let again = scene.links_as(1).await;
    assert_eq!(copy.ends().await, Code::LinkReplaced);
    let last = scene.links_as(2).await;
    assert_eq!(again.ends().await, Code::LinkReplaced);
    let found = scene.peer(|peer| peer.copies.is_some()).await.copies.unwrap();
    assert_eq!(found, PeerCopies { theirs: 2, ours: 0, ..found });
    scene.log_says("ask its admin to stop the copy");
    drop(last);
    scene.chat_goes_on().await;
}

#[tokio::test]
async fn who_loses_its_links_to_another_node_under_its_key_is_told() {
    let mut scene = Scene::begin().await;
    drop(scene.links().await);
    for times in 0..3 {
        // The node wants to be linked with whom it knows, and dials.
        let mut wire = scene.rogue.is_dialled().await;
        wire.hears("a hello", |frame| matches!(frame, Frame::Hello(_))).await;
        wire.says(&Frame::Hello(scene.rogue.hello(&scene.world.homes[0]))).await;
        wire.hears("a resume", |frame| matches!(frame, Frame::Resume { .. })).await;
        let found = scene.peer(is_up).await.copies;
        assert_eq!(found.map_or(0, |found| found.ours), if times < 2 { 0 } else { times });
        wire.says(&Frame::Goodbye { code: Code::LinkReplaced.number() }).await;
        scene.peer(|peer| !is_up(peer)).await;
    }
    scene.log_says("for another node under this node's key");
    scene.chat_goes_on().await;
}
