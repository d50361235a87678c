//! What happened since the task looked last. It is written by the writer's thread, which must not
//! wait: a short list, and a flag where it grew too long.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use comity_machine::{Applied, ChannelNo, DeviceId, Outcome, Subscriber};
use comity_protocol::control::{ControlAct, ControlHeader};
use comity_protocol::cursor::Pos;
use comity_protocol::id::{AccountId, AccountNumber, LogName};

use crate::edge::lock;
use crate::edge::reading::is_message;

/// Records that wait to be looked at; beyond it, what is unread is looked through instead.
const RECORDS_MAX: usize = 65_536;

/// A message, or something else, of which somebody may have to be told.
pub(super) struct Said {
    pub(super) no: ChannelNo,
    pub(super) pos: Pos,
    pub(super) sender: Option<AccountId>,
    pub(super) mentioned: Vec<AccountNumber>,
    /// Who is in the channel, where it is a message.
    pub(super) audience: Arc<[Subscriber]>,
    /// Of whom it may want an answer, or whom it takes out: what waited for them may be over.
    pub(super) called: Vec<AccountNumber>,
}

/// What happened.
#[derive(Default)]
pub(super) struct Happened {
    pub(super) said: Vec<Said>,
    /// Accounts that have read, where, and on which device last.
    pub(super) read: BTreeMap<(AccountNumber, ChannelNo), DeviceId>,
    /// Accounts whose subscriptions, or wishes, have changed.
    pub(super) subscribed: BTreeSet<AccountNumber>,
    pub(super) logged_out: Vec<DeviceId>,
    /// Whether something was left out.
    pub(super) is_short: bool,
}

pub(super) struct Notes {
    /// Whether any device was ever subscribed in this run: nothing is noted before.
    is_needed: AtomicBool,
    happened: Mutex<Happened>,
}

impl Notes {
    pub(super) fn new(subscribed: usize) -> Self {
        Self { is_needed: AtomicBool::new(subscribed > 0), happened: Mutex::default() }
    }

    /// Notes messages and log-outs; whether there is something to look at.
    pub(super) fn published(&self, applied: &[Applied], logged_out: &[DeviceId]) -> bool {
        if !self.is_needed.load(Ordering::Relaxed) {
            return false;
        }
        let said = applied.iter().filter_map(said);
        let mut happened = lock(&self.happened);
        for said in said {
            if happened.said.len() >= RECORDS_MAX {
                happened.is_short = true;
                break;
            }
            happened.said.push(said);
        }
        happened.logged_out.extend_from_slice(logged_out);
        !happened.said.is_empty() || !happened.logged_out.is_empty()
    }

    /// Notes that an account has read on a device; whether that is to be looked at.
    pub(super) fn read(&self, account: AccountNumber, no: ChannelNo, device: DeviceId) -> bool {
        let is_needed = self.is_needed.load(Ordering::Relaxed);
        is_needed && lock(&self.happened).read.insert((account, no), device).is_none()
    }

    pub(super) fn subscribed(&self, account: AccountNumber) {
        self.is_needed.store(true, Ordering::Relaxed);
        lock(&self.happened).subscribed.insert(account);
    }

    /// How many records wait to be looked at, and how many may.
    pub(super) fn waiting(&self) -> (usize, usize) {
        (lock(&self.happened).said.len(), RECORDS_MAX)
    }

    pub(super) fn take(&self) -> Happened {
        std::mem::take(&mut *lock(&self.happened))
    }
}

/// What a record says, if anybody may have to be told.
fn said(applied: &Applied) -> Option<Said> {
    let is_event = matches!(applied.log.name, LogName::Message { .. });
    let is_heard = applied.is_listed() && !applied.is_unheard;
    let is_message = is_event && is_heard && is_message(&applied.record.header);
    let mut called = applied.inbox.clone();
    called.extend(parted(applied).filter(|account| !called.contains(account)));
    let is_call = applied.outcome == Outcome::Accepted && !called.is_empty();
    (is_message || is_call).then(|| Said {
        no: applied.channel,
        pos: applied.pos,
        sender: applied.sender,
        mentioned: applied.mentioned.clone(),
        audience: if is_message { Arc::clone(&applied.audience) } else { Arc::from([]) },
        called,
    })
}

/// Whom a control record takes out of its channel, who was in it.
fn parted(applied: &Applied) -> Option<AccountNumber> {
    if !matches!(applied.log.name, LogName::Control { .. }) {
        return None;
    }
    let account = match ControlHeader::decode(&applied.record.header).ok()?.act().ok()? {
        ControlAct::Ban(ban) => ban.account,
        ControlAct::Leave(target) | ControlAct::Remove(target) => target.account,
        _ => return None,
    };
    let is_here = applied.audience.contains(&Subscriber::Account(account.number));
    is_here.then_some(account.number)
}
