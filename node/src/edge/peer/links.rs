//! How links with other organisations are, for the admin: what the manager and the drivers tell, by
//! domain, as long as this process runs. It decides nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use comity_federation::Proof;
use comity_protocol::code::Code;
use comity_protocol::key::NodePublicKey;
use comity_protocol::name::ServerName;
use data_encoding::BASE64;
use tokio::sync::Notify;

use super::copies::{Copied, Copies};
use super::meter::{Meter, Traffic};
use crate::clock;
use crate::edge::lock;

/// Domains of which something is kept.
const DOMAINS_MAX: usize = 20_000;
/// Domains that the admin wants to be dialled now and that wait for the manager.
const RETRIES_MAX: usize = 1_000;
/// Domains that wait to be let in; of further ones nothing is noted.
const ASKING_MAX: usize = 1_000;

/// How links are. Cheap to clone.
#[derive(Clone, Default)]
pub struct Links(Arc<Inner>);

#[derive(Default)]
struct Inner {
    known: Mutex<BTreeMap<ServerName, Known>>,
    retries: Mutex<Vec<ServerName>>,
    retry: Notify,
    asking: Mutex<BTreeMap<ServerName, Asking>>,
    policy: Notify,
}

#[derive(Default)]
struct Known {
    /// The link that is up: its number, since when, and whether we dialled it.
    up: Option<(u64, u64, bool)>,
    /// When the last link was over, in Unix milliseconds.
    ended_unix_ms: Option<u64>,
    is_dialling: bool,
    next_try_ms: Option<u64>,
    trouble: Option<(u64, Trouble)>,
    key: Option<(NodePublicKey, Option<Proof>)>,
    /// The key of another organisation that its records name now.
    refused: Option<NodePublicKey>,
    meter: Arc<Meter>,
    copies: Copies,
}

/// Whom nobody has let in yet, and who wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asking {
    /// Since when, in Unix milliseconds.
    pub since_unix_ms: u64,
    /// Whether its node has asked, its key proven.
    pub by_itself: bool,
    /// Whether users of ours have.
    pub by_ours: bool,
}

/// Who wants a domain to be let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// Its node.
    Itself,
    /// Users of ours.
    OurUsers,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Its stable code.
    pub code: Code,
    /// What happened, for the admin.
    pub why: String,
}

impl From<Code> for Trouble {
    fn from(code: Code) -> Self {
        Self { code, why: code.sentence().to_owned() }
    }
}

/// How it is between us and a domain.
#[derive(Clone, Debug, Default)]
pub struct LinkState {
    /// Since when the link is up, in Unix milliseconds, and whether we dialled it.
    pub up: Option<(u64, bool)>,
    /// Since when there is none, where there was one in this run, in Unix milliseconds.
    pub down_since_unix_ms: Option<u64>,
    /// Whether it is being dialled.
    pub is_dialling: bool,
    /// In how many milliseconds it is dialled again.
    pub next_try_ms: Option<u64>,
    /// When anything came from it last, in Unix milliseconds.
    pub heard_unix_ms: Option<u64>,
    /// What went wrong last, and when, in Unix milliseconds.
    pub trouble: Option<(u64, Trouble)>,
    /// The key that it has shown, and what proved that it is the domain's where that was looked at
    /// in this run.
    pub key: Option<(NodePublicKey, Option<Proof>)>,
    /// The key of another organisation that its records name now: the admin has to decide.
    pub refused: Option<NodePublicKey>,
    /// What went over the link within a minute.
    pub traffic: Traffic,
    /// Signs that two nodes run under one key, its own or ours.
    pub copies: Option<Copied>,
}

impl Links {
    /// All of which anything is known in this run.
    pub fn all(&self) -> BTreeMap<ServerName, LinkState> {
        let (now_ms, known) = (clock::monotonic_ms(), self.lock());
        known.iter().map(|(domain, known)| (domain.clone(), known.state(now_ms))).collect()
    }

    /// Whether a link with a domain is up; `None` where nothing is known of it.
    pub fn is_up(&self, domain: &ServerName) -> Option<bool> {
        self.lock().get(domain).map(|known| known.up.is_some())
    }

    /// Somebody wants to have to do with a domain that nobody has let in yet.
    pub(super) fn asks(&self, domain: &ServerName, who: Asker) {
        let mut asking = lock(&self.0.asking);
        if asking.len() >= ASKING_MAX && !asking.contains_key(domain) {
            return;
        }
        let known = asking.entry(domain.clone()).or_insert_with(|| {
            tracing::warn!(%domain, "a domain waits to be let in: comity peers allow, or block");
            Asking { since_unix_ms: clock::unix_ms(), by_itself: false, by_ours: false }
        });
        match who {
            Asker::Itself => known.by_itself = true,
            Asker::OurUsers => known.by_ours = true,
        }
    }

    /// The admin does not want to hear of a domain that waits, until it asks again.
    pub fn pass_over(&self, domain: &str) {
        lock(&self.0.asking).retain(|waits, _| waits.as_str() != domain);
    }

    /// Who waits to be let in.
    pub fn asking(&self) -> BTreeMap<ServerName, Asking> {
        lock(&self.0.asking).clone()
    }

    /// The admin has said something else of others.
    pub fn change_policy(&self) {
        self.0.policy.notify_one();
    }

    /// Waits until he has.
    pub(super) async fn policy_changes(&self) {
        self.0.policy.notified().await;
    }

