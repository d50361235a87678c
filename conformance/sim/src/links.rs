//! A node at work: it takes what arrived, drives its link ends, dials, steps its writer and its
//! store. As dull as the driver and the manager of the peers' edge, whose place it takes.

use comity::edge::peer::{LinkEnd, Task, settlements};
use comity_machine::{Answer, Command, RefusedCode};
use comity_protocol::code::Code;
use comity_protocol::id::LineageId;
use comity_protocol::name::ServerName;
use comity_replica::{Connection, Verdict};

use crate::agenda::{Agenda, Event};
use crate::net::{CLASSES, ConnectionId, Net};
use crate::node::{Node, NodeLink, Organisation, Waiter};
use crate::watch::Watch;

/// What is around a node.
pub(crate) struct Around<'w> {
    pub(crate) agenda: &'w mut Agenda,
    pub(crate) net: &'w mut Net,
    pub(crate) watch: &'w mut Watch,
    /// Everybody, by index: what DNS would say.
    pub(crate) everybody: &'w [Organisation],
    /// Answers for devices.
    pub(crate) answered: &'w mut Vec<(usize, u64, Answer)>,
}

/// The disk failed under a node: its process ends.
pub(crate) struct Died(pub(crate) String);

impl Node {
    /// Does everything that can be done now.
    pub(crate) fn work(&mut self, around: &mut Around<'_>) -> Result<(), Died> {
        self.take_answers(around);
        self.poke(around.agenda.now_ms);
        loop {
            let links: Vec<ConnectionId> = self.links();
            let mut moved = false;
            for id in links {
                moved |= self.drive(id, around);
            }
            if !moved {
                break;
            }
        }
        self.dial(around);
        self.wake(around.agenda);
        self.settle(around.agenda);
        self.flush(around)?;
        self.arm(around.agenda);
        Ok(())
    }

    /// The writer takes what is queued.
    pub(crate) fn step(&mut self, around: &mut Around<'_>) -> Result<(), Died> {
        let now_ms = around.agenda.now_ms;
        if let Some(run) = &mut self.run {
            run.is_stepping = false;
            let proposals = std::mem::take(&mut run.queue);
            run.writer.step(proposals, now_ms).map_err(|error| Died(error.to_string()))?;
        }
        self.work(around)
    }

    /// Where history may have come within reach, its links are told and its sources wished for.
    fn poke(&mut self, now_ms: u64) {
        let Some(run) = &mut self.run else { return };
        run.exchange.look_around(now_ms);
        let taken = run.exchange.forks_taken();
        if std::mem::replace(&mut run.forks_seen, taken) != taken {
            run.links.values_mut().for_each(|link| link.end.poke_forks());
        }
        let count = run.exchange.filling.wake_count();
        if std::mem::replace(&mut run.filling_seen, count) == count {
            return;
        }
        run.links.values_mut().for_each(|link| link.end.poke_history());
        for lineage in run.exchange.filling.sources() {
            if let Some(domain) = run.exchange.domain_of(&lineage) {
                run.dialer.wish(domain, now_ms);
            }
        }
    }

    /// The store takes what it was handed.
    pub(crate) fn store(&mut self, around: &mut Around<'_>) -> Result<(), Died> {
        let late_ms = 1 + self.dice.below(10 * self.disk_ms);
        if let Some(run) = &mut self.run {
            let done = run.writer.store().map_err(|error| Died(error.to_string()))?;
            run.is_storing = !done;
            if !done {
                let event = Event::Store { node: self.index, run: run.number };
                around.agenda.after(late_ms, event);
            }
        }
        self.work(around)
    }

    fn flush(&mut self, around: &mut Around<'_>) -> Result<(), Died> {
        let late_ms = 1 + self.dice.below(10 * self.disk_ms);
        let now_ms = around.agenda.now_ms;
        let Some(run) = &mut self.run else { return Ok(()) };
        if run.writer.deadline_ms().is_none_or(|at_ms| at_ms > now_ms) {
            return Ok(());
        }
        run.writer.flush_if_due(now_ms).map_err(|error| Died(error.to_string()))?;
        if !std::mem::replace(&mut run.is_storing, true) {
            around.agenda.after(late_ms, Event::Store { node: self.index, run: run.number });
        }
        Ok(())
    }

