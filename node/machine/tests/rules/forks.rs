//! A log of which two histories are proven: it is not gone on with from where they part, and a
//! group whose control log says two things is read-only. What proves nothing changes nothing.

use comity_machine::{Answer, Outcome, RangeOutcome, ReadOnly, RefusedCode};
use comity_protocol::code::Code;
use comity_protocol::control::{ControlAct, Text};
use comity_protocol::event::LogStart;
use comity_protocol::fork::ForkProof;
use comity_protocol::id::{AccountNumber, ChannelId, LogId, LogName};

use super::world::{RogueLog, World, control, fork_proof};

/// alice@acme and bob@globex with their channel; two histories of globex that part at record 3.
fn scene() -> (World, ChannelId, AccountNumber, [RogueLog; 2]) {
    let mut world = World::new(&["alice@acme", "bob@globex", "carol@initech"]);
    let talk = world.direct("alice@acme", "bob@globex");
    let (alice, bob) = (world.account("alice@acme").0, world.account("bob@globex").0);
    let accounts = Some((alice.min(bob), alice.max(bob)));
    let mut log = RogueLog::new(world.node("globex"), talk, 1);
    let start = LogStart { accounts, name: Some("bob".into()), ..LogStart::default() };
    log.say(bob.number, "1", Some(start)).say(bob.number, "2", None);
    let mut other = log.clone();
    log.say(bob.number, "3", None);
    other.say(bob.number, "three", None).say(bob.number, "four", None);
    (world, talk, bob.number, [log, other])
}

/// What a node shows of a channel, without who said it.
fn texts(world: &World, node: &str, channel: ChannelId) -> Vec<String> {
    let lines = world.texts(node, channel).into_iter();
    lines.map(|line| line.split_once(": ").unwrap().1.to_owned()).collect()
}

fn globex_proof(world: &World, [one, other]: &[RogueLog; 2]) -> ForkProof {
    fork_proof(world.node("globex"), 3, one, other)
}

fn refused(from: u64, code: Code) -> RangeOutcome {
    RangeOutcome::Refused { from, code: RefusedCode(code) }
}

fn rows(world: &World) -> Vec<u8> {
    world.node("acme").state.to_bytes()
}

#[test]
fn of_a_forked_log_nothing_more_is_taken() {
    let (mut world, talk, bob, mut logs) = scene();
    let proof = globex_proof(&world, &logs);
    world.show("globex", "acme", &logs[0]);
    assert_eq!(world.take_fork("acme", proof.encode()), Ok(Answer::Done));
    let forks: Vec<(LogId, u64)> =
        world.node("acme").state.forks().map(|(_, log, fork)| (log, fork.seq)).collect();
    assert_eq!(forks, [(logs[0].log, 3)]);
    logs[0].say(bob, "4", None);
    assert_eq!(world.show("globex", "acme", &logs[0]).0, refused(4, Code::LogForked));
    // What is held is held; its origin goes on in another log.
    let mut next = RogueLog::new(world.node("globex"), talk, 2);
    let (alice, bob) = (world.account("alice@acme").0, world.account("bob@globex").0);
    let accounts = Some((alice.min(bob), alice.max(bob)));
    let start = LogStart { accounts, name: Some("bob".into()), ..LogStart::default() };
    next.say(bob.number, "anew", Some(start));
    assert_eq!(world.show("globex", "acme", &next).1, [Outcome::Accepted]);
    assert_eq!(texts(&world, "acme", talk), ["anew", "1", "2", "3"]);
    assert_eq!(world.say("alice@acme", talk, "what now?").map(|_| ()), Ok(()));
}

#[test]
fn what_both_histories_share_is_taken() {
    let (mut world, talk, _, logs) = scene();
    world.show("globex", "acme", &logs[0].clone().cut(1));
    let proof = globex_proof(&world, &logs);
    world.take_fork("acme", proof.encode()).unwrap();
    for log in &logs {
        assert_eq!(world.show("globex", "acme", log).0, refused(3, Code::LogForked));
        assert_eq!(texts(&world, "acme", talk), ["1", "2"]);
    }
}

#[test]
fn the_lowest_fork_counts() {
    let (mut world, _, bob, mut logs) = scene();
    world.show("globex", "acme", &logs[0]);
    let lower = globex_proof(&world, &logs);
    logs[1] = logs[0].clone();
    logs[0].say(bob, "4", None);
    logs[1].say(bob, "four", None);
    let higher = fork_proof(world.node("globex"), 4, &logs[0], &logs[1]);
    let seq = |world: &World| world.node("acme").state.forks().map(|(_, _, f)| f.seq).next();
    world.take_fork("acme", higher.encode()).unwrap();
    assert_eq!(seq(&world), Some(4));
    world.take_fork("acme", lower.encode()).unwrap();
    assert_eq!(seq(&world), Some(3));
    let before = rows(&world);
    for proof in [&higher, &lower] {
        assert!(!world.node("acme").state.is_fork_news(&logs[0].log, proof.seq));
        assert_eq!(world.take_fork("acme", proof.encode()), Ok(Answer::Done));
        assert!(rows(&world) == before, "nothing new");
    }
}

