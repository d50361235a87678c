//! Keys that change: who follows whom, by which key a head is judged, how a group's members who are
//! not linked hear of it, and what a thief can still do.

use comity_identity::{NodeKey, RecoveryKey, SignedKeyChange};
use comity_machine::{Answer, Command, Outcome, RangeOutcome, RefusedCode};
use comity_protocol::cbor::ByteString;
use comity_protocol::code::Code;
use comity_protocol::control::{ControlAct, KeyChanges, Organisation, Role, Text};
use comity_protocol::event::{EventAct, LogStart, Request};
use comity_protocol::head::Head;
use comity_protocol::id::{ChannelId, LogId, LogName};
use comity_protocol::keys::SignedHead;

use super::world::{RogueLog, World, control, event, fork_proof};

const ALICE: &str = "alice@acme";
const BOB: &str = "bob@globex";
const CAROL: &str = "carol@initech";
const ALL: [&str; 3] = ["acme", "globex", "initech"];

fn scene() -> (World, ChannelId) {
    let mut world = World::new(&[ALICE, BOB, CAROL]);
    let team = world.team(ALICE, &[BOB, CAROL]);
    (world, team)
}

/// A node is shown how another one's key has changed.
fn tell(world: &mut World, of: &str, to: &str) -> Answer {
    let shown = world.node(of).chain.organisation();
    show(world, to, shown)
}

fn show(world: &mut World, to: &str, shown: Organisation) -> Answer {
    let now_ms = world.now_ms;
    world.node_mut(to).take_keys(shown, now_ms)
}

fn rotate(world: &mut World, node: &str, seed: u8) {
    let now_ms = world.now_ms;
    world.node_mut(node).rotate(seed, now_ms);
}

fn recover(world: &mut World, node: &str, seed: u8) {
    let now_ms = world.now_ms;
    world.node_mut(node).recover(seed, now_ms);
}

fn knows(world: &World, node: &str, of: &str) -> bool {
    let lineage = world.node(of).lineage();
    world.node(node).state.key_of(&lineage) == Some(world.node(of).key.public())
}

fn refused(from: u64) -> RangeOutcome {
    RangeOutcome::Refused { from, code: RefusedCode(Code::CheckpointForged) }
}

fn rename(name: &str) -> ControlAct {
    ControlAct::SetName(Text { text: name.into() })
}

#[test]
fn members_follow_a_key_by_the_control_log() {
    let (mut world, team) = scene();
    world.say(BOB, team, "before").unwrap();
    world.exchange();
    rotate(&mut world, "globex", 50);
    // The home alone is told; whoever else is a member reads it in the control log.
    assert_eq!(tell(&mut world, "globex", "acme"), Answer::Done);
    assert!(knows(&world, "acme", "globex") && !knows(&world, "initech", "globex"));
    world.exchange();
    assert!(knows(&world, "initech", "globex"));
    world.say(BOB, team, "after").unwrap();
    world.exchange();
    world.assert_same(&ALL, team);
    assert!(world.texts("initech", team).contains(&"bob@globex.test: after".to_owned()));
    // Told again, nothing happens.
    let before = world.node("acme").state.to_bytes();
    assert_eq!(tell(&mut world, "globex", "acme"), Answer::Done);
    assert!(world.node("acme").state.to_bytes() == before);
    assert!(!world.node("acme").state.is_key_news(&world.node("globex").chain.organisation()));
}

#[test]
fn a_home_goes_on_under_its_next_key() {
    let (mut world, team) = scene();
    rotate(&mut world, "acme", 50);
    for member in ["globex", "initech"] {
        assert_eq!(tell(&mut world, "acme", member), Answer::Done);
    }
    world.rename(ALICE, team, "Under another key").unwrap();
    world.say(ALICE, team, "still here").unwrap();
    world.exchange();
    world.assert_same(&ALL, team);
    assert_eq!(world.group_at("globex", team).state.name, "Under another key");
    // Who comes now is shown a genesis that names the first key.
    world.user("dave@hooli");
    assert_eq!(tell(&mut world, "acme", "hooli"), Answer::Done);
    world.bring(ALICE, "dave@hooli", team);
    world.assert_same(&["acme", "hooli"], team);
    // And founds groups of its own under the keys that it has had.
    let other = world.group(ALICE, "Other");
    world.bring(ALICE, BOB, other);
    world.assert_same(&["acme", "globex"], other);
}

