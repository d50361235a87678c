//! Who is there, at work: the machine of presence behind a lock, a task that calls it when time has
//! come, and what it asks of the state. It writes nothing but, now and then, when accounts were
//! there last; it must not know how a socket or a link carries what it hands over.

mod activity;
mod links;
mod relations;
mod socket;
mod task;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use comity_client_api::{Heartbeat, Line, Presence as Card, PresenceState, Typing};
use comity_machine::{Applied, DeviceId, Outcome, Subscriber};
use comity_presence::{Beat, Choice, Now, Pace, Presence, Shown};
use comity_protocol::frame::Frame;
use comity_protocol::id::{AccountId, AccountNumber, ChannelId, LogName};
use comity_protocol::name::AccountLabel;
use tokio::sync::{Notify, watch};

use self::activity::Activity;
use self::relations::Ties;
use self::socket::{Queue, Round};
use crate::clock;
use crate::writer::Shared;

pub use self::links::{LinkPresence, Said};
pub use self::socket::Socket;
pub use self::task::PresenceTask;
pub use comity_presence::{Outgoing, Settings as PresenceSettings};

/// Who is there. Cheap to clone.
#[derive(Clone)]
pub struct Presences(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    machine: Mutex<Presence<Queue>>,
    /// Accounts whose relations may have changed since the task looked last.
    changed: Mutex<BTreeSet<AccountNumber>>,
    /// Devices that were logged out since then.
    logged_out: Mutex<Vec<DeviceId>>,
    /// When devices were used last.
    activity: Activity,
    /// Wakes the task.
    wake: Notify,
    /// Sockets to which the task is about to write by the short way.
    round: Arc<Round>,
    /// Links that carry what goes to their peers.
    links: links::Links,
    /// Counts what came from other organisations.
    heard: watch::Sender<u64>,
}

impl Presences {
    /// For a node whose state is founded.
    pub fn new(shared: Arc<Shared>, settings: PresenceSettings) -> Self {
        let own = shared.state().lineage();
        Self(Arc::new(Inner {
            shared,
            machine: Mutex::new(Presence::new(own, settings)),
            changed: Mutex::default(),
            logged_out: Mutex::default(),
            activity: Activity::default(),
            wake: Notify::new(),
            round: Arc::default(),
            links: links::Links::default(),
            heard: watch::channel(0).0,
        }))
    }

    /// How often clients are to give a sign of life at the moment.
    pub fn heartbeat(&self) -> Heartbeat {
        heartbeat(self.machine().pace())
    }

    /// A device gave a sign of life; more of them go straight into what this returns.
    pub fn connect(&self, account: AccountNumber, device: DeviceId) -> Option<Beat> {
        self.with(|machine, ties| machine.connect(account, device.0, ties, now()))
    }

    /// A socket of a device is open: from now on it is shown whom its account watches.
    pub fn attend(
        &self,
        account: AccountNumber,
        device: DeviceId,
        line: Option<Line>,
    ) -> Option<Socket> {
        self.connect(account, device)?;
        self.acts(device);
        let queue = Queue::new(line, &self.0.round);
        let attendance = self.machine().attend(device.0, queue.clone())?;
        Some(Socket::new(self.clone(), device, attendance, queue))
    }

    /// A device says how it is.
    pub fn choose(&self, account: AccountNumber, device: DeviceId, state: PresenceState) {
        self.acts(device);
        let choice = match state {
            PresenceState::Busy => Choice::Busy,
            PresenceState::Away => Choice::Away,
            _ => Choice::Online,
        };
        self.with(|machine, ties| {
            machine.connect(account, device.0, ties, now());
            machine.choose(device.0, choice, now())
        });
    }

    /// An account says something else of itself; it is written already.
    pub fn set_status(&self, account: AccountNumber, status: Option<&str>) {
        self.with(|machine, _| machine.set_status(account, status.map(Into::into), now()));
    }

    /// The accounts that labels name, as far as an account of ours may read how they are.
    pub fn readable(
        &self,
        reader: AccountNumber,
        labels: &[AccountLabel],
    ) -> Vec<Option<AccountId>> {
        let state = self.0.shared.state();
        let own = state.account_id(reader);
        let accounts = state.tied_accounts(reader, labels).into_iter();
        accounts.map(|account| account.filter(|account| state.may_read(*account, own))).collect()
    }

    /// How accounts are, as labels and what they name; unknown what they do not.
    pub fn look(
        &self,
        reader: AccountNumber,
        labels: Vec<AccountLabel>,
        accounts: &[Option<AccountId>],
    ) -> Vec<Arc<Card>> {
        let known: Vec<Option<Shown>> = {
            let machine = self.machine();
            accounts.iter().map(|account| machine.shown((*account)?)).collect()
        };
        // The state only now: who holds it must not wait for the machine, whose holder may wait
        // for it.
        let state = self.0.shared.state();
        let all = labels.into_iter().zip(accounts).zip(known);
        let shown = all.map(|((label, account), known)| {
            let kept = || relations::kept(&state, (*account)?, reader);
            known.or_else(kept).unwrap_or(Shown::unknown(label))
        });
        shown.map(|shown| Arc::new(socket::card(&shown))).collect()
    }

    /// Somebody uses a device.
    pub fn acts(&self, device: DeviceId) {
        self.0.activity.note(device, clock::monotonic_ms());
    }