    /// Tells the state that time has come for what it waits for.
    fn wake(&mut self, agenda: &mut Agenda) {
        let unix_ms = self.unix_ms(agenda.now_ms);
        let Some(run) = &mut self.run else { return };
        let is_due = run.shared.state().due_ms().is_some_and(|due_ms| due_ms <= unix_ms);
        if is_due && !std::mem::replace(&mut run.is_waking, true) {
            let command = Command::Wake { unix_ms, random: self.dice.bytes() };
            self.propose(command, Waiter::Wake, agenda);
        }
    }

    /// Tells the state what the rows hold of forked logs of which the home has said what counts.
    fn settle(&mut self, agenda: &mut Agenda) {
        let Some(run) = &mut self.run else { return };
        if run.settling > 0 {
            return;
        }
        let found = settlements(&run.shared);
        run.settling = found.len();
        for (_, command) in found {
            self.propose(command, Waiter::Settled, agenda);
        }
    }

    fn links(&self) -> Vec<ConnectionId> {
        self.run.iter().flat_map(|run| run.links.keys().copied()).collect()
    }

    fn end_mut(&mut self, id: ConnectionId) -> Option<&mut LinkEnd> {
        self.run.as_mut()?.links.get_mut(&id).map(|link| &mut link.end)
    }

    fn take_answers(&mut self, around: &mut Around<'_>) {
        let now_ms = around.agenda.now_ms;
        let Some(run) = &mut self.run else { return };
        let answers = match run.answers.lock() {
            Ok(mut answers) => std::mem::take(&mut *answers),
            Err(_) => return,
        };
        for (waiter, answer) in answers {
            match waiter {
                Waiter::Device { user, nonce } => around.answered.push((user, nonce, answer)),
                Waiter::Introduced(id) => {
                    let known = match answer {
                        Answer::Refused(RefusedCode(code)) => Err(code),
                        _ => Ok(()),
                    };
                    if let Some(end) = self.end_mut(id) {
                        end.handle_identified(known, now_ms);
                    }
                }
                Waiter::Fork { log, seq } => {
                    if let Some(run) = &self.run {
                        run.exchange.fork_taken(&log, seq, &answer);
                    }
                }
                Waiter::Nobody => {}
                Waiter::Settled => {
                    if let Some(run) = &mut self.run {
                        run.settling -= 1;
                        run.exchange.filling.refresh();
                    }
                }
                Waiter::Wake => {
                    if let Some(run) = &mut self.run {
                        run.is_waking = false;
                    }
                }
                Waiter::History(id) => {
                    if let Some(end) = self.end_mut(id) {
                        end.handle_history_answer(Some(answer), now_ms);
                    }
                }
                Waiter::Link(id) => {
                    if let Some(end) = self.end_mut(id) {
                        end.handle_answer(Some(answer), now_ms);
                    }
                }
            }
        }
    }

    /// One turn of one link's end; whether anything moved.
    fn drive(&mut self, id: ConnectionId, around: &mut Around<'_>) -> bool {
        let now_ms = around.agenda.now_ms;
        let index = self.index;
        let peer = self.peer_of(id).unwrap_or(index);
        let Some(end) = self.end_mut(id) else { return false };
        if end.poll_timeout().is_some_and(|at_ms| at_ms <= now_ms) {
            end.handle_timeout(now_ms);
        }
        let mut moved = false;
        for class in CLASSES {
            while end.wants_read(class)
                && let Some((bytes, held_back)) = around.net.receive(id, index, class, now_ms)
            {
                if let Some(node) = held_back {
                    around.agenda.after(1, Event::Wake { node });
                }
                around.watch.trace(now_ms, (peer, index), &bytes);
                end.handle_frame((class, bytes), now_ms);
                moved = true;
            }
        }
        while around.net.has_room(id, index) {
            let Some(end) = self.end_mut(id) else { return true };
            let Some(task) = end.poll(now_ms) else {
                if end.read_feed(now_ms) {
                    continue;
                }
                break;
            };
            moved = true;
            self.take(id, task, around);
        }
        moved
    }