#[test]
fn whoever_has_changed_its_key_is_admitted_with_all_changes() {
    let mut world = World::new(&[ALICE, BOB, CAROL]);
    rotate(&mut world, "globex", 50);
    assert_eq!(tell(&mut world, "globex", "acme"), Answer::Done);
    let team = world.team(ALICE, &[BOB, CAROL]);
    assert!(knows(&world, "initech", "globex"), "by the admission");
    world.say(BOB, team, "hello").unwrap();
    world.exchange();
    world.assert_same(&ALL, team);
}

#[test]
fn a_request_is_judged_by_the_key_that_the_control_log_states() {
    let (mut world, team) = scene();
    world.set_role(ALICE, BOB, team, Role::Moderator).unwrap();
    world.exchange();
    rotate(&mut world, "globex", 50);
    // The home has heard of the key while it could not write: it states it when it matters.
    tell(&mut world, "globex", "acme");
    tell(&mut world, "globex", "initech");
    let stated = world.group_at("acme", team).state.organisations.values().map(|o| &o.changes);
    assert_eq!(stated.map(Vec::len).sum::<usize>(), 1);
    world.rename(BOB, team, "Renamed by Bob").unwrap();
    world.exchange();
    world.assert_same_state(&ALL, team);
    assert_eq!(world.group_at("initech", team).state.name, "Renamed by Bob");
}

#[test]
fn a_request_under_a_revoked_key_is_void_for_everybody() {
    let (mut world, team) = scene();
    world.set_role(ALICE, BOB, team, Role::Moderator).unwrap();
    world.exchange();
    let bob = world.account(BOB).0;
    // Somebody has stolen globex's key, and asks for what Bob never asked.
    let mut stolen = RogueLog::new(world.node("globex"), team, 9);
    let request = Request::of(&rename("Mine")).unwrap();
    let after = Some(world.group_at("globex", team).point);
    let start = Some(LogStart::default());
    let asks = event(bob.number, &EventAct::Request(request));
    let asks = comity_protocol::event::EventHeader { after, start, ..asks };
    stolen.push(asks, comity_protocol::body::Body::empty([9; 32]));
    let proof = stolen.proof(world.node("globex"), 1);
    recover(&mut world, "globex", 50);
    tell(&mut world, "globex", "acme");
    world.exchange();
    assert!(knows(&world, "initech", "globex"));
    // A home that is with the thief writes it all the same.
    let mut log = RogueLog::control(world.node("acme"), team);
    let mut header = control(Some(bob), &rename("Mine"));
    header.request = Some(proof);
    log.push_control(header);
    let (range, outcomes) = world.show("acme", "initech", &log);
    assert_eq!((range, outcomes), (RangeOutcome::Applied, vec![Outcome::Void]));
    assert_eq!(world.group_at("initech", team).state.name, "Team");
}

#[test]
fn no_home_gives_an_organisation_another_key() {
    let (mut world, team) = scene();
    let globex = world.node("globex").chain.clone();
    let (id, first) = (globex.lineage().id, &world.node("globex").key);
    let (thief, next) = (NodeKey::from_seed(&[60; 32]), NodeKey::from_seed(&[61; 32]));
    let genuine = SignedKeyChange::by_key(id, 1, first, next.public());
    let lies = [
        // By a third key; with a gap; by a recovery key that is not its own; nothing new; of who
        // is not in.
        (id, vec![SignedKeyChange::by_key(id, 1, &thief, next.public())]),
        (id, vec![SignedKeyChange::by_key(id, 2, first, next.public())]),
        (
            id,
            vec![{
                let recovery = RecoveryKey::from_seed(&[62; 32]);
                SignedKeyChange::by_recovery(id, 1, first.public(), next.public(), &recovery)
            }],
        ),
        (id, vec![]),
        (comity_protocol::id::LineageId([7; 32]), vec![genuine.clone()]),
    ];
    let act = |lineage, changes: &[SignedKeyChange]| {
        let changes = changes.iter().map(|c| ByteString(c.as_bytes().to_vec())).collect();
        ControlAct::ChangeKeys(KeyChanges { lineage, changes })
    };
    let mut log = RogueLog::control(world.node("acme"), team);
    for (lineage, changes) in &lies {
        log.push_control(control(None, &act(*lineage, changes)));
    }
    // Nor does an account change one.
    let alice = world.account(ALICE).0;
    log.push_control(control(Some(alice), &act(id, std::slice::from_ref(&genuine))));
    log.push_control(control(None, &act(id, std::slice::from_ref(&genuine))));
    let (_, outcomes) = world.show("acme", "initech", &log);
    let mut expected = vec![Outcome::Void; lies.len() + 1];
    expected.push(Outcome::Accepted);
    assert_eq!(outcomes, expected);
    assert_eq!(world.node("initech").state.key_of(&id), Some(next.public()));
}