    /// Who was waiting and is, as `waits` says, not any more.
    pub(super) fn answered(&self, waits: impl Fn(&ServerName) -> bool) -> Vec<ServerName> {
        let mut asking = lock(&self.0.asking);
        let answered: Vec<ServerName> =
            asking.keys().filter(|domain| !waits(domain)).cloned().collect();
        asking.retain(|domain, _| waits(domain));
        answered
    }

    /// Those of which something is known and who are not let in.
    pub(super) fn unadmitted(&self, is_out: impl Fn(&ServerName) -> bool) -> Vec<ServerName> {
        self.lock().keys().filter(|domain| is_out(domain)).cloned().collect()
    }

    /// A domain is to be dialled now, whatever it waits for.
    pub fn retry(&self, domain: ServerName) {
        let mut retries = lock(&self.0.retries);
        if retries.len() < RETRIES_MAX && !retries.contains(&domain) {
            retries.push(domain);
        }
        drop(retries);
        self.0.retry.notify_one();
    }

    /// Domains that are to be, once there are any.
    pub(super) async fn retries(&self) -> Vec<ServerName> {
        loop {
            let retries = std::mem::take(&mut *lock(&self.0.retries));
            if !retries.is_empty() {
                return retries;
            }
            self.0.retry.notified().await;
        }
    }

    pub(super) fn dialling(&self, domain: &ServerName) {
        self.change(domain, |known| (known.is_dialling, known.next_try_ms) = (true, None));
    }

    /// Who is behind a domain is proven, as it is before it is dialled.
    pub(super) fn proven(&self, domain: &ServerName, key: NodePublicKey, proof: Proof) {
        self.change(domain, |known| known.key = Some((key, Some(proof))));
    }

    /// What proves a domain's key leads to another organisation than the one that we know, with
    /// this key; the admin is told once.
    pub(super) fn replaced(&self, domain: &ServerName, key: NodePublicKey) {
        let shown = BASE64.encode(key.as_bytes());
        self.change(domain, |known| {
            if known.refused.replace(key) != Some(key) {
                tracing::error!(
                    %domain, key = shown,
                    "a domain's key was replaced by one that nothing connects with it; nothing is \
                     taken under it until you say so: comity peers show"
                );
            }
        });
    }

    /// The admin has decided: a domain is dialled anew, as if nothing had been known of it.
    pub fn accepted(&self, domain: ServerName) {
        self.forget(&domain);
        self.change(&domain, |_| {});
        self.retry(domain);
    }

    /// It cannot be linked, or the link with it is over.
    pub(super) fn failed(&self, domain: &ServerName, trouble: Trouble) {
        self.change(domain, |known| {
            known.is_dialling = false;
            known.trouble = Some((clock::unix_ms(), trouble));
        });
    }

    /// When it is dialled again, by the clock that never goes back.
    pub(super) fn put_off(&self, domain: &ServerName, next_try_ms: Option<u64>) {
        self.change(domain, |known| known.next_try_ms = next_try_ms);
    }

    /// A link with this run of its node is up.
    pub(super) fn up(&self, domain: &ServerName, (number, run): (u64, u64), is_dialled: bool) {
        self.change(domain, |known| {
            known.copies.handle_up(domain, number, run, clock::unix_ms());
            known.up = Some((number, clock::unix_ms(), is_dialled));
            known.refused = None;
            (known.is_dialling, known.next_try_ms) = (false, None);
        });
    }

    /// The peer of a link has shown this key, and it is the right one. What counts what goes over
    /// the link.
    pub(super) fn met(&self, domain: &ServerName, key: NodePublicKey) -> Arc<Meter> {
        let mut meter = Arc::default();
        self.change(domain, |known| {
            if known.key.is_none_or(|(before, _)| before != key) {
                known.key = Some((key, None));
            }
            meter = Arc::clone(&known.meter);
        });
        meter
    }

    /// A link is over; another one with the domain may be up already.
    pub(super) fn down(&self, domain: &ServerName, number: u64) {
        self.change(domain, |known| {
            if known.up.take_if(|(up, ..)| *up == number).is_some() {
                known.ended_unix_ms = Some(clock::unix_ms());
            }
        });
    }

    /// Its node has ended our only link for a newer one, while there were links up to `newest`.
    pub(super) fn replaced_by_another(&self, domain: &ServerName, newest: u64) {
        self.change(domain, |known| known.copies.handle_replaced(newest));
    }

    pub(super) fn forget(&self, domain: &ServerName) {
        self.lock().remove(domain);
    }

    fn change(&self, domain: &ServerName, change: impl FnOnce(&mut Known)) {
        let mut all = self.lock();
        if all.len() < DOMAINS_MAX || all.contains_key(domain) {
            change(all.entry(domain.clone()).or_default());
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ServerName, Known>> {
        lock(&self.0.known)
    }
}

impl Known {
    fn state(&self, now_ms: u64) -> LinkState {
        LinkState {
            up: self.up.map(|(_, since, is_dialled)| (since, is_dialled)),
            down_since_unix_ms: self.ended_unix_ms.filter(|_| self.up.is_none()),
            is_dialling: self.is_dialling,
            next_try_ms: self.next_try_ms.map(|at_ms| at_ms.saturating_sub(now_ms)),
            heard_unix_ms: self.meter.heard_unix_ms(),
            trouble: self.trouble.clone(),
            key: self.key,
            refused: self.refused,
            traffic: self.meter.traffic(now_ms),
            copies: self.copies.found(),
        }
    }
}
