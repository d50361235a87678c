//! The accounts that presence knows at the moment: ours that are there, whoever they watch, and
//! ours that others lease. Each has a slot, so that who watches whom takes four bytes a side.

use std::collections::HashMap;
use std::sync::Arc;

use comity_protocol::id::{AccountId, LineageId};

use crate::device::{Device, state_of};
use crate::model::{Person, Shown};
use crate::sink::Sink;

/// A place in the table of accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot(pub(crate) u32);

/// An account.
pub(crate) struct User<S: Sink> {
    pub(crate) account: AccountId,
    /// Its devices that are there; none of an account of another organisation.
    pub(crate) devices: Vec<Device<S>>,
    pub(crate) status: Option<Arc<str>>,
    pub(crate) last_active_unix_ms: Option<u64>,
    /// What its watchers were told.
    pub(crate) shown: Shown,
    pub(crate) card: S::Card,
    /// When that was.
    pub(crate) told_ms: Option<u64>,
    /// Whether it is to be looked at with the next telling.
    pub(crate) is_dirty: bool,
    /// Of an account that is there: whom it watches, in order.
    pub(crate) watched: Vec<Slot>,
    /// Accounts of ours that are there and watch it, in order.
    pub(crate) watchers: Vec<Slot>,
    /// Organisations that lease it, each until when.
    pub(crate) leases: Vec<(LineageId, u64)>,
    /// When other organisations were told of a change last.
    pub(crate) sent_ms: Option<u64>,
    /// Whether they are to be once the time between two changes is over.
    pub(crate) is_waiting: bool,
    /// Of an account of another organisation: what its node says.
    pub(crate) heard: Heard,
}

/// What the node of an account says of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    /// The newest entry's version; 0 before the first on a link.
    pub(crate) version: u64,
    /// Until when it counts without another.
    pub(crate) until_ms: u64,
    /// Where its node does not tell: when it is asked again, and the pause before that.
    pub(crate) retry: Option<(u64, u64)>,
    /// What is to be shown.
    pub(crate) shown: Option<Shown>,
}

impl<S: Sink> User<S> {
    fn new(account: AccountId, person: Person, is_ours: bool) -> Self {
        let Person { label, status, last_active_unix_ms } = person;
        let unknown = Shown::unknown(label);
        let mut user = Self {
            account,
            devices: Vec::new(),
            status,
            last_active_unix_ms,
            card: S::card(&unknown),
            shown: unknown,
            told_ms: None,
            is_dirty: false,
            watched: Vec::new(),
            watchers: Vec::new(),
            leases: Vec::new(),
            sent_ms: None,
            is_waiting: false,
            heard: Heard::default(),
        };
        if is_ours {
            user.shown = user.local();
            user.card = S::card(&user.shown);
        }
        user
    }

    /// What an account of ours comes to now.
    pub(crate) fn local(&self) -> Shown {
        let state = state_of(&self.devices);
        let last_active = self.last_active_unix_ms.filter(|_| self.devices.is_empty());
        let (label, status) = (self.shown.label.clone(), self.status.clone());
        Shown { label, state, status, last_active_unix_ms: last_active }
    }

    /// What is shown of an account of another organisation now.
    pub(crate) fn remote(&self) -> Shown {
        let heard = self.heard.shown.clone();
        heard.unwrap_or_else(|| Shown::unknown(self.shown.label.clone()))
    }

    pub(crate) fn is_there(&self) -> bool {
        !self.devices.is_empty()
    }

    fn is_needed(&self) -> bool {
        self.is_there()
            || self.is_dirty
            || self.is_waiting
            || !self.watchers.is_empty()
            || !self.leases.is_empty()
    }

    /// Its open sockets.
    pub(crate) fn sinks(&self) -> impl Iterator<Item = &S> {
        self.devices.iter().flat_map(|device| device.sinks.iter().map(|(_, sink)| sink))
    }
}

/// All accounts that are known.
pub(crate) struct Users<S: Sink> {
    own: LineageId,
    slots: Vec<Option<Box<User<S>>>>,
    free: Vec<Slot>,
    by_account: HashMap<AccountId, Slot>,
}

impl<S: Sink> Users<S> {
    pub(crate) fn new(own: LineageId) -> Self {
        Self { own, slots: Vec::new(), free: Vec::new(), by_account: HashMap::new() }
    }

    pub(crate) fn own(&self) -> LineageId {
        self.own
    }

    pub(crate) fn find(&self, account: AccountId) -> Option<Slot> {
        self.by_account.get(&account).copied()
    }

    pub(crate) fn get(&self, slot: Slot) -> Option<&User<S>> {
        self.slots.get(slot.0 as usize)?.as_deref()
    }

    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut User<S>> {
        self.slots.get_mut(slot.0 as usize)?.as_deref_mut()
    }

    pub(crate) fn of(&self, account: AccountId) -> Option<&User<S>> {
        self.get(self.find(account)?)
    }

    /// The slot of an account, which is made where there is none.
    pub(crate) fn make(
        &mut self,
        account: AccountId,
        person: impl FnOnce() -> Option<Person>,
    ) -> Option<Slot> {
        if let Some(slot) = self.find(account) {
            return Some(slot);
        }
        let user = Some(Box::new(User::new(account, person()?, account.lineage == self.own)));
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                let slot = Slot(u32::try_from(self.slots.len()).ok()?);
                self.slots.push(None);
                slot
            }
        };
        if let Some(place) = self.slots.get_mut(slot.0 as usize) {
            *place = user;
        }
        self.by_account.insert(account, slot);
        Some(slot)
    }

    /// Forgets an account that nobody needs any more.
    pub(crate) fn let_go(&mut self, slot: Slot) {
        let Some(user) = self.get(slot).filter(|user| !user.is_needed()) else { return };
        let account = user.account;
        self.by_account.remove(&account);
        if let Some(place) = self.slots.get_mut(slot.0 as usize) {
            *place = None;
        }
        self.free.push(slot);
    }

    pub(crate) fn count(&self) -> usize {
        self.by_account.len()
    }
}
