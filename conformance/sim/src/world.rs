//! The world of one run: nodes, users and a network in one thread, from event to event. Everything
//! that is drawn comes from the seed.

use std::collections::BTreeMap;

use comity_machine::{Answer, Command};
use comity_protocol::name::ServerName;

use crate::agenda::{Agenda, Event};
use crate::check::{self, Verdicts};
use crate::dice::Dice;
use crate::faults::FAULTS;
use crate::links::{Around, Died};
use crate::net::{IDLE_MS, Net};
use crate::node::{DISK_MS, Node, Organisation};
use crate::ops::{self, Scene};
use crate::plan::Plan;
use crate::users::{AGAIN_MS, Ledger, Text, User, word};
use crate::watch::{Rule, Watch};

/// When every world begins, in Unix ms.
pub(crate) const BEGINNING_MS: u64 = 1_795_404_447_000;

/// How long a world may take to come to rest once nothing goes wrong any more: an origin that has
/// started often waits for an hour until its newest log is taken.
const REST_MS: u64 = 2 * 3_600_000;

/// How often it is looked whether it has.
const LOOK_MS: u64 = 2_000;

/// Events after which a run counts as one that never ends.
const EVENTS_MAX: u64 = 4_000_000;

/// The world.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) dice: Dice,
    pub(crate) agenda: Agenda,
    pub(crate) net: Net,
    pub(crate) nodes: Vec<Node>,
    pub(crate) everybody: Vec<Organisation>,
    pub(crate) users: Vec<User>,
    pub(crate) ledger: Ledger,
    pub(crate) watch: Watch,
    pub(crate) verdicts: Vec<Verdicts>,
    /// How often each fault and each act happened.
    pub(crate) counts: BTreeMap<&'static str, u64>,
    /// Whether a node's disk was told to fail, so that its process may not start.
    is_armed: Vec<bool>,
    /// When the copy of a node's disks was taken.
    copied_ms: Vec<u64>,
    is_storm: bool,
    answered: Vec<(usize, u64, Answer)>,
    events: u64,
}

impl World {
    pub(crate) fn new(seed: u64, is_loud: bool) -> Self {
        let mut dice = Dice::new(seed);
        let plan = Plan::draw(&mut dice);
        let everybody: Vec<Organisation> =
            (0..plan.nodes).filter_map(|i| Organisation::new(u8::try_from(i).ok()?)).collect();
        let nodes = everybody.iter().enumerate();
        let nodes: Vec<Node> =
            nodes.map(|(i, own)| Node::new(i, own.clone(), dice.fork())).collect();
        let users = (0..plan.users).map(|i| User::new(i, i % plan.nodes, i as u64 + 1));
        Self {
            users: users.collect(),
            agenda: Agenda::new(BEGINNING_MS),
            net: Net::new(plan.weather, dice.fork()),
            verdicts: vec![Verdicts::default(); plan.nodes],
            is_armed: vec![false; plan.nodes],
            copied_ms: vec![0; plan.nodes],
            watch: Watch::new(BEGINNING_MS, is_loud, plan.hostile),
            ledger: Ledger::new(),
            counts: BTreeMap::new(),
            is_storm: true,
            answered: Vec::new(),
            events: 0,
            nodes,
            everybody,
            dice,
            plan,
        }
    }

    /// The whole run: a storm, then rest, then what must hold.
    pub(crate) fn run(&mut self) {
        self.begin();
        let storm_ends_ms = BEGINNING_MS + self.plan.storm_ms;
        self.run_until(storm_ends_ms);
        self.calm();
        self.rest("after the storm");
        self.probe();
        self.rest("after the last texts");
        check::everything(self);
    }

    fn begin(&mut self) {
        for node in 0..self.nodes.len() {
            self.start(node);
        }
        for user in 0..self.users.len() {
            let late_ms = 2_000 + self.dice.below(self.plan.pause_ms);
            self.agenda.after(late_ms, Event::Act { user });
        }
        self.agenda.after(3_000, Event::Fault);
        if let Some(node) = self.plan.hostile {
            self.agenda.after(5_000, Event::Mischief { node });
        }
        if let Some((one, other, at_ms)) = self.plan.apart {
            self.agenda.after(at_ms, Event::Part { one, other });
        }
    }

