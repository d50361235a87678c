//! Groups, as their members live in them: within an organisation and across two and three.

use comity_machine::{Answer, Outcome, Standing};
use comity_protocol::code::Code;
use comity_protocol::control::Role;

use super::world::World;

const ALICE: &str = "alice@acme";
const ANN: &str = "ann@acme";
const BOB: &str = "bob@globex";
const BELLA: &str = "bella@globex";
const CAROL: &str = "carol@initech";

fn three() -> World {
    World::new(&[ALICE, ANN, BOB, BELLA, CAROL])
}

/// The standing of a user in a channel.
fn standing(
    world: &World,
    user: &str,
    channel: comity_protocol::id::ChannelId,
) -> Option<Standing> {
    let (name, node) = user.split_once('@').unwrap();
    let node = world.node(node);
    let (no, _) = node.state.channel(&channel)?;
    let account = &node.state.accounts[&node.users[name].number];
    account.channels.get(&no).map(|stay| stay.standing)
}

#[test]
fn a_group_within_an_organisation() {
    let mut world = three();
    let team = world.group(ALICE, "Team");
    assert_eq!(world.invite(ALICE, ANN, team), Ok(Answer::Done));
    assert_eq!(world.say(ANN, team, "not yet"), Err(Code::ChannelNotFound));
    assert_eq!(world.accept(ANN, team), Ok(Answer::Channel(team)));
    world.say(ANN, team, "hello").unwrap();
    let whole = [
        "alice@acme.test creates Team",
        "alice@acme.test invites ann@acme.test",
        "ann@acme.test joins",
        "ann@acme.test: hello",
    ];
    assert_eq!(world.feed(ALICE), whole);
    assert_eq!(world.feed(ANN), whole[1..]);
    assert_eq!(world.members("acme", team), ["alice@acme.test Owner", "ann@acme.test Member"]);
    assert_eq!(world.leave(ANN, team), Ok(Answer::Done));
    assert_eq!(world.last_seen(ANN), "ann@acme.test leaves");
    world.say(ALICE, team, "alone").unwrap();
    assert_eq!(world.last_seen(ANN), "ann@acme.test leaves");
    assert_eq!(world.say(ANN, team, "again"), Err(Code::ChannelNotFound));
    assert_eq!(standing(&world, ANN, team), Some(Standing::Gone));
}

#[test]
fn a_group_of_three_organisations() {
    let mut world = three();
    let team = world.team(ALICE, &[BOB, CAROL]);
    for (user, text) in [(ALICE, "one"), (BOB, "two"), (CAROL, "three")] {
        world.say(user, team, text).unwrap();
    }
    world.exchange();
    let texts = ["alice@acme.test: one", "bob@globex.test: two", "carol@initech.test: three"];
    assert_eq!(world.texts("initech", team), texts);
    world.assert_same(&["acme", "globex", "initech"], team);
    let members = ["alice@acme.test Owner", "bob@globex.test Member", "carol@initech.test Member"];
    assert_eq!(world.members("globex", team), members);
    let feed = world.feed(BOB);
    let told = [
        "alice@acme.test invites to Team",
        "bob@globex.test joins",
        "alice@acme.test invites carol@initech.test",
        "carol@initech.test joins",
    ];
    assert_eq!(feed[..4], told);
    assert_eq!(feed.len(), 7);
    // Those of an organisation who are not in see nothing of it.
    assert!(world.feed(BELLA).is_empty() && world.feed(ANN).is_empty());
    assert_eq!(world.say(BELLA, team, "and I?"), Err(Code::ChannelNotFound));
    assert_eq!(world.rename(BELLA, team, "Mine"), Err(Code::ChannelNotFound));
    assert_eq!(world.accept(BELLA, team), Err(Code::ChannelNotFound));
    assert_eq!(world.leave(BELLA, team), Err(Code::ChannelNotFound));
}