    fn take(&mut self, id: ConnectionId, task: Task, around: &mut Around<'_>) {
        let now_ms = around.agenda.now_ms;
        match task {
            Task::Apply { peer, frame, cursor, rewinds } => {
                let command = Command::PeerBatch {
                    peer,
                    frame: frame.into(),
                    cursor,
                    unix_ms: self.unix_ms(now_ms),
                    random: self.dice.bytes(),
                    rewinds,
                };
                self.propose(command, Waiter::Link(id), around.agenda);
            }
            Task::ApplyHistory { peer, frame, silent } => {
                let command = Command::PeerHistory { peer, frame: frame.into(), silent };
                self.propose(command, Waiter::History(id), around.agenda);
            }
            Task::Close(code) => {
                let peer = self.peer_of(id);
                around.watch.closed(now_ms, self.index, peer, code);
                self.end_link(id, around);
            }
            Task::Compare { peer, ahead, is_writer_ahead } => {
                let unix_ms = self.unix_ms(now_ms);
                let random = self.dice.bytes();
                let command = Command::Compare { peer, ahead, unix_ms, random, is_writer_ahead };
                self.propose(command, Waiter::Nobody, around.agenda);
            }
            Task::Identify { domain, lineage, .. } => self.identify(id, &domain, lineage, around),
            // No key changes here.
            Task::TakeKeys(_) | Task::TakeSigned { .. } => {}
            Task::AnswerProbe { .. }
            | Task::LookedUp { .. }
            | Task::Probed { .. }
            | Task::Shown { .. }
            | Task::Sought { .. } => {}
            Task::Send(frame) => {
                if let (Some(run), Some(peer)) = (&self.run, self.peer_of(id)) {
                    let to = &around.everybody[peer];
                    around.watch.sent(now_ms, (self.index, &run.shared), to, &frame);
                }
                let frame = self.rogue.censor(frame);
                let (class, bytes) = (frame.class(), frame.encode());
                if let Some((to, at_ms)) = around.net.send(id, self.index, class, bytes, now_ms) {
                    around.agenda.at(at_ms, Event::Wake { node: to });
                }
            }
            // Nobody is there whom anybody would watch.
            Task::SendDatagram(_) => {}
            Task::TakeFork { log, seq, proof } => {
                let unix_ms = self.unix_ms(now_ms);
                let command = Command::TakeFork { proof, unix_ms, random: self.dice.bytes() };
                self.propose(command, Waiter::Fork { log, seq }, around.agenda);
            }
            Task::Up { domain, start } => self.up(id, domain, start, around),
        }
    }

    fn peer_of(&self, id: ConnectionId) -> Option<usize> {
        self.run.as_ref()?.links.get(&id).map(|link| link.peer)
    }

    /// Proves who the peer is: by what is known, else by what DNS says.
    fn identify(
        &mut self,
        id: ConnectionId,
        domain: &ServerName,
        lineage: LineageId,
        around: &mut Around<'_>,
    ) {
        let now_ms = around.agenda.now_ms;
        let Some(peer) = self.peer_of(id) else { return };
        let shown = around.everybody[peer].key.public();
        let known = self.run.as_ref().and_then(|r| r.exchange.recognises(domain, lineage, shown));
        if let Some(known) = known {
            if let Some(end) = self.end_mut(id) {
                end.handle_identified(known, now_ms);
            }
            return;
        }
        let named = around.everybody.iter().find(|other| other.domain == *domain);
        let proven = named.filter(|o| o.lineage == lineage && o.key.public() == shown);
        match proven {
            Some(Organisation { domain, key, recovery, .. }) => {
                let (domain, key, recovery) = (domain.to_string(), key.public(), *recovery);
                let command = Command::Introduce { domain, key, recovery };
                self.propose(command, Waiter::Introduced(id), around.agenda);
            }
            None => {
                if let Some(end) = self.end_mut(id) {
                    end.handle_identified(Err(Code::PeerNameMismatch), now_ms);
                }
            }
        }
    }

