//! Direct channels: opened by whoever speaks first, here or elsewhere; two accounts and nobody
//! else.

use comity_machine::{Act, Outcome, RangeOutcome, RefusedCode};
use comity_protocol::code::Code;
use comity_protocol::event::{LogStart, direct_channel};
use comity_protocol::id::{AccountId, AccountNumber, ChannelId};

use super::world::{RogueLog, World, event};

fn refused(code: Code) -> RangeOutcome {
    RangeOutcome::Refused { from: 1, code: RefusedCode(code) }
}

fn start(accounts: (AccountId, AccountId), name: &str) -> LogStart {
    let accounts = (accounts.0.min(accounts.1), accounts.0.max(accounts.1));
    LogStart { accounts: Some(accounts), name: Some(name.into()), ..LogStart::default() }
}

#[test]
fn two_users_of_one_node_talk() {
    let mut world = World::new(&["alice@acme", "bob@acme", "carol@acme"]);
    let talk = world.direct("alice@acme", "bob@acme");
    assert_eq!(world.direct("bob@acme", "alice@acme"), talk);
    world.say("alice@acme", talk, "hello").unwrap();
    world.say("bob@acme", talk, "hi").unwrap();
    let both = ["alice@acme.test: hello", "bob@acme.test: hi"];
    assert_eq!(world.feed("alice@acme"), both);
    assert_eq!(world.feed("bob@acme"), both);
    assert!(world.feed("carol@acme").is_empty());
    assert_eq!(world.say("carol@acme", talk, "me too"), Err(Code::ChannelNotFound));
    let (account, label) = world.account("alice@acme");
    let own = world.act("alice@acme", Act::OpenDirect { account, label });
    assert_eq!(own, Err(Code::SelfDirect));
}

#[test]
fn two_users_of_two_nodes_talk() {
    let mut world = World::new(&["alice@acme", "bob@globex", "carol@initech"]);
    let talk = world.direct("alice@acme", "bob@globex");
    world.exchange();
    assert!(world.node("globex").state.channel(&talk).is_none(), "nothing was said yet");
    world.say("alice@acme", talk, "hello").unwrap();
    world.exchange();
    assert_eq!(world.feed("bob@globex"), ["alice@acme.test: hello"]);
    world.say("bob@globex", talk, "hi").unwrap();
    world.exchange();
    let both = ["alice@acme.test: hello", "bob@globex.test: hi"];
    assert_eq!(world.feed("alice@acme"), both);
    assert_eq!(world.texts("acme", talk), world.texts("globex", talk));
    assert!(world.node("initech").records.is_empty());
}

#[test]
fn both_may_open_at_the_same_time() {
    let mut world = World::new(&["alice@acme", "bob@globex"]);
    let talk = world.direct("alice@acme", "bob@globex");
    assert_eq!(world.direct("bob@globex", "alice@acme"), talk);
    world.say("alice@acme", talk, "hello").unwrap();
    world.say("bob@globex", talk, "hi").unwrap();
    world.exchange();
    assert_eq!(world.texts("acme", talk).len(), 2);
    assert_eq!(world.texts("acme", talk), world.texts("globex", talk));
}

#[test]
fn a_label_must_fit_the_account() {
    let mut world = World::new(&["alice@acme", "bob@acme", "bob@globex"]);
    let (here, _) = world.account("bob@acme");
    let (there, _) = world.account("bob@globex");
    let mut open = |account: AccountId, label: &str| {
        world.act("alice@acme", Act::OpenDirect { account, label: label.into() })
    };
    assert_eq!(open(here, "carol@acme.test"), Err(Code::AccountNotFound));
    assert_eq!(open(here, "bob@globex.test"), Err(Code::AccountNotFound));
    assert_eq!(open(there, "bob@acme.test"), Err(Code::AccountNotFound));
    assert_eq!(open(there, "bob"), Err(Code::NameInvalid));
    let nobody = AccountId { number: AccountNumber(5), ..here };
    assert_eq!(open(nobody, "nobody@acme.test"), Err(Code::AccountNotFound));
    let nowhere = AccountId { lineage: comity_protocol::id::LineageId([7; 32]), ..here };
    assert_eq!(open(nowhere, "bob@umbrella.test"), Err(Code::DomainNotFound));
}