#[test]
fn an_invite_is_noted_until_it_is_answered() {
    let mut world = three();
    let team = world.group(ALICE, "Team");
    world.invite(ALICE, BOB, team).unwrap();
    world.exchange();
    assert_eq!(world.feed(BOB), ["alice@acme.test invites to Team"]);
    let bob = world.node("globex").users["bob"].number;
    let noted = |world: &World| {
        let invitations = &world.node("globex").state.accounts[&bob].invitations;
        invitations.get(&team).map(|i| (i.name.clone(), i.accepted))
    };
    assert_eq!(noted(&world), Some(("Team".into(), false)));
    assert!(world.node("globex").state.channel(&team).is_none());
    assert_eq!(world.accept(BELLA, team), Err(Code::ChannelNotFound));
    assert_eq!(world.accept(BOB, team), Ok(Answer::Requested));
    assert_eq!(noted(&world), Some(("Team".into(), true)));
    world.exchange();
    assert_eq!(noted(&world), None);
    assert_eq!(standing(&world, BOB, team), Some(Standing::Joined));
    assert_eq!(world.accept(BOB, team), Err(Code::AlreadyMember));
    world.assert_same(&["acme", "globex"], team);
}

#[test]
fn an_accept_is_asked_once_and_not_taken_back() {
    let mut world = three();
    let team = world.group(ALICE, "Team");
    world.invite(ALICE, BOB, team).unwrap();
    world.exchange();
    assert_eq!(world.accept(BOB, team), Ok(Answer::Requested));
    assert_eq!(world.accept(BOB, team), Ok(Answer::Requested));
    assert_eq!(world.decline(BOB, team), Err(Code::AlreadyMember));
    world.exchange();
    assert_eq!(standing(&world, BOB, team), Some(Standing::Joined));
    assert_eq!(world.last_seen(BOB), "bob@globex.test joins");
    world.assert_same(&["acme", "globex"], team);
}

#[test]
fn a_declined_invite_is_gone() {
    let mut world = three();
    let team = world.group(ALICE, "Team");
    for whom in [ANN, BOB] {
        world.invite(ALICE, whom, team).unwrap();
        world.exchange();
        world.decline(whom, team).unwrap();
        world.exchange();
        assert_eq!(world.members("acme", team), ["alice@acme.test Owner"]);
        assert!(world.accept(whom, team).is_err());
        assert!(world.decline(whom, team).is_err());
    }
    assert!(world.last_seen(ALICE).ends_with("bob@globex.test leaves"));
    // He may be invited again.
    world.bring(ALICE, BOB, team);
    world.assert_same(&["acme", "globex"], team);
}

#[test]
fn a_second_member_of_an_organisation_comes_in_by_the_control_log() {
    let mut world = three();
    let team = world.team(ALICE, &[BOB]);
    world.invite(BOB, BELLA, team).unwrap();
    assert_eq!(world.members("globex", team).len(), 2, "the home has not answered yet");
    world.exchange();
    assert_eq!(world.feed(BELLA), ["bob@globex.test invites bella@globex.test"]);
    assert_eq!(standing(&world, BELLA, team), Some(Standing::Invited));
    assert_eq!(world.accept(BELLA, team), Ok(Answer::Requested));
    assert_eq!(standing(&world, BELLA, team), Some(Standing::Joining));
    assert_eq!(world.accept(BELLA, team), Ok(Answer::Requested));
    world.exchange();
    assert_eq!(standing(&world, BELLA, team), Some(Standing::Joined));
    world.say(BELLA, team, "hello").unwrap();
    world.exchange();
    assert_eq!(world.last_seen(ALICE), "bella@globex.test: hello");
    world.assert_same(&["acme", "globex"], team);
}

#[test]
fn two_of_an_organisation_may_accept_at_once() {
    let mut world = three();
    let team = world.group(ALICE, "Team");
    world.invite(ALICE, BOB, team).unwrap();
    world.invite(ALICE, BELLA, team).unwrap();
    world.exchange();
    world.accept(BOB, team).unwrap();
    world.accept(BELLA, team).unwrap();
    world.exchange();
    assert_eq!(world.members("globex", team).len(), 3);
    assert_eq!(world.last_seen(BELLA), "bella@globex.test joins");
    world.assert_same(&["acme", "globex"], team);
}

