//! What is compared between nodes, what they hold, serve and bear, shown to the checkers with one
//! thing changed.
#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;
use std::sync::Arc;

use comity::store::{self, Store, StoreId, Table};
use comity_machine::{Act, Answer, Command, ErasedBy, GroupAct, Outcome};
use comity_protocol::body::WireBody;
use comity_protocol::cbor::ByteString;
use comity_protocol::control::{ControlAct, Text};
use comity_protocol::event::Record;
use comity_protocol::frame::{Batch, Class, Frame, Range};
use comity_protocol::hash::Hash;
use comity_protocol::head::Inclusion;
use comity_protocol::id::{AccountId, ChannelId, ControlPoint, LogId, LogName, MessageId};

use super::rows::{self, Row, Rows};
use super::{Broken, after_start, agree, everything, is_honest};
use crate::agenda::Event;
use crate::node::{Organisation, Waiter};
use crate::watch::Rule;
use crate::world::World;

/// A seed with several nodes and groups, and without findings.
const QUIET: u64 = 2;

/// One in which much is said, changed and erased, with honest nodes alone and no findings either.
const BUSY: u64 = 1;

fn ran() -> (World, Vec<Rows>) {
    let world = ended(World::new(QUIET, false));
    let all = rows_of(&world);
    (world, all)
}

fn ended(mut world: World) -> World {
    world.run();
    assert_eq!(found(&world), []);
    world
}

fn rows_of(world: &World) -> Vec<Rows> {
    (0..world.nodes.len()).map(|at| rows::check(world, at).unwrap()).collect()
}

/// The rules that were broken so far.
fn found(world: &World) -> Vec<Rule> {
    let mut rules: Vec<Rule> = world.watch.findings.iter().map(|finding| finding.rule).collect();
    rules.dedup();
    rules
}

fn broken(found: Vec<Broken>) -> Vec<Rule> {
    found.into_iter().map(|(rule, _)| rule).collect()
}

/// What comparing rows finds once the last honest node holds an accepted message, which another
/// holds too, in another way.
fn compared(change: impl Fn(&mut Row)) -> Vec<Rule> {
    let (world, mut all) = ran();
    assert_eq!(broken(rows::compare(&world, &all)), []);
    let last = (0..all.len()).rfind(|at| is_honest(&world, *at)).unwrap();
    let others: Vec<usize> = (0..last).filter(|at| is_honest(&world, *at)).collect();
    let is_shared = |place: &(LogId, u64), row: &Row| {
        let is_message = matches!(place.0.name, LogName::Message { .. });
        let is_held = others.iter().any(|other| all[*other].contains_key(place));
        is_message && is_held && row.outcome == Outcome::Accepted
    };
    let place = all[last].iter().find(|(place, row)| is_shared(place, row)).unwrap().0;
    let place = *place;
    change(all[last].get_mut(&place).unwrap());
    broken(rows::compare(&world, &all))
}

#[test]
fn two_histories_without_a_proof_are_found() {
    assert_eq!(compared(|row| row.hash = Hash([7; 32])), [Rule::Fork]);
}

#[test]
fn two_orders_are_found() {
    assert_eq!(compared(|row| row.id = MessageId([7; 16])), [Rule::Order]);
}

#[test]
fn two_verdicts_are_found() {
    assert_eq!(compared(|row| row.outcome = Outcome::Rejected), [Rule::Verdicts]);
}

#[test]
fn what_is_served_to_a_stranger_is_found() {
    let (mut world, all) = ran();
    let (node, log, stranger) = (0..world.nodes.len())
        .filter(|at| is_honest(&world, *at))
        .find_map(|at| {
            let state = world.nodes[at].run.as_ref().unwrap().shared.state();
            let stranger = |log: &LogId| {
                let (_, channel) = state.channel(&log.channel)?;
                let is_in =
                    |other: &usize| channel.peers.contains_key(&world.everybody[*other].lineage);
                (0..world.nodes.len()).find(|other| *other != at && !is_in(other))
            };
            all[at].keys().find_map(|(log, _)| Some((at, *log, stranger(log)?)))
        })
        .unwrap();
    let record = Record { header: ByteString::default(), body: WireBody::Absent(Hash::ZERO) };
    let range = Range {
        log: log.into(),
        first: 1,
        records: vec![record],
        hash: Hash::ZERO,
        time: Default::default(),
        checkpoint: 0,
        inclusion: Inclusion { blind: [0; 16], index: 0, path: Vec::new() },
        start: None,
        above: None,
    };
    let batch = Batch { checkpoints: Vec::new(), ranges: vec![range], cursor: None };
    let (now_ms, World { nodes, everybody, watch, .. }) = (world.agenda.now_ms, &mut world);
    let shared = &nodes[node].run.as_ref().unwrap().shared;
    watch.sent(now_ms, (node, shared), &everybody[stranger], &Frame::Batch(batch));
    assert_eq!(found(&world), [Rule::Readers]);
}

