//! Erasure: who may, where it reaches, and what its author is told of it.

use comity_machine::Answer;
use comity_protocol::code::Code;
use comity_protocol::id::ChannelId;

use super::world::World;

const ALICE: &str = "alice@acme";
const ANN: &str = "ann@acme";
const BOB: &str = "bob@globex";
const BELLA: &str = "bella@globex";
const CAROL: &str = "carol@initech";

fn talked() -> (World, ChannelId) {
    let mut world = World::new(&[ALICE, ANN, BOB, BELLA, CAROL]);
    let team = world.team(ALICE, &[BOB, BELLA, CAROL]);
    for (user, text) in [(ALICE, "one"), (BOB, "two"), (CAROL, "three")] {
        world.say(user, team, text).unwrap();
        world.exchange();
    }
    (world, team)
}

fn told(world: &World, node: &str, team: ChannelId) -> Vec<String> {
    let name = |lineage| world.nodes.values().find(|node| node.lineage() == lineage).unwrap();
    let told = world.receipts(node, team).into_iter();
    let mut told: Vec<String> =
        told.map(|(text, from)| format!("{} {text}", name(from).domain)).collect();
    told.sort();
    told
}

#[test]
fn an_author_is_told_who_has_erased() {
    let (mut world, team) = talked();
    world.erase(BOB, team, "two").unwrap();
    world.cut("globex", "initech");
    world.exchange();
    assert_eq!(told(&world, "globex", team), ["acme.test two"]);
    world.heal("globex", "initech");
    world.exchange();
    assert_eq!(told(&world, "globex", team), ["acme.test two", "initech.test two"]);
    // A moderator's removal is told alike, and to nobody but the author's organisation.
    world.erase(ALICE, team, "three").unwrap();
    world.exchange();
    assert_eq!(told(&world, "initech", team), ["acme.test three", "globex.test three"]);
    assert_eq!(told(&world, "globex", team).len(), 2);
    assert_eq!(told(&world, "acme", team).len(), 0);
}

#[test]
fn a_removal_that_comes_before_the_message_is_told_when_it_comes() {
    let (mut world, team) = talked();
    world.cut("globex", "initech");
    world.say(BOB, team, "secret").unwrap();
    world.exchange();
    world.erase(ALICE, team, "secret").unwrap();
    world.exchange();
    assert_eq!(told(&world, "globex", team), ["acme.test secret"]);
    world.heal("globex", "initech");
    world.say(BOB, team, "four").unwrap();
    world.exchange();
    assert_eq!(told(&world, "globex", team), ["acme.test secret", "initech.test secret"]);
}

#[test]
fn who_has_left_erases_what_he_wrote() {
    let (mut world, team) = talked();
    world.leave(BOB, team).unwrap();
    world.exchange();
    assert_eq!(world.say(BOB, team, "more"), Err(Code::ChannelNotFound));
    // Bella is still in, so that it goes as ever.
    assert_eq!(world.erase(BOB, team, "two"), Ok(Answer::Done));
    world.exchange();
    for node in ["acme", "globex", "initech"] {
        assert_eq!(world.erased(node, team), ["two"], "{node}");
    }
    assert_eq!(world.last_seen(ALICE), "bob@globex.test erases 1");
    // Of others he erases nothing, nor does who never was in.
    assert_eq!(world.erase(BOB, team, "one"), Err(Code::ChannelNotFound));
    assert_eq!(world.erase(ANN, team, "one"), Err(Code::ChannelNotFound));
    assert_eq!(told(&world, "globex", team), ["acme.test two", "initech.test two"]);
}

#[test]
fn who_was_removed_with_all_of_his_organisation_erases_through_the_link_channels() {
    let (mut world, team) = talked();
    world.leave(BELLA, team).unwrap();
    world.exchange();
    world.remove(ALICE, BOB, team).unwrap();
    world.exchange();
    assert_eq!(world.erase(BOB, team, "two"), Ok(Answer::Done));
    world.exchange();
    for node in ["acme", "globex", "initech"] {
        assert_eq!(world.erased(node, team), ["two"], "{node}");
    }
    for reader in [ALICE, CAROL] {
        assert_eq!(world.last_seen(reader), "? erases 1", "{reader}");
    }
    assert_eq!(world.feed(ANN), Vec::<String>::new());
    assert_eq!(told(&world, "globex", team), ["acme.test two", "initech.test two"]);
    // What others wrote is not his, whichever way it goes.
    assert_eq!(world.erase(BOB, team, "three"), Err(Code::ChannelNotFound));
    world.assert_same_state(&["acme", "initech"], team);
}