#[test]
fn whoever_accepted_before_the_group_was_known_stays_in_the_making() {
    let mut world = three();
    let team = world.group(ALICE, "Team");
    world.invite(ALICE, BOB, team).unwrap();
    world.invite(ALICE, BELLA, team).unwrap();
    world.exchange();
    world.accept(BOB, team).unwrap();
    // Bella's accept is under way when the group arrives for Bob.
    world.cut("acme", "globex");
    world.exchange();
    world.heal("acme", "globex");
    world.cut("globex", "acme");
    world.accept(BELLA, team).unwrap();
    world.exchange();
    assert_eq!(standing(&world, BELLA, team), Some(Standing::Joining));
    world.heal("globex", "acme");
    world.exchange();
    assert_eq!(standing(&world, BELLA, team), Some(Standing::Joined));
    assert_eq!(world.last_seen(BELLA), "bella@globex.test joins");
}

#[test]
fn leaving_from_elsewhere_is_at_once_for_the_leaver() {
    let mut world = three();
    let team = world.team(ALICE, &[BOB, BELLA]);
    assert_eq!(world.leave(BOB, team), Ok(Answer::Requested));
    assert_eq!(world.say(BOB, team, "bye"), Err(Code::ChannelNotFound));
    assert_eq!(world.leave(BOB, team), Err(Code::ChannelNotFound));
    let before = world.feed(BOB);
    world.say(BELLA, team, "he does not hear this").unwrap();
    world.say(ALICE, team, "nor this").unwrap();
    world.cut("globex", "acme");
    world.exchange();
    assert_eq!(world.feed(BOB), before);
    world.heal("globex", "acme");
    world.exchange();
    assert_eq!(world.feed(BOB)[before.len()..], ["bob@globex.test leaves"]);
    assert_eq!(standing(&world, BOB, team), Some(Standing::Gone));
    assert_eq!(world.members("acme", team), ["alice@acme.test Owner", "bella@globex.test Member"]);
    world.assert_same(&["acme", "globex"], team);
}

#[test]
fn the_last_owners_leaving_makes_the_next_one() {
    let mut world = three();
    let team = world.team(ALICE, &[BOB]);
    world.set_role(ALICE, BOB, team, Role::Owner).unwrap();
    world.exchange();
    world.bring(ALICE, ANN, team);
    world.bring(ALICE, CAROL, team);
    // Both leave at once; nobody can be kept from leaving.
    world.cut("acme", "globex");
    assert_eq!(world.leave(ALICE, team), Ok(Answer::Done));
    assert_eq!(world.leave(BOB, team), Ok(Answer::Requested));
    world.heal("acme", "globex");
    world.exchange();
    assert_eq!(world.last_seen(BOB), "bob@globex.test leaves");
    // Ann was in before Carol.
    assert_eq!(world.members("acme", team), ["ann@acme.test Owner", "carol@initech.test Member"]);
    world.rename(ANN, team, "Hers").unwrap();
    world.exchange();
    world.assert_same(&["acme", "initech"], team);
}

#[test]
fn an_organisation_whose_members_all_left_may_be_invited_again() {
    let mut world = three();
    let team = world.team(ALICE, &[BOB, CAROL]);
    world.say(ALICE, team, "before").unwrap();
    world.exchange();
    world.leave(BOB, team).unwrap();
    world.exchange();
    world.say(ALICE, team, "while he was away").unwrap();
    world.rename(ALICE, team, "Crew").unwrap();
    world.exchange();
    assert!(!world.feed(BOB).iter().any(|line| line.contains("away") || line.contains("Crew")));
    world.invite(ALICE, BOB, team).unwrap();
    world.exchange();
    assert_eq!(world.last_seen(BOB), "alice@acme.test invites to Crew");
    assert_eq!(world.accept(BOB, team), Ok(Answer::Requested));
    world.exchange();
    assert_eq!(standing(&world, BOB, team), Some(Standing::Joined));
    world.say(BOB, team, "back").unwrap();
    world.say(ALICE, team, "welcome").unwrap();
    world.exchange();
    assert_eq!(world.last_seen(BOB), "alice@acme.test: welcome");
    assert!(world.feed(CAROL).contains(&"bob@globex.test: back".to_owned()));
    let states = ["acme", "globex", "initech"].map(|node| world.group_at(node, team).state.hash());
    assert!(states.iter().all(|hash| *hash == states[0]));
}