#[test]
fn what_does_not_continue_a_key_changes_nothing() {
    let (mut world, _) = scene();
    rotate(&mut world, "globex", 50);
    let older = world.node("globex").chain.organisation();
    rotate(&mut world, "globex", 51);
    let newest = world.node("globex").chain.organisation();
    assert_eq!(tell(&mut world, "globex", "acme"), Answer::Done);
    let before = world.node("acme").state.to_bytes();
    let refused = Answer::Refused(RefusedCode(Code::DomainKeyChanged));
    // Played again from before; cut in the middle; by a third key.
    assert_eq!(show(&mut world, "acme", older.clone()), Answer::Done);
    let gap = Organisation { changes: newest.changes[1..].to_vec(), ..newest.clone() };
    assert_eq!(show(&mut world, "acme", gap), refused);
    let (thief, lineage) = (NodeKey::from_seed(&[60; 32]), world.node("globex").lineage());
    let forged = SignedKeyChange::by_key(lineage, 3, &thief, thief.public());
    let mut by_thief = newest.clone();
    by_thief.changes.push(forged.as_bytes().to_vec().into());
    assert_eq!(show(&mut world, "acme", by_thief), refused);
    // An organisation with which nothing is shared.
    let stranger = Organisation { domain: "hooli.test".into(), changes: vec![], ..newest };
    let unknown = Answer::Refused(RefusedCode(Code::LogUnknown));
    assert_eq!(show(&mut world, "acme", stranger), unknown);
    assert!(world.node("acme").state.to_bytes() == before);
    assert!(knows(&world, "acme", "globex"));
}

#[test]
fn who_has_stolen_a_key_cannot_keep_its_owner_out() {
    let (mut world, team) = scene();
    let (lineage, first) = (world.node("globex").lineage(), NodeKey::from_seed(&[2; 32]));
    assert_eq!(first.public(), world.node("globex").key.public());
    // The thief changes the key to his own, and everybody follows.
    let thief = NodeKey::from_seed(&[60; 32]);
    let stolen = SignedKeyChange::by_key(lineage, 1, &first, thief.public());
    let changes = vec![stolen.as_bytes().to_vec().into()];
    let by_thief = Organisation { changes, ..world.node("globex").chain.organisation() };
    assert_eq!(show(&mut world, "acme", by_thief.clone()), Answer::Done);
    world.exchange();
    assert_eq!(world.node("initech").state.key_of(&lineage), Some(thief.public()));
    // The owner's rotation contradicts that; his recovery ends it.
    let mut rotated = world.node("globex").chain.clone();
    let next = NodeKey::from_seed(&[50; 32]);
    rotated.follow(SignedKeyChange::by_key(lineage, 1, &first, next.public())).unwrap();
    let split = Answer::Refused(RefusedCode(Code::DomainKeyChanged));
    assert_eq!(show(&mut world, "acme", rotated.organisation()), split);
    recover(&mut world, "globex", 51);
    assert_eq!(tell(&mut world, "globex", "acme"), Answer::Done);
    world.exchange();
    assert!(ALL.iter().all(|node| knows(&world, node, "globex")));
    assert_eq!(show(&mut world, "acme", by_thief), Answer::Done);
    assert!(knows(&world, "acme", "globex"), "played again, it changes nothing");
    world.node_mut("globex").start(2);
    world.say(BOB, team, "mine again").unwrap();
    world.exchange();
    world.assert_same(&ALL, team);
}