/// A log of globex in a direct channel with alice, as globex would write it.
fn log_of_globex(world: &World, first: LogStart, channel: ChannelId) -> RogueLog {
    let bob = world.node("globex").users["bob"].number;
    let mut log = RogueLog::new(world.node("globex"), channel, 1);
    log.say(bob, "hello", Some(first));
    log
}

#[test]
fn the_first_event_opens_a_channel_only_where_it_names_it() {
    let mut world = World::new(&["alice@acme", "bob@globex", "carol@initech"]);
    let (alice, _) = world.account("alice@acme");
    let (bob, _) = world.account("bob@globex");
    let (carol, _) = world.account("carol@initech");
    let stranger = AccountId { number: AccountNumber(5), ..alice };
    let (id, pair) = (direct_channel(alice, bob), (alice, bob));
    let ordered = start(pair, "bob").accounts.unwrap();
    let swapped = LogStart { accounts: Some((ordered.1, ordered.0)), ..start(pair, "bob") };
    let nameless = LogStart { name: None, ..start(pair, "bob") };
    let cases = [
        (id, LogStart::default(), Code::LogUnknown),
        (ChannelId([3; 32]), start(pair, "bob"), Code::LogUnknown),
        (id, swapped, Code::LogUnknown),
        (id, nameless, Code::NameInvalid),
        (id, start(pair, "Bob <b>"), Code::NameInvalid),
        (direct_channel(stranger, bob), start((stranger, bob), "bob"), Code::AccountNotFound),
        // Others' accounts.
        (direct_channel(alice, carol), start((alice, carol), "bob"), Code::LogUnknown),
        (direct_channel(bob, carol), start((bob, carol), "bob"), Code::LogUnknown),
    ];
    for (channel, first, code) in cases {
        let log = log_of_globex(&world, first.clone(), channel);
        assert_eq!(world.show("globex", "acme", &log).0, refused(code), "{first:?}");
        assert_eq!(world.node("acme").state.channels.len(), 2, "{first:?}");
    }
    let log = log_of_globex(&world, start(pair, "robert"), id);
    // Not through a third one either, though the log is theirs.
    let relayed = log.batch(world.node("globex"));
    assert_eq!(world.take("initech", "acme", relayed), [refused(Code::LogUnknown)]);
    assert!(world.node("acme").state.channel(&id).is_none());
    let shown = world.show("globex", "acme", &log);
    assert_eq!(shown, (RangeOutcome::Applied, vec![Outcome::Accepted]));
    // The name is what his organisation says, the domain what was proven.
    assert_eq!(world.feed("alice@acme"), ["robert@globex.test: hello"]);
}

#[test]
fn a_range_that_is_not_proven_opens_nothing() {
    let mut world = World::new(&["alice@acme", "bob@globex"]);
    let pair = (world.account("alice@acme").0, world.account("bob@globex").0);
    let log = log_of_globex(&world, start(pair, "bob"), direct_channel(pair.0, pair.1));
    let mut batch = log.batch(world.node("globex"));
    batch.ranges[0].hash.0[0] ^= 1;
    assert_eq!(world.take("globex", "acme", batch), [refused(Code::ChainBroken)]);
    assert_eq!(world.node("acme").state.channels.len(), 1);
}

#[test]
fn a_third_organisation_has_no_business_here() {
    let mut world = World::new(&["alice@acme", "bob@globex", "carol@initech"]);
    let talk = world.direct("alice@acme", "bob@globex");
    world.say("alice@acme", talk, "hello").unwrap();
    world.exchange();
    let carol = world.node("initech").users["carol"].number;
    let pair = (world.account("alice@acme").0, world.account("bob@globex").0);
    let mut log = RogueLog::new(world.node("initech"), talk, 1);
    log.say(carol, "hello", Some(start(pair, "bob")));
    assert_eq!(world.show("initech", "acme", &log).0, refused(Code::LogUnknown));
    // Nor does anybody relay logs here.
    let relayed = log_of_globex(&world, start(pair, "bob"), talk);
    let batch = relayed.batch(world.node("globex"));
    assert_eq!(world.take("initech", "acme", batch), [refused(Code::LogUnknown)]);
    assert_eq!(world.texts("acme", talk), ["alice@acme.test: hello"]);
}

