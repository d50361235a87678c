//! The manager of all links: whom to dial and when, which of two connections stays, who is asked
//! for accounts and groups.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use comity_federation::{Failed, Failures};
use comity_machine::Admission;
use comity_protocol::code::Code;
use comity_protocol::id::LineageId;
use comity_protocol::name::ServerName;
use comity_replica::{Connection, Dialer, Verdict};
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinError, JoinSet};

use super::Context;
use super::directory::Question;
use super::driver::{self, Order, Up, Wires};
use super::links::{Asker, Trouble};
use super::lobby::Lobby;
use super::queue;
use super::strangers::{Sighting, Strange};
use crate::clock;

/// Links at once, dialled and accepted.
const LINKS_MAX: usize = 10_000;
/// Orders that wait for one link.
const ORDERS_MAX: usize = 64;
/// Reports that wait for the manager.
const REPORTS_MAX: usize = 1_024;
/// How long a question waits for a link.
const QUESTION_MS: u64 = 15_000;

type Dialled = (ServerName, Result<comity_federation::Link, Trouble>);

struct Manager {
    context: Arc<Context>,
    dialer: Dialer,
    dials: JoinSet<Dialled>,
    links: HashMap<u64, Entry>,
    /// Those that were accepted and whose peer is not known yet.
    lobby: Lobby,
    /// Handshakes that came to nothing, as far as they are counted.
    failures: Failures,
    drivers: JoinSet<Option<Code>>,
    /// Which link a driver's task belongs to.
    tasks: HashMap<tokio::task::Id, u64>,
    last_number: u64,
    reports: mpsc::Sender<Up>,
    waiting: Vec<Waiting>,
}

struct Entry {
    orders: queue::Sender<Order>,
    /// The peer, once the link is up and while it counts.
    domain: Option<ServerName>,
    dialled: Option<ServerName>,
}

struct Waiting {
    question: Question,
    until_ms: u64,
}

/// Runs until told to stop.
pub(super) async fn run(
    context: Arc<Context>,
    mut questions: mpsc::Receiver<Question>,
    stop: Arc<Notify>,
) {
    let (reports, mut reported) = mpsc::channel(REPORTS_MAX);
    let mut manager = Manager {
        context: Arc::clone(&context),
        dialer: Dialer::new(),
        dials: JoinSet::new(),
        links: HashMap::new(),
        lobby: Lobby::default(),
        failures: Failures::default(),
        drivers: JoinSet::new(),
        tasks: HashMap::new(),
        last_number: 0,
        reports,
        waiting: Vec::new(),
    };
    manager.wish_for_known();
    let mut failures = context.endpoint.failures();
    let mut lacking = context.exchange.filling.wakes();
    context.exchange.filling.refresh();
    loop {
        manager.dial_due();
        context.exchange.look_around(clock::monotonic_ms());
        let pause = manager.pause();
        tokio::select! {
            link = context.endpoint.accept() => match link {
                Some(link) => manager.start(link, None),
                None => break,
            },
            Some(question) = questions.recv() => manager.ask(question),
            Some(up) = reported.recv() => manager.up(up),
            Some(Ok((domain, found))) = manager.dials.join_next() => manager.dialled(domain, found),
            Some(ended) = manager.drivers.join_next_with_id() => manager.ended(ended),
            peers = context.exchange.hub.unheard() => manager.wish_for(&peers),
            groups = context.exchange.hub.governed() => context.exchange.tell_final(&groups),
            () = context.renew.notified() => manager.renew(),
            domains = context.links.retries() => manager.retry(domains),
            () = context.links.policy_changes() => manager.follow_policy(),
            Ok(()) = failures.changed() => manager.count_failures(*failures.borrow_and_update()),
            Ok(()) = lacking.changed() => manager.wish_for(&context.exchange.filling.sources()),
            () = tokio::time::sleep(pause) => manager.expire(),
            () = stop.notified() => break,
        }
    }
    manager.stop(&mut reported).await;
}

impl Manager {
    /// Everybody with whom a channel may be shared is linked from the start: they may have
    /// something for us.
    fn wish_for_known(&mut self) {
        self.wish_for(&self.context.exchange.partners());
        for domain in self.context.exchange.allowed() {
            self.wish(domain);
        }
    }

    fn wish_for(&mut self, peers: &BTreeSet<LineageId>) {
        let exchange = &self.context.exchange;
        let domains: Vec<ServerName> =
            peers.iter().filter_map(|lineage| exchange.domain_of(lineage)).collect();
        for domain in domains {
            self.wish(domain);
        }
    }

