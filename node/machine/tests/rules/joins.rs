//! An organisation that joins a group: where its feed begins, how it comes to the history before
//! that, what nobody can make it believe, and what it is served after it was removed and came back.

use comity_machine::{Applied, Outcome, RangeOutcome};
use comity_protocol::body::{Body, WireBody};
use comity_protocol::chain::Link;
use comity_protocol::clock::HybridTime;
use comity_protocol::code::Code;
use comity_protocol::cursor::Pos;
use comity_protocol::event::{EventAct, EventHeader, LogStart};
use comity_protocol::hash::Hash;
use comity_protocol::history::{AskedLog, Backfill, HistoryAsk, OldRange};
use comity_protocol::id::{AccountNumber, ChannelId, LogId, LogName, WriterId};
use comity_protocol::limits::AHEAD_MS_MAX;

use super::world::{RogueLog, World, batch, batch_for, event};

const ALICE: &str = "alice@acme";
const BOB: &str = "bob@globex";
const CAROL: &str = "carol@initech";
const CLEO: &str = "cleo@initech";

/// A group of two organisations in which both have said ten things each, in turn.
fn talked() -> (World, ChannelId) {
    let mut world = World::new(&[ALICE, BOB, CAROL, CLEO]);
    let team = world.team(ALICE, &[BOB]);
    talk(&mut world, team, 0..10);
    (world, team)
}

fn talk(world: &mut World, team: ChannelId, numbers: std::ops::Range<u32>) {
    for number in numbers {
        world.say(ALICE, team, &format!("a{number}")).unwrap();
        world.exchange();
        world.say(BOB, team, &format!("b{number}")).unwrap();
        world.exchange();
    }
}

/// Initech is admitted, and nothing of the history has come yet.
fn admitted() -> (World, ChannelId) {
    let (mut world, team) = talked();
    world.invite(ALICE, CAROL, team).unwrap();
    world.exchange();
    world.fills = false;
    world.accept(CAROL, team).unwrap();
    world.exchange();
    assert_eq!(world.texts("initech", team), Vec::<String>::new());
    (world, team)
}

fn asks(world: &World, of: &str, team: ChannelId, count: u16) -> HistoryAsk {
    world.ask("initech", of, team, count).unwrap()
}

/// What the server answers to the newcomer's next ask.
fn answer(world: &World, server: &str, team: ChannelId, count: u16) -> Backfill {
    world.answer_ask(server, "initech", &asks(world, server, team, count))
}

fn texts(found: &[Applied]) -> Vec<String> {
    let mut found: Vec<&Applied> = found.iter().collect();
    found.sort_by_key(|r| r.id);
    let text = |r: &&Applied| match &r.record.body {
        WireBody::Present(body) => body.as_text().unwrap_or_default().to_owned(),
        WireBody::Absent(_) => String::new(),
    };
    found.iter().map(text).collect()
}

#[test]
fn the_feed_of_a_newcomer_begins_above_what_was_said_before() {
    let (mut world, team) = talked();
    world.now_ms += 3_600_000;
    world.bring(ALICE, CAROL, team);
    world.say(BOB, team, "welcome").unwrap();
    world.exchange();
    world.say(CAROL, team, "thanks").unwrap();
    world.exchange();
    let seen = [
        "alice@acme.test invites to Team",
        "carol@initech.test joins",
        "bob@globex.test: welcome",
        "carol@initech.test: thanks",
    ];
    assert_eq!(world.feed(CAROL), seen);
    world.assert_same(&["acme", "globex", "initech"], team);
    assert_eq!(world.texts("initech", team).len(), 22);
    assert_eq!(world.judged("initech", team), world.judged("acme", team));
    let old = &world.node("initech").backfilled;
    assert!(old.len() >= 20 && old.iter().all(|r| r.pos == Pos::default()));
    assert!(old.iter().all(|r| r.audience.is_empty() && r.inbox.is_empty()));
    assert!(old.iter().all(|r| !r.is_late), "history is not late, however old it is");
    assert_eq!(world.node("initech").state.lacking().count(), 0);
}

