//! The machine: devices come, beat, choose and go; accounts change, and whoever watches is told.
//!
//! Order of calls: a command or a `handle_*` for what arrived; then `poll_timeout` for the one
//! timer to arm, and `poll_outgoing` for each link that is up. Sockets are told from within
//! `handle_timeout`, and a new one from within `attend`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use comity_protocol::frame::Frame;
use comity_protocol::id::{AccountId, AccountNumber, LineageId};

use crate::beat::{Beat, Pace};
use crate::device::Device;
use crate::leases::Peer;
use crate::limits::{
    BEATS_PER_S, COALESCE_MAX_MS, COALESCE_MS, FRAMES_PER_S, PACE_DOUBLINGS_MAX, SLOW_BEATS,
    Settings, WRITE_AFTER_MS, WRITTEN_MAX,
};
use crate::model::{Choice, Now, Relations, Shown};
use crate::sink::{Attendance, Sink};
use crate::user::{Slot, Users};

/// What goes to another organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// What may be lost.
    Datagram(Frame),
    /// What may not.
    Stream(Frame),
}

/// Who is there. `S` is an open socket of a device.
pub struct Presence<S: Sink> {
    pub(crate) settings: Settings,
    pub(crate) users: Users<S>,
    /// Devices that are there, with their account.
    devices: HashMap<u64, Slot>,
    /// When which device's beat is looked at.
    looks: BTreeSet<(u64, u64)>,
    /// Accounts of which something may have changed.
    pub(crate) dirty: Vec<Slot>,
    /// Accounts of ours whose relations may have.
    pub(crate) unsettled: BTreeSet<AccountNumber>,
    /// When changes are told next.
    pub(crate) flush_ms: Option<u64>,
    /// Not before this.
    rested_ms: u64,
    pub(crate) peers: BTreeMap<LineageId, Peer>,
    /// When something is due for one of them.
    pub(crate) peers_ms: Option<u64>,
    /// Accounts of ours of which other organisations are told later, by when.
    pub(crate) waiting: BTreeSet<(u64, Slot)>,
    /// The version of the last entry that went to another organisation.
    pub(crate) version: u64,
    /// Times of activity that are not written yet.
    actives: BTreeMap<AccountNumber, u64>,
    actives_ms: Option<u64>,
    /// How often the pace is doubled, and since when.
    doublings: u32,
    paced_ms: u64,
    last_sink: u64,
}

impl<S: Sink> Presence<S> {
    /// Nobody is there yet. `own` is our lineage.
    pub fn new(own: LineageId, settings: Settings) -> Self {
        Self {
            settings,
            users: Users::new(own),
            devices: HashMap::new(),
            looks: BTreeSet::new(),
            dirty: Vec::new(),
            unsettled: BTreeSet::new(),
            flush_ms: None,
            rested_ms: 0,
            peers: BTreeMap::new(),
            peers_ms: None,
            waiting: BTreeSet::new(),
            version: 0,
            actives: BTreeMap::new(),
            actives_ms: None,
            doublings: 0,
            paced_ms: 0,
            last_sink: 0,
        }
    }

    /// How often devices are to beat at the moment.
    pub fn pace(&self) -> Pace {
        let Settings { heartbeat_ms, timeout_ms } = self.settings;
        if self.doublings == 0 {
            return Pace { heartbeat_ms, timeout_ms };
        }
        let heartbeat_ms = heartbeat_ms << self.doublings;
        Pace { heartbeat_ms, timeout_ms: timeout_ms.max(SLOW_BEATS * heartbeat_ms) }
    }

    /// Accounts that are known here at the moment.
    pub fn known(&self) -> usize {
        self.users.count()
    }

    /// Our lineage.
    pub fn own(&self) -> LineageId {
        self.users.own()
    }

    /// Whether the node of an account was asked how it is, and has not answered yet.
    pub fn is_awaited(&self, account: AccountId) -> bool {
        let is_up = self.peers.get(&account.lineage).is_some_and(Peer::is_up);
        let user = self.users.of(account).filter(|_| is_up);
        user.is_some_and(|user| !user.watchers.is_empty() && user.heard.version == 0)
    }

    /// Whether an account is there.
    pub fn is_there(&self, account: AccountId) -> bool {
        self.users.of(account).is_some_and(|user| user.is_there())
    }

