//! Forks on a link: where two histories part is found by what the peer shows, in few questions;
//! what proves nothing is refused by name or counts as silence.
#![allow(clippy::unwrap_used)]

mod world;

use comity_protocol::chain::{ChainEnd, Link};
use comity_protocol::clock::HybridTime;
use comity_protocol::code::Code;
use comity_protocol::control::Organisation;
use comity_protocol::fork::{Branch, ForkProof};
use comity_protocol::frame::{Frame, WireLog};
use comity_protocol::hash::Hash;
use comity_protocol::head::{Head, HeadProof, prove};
use comity_protocol::id::{ChannelId, LogId, LogName, WriterId};
use comity_replica::{Action, limits};
use world::{Node, Scene};

/// A history of a log of acme's.
#[derive(Clone)]
struct History {
    log: LogId,
    hashes: Vec<Hash>,
    steps: Vec<Link>,
}

impl History {
    /// So many records; from `part` on they are those of one of several ways.
    fn new(acme: &Node, way: u8, part: u64, count: u64) -> Self {
        let name = LogName::Message { origin: acme.lineage(), writer: WriterId(9) };
        let log = LogId { channel: ChannelId([7; 32]), name };
        let (mut end, mut hashes, mut steps) = (ChainEnd::default(), Vec::new(), Vec::new());
        for seq in 1..=count {
            let (previous, skipped) = end.targets();
            let inner = Hash([if seq < part { 0 } else { way }; 32]);
            steps.push(Link { previous, skipped, inner });
            hashes.push(end.push(&log, &inner));
        }
        Self { log, hashes, steps }
    }

    fn hash(&self, seq: u64) -> Option<Hash> {
        self.hashes.get(usize::try_from(seq).unwrap() - 1).copied()
    }

    fn head(&self, by: &Node, acme: &Node) -> HeadProof {
        let hash = *self.hashes.last().unwrap();
        let seq = self.hashes.len() as u64;
        let head = Head { log: self.log, seq, hash, time: HybridTime(seq) };
        let sign = |message: &[u8]| by.key.sign(message);
        let (domain, key) = (acme.domain(), acme.key.public());
        prove(&[head], &[[7; 16]], domain.as_str(), acme.lineage(), &key, sign).remove(0)
    }

    /// From the head, signed by a node, down to a record.
    fn branch(&self, by: &Node, acme: &Node, down_to: u64) -> Option<Branch> {
        let step = |seq: u64| self.steps.get(usize::try_from(seq).ok()? - 1).copied();
        Branch::from_steps(self.head(by, acme), down_to, step)
    }
}

/// A link that is up and has stated its heads.
fn scene() -> Scene {
    let mut scene = Scene::feeding();
    scene.link.state_heads(None, scene.now_ms);
    assert_eq!(scene.drain(), []);
    scene
}

/// Plays the driver and the peer until nothing moves: what was found, and after how many questions.
fn search(scene: &mut Scene, ours: &History, theirs: &History) -> (Option<(u64, Branch)>, usize) {
    let (mut found, mut asked) = (None, 0);
    scene.link.suspect(theirs.log.into());
    while let Some(action) = scene.link.poll_action() {
        match action {
            Action::Send(Frame::Show { log, down_to }) => {
                asked += 1;
                let branch = theirs.branch(&scene.acme, &scene.acme, down_to);
                scene.hand(Frame::Branch { log, branch });
            }
            Action::HashesOf { seqs, .. } => {
                let hashes: Vec<_> = seqs.iter().map(|seq| ours.hash(*seq)).collect();
                scene.link.handle_hashes(&hashes);
            }
            Action::ForkFound { log, seq, branch } => {
                assert_eq!(LogId::from(log), ours.log);
                found = Some((seq, branch));
            }
            other => panic!("{other:?}"),
        }
    }
    (found, asked)
}

fn organisation(acme: &Node) -> Organisation {
    Organisation {
        domain: acme.domain().as_str().to_owned(),
        first_key: acme.key.public(),
        recovery: acme.recovery.hash(),
        changes: Vec::new(),
    }
}

fn proof(acme: &Node, seq: u64, ours: &History, theirs: Branch) -> ForkProof {
    let (organisation, log) = (organisation(acme), ours.log.into());
    let ours = ours.branch(acme, acme, seq).unwrap();
    ForkProof { organisation, log, seq, one: ours, other: theirs }
}

#[test]
fn where_histories_part_is_found_in_few_questions() {
    let mut scene = scene();
    for (ours, theirs) in [(1, 1), (200, 230), (230, 200), (4_000, 3_999)] {
        let last = ours.min(theirs);
        for part in [1, 2, 3, 4, 13, 14, 40, 41, 100, 121, 199, 200, 3_000, 3_999] {
            if part > last {
                continue;
            }
            let ours = History::new(&scene.acme, 1, part, ours);
            let theirs = History::new(&scene.acme, 2, part, theirs);
            let (found, asked) = search(&mut scene, &ours, &theirs);
            let (seq, branch) = found.unwrap();
            assert_eq!(seq, part);
            assert!(asked <= 13, "{asked} questions");
            let fork =
                proof(&scene.acme, seq, &ours, branch).verify(comity_identity::keys_of).unwrap();
            assert_eq!((fork.seq, fork.log), (part, ours.log));
        }
    }
}