#[test]
fn the_newest_page_comes_first_over_all_logs() {
    let (mut world, team) = admitted();
    let first = answer(&world, "acme", team, 4);
    let report = world.take_backfill("acme", "initech", first).unwrap();
    assert_eq!(report.taken, 4);
    assert_eq!(texts(&world.node("initech").backfilled), ["a8", "b8", "a9", "b9"]);
    let (no, _) = world.channel("initech", team);
    let oldest = world.node("initech").backfilled.iter().map(|r| r.time).min().unwrap();
    let state = &world.node("initech").state;
    // From the oldest that came on there are no holes; before it there are.
    assert!(!state.lacks_history(no, Some(oldest)));
    assert!(state.lacks_history(no, Some(HybridTime(oldest.0 - (1 << 16)))));
    assert!(state.lacks_history(no, None));
    let second = answer(&world, "acme", team, 3);
    assert_eq!(world.take_backfill("acme", "initech", second).unwrap().taken, 3);
    let all = ["b6", "a7", "b7", "a8", "b8", "a9", "b9"];
    assert_eq!(texts(&world.node("initech").backfilled), all);
}

#[test]
fn a_page_is_whole_though_nothing_of_a_silent_log_is_on_it() {
    let (mut world, team) = talked();
    for number in 10..14 {
        world.say(BOB, team, &format!("b{number}")).unwrap();
        world.exchange();
    }
    world.invite(ALICE, CAROL, team).unwrap();
    world.exchange();
    world.fills = false;
    world.accept(CAROL, team).unwrap();
    world.exchange();
    let ask = asks(&world, "acme", team, 3);
    let page = world.answer_ask("acme", "initech", &ask);
    let silent = ask.silent(&page);
    assert_eq!(silent.len(), 1, "Alice said nothing of late");
    assert_eq!(world.take_backfill_of("acme", "initech", page, silent).unwrap().taken, 3);
    assert_eq!(texts(&world.node("initech").backfilled), ["b11", "b12", "b13"]);
    let (no, _) = world.channel("initech", team);
    let oldest = world.node("initech").backfilled.iter().map(|r| r.time).min().unwrap();
    let state = &world.node("initech").state;
    assert!(!state.lacks_history(no, Some(oldest)));
    assert!(state.lacks_history(no, Some(HybridTime(oldest.0 - 1))));
    assert!(state.lacks_history(no, None));
}

#[test]
fn any_member_serves_the_logs_of_all() {
    let (mut world, team) = admitted();
    let whole = answer(&world, "globex", team, 1_000);
    assert_eq!(whole.ranges.len(), 2);
    world.take_backfill("globex", "initech", whole).unwrap();
    assert_eq!(world.judged("initech", team), world.judged("acme", team));
    // It goes on where it is, and above it only.
    world.say(ALICE, team, "and on").unwrap();
    world.exchange();
    assert_eq!(world.last_seen(CAROL), "alice@acme.test: and on");
}

/// What is wrong with a range, and what makes it so.
type Lie<'l> = (&'static str, &'l dyn Fn(&mut OldRange));