    /// When an account of ours used one of its devices last, of those that are there and do not say
    /// that it is away; by the clock that never goes back.
    pub fn used_ms(&self, account: AccountNumber) -> Option<u64> {
        let there: Vec<DeviceId> = {
            let machine = self.machine();
            let devices = machine.devices_of(AccountId { lineage: machine.own(), number: account });
            let awake = devices.filter(|(_, choice)| *choice != Choice::Away);
            awake.map(|(id, _)| DeviceId(id)).collect()
        };
        self.0.activity.last(there.into_iter())
    }

    /// Whether a device of an account of ours is there; any, where none is named.
    pub fn is_there(&self, account: AccountNumber, device: Option<DeviceId>) -> bool {
        let machine = self.machine();
        let account = AccountId { lineage: machine.own(), number: account };
        machine.devices_of(account).any(|(id, _)| device.is_none_or(|device| id == device.0))
    }

    /// Whether the node of one of these accounts was asked and has not answered yet.
    pub fn is_awaited(&self, accounts: &[Option<AccountId>]) -> bool {
        let machine = self.machine();
        accounts.iter().flatten().any(|account| machine.is_awaited(*account))
    }

    /// Whether a device may say something else of its user now: not too often.
    pub fn may_say(&self, account: AccountNumber, device: DeviceId) -> bool {
        self.connect(account, device);
        self.machine().says(device.0, now())
    }

    /// Tells of each time that something came from another organisation.
    pub fn heard(&self) -> watch::Receiver<u64> {
        self.0.heard.subscribe()
    }

    /// Somebody of ours types on a device: told to who is there of a small channel, here and
    /// elsewhere.
    pub fn types(
        &self,
        account: AccountNumber,
        device: DeviceId,
        channel: ChannelId,
        is_typing: bool,
    ) {
        if !self.machine().types(device.0, now()) {
            return;
        }
        let state = self.0.shared.state();
        let own = state.account_id(account);
        let found = state.small_channel(&channel, own);
        let Some((no, known)) = found.filter(|(_, known)| !state.is_parted(known, own)) else {
            return;
        };
        let Some(label) = state.label(no, &own) else { return };
        let local = Arc::clone(&known.audience.local);
        let peers: Vec<_> = known.sharing_peers().collect();
        drop(state);
        self.tell_typing(&local, own, (channel, label, is_typing));
        let frame = Frame::Typing { channel, account, typing: is_typing };
        let mut machine = self.machine();
        peers.into_iter().for_each(|peer| machine.send_typing(peer, frame.clone()));
        self.0.links.wake(&machine);
    }

    /// What a step of the writer may have changed: whom accounts see.
    pub fn published(&self, applied: &[Applied], logged_out: &[DeviceId]) {
        let is_control = |applied: &&Applied| {
            matches!(applied.log.name, LogName::Control { .. })
                && applied.outcome == Outcome::Accepted
        };
        let mut changed = BTreeSet::new();
        for applied in applied {
            // Of a contact's step, and of what somebody is told who is out.
            changed.extend(applied.inbox.iter().copied());
            if is_control(&applied) {
                changed.extend(applied.audience.iter().filter_map(Subscriber::account));
            }
        }
        if !changed.is_empty() {
            self.ties_changed(changed);
        }
        if !logged_out.is_empty() {
            let mut gone = self.0.logged_out.lock().unwrap_or_else(PoisonError::into_inner);
            gone.extend_from_slice(logged_out);
            self.0.wake.notify_one();
        }
    }

    /// Whom accounts of ours may see, or who may see them, has changed.
    pub fn ties_changed(&self, accounts: impl IntoIterator<Item = AccountNumber>) {
        self.0.changed.lock().unwrap_or_else(PoisonError::into_inner).extend(accounts);
        self.0.wake.notify_one();
    }

    fn tell_typing(
        &self,
        local: &[Subscriber],
        typist: AccountId,
        (channel, account, is_typing): (ChannelId, AccountLabel, bool),
    ) {
        let typing = Typing { channel, account, is_typing, encoded: Default::default() };
        let typing = Arc::new(typing);
        let machine = self.machine();
        for number in local.iter().filter_map(Subscriber::account) {
            let account = AccountId { lineage: machine.own(), number };
            if account != typist {
                machine.sinks(account).for_each(|queue| queue.push_typing(&typing));
            }
        }
    }

    /// Calls the machine, and wakes the task where it has to look earlier than it meant to.
    fn with<T>(&self, call: impl FnOnce(&mut Presence<Queue>, &Ties<'_>) -> T) -> T {
        let mut machine = self.machine();
        let before = machine.poll_timeout();
        let done = call(&mut machine, &Ties(&self.0.shared));
        let after = machine.poll_timeout();
        if after.is_some_and(|after| before.is_none_or(|before| after < before)) {
            self.0.wake.notify_one();
        }
        self.0.links.wake(&machine);
        done
    }

    fn machine(&self) -> MutexGuard<'_, Presence<Queue>> {
        self.0.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now() -> Now {
    Now { ms: clock::monotonic_ms(), unix_ms: clock::unix_ms() }
}

fn heartbeat(pace: Pace) -> Heartbeat {
    Heartbeat {
        interval: Duration::from_millis(pace.heartbeat_ms),
        timeout: Duration::from_millis(pace.timeout_ms),
    }
}