/// Lets nodes work for so many ms; of what was planned for then, nothing happens.
fn go_on(world: &mut World, ms: u64, nodes: &[usize]) {
    let until_ms = world.agenda.now_ms + ms;
    while world.agenda.now_ms < until_ms {
        world.agenda.now_ms += 50;
        for at in nodes {
            world.with(*at, |node, around| node.step(around));
            world.with(*at, |node, around| node.store(around));
        }
    }
}

/// A quiet world in which a user has founded a group and another node's has joined it: their
/// indexes, and the group.
fn with_group() -> (World, [usize; 2], ChannelId) {
    let (mut world, _) = ran();
    let everybody: Vec<usize> = (0..world.nodes.len()).collect();
    let [owner, guest] = [0, 1];
    assert_ne!(world.users[owner].node, world.users[guest].node);
    let (name, topic) = (NAME.to_owned(), String::new());
    world.users[owner].plan(|_| Act::CreateGroup { name, topic, member_limit: 9 });
    go_on(&mut world, 200, &everybody);
    let Answer::Channel(channel) = world.users[owner].done.back().unwrap().2 else { panic!() };
    let user = &world.users[guest];
    let Organisation { domain, lineage, .. } = &world.everybody[user.node];
    let label = format!("{}@{domain}", user.name);
    let account = AccountId { lineage: *lineage, number: user.account };
    world.users[owner].plan(|_| Act::Invite { channel, account, label });
    go_on(&mut world, 10_000, &everybody);
    world.users[guest].plan(|_| Act::Accept { channel });
    go_on(&mut world, 10_000, &everybody);
    (world, [owner, guest], channel)
}

/// What the group is called.
const NAME: &str = "white";

/// What a user's node knows of a group: where it has come to, and its name.
fn known(world: &World, user: usize, channel: ChannelId) -> (ControlPoint, String) {
    let run = world.nodes[world.users[user].node].run.as_ref().unwrap();
    let state = run.shared.state();
    let group = state.channel(&channel).unwrap().1.group().unwrap();
    (group.point, group.state.name.clone())
}

fn rename(world: &mut World, channel: ChannelId, user: usize, name: &str) {
    let act = ControlAct::SetName(Text { text: name.to_owned() });
    world.users[user].plan(|_| Act::Govern { channel, act: GroupAct(Box::new(act)) });
}

#[test]
fn a_change_of_a_group_that_a_member_lacks_is_found() {
    let (mut world, [owner, guest], channel) = with_group();
    everything(&mut world);
    assert_eq!(found(&world), []);
    rename(&mut world, channel, owner, "unheard");
    let home = world.users[owner].node;
    go_on(&mut world, 200, &[home]);
    assert_ne!(known(&world, owner, channel), known(&world, guest, channel));
    everything(&mut world);
    assert_eq!(found(&world), [Rule::ControlState]);
}

#[test]
fn two_states_of_a_group_at_one_place_are_found() {
    let (mut world, users, channel) = with_group();
    let member = world.users[users[1]].node;
    change_store(&mut world, member, |batch, store| {
        let rename = &mut |key: &[u8], value: &[u8]| {
            let at = value.windows(NAME.len()).position(|bytes| bytes == NAME.as_bytes());
            let Some(at) = at else { return ControlFlow::Continue(()) };
            let other = [&value[..at], b"black", &value[at + NAME.len()..]].concat();
            batch.put(Table::Channel, key, &other);
            ControlFlow::Break(())
        };
        store.snapshot().unwrap().scan(Table::Channel, rename).unwrap();
    });
    let [at_home, at_member] = users.map(|user| known(&world, user, channel));
    assert_eq!(at_home.0, at_member.0);
    assert_eq!((at_home.1.as_str(), at_member.1.as_str()), (NAME, "black"));
    assert_eq!(broken(agree::control_states(&world)), [Rule::ControlState]);
}

/// A node that holds something erased by a record, with what it holds.
fn with_erased(all: Vec<Rows>) -> (usize, Rows, (LogId, u64)) {
    let mut all = all.into_iter().enumerate();
    let is_erased = |row: &Row| row.erased == Some(ErasedBy::Record);
    let found = all.find_map(|(at, rows)| {
        assert_eq!(broken(rows::not_erased(at, &rows)), []);
        let place = *rows.iter().find(|(_, row)| is_erased(row))?.0;
        Some((at, rows, place))
    });
    found.unwrap()
}