#[test]
fn what_does_not_prove_itself_is_refused() {
    let (mut world, team) = admitted();
    let whole = answer(&world, "globex", team, 6);
    let wrong = Hash([7; 32]);
    let forged = |r: &mut OldRange| r.start.as_mut().unwrap().head.hash = wrong;
    let lies: [Lie<'_>; 15] = [
        ("another header", &|r| r.records[0].header = b"\xa0".to_vec().into()),
        ("another body", &|r| {
            r.records[0].body = WireBody::Present(Body::text([1; 32], "I never said that"));
        }),
        ("a record less", &|r| {
            r.records.remove(0);
        }),
        ("a record twice", &|r| r.records.push(r.records[0].clone())),
        ("another place", &|r| r.first -= 1),
        ("a log of nobody", &|r| r.log.writer = WriterId(7)),
        ("another chain below", &|r| r.below.last_mut().unwrap().hash = wrong),
        ("a chain below with a hole", &|r| {
            r.below.remove(0);
        }),
        ("no start", &|r| r.start = None),
        ("another path", &|r| r.start.as_mut().unwrap().links[0].inner = wrong),
        ("a path with a hole", &|r| {
            r.start.as_mut().unwrap().links.pop();
        }),
        ("a head that nobody signed", &forged),
        ("a head of another record", &|r| r.start.as_mut().unwrap().head.seq += 1),
        ("a path from nowhere", &|r| {
            let link = Link { previous: wrong, skipped: wrong, inner: wrong };
            r.start.as_mut().unwrap().above.insert(0, link);
        }),
        ("a statement from the future", &|r| {
            r.before.stated.as_mut().unwrap().seq = r.first;
        }),
    ];
    let before = world.node("initech").state.to_bytes();
    for (what, lie) in lies {
        let mut told = whole.clone();
        lie(&mut told.ranges[0]);
        let log = told.ranges[0].log;
        told.ranges.truncate(1);
        told.ends = None;
        let report = world.take_backfill("globex", "initech", told);
        let refused = report.map(|report| (report.taken, report.refused));
        let is_form = matches!(refused, Err(Code::FrameMalformed));
        assert!(is_form || refused == Ok((0, vec![log])), "{what}: {refused:?}");
    }
    assert!(world.node("initech").backfilled.is_empty());
    assert!(before == world.node("initech").state.to_bytes());
    let report = world.take_backfill("globex", "initech", whole).unwrap();
    assert_eq!((report.taken, report.refused.len()), (6, 0));
}

#[test]
fn a_page_that_leaves_something_out_is_refused_and_one_that_comes_again_is_not() {
    let (mut world, team) = admitted();
    let page = answer(&world, "globex", team, 6);
    let below = answer(&world, "globex", team, 1_000).ranges[0].clone();
    assert_eq!(world.take_backfill("globex", "initech", page.clone()).unwrap().taken, 6);
    let report = world.take_backfill("globex", "initech", page.clone()).unwrap();
    assert_eq!((report.taken, report.refused), (0, vec![]), "it was asked of two");
    let mut skips = page;
    let until = skips.ranges[0].first - 2;
    let count = usize::try_from(until + 1 - below.first).unwrap();
    let records = below.records.into_iter().take(count).collect();
    skips.ranges = vec![OldRange { records, ..below }];
    let log = skips.ranges[0].log;
    let report = world.take_backfill("globex", "initech", skips).unwrap();
    assert_eq!((report.taken, report.refused), (0, vec![log]));
}

#[test]
fn a_home_cannot_speak_in_the_past_of_others() {
    let (mut world, team) = admitted();
    // V is the home's word, and so is all that it serves; the head must be the origin's.
    let mut told = answer(&world, "acme", team, 6);
    let globex = world.node("globex").lineage();
    told.ranges.retain(|range| range.log.origin == globex);
    let log = told.ranges[0].log;
    let name = LogName::Message { origin: log.origin, writer: log.writer };
    let start = told.ranges[0].start.as_mut().unwrap();
    let head = start.head.head(LogId { channel: team, name });
    start.head = world.node("acme").prove(&[head]).remove(0);
    let report = world.take_backfill("acme", "initech", told).unwrap();
    assert_eq!((report.taken, report.refused), (0, vec![log]));
}

#[test]
fn a_lie_about_what_lies_below_is_found_out_and_all_is_fetched_anew() {
    let (mut world, team) = admitted();
    let mut told = answer(&world, "globex", team, 6);
    let stands_on_nothing = |range: &mut OldRange| range.before.stated = None;
    told.ranges.iter_mut().for_each(stands_on_nothing);
    // It cannot be seen yet: what it says is what earlier records would say.
    assert_eq!(world.take_backfill("globex", "initech", told).unwrap().taken, 6);
    let judged = world.judged("initech", team);
    assert!(judged.values().any(|(outcome, ..)| *outcome == Outcome::Void));
    let next = answer(&world, "acme", team, 6);
    let report = world.take_backfill("acme", "initech", next).unwrap();
    assert_eq!((report.taken, report.refused.len()), (0, 2));
    world.fills = true;
    world.exchange();
    assert_eq!(world.judged("initech", team), world.judged("acme", team));
}

