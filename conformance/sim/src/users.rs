//! Users and their devices: what they do, what they were answered, what their feed showed them. A
//! device repeats what was not answered, with the same nonce, as every client does.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use comity::feed::{Subscription, Yield};
use comity_machine::{
    Act, Answer, Applied, Command, DeviceId, Kind, Outcome, RefusedCode, SignUpRule, State,
    Subscriber,
};
use comity_protocol::code::Code;
use comity_protocol::control::{ControlAct, ControlHeader};
use comity_protocol::cursor::{Cursor, Pos};
use comity_protocol::event::{EventAct, EventHeader};
use comity_protocol::hash::{Hasher, tag};
use comity_protocol::id::{AccountId, AccountNumber, ChannelId, LogId, LogName, MessageId};

use crate::agenda::Agenda;
use crate::node::{Node, Waiter};
use crate::watch::{Rule, Watch, control_name, pos_of, show_log};

/// A user with one device.
pub(crate) struct User {
    pub(crate) index: usize,
    pub(crate) node: usize,
    pub(crate) name: String,
    pub(crate) account: AccountNumber,
    pub(crate) device: DeviceId,
    pub(crate) is_online: bool,
    /// Acts that are not answered, oldest first.
    pub(crate) pending: VecDeque<Pending>,
    /// Some acts that were answered.
    pub(crate) done: VecDeque<(u64, Act, Answer)>,
    pub(crate) last_nonce: u64,
    pub(crate) feed: DeviceFeed,
}

/// An act that is not answered.
pub(crate) struct Pending {
    pub(crate) nonce: u64,
    pub(crate) act: Act,
    /// Whether it was proposed in the present run of the node.
    pub(crate) is_proposed: bool,
    /// When it may be proposed again, in ms of the run.
    again_ms: u64,
    /// The answer that it got before, where it is repeated.
    pub(crate) expected: Option<Answer>,
}

/// What a device got.
#[derive(Default)]
pub(crate) struct DeviceFeed {
    pub(crate) subscription: Option<Subscription>,
    pub(crate) cursor: Option<Cursor>,
    /// Everything shown, with its pos.
    pub(crate) seen: BTreeMap<(LogId, u64), Pos>,
    last_pos: Pos,
    /// Whether a part of the feed was skipped, as happens after a rollback.
    pub(crate) has_gap: bool,
    /// Channels that the user asked to leave: what came while the home had not answered was not
    /// shown, also where it refused.
    pub(crate) left: BTreeSet<ChannelId>,
    /// Whether the node was rolled back, and so shows again what it had forgotten.
    pub(crate) may_repeat: bool,
}

/// What became of a text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text {
    pub(crate) user: usize,
    pub(crate) stored: Option<MessageId>,
    pub(crate) stored_ms: u64,
    /// A rollback may have made the node forget that it has it.
    pub(crate) may_repeat: bool,
    /// A rollback may have lost it.
    pub(crate) may_vanish: bool,
}

/// Texts by their first word, which no other has.
pub(crate) type Ledger = BTreeMap<String, Text>;

/// How long a device waits before it tries again what was refused for a while.
pub(crate) const AGAIN_MS: u64 = 500;
/// Answered acts that a device remembers.
const DONE_MAX: usize = 16;

impl User {
    pub(crate) fn new(index: usize, node: usize, of_node: u64) -> Self {
        let number = (node as u64 + 1) * 1_000 + of_node;
        Self {
            index,
            node,
            name: format!("u{index}"),
            account: AccountNumber(number),
            device: DeviceId(number),
            is_online: true,
            pending: VecDeque::new(),
            done: VecDeque::new(),
            last_nonce: 0,
            feed: DeviceFeed::default(),
        }
    }

    /// The commands that sign the user up and log the device in.
    pub(crate) fn founding(&self, unix_ms: u64) -> [Command; 2] {
        let account = Command::CreateAccount {
            number: self.account,
            name: self.name.clone(),
            password: "$argon2id$".into(),
            rule: SignUpRule::Admin,
            unix_ms,
        };
        let device = Command::AddDevice {
            account: self.account,
            device: self.device,
            name: "desk".into(),
            token: Hasher::new(tag::TOKEN).int(self.device.0).finish(),
            unix_ms,
            devices_max: 9,
        };
        [account, device]
    }

    /// Takes up an act; its nonce.
    pub(crate) fn plan(&mut self, act: impl FnOnce(u64) -> Act) -> u64 {
        self.last_nonce += 1;
        let nonce = self.last_nonce;
        let act = act(nonce);
        if let Act::Leave { channel } = act {
            self.feed.left.insert(channel);
        }
        self.pending.push_back(Pending {
            nonce,
            act,
            is_proposed: false,
            again_ms: 0,
            expected: None,
        });
        nonce
    }

