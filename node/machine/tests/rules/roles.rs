//! Bans, join rules, archives, moderation and the other rules of a group, within and across
//! organisations.

use comity_machine::Answer;
use comity_protocol::code::Code;
use comity_protocol::control::{
    ControlAct, JoinRule, Moderation, Role, SetHistory, SetRetention, SetVersion,
};
use comity_protocol::id::{ChannelId, WriterId};
use comity_protocol::limits::{RETENTION_SECONDS_MIN, STAYS_MAX};

use super::world::World;

const ALICE: &str = "alice@acme";
const ANN: &str = "ann@acme";
const BOB: &str = "bob@globex";
const CAROL: &str = "carol@initech";

fn three() -> World {
    World::new(&[ALICE, ANN, BOB, CAROL])
}

#[test]
fn a_banned_account_is_out_and_stays_out() {
    let mut world = three();
    let team = world.team(ALICE, &[BOB, CAROL]);
    assert_eq!(world.ban(BOB, CAROL, team), Err(Code::NotAllowed));
    world.ban(ALICE, BOB, team).unwrap();
    world.exchange();
    assert_eq!(world.last_seen(BOB), "alice@acme.test bans bob@globex.test");
    assert_eq!(world.say(BOB, team, "let me in"), Err(Code::ChannelNotFound));
    assert_eq!(world.invite(CAROL, BOB, team), Err(Code::Banned));
    assert_eq!(world.ban(ALICE, BOB, team), Err(Code::Banned));
    world.open_to(ALICE, team, JoinRule::Anyone).unwrap();
    world.exchange();
    assert_eq!(world.join(BOB, team, "acme"), Ok(Answer::Requested));
    world.exchange();
    assert_eq!(world.last_seen(BOB), "refused banned");
    assert_eq!(world.unban(ALICE, CAROL, team), Err(Code::NotBanned));
    world.unban(ALICE, BOB, team).unwrap();
    world.exchange();
    assert_eq!(world.join(BOB, team, "acme"), Ok(Answer::Requested));
    world.exchange();
    world.say(BOB, team, "thank you").unwrap();
    world.exchange();
    world.assert_same(&["acme", "globex", "initech"], team);
}

#[test]
fn somebody_may_be_banned_before_he_ever_comes() {
    let mut world = three();
    let team = world.team(ALICE, &[CAROL]);
    world.open_to(ALICE, team, JoinRule::Anyone).unwrap();
    world.ban(ALICE, BOB, team).unwrap();
    world.exchange();
    assert_eq!(world.join(BOB, team, "acme"), Ok(Answer::Requested));
    world.exchange();
    assert_eq!(world.last_seen(BOB), "refused banned");
    assert_eq!(world.members("acme", team).len(), 2);
    world.assert_same(&["acme", "initech"], team);
}

#[test]
fn a_join_rule_lets_in_whom_it_names_and_hides_the_group_from_others() {
    let mut world = three();
    let team = world.group(ALICE, "Team");
    assert_eq!(world.join(BOB, team, "acme"), Ok(Answer::Requested));
    world.exchange();
    assert_eq!(world.last_seen(BOB), "refused channel_not_found");
    assert_eq!(world.join(ANN, team, "acme"), Err(Code::ChannelNotFound));
    let globex = world.node("globex").lineage();
    let unsorted = JoinRule::Organisations(vec![globex, globex]);
    assert_eq!(world.open_to(ALICE, team, unsorted), Err(Code::RuleInvalid));
    world.open_to(ALICE, team, JoinRule::Organisations(vec![globex])).unwrap();
    for who in [BOB, CAROL] {
        assert_eq!(world.join(who, team, "acme"), Ok(Answer::Requested));
    }
    world.exchange();
    assert_eq!(world.last_seen(BOB), "bob@globex.test joins");
    assert_eq!(world.last_seen(CAROL), "refused channel_not_found");
    assert_eq!(world.join(BOB, team, "acme"), Err(Code::AlreadyMember));
    assert_eq!(world.open_to(BOB, team, JoinRule::Anyone), Err(Code::NotAllowed));
    world.open_to(ALICE, team, JoinRule::Anyone).unwrap();
    world.join(CAROL, team, "acme").unwrap();
    assert_eq!(world.join(ANN, team, "acme"), Ok(Answer::Channel(team)));
    world.exchange();
    world.say(CAROL, team, "here").unwrap();
    world.exchange();
    assert_eq!(world.members("globex", team).len(), 4);
    world.assert_same(&["acme", "globex", "initech"], team);
}