#[test]
fn a_removed_member_sees_the_removal_and_nothing_after() {
    let mut world = three();
    let team = world.team(ALICE, &[ANN, BOB, CAROL]);
    for whom in [ANN, BOB] {
        assert_eq!(world.remove(ALICE, whom, team), Ok(Answer::Done));
        world.say(ALICE, team, "gone").unwrap();
        world.exchange();
        let (name, domain) = whom.split_once('@').unwrap();
        let removal = format!("alice@acme.test removes {name}@{domain}.test");
        assert_eq!(world.last_seen(whom), removal);
        assert_eq!(world.say(whom, team, "hey"), Err(Code::ChannelNotFound));
    }
    // His organisation has no member any more, and is told no more.
    let removal = world.node("globex").records.last().unwrap();
    assert_eq!(removal.seq, world.group_at("acme", team).point.seq);
    let (_, channel) = world.channel("acme", team);
    assert_eq!(channel.sharing_peers().collect::<Vec<_>>(), [world.node("initech").lineage()]);
    assert_eq!(channel.organisations(), 2);
    world.assert_same(&["acme", "initech"], team);
}

#[test]
fn a_late_message_of_a_removed_member_is_rejected_and_an_earlier_one_stays() {
    let mut world = three();
    let team = world.team(ALICE, &[BOB, CAROL]);
    world.say(BOB, team, "in time").unwrap();
    world.cut("globex", "initech");
    world.exchange();
    world.cut("globex", "acme");
    world.say(BOB, team, "too late").unwrap();
    world.remove(ALICE, BOB, team).unwrap();
    world.exchange();
    world.heal("globex", "acme");
    world.heal("globex", "initech");
    world.exchange();
    use Outcome::{Accepted, Rejected};
    assert_eq!(world.outcomes("acme", team, "globex"), [Accepted, Rejected]);
    // Initech hears both only now, and judges alike: the home's V covers the first alone.
    assert_eq!(world.outcomes("initech", team, "globex"), [Accepted, Rejected]);
    assert_eq!(world.texts("acme", team), ["bob@globex.test: in time"]);
    world.assert_same(&["acme", "initech"], team);
    assert!(!world.feed(CAROL).iter().any(|line| line.contains("too late")));
}

#[test]
fn roles_bound_what_members_may_do() {
    let mut world = three();
    let team = world.team(ALICE, &[ANN, BOB, CAROL]);
    for who in [ANN, BOB] {
        assert_eq!(world.rename(who, team, "Mine"), Err(Code::NotAllowed));
        assert_eq!(world.set_topic(who, team, "x"), Err(Code::NotAllowed));
        assert_eq!(world.remove(who, CAROL, team), Err(Code::NotAllowed));
        assert_eq!(world.set_role(who, who, team, Role::Owner), Err(Code::NotAllowed));
        world.set_role(ALICE, who, team, Role::Moderator).unwrap();
        world.exchange();
        world.rename(who, team, &format!("{who}'s")).unwrap();
        world.exchange();
        assert_eq!(world.group_at("initech", team).state.name, format!("{who}'s"));
        assert_eq!(world.remove(who, ALICE, team), Err(Code::NotAllowed));
        assert_eq!(world.remove(who, who, team), Err(Code::NotAllowed));
        assert_eq!(world.set_role(who, who, team, Role::Owner), Err(Code::NotAllowed));
    }
    assert_eq!(world.remove(ANN, BOB, team), Err(Code::NotAllowed), "as high as himself");
    assert_eq!(world.remove(BOB, CAROL, team), Ok(Answer::Requested));
    world.exchange();
    assert_eq!(world.last_seen(CAROL), "bob@globex.test removes carol@initech.test");
    assert_eq!(world.set_topic(BOB, team, "all\nsorts"), Ok(Answer::Requested));
    world.exchange();
    assert_eq!(world.group_at("acme", team).state.topic, "all\nsorts");
    world.assert_same(&["acme", "globex"], team);
    assert_eq!(world.remove(ALICE, CAROL, team), Err(Code::NotAMember));
    assert_eq!(world.set_role(ALICE, CAROL, team, Role::Member), Err(Code::NotAMember));
}