    /// Does once more what was answered.
    pub(crate) fn plan_again(&mut self, (nonce, act, answer): (u64, Act, Answer)) {
        if self.pending.iter().all(|pending| pending.nonce != nonce) {
            let expected = Some(answer);
            let again = Pending { nonce, act, is_proposed: false, again_ms: 0, expected };
            self.pending.push_back(again);
        }
    }

    /// Asks the node for everything that waits, as the clients' edge does; what was answered at
    /// once.
    pub(crate) fn propose(&mut self, node: &mut Node, agenda: &mut Agenda) -> Vec<(u64, Answer)> {
        let mut answered = Vec::new();
        let Some(shared) = node.run.as_ref().map(|run| run.shared.clone()) else { return answered };
        if !self.is_online {
            return answered;
        }
        let now_ms = agenda.now_ms;
        let is_due = |pending: &&mut Pending| !pending.is_proposed && pending.again_ms <= now_ms;
        for pending in self.pending.iter_mut().filter(is_due) {
            pending.is_proposed = true;
            let nonce = Some(pending.nonce);
            let foreseen = shared.state().foresee(self.account, self.device, nonce, &pending.act);
            match foreseen {
                Ok(Some(answer)) => answered.push((pending.nonce, answer)),
                Err(code) => answered.push((pending.nonce, Answer::Refused(RefusedCode(code)))),
                Ok(None) => {
                    let command = Command::Perform {
                        account: self.account,
                        device: self.device,
                        nonce,
                        unix_ms: node.unix_ms(agenda.now_ms),
                        random: node.dice.bytes(),
                        act: pending.act.clone(),
                    };
                    let waiter = Waiter::Device { user: self.index, nonce: pending.nonce };
                    node.propose(command, waiter, agenda);
                }
            }
        }
        answered
    }

    /// Takes an answer; whether it says to try again later.
    pub(crate) fn answered(
        &mut self,
        (nonce, answer): (u64, Answer),
        ledger: &mut Ledger,
        watch: &mut Watch,
        now_ms: u64,
    ) -> bool {
        let Some(at) = self.pending.iter().position(|pending| pending.nonce == nonce) else {
            return false;
        };
        watch.say(now_ms, || format!("u{} #{nonce} {answer:?}", self.index));
        if is_for_later(&answer) {
            let pending = &mut self.pending[at];
            (pending.is_proposed, pending.again_ms) = (false, now_ms + AGAIN_MS);
            return true;
        }
        let Some(Pending { act, expected, .. }) = self.pending.remove(at) else { return false };
        if let Some(expected) = expected.filter(|expected| *expected != answer) {
            let text = format!("u{} #{nonce} was {expected:?}, is {answer:?}", self.index);
            watch.found(Rule::Once, now_ms, text);
        }
        if let (Act::Send { text, .. }, Answer::Stored { id, .. }) = (&act, &answer) {
            let entry = ledger.entry(word(text).to_owned()).or_default();
            (entry.user, entry.stored, entry.stored_ms) = (self.index, Some(*id), now_ms);
        }
        if !matches!(answer, Answer::Refused(_)) {
            self.done.push_back((nonce, act, answer));
            if self.done.len() > DONE_MAX {
                self.done.pop_front();
            }
        }
        false
    }

    /// The node's process is gone: what was not answered is asked again.
    pub(crate) fn disconnected(&mut self) {
        self.feed.subscription = None;
        self.pending.iter_mut().for_each(|p| (p.is_proposed, p.again_ms) = (false, 0));
    }

    /// Follows the feed from where the device is; whether the node did not know the place.
    pub(crate) fn connect(&mut self, node: &Node) -> bool {
        let Some(run) = node.run.as_ref().filter(|_| self.is_online) else { return false };
        if self.feed.subscription.is_some() {
            return false;
        }
        let (subscriber, device) = (Subscriber::Account(self.account), Some(self.device));
        let cursor = self.feed.cursor;
        let opened = Subscription::open(&run.hub, &run.shared, subscriber, device, cursor);
        self.feed.last_pos = opened.cursor.pos;
        self.feed.has_gap |= opened.resync;
        self.feed.cursor = Some(opened.cursor);
        self.feed.subscription = Some(opened.subscription);
        opened.resync
    }

