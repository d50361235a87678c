//! A virtual world of two nodes: two links, two real states, a store in memory and a clock that the
//! test turns. It must not decide anything that a link should.
// Each test crate uses its part of the world.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub, unused_imports, missing_docs)]

mod node;
mod scene;

pub use node::{Node, Token};
pub use scene::{Scene, acknowledge, cursor, fed_log, hello, hello_from};

use std::collections::VecDeque;

use comity_machine::Subscriber;
use comity_protocol::code::Code;
use comity_protocol::directory::Offer;
use comity_protocol::frame::{Class, Frame, WireLog};
use comity_protocol::id::{AccountNumber, LineageId};
use comity_replica::{Action, Fate, Link, LinkSettings};

/// When every world begins, in Unix ms.
pub const BEGINNING_MS: u64 = 1_795_404_447_000;

/// One end of the link in the world.
pub struct End {
    pub link: Link<Token>,
    /// Whether the driver was asked for a batch of the feed and had none.
    reading: bool,
}

/// What a link told its driver that is not a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    Closed(Code),
    Held,
    LookedUp(u64, Result<Option<AccountNumber>, Code>),
    Misconduct(Code),
    Noted(Code),
    Sought(u64, Result<Offer, Code>),
    Up,
}

/// Two nodes and what is between them.
pub struct World {
    pub nodes: [Node; 2],
    pub ends: Option<[End; 2]>,
    /// Frames on their way to each node.
    pub wires: [VecDeque<Vec<u8>>; 2],
    pub told: [Vec<Told>; 2],
    pub now_ms: u64,
    /// Frames that arrived.
    pub arrived: usize,
    /// Whether look-ups are answered.
    pub answers_lookups: bool,
    starts: u64,
}

impl World {
    /// acme.test with alice, globex.test with bob, introduced to each other, not linked.
    pub fn new() -> Self {
        let mut acme = Node::new("acme.test", 1, "alice");
        let mut globex = Node::new("globex.test", 2, "bob");
        acme.introduce(&globex);
        globex.introduce(&acme);
        Self {
            nodes: [acme, globex],
            ends: None,
            wires: Default::default(),
            told: Default::default(),
            now_ms: BEGINNING_MS,
            arrived: 0,
            answers_lookups: true,
            starts: 100,
        }
    }

    /// Links the nodes: acme dials.
    pub fn connect(&mut self) {
        let dialled = [Some(self.nodes[1].domain()), None];
        let mut settings = dialled.into_iter().enumerate().map(|(i, dialled)| LinkSettings {
            domain: self.nodes[i].domain(),
            lineage: self.nodes[i].lineage(),
            start: self.starts + i as u64,
            dialled,
            changes: Vec::new(),
        });
        let now_ms = self.now_ms;
        let mut end = || End { link: Link::new(settings.next().unwrap(), now_ms), reading: false };
        self.ends = Some([end(), end()]);
    }

    /// The link breaks: what was on its way is lost.
    pub fn cut(&mut self) {
        self.ends = None;
        self.wires.iter_mut().for_each(VecDeque::clear);
    }

    /// A user says something in the channel of both.
    pub fn say(&mut self, who: usize, text: &str) {
        self.now_ms += 1;
        let peer = self.nodes[1 - who].user();
        let now_ms = self.now_ms;
        self.nodes[who].say(peer, text, now_ms);
    }

    /// Lets the drivers work and frames arrive until nothing moves. No time passes.
    pub fn settle(&mut self) {
        while self.step() {}
    }

    /// Like `settle`, and lets time pass, from deadline to deadline.
    pub fn run_for(&mut self, ms: u64) {
        let end_ms = self.now_ms + ms;
        loop {
            self.settle();
            let links = self.ends.iter().flatten();
            let due = links.filter_map(|end| end.link.poll_timeout()).min();
            let Some(due) = due.filter(|due| *due <= end_ms) else { break };
            self.now_ms = self.now_ms.max(due);
            let now_ms = self.now_ms;
            for end in self.ends.iter_mut().flatten() {
                end.link.handle_timeout(now_ms);
            }
        }
        self.now_ms = end_ms;
    }

    /// Lets `count` frames arrive. `false` where nothing moves before.
    pub fn deliver(&mut self, count: usize) -> bool {
        let until = self.arrived + count;
        while self.arrived < until {
            if !self.step() {
                return false;
            }
        }
        true
    }