    /// A domain is to be linked, where the admin lets it in.
    fn wish(&mut self, domain: ServerName) {
        match self.context.exchange.admission(&domain) {
            Admission::Admitted => {}
            Admission::Waits => return self.context.links.asks(&domain, Asker::OurUsers),
            Admission::Refused => return,
        }
        if !self.dialer.wish(domain.clone(), clock::monotonic_ms()) {
            tracing::warn!(%domain, "too many domains to link with");
        }
    }

    fn dial_due(&mut self) {
        while let Some(domain) = self.dialer.poll_dial(clock::monotonic_ms()) {
            self.context.links.dialling(&domain);
            let context = Arc::clone(&self.context);
            self.dials.spawn(async move {
                let found = context.dial(&domain).await;
                (domain, found)
            });
        }
    }

    /// The admin has said something else of others: who is not let in any more is out at once, and
    /// who is now is linked where there is reason to, or where he waits for it.
    fn follow_policy(&mut self) {
        let exchange = Arc::clone(&self.context.exchange);
        let linked = self.links.iter().filter_map(|(number, entry)| {
            let domain = entry.domain.as_ref().or(entry.dialled.as_ref())?;
            self.is_out(domain).then_some(*number)
        });
        for number in linked.collect::<Vec<u64>>() {
            self.order(number, Order::Close(Code::DomainRefused));
        }
        for domain in self.context.links.unadmitted(|domain| self.is_out(domain)) {
            self.dialer.forget(&domain);
            self.context.links.forget(&domain);
        }
        let (gone, kept) = self
            .waiting
            .drain(..)
            .partition(|asked| exchange.admission(&asked.question.domain) != Admission::Admitted);
        self.waiting = kept;
        answer_all(gone, Code::DomainRefused);
        for domain in
            self.context.links.answered(|domain| exchange.admission(domain) == Admission::Waits)
        {
            if !self.is_out(&domain) {
                self.retry(vec![domain]);
            }
        }
        self.wish_for_known();
    }

    /// The admin wants these to be dialled now: whatever is remembered of where they are.
    fn retry(&mut self, domains: Vec<ServerName>) {
        let now_ms = clock::monotonic_ms();
        for domain in domains {
            self.context.resolver.forget(&domain);
            self.wish(domain.clone());
            self.dialer.handle_sign_of_life(&domain, now_ms);
        }
    }

    /// Our key has changed: whoever is linked is to see the new one.
    fn renew(&self) {
        for number in self.links.keys() {
            self.order(*number, Order::Close(Code::ShuttingDown));
        }
    }

    fn dialled(&mut self, domain: ServerName, found: Result<comity_federation::Link, Trouble>) {
        match found {
            Ok(link) => self.start(link, Some(domain)),
            Err(trouble) => self.dial_failed(&domain, trouble),
        }
    }

    fn dial_failed(&mut self, domain: &ServerName, trouble: Trouble) {
        let code = trouble.code;
        tracing::info!(peer = %domain, %code, why = trouble.why, "cannot link");
        let now_ms = clock::monotonic_ms();
        self.dialer.handle_dial_failed(domain, clock::random_number(), now_ms);
        self.context.links.failed(domain, trouble);
        self.put_off(domain);
        // Anybody may have asked for it.
        if !self.context.exchange.is_partner(domain) {
            self.dialer.forget(domain);
            self.context.links.forget(domain);
        }
        let (gone, kept) =
            self.waiting.drain(..).partition(|waiting| waiting.question.domain == *domain);
        self.waiting = kept;
        answer_all(gone, code);
    }

    fn start(&mut self, link: comity_federation::Link, dialled: Option<ServerName>) {
        self.last_number += 1;
        let number = self.last_number;
        let addr = link.remote_addr().ip();
        let is_stranger = dialled.is_none();
        if self.links.len() >= LINKS_MAX || is_stranger && !self.lobby.enter(number, addr) {
            link.close(Code::Overloaded);
            if is_stranger {
                self.note_strange(Strange::Crowded, 1, Some(addr));
            }
            return;
        }
        let (orders, ordered) = queue::queue(ORDERS_MAX);
        let wires = Wires { number, orders: ordered, reports: self.reports.clone() };
        self.links.insert(number, Entry { orders, domain: None, dialled: dialled.clone() });
        let driver = driver::run(Arc::clone(&self.context), link, dialled, wires);
        self.tasks.insert(self.drivers.spawn(driver).id(), number);
    }

