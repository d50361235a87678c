//! A group whose rule hides what was before somebody came: what newcomers read, what is served to
//! their organisations, and what a change of the rule does.

use comity_machine::Outcome;
use comity_protocol::control::{ControlAct, SetHistory};
use comity_protocol::history::{AskedLog, HistoryAsk};
use comity_protocol::id::{ChannelId, LogName};
use comity_protocol::limits::LATE_MS;

use super::world::World;

const ALICE: &str = "alice@acme";
const ANN: &str = "ann@acme";
const BOB: &str = "bob@globex";
const CAROL: &str = "carol@initech";
const CLEO: &str = "cleo@initech";
const CORA: &str = "cora@initech";

/// Two organisations have talked in a group, and nobody who comes is to read it.
fn secretive() -> (World, ChannelId) {
    let mut world = World::new(&[ALICE, ANN, BOB, CAROL, CLEO, CORA]);
    let team = world.team(ALICE, &[BOB]);
    hide(&mut world, team, true);
    say(&mut world, &[(ALICE, "one"), (BOB, "two")], team);
    (world, team)
}

fn hide(world: &mut World, team: ChannelId, since_joining: bool) {
    world.govern(ALICE, team, ControlAct::SetHistory(SetHistory { since_joining })).unwrap();
    world.exchange();
}

fn say(world: &mut World, said: &[(&str, &str)], team: ChannelId) {
    for (user, text) in said {
        world.say(user, team, text).unwrap();
        world.exchange();
    }
}

/// The lines of a user's feed that are texts.
fn fed(world: &World, user: &str) -> Vec<String> {
    let lines = world.feed(user).into_iter();
    lines.filter_map(|line| line.split_once(": ").map(|(_, text)| text.to_owned())).collect()
}

#[test]
fn newcomers_read_nothing_from_before_they_came() {
    let (mut world, team) = secretive();
    for newcomer in [CAROL, ANN] {
        world.bring(ALICE, newcomer, team);
    }
    say(&mut world, &[(BOB, "three")], team);
    world.bring(BOB, CLEO, team);
    say(&mut world, &[(CAROL, "four")], team);
    for (user, read) in [
        (ALICE, &["one", "two", "three", "four"][..]),
        (BOB, &["one", "two", "three", "four"]),
        (CAROL, &["three", "four"]),
        (ANN, &["three", "four"]),
        (CLEO, &["four"]),
    ] {
        assert_eq!(world.reads(user, team), read, "{user}");
        assert_eq!(fed(&world, user), read, "{user}");
    }
    // Nothing else was brought to their node, and nothing is waited for.
    assert!(world.node("initech").backfilled.is_empty());
    assert_eq!(world.node("initech").state.lacking().count(), 0);
    let (no, _) = world.channel("initech", team);
    assert!(!world.node("initech").state.lacks_history(no, None));
    // When the newest message was is not told either, before there is one.
    world.bring(ALICE, CORA, team);
    let state = &world.node("initech").state;
    let cora = world.node("initech").users["cora"].number;
    assert_eq!(state.last_message_for(no, cora), None);
    let cleo = world.node("initech").users["cleo"].number;
    assert!(state.last_message_for(no, cleo).is_some());
}

#[test]
fn a_change_of_the_rule_counts_from_then_on() {
    let (mut world, team) = secretive();
    world.bring(ALICE, CAROL, team);
    say(&mut world, &[(CAROL, "three")], team);
    assert_eq!(world.reads(CAROL, team), ["three"]);
    hide(&mut world, team, false);
    assert_eq!(world.reads(CAROL, team), ["one", "two", "three"]);
    assert_eq!(fed(&world, CAROL), ["three"]);
    world.bring(ALICE, CLEO, team);
    assert_eq!(world.reads(CLEO, team), ["one", "two", "three"]);
    hide(&mut world, team, true);
    assert_eq!(world.reads(CAROL, team), ["three"]);
    assert_eq!(world.reads(CLEO, team), Vec::<String>::new());
}

