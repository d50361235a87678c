//! Who may show which log, and whose word counts: peers that meddle with others' groups, members
//! that write what they may not.

use comity_machine::{Lack, Outcome, RangeOutcome, RefusedCode, Standing};
use comity_protocol::body::Body;
use comity_protocol::code::Code;
use comity_protocol::event::{
    EventAct, EventHeader, Invitation, LogStart, Request, RequestRefused, link_channel,
};
use comity_protocol::frame::Want;
use comity_protocol::hash::Hash;
use comity_protocol::id::{AccountNumber, ChannelId, ControlPoint, LogId, LogName, WriterId};
use comity_protocol::limits::BATCH_RECORDS_MAX;

use super::world::{RogueLog, World, asks_to_leave, event};

const ALICE: &str = "alice@acme";
const BOB: &str = "bob@globex";
const CAROL: &str = "carol@initech";

fn scene() -> (World, ChannelId) {
    let mut world = World::new(&[ALICE, BOB, "bella@globex", CAROL]);
    let team = world.team(ALICE, &[BOB]);
    (world, team)
}

fn refused(code: Code) -> RangeOutcome {
    RangeOutcome::Refused { from: 1, code: RefusedCode(code) }
}

/// A log of one node in its link channel with another.
fn link_log(world: &World, from: &str, to: &str, acts: &[(AccountNumber, EventAct)]) -> RogueLog {
    let (from, to) = (world.node(from).lineage(), world.node(to).lineage());
    let source = world.nodes.values().find(|node| node.lineage() == from).unwrap();
    let mut log = RogueLog::new(source, link_channel(from, to), 77);
    for (i, (sender, act)) in acts.iter().enumerate() {
        let organisations = Some((from.min(to), from.max(to)));
        let start = (i == 0).then(|| LogStart { organisations, ..LogStart::default() });
        log.push(EventHeader { start, ..event(*sender, act) }, Body::empty([1; 32]));
    }
    log
}

fn standing(world: &World, channel: ChannelId) -> Standing {
    let node = world.node("globex");
    let (no, _) = node.state.channel(&channel).unwrap();
    node.state.accounts[&node.users["bob"].number].channels[&no].standing
}

#[test]
fn only_the_home_undoes_a_leave() {
    let (mut world, team) = scene();
    world.cut("globex", "acme");
    world.leave(BOB, team).unwrap();
    let request = world.node("globex").records.last().unwrap();
    let LogName::Message { writer, .. } = request.log.name else { panic!() };
    let refusal = RequestRefused {
        channel: team,
        writer,
        seq: request.seq,
        group: team,
        account: world.account(BOB).0.number,
        code: Code::NotAllowed.number(),
    };
    let before = world.feed(BOB);
    let by = |world: &World, node, refusal| {
        link_log(world, node, "globex", &[(AccountNumber(0), EventAct::RequestRefused(refusal))])
    };
    let log = by(&world, "initech", refusal);
    assert_eq!(world.show("initech", "globex", &log).1, [Outcome::Accepted]);
    assert_eq!(world.feed(BOB), before);
    assert_eq!(standing(&world, team), Standing::Leaving);
    // The home may, where it names the request.
    let other = by(&world, "acme", RequestRefused { seq: refusal.seq + 1, ..refusal });
    world.show("acme", "globex", &other);
    assert_eq!(standing(&world, team), Standing::Leaving);
    let mut named = by(&world, "acme", refusal);
    let name = LogName::Message { origin: world.node("acme").lineage(), writer: WriterId(78) };
    named.log.name = name;
    let header = named.records[0].header.0.clone();
    let mut again = RogueLog::new(world.node("acme"), named.log.channel, 78);
    again.push_bytes(header, named.records[0].body.clone());
    again.time = named.time;
    world.show("acme", "globex", &again);
    assert_eq!(standing(&world, team), Standing::Joined);
    world.heal("globex", "acme");
}