#[test]
fn a_stolen_key_writes_nothing_after_it_was_revoked() {
    let (mut world, team) = scene();
    world.say(BOB, team, "genuine").unwrap();
    world.exchange();
    let bob = world.account(BOB).0;
    let after = Some(world.group_at("globex", team).point);
    let of_bob = |text: &str, start| {
        let header = event(bob.number, &EventAct::message());
        let header = comity_protocol::event::EventHeader { after, start, ..header };
        (header, comity_protocol::body::Body::text([9; 32], text))
    };
    // What was signed before counts as far as it is held.
    let mut thief = RogueLog::new(world.node("globex"), team, 9);
    let (header, body) = of_bob("stolen, and shown in time", Some(LogStart::default()));
    thief.push(header, body);
    let early = thief.batch(world.node("globex"));
    let (header, body) = of_bob("stolen, and shown too late", None);
    thief.push(header, body);
    let late = thief.batch(world.node("globex"));
    assert_eq!(world.take("globex", "acme", early), [RangeOutcome::Applied]);
    // A second history of the same log, to have what is genuine thrown away.
    let name = world.node("globex").records.iter().rev().find(|r| r.channel_id == team).unwrap();
    let genuine = RogueLog::held(world.node("globex"), name.log);
    let mut other = genuine.clone().cut(genuine.end.seq() - 1);
    let (header, body) = of_bob("never said", None);
    let time = genuine.time;
    other.push(comity_protocol::event::EventHeader { time, ..header }, body);
    let seq = genuine.end.seq();
    let stolen = fork_proof(world.node("globex"), seq, &genuine, &other);

    recover(&mut world, "globex", 50);
    assert_eq!(tell(&mut world, "globex", "acme"), Answer::Done);
    assert_eq!(world.take("globex", "acme", late), [refused(1)]);
    assert_eq!(world.take_fork("acme", stolen.encode()), Err(Code::ForkUnproven));
    world.node_mut("globex").start(2);
    world.say(BOB, team, "under the next key").unwrap();
    world.exchange();
    let texts = world.texts("acme", team);
    let has = |text: &str| texts.contains(&format!("bob@globex.test: {text}"));
    assert!(has("genuine") && has("under the next key") && has("stolen, and shown in time"));
    assert!(!has("stolen, and shown too late"));
}

#[test]
fn heads_are_signed_anew_so_that_newcomers_believe_them() {
    let (mut world, team) = scene();
    world.say(BOB, team, "old").unwrap();
    world.exchange();
    recover(&mut world, "globex", 50);
    tell(&mut world, "globex", "acme");
    tell(&mut world, "globex", "initech");
    world.exchange();
    let globex = world.node("globex").lineage();
    let asked = world.node("acme").state.signed_before(globex);
    assert!(!asked.is_empty());
    let heads: Vec<Head> = asked
        .iter()
        .map(|entry| {
            let log = LogId::from(entry.log);
            let known = RogueLog::continuing(world.node("globex"), log);
            known.head()
        })
        .collect();
    let proofs = world.node("globex").prove(&heads);
    let signed: Vec<SignedHead> =
        asked.iter().zip(proofs).map(|(entry, head)| SignedHead { log: entry.log, head }).collect();
    // Not somebody else's, and not of other records.
    let initech = world.node("initech").lineage();
    let before = world.node("acme").state.to_bytes();
    let take = |world: &mut World, peer, heads: Vec<SignedHead>| {
        world.node_mut("acme").apply(Command::TakeSigned { peer, heads }).answer
    };
    take(&mut world, initech, signed.clone());
    let mut other = signed.clone();
    other.iter_mut().for_each(|signed| signed.head.seq += 1);
    take(&mut world, globex, other);
    assert!(world.node("acme").state.to_bytes() == before);
    assert_eq!(take(&mut world, globex, signed), Answer::Done);
    assert_eq!(world.node("acme").state.signed_before(globex), []);
    let (_, channel) = world.channel("acme", team);
    let of_globex = channel.logs.iter().filter(|(name, _)| match name {
        LogName::Message { origin, .. } => *origin == globex,
        LogName::Control { .. } => false,
    });
    let now = world.node("globex").key.public();
    for (name, log) in of_globex {
        let id = LogId { channel: team, name: *name };
        assert!(log.proof.as_ref().unwrap().verify(id, &globex, &now).is_ok());
    }
}