#[test]
fn who_comes_back_reads_from_then_on() {
    let (mut world, team) = secretive();
    for user in [ANN, CAROL] {
        world.bring(ALICE, user, team);
    }
    say(&mut world, &[(ALICE, "three")], team);
    for user in [ANN, CAROL] {
        world.leave(user, team).unwrap();
        world.exchange();
    }
    say(&mut world, &[(ALICE, "four")], team);
    for user in [ANN, CAROL] {
        world.bring(ALICE, user, team);
    }
    say(&mut world, &[(ALICE, "five")], team);
    for user in [ANN, CAROL] {
        assert_eq!(world.reads(user, team), ["five"], "{user}");
        assert_eq!(fed(&world, user), ["three", "five"], "{user}");
    }
}

#[test]
fn nobody_serves_an_organisation_what_was_before_it() {
    let (mut world, team) = secretive();
    hide(&mut world, team, false);
    world.fills = false;
    world.bring(ALICE, CAROL, team);
    let ask = world.ask("initech", "globex", team, 9).unwrap();
    assert!(!ask.logs.is_empty());
    assert_eq!(world.answer_ask("globex", "initech", &ask).ranges.len(), ask.logs.len());
    hide(&mut world, team, true);
    let answered = world.answer_ask("globex", "initech", &ask);
    assert!(answered.ranges.is_empty());
    assert_eq!(answered.missing.len(), ask.logs.len());
    assert_eq!(world.ask("initech", "globex", team, 9).map_or(0, |ask| ask.logs.len()), 0);
    // Whatever it asks for by itself.
    let (_, channel) = world.channel("globex", team);
    let logs = channel.logs.keys().filter_map(|name| match *name {
        LogName::Message { origin, writer } => {
            Some(AskedLog { origin, writer, until: 1, start: true })
        }
        LogName::Control { .. } => None,
    });
    let ask = HistoryAsk { channel: team, logs: logs.collect(), count: 9 };
    assert!(world.answer_ask("globex", "initech", &ask).ranges.is_empty());
}

#[test]
fn what_was_said_before_and_comes_later_is_for_those_who_were_in() {
    let (mut world, team) = secretive();
    world.bring(ALICE, CAROL, team);
    // The home has it, and says so when it lets Cleo in; her own node has not.
    world.cut("globex", "initech");
    say(&mut world, &[(BOB, "three")], team);
    world.bring(ALICE, CLEO, team);
    world.heal("globex", "initech");
    say(&mut world, &[(BOB, "four")], team);
    assert_eq!(world.outcomes("initech", team, "globex").last(), Some(&Outcome::Accepted));
    assert_eq!((world.reads(CAROL, team), fed(&world, CAROL)), both(&["three", "four"]));
    assert_eq!((world.reads(CLEO, team), fed(&world, CLEO)), both(&["four"]));
}

#[test]
fn what_comes_long_after_it_was_said_is_for_those_who_were_in() {
    let (mut world, team) = secretive();
    world.bring(ALICE, CAROL, team);
    // Neither the home nor her own node has heard of it.
    for other in ["acme", "initech"] {
        world.cut("globex", other);
    }
    say(&mut world, &[(BOB, "three")], team);
    world.now_ms += LATE_MS + 1_000;
    say(&mut world, &[(BOB, "of that time")], team);
    world.bring(ALICE, CLEO, team);
    for other in ["acme", "initech"] {
        world.heal("globex", other);
    }
    say(&mut world, &[(BOB, "four")], team);
    let all = ["three", "of that time", "four"];
    assert_eq!((world.reads(CAROL, team), fed(&world, CAROL)), both(&all));
    assert_eq!((world.reads(CLEO, team), fed(&world, CLEO)), both(&all[1..]));
}

fn both(texts: &[&str]) -> (Vec<String>, Vec<String>) {
    let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
    (texts.clone(), texts)
}