#[test]
fn what_proves_nothing_changes_nothing() {
    let (mut world, talk, bob, mut logs) = scene();
    world.show("globex", "acme", &logs[0]);
    let genuine = globex_proof(&world, &logs);
    let by_initech = fork_proof(world.node("initech"), 3, &logs[0], &logs[1]);
    let stolen = ForkProof { organisation: genuine.organisation.clone(), ..by_initech.clone() };
    let same = ForkProof { other: genuine.one.clone(), ..genuine.clone() };
    let elsewhere = RogueLog::new(world.node("globex"), talk, 9);
    let unknown = ForkProof { log: elsewhere.log.into(), ..genuine.clone() };
    let before = rows(&world);
    for forged in [by_initech, stolen, same, unknown] {
        assert_eq!(world.take_fork("acme", forged.encode()), Err(Code::ForkUnproven));
    }
    assert_eq!(world.take_fork("acme", vec![1, 2, 3]), Err(Code::FrameMalformed));
    // It holds, but nobody here has heard of the log.
    assert_eq!(world.take_fork("initech", genuine.encode()), Err(Code::LogUnknown));
    assert!(rows(&world) == before);
    logs[0].say(bob, "4", None);
    assert_eq!(world.show("globex", "acme", &logs[0]).1, [Outcome::Accepted]);
}

#[test]
fn a_node_whose_own_log_is_forked_goes_on_in_another() {
    let (mut world, talk, ..) = scene();
    world.say("alice@acme", talk, "1").unwrap();
    let acme = world.node("acme");
    let name = acme.records.last().unwrap().log.name;
    let LogName::Message { writer, .. } = name else { panic!("a control log") };
    let alice = world.account("alice@acme").0.number;
    let mut copies = [0, 1].map(|_| RogueLog::new(world.node("acme"), talk, writer.0));
    copies[0].say(alice, "a copy", None);
    copies[1].say(alice, "another", None);
    let proof = fork_proof(world.node("acme"), 1, &copies[0], &copies[1]);
    world.take_fork("acme", proof.encode()).unwrap();
    world.say("alice@acme", talk, "2").unwrap();
    world.say("alice@acme", talk, "3").unwrap();
    let later: Vec<LogName> =
        world.node("acme").records.iter().rev().take(2).map(|record| record.log.name).collect();
    assert!(later[0] == later[1] && later[0] != name);
    world.exchange();
    assert_eq!(texts(&world, "globex", talk), ["1", "2", "3"]);
}

#[test]
fn a_group_whose_control_log_says_two_things_is_read_only() {
    let mut world = World::new(&["alice@acme", "bob@globex"]);
    let team = world.team("alice@acme", &["bob@globex"]);
    world.exchange();
    let (alice, _) = world.account("alice@acme");
    let id = RogueLog::control(world.node("acme"), team).log;
    let seq = world.group_at("globex", team).point.seq + 1;
    let says = |text: &str| {
        let mut log = RogueLog::control(world.node("acme"), team);
        let text = Text { text: text.into() };
        log.push_control(control(Some(alice), &ControlAct::SetName(text)));
        log
    };
    let logs = [says("one"), says("two")];
    let proof = fork_proof(world.node("acme"), seq, &logs[0], &logs[1]);
    assert_eq!((LogId::from(proof.log), proof.seq), (id, seq));
    world.show("acme", "globex", &logs[0]);
    assert_eq!(world.group_at("globex", team).state.name, "one");
    world.say("bob@globex", team, "still here").unwrap();
    world.take_fork("globex", proof.encode()).unwrap();
    let (_, found) = world.node("globex").state.channel(&team).unwrap();
    assert_eq!(found.read_only(), Some(ReadOnly::Split));
    let refusal = Err(Code::ChannelReadOnly);
    assert_eq!(world.say("bob@globex", team, "not any more"), refusal);
    assert_eq!(world.set_topic("bob@globex", team, "which?"), refusal);
    let mut on = logs[0].clone();
    let text = Text { text: "on".into() };
    on.push_control(control(Some(alice), &ControlAct::SetName(text)));
    assert_eq!(world.show("acme", "globex", &on).0, refused(seq + 1, Code::LogForked));
    // The home is told too, and says no more.
    world.take_fork("acme", proof.encode()).unwrap();
    assert_eq!(world.say("alice@acme", team, "hello?"), refusal);
    assert_eq!(world.rename("alice@acme", team, "hello"), refusal);
}