#[test]
fn nobody_takes_the_place_of_the_home_that_invited() {
    let (mut world, _) = scene();
    let crew = world.group(ALICE, "Crew");
    world.invite(ALICE, BOB, crew).unwrap();
    world.exchange();
    let bob = world.account(BOB).0.number;
    let noted =
        |world: &World| world.node("globex").state.accounts[&bob].invitations.get(&crew).cloned();
    let good = noted(&world).unwrap();
    let seq = good.invite.seq + 9;
    let later = Invitation {
        channel: crew,
        invite: ControlPoint { seq, ..good.invite },
        account: bob,
        inviter: "carol@initech.test".into(),
        name: "Hijacked".into(),
    };
    let act = EventAct::Invitation(later);
    let log = link_log(&world, "initech", "globex", &[(AccountNumber(0), act)]);
    assert_eq!(world.show("initech", "globex", &log).1, [Outcome::Accepted]);
    assert_eq!(noted(&world), Some(good));
}

#[test]
fn invitations_that_make_no_sense_are_not_noted() {
    let (mut world, team) = scene();
    let bob = world.account(BOB).0.number;
    let point = world.group_at("acme", team).point;
    let good = Invitation {
        channel: ChannelId([9; 32]),
        invite: point,
        account: bob,
        inviter: "alice@acme.test".into(),
        name: "Fun".into(),
    };
    let bad = [
        Invitation { inviter: "not a label".into(), ..good.clone() },
        Invitation { name: String::new(), ..good.clone() },
        Invitation { name: "x".repeat(5_000), ..good.clone() },
        Invitation { account: AccountNumber(5), ..good.clone() },
        // The control log here says already what became of it.
        Invitation { channel: team, ..good.clone() },
    ];
    let acts: Vec<_> =
        bad.into_iter().map(|i| (AccountNumber(0), EventAct::Invitation(i))).collect();
    let log = link_log(&world, "acme", "globex", &acts);
    assert_eq!(world.show("acme", "globex", &log).1, [Outcome::Accepted; 5]);
    let noted = |world: &World| world.node("globex").state.accounts[&bob].invitations.len();
    assert_eq!(noted(&world), 0);
    // Another organisation's group that it is not home of.
    let act = EventAct::Invitation(Invitation { channel: team, ..good.clone() });
    let log = link_log(&world, "initech", "globex", &[(AccountNumber(0), act)]);
    world.show("initech", "globex", &log);
    assert_eq!(noted(&world), 0);
    let act = EventAct::Invitation(good);
    let log = link_log(&world, "initech", "globex", &[(AccountNumber(0), act)]);
    let mut log_two = RogueLog::new(world.node("initech"), log.log.channel, 78);
    log_two.push_bytes(log.records[0].header.0.clone(), log.records[0].body.clone());
    log_two.time = log.time;
    world.show("initech", "globex", &log_two);
    assert_eq!(noted(&world), 1);
}

#[test]
fn link_logs_are_between_two() {
    let (mut world, _) = scene();
    let log = link_log(&world, "globex", "initech", &[(AccountNumber(1), EventAct::message())]);
    // Shown to acme, whose business it is not; by its writer and by others.
    assert_eq!(world.show("globex", "acme", &log).0, refused(Code::LogUnknown));
    let batch = log.batch(world.node("globex"));
    assert_eq!(world.take("acme", "initech", batch), [refused(Code::LogUnknown)]);
    // A first event that names others.
    let acme = world.node("acme").lineage();
    let mut log = RogueLog::new(world.node("globex"), log.log.channel, 78);
    let organisations = Some((acme.min(log_origin(&world)), acme.max(log_origin(&world))));
    let start = Some(LogStart { organisations, ..LogStart::default() });
    log.say(AccountNumber(1), "x", start);
    assert_eq!(world.show("globex", "initech", &log).1, [Outcome::Void]);
}

fn log_origin(world: &World) -> comity_protocol::id::LineageId {
    world.node("globex").lineage()
}