#[test]
fn a_group_keeps_an_owner() {
    let mut world = three();
    let team = world.team(ALICE, &[BOB]);
    assert_eq!(world.set_role(ALICE, ALICE, team, Role::Member), Err(Code::LastOwner));
    world.set_role(ALICE, BOB, team, Role::Owner).unwrap();
    world.exchange();
    assert_eq!(world.set_role(BOB, ALICE, team, Role::Member), Ok(Answer::Requested));
    world.exchange();
    assert_eq!(world.leave(ALICE, team), Ok(Answer::Done));
    world.exchange();
    // The last one of all may go.
    assert_eq!(world.leave(BOB, team), Ok(Answer::Requested));
    world.exchange();
    assert_eq!(world.members("acme", team), [""; 0]);
    world.assert_same(&["acme", "globex"], team);
}

#[test]
fn members_and_invites_count_to_the_limit() {
    let mut world = three();
    let team = world.group_of(ALICE, "Team", 3);
    world.bring(ALICE, BOB, team);
    world.invite(BOB, CAROL, team).unwrap();
    world.exchange();
    for who in [ALICE, BOB] {
        assert_eq!(world.invite(who, ANN, team), Err(Code::MemberLimit));
        assert_eq!(world.invite(who, CAROL, team), Err(Code::AlreadyMember));
        assert_eq!(world.invite(who, BOB, team), Err(Code::AlreadyMember));
    }
    world.remove(ALICE, CAROL, team).unwrap();
    world.invite(ALICE, ANN, team).unwrap();
    // The withdrawn invite opens nothing any more.
    world.accept(CAROL, team).unwrap();
    world.exchange();
    assert_eq!(world.last_seen(CAROL), "refused not_invited");
    assert!(world.node("initech").state.channel(&team).is_none());
    assert_eq!(world.accept(CAROL, team), Err(Code::ChannelNotFound));
    world.assert_same(&["acme", "globex"], team);
}

#[test]
fn names_topics_and_limits_have_bounds() {
    let mut world = three();
    let create = |world: &mut World, name: &str, topic: &str, member_limit: u32| {
        let (name, topic) = (name.to_owned(), topic.to_owned());
        let done = world.act(ALICE, comity_machine::Act::CreateGroup { name, topic, member_limit });
        done.map(|_| ())
    };
    let long = "x".repeat(101);
    assert_eq!(create(&mut world, "", "", 9), Err(Code::NameInvalid));
    assert_eq!(create(&mut world, &long, "", 9), Err(Code::NameInvalid));
    assert_eq!(create(&mut world, "a\nb", "", 9), Err(Code::NameInvalid));
    assert_eq!(create(&mut world, "a", &"x".repeat(1_001), 9), Err(Code::NameInvalid));
    assert_eq!(create(&mut world, "a", "", 0), Err(Code::MemberLimit));
    assert_eq!(create(&mut world, "a", "", 1_001), Err(Code::MemberLimit));
    assert_eq!(create(&mut world, &"가".repeat(100), &"가".repeat(1_000), 1_000), Ok(()));
    let team = world.team(ALICE, &[BOB]);
    for who in [ALICE, BOB] {
        world.set_role(ALICE, BOB, team, Role::Moderator).unwrap();
        world.exchange();
        assert_eq!(world.rename(who, team, &long), Err(Code::NameInvalid));
        assert_eq!(world.set_topic(who, team, "a\u{7}"), Err(Code::NameInvalid));
    }
    let talk = world.direct(ALICE, BOB);
    assert_eq!(world.rename(ALICE, talk, "x"), Err(Code::NotAGroup));
    assert_eq!(world.accept(ALICE, talk), Err(Code::AlreadyMember));
    assert_eq!(world.leave(ALICE, talk), Err(Code::NotAGroup));
    assert_eq!(world.invite(ALICE, CAROL, talk), Err(Code::NotAGroup));
}