#[test]
fn what_was_said_before_a_member_heard_of_the_newcomer_is_not_lost() {
    let (mut world, team) = talked();
    world.invite(ALICE, CAROL, team).unwrap();
    world.exchange();
    world.cut("acme", "globex");
    world.cut("globex", "acme");
    world.accept(CAROL, team).unwrap();
    world.exchange();
    world.say(BOB, team, "is anybody there?").unwrap();
    world.exchange();
    assert_eq!(world.last_seen(CAROL), "carol@initech.test joins");
    // He says nothing after he has heard of her; it is for her to ask.
    world.heal("acme", "globex");
    world.heal("globex", "acme");
    world.exchange();
    assert_eq!(world.last_seen(CAROL), "bob@globex.test: is anybody there?");
    assert_eq!(world.judged("initech", team), world.judged("acme", team));
    assert_eq!(world.node("initech").state.lacking().count(), 0);
}

#[test]
fn void_and_rejected_records_of_the_past_are_so_for_the_newcomer_too() {
    let (mut world, team) = talked();
    let bob = world.account(BOB).0.number;
    let after = Some(world.group_at("acme", team).point);
    let mut log = RogueLog::new(world.node("globex"), team, 70);
    let start = Some(LogStart::default());
    let header = |start, after| EventHeader { start, after, ..event(bob, &EventAct::message()) };
    log.push(header(start.clone(), after), Body::text([1; 32], "fine"));
    log.push(header(start, None), Body::text([1; 32], "void: it is not the first"));
    let early = EventHeader { time: HybridTime(1), ..header(None, None) };
    log.push(early, Body::text([1; 32], "void: its time falls"));
    log.push_bytes(b"\xa0".to_vec(), WireBody::Present(Body::empty([1; 32])));
    let stranger = EventHeader { sender: AccountNumber(4), ..header(None, None) };
    log.push(stranger, Body::text([1; 32], "rejected: who is that?"));
    let unknown = EventHeader { kind: 4_000, ..header(None, after) };
    log.push(unknown, Body::empty([1; 32]));
    log.push(header(None, None), Body::text([1; 32], "fine again"));
    use Outcome::{Accepted, Rejected, Unknown, Void};
    let expected = vec![Accepted, Void, Void, Void, Rejected, Unknown, Accepted];
    assert_eq!(world.show("globex", "acme", &log), (RangeOutcome::Applied, expected));
    world.bring(ALICE, CAROL, team);
    assert_eq!(world.judged("initech", team), world.judged("acme", team));
    let shown = world.texts("initech", team);
    assert!(shown.iter().any(|line| line.ends_with("fine again")));
    assert!(shown.iter().all(|line| !line.contains("void") && !line.contains("rejected")));
}

#[test]
fn a_range_above_the_floor_needs_a_start_of_its_origin() {
    let (mut world, team) = admitted();
    world.cut("acme", "initech");
    world.say(ALICE, team, "new").unwrap();
    world.exchange();
    let new = world.node("acme").records.last().unwrap().clone();
    let initech = world.node("initech").lineage();
    let bare = batch(world.node("acme"), std::slice::from_ref(&new));
    let gap = [RangeOutcome::Gap { from: new.seq }];
    assert_eq!(world.take("acme", "initech", bare.clone()), gap);
    let whole = batch_for(world.node("acme"), initech, std::slice::from_ref(&new));
    assert!(whole.ranges[0].start.is_some());
    // What it had stated below is for its origin to say.
    assert_eq!(world.take("globex", "initech", whole.clone()), gap);
    let mut lie = whole.clone();
    lie.ranges[0].start.as_mut().unwrap().links[0].previous = Hash([7; 32]);
    let refused = world.take("acme", "initech", lie);
    assert!(matches!(refused[0], RangeOutcome::Refused { .. }), "{refused:?}");
    // A time far ahead of our clock waits: ours would be carried along.
    let mut early = whole.clone();
    let far = HybridTime::from_unix_ms(world.now_ms + AHEAD_MS_MAX + 1_000);
    early.ranges[0].start.as_mut().unwrap().before.time = far;
    let held = [RangeOutcome::Early { from: new.seq }];
    assert_eq!(world.take("acme", "initech", early), held);
    world.node("initech").check_reload();
    assert_eq!(world.take("acme", "initech", whole), [RangeOutcome::Applied]);
    assert_eq!(world.last_seen(CAROL), "alice@acme.test: new");
    assert_eq!(world.take("acme", "initech", bare), [RangeOutcome::Applied]);
}

