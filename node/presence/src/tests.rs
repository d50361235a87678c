//! Presence in virtual time: organisations whose accounts see each other as tests say, with sockets
//! that keep what they are shown.

#![allow(clippy::unwrap_used)]

mod across;
mod within;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use comity_protocol::frame::Frame;
use comity_protocol::id::{AccountId, AccountNumber, LineageId};
use comity_protocol::presence::PresenceState;

use crate::{Attendance, Beat, Choice, Now, Outgoing, Person, Presence, Relations, Settings};
use crate::{Shown, Sink};

const UNIX_MS: u64 = 1_795_404_447_000;

/// What a socket was shown.
#[derive(Clone, Default)]
struct Socket(Rc<RefCell<Vec<Vec<Shown>>>>, Rc<RefCell<Vec<u64>>>);

impl Sink for Socket {
    type Card = Shown;

    fn card(shown: &Shown) -> Shown {
        shown.clone()
    }

    fn show(&self, cards: &[Shown]) {
        assert!(!cards.is_empty() && cards.len() <= 100);
        self.0.borrow_mut().push(cards.to_vec());
    }

    fn pace(&self, heartbeat_ms: u64) {
        self.1.borrow_mut().push(heartbeat_ms);
    }
}

impl Socket {
    /// What was shown since this was asked last, as name and state.
    fn news(&self) -> Vec<(String, PresenceState)> {
        let frames = self.0.take();
        let shown = frames.into_iter().flatten();
        shown.map(|shown| (shown.label.to_string(), shown.state)).collect()
    }
}

/// Who may see whom: pairs of accounts, in both orders.
#[derive(Clone, Default)]
struct Ties {
    own: Option<LineageId>,
    pairs: BTreeSet<(AccountId, AccountId)>,
    /// What is kept of accounts.
    kept: BTreeMap<AccountId, (Option<String>, Option<u64>)>,
    /// Accounts that are not there.
    missing: BTreeSet<AccountId>,
}

impl Relations for Ties {
    fn person(&self, account: AccountId, _: AccountNumber) -> Option<Person> {
        let (status, last_active) = self.kept.get(&account).cloned().unwrap_or_default();
        (!self.missing.contains(&account)).then(|| Person {
            label: label(account),
            status: status.map(Into::into),
            last_active_unix_ms: last_active,
        })
    }

    fn watched_by(&self, account: AccountNumber) -> Vec<AccountId> {
        let own = AccountId { lineage: self.own.unwrap(), number: account };
        let of = self.pairs.iter().filter(|(watcher, _)| *watcher == own);
        of.map(|(_, watched)| *watched).collect()
    }

    fn may_lease(&self, account: AccountNumber, peer: LineageId) -> bool {
        let own = AccountId { lineage: self.own.unwrap(), number: account };
        self.pairs.iter().any(|(watcher, watched)| *watched == own && watcher.lineage == peer)
    }
}

fn label(account: AccountId) -> comity_protocol::name::AccountLabel {
    format!("u{}@org{}.test", account.number.0, account.lineage.0[0]).parse().unwrap()
}

fn account(org: u8, number: u64) -> AccountId {
    AccountId { lineage: LineageId([org; 32]), number: AccountNumber(number) }
}

fn name(org: u8, number: u64) -> String {
    label(account(org, number)).to_string()
}

/// One node, and its clock.
struct Node {
    org: u8,
    presence: Presence<Socket>,
    ties: Ties,
    now: Now,
    /// What was written of who was there when, a command each.
    written: Vec<Vec<(AccountNumber, u64)>>,
}

/// A device with its socket.
struct Phone {
    device: u64,
    beat: Beat,
    socket: Socket,
    attendance: Attendance,
}

impl Node {
    fn new(org: u8) -> Self {
        let lineage = LineageId([org; 32]);
        let ties = Ties { own: Some(lineage), ..Ties::default() };
        let presence = Presence::new(lineage, Settings::default());
        let now = Now { ms: 5, unix_ms: UNIX_MS };
        Self { org, presence, ties, now, written: Vec::new() }
    }

    fn tie(&mut self, a: AccountId, b: AccountId) {
        self.ties.pairs.extend([(a, b), (b, a)]);
    }

    fn untie(&mut self, a: AccountId, b: AccountId) {
        self.ties.pairs.remove(&(a, b));
        self.ties.pairs.remove(&(b, a));
    }

    /// A device connects and opens a socket.
    fn connects(&mut self, number: u64, device: u64) -> Phone {
        let account = AccountNumber(number);
        let beat = self.presence.connect(account, device, &self.ties, self.now).unwrap();
        let socket = Socket::default();
        let attendance = self.presence.attend(device, socket.clone()).unwrap();
        Phone { device, beat, socket, attendance }
    }