    /// Drains both drivers, then lets one frame arrive.
    fn step(&mut self) -> bool {
        let mut moved = false;
        for i in 0..2 {
            moved |= self.drive(i);
        }
        for i in 0..2 {
            let Some([a, b]) = &mut self.ends else { return moved };
            let end = if i == 0 { a } else { b };
            let Some(bytes) = self.wires[i].pop_front() else { continue };
            let class = Frame::decode(&bytes).map_or(Class::Link, |frame| frame.class());
            end.link.handle_frame((class, bytes), &self.nodes[i].keys(), self.now_ms);
            self.arrived += 1;
            return true;
        }
        moved
    }

    /// The dull driver of one end.
    fn drive(&mut self, i: usize) -> bool {
        let mut moved = false;
        let peer = self.nodes[1 - i].lineage();
        loop {
            let Some(ends) = &mut self.ends else { return moved };
            let End { link, reading } = &mut ends[i];
            if *reading && let Some(fed) = self.nodes[i].read_feed(peer) {
                *reading = false;
                link.handle_feed(fed, self.now_ms);
            }
            let Some(action) = link.poll_action() else { return moved };
            moved = true;
            let node = &mut self.nodes[i];
            let now_ms = self.now_ms;
            match action {
                Action::Acknowledged { records, .. } => node.delivered.extend(records),
                Action::AnswerLookup { id, name } => {
                    if self.answers_lookups {
                        let number = node.look_up(&name);
                        link.send(Frame::Account { id, number });
                    }
                }
                Action::Apply { frame, cursor, .. } => {
                    let fates = node.take(peer, frame, cursor, now_ms);
                    let is_held = fates.iter().any(|fate| matches!(fate, Fate::Held { .. }));
                    self.told[i].extend(is_held.then_some(Told::Held));
                    link.handle_applied(&fates, now_ms);
                    if node.state.lacking().next().is_some() {
                        link.poke_history();
                    }
                }
                Action::Close(code) => self.told[i].push(Told::Closed(code)),
                Action::Identify { .. } => link.handle_identified(Ok(()), now_ms),
                Action::KeepCursor(cursor) => {
                    node.keep_cursor(peer, cursor, now_ms);
                    link.handle_applied(&[], now_ms);
                }
                Action::LookedUp { id, answer } => self.told[i].push(Told::LookedUp(id, answer)),
                Action::Misconduct(code) => self.told[i].push(Told::Misconduct(code)),
                Action::Note { code, .. } => self.told[i].push(Told::Noted(code)),
                Action::OpenFeed { cursor } => {
                    let known = node.open_feed(peer, cursor);
                    link.handle_feed_opened(!known);
                }
                Action::OpenFeedFrom(entries) => {
                    node.open_feed_from(peer, &entries);
                    link.handle_feed_opened(false);
                }
                Action::ReadFeed => *reading = true,
                Action::Resume => link.resume(node.cursor(peer)),
                Action::Send(frame) => self.wires[1 - i].push_back(frame.encode()),
                Action::Serve(wants) => {
                    for want in wants {
                        link.send(node.serve(want));
                    }
                }
                Action::StateVector => link.state_vector(node.vector_for(peer)),
                Action::Up { .. } => {
                    self.told[i].push(Told::Up);
                    link.poke_history();
                }
                Action::Sought { id, answer } => self.told[i].push(Told::Sought(id, answer)),
                other => drive_further(link, node, peer, other, now_ms),
            }
        }
    }

    /// Each node holds all that the other has written for it.
    pub fn assert_same_logs(&self) {
        for (from, to) in [(0, 1), (1, 0)] {
            let (from, to) = (&self.nodes[from], &self.nodes[to]);
            for (log, end) in from.written_for(to.lineage()) {
                let found = to.end_of(&log);
                assert_eq!(found.as_ref(), Some(&end), "{log:?} at {}", to.domain().as_str());
            }
        }
    }
}

/// What a driver does about history, and about groups that are looked for.
fn drive_further(
    link: &mut Link<Token>,
    node: &mut Node,
    peer: LineageId,
    action: Action<Token>,
    now_ms: u64,
) {
    match action {
        Action::AnswerSeek { id, seek } => {
            let offer = node.state.offer(Subscriber::Peer(peer), &seek);
            link.send(Frame::Offer { id, offer });
        }
        Action::ApplyHistory { frame, silent, .. } => {
            let applied = node.take_history(peer, frame, silent);
            link.handle_history_applied(applied, now_ms);
        }
        Action::ChooseHistory => {
            let ask = node.choose_history(peer, link.histories());
            link.ask_history(ask, now_ms);
        }
        Action::ServeHistory(ask) => link.send(node.serve_history(peer, &ask)),
        _ => {}
    }
}