#[test]
fn events_that_do_not_fit_the_channel_are_void() {
    let mut world = World::new(&["alice@acme", "bob@globex"]);
    let talk = world.direct("alice@acme", "bob@globex");
    world.say("alice@acme", talk, "hello").unwrap();
    let pair = (world.account("alice@acme").0, world.account("bob@globex").0);
    let bob = pair.1.number;
    let good = || start(pair, "bob");
    let other = AccountId { number: AccountNumber(5), ..pair.1 };
    let link = Some((pair.0.lineage, pair.1.lineage));
    let wrong_starts = [
        None,
        Some(LogStart::default()),
        Some(start((pair.0, other), "bob")),
        Some(LogStart { organisations: link, ..good() }),
    ];
    for (writer, first) in (1..).zip(wrong_starts) {
        let mut log = RogueLog::new(world.node("globex"), talk, writer);
        log.say(bob, "hello", first.clone());
        let shown = world.show("globex", "acme", &log);
        assert_eq!(shown, (RangeOutcome::Applied, vec![Outcome::Void]), "{first:?}");
    }
    let mut log = RogueLog::new(world.node("globex"), talk, 90);
    log.say(bob, "one", Some(good()));
    log.say(bob, "a second start", Some(good()));
    log.say(other.number, "not his channel", None);
    let point = comity_protocol::id::ControlPoint {
        term: 1,
        seq: 1,
        hash: comity_protocol::hash::Hash::ZERO.into(),
    };
    let message = event(bob, &comity_protocol::event::EventAct::message());
    let body = || comity_protocol::body::Body::text([1; 32], "text");
    log.push(comity_protocol::event::EventHeader { after: Some(point), ..message }, body());
    log.say(bob, "two", None);
    use Outcome::{Accepted, Void};
    let (_, outcomes) = world.show("globex", "acme", &log);
    assert_eq!(outcomes, [Accepted, Void, Void, Void, Accepted]);
    let texts = ["alice@acme.test: hello", "bob@globex.test: one", "bob@globex.test: two"];
    let mut found = world.texts("acme", talk);
    found.sort();
    assert_eq!(found, texts);
}

#[test]
fn a_log_of_a_later_version_waits_for_an_upgrade() {
    let mut world = World::new(&["alice@acme", "bob@globex"]);
    let pair = (world.account("alice@acme").0, world.account("bob@globex").0);
    let id = direct_channel(pair.0, pair.1);
    let later = LogStart { version: Some(2), ..start(pair, "bob") };
    let log = log_of_globex(&world, later, id);
    let unsupported = refused(Code::VersionUnsupported);
    assert_eq!(world.show("globex", "acme", &log).0, unsupported);
    assert!(world.node("acme").state.channel(&id).is_none());
    world.direct("alice@acme", "bob@globex");
    assert_eq!(world.show("globex", "acme", &log).0, unsupported);
    assert!(world.outcomes("acme", id, "globex").is_empty());
    let first = LogStart { version: Some(1), ..start(pair, "bob") };
    let log = log_of_globex(&world, first, id);
    assert_eq!(world.show("globex", "acme", &log).1, [Outcome::Accepted]);
}

#[test]
fn a_peer_opens_a_bounded_number_of_channels_with_an_account() {
    let mut world = World::new(&["alice@acme", "bob@globex"]);
    let (alice, _) = world.account("alice@acme");
    let open = |world: &mut World, number: u64| {
        let other = AccountId { number: AccountNumber(number), ..world.account("bob@globex").0 };
        let channel = direct_channel(alice, other);
        let mut log = RogueLog::new(world.node("globex"), channel, number);
        log.say(other.number, "spam", Some(start((alice, other), "bob")));
        world.show("globex", "acme", &log).0
    };
    for number in 1..=1_000 {
        assert_eq!(open(&mut world, number), RangeOutcome::Applied, "{number}");
    }
    assert_eq!(open(&mut world, 1_001), refused(Code::ChannelLimit));
    // Their own users still open what they like.
    world.direct("alice@acme", "bob@globex");
}