    /// Counts handshakes that have come to nothing since.
    fn count_failures(&mut self, all: Failures) {
        let before = std::mem::replace(&mut self.failures, all);
        let count = |strange, before: Failed, Failed { times, last_from }: Failed| {
            let addr = last_from.map(|addr| addr.ip());
            self.note_strange(strange, times - before.times, addr);
        };
        count(Strange::Crowded, before.crowded, all.crowded);
        count(Strange::Handshake, before.failed, all.failed);
    }

    fn note_strange(&self, strange: Strange, times: u64, addr: Option<IpAddr>) {
        if times > 0 {
            let last = Sighting { unix_ms: clock::unix_ms(), addr, ..Sighting::default() };
            self.context.strangers.note(strange, times, last, clock::monotonic_ms());
        }
    }

    fn ended(&mut self, ended: Result<(tokio::task::Id, Option<Code>), JoinError>) {
        let (id, code) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                tracing::error!(%error, "a link ended by a panic");
                (error.id(), None)
            }
        };
        if let Some(number) = self.tasks.remove(&id) {
            self.down(number, code);
        }
    }

    fn up(&mut self, up: Up) {
        let Up { number, domain, start, dialled } = up;
        // Its end may be heard of first; else it would count as up for ever.
        if !self.links.contains_key(&number) {
            return;
        }
        self.lobby.leave(number);
        self.dialer.handle_sign_of_life(&domain, clock::monotonic_ms());
        self.wish(domain.clone());
        let dialler = if dialled { self.context.exchange.domain.clone() } else { domain.clone() };
        let connection = Connection { number, start, dialler };
        match self.dialer.handle_up(&domain, connection) {
            Verdict::Keep => {}
            Verdict::Replace(old) => self.order(old, Order::Close(Code::LinkReplaced)),
            Verdict::Yield => return self.order(number, Order::Close(Code::LinkReplaced)),
        }
        if let Some(entry) = self.links.get_mut(&number) {
            entry.domain = Some(domain.clone());
        }
        self.context.links.up(&domain, (number, start), dialled);
        let (ready, kept): (Vec<Waiting>, Vec<Waiting>) =
            self.waiting.drain(..).partition(|waiting| waiting.question.domain == domain);
        self.waiting = kept;
        for Waiting { question, .. } in ready {
            self.order(number, Order::Ask(Box::new(question)));
        }
    }

    fn down(&mut self, number: u64, code: Option<Code>) {
        self.lobby.leave(number);
        let Some(entry) = self.links.remove(&number) else { return };
        let now_ms = clock::monotonic_ms();
        let with = entry.domain.as_ref().or(entry.dialled.as_ref());
        if with.is_some_and(|with| self.is_out(with)) {
            return self.shut(number, entry);
        }
        match (entry.domain, entry.dialled) {
            (Some(domain), _) => {
                self.dialer.handle_down(&domain, number, clock::random_number(), now_ms);
                self.context.links.down(&domain, number);
                if !self.dialer.is_linked(&domain) {
                    if code == Some(Code::LinkReplaced) {
                        self.context.links.replaced_by_another(&domain, self.last_number);
                    }
                    self.context.links.failed(&domain, ended_by(code));
                    self.put_off(&domain);
                }
            }
            // It was dialled and never came up.
            (None, Some(domain)) => {
                if !self.dialer.is_linked(&domain) {
                    // The peer's own reason tells this admin most.
                    self.dial_failed(&domain, ended_by(code));
                }
            }
            (None, None) => {}
        }
    }

    fn is_out(&self, domain: &ServerName) -> bool {
        self.context.exchange.admission(domain) != Admission::Admitted
    }

    /// A link is over whose domain is not let in any more.
    fn shut(&mut self, number: u64, entry: Entry) {
        let (random, now_ms) = (clock::random_number(), clock::monotonic_ms());
        let domain = match (entry.domain, entry.dialled) {
            (Some(domain), _) => {
                self.dialer.handle_down(&domain, number, random, now_ms);
                domain
            }
            (None, Some(domain)) => {
                self.dialer.handle_dial_failed(&domain, random, now_ms);
                domain
            }
            (None, None) => return,
        };
        self.dialer.forget(&domain);
        self.context.links.forget(&domain);
    }

    /// Notes when a domain is dialled again.
    fn put_off(&self, domain: &ServerName) {
        let next_ms = self.dialer.failures(domain).map(|(_, next_ms)| next_ms);
        self.context.links.put_off(domain, next_ms);
    }

    fn order(&self, number: u64, order: Order) {
        let Some(entry) = self.links.get(&number) else { return };
        if let Err(refused) = entry.orders.try_send(order)
            && let Order::Ask(question) = refused
        {
            question.fail(Code::Overloaded);
        }
    }

    fn ask(&mut self, question: Question) {
        let domain = question.domain.clone();
        let admission = self.context.exchange.admission(&domain);
        if let Err(code) = admission.check() {
            if admission == Admission::Waits {
                self.context.links.asks(&domain, Asker::OurUsers);
            }
            return question.fail(code);
        }
        let up = self.links.iter().filter(|(_, entry)| entry.domain.as_ref() == Some(&domain));
        if let Some(number) = up.map(|(number, _)| *number).max() {
            return self.order(number, Order::Ask(Box::new(question)));
        }
        // Somebody waits: try at once, whatever the back-off says.
        self.wish(domain.clone());
        self.dialer.handle_sign_of_life(&domain, clock::monotonic_ms());
        let until_ms = clock::monotonic_ms() + QUESTION_MS;
        self.waiting.push(Waiting { question, until_ms });
    }

    fn pause(&self) -> Duration {
        let now_ms = clock::monotonic_ms();
        let questions = self.waiting.iter().map(|waiting| waiting.until_ms).min();
        let look_ms = self.context.exchange.next_look_ms();
        let next = self.dialer.poll_timeout().into_iter().chain(questions).chain(look_ms).min();
        // With nothing due there is nothing to do for a long while.
        let left_ms = next.map_or(3_600_000, |at_ms| at_ms.saturating_sub(now_ms));
        Duration::from_millis(left_ms.max(1))
    }

    fn expire(&mut self) {
        let now_ms = clock::monotonic_ms();
        let (late, kept) = self.waiting.drain(..).partition(|waiting| waiting.until_ms <= now_ms);
        self.waiting = kept;
        answer_all(late, Code::DomainUnreachable);
    }

    async fn stop(mut self, reported: &mut mpsc::Receiver<Up>) {
        for entry in self.links.values() {
            let _ = entry.orders.try_send(Order::Close(Code::ShuttingDown));
        }
        let goodbyes = async {
            while !self.drivers.is_empty() {
                tokio::select! {
                    _ = self.drivers.join_next() => {}
                    _ = reported.recv() => {}
                }
            }
        };
        let _ = tokio::time::timeout(GOODBYES_MAX, goodbyes).await;
    }
}