    /// Reads what the feed has now.
    pub(crate) fn read(&mut self, node: &Node, watch: &mut Watch, now_ms: u64) {
        let Some(run) = &node.run else { return };
        let own = AccountId { lineage: node.own.lineage, number: self.account };
        while let Some(feed) = &mut self.feed.subscription
            && let Some(found) = feed.try_next(READ_MAX)
        {
            match found {
                Yield::Items(items) => {
                    self.feed.cursor = Some(feed.cursor());
                    for item in items {
                        let applied = &item.applied;
                        if let Some(text) = self.feed.take(applied) {
                            let text = format!("u{} {text}", self.index);
                            watch.found(Rule::Once, now_ms, text);
                        }
                        let shared = &run.shared;
                        if !may_see(&shared.state(), own, applied, |name, seq| {
                            pos_of(shared, &shared.state(), applied.channel, name, seq)
                        }) {
                            let place = format!("{}:{}", show_log(&applied.log), applied.seq);
                            let text = format!("u{} is shown {place}", self.index);
                            watch.found(Rule::Readers, now_ms, text);
                        }
                    }
                }
                Yield::Notices(_) => {}
                Yield::Ended(code) => {
                    watch.say(now_ms, || format!("u{}'s feed ends: {code:?}", self.index));
                    self.feed.subscription = None;
                }
            }
        }
    }
}

/// Records that a device reads at a time.
const READ_MAX: usize = 64;

impl DeviceFeed {
    /// Takes a record; what is wrong with it, if anything is.
    fn take(&mut self, applied: &Applied) -> Option<String> {
        let place = (applied.log, applied.seq);
        let shown = format!("{}:{}", show_log(&applied.log), applied.seq);
        if applied.pos <= self.last_pos {
            return Some(format!("gets {shown} at {:?} after {:?}", applied.pos, self.last_pos));
        }
        self.last_pos = applied.pos;
        if applied.outcome != Outcome::Accepted {
            return Some(format!("gets {shown}, which is {:?}", applied.outcome));
        }
        let before = self.seen.insert(place, applied.pos).filter(|_| !self.may_repeat)?;
        Some(format!("gets {shown} at {:?} and before at {before:?}", applied.pos))
    }
}

/// Whether an account may see a record, by what its node knows.
fn may_see(
    state: &State,
    own: AccountId,
    applied: &Applied,
    pos_of: impl Fn(&LogName, u64) -> Option<Pos>,
) -> bool {
    let Some(channel) = state.channels.get(&applied.channel) else { return false };
    match &channel.kind {
        Kind::Direct(direct) => direct.label(own).is_some(),
        Kind::Link { .. } => is_told(state, own, applied),
        Kind::Group(group) => {
            if target(applied) == Some(own) {
                return true;
            }
            // Whom an opening put out is shown what came before, and the opening.
            let stay =
                state.accounts.get(&own.number).and_then(|a| a.channels.get(&applied.channel));
            let last = stay.map(|stay| stay.to.unwrap_or(stay.from));
            let forced = group.terms.iter().filter(|(_, term)| term.forced);
            let mut seen_to = forced.filter_map(|(number, _)| {
                group.control_log_of(*number).and_then(|name| pos_of(&name, 1))
            });
            if last.is_some_and(|last| seen_to.any(|at| applied.pos <= at.min(last))) {
                return true;
            }
            let Some(member) = group.state.members.get(&own) else { return false };
            match member.stays.last() {
                None => false,
                Some((_, None)) => true,
                Some((_, Some(removed))) => control_name(group, *removed)
                    .and_then(|(name, seq)| pos_of(&name, seq))
                    .is_some_and(|last| applied.pos <= last),
            }
        }
    }
}

/// Whether an event of a link channel is for an account: who is out of a group erases there what he
/// wrote in it.
fn is_told(state: &State, own: AccountId, applied: &Applied) -> bool {
    let has_been_in = |group: &ChannelId| {
        let known = state.channel(group).zip(state.accounts.get(&own.number));
        known.is_some_and(|((no, _), account)| account.channels.contains_key(&no))
    };
    let header = EventHeader::decode(&applied.record.header).ok();
    match header.and_then(|header| header.act().ok()) {
        Some(EventAct::Invitation(invitation)) => invitation.account == own.number,
        Some(EventAct::RequestRefused(refused)) => refused.account == own.number,
        Some(EventAct::Erasure(erasure)) => {
            erasure.channel.is_some_and(|group| has_been_in(&group))
        }
        _ => false,
    }
}

/// Whom a control record is about.
fn target(applied: &Applied) -> Option<AccountId> {
    match ControlHeader::decode(&applied.record.header).ok()?.act().ok()? {
        ControlAct::Invite(invite) => Some(invite.account),
        ControlAct::Join(join) => Some(join.account),
        ControlAct::Ban(ban) => Some(ban.account),
        ControlAct::Leave(target) | ControlAct::Remove(target) | ControlAct::Unban(target) => {
            Some(target.account)
        }
        _ => None,
    }
}

/// Answers that say nothing of the act: it is tried again.
fn is_for_later(answer: &Answer) -> bool {
    let Answer::Refused(RefusedCode(code)) = answer else { return false };
    matches!(code, Code::DiskFull | Code::HomeComparing | Code::Overloaded | Code::StorageFailed)
}

/// The first word of a text, by which it is known.
pub(crate) fn word(text: &str) -> &str {
    text.split(' ').next().unwrap_or_default()
}
