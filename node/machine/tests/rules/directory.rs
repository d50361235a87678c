//! Groups that are found without an invitation: who may name them, who finds them, and what nobody
//! is told.

use comity_machine::{Act, Answer, Subscriber};
use comity_protocol::code::Code;
use comity_protocol::control::{JoinRule, Role};
use comity_protocol::directory::{Offer, Seek};
use comity_protocol::id::ChannelId;

use super::world::World;

const ALICE: &str = "alice@acme";
const ADA: &str = "ada@acme";
const BOB: &str = "bob@globex";
const CAROL: &str = "carol@initech";

fn world() -> World {
    World::new(&[ALICE, ADA, BOB, CAROL])
}

fn names(world: &mut World, user: &str, channel: ChannelId, name: &str) -> Result<Answer, Code> {
    world.act(user, Act::SetAlias { channel, name: name.into() })
}

fn unnames(world: &mut World, user: &str, name: &str) -> Result<Answer, Code> {
    world.act(user, Act::RemoveAlias { name: name.into() })
}

fn alias(name: &str) -> Seek {
    Seek::Alias { name: name.into() }
}

/// The ids of what a node offers to one of its users, or to an organisation.
fn offered(world: &World, node: &str, to: &str, seek: &Seek) -> Vec<ChannelId> {
    offer(world, node, to, seek).groups.iter().map(|group| group.channel).collect()
}

fn offer(world: &World, node: &str, to: &str, seek: &Seek) -> Offer {
    let to = match to.contains('@') {
        true => Subscriber::Account(world.account(to).0.number),
        false => Subscriber::Peer(world.node(to).lineage()),
    };
    world.node(node).state.offer(to, seek)
}

const ALL: Seek = Seek::Page { count: 50, after: None };

#[test]
fn owners_alone_name_a_group_and_one_alias_names_one_group() {
    let mut world = world();
    let team = world.team(ALICE, &[ADA]);
    let other = world.group(ADA, "Other");
    assert_eq!(names(&mut world, ADA, team, "team"), Err(Code::NotAllowed));
    assert_eq!(names(&mut world, ALICE, other, "team"), Err(Code::ChannelNotFound));
    for form in ["", "Team", "a b", "-a", "a@b"] {
        assert_eq!(names(&mut world, ALICE, team, form), Err(Code::NameInvalid), "{form}");
    }
    assert_eq!(names(&mut world, ALICE, team, "team"), Ok(Answer::Done));
    assert_eq!(names(&mut world, ALICE, team, "team"), Ok(Answer::Done));
    assert_eq!(names(&mut world, ADA, other, "team"), Err(Code::AliasTaken));
    assert_eq!(unnames(&mut world, ADA, "team"), Err(Code::NotAllowed));
    assert_eq!(unnames(&mut world, ADA, "nothing"), Err(Code::ChannelNotFound));
    assert_eq!(unnames(&mut world, ALICE, "team"), Ok(Answer::Done));
    assert_eq!(names(&mut world, ADA, other, "team"), Ok(Answer::Done));
    assert_eq!(offered(&world, "acme", ADA, &alias("team")), [other]);
    let direct = world.direct(ALICE, ADA);
    assert_eq!(names(&mut world, ALICE, direct, "we"), Err(Code::NotAGroup));
}

#[test]
fn who_is_not_let_in_learns_nothing() {
    let mut world = world();
    let team = world.team(ALICE, &[]);
    names(&mut world, ALICE, team, "team").unwrap();
    let by_id = Seek::Channel { channel: team };
    // Whoever is in finds it; it is in no list.
    assert_eq!(offered(&world, "acme", ALICE, &alias("team")), [team]);
    for (to, seek) in [(ADA, &by_id), (ADA, &ALL), (ALICE, &ALL), ("globex", &ALL)] {
        assert_eq!(offer(&world, "acme", to, seek), Offer::default(), "{to} {seek:?}");
    }
    assert_eq!(offered(&world, "acme", "globex", &alias("team")), []);
    let globex = world.node("globex").lineage();
    world.open_to(ALICE, team, JoinRule::Organisations(vec![globex])).unwrap();
    for seek in [&by_id, &alias("team"), &ALL] {
        assert_eq!(offered(&world, "acme", "globex", seek), [team]);
        assert_eq!(offered(&world, "acme", "initech", seek), []);
        assert_eq!(offered(&world, "acme", ADA, seek), []);
    }
    world.open_to(ALICE, team, JoinRule::Anyone).unwrap();
    world.ban(ALICE, ADA, team).unwrap();
    for seek in [&by_id, &alias("team"), &ALL] {
        assert_eq!(offered(&world, "acme", "initech", seek), [team]);
        assert_eq!(offered(&world, "acme", ADA, seek), [], "who is banned finds nothing");
    }
    world.open_to(ALICE, team, JoinRule::Invited).unwrap();
    assert_eq!(offered(&world, "acme", "globex", &ALL), []);
}

