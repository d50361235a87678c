//! A partner that lost all its keys is another organisation at the same domain: nothing of it is
//! taken until the admin says so.

use comity_client::{Content, HistoryEvent, Page};
use comity_protocol::name::ServerName;
use data_encoding::BASE64;

use super::networks::{DOMAINS, Two, introduction};
use super::world::{node_keys, soon};
use crate::admin::{AdminClient, PeerState};

/// Globex loses everything; DNS, and Acme's settings, name its new key.
async fn loses_its_keys(two: &mut Two) -> String {
    for node in [1, 0] {
        soon(two.homes.remove(node).node.stop()).await;
    }
    std::fs::remove_dir_all(&two.settings[1].data_dir).unwrap();
    let keys = node_keys(&two.settings[1]);
    let globex: ServerName = DOMAINS[1].parse().unwrap();
    two.settings[0].federation.pins.insert(globex, introduction(&keys));
    two.keys[1] = introduction(&keys).to_string();
    two.start_again(0).await;
    two.start_again(1).await;
    for node in [0, 1] {
        two.publish(node, &[two.addr(node)]);
    }
    BASE64.encode(keys.key.public().as_bytes())
}

fn text_in(event: &HistoryEvent) -> Option<&str> {
    match &event.content {
        Content::Message { text } => text.as_deref(),
        _ => None,
    }
}

async fn globex_is(admin: &AdminClient, fits: impl Fn(&PeerState) -> bool) {
    let is_so = async || {
        let peers = admin.peers().await.unwrap();
        peers.iter().any(|peer| peer.domain == DOMAINS[1] && fits(peer))
    };
    soon(async { while !is_so().await {} }).await;
}

#[tokio::test]
async fn a_replaced_key_is_refused_until_the_admin_accepts_it() {
    let mut two = Two::start("127.0.0.1:0").await;
    for node in [0, 1] {
        two.publish(node, &[two.addr(node)]);
    }
    let [mut alice, mut bob] = two.people().await;
    let before = alice.opens(&bob.account).await;
    alice.says(&before, "before").await;
    bob.hears("before").await;
    bob.says(&before, "heard").await;
    alice.hears("heard").await;
    drop((alice, bob));
    let key = loses_its_keys(&mut two).await;
    let admin = AdminClient::of(&two.settings[0].data_dir);
    globex_is(&admin, |peer| peer.refused_key.as_deref() == Some(&key)).await;
    globex_is(&admin, |peer| {
        let why = peer.trouble.as_ref().map(|trouble| (trouble.code.as_str(), &trouble.why));
        why.is_some_and(|(code, why)| {
            code == "domain_key_changed" && why.contains(&format!("accept globex.test {key}"))
        })
    })
    .await;
    // Not another key than the one that is published.
    let other = BASE64.encode(&[7; 32]);
    let said = soon(admin.accept_key(DOMAINS[1], &other)).await.unwrap_err().to_string();
    assert!(said.contains(&key), "{said}");
    soon(admin.accept_key(DOMAINS[1], &key)).await.unwrap();
    globex_is(&admin, |peer| {
        super::peers::is_up(peer) && peer.refused_key.is_none() && peer.trouble.is_none()
    })
    .await;
    // The domain is in the status once, though there were two organisations.
    let status = soon(admin.status()).await.unwrap();
    let listed = status.peers.iter().map(|line| (line.domain.as_str(), line.is_linked));
    assert_eq!(listed.collect::<Vec<_>>(), [(DOMAINS[1], true)]);
    // Bob signs up anew: he is somebody else, and what was said before stays.
    let mut bob = two.person(1, "bob").await;
    let mut alice = two.again(0, "alice").await;
    let after = alice.opens(&bob.account).await;
    assert_ne!(after, before);
    alice.says(&after, "who are you?").await;
    bob.hears("who are you?").await;
    bob.says(&after, "bob").await;
    alice.hears("bob").await;
    let page = soon(alice.http().history(&before, &Page::Latest, 10)).await.unwrap();
    let texts: Vec<_> = page.events.iter().filter_map(text_in).collect();
    assert_eq!(texts, ["before", "heard"]);
}