    /// A link came up: one of two to the same peer stays.
    fn up(&mut self, id: ConnectionId, domain: ServerName, start: u64, around: &mut Around<'_>) {
        let now_ms = around.agenda.now_ms;
        let own = self.own.domain.clone();
        let Some(run) = &mut self.run else { return };
        let Some(link) = run.links.get_mut(&id) else { return };
        run.dialer.handle_sign_of_life(&domain, now_ms);
        run.dialer.wish(domain.clone(), now_ms);
        let dialler = if link.dialled.is_some() { own } else { domain.clone() };
        let replaced =
            match run.dialer.handle_up(&domain, Connection { number: id, start, dialler }) {
                Verdict::Keep => None,
                Verdict::Replace(old) => Some(old),
                Verdict::Yield => return link.end.close(Code::LinkReplaced),
            };
        link.counts_for = Some(domain);
        if let Some(old) = replaced.and_then(|old| run.links.get_mut(&old)) {
            old.end.close(Code::LinkReplaced);
        }
    }

    /// A link is over at this end.
    pub(crate) fn end_link(&mut self, id: ConnectionId, around: &mut Around<'_>) {
        let now_ms = around.agenda.now_ms;
        let random = self.dice.next();
        let Some(run) = &mut self.run else { return };
        let Some(NodeLink { counts_for, dialled, .. }) = run.links.remove(&id) else { return };
        if let Some(other) = around.net.close(id, self.index) {
            let late_ms = around.net.draw_latency();
            around.agenda.after(late_ms, Event::Gone { connection: id, node: other });
        }
        match (counts_for, dialled) {
            (Some(domain), _) => run.dialer.handle_down(&domain, id, random, now_ms),
            (None, Some(domain)) if !run.dialer.is_linked(&domain) => {
                run.dialer.handle_dial_failed(&domain, random, now_ms);
            }
            _ => {}
        }
    }

    /// A link begins.
    pub(crate) fn link(
        &mut self,
        id: ConnectionId,
        peer: usize,
        dialled: Option<ServerName>,
        now_ms: u64,
    ) {
        let Some(run) = &mut self.run else { return };
        let end = LinkEnd::new(run.exchange.clone(), id, dialled.clone(), now_ms);
        run.links.insert(id, NodeLink { end, peer, dialled, counts_for: None });
    }

    fn dial(&mut self, around: &mut Around<'_>) {
        let now_ms = around.agenda.now_ms;
        let Some(run) = &mut self.run else { return };
        for lineage in run.hub.take_unheard() {
            if let Some(domain) = run.exchange.domain_of(&lineage) {
                run.dialer.wish(domain, now_ms);
            }
        }
        while let Some(domain) = run.dialer.poll_dial(now_ms) {
            let Some(to) = around.everybody.iter().position(|o| o.domain == domain) else { break };
            let late_ms = around.net.draw_latency() + around.net.draw_latency();
            let event = Event::Dialled { from: self.index, to, run: run.number };
            around.agenda.after(late_ms, event);
        }
    }

    /// Plans to be woken at the next deadline.
    fn arm(&mut self, agenda: &mut Agenda) {
        let (now_ms, ahead_ms) = (agenda.now_ms, self.ahead_ms());
        let Some(run) = &mut self.run else { return };
        let due_ms = run.shared.state().due_ms().filter(|_| !run.is_waking);
        let due_ms = due_ms.map(|due_ms| due_ms.saturating_sub_signed(ahead_ms));
        let links = run.links.values().filter_map(|link| link.end.poll_timeout());
        let others = run.dialer.poll_timeout().into_iter().chain(run.writer.deadline_ms());
        let others = others.chain(run.exchange.next_look_ms());
        let Some(next_ms) = links.chain(others).chain(due_ms).min() else { return };
        let next_ms = next_ms.max(now_ms + 1);
        if run.wake_ms.is_none_or(|at_ms| at_ms <= now_ms || at_ms > next_ms) {
            run.wake_ms = Some(next_ms);
            agenda.at(next_ms, Event::Wake { node: self.index });
        }
    }
}