#[test]
fn a_removed_organisation_is_served_up_to_its_removal_and_not_beyond() {
    let (mut world, team) = talked();
    world.bring(ALICE, CAROL, team);
    world.say(ALICE, team, "last words").unwrap();
    world.exchange();
    let ask = whole_ask(&world, team);
    world.remove(ALICE, CAROL, team).unwrap();
    world.say(ALICE, team, "she is gone").unwrap();
    world.exchange();
    assert_eq!(world.last_seen(CAROL), "alice@acme.test removes carol@initech.test");
    for server in ["acme", "globex"] {
        let told = world.answer_ask(server, "initech", &ask);
        assert_eq!((told.ranges.len(), told.ends), (0, None));
        assert_eq!(told.missing.len(), ask.logs.len());
    }
    let initech = world.node("initech").lineage();
    let own = world.node("acme").records.last().unwrap().clone();
    let served = world.node("acme").served(initech, &own.log, own.seq - 1);
    assert_eq!(texts(&served), ["last words"]);
}

/// An ask for all message logs up to where acme holds them, as somebody would ask who lacks
/// everything.
fn whole_ask(world: &World, team: ChannelId) -> HistoryAsk {
    let (_, channel) = world.channel("acme", team);
    let logs = channel.logs.iter().filter_map(|(name, log)| match name {
        LogName::Message { origin, writer } => {
            Some(AskedLog { origin: *origin, writer: *writer, until: log.end.seq(), start: true })
        }
        LogName::Control { .. } => None,
    });
    HistoryAsk { channel: team, logs: logs.collect(), count: 1_000 }
}

#[test]
fn a_readmitted_organisation_gets_a_new_floor_and_nothing_of_the_gap() {
    let (mut world, team) = talked();
    world.bring(ALICE, CAROL, team);
    world.say(ALICE, team, "before").unwrap();
    world.exchange();
    world.remove(ALICE, CAROL, team).unwrap();
    world.exchange();
    talk(&mut world, team, 20..23);
    let gap = whole_ask(&world, team);
    // Another account of hers brings her organisation back: an admission like the first.
    let seq = world.group_at("acme", team).point.seq;
    world.bring(ALICE, CLEO, team);
    let (_, channel) = world.channel("acme", team);
    let group = channel.group().unwrap();
    assert!(group.point.seq > seq);
    for (name, log) in &channel.logs {
        if let LogName::Message { origin, writer } = name {
            assert!(group.state.cover[&(*origin, *writer)].0 >= log.end.seq());
        }
    }
    world.say(BOB, team, "welcome back").unwrap();
    world.exchange();
    world.say(ALICE, team, "indeed").unwrap();
    world.exchange();
    let seen = world.feed(CLEO);
    let said = ["bob@globex.test: welcome back", "alice@acme.test: indeed"];
    assert_eq!(seen[seen.len() - 2..], said);
    let here = world.texts("initech", team);
    assert!(here.iter().any(|line| line.ends_with(": before")));
    let in_gap = |line: &&String| (20..23).any(|n| line.ends_with(&format!("{n}")));
    assert_eq!((here.len(), here.iter().filter(in_gap).count()), (23, 0));
    // Asked for outright, the gap is not served, by anybody; what lies below it is.
    for server in ["acme", "globex"] {
        let told = world.answer_ask(server, "initech", &gap);
        assert_eq!(told.ranges.len(), 0, "{server}");
    }
    let initech = world.node("initech").lineage();
    for asked in &gap.logs {
        let name = LogName::Message { origin: asked.origin, writer: asked.writer };
        let log = LogId { channel: team, name };
        assert!(world.node("acme").served(initech, &log, asked.until).is_empty());
    }
    world.assert_same_state(&["acme", "globex", "initech"], team);
}
