//! How links are, as the admin sees it: up, down with what waits, and dialled when he wants it.

use super::world::{World, soon};
use crate::admin::{AdminClient, Backlog, PeerLink, PeerState};

const DOMAINS: [&str; 2] = ["acme.test", "globex.test"];

/// Asks a node's admin about another organisation until what he sees fits.
pub(super) async fn sees(world: &World, home: usize, of: &str, fits: impl Fn(&PeerState) -> bool) {
    let admin = admin(world, home);
    soon(async {
        loop {
            let peers = admin.peers().await.unwrap();
            if peers.iter().find(|peer| peer.domain == of).is_some_and(&fits) {
                return;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
}

pub(super) fn admin(world: &World, home: usize) -> AdminClient {
    AdminClient::of(&world.dir().join(DOMAINS[home]))
}

pub(super) fn is_up(peer: &PeerState) -> bool {
    matches!(peer.link, PeerLink::Up { .. })
}

fn has_all(peer: &PeerState) -> bool {
    is_up(peer) && peer.backlog == Some(Backlog::default())
}

#[tokio::test]
async fn the_admin_sees_what_a_link_does_and_what_it_lacks() {
    let mut world = World::start(&DOMAINS).await;
    assert_eq!(admin(&world, 0).peers().await.unwrap(), []);
    let (mut alice, bob) = (world.person(0, "alice").await, world.person(1, "bob").await);
    let channel = alice.opens(&bob.account).await;
    let first = alice.says(&channel, "hello").await;
    alice.is_told_delivered(&first, 2).await;
    sees(&world, 0, DOMAINS[1], |peer| {
        let (sent, received) = peer.records_per_minute;
        has_all(peer) && peer.heard_unix_ms.is_some() && sent > 0 && received == 0
    })
    .await;
    sees(&world, 1, DOMAINS[0], |peer| {
        let (bytes_sent, bytes_received) = peer.bytes_per_minute;
        has_all(peer) && peer.records_per_minute.1 > 0 && bytes_sent > 0 && bytes_received > 0
    })
    .await;
    let keys = [0, 1].map(|home| admin(&world, home));
    let [here, there] = keys;
    let (here, there) = (here.peers().await.unwrap(), there.peers().await.unwrap());
    assert_ne!(here[0].key, there[0].key);
    assert!(here[0].proof.is_some() || there[0].proof.is_some(), "one of them dialled");

    world.stop(1).await;
    sees(&world, 0, DOMAINS[1], |peer| peer.link == PeerLink::Down && peer.trouble.is_some()).await;
    for text in ["are", "you", "there?"] {
        alice.says(&channel, text).await;
    }
    sees(&world, 0, DOMAINS[1], |peer| {
        let trouble = peer.trouble.as_ref().map(|trouble| trouble.code.as_str());
        peer.backlog.is_some_and(|backlog| backlog.records == 3)
            && peer.down_since_unix_ms.is_some()
            && trouble == Some("domain_unreachable")
            && peer.next_try_ms.is_some()
    })
    .await;

    world.restart(1).await;
    // It may have come by itself before.
    let _ = admin(&world, 0).retry_peer(DOMAINS[1]).await.unwrap();
    sees(&world, 0, DOMAINS[1], has_all).await;
    // Whoever began anew does not know yet what the other has, until it is linked.
    sees(&world, 1, DOMAINS[0], is_up).await;
    assert!(!admin(&world, 0).retry_peer(DOMAINS[1]).await.unwrap(), "it is up");
    let unknown = admin(&world, 0).retry_peer("initech.test").await.unwrap_err().to_string();
    assert!(unknown.contains("comity peers"), "{unknown}");
}