#[test]
fn one_history_is_no_fork() {
    let mut scene = scene();
    let (ours, theirs) = (History::new(&scene.acme, 1, 1, 50), History::new(&scene.acme, 1, 1, 90));
    for _ in 0..3 {
        let (found, asked) = search(&mut scene, &ours, &theirs);
        assert!(found.is_none() && asked <= 2, "{asked}");
    }
    assert!(scene.link.is_up());
}

#[test]
fn what_does_not_prove_itself_counts_as_not_shown() {
    let mut scene = scene();
    let history = History::new(&scene.acme, 2, 5, 20);
    let genuine = history.branch(&scene.acme, &scene.acme, 1).unwrap();
    let mut broken = genuine.clone();
    broken.links[2].inner = Hash([9; 32]);
    let mut short = genuine.clone();
    short.links.pop();
    let forged = history.branch(&scene.globex, &scene.acme, 1);
    let log: WireLog = history.log.into();
    for branch in [Some(broken), Some(short), forged, None] {
        scene.link.suspect(log);
        assert_eq!(scene.drain(), [Action::Send(Frame::Show { log, down_to: 1 })]);
        scene.hand(Frame::Branch { log, branch });
        assert_eq!(scene.drain(), []);
    }
    // Nobody asked.
    scene.refuses(Frame::Branch { log, branch: Some(genuine) }, Code::FrameUnexpected);
}

#[test]
fn a_peer_that_shows_nothing_holds_nothing_up() {
    let mut scene = scene();
    let history = History::new(&scene.acme, 2, 5, 20);
    let silent = WireLog { number: 77, ..history.log.into() };
    scene.link.suspect(silent);
    scene.link.suspect(silent);
    assert_eq!(scene.drain(), [Action::Send(Frame::Show { log: silent, down_to: 1 })]);
    let ours = History::new(&scene.acme, 1, 5, 20);
    scene.link.suspect(ours.log.into());
    assert_eq!(scene.drain(), []);
    scene.now_ms += limits::SHOW_ANSWER_MS;
    scene.link.handle_timeout(scene.now_ms);
    let (found, _) = search(&mut scene, &ours, &history);
    assert_eq!(found.map(|(seq, _)| seq), Some(5));
    // The answer that came late is passed over.
    scene.hand(Frame::Branch { log: silent, branch: None });
    assert!(scene.link.is_up());
}

#[test]
fn a_proof_is_taken_and_a_forged_one_ends_the_link() {
    let mut scene = scene();
    let acme = &scene.acme;
    let (ours, theirs) = (History::new(acme, 1, 5, 20), History::new(acme, 2, 5, 30));
    let genuine = proof(acme, 5, &ours, theirs.branch(acme, acme, 5).unwrap());
    let stolen = proof(acme, 5, &ours, theirs.branch(&scene.globex, acme, 5).unwrap());
    let same = proof(acme, 5, &ours, ours.branch(acme, acme, 5).unwrap());
    let bytes = genuine.encode();
    scene.hand(Frame::Fork { proof: bytes.clone().into() });
    let taken = Action::TakeFork { log: genuine.log, seq: 5, proof: bytes.into() };
    assert_eq!(scene.drain(), [taken]);
    for forged in [stolen, same] {
        let mut scene = self::scene();
        scene.refuses(Frame::Fork { proof: forged.encode().into() }, Code::ForkUnproven);
    }
    scene.refuses(Frame::Fork { proof: vec![0xa5].into() }, Code::FrameMalformed);
}

#[test]
fn heads_are_stated_when_the_peer_is_up_and_every_hour() {
    let mut scene = Scene::up();
    assert_eq!(scene.drain(), []);
    scene.hand(Frame::Resume { cursor: None });
    assert_eq!(scene.drain(), [Action::OpenFeed { cursor: None }, Action::StateHeads]);
    scene.link.state_heads(None, scene.now_ms);
    scene.now_ms += limits::COMPARISON_MS - 1;
    scene.link.handle_timeout(scene.now_ms);
    assert_eq!(scene.drain(), []);
    scene.now_ms += 1;
    assert_eq!(scene.link.poll_timeout(), Some(scene.now_ms));
    scene.link.handle_timeout(scene.now_ms);
    assert_eq!(scene.drain(), [Action::StateHeads]);
}

#[test]
fn questions_and_statements_are_bounded() {
    let mut scene = scene();
    let log: WireLog = History::new(&scene.acme, 1, 1, 1).log.into();
    scene.hand(Frame::Show { log, down_to: 1 });
    assert_eq!(scene.drain(), [Action::ShowBranch { log, down_to: 1 }]);
    for _ in 0..limits::SHOWS_MAX {
        scene.hand(Frame::Show { log, down_to: 2 });
        assert_eq!(scene.drain(), [], "one at a time");
    }
    scene.refuses(Frame::Show { log, down_to: 3 }, Code::RateLimited);

    let mut scene = self::scene();
    for _ in 0..limits::FORK_FRAMES_MAX {
        scene.hand(Frame::Heads { entries: Vec::new() });
        assert_eq!(scene.drain(), [Action::CompareHeads { entries: Vec::new(), is_last: true }]);
    }
    scene.refuses(Frame::Heads { entries: Vec::new() }, Code::RateLimited);
}
