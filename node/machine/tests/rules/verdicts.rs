//! Verdicts that all nodes share, in whatever order they learn of events and of the records that
//! bear on them; and V, which makes them final.

use comity_machine::{Answer, Outcome};
use comity_protocol::code::Code;
use comity_protocol::control::Role;
use comity_protocol::id::{ChannelId, LogName};
use comity_protocol::limits::{COVER_AGE_MS, COVER_EVENTS};

use super::world::World;

use Outcome::{Accepted, Rejected};

const ALICE: &str = "alice@acme";
const BOB: &str = "bob@globex";
const BELLA: &str = "bella@globex";
const CAROL: &str = "carol@initech";
const ALL: [&str; 3] = ["acme", "globex", "initech"];

fn scene() -> (World, ChannelId) {
    let mut world = World::new(&[ALICE, "ann@acme", BOB, BELLA, CAROL]);
    let team = world.team(ALICE, &[BOB, BELLA, CAROL]);
    (world, team)
}

/// The texts that one organisation wrote, at every node alike.
fn outcomes(world: &World, team: ChannelId, origin: &str) -> Vec<Outcome> {
    let at = ALL.map(|node| world.outcomes(node, team, origin));
    assert_eq!(at[0], at[1]);
    assert_eq!(at[0], at[2]);
    at[0].clone()
}

/// V of a group's home for a log of an origin, as a node knows it.
fn covered(world: &World, node: &str, team: ChannelId, origin: &str) -> u64 {
    let lineage = world.node(origin).lineage();
    let cover = &world.group_at(node, team).state.cover;
    cover.iter().filter(|((of, _), _)| *of == lineage).map(|(_, (seq, _))| *seq).sum()
}

#[test]
fn what_was_accepted_is_withdrawn_where_the_home_did_not_know_of_it() {
    let (mut world, team) = scene();
    world.say(BOB, team, "covered").unwrap();
    world.exchange();
    world.cut("globex", "acme");
    world.say(BOB, team, "uncovered").unwrap();
    world.say(BELLA, team, "hers").unwrap();
    world.exchange();
    assert_eq!(world.texts("initech", team).len(), 3);
    world.remove(ALICE, BOB, team).unwrap();
    world.exchange();
    // Known at initech and globex before the events reach the home.
    let expected = ["bob@globex.test: covered", "bella@globex.test: hers"];
    assert_eq!(world.texts("initech", team), expected);
    assert_eq!(world.texts("globex", team), expected);
    world.heal("globex", "acme");
    world.exchange();
    assert_eq!(world.texts("acme", team), expected);
    let texts: Vec<Outcome> = outcomes(&world, team, "globex");
    assert_eq!(texts[texts.len() - 3..], [Accepted, Rejected, Accepted]);
    world.assert_same(&ALL, team);
}

#[test]
fn a_withdrawn_event_stays_withdrawn_after_its_author_is_back() {
    let (mut world, team) = scene();
    world.cut("globex", "acme");
    world.say(BOB, team, "late").unwrap();
    world.remove(ALICE, BOB, team).unwrap();
    world.exchange();
    world.heal("globex", "acme");
    world.exchange();
    world.bring(ALICE, BOB, team);
    world.say(BOB, team, "back").unwrap();
    world.exchange();
    assert_eq!(world.texts("initech", team), ["bob@globex.test: back"]);
    world.assert_same(&ALL, team);
}

#[test]
fn what_v_covers_is_final() {
    let (mut world, team) = scene();
    world.say(BOB, team, "known").unwrap();
    world.exchange();
    assert_eq!(covered(&world, "initech", team, "globex"), 0);
    world.remove(ALICE, BOB, team).unwrap();
    world.exchange();
    // His accept and his text; no later record takes them back.
    assert!(covered(&world, "initech", team, "globex") > 0);
    assert_eq!(world.texts("globex", team), ["bob@globex.test: known"]);
    world.assert_same(&ALL, team);
}