/// What ended a link, which either side may have done with a code.
fn ended_by(code: Option<Code>) -> Trouble {
    let code = code.map(|code| match code {
        // What it says of us. We say it of nobody whom we dial.
        Code::DomainRefused => Code::RefusedByDomain,
        Code::DomainWaits => Code::WaitsAtDomain,
        code => code,
    });
    match code {
        Some(code @ Code::DomainKeyChanged) => Trouble { code, why: ANOTHER_KEY.to_owned() },
        Some(code) => code.into(),
        None => Trouble {
            code: Code::DomainUnreachable,
            why: "The connection broke, or was silent for too long.".to_owned(),
        },
    }
}

/// Either side may have said so, of the other's key.
const ANOTHER_KEY: &str = "One of the two nodes knows the other by another key than it shows now, \
                           and does not take this one. If this node's keys were made anew, put \
                           node.key back from the backup, or go on by comity keys recover. Else \
                           ask its admin on another way what happened to its keys.";

/// How long all goodbyes may take.
const GOODBYES_MAX: Duration = Duration::from_secs(2);

fn answer_all(waiting: Vec<Waiting>, code: Code) {
    for Waiting { question, .. } in waiting {
        question.fail(code);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_lost_his_own_keys_is_told_what_to_do() {
        let Trouble { code, why } = ended_by(Some(Code::DomainKeyChanged));
        assert_eq!(code, Code::DomainKeyChanged);
        assert!(why.contains("put node.key back") && why.contains("keys recover"), "{why}");
        assert_eq!(ended_by(Some(Code::DomainWaits)).code, Code::WaitsAtDomain);
        assert_eq!(ended_by(None).code, Code::DomainUnreachable);
    }
}