#[test]
fn what_is_offered_is_as_it_is_now() {
    let mut world = world();
    let team = world.team(ALICE, &[BOB]);
    world.set_topic(ALICE, team, "at five").unwrap();
    world.open_to(ALICE, team, JoinRule::Anyone).unwrap();
    names(&mut world, ALICE, team, "tea").unwrap();
    let found = offer(&world, "acme", "initech", &ALL).groups.remove(0);
    let shown = (found.name.as_str(), found.topic.as_str(), found.domain.as_str());
    assert_eq!(shown, ("Team", "at five", "acme.test"));
    assert_eq!((found.members, found.alias.as_deref()), (2, Some("tea")));
    assert_eq!(found.home, world.node("acme").lineage());
    world.exchange();
    // Globex holds the group, but it is not its home, nor has it named it.
    assert_eq!(offered(&world, "globex", "initech", &ALL), []);
    world.set_role(ALICE, BOB, team, Role::Owner).unwrap();
    world.exchange();
    names(&mut world, BOB, team, "friends").unwrap();
    let found = offer(&world, "globex", "initech", &ALL).groups.remove(0);
    assert_eq!((found.domain.as_str(), found.alias.as_deref()), ("acme.test", Some("friends")));
    // Once nobody of globex is in, it hears of the group no more, and the alias is free.
    world.remove(ALICE, BOB, team).unwrap();
    world.exchange();
    assert_eq!(offered(&world, "globex", "initech", &alias("friends")), []);
    let other = world.group(BOB, "Other");
    assert_eq!(names(&mut world, BOB, other, "friends"), Ok(Answer::Done));
    assert_eq!(offered(&world, "globex", BOB, &alias("friends")), [other]);
    for node in ["acme", "globex"] {
        world.node(node).check_reload();
        world.node(node).check_replay();
    }
}

#[test]
fn pages_go_on_where_they_ended() {
    let mut world = world();
    let mut teams: Vec<ChannelId> = (0..7)
        .map(|number| {
            let team = world.group(ALICE, &format!("Team {number}"));
            world.open_to(ALICE, team, JoinRule::Anyone).unwrap();
            team
        })
        .collect();
    teams.sort_unstable();
    let (mut found, mut after) = (Vec::new(), None);
    for (count, more) in [(3, true), (3, true), (3, false)] {
        let page = offer(&world, "acme", "globex", &Seek::Page { count, after });
        assert_eq!(page.more, more);
        found.extend(page.groups.iter().map(|group| group.channel));
        after = found.last().copied();
    }
    assert_eq!(found, teams);
}

#[test]
fn aliases_are_bounded_by_group_and_by_account() {
    let mut world = world();
    let mut count = 0;
    for _ in 0..4 {
        let team = world.group(ALICE, "Team");
        for _ in 0..8 {
            count += 1;
            names(&mut world, ALICE, team, &format!("team{count}")).unwrap();
        }
        assert_eq!(names(&mut world, ALICE, team, "more"), Err(Code::AliasLimit));
    }
    let team = world.group(ALICE, "Team");
    assert_eq!(names(&mut world, ALICE, team, "more"), Err(Code::AliasLimit));
    unnames(&mut world, ALICE, "team1").unwrap();
    assert_eq!(names(&mut world, ALICE, team, "more"), Ok(Answer::Done));
}