    fn wait_until(&mut self, ms: u64) {
        while let Some(at_ms) = self.presence.poll_timeout().filter(|at_ms| *at_ms <= ms) {
            let at_ms = at_ms.max(self.now.ms);
            self.now = Now { ms: at_ms, unix_ms: UNIX_MS + at_ms };
            self.presence.handle_timeout(&self.ties, self.now);
            let actives = std::iter::from_fn(|| {
                let actives = self.presence.poll_actives(self.now);
                (!actives.is_empty()).then_some(actives)
            });
            self.written.extend(actives);
            let next = self.presence.poll_timeout();
            assert!(next.is_none_or(|next| next > at_ms), "nothing is left due at {at_ms}");
        }
        self.now = Now { ms, unix_ms: UNIX_MS + ms };
    }

    fn wait(&mut self, ms: u64) {
        self.wait_until(self.now.ms + ms);
    }

    fn loses(&mut self, phone: &Phone) {
        self.presence.lose(phone.device, phone.attendance, self.now);
    }

    fn leaves(&mut self, phone: &Phone) {
        self.presence.take_leave(phone.device, phone.attendance, self.now);
    }

    fn chooses(&mut self, phone: &Phone, choice: Choice) {
        assert!(self.presence.choose(phone.device, choice, self.now));
    }

    fn changes(&mut self, accounts: &[u64]) {
        self.presence.unsettle(accounts.iter().copied().map(AccountNumber), self.now);
    }

    fn shown(&self, org: u8, number: u64) -> Option<PresenceState> {
        self.presence.shown(account(org, number)).map(|shown| shown.state)
    }
}

/// Two nodes with a link that may lose datagrams.
struct Pair {
    nodes: [Node; 2],
    /// The number of the link, while it is up.
    link: Option<u64>,
    is_lossy: bool,
    /// Datagrams that went out, by node.
    datagrams: [VecDeque<Frame>; 2],
    /// Frames that did.
    frames: [Vec<Frame>; 2],
    runs: [u64; 2],
    denied: u64,
}

impl Pair {
    fn new() -> Self {
        Self {
            nodes: [Node::new(1), Node::new(2)],
            link: None,
            is_lossy: false,
            datagrams: Default::default(),
            frames: Default::default(),
            runs: [7, 8],
            denied: 0,
        }
    }

    fn tie(&mut self, a: AccountId, b: AccountId) {
        self.nodes.iter_mut().for_each(|node| node.tie(a, b));
    }

    fn link_up(&mut self, link: u64) {
        for at in [0, 1] {
            let (peer, run) = (LineageId([self.nodes[1 - at].org; 32]), self.runs[1 - at]);
            let node = &mut self.nodes[at];
            node.presence.handle_link_up(peer, link, run, node.now);
        }
        self.link = Some(link);
    }

    fn link_down(&mut self) {
        let link = self.link.take().unwrap();
        for at in [0, 1] {
            let peer = LineageId([self.nodes[1 - at].org; 32]);
            let node = &mut self.nodes[at];
            node.presence.handle_link_down(peer, link, node.now);
        }
    }

    /// Time passes at both, in small steps; what goes out arrives with the next one.
    fn wait(&mut self, ms: u64) {
        let until_ms = self.nodes[0].now.ms + ms;
        while self.nodes[0].now.ms < until_ms {
            self.carry(0);
            self.carry(1);
            let next_ms = until_ms.min(self.nodes[0].now.ms + 50);
            self.nodes.iter_mut().for_each(|node| node.wait_until(next_ms));
        }
    }

    fn carry(&mut self, from: usize) {
        let Some(link) = self.link else { return };
        let [first, second] = &mut self.nodes;
        let (sender, receiver) = if from == 0 { (first, second) } else { (second, first) };
        let (own, peer) = (LineageId([sender.org; 32]), LineageId([receiver.org; 32]));
        while let Some(outgoing) = sender.presence.poll_outgoing(peer, link) {
            let frame = match outgoing {
                Outgoing::Datagram(frame) => {
                    let bytes = frame.encode();
                    assert_eq!(Frame::decode_datagram(&bytes).as_ref(), Ok(&frame));
                    self.datagrams[from].push_back(frame.clone());
                    if self.is_lossy {
                        continue;
                    }
                    frame
                }
                Outgoing::Stream(frame) => {
                    assert_eq!(Frame::decode(&frame.encode()).as_ref(), Ok(&frame));
                    self.frames[from].push(frame.clone());
                    frame
                }
            };
            let (presence, ties, now) = (&mut receiver.presence, &receiver.ties, receiver.now);
            match frame {
                Frame::Lease { accounts } => {
                    self.denied += presence.handle_lease(own, &accounts, ties, now).denied;
                }
                Frame::Release { accounts } => presence.handle_release(own, &accounts),
                Frame::Presence { entries } => {
                    self.denied += presence.handle_presence(own, link, entries, now);
                }
                other => panic!("{other:?} is not about presence"),
            }
        }
    }
}
