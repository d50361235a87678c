//! What two organisations write that are cut from each other comes by way of a third.

use std::sync::Arc;

use super::gates::Gates;
use super::joins::is_let_in;
use super::world::{Others, Person, World, soon};

/// Three nodes that reach each other through gates.
async fn three() -> (Arc<Gates>, World) {
    let gates = Arc::<Gates>::default();
    let others = Others { gates: Some(Arc::clone(&gates)), ..Others::default() };
    let world = World::start_among(&["acme.test", "globex.test", "initech.test"], others).await;
    (gates, world)
}

/// A user of each in a group of the first.
async fn lunch(world: &World) -> ([Person; 3], String) {
    let alice = world.person(0, "alice").await;
    let mut bob = world.person(1, "bob").await;
    let mut carol = world.person(2, "carol").await;
    let group = soon(alice.http().create_group("lunch", "")).await.unwrap();
    is_let_in(&alice, &mut bob, &group).await;
    is_let_in(&alice, &mut carol, &group).await;
    ([alice, bob, carol], group)
}

#[tokio::test]
async fn two_that_are_cut_from_each_other_read_each_other_by_way_of_a_third() {
    let (gates, world) = three().await;
    let ([mut alice, mut bob, mut carol], group) = lunch(&world).await;
    let id = bob.says(&group, "hello").await;
    carol.hears("hello").await;
    bob.is_told_delivered(&id, 3).await;

    gates.cut(world.homes[1].node.federation_addr, world.homes[2].node.federation_addr);
    let bobs = bob.says(&group, "can you hear me?").await;
    let heard = carol.hears("can you hear me?").await;
    assert_eq!((heard.id.as_str(), heard.sender.as_str()), (&*bobs, "bob@globex.test"));
    let carols = carol.says(&group, "by way of acme").await;
    bob.hears("by way of acme").await;
    // Each knows of the home alone that it has the message.
    for (person, id) in [(&mut bob, &bobs), (&mut carol, &carols)] {
        assert_eq!(person.is_told_delivered(id, 2).await.of, 3);
        assert!(person.delivered.iter().all(|told| told.id != *id || told.organisations < 3));
    }
    for text in ["hello", "can you hear me?", "by way of acme"] {
        if !alice.seen.iter().any(|(_, said)| said == text) {
            alice.hears(text).await;
        }
    }
    let seen = |text: &str| carol.seen.iter().filter(|(_, said)| said == text).count();
    assert_eq!(seen("can you hear me?"), 1);
}

/// Pins: what had come by way of a third was told delivered to nobody.
#[tokio::test]
async fn what_came_by_way_of_a_third_is_delivered_once_its_origin_hears_so() {
    let (gates, world) = three().await;
    let [_, globex, initech] = [0, 1, 2].map(|at| world.homes[at].node.federation_addr);
    gates.cut(globex, initech);
    let ([_, mut bob, mut carol], group) = lunch(&world).await;
    let id = bob.says(&group, "can you hear me?").await;
    carol.hears("can you hear me?").await;
    gates.mend(globex, initech);
    bob.is_told_delivered(&id, 3).await;
}