#[test]
fn an_organisation_that_was_never_admitted_writes_nothing() {
    let (mut world, team) = scene();
    let carol = world.account(CAROL).0.number;
    let after = Some(world.group_at("acme", team).point);
    let mut log = RogueLog::new(world.node("initech"), team, 1);
    let header = event(carol, &EventAct::message());
    let start = Some(LogStart::default());
    log.push(EventHeader { after, start, ..header }, Body::text([1; 32], "hello"));
    assert!(matches!(world.show("initech", "acme", &log).0, RangeOutcome::Refused { .. }));
    let batch = log.batch(world.node("initech"));
    let relayed = world.take("globex", "acme", batch);
    assert!(matches!(relayed[0], RangeOutcome::Refused { .. }), "{relayed:?}");
    assert!(world.outcomes("acme", team, "initech").is_empty());
}

#[test]
fn any_member_may_relay_any_members_log() {
    let mut world = World::new(&[ALICE, BOB, CAROL]);
    let team = world.team(ALICE, &[BOB, CAROL]);
    world.cut("globex", "acme");
    world.say(BOB, team, "through carol").unwrap();
    world.exchange();
    let globex = world.node("globex").lineage();
    let held = world.node("initech").records.iter().filter(|r| {
        let of_globex = r.sender.is_some_and(|sender| sender.lineage == globex);
        of_globex && r.channel_id == team && r.log != control_log(&world, team)
    });
    let held: Vec<_> = held.cloned().collect();
    let mut batch = super::world::batch(world.node("globex"), &held);
    batch.cursor = None;
    assert_eq!(world.take("initech", "acme", batch), [RangeOutcome::Applied]);
    assert_eq!(world.last_seen(ALICE), "bob@globex.test: through carol");
    world.heal("globex", "acme");
    world.exchange();
    assert_eq!(world.texts("acme", team).len(), 1);
}

/// Pins: what a member had refused while the writer was out was asked of nobody once he was in.
#[test]
fn what_a_member_states_of_a_log_is_lacking_whoever_writes_it() {
    let mut world = World::new(&[ALICE, BOB, CAROL]);
    let team = world.team(ALICE, &[BOB]);
    world.say(BOB, team, "one").unwrap();
    world.exchange();
    let [acme, globex, initech] =
        ["acme", "globex", "initech"].map(|name| world.node(name).lineage());
    let known = &world.channel("acme", team).1.logs;
    let name = *known.keys().find(|name| name.origin() == globex && !is_control(name)).unwrap();
    let log = LogId { channel: team, name };
    let lack = |world: &World, peer, seq| world.node("acme").state.lack_of(peer, &log, seq);
    let held = world.channel("acme", team).1.logs[&name].end.seq();
    assert_eq!(lack(&world, globex, held), Lack::Nothing);
    assert_eq!(lack(&world, globex, held + 2), Lack::From(held + 1));
    // Who is no member yet, as far as is known here, may be one by records that he shows.
    assert_eq!(lack(&world, initech, held + 2), Lack::Later);
    world.bring(ALICE, CAROL, team);
    assert_eq!(lack(&world, initech, held + 2), Lack::From(held + 1));
    // Nobody is asked for our own, and of who is out for no more than V covers.
    let own = LogName::Message { origin: acme, writer: WriterId(7) };
    let own = LogId { channel: team, name: own };
    assert_eq!(world.node("acme").state.lack_of(globex, &own, 9), Lack::Nothing);
    world.remove(ALICE, BOB, team).unwrap();
    world.exchange();
    assert_eq!(lack(&world, initech, held + 2), Lack::Nothing);
}

fn is_control(name: &LogName) -> bool {
    matches!(name, LogName::Control { .. })
}

fn control_log(world: &World, team: ChannelId) -> LogId {
    let home = world.node("acme").lineage();
    let name = LogName::Control { home, term: 1 };
    LogId { channel: team, name }
}