#[test]
fn the_limit_that_is_used_up_meanwhile_refuses_a_request() {
    let mut world = three();
    let team = world.group_of(ALICE, "Team", 3);
    world.bring(ALICE, BOB, team);
    world.cut("acme", "globex");
    world.invite(ALICE, CAROL, team).unwrap();
    assert_eq!(world.invite(BOB, BELLA, team), Ok(Answer::Requested));
    world.exchange();
    world.heal("acme", "globex");
    world.exchange();
    assert_eq!(world.last_seen(BOB), "refused member_limit");
    world.assert_same(&["acme", "globex"], team);
}

#[test]
fn an_accept_that_races_with_a_withdrawal_is_refused() {
    let mut world = three();
    let team = world.group(ALICE, "Team");
    world.invite(ALICE, BOB, team).unwrap();
    world.exchange();
    world.cut("acme", "globex");
    world.remove(ALICE, BOB, team).unwrap();
    world.accept(BOB, team).unwrap();
    // Invited once more before the first accept arrives: that one names another invite.
    world.invite(ALICE, BOB, team).unwrap();
    world.exchange();
    assert_eq!(world.members("acme", team), ["alice@acme.test Owner", "bob@globex.test invited"]);
    world.heal("acme", "globex");
    world.exchange();
    assert!(world.feed(BOB).contains(&"refused not_allowed".to_owned()));
    // The second invitation stands.
    assert_eq!(world.accept(BOB, team), Ok(Answer::Requested));
    world.exchange();
    assert_eq!(standing(&world, BOB, team), Some(Standing::Joined));
    world.assert_same(&["acme", "globex"], team);
}

#[test]
fn a_decline_ends_only_the_invite_that_it_names() {
    let mut world = three();
    let team = world.group(ALICE, "Team");
    world.invite(ALICE, BOB, team).unwrap();
    world.exchange();
    world.cut("acme", "globex");
    world.remove(ALICE, BOB, team).unwrap();
    world.invite(ALICE, BOB, team).unwrap();
    world.decline(BOB, team).unwrap();
    world.exchange();
    world.heal("acme", "globex");
    world.exchange();
    assert_eq!(world.members("acme", team), ["alice@acme.test Owner", "bob@globex.test invited"]);
    world.accept(BOB, team).unwrap();
    world.exchange();
    assert_eq!(standing(&world, BOB, team), Some(Standing::Joined));
}

#[test]
fn a_member_elsewhere_invites_only_whom_the_home_knows() {
    let mut world = three();
    let team = world.team(ALICE, &[BOB]);
    let ann = world.account(ANN).0;
    let invite = |world: &mut World, account, label: &str| {
        let act = comity_machine::Act::Invite { channel: team, account, label: label.into() };
        world.act(BOB, act).unwrap();
        world.exchange();
    };
    // The home knows its own users' names.
    invite(&mut world, ann, "ceo@acme.test");
    assert_eq!(world.last_seen(BOB), "refused account_not_found");
    invite(&mut world, ann, "ann@acme.test");
    assert_eq!(world.last_seen(BOB), "bob@globex.test invites ann@acme.test");
    assert_eq!(world.last_seen(ANN), "bob@globex.test invites ann@acme.test");
}

#[test]
fn a_message_waits_for_the_control_record_that_it_stands_on() {
    let mut world = three();
    let team = world.team(ALICE, &[BOB, CAROL]);
    // Initech hears of Bella's joining later than it hears Bella.
    world.cut("acme", "initech");
    world.bring(BOB, BELLA, team);
    world.say(BELLA, team, "hello").unwrap();
    world.exchange();
    assert!(world.outcomes("initech", team, "globex").iter().all(|o| *o == Outcome::Accepted));
    assert!(!world.feed(CAROL).iter().any(|line| line.contains("bella@globex.test: hello")));
    world.heal("acme", "initech");
    world.exchange();
    assert_eq!(world.last_seen(CAROL), "bella@globex.test: hello");
    world.assert_same(&["acme", "globex", "initech"], team);
}