#[test]
fn a_lost_role_and_an_archive_withdraw_as_a_removal_does() {
    let (mut world, team) = scene();
    world.set_role(ALICE, BOB, team, Role::Moderator).unwrap();
    world.let_post(ALICE, team, Role::Moderator).unwrap();
    world.exchange();
    assert_eq!(world.say(CAROL, team, "may I?"), Err(Code::PostingRestricted));
    world.cut("globex", "acme");
    world.say(BOB, team, "as a moderator").unwrap();
    world.exchange();
    world.set_role(ALICE, BOB, team, Role::Member).unwrap();
    world.exchange();
    world.heal("globex", "acme");
    world.exchange();
    assert!(outcomes(&world, team, "globex").ends_with(&[Rejected]));

    world.let_post(ALICE, team, Role::Member).unwrap();
    world.exchange();
    world.say(CAROL, team, "now I may").unwrap();
    world.exchange();
    world.cut("initech", "acme");
    world.say(CAROL, team, "too late").unwrap();
    world.archive(ALICE, team, true).unwrap();
    world.exchange();
    assert_eq!(world.say(ALICE, team, "closed"), Err(Code::ChannelArchived));
    world.heal("initech", "acme");
    world.exchange();
    assert_eq!(world.texts("globex", team), ["carol@initech.test: now I may"]);
    assert!(outcomes(&world, team, "initech").ends_with(&[Accepted, Rejected]));
    world.archive(ALICE, team, false).unwrap();
    world.exchange();
    world.say(BOB, team, "open again").unwrap();
    world.exchange();
    world.assert_same(&ALL, team);
}

#[test]
fn the_home_states_v_after_so_many_events() {
    let (mut world, team) = scene();
    let control = |world: &World| world.group_at("acme", team).point.seq;
    let before = control(&world);
    for i in 1..COVER_EVENTS {
        world.say(ALICE, team, &i.to_string()).unwrap();
    }
    assert_eq!(control(&world), before);
    world.say(ALICE, team, "the last straw").unwrap();
    assert_eq!(control(&world), before + 1);
    world.exchange();
    let log = world.channel("acme", team).1.logs.iter().find_map(|(name, log)| match name {
        LogName::Message { origin, .. } => {
            (*origin == world.node("acme").lineage()).then(|| log.end.seq())
        }
        LogName::Control { .. } => None,
    });
    assert_eq!(Some(covered(&world, "globex", team, "acme")), log);
    world.assert_same(&ALL, team);
}

#[test]
fn the_home_states_v_when_events_grow_old() {
    let (mut world, team) = scene();
    world.say(BOB, team, "hello").unwrap();
    world.exchange();
    let due = world.node("acme").state.due_ms().unwrap();
    assert!(due <= world.now_ms + COVER_AGE_MS);
    assert_eq!(world.node("globex").state.due_ms(), None, "it is home of nothing");
    world.now_ms = due - 1;
    world.wake("acme");
    assert_eq!(world.node("acme").state.due_ms(), Some(due));
    world.now_ms = due;
    world.wake("acme");
    assert_eq!(world.node("acme").state.due_ms(), None);
    world.exchange();
    assert!(covered(&world, "initech", team, "globex") > 0);
    world.assert_same(&ALL, team);
}

#[test]
fn a_group_of_one_organisation_states_no_v() {
    let mut world = World::new(&[ALICE, "ann@acme"]);
    let team = world.team(ALICE, &["ann@acme"]);
    let before = world.group_at("acme", team).point;
    for i in 0..2 * COVER_EVENTS {
        assert!(matches!(world.say(ALICE, team, &i.to_string()), Ok(Answer::Stored { .. })));
    }
    assert_eq!(world.group_at("acme", team).point, before);
    assert_eq!(world.node("acme").state.due_ms(), None);
}

#[test]
fn a_silent_home_costs_no_memory_for_each_event() {
    let (mut world, team) = scene();
    world.cut("acme", "globex");
    world.cut("globex", "acme");
    for i in 0..3 * COVER_EVENTS {
        world.say(BOB, team, &i.to_string()).unwrap();
    }
    world.exchange();
    let (_, channel) = world.channel("initech", team);
    let spans = channel.logs.values().flat_map(|log| log.uncovered.values()).flatten();
    assert_eq!(spans.count(), 1);
}
