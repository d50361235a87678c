//! Clocks that disagree: what comes late is marked for good, and a node that most others are ahead
//! of tells its admin.

use comity_client::Page;
use comity_protocol::clock::HybridTime;
use comity_protocol::event::{EventHeader, LogStart};
use comity_protocol::id::{AccountId, AccountNumber};
use comity_protocol::limits::{AHEAD_MS_MAX, LATE_MS};

use super::forged::{Forged, message};
use super::rogue::{DOMAIN, Rogue, SEED, Wire, records_of};
use super::scene::Scene;
use super::world::{Home, Others, World, soon};
use crate::admin::{AdminClient, Status};
use crate::clock;

const MALLORY: AccountNumber = AccountNumber(1);

/// A log of a rogue's direct channel with somebody of a node.
async fn log_with(
    rogue: &mut Rogue,
    wire: &mut Wire,
    home: &Home,
    name: &str,
) -> (Forged, LogStart) {
    let account = AccountId { lineage: home.lineage, number: wire.looks_up(name).await };
    let label = format!("{name}@{}", home.domain);
    let open = comity_machine::Act::OpenDirect { account, label };
    let channel = rogue.story.channel(1, open);
    let own = rogue.story.account(1);
    let accounts = Some((account.min(own), account.max(own)));
    let start = LogStart { accounts, name: Some("mallory".into()), ..LogStart::default() };
    (Forged::message_log(&rogue.story, channel, 1), start)
}

#[tokio::test]
async fn what_comes_long_after_its_time_is_late_in_the_feed_and_in_history() {
    let mut scene = Scene::begin().await;
    let mut wire = scene.links().await;
    let (home, rogue) = (&scene.world.homes[0], &mut scene.rogue);
    let (mut log, start) = log_with(rogue, &mut wire, home, "alice").await;
    log.time = HybridTime::from_unix_ms(clock::unix_ms() - LATE_MS - 1_000);
    log.says(message(MALLORY, Some(start)), "is anybody there?");
    log.time = HybridTime::from_unix_ms(clock::unix_ms() - LATE_MS / 2);
    log.says(message(MALLORY, None), "hello?");
    let batch = log.batch(&rogue.story);
    wire.shows(&batch).await;
    let channel = log.log.channel.to_string();
    let late = scene.alice.hears("is anybody there?").await;
    let other = scene.alice.hears("hello?").await;
    assert_eq!((late.is_late, other.is_late), (true, false));
    let Scene { mut world, alice, .. } = scene;
    for _ in 0..2 {
        let page = soon(alice.http().history(&channel, &Page::Latest, 10)).await.unwrap();
        let marks: Vec<_> = page.events.iter().map(|e| (e.id.clone(), e.is_late)).collect();
        assert_eq!(marks, [(late.id.clone(), true), (other.id.clone(), false)]);
        world.stop(0).await;
        world.restart(0).await;
    }
}

async fn status(world: &World) -> Status {
    soon(AdminClient::of(&world.dir().join("acme.test")).status()).await.unwrap()
}

#[tokio::test]
async fn a_node_that_most_others_are_ahead_of_doubts_its_own_clock() {
    let mut rogues = [Rogue::new(), Rogue::of("umbrella.test", SEED + 7)];
    let signed = vec![
        records_of(DOMAIN, SEED, rogues[0].port()),
        records_of("umbrella.test", SEED + 7, rogues[1].port()),
    ];
    let world = World::start_among(&["acme.test"], Others { signed, ..Others::default() }).await;
    let home = &world.homes[0];
    let mut alice = world.person(0, "alice").await;
    let ahead = HybridTime::from_unix_ms(clock::unix_ms() + AHEAD_MS_MAX + 3_600_000);
    let mut wires = Vec::new();
    for (rogue, is_doubted) in rogues.iter_mut().zip([false, true]) {
        let mut wire = rogue.links(home).await;
        let (mut log, start) = log_with(rogue, &mut wire, home, "alice").await;
        log.says(message(MALLORY, Some(start)), &format!("from {}", rogue.story.state.domain()));
        log.says(EventHeader { time: ahead, ..message(MALLORY, None) }, "in an hour");
        let batch = log.batch(&rogue.story);
        wire.shows(&batch).await;
        assert_eq!(wire.is_acknowledged(&batch).await.len(), 1);
        assert_eq!(status(&world).await.is_clock_doubted, is_doubted);
        alice.hears(&format!("from {}", rogue.story.state.domain())).await;
        wires.push(wire);
    }
    // One of them is gone: the other may be wrong himself.
    drop(wires.pop());
    let cleared = async {
        while status(&world).await.is_clock_doubted {
            tokio::task::yield_now().await;
        }
    };
    soon(cleared).await;
}