    /// Devices of an account that are there, each with how it says its user is.
    pub fn devices_of(&self, account: AccountId) -> impl Iterator<Item = (u64, Choice)> + '_ {
        let devices = self.users.of(account).into_iter().flat_map(|user| &user.devices);
        devices.map(|device| (device.id, device.choice))
    }

    /// What is to be shown of an account now; `None` where nothing is known of it at the moment.
    pub fn shown(&self, account: AccountId) -> Option<Shown> {
        let user = self.users.of(account)?;
        Some(if account.lineage == self.users.own() { user.local() } else { user.remote() })
    }

    /// The open sockets of an account.
    pub fn sinks(&self, account: AccountId) -> impl Iterator<Item = &S> {
        self.users.of(account).into_iter().flat_map(|user| user.sinks())
    }

    /// A device gave a sign of life, perhaps its first for a while. `None` where its account is not
    /// known.
    pub fn connect(
        &mut self,
        account: AccountNumber,
        device: u64,
        relations: &impl Relations,
        now: Now,
    ) -> Option<Beat> {
        let id = AccountId { lineage: self.users.own(), number: account };
        let slot = self.users.make(id, || relations.person(id, account))?;
        let user = self.users.get_mut(slot)?;
        if let Some(known) = user.devices.iter().find(|known| known.id == device) {
            known.beat.beat(now.ms);
            return Some(known.beat.clone());
        }
        let was_there = user.is_there();
        let new = Device::new(device, now.ms);
        let beat = new.beat.clone();
        user.devices.push(new);
        self.devices.insert(device, slot);
        self.look_at(slot, device);
        if !was_there {
            self.note_active(account, now.unix_ms, now.ms);
            self.start_watching(slot, relations, now.ms);
        }
        self.mark(slot, now.ms);
        self.set_pace(now.ms);
        Some(beat)
    }

    /// A socket of a device is open: it is shown at once whom it watches, but for those who are
    /// offline, and from then on what changes.
    pub fn attend(&mut self, device: u64, sink: S) -> Option<Attendance> {
        let slot = *self.devices.get(&device)?;
        self.last_sink += 1;
        let number = self.last_sink;
        self.show_all(slot, &sink);
        if self.doublings > 0 {
            sink.pace(self.pace().heartbeat_ms);
        }
        let user = self.users.get_mut(slot)?;
        let known = user.devices.iter_mut().find(|known| known.id == device)?;
        known.sinks.push((number, sink));
        known.lost_ms = None;
        Some(Attendance(number))
    }

    /// A socket is shown anew whom its account watches, as it did not keep up.
    pub fn show_again(&self, device: u64, attendance: Attendance) {
        let Some(slot) = self.devices.get(&device) else { return };
        let user = self.users.get(*slot);
        let of_device = user.and_then(|user| user.devices.iter().find(|d| d.id == device));
        let mut sinks = of_device.into_iter().flat_map(|device| &device.sinks);
        if let Some((_, sink)) = sinks.find(|(number, _)| *number == attendance.0) {
            self.show_all(*slot, sink);
        }
    }

    /// A socket is over. Its device may come back, so that this alone is seen by nobody; it has the
    /// time for that which the settings say, however rarely it was asked for a beat.
    pub fn lose(&mut self, device: u64, attendance: Attendance, now: Now) {
        if self.drop_sink(device, attendance) != Some(0) {
            return;
        }
        let Some(slot) = self.devices.get(&device).copied() else { return };
        let user = self.users.get_mut(slot);
        let mut devices = user.into_iter().flat_map(|user| &mut user.devices);
        if let Some(known) = devices.find(|known| known.id == device) {
            known.lost_ms = Some(now.ms);
            self.looks.remove(&(known.look_ms, device));
            self.look_at(slot, device);
        }
    }

    /// The client of a socket took leave: its device is gone unless another socket of it is open.
    pub fn take_leave(&mut self, device: u64, attendance: Attendance, now: Now) {
        if self.drop_sink(device, attendance) == Some(0) {
            self.end(device, now.unix_ms, now.ms);
        }
    }

    /// A device was logged out.
    pub fn log_out(&mut self, device: u64, now: Now) {
        self.end(device, now.unix_ms, now.ms);
    }

    /// A device says how it is. Whether it is there.
    pub fn choose(&mut self, device: u64, choice: Choice, now: Now) -> bool {
        let Some(slot) = self.devices.get(&device).copied() else { return false };
        let user = self.users.get_mut(slot);
        let devices = user.into_iter().flat_map(|user| &mut user.devices);
        for known in devices.filter(|known| known.id == device) {
            known.beat.beat(now.ms);
            known.choice = choice;
        }
        self.mark(slot, now.ms);
        true
    }

    /// An account of ours says something else of itself, which is kept elsewhere.
    pub fn set_status(&mut self, account: AccountNumber, status: Option<Arc<str>>, now: Now) {
        let id = AccountId { lineage: self.users.own(), number: account };
        let Some(slot) = self.users.find(id) else { return };
        if let Some(user) = self.users.get_mut(slot) {
            user.status = status;
        }
        self.mark(slot, now.ms);
    }

    /// Whom accounts of ours may see, or who may see them, may have changed.
    pub fn unsettle(&mut self, accounts: impl IntoIterator<Item = AccountNumber>, now: Now) {
        let own = self.users.own();
        let known = |number: &AccountNumber| {
            self.users.find(AccountId { lineage: own, number: *number }).is_some()
        };
        let accounts: Vec<AccountNumber> = accounts.into_iter().filter(known).collect();
        if !accounts.is_empty() {
            self.unsettled.extend(accounts);
            self.arm_flush(now.ms + COALESCE_MS);
        }
    }

    /// A device says that somebody types at it. Whether that may be told: not too often.
    pub fn types(&mut self, device: u64, now: Now) -> bool {
        self.device_mut(device).is_some_and(|known| known.typing.take(now.ms))
    }

    /// A device says something else of its user. Whether that may be written: not too often.
    pub fn says(&mut self, device: u64, now: Now) -> bool {
        self.device_mut(device).is_some_and(|known| known.saying.take(now.ms))
    }

    /// When to call `handle_timeout`, in the first clock's ms.
    pub fn poll_timeout(&self) -> Option<u64> {
        let look = self.looks.first().map(|(at_ms, _)| *at_ms);
        let waiting = self.waiting.first().map(|(at_ms, _)| *at_ms);
        let others = [self.flush_ms, self.peers_ms, self.actives_ms];
        others.into_iter().flatten().chain(look).chain(waiting).min()
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, relations: &impl Relations, now: Now) {
        self.look(now);
        if self.flush_ms.is_some_and(|at_ms| at_ms <= now.ms) {
            self.flush_ms = None;
            self.settle(relations, now.ms);
            self.tell(now.ms);
        }
        self.tell_waiting(now.ms);
        self.serve_peers(now.ms);
    }

    /// When accounts of ours were there last, as far as that is to be written now: accounts with
    /// times in Unix milliseconds.
    pub fn poll_actives(&mut self, now: Now) -> Vec<(AccountNumber, u64)> {
        if self.actives_ms.is_none_or(|at_ms| at_ms > now.ms) {
            return Vec::new();
        }
        let mut taken = std::mem::take(&mut self.actives);
        if let Some((beyond, _)) = taken.iter().nth(WRITTEN_MAX) {
            self.actives = taken.split_off(&beyond.clone());
        }
        self.actives_ms = (!self.actives.is_empty()).then_some(now.ms);
        taken.into_iter().collect()
    }

    /// The process ends: everybody who is there was there until now.
    pub fn finish(&mut self, now: Now) {
        let there = self.devices.values().filter_map(|slot| self.users.get(*slot));
        let numbers: Vec<AccountNumber> = there.map(|user| user.account.number).collect();
        for number in numbers {
            self.actives.insert(number, now.unix_ms);
        }
        self.actives_ms = (!self.actives.is_empty()).then_some(now.ms);
    }

    /// Something of an account may have changed.
    pub(crate) fn mark(&mut self, slot: Slot, now_ms: u64) {
        if let Some(user) = self.users.get_mut(slot)
            && !std::mem::replace(&mut user.is_dirty, true)
        {
            self.dirty.push(slot);
            self.arm_flush(now_ms + COALESCE_MS);
        }
    }

    pub(crate) fn arm_flush(&mut self, at_ms: u64) {
        let at_ms = at_ms.max(self.rested_ms);
        self.flush_ms = Some(self.flush_ms.map_or(at_ms, |armed_ms| armed_ms.min(at_ms)));
    }

    /// Has the next changes wait the longer, the more frames the last ones took: then more of them
    /// go in one.
    pub(crate) fn rest(&mut self, frames: u64, now_ms: u64) {
        self.rested_ms = now_ms + (frames * 1_000 / FRAMES_PER_S).min(COALESCE_MAX_MS);
        self.flush_ms = self.flush_ms.map(|at_ms| at_ms.max(self.rested_ms));
    }

    fn device_mut(&mut self, device: u64) -> Option<&mut Device<S>> {
        let user = self.users.get_mut(*self.devices.get(&device)?)?;
        user.devices.iter_mut().find(|known| known.id == device)
    }

    fn drop_sink(&mut self, device: u64, attendance: Attendance) -> Option<usize> {
        let slot = *self.devices.get(&device)?;
        let user = self.users.get_mut(slot)?;
        let known = user.devices.iter_mut().find(|known| known.id == device)?;
        known.sinks.retain(|(number, _)| *number != attendance.0);
        Some(known.sinks.len())
    }

    fn end(&mut self, device: u64, active_unix_ms: u64, now_ms: u64) {
        let Some(slot) = self.devices.remove(&device) else { return };
        let Some(user) = self.users.get_mut(slot) else { return };
        if let Some(at) = user.devices.iter().position(|known| known.id == device) {
            let gone = user.devices.swap_remove(at);
            self.looks.remove(&(gone.look_ms, device));
        }
        if !user.is_there() {
            user.last_active_unix_ms = user.last_active_unix_ms.max(Some(active_unix_ms));
            let number = user.account.number;
            self.note_active(number, active_unix_ms, now_ms);
            self.stop_watching(slot);
        }
        self.mark(slot, now_ms);
    }

    fn note_active(&mut self, account: AccountNumber, unix_ms: u64, now_ms: u64) {
        self.actives.insert(account, unix_ms);
        self.actives_ms.get_or_insert(now_ms + WRITE_AFTER_MS);
    }

    /// Looks at the beats that are due.
    fn look(&mut self, now: Now) {
        let mut has_looked = false;
        while let Some((at_ms, device)) = self.looks.first().copied()
            && at_ms <= now.ms
        {
            has_looked = true;
            self.looks.pop_first();
            let Some(slot) = self.devices.get(&device).copied() else { continue };
            let user = self.users.get(slot);
            let known = user.and_then(|user| user.devices.iter().find(|d| d.id == device));
            let Some(known) = known else { continue };
            if self.gone_ms(known) <= now.ms {
                let silent_ms = now.ms.saturating_sub(known.beat.last_ms());
                self.end(device, now.unix_ms.saturating_sub(silent_ms), now.ms);
            } else {
                self.look_at(slot, device);
            }
        }
        if has_looked {
            self.set_pace(now.ms);
        }
    }

    /// When a device counts as gone that gives no other sign of life.
    fn gone_ms(&self, known: &Device<S>) -> u64 {
        let last_ms = known.beat.last_ms();
        let silent_ms = last_ms + self.pace().timeout_ms;
        let lost_ms = known.lost_ms.map(|lost_ms| lost_ms.max(last_ms) + self.settings.timeout_ms);
        lost_ms.map_or(silent_ms, |lost_ms| lost_ms.min(silent_ms))
    }

    /// Plans when a device is looked at. Devices are looked at together, a little late, rather than
    /// each at its moment.
    fn look_at(&mut self, slot: Slot, device: u64) {
        let grain_ms = (self.settings.timeout_ms / 64).max(1);
        let user = self.users.get(slot);
        let known = user.and_then(|user| user.devices.iter().find(|known| known.id == device));
        let Some(gone_ms) = known.map(|known| self.gone_ms(known)) else { return };
        let at_ms = gone_ms.div_ceil(grain_ms) * grain_ms;
        let user = self.users.get_mut(slot);
        let mut devices = user.into_iter().flat_map(|user| &mut user.devices);
        if let Some(known) = devices.find(|known| known.id == device) {
            known.look_ms = at_ms;
            self.looks.insert((at_ms, device));
        }
    }

    /// Asks for fewer beats where there are many devices, and for more again, a step at a time,
    /// once all have had the time to hear of the last one.
    fn set_pace(&mut self, now_ms: u64) {
        let per_s = |doublings: u32| {
            self.devices.len() as u64 * 1_000 / (self.settings.heartbeat_ms << doublings).max(1)
        };
        let before = self.doublings;
        let mut doublings = before;
        while doublings < PACE_DOUBLINGS_MAX && per_s(doublings) > BEATS_PER_S {
            doublings += 1;
        }
        let is_settled = now_ms >= self.paced_ms + self.pace().timeout_ms;
        if doublings > 0 && is_settled && per_s(doublings - 1) <= BEATS_PER_S * 3 / 4 {
            doublings -= 1;
        }
        if doublings == before {
            return;
        }
        (self.doublings, self.paced_ms) = (doublings, now_ms);
        let heartbeat_ms = self.pace().heartbeat_ms;
        let there = self.devices.iter().filter_map(|(id, slot)| {
            self.users.get(*slot)?.devices.iter().find(|device| device.id == *id)
        });
        there.flat_map(|device| &device.sinks).for_each(|(_, sink)| sink.pace(heartbeat_ms));
    }
}