#[test]
fn a_text_that_was_erased_and_is_there_is_found() {
    let world = ended(World::new(BUSY, false));
    let (at, mut rows, place) = with_erased(rows_of(&world));
    rows.get_mut(&place).unwrap().text = Some("u0.1 again".to_owned());
    assert_eq!(broken(rows::not_erased(at, &rows)), [Rule::Erased]);
}

#[test]
fn an_erasure_without_effect_is_found() {
    let world = ended(World::new(BUSY, false));
    let (at, mut rows, place) = with_erased(rows_of(&world));
    rows.get_mut(&place).unwrap().erased = None;
    assert_eq!(broken(rows::not_erased(at, &rows)), [Rule::Erased]);
}

#[test]
fn a_text_that_outlives_the_rule_is_found() {
    let mut world = World::new(BUSY, false);
    world.plan.retention_seconds = Some(5);
    let world = ended(world);
    let mut rows = rows::check(&world, 0).unwrap();
    assert_eq!(broken(rows::not_expired(&world, 0, &rows)), []);
    let gone = rows.values_mut().filter(|row| row.erased == Some(ErasedBy::Retention));
    gone.min_by_key(|row| row.id.time()).unwrap().text = Some("u0.1 still".to_owned());
    assert_eq!(broken(rows::not_expired(&world, 0, &rows)), [Rule::Erased]);
}

/// Changes the store of a node behind its back, and lets it start again.
fn change_store(world: &mut World, at: usize, change: impl Fn(&mut store::Batch, &Store)) {
    world.nodes[at].crash();
    let disk = Arc::new(world.nodes[at].disks.store.clone());
    let settings = store::Settings::default();
    let store = Store::open(disk, "comity.redb", settings, StoreId([0; 16])).unwrap();
    let mut batch = store::Batch::new();
    batch.set_applied(store.snapshot().unwrap().applied());
    change(&mut batch, &store);
    store.commit(&[Arc::new(batch)]).unwrap();
    drop(store);
    world.nodes[at].start(world.agenda.now_ms, Vec::new()).unwrap();
}

/// What is found at a node that starts again without the first row of a table.
fn without_row(table: Option<Table>) -> Vec<Rule> {
    let (mut world, _) = ran();
    change_store(&mut world, 0, |batch, store| {
        let Some(table) = table else { return };
        let delete = &mut |key: &[u8], _: &[u8]| {
            batch.delete(table, key);
            ControlFlow::Break(())
        };
        store.snapshot().unwrap().scan(table, delete).unwrap();
        assert_eq!(batch.rows(), 1);
    });
    after_start(&mut world, 0);
    found(&world)
}

#[test]
fn a_row_that_is_gone_is_found() {
    assert_eq!(without_row(None), []);
    for table in [Table::Event, Table::LogIndex, Table::Run] {
        assert_eq!(without_row(Some(table)), [Rule::Rows], "{table:?}");
    }
}

#[test]
fn a_link_that_breaks_for_a_fault_is_found() {
    let (mut world, _) = ran();
    let (from, to) = (1, 0);
    let links = &world.nodes[to].run.as_ref().unwrap().links;
    let link = links.iter().find(|(_, link)| link.peer == from && link.counts_for.is_some());
    let id = *link.unwrap().0;
    let now_ms = world.agenda.now_ms;
    let noise = b"not a frame".to_vec();
    let (_, at_ms) = world.net.send(id, from, Class::Link, noise, now_ms).unwrap();
    world.agenda.now_ms = at_ms;
    world.with(to, |node, around| node.work(around));
    assert_eq!(found(&world), [Rule::Manners]);
}

#[test]
fn a_node_that_ends_by_itself_is_found() {
    for is_told in [true, false] {
        let (mut world, _) = ran();
        world.nodes[0].disks.journal.die_at_sync(1);
        if is_told {
            world.arm(0);
        }
        let World { nodes, agenda, .. } = &mut world;
        let command = Command::Wake { unix_ms: agenda.now_ms, random: [0; 32] };
        nodes[0].propose(command, Waiter::Nobody, agenda);
        go_on(&mut world, 50, &[0]);
        assert!(world.nodes[0].run.is_none());
        let expected = if is_told { Vec::new() } else { vec![Rule::Alive] };
        assert_eq!(found(&world), expected);
    }
}

/// A disk that nobody had told to fail does so once; all else is as it should be.
#[test]
fn a_node_that_does_not_start_is_found() {
    let mut world = World::new(QUIET, false);
    world.nodes[0].disks.store.fail_at_sync(1);
    world.agenda.after(1_000, Event::Start { node: 0 });
    world.run();
    assert_eq!(found(&world), [Rule::Alive]);
}