#[test]
fn what_an_event_stands_on_must_be_there_and_never_go_back() {
    let (mut world, team) = scene();
    for name in ["one", "two", "three"] {
        world.rename(ALICE, team, name).unwrap();
    }
    world.exchange();
    let bob = world.account(BOB).0.number;
    let group = world.group_at("acme", team);
    let point = |seq: u64| {
        let at = usize::try_from(seq - 1).unwrap();
        ControlPoint { term: 1, seq, hash: group.terms[&1].hashes[at] }
    };
    let newest = group.point.seq;
    let (older, now) = (point(newest - 1), point(newest));
    let unborn = point(1);
    let wrong = ControlPoint { hash: Hash([1; 32]).into(), ..now };
    let ahead = ControlPoint { seq: newest + 1, ..wrong };
    let first = |log: &mut RogueLog, after| {
        let start = Some(LogStart::default());
        let header = EventHeader { after, start, ..event(bob, &EventAct::message()) };
        log.push(header, Body::text([1; 32], "first"));
    };
    let next = |log: &mut RogueLog, after| {
        let header = EventHeader { after, ..event(bob, &EventAct::message()) };
        log.push(header, Body::text([1; 32], "next"));
    };
    use Outcome::{Accepted, Rejected, Void};
    let mut log = RogueLog::new(world.node("globex"), team, 50);
    first(&mut log, Some(older));
    for after in [None, Some(wrong), Some(now), Some(older), None] {
        next(&mut log, after);
    }
    let outcomes = world.show("globex", "acme", &log).1;
    assert_eq!(outcomes, [Accepted, Accepted, Void, Accepted, Void, Accepted]);
    let mut log = RogueLog::new(world.node("globex"), team, 51);
    first(&mut log, None);
    next(&mut log, None);
    next(&mut log, Some(now));
    assert_eq!(world.show("globex", "acme", &log).1, [Void, Void, Accepted]);
    // Before he was in.
    let mut log = RogueLog::new(world.node("globex"), team, 52);
    first(&mut log, Some(unborn));
    assert_eq!(world.show("globex", "acme", &log).1, [Rejected]);
    let mut log = RogueLog::new(world.node("globex"), team, 53);
    first(&mut log, Some(now));
    next(&mut log, Some(ahead));
    let shown = world.show("globex", "acme", &log);
    // The control log that it stands on is asked for from whoever shows it.
    let control = control_log(&world, team).into();
    let awaits = [Some(Want { log: control, from: newest + 1 }), None];
    assert_eq!(shown, (RangeOutcome::Held { from: 2, awaits }, vec![Accepted]));
    // A group's version is the control log's to say.
    let mut log = RogueLog::new(world.node("globex"), team, 54);
    let (alice, bob_id) = (world.account(ALICE).0, world.account(BOB).0);
    let accounts = Some((alice.min(bob_id), alice.max(bob_id)));
    let start = Some(LogStart { accounts, ..LogStart::default() });
    let header = EventHeader { after: Some(now), start, ..event(bob, &EventAct::message()) };
    log.push(header, Body::text([1; 32], "x"));
    assert_eq!(world.show("globex", "acme", &log).1, [Void]);
}

#[test]
fn who_is_no_member_is_rejected_whatever_his_organisation_says() {
    let (mut world, team) = scene();
    let bella = world.account("bella@globex").0.number;
    let after = Some(world.group_at("acme", team).point);
    let mut log = RogueLog::new(world.node("globex"), team, 50);
    let start = Some(LogStart::default());
    let header = EventHeader { after, start, ..event(bella, &EventAct::message()) };
    log.push(header, Body::text([1; 32], "hello"));
    log.say(AccountNumber(0), "I am globex", None);
    // A request is for the home alone, and carries no text.
    log.push(
        event(bella, &EventAct::Request(asks_to_leave(world.account("bella@globex").0))),
        Body::text([1; 32], "smuggled"),
    );
    let (_, outcomes) = world.show("globex", "acme", &log);
    use Outcome::{Accepted, Rejected};
    assert_eq!(outcomes, [Rejected, Rejected, Accepted]);
    assert!(world.texts("acme", team).is_empty());
    assert!(!world.feed(ALICE).iter().any(|line| line.contains("smuggled")));
    let request = &world.node("acme").records;
    let request = request.iter().rev().find(|r| r.outcome == Accepted && r.seq == 3).unwrap();
    assert!(matches!(request.record.body, comity_protocol::body::WireBody::Absent(_)));
    // Bella was never invited: the answer is in the link channel, not in the control log.
    world.exchange();
    assert_eq!(world.feed("bella@globex"), ["refused channel_not_found"]);
    assert_eq!(Some(world.group_at("acme", team).point), after);
}