    fn run_until(&mut self, until_ms: u64) {
        while let Some(event) = self.agenda.next(until_ms) {
            self.events += 1;
            if self.events > EVENTS_MAX {
                let text = format!("no end after {EVENTS_MAX} events, the last is {event:?}");
                self.watch.found(Rule::Progress, self.agenda.now_ms, text);
                return;
            }
            self.happen(event);
        }
        self.agenda.now_ms = until_ms;
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Act { user } => self.act(user),
            Event::Again { node } => self.attend(node),
            Event::Confirm { node } => self.confirm(node),
            Event::Device { user } => {
                self.users[user].is_online = true;
                self.attend(self.users[user].node);
            }
            Event::Dialled { from, to, run } => self.dialled(from, to, run),
            Event::Fault => self.strike(),
            Event::Gone { connection, node } => self.gone(connection, node),
            Event::Heal { from, to } => self.heal(from, to),
            Event::Mischief { node } => self.mischief(node),
            Event::Part { one, other } => self.part(one, other),
            Event::Start { node } => self.start(node),
            Event::Step { node, run } if self.runs(node, run) => {
                self.with(node, |node, around| node.step(around));
            }
            Event::Store { node, run } if self.runs(node, run) => {
                self.with(node, |node, around| node.store(around));
            }
            Event::Step { .. } | Event::Store { .. } => {}
            Event::Wake { node } => self.with(node, |node, around| node.work(around)),
        }
    }

    /// Lets a node do something, hands out what it answered, and sees whether its disk bore it.
    pub(crate) fn with(
        &mut self,
        at: usize,
        act: impl FnOnce(&mut Node, &mut Around<'_>) -> Result<(), Died>,
    ) {
        if self.nodes[at].run.is_none() {
            return;
        }
        let mut around = Around {
            agenda: &mut self.agenda,
            net: &mut self.net,
            watch: &mut self.watch,
            everybody: &self.everybody,
            answered: &mut self.answered,
        };
        let done = act(&mut self.nodes[at], &mut around);
        self.hand_out();
        if let Err(Died(reason)) = done {
            self.died(at, &reason);
        } else {
            self.attend(at);
        }
    }

    fn died(&mut self, at: usize, reason: &str) {
        let now_ms = self.agenda.now_ms;
        self.watch.say(now_ms, || format!("n{at} ends: {reason}"));
        if !self.is_armed[at] {
            let text = format!("n{at} ended by itself: {reason}");
            self.watch.found(Rule::Alive, now_ms, text);
        }
        self.crash(at);
    }

    fn runs(&self, node: usize, run: u64) -> bool {
        self.nodes[node].run.as_ref().is_some_and(|running| running.number == run)
    }

    fn hand_out(&mut self) {
        let now_ms = self.agenda.now_ms;
        for (user, nonce, answer) in std::mem::take(&mut self.answered) {
            let Self { users, ledger, watch, agenda, .. } = self;
            if users[user].answered((nonce, answer), ledger, watch, now_ms) {
                agenda.after(AGAIN_MS, Event::Again { node: users[user].node });
            }
        }
    }

    /// A node's users read their feeds and ask for what is not answered.
    fn attend(&mut self, at: usize) {
        let now_ms = self.agenda.now_ms;
        for user in 0..self.users.len() {
            if self.users[user].node != at {
                continue;
            }
            let Self { users, nodes, watch, agenda, ledger, .. } = self;
            let (user, node) = (&mut users[user], &mut nodes[at]);
            let is_resynced = user.connect(node);
            if is_resynced && self.copied_ms[at] == 0 {
                let text = format!("u{} has a cursor that its node does not know", user.index);
                watch.found(Rule::Feed, now_ms, text);
            }
            user.read(node, watch, now_ms);
            for answered in user.propose(node, agenda) {
                if user.answered(answered, ledger, watch, now_ms) {
                    agenda.after(AGAIN_MS, Event::Again { node: at });
                }
            }
        }
    }

    /// A user does something, and will again.
    fn act(&mut self, at: usize) {
        if !self.is_storm {
            return;
        }
        let pause_ms = 1 + self.dice.below(self.plan.pause_ms);
        self.agenda.after(pause_ms, Event::Act { user: at });
        if self.users[at].pending.len() >= PENDING_MAX {
            return;
        }
        if self.dice.per_mille(30)
            && let Some(done) = self.dice.pick(Vec::from_iter(&self.users[at].done).as_slice())
        {
            let done = (*done).clone();
            self.users[at].plan_again(done);
        } else {
            self.act_anew(at);
        }
        self.attend(self.users[at].node);
    }

    fn act_anew(&mut self, at: usize) {
        let user = &self.users[at];
        let Some(run) = &self.nodes[user.node].run else { return };
        let chosen = {
            let state = run.shared.state();
            let scene = Scene {
                user,
                state: &state,
                users: &self.users,
                nodes: &self.nodes,
                nonce: user.last_nonce + 1,
                groups_max: self.plan.groups_max,
            };
            let early = self.agenda.now_ms < BEGINNING_MS + SETTLING_MS;
            ops::choose(&scene, self.plan.with_membership || early, &mut self.dice)
        };
        let Some((name, act)) = chosen else { return };
        *self.counts.entry(name).or_default() += 1;
        let now_ms = self.agenda.now_ms;
        self.watch.say(now_ms, || format!("u{at} does {name}: {}", short(&act)));
        if let comity_machine::Act::Send { text, .. } = &act {
            let entry = Text { user: at, ..Text::default() };
            self.ledger.insert(word(text).to_owned(), entry);
        }
        self.users[at].plan(|_| act);
    }

    fn strike(&mut self) {
        if !self.is_storm {
            return;
        }
        let pause_ms = 1 + self.dice.below(self.plan.fault_ms);
        self.agenda.after(pause_ms, Event::Fault);
        let Some(fault) = self.dice.pick(&self.plan.faults).map(|at| &FAULTS[*at]) else { return };
        if (fault.strike)(self) {
            *self.counts.entry(fault.name).or_default() += 1;
            let now_ms = self.agenda.now_ms;
            self.watch.say(now_ms, || format!("fault: {}", fault.name));
        }
    }

    /// A hostile node makes something up, and shows everybody all that it has made up.
    fn mischief(&mut self, at: usize) {
        let now_ms = self.agenda.now_ms;
        let mut rogue = std::mem::take(&mut self.nodes[at].rogue);
        let expected = |channel, seq| check::expected_state(&self.nodes, at, channel, seq);
        if let Node { run: Some(run), own, .. } = &self.nodes[at]
            && self.is_storm
        {
            rogue.make_up(own, &run.shared, now_ms, &expected, &mut self.dice);
            *self.counts.entry("lie").or_default() += 1;
        }
        self.nodes[at].rogue = rogue;
        let Self { nodes, dice, net, agenda, .. } = self;
        if self.is_storm {
            let pause_ms = dice.within(300..3_000);
            agenda.after(pause_ms, Event::Mischief { node: at });
        }
        let Node { run: Some(run), own, rogue, .. } = &nodes[at] else { return };
        for (channel, face, frame) in rogue.frames(own, dice) {
            let state = run.shared.state();
            let Some((_, known)) = state.channel(&channel) else { continue };
            for (id, link) in run.links.iter().filter(|(_, link)| link.counts_for.is_some()) {
                let sees = face.is_none_or(|face| face == link.peer % 2);
                if sees && known.peers.contains_key(&self.everybody[link.peer].lineage) {
                    let sent = net.send(*id, at, frame.class(), frame.encode(), now_ms);
                    if let Some((node, at_ms)) = sent {
                        agenda.at(at_ms, Event::Wake { node });
                    }
                }
            }
        }
    }

    pub(crate) fn draw_node(&mut self) -> usize {
        usize::try_from(self.dice.below(self.nodes.len() as u64)).unwrap_or_default()
    }

    pub(crate) fn draw_pair(&mut self) -> Option<(usize, usize)> {
        let (a, b) = (self.draw_node(), self.draw_node());
        (a != b).then_some((a, b))
    }

    /// Nothing goes wrong from here on.
    fn calm(&mut self) {
        self.is_storm = false;
        let now_ms = self.agenda.now_ms;
        self.watch.say(now_ms, || "calm".into());
        self.net.weather = self.plan.weather;
        for (from, to) in self.net.cuts() {
            self.heal(from, to);
        }
        for at in 0..self.nodes.len() {
            self.nodes[at].skew_ms = 0;
            self.nodes[at].pass_last_day();
            self.nodes[at].disk_ms = DISK_MS;
            for disk in [&self.nodes[at].disks.store, &self.nodes[at].disks.journal] {
                disk.limit_bytes(None);
            }
            // Nodes look at their clocks once a second, whatever they are set to.
            self.agenda.after(1, Event::Wake { node: at });
        }
        for user in 0..self.users.len() {
            self.agenda.after(1, Event::Device { user });
        }
    }

    /// Runs until everybody agrees; that it never comes is a finding.
    fn rest(&mut self, when: &str) {
        let until_ms = self.agenda.now_ms + REST_MS;
        loop {
            let waited_ms = REST_MS - (until_ms - self.agenda.now_ms);
            let next_ms = self.agenda.now_ms + (waited_ms / 4).clamp(LOOK_MS, 60_000);
            if let Some(node) = self.plan.hostile {
                self.mischief(node);
            }
            self.run_until(next_ms);
            let Some(open) = check::unfinished(self) else { return };
            if self.agenda.now_ms >= until_ms || self.events > EVENTS_MAX {
                let text = format!("{when}: {open}");
                self.watch.found(Rule::Progress, self.agenda.now_ms, text);
                return;
            }
        }
    }

    /// Everybody says one more thing everywhere.
    fn probe(&mut self) {
        for at in 0..self.users.len() {
            let channels: Vec<_> = {
                let user = &self.users[at];
                let Some(run) = &self.nodes[user.node].run else { continue };
                let state = run.shared.state();
                let account = state.accounts.get(&user.account);
                let stays = account.into_iter().flat_map(|account| &account.channels);
                let joined =
                    stays.filter(|(_, stay)| stay.standing == comity_machine::Standing::Joined);
                joined.filter_map(|(no, _)| Some(state.channels.get(no)?.id)).collect()
            };
            for channel in channels {
                let nonce = self.users[at].last_nonce + 1;
                let act = ops::text_for(&self.users[at], nonce, channel, &mut self.dice);
                if let comity_machine::Act::Send { text, .. } = &act {
                    let entry = Text { user: at, ..Text::default() };
                    self.ledger.insert(word(text).to_owned(), entry);
                }
                self.users[at].plan(|_| act);
            }
        }
        for node in 0..self.nodes.len() {
            self.attend(node);
        }
    }

    fn dialled(&mut self, from: usize, to: usize, run: u64) {
        if !self.runs(from, run) {
            return;
        }
        let now_ms = self.agenda.now_ms;
        let is_reached = self.nodes[to].run.is_some()
            && !self.net.is_cut(from, to)
            && !self.net.is_cut(to, from);
        let domain: ServerName = self.everybody[to].domain.clone();
        if is_reached {
            let id = self.net.connect(from, to);
            self.nodes[from].link(id, to, Some(domain), now_ms);
            self.nodes[to].link(id, from, None, now_ms);
            self.agenda.after(0, Event::Wake { node: to });
        } else if let Node { run: Some(run), dice, .. } = &mut self.nodes[from] {
            run.dialer.handle_dial_failed(&domain, dice.next(), now_ms);
        }
        self.agenda.after(0, Event::Wake { node: from });
    }

    /// An end learns that its connection is over, once what was sent before has come.
    fn gone(&mut self, connection: u64, node: usize) {
        self.with(node, |node, around| {
            let has = node.run.as_ref().is_some_and(|run| run.links.contains_key(&connection));
            node.work(around)?;
            if has {
                node.end_link(connection, around);
            }
            node.work(around)
        });
    }

    /// Nothing arrives in a direction for so long; connections that hear nothing for too long end.
    pub(crate) fn cut(&mut self, from: usize, to: usize, for_ms: u64) -> bool {
        if !self.net.cut(from, to) {
            return false;
        }
        self.agenda.after(for_ms, Event::Heal { from, to });
        if for_ms > IDLE_MS {
            self.time_out(from, to);
        }
        true
    }

    /// Connections between two nodes end for having heard nothing for too long.
    pub(crate) fn time_out(&mut self, from: usize, to: usize) {
        for connection in self.net.between(from, to) {
            self.agenda.after(IDLE_MS, Event::Gone { connection, node: to });
            let late_ms = IDLE_MS + self.dice.below(IDLE_MS);
            self.agenda.after(late_ms, Event::Gone { connection, node: from });
        }
    }

    fn heal(&mut self, from: usize, to: usize) {
        if self.net.heal(from, to) {
            self.agenda.after(0, Event::Wake { node: to });
        }
    }

    /// The power goes at a node, and comes back.
    pub(crate) fn crash(&mut self, at: usize) -> bool {
        if self.nodes[at].run.is_none() {
            return false;
        }
        let back_ms = if self.is_storm { self.dice.below(10_000) } else { 100 };
        self.stop(at);
        self.agenda.after(back_ms, Event::Start { node: at });
        true
    }

    /// The process of a node is gone, and what its disks had not synced.
    fn stop(&mut self, at: usize) {
        for user in self.users.iter_mut().filter(|user| user.node == at) {
            user.disconnected();
        }
        for (connection, peer) in self.nodes[at].crash() {
            self.net.close(connection, at);
            // Some hear it from the network, some by silence.
            let is_told = self.dice.per_mille(500);
            let late_ms = if is_told { self.dice.below(500) } else { self.dice.below(IDLE_MS) };
            self.agenda.after(late_ms, Event::Gone { connection, node: peer });
        }
        self.is_armed[at] = false;
    }

    /// A disk of a node was told to fail.
    pub(crate) fn arm(&mut self, at: usize) {
        self.is_armed[at] = true;
    }

    fn start(&mut self, at: usize) {
        if self.nodes[at].run.is_some() {
            return;
        }
        let now_ms = self.agenda.now_ms;
        let unix_ms = self.nodes[at].unix_ms(now_ms);
        let users = self.users.iter().filter(|user| user.node == at);
        let founding = users.flat_map(|user| user.founding(unix_ms));
        // One of them keeps texts for a short while, in some runs.
        let seconds = self.plan.retention_seconds.filter(|_| at == 0);
        let retain = seconds.map(|seconds| Command::Retain { seconds: Some(seconds), unix_ms });
        let founding = founding.chain(retain).collect();
        let is_first = self.nodes[at].runs == 0;
        match self.nodes[at].start(now_ms, founding) {
            Ok(()) => self.started(at, is_first),
            Err(reason) => {
                self.watch.say(now_ms, || format!("n{at} does not start: {reason}"));
                let is_full = reason.contains("no room");
                if !self.is_armed[at] && !is_full {
                    let text = format!("n{at} does not start: {reason}");
                    self.watch.found(Rule::Alive, now_ms, text);
                    return;
                }
                self.stop(at);
                self.agenda.after(1_000, Event::Start { node: at });
            }
        }
    }

    fn started(&mut self, at: usize, is_first: bool) {
        let now_ms = self.agenda.now_ms;
        self.watch.say(now_ms, || format!("n{at} starts"));
        if !is_first {
            check::after_start(self, at);
        }
        let domains: Vec<ServerName> = self.everybody.iter().map(|o| o.domain.clone()).collect();
        let Some(run) = &mut self.nodes[at].run else { return };
        for (other, domain) in domains.into_iter().enumerate() {
            // As if somebody had asked for an account there.
            if other != at {
                run.dialer.wish(domain, now_ms);
            }
        }
        self.agenda.after(0, Event::Wake { node: at });
        self.confirm_soon(at);
    }

    /// Takes a copy of a node's disks, as a snapshot of its machine would.
    pub(crate) fn copy_disks(&mut self, at: usize) -> bool {
        if self.nodes[at].run.is_none() || self.nodes[at].disks.are_dead() {
            return false;
        }
        let image = self.nodes[at].disks.image();
        self.nodes[at].images = vec![image];
        self.copied_ms[at] = self.agenda.now_ms;
        true
    }

    /// A node comes back with an older copy of its disks. What it acknowledged since is lost there,
    /// and its users know it.
    pub(crate) fn roll_back(&mut self, at: usize) -> bool {
        if self.nodes[at].run.is_none() || !check::may_roll_back(self, at) {
            return false;
        }
        let Some(image) = self.nodes[at].images.first().map(|image| image.image()) else {
            return false;
        };
        self.stop(at);
        self.nodes[at].disks = image;
        self.nodes[at].rollbacks += 1;
        self.verdicts[at] = Verdicts::default();
        let copied_ms = self.copied_ms[at];
        for text in self.ledger.values_mut().filter(|t| self.users[t.user].node == at) {
            text.may_vanish |= text.stored.is_some() && text.stored_ms >= copied_ms;
            text.may_repeat |= text.stored.is_none();
        }
        for user in self.users.iter_mut().filter(|user| user.node == at) {
            user.done.clear();
            user.pending.retain(|pending| pending.expected.is_none());
            user.feed.may_repeat = true;
        }
        self.agenda.after(500, Event::Start { node: at });
        true
    }
}

/// Acts of a user that wait for an answer.
const PENDING_MAX: usize = 6;

/// How long groups are founded also in runs in which nobody comes or goes later.
const SETTLING_MS: u64 = 12_000;

/// An act in a few words.
fn short(act: &comity_machine::Act) -> String {
    let mut text = format!("{act:?}");
    text.truncate(text.floor_char_boundary(200));
    text
}