#[test]
fn who_asks_to_come_in_while_he_is_invited_comes_in() {
    let mut world = three();
    let team = world.group(ALICE, "Team");
    world.open_to(ALICE, team, JoinRule::Anyone).unwrap();
    world.exchange();
    world.cut("acme", "globex");
    world.cut("globex", "acme");
    world.invite(ALICE, BOB, team).unwrap();
    assert_eq!(world.join(BOB, team, "acme"), Ok(Answer::Requested));
    // The invitation arrives before the answer.
    world.heal("acme", "globex");
    world.exchange();
    world.heal("globex", "acme");
    world.exchange();
    assert_eq!(world.last_seen(BOB), "bob@globex.test joins");
    world.say(BOB, team, "here").unwrap();
    world.exchange();
    world.assert_same(&["acme", "globex"], team);
}

#[test]
fn a_refused_accept_leaves_a_newer_invite_open() {
    let mut world = three();
    let team = world.group(ALICE, "Team");
    world.invite(ALICE, BOB, team).unwrap();
    world.exchange();
    world.cut("globex", "acme");
    assert_eq!(world.accept(BOB, team), Ok(Answer::Requested));
    world.remove(ALICE, BOB, team).unwrap();
    world.invite(ALICE, BOB, team).unwrap();
    world.exchange();
    world.heal("globex", "acme");
    world.exchange();
    assert_eq!(world.accept(BOB, team), Ok(Answer::Requested));
    world.exchange();
    assert_eq!(world.members("globex", team).len(), 2);
}

#[test]
fn owners_set_the_rules_of_a_group() {
    let mut world = three();
    let team = world.team(ALICE, &[BOB]);
    world.set_role(ALICE, BOB, team, Role::Owner).unwrap();
    world.exchange();
    let keep = |seconds| ControlAct::SetRetention(SetRetention { seconds });
    let hide = ControlAct::SetHistory(SetHistory { since_joining: true });
    assert_eq!(
        world.govern(BOB, team, keep(Some(RETENTION_SECONDS_MIN - 1))),
        Err(Code::RuleInvalid)
    );
    for act in [keep(Some(RETENTION_SECONDS_MIN)), hide] {
        assert_eq!(world.govern(BOB, team, act), Ok(Answer::Requested));
    }
    world.exchange();
    let state = &world.group_at("acme", team).state;
    assert_eq!((state.retention, state.since_joining), (Some(RETENTION_SECONDS_MIN), true));
    world.assert_same(&["acme", "globex"], team);
    world.set_role(ALICE, BOB, team, Role::Moderator).unwrap();
    world.exchange();
    assert_eq!(world.govern(BOB, team, keep(None)), Err(Code::NotAllowed));
}

#[test]
fn a_version_that_is_not_known_closes_a_group_for_writing() {
    let mut world = three();
    let team = world.team(ALICE, &[BOB]);
    let raise = |version| ControlAct::SetVersion(SetVersion { version });
    assert_eq!(world.govern(ALICE, team, raise(1)), Err(Code::VersionUnsupported));
    assert_eq!(world.govern(ALICE, team, raise(2)), Err(Code::VersionUnsupported));
    let alice = world.account(ALICE).0;
    let mut log = super::world::RogueLog::control(world.node("acme"), team);
    log.push_control(super::world::control(Some(alice), &raise(2)));
    let (held, _) = world.show("acme", "globex", &log);
    assert!(matches!(held, comity_machine::RangeOutcome::Newer { .. }), "{held:?}");
    assert_eq!(world.say(BOB, team, "hello?"), Err(Code::ChannelReadOnly));
}

#[test]
fn only_moderators_remove_messages() {
    let mut world = three();
    let team = world.team(ALICE, &[BOB]);
    let moderation = Moderation {
        origin: world.node("acme").lineage(),
        writer: WriterId(1),
        seq: 1,
        hash: comity_protocol::id::ShortHash([0; 16]),
    };
    let act = ControlAct::Moderate(moderation);
    assert_eq!(world.govern(BOB, team, act.clone()), Err(Code::NotAllowed));
    assert_eq!(world.govern(ALICE, team, act), Ok(Answer::Done));
}

#[test]
fn who_comes_and_goes_without_end_is_not_let_in_again() {
    let mut world = three();
    let team: ChannelId = world.group(ALICE, "Team");
    for _ in 0..STAYS_MAX {
        world.invite(ALICE, ANN, team).unwrap();
        world.accept(ANN, team).unwrap();
        world.leave(ANN, team).unwrap();
    }
    assert_eq!(world.invite(ALICE, ANN, team), Err(Code::ChangeLimit));
}
