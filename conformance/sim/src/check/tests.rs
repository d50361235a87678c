//! What is compared between nodes, and what they serve, shown to the checkers with one thing
//! changed.
#![allow(clippy::unwrap_used)]

use comity_machine::Outcome;
use comity_protocol::body::WireBody;
use comity_protocol::cbor::ByteString;
use comity_protocol::event::Record;
use comity_protocol::frame::{Batch, Frame, Range};
use comity_protocol::hash::Hash;
use comity_protocol::head::Inclusion;
use comity_protocol::id::{LogId, LogName, MessageId};

use super::rows::{self, Row, Rows};
use super::{Broken, is_honest};
use crate::watch::Rule;
use crate::world::World;

/// A seed with several nodes and groups, and without findings.
const QUIET: u64 = 2;

fn ran() -> (World, Vec<Rows>) {
    let mut world = World::new(QUIET, false);
    world.run();
    assert!(world.watch.findings.is_empty());
    let all = (0..world.nodes.len()).map(|at| rows::check(&world, at).unwrap()).collect();
    (world, all)
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
    assert_eq!(watch.findings.iter().map(|f| f.rule).collect::<Vec<_>>(), [Rule::Readers]);
}