#[test]
fn a_request_before_a_record_that_waits_is_answered() {
    let (mut world, team) = scene();
    let bob = world.account(BOB).0.number;
    let after = Some(world.group_at("acme", team).point);
    let mut log = RogueLog::new(world.node("globex"), team, 50);
    let start = Some(LogStart::default());
    let leave = event(bob, &EventAct::Request(asks_to_leave(world.account(BOB).0)));
    log.push(EventHeader { after, start, ..leave }, Body::empty([1; 32]));
    let time = comity_protocol::clock::HybridTime::from_unix_ms(world.now_ms + 3_600_000);
    log.push(EventHeader { time, ..event(bob, &EventAct::message()) }, Body::text([1; 32], "x"));
    let (range, outcomes) = world.show("globex", "acme", &log);
    assert_eq!((range, outcomes.len()), (RangeOutcome::Early { from: 2 }, 1));
    assert_eq!(world.members("acme", team), ["alice@acme.test Owner"]);
    assert_eq!(world.last_seen(ALICE), "bob@globex.test leaves");
}

#[test]
fn a_batch_full_of_requests_is_answered_whole() {
    let (mut world, team) = scene();
    let invite = world.group_at("acme", team).point;
    let request = EventAct::Request(Request::Accept { channel: team, invite });
    let acts: Vec<_> =
        (1..=BATCH_RECORDS_MAX as u64).map(|n| (AccountNumber(n), request.clone())).collect();
    let log = link_log(&world, "globex", "acme", &acts);
    let before = world.node("acme").records.len();
    assert_eq!(world.show("globex", "acme", &log).0, RangeOutcome::Applied);
    let applied = &world.node("acme").records[before..];
    assert_eq!(applied.len(), 2 * BATCH_RECORDS_MAX);
    assert!(applied.is_sorted_by(|a, b| a.pos < b.pos));
}

#[test]
fn requests_about_groups_of_others_say_nothing() {
    let (mut world, team) = scene();
    let (bob, invite) = (world.account(BOB).0.number, world.group_at("acme", team).point);
    // Globex holds the group and Bob is in it, but it is not the home: as if it did not exist.
    for channel in [team, ChannelId([9; 32])] {
        let carol = world.account(CAROL).0.number;
        let request = EventAct::Request(Request::Accept { channel, invite });
        let log = link_log(&world, "initech", "globex", &[(carol, request)]);
        let mut log_of =
            RogueLog::new(world.node("initech"), log.log.channel, u64::from(channel.0[0]));
        log_of.push_bytes(log.records[0].header.0.clone(), log.records[0].body.clone());
        log_of.time = log.time;
        assert_eq!(world.show("initech", "globex", &log_of).0, RangeOutcome::Applied);
        let answer = world.node("globex").records.last().unwrap();
        let header = EventHeader::decode(&answer.record.header).unwrap();
        let Ok(EventAct::RequestRefused(refused)) = header.act() else { panic!("{header:?}") };
        assert_eq!(refused.code(), Code::ChannelNotFound);
    }
    assert_eq!(standing(&world, team), Standing::Joined);
    assert!(world.group_at("globex", team).state.role(&world.account(BOB).0).is_some());
    assert_eq!(bob, world.account(BOB).0.number);
}
