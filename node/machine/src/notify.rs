//! What devices of ours are told while nobody looks at them: where a push service takes it, of what
//! an account wants to hear, and up to where each device was told. Nothing here waits in a queue:
//! what is to be told is what is unread beyond that.

use std::collections::BTreeMap;

use comity_protocol::cbor::ByteString;
use comity_protocol::code::Code;
use comity_protocol::cursor::Pos;
use comity_protocol::id::{AccountNumber, ChannelId};
use minicbor::{Decode, Encode};

use crate::answer::Answer;
use crate::channel::ChannelNo;
use crate::command::DeviceId;
use crate::rows::RowKey;
use crate::state::{Effects, State};

/// Bytes of an endpoint, and of what a gateway knows a device by.
pub const PUSH_TEXT_BYTES_MAX: usize = 2_048;
/// Bytes of a time zone's name.
const ZONE_BYTES_MAX: usize = 64;
/// Minutes of a day.
const DAY_MINUTES: u16 = 24 * 60;
/// The longest that an account may wish to be left alone after it was active, in seconds.
const IDLE_S_MAX: u32 = 24 * 60 * 60;

/// Of which messages an account's devices are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Level {
    /// Of all.
    #[n(0)]
    #[default]
    All,
    /// Of those that mention it, and of all in direct channels.
    #[n(1)]
    Mentions,
    /// Of none.
    #[n(2)]
    Nothing,
}

/// Hours of the day in which an account's devices are told nothing.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Quiet {
    /// Since when, in minutes of the day.
    #[n(0)]
    pub from: u16,
    /// Until when; of the next day where it is not later.
    #[n(1)]
    pub until: u16,
    /// The time zone's name in the IANA database.
    #[n(2)]
    pub zone: String,
}

/// What an account wants to be told.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Wishes {
    /// Of channels of which it says nothing else.
    #[n(0)]
    pub level: Level,
    /// When nothing.
    #[n(1)]
    pub quiet: Option<Quiet>,
    /// For how many seconds after it was active on a device that is there the others stay silent.
    #[n(2)]
    pub idle_s: u32,
}

impl Default for Wishes {
    fn default() -> Self {
        Self { level: Level::All, quiet: None, idle_s: 300 }
    }
}

/// Who takes what a device is told.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub enum PushTarget {
    /// A push service (RFC 8030).
    #[n(0)]
    WebPush {
        /// Where.
        #[n(0)]
        endpoint: String,
        /// The device's public key (RFC 8291 section 2).
        #[n(1)]
        key: ByteString,
        /// Its authentication secret.
        #[n(2)]
        secret: ByteString,
    },
    /// A gateway to a vendor's service.
    #[n(1)]
    Gateway {
        /// Where.
        #[n(0)]
        url: String,
        /// The app, as the gateway knows it.
        #[n(1)]
        app: String,
        /// The device, as the vendor's service knows it.
        #[n(2)]
        key: String,
    },
}

/// Where it leads to is a secret of the device: whoever has it can tell the device things.
impl std::fmt::Debug for PushTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::WebPush { .. } => "WebPush",
            Self::Gateway { .. } => "Gateway",
        })
    }
}

/// That a device is told while nobody looks at it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PushSubscription {
    /// Who takes it.
    #[n(0)]
    pub target: PushTarget,
    /// Whether texts and names go along, or ids alone.
    #[n(1)]
    pub content: bool,
    /// Of what came up to here it is not told.
    #[n(2)]
    pub since: Pos,
    /// The command that said so last.
    #[n(3)]
    pub changed: Pos,
}

/// A change of what devices are told. The order of variants is that of the journal's format: append
/// only.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Notify {
    /// A device is to be told of messages while nobody looks at it.
    #[n(0)]
    Subscribe {
        /// Its account.
        #[n(0)]
        account: AccountNumber,
        /// The device.
        #[n(1)]
        device: DeviceId,
        /// Who takes it; judged by whoever proposes the command.
        #[n(2)]
        target: PushTarget,
        /// Whether texts and names go along.
        #[n(3)]
        content: bool,
    },
    /// It is not to be any longer.
    #[n(1)]
    Unsubscribe {
        /// The device.
        #[n(0)]
        device: DeviceId,
        /// What is meant is what that command subscribed to; whatever there is where absent.
        #[n(1)]
        changed: Option<Pos>,
    },
    /// An account says what its devices are to be told.
    #[n(2)]
    SetWishes {
        /// Which.
        #[n(0)]
        account: AccountNumber,
        /// What.
        #[n(1)]
        wishes: Wishes,
    },
    /// An account says of which messages of a channel it wants to hear.
    #[n(3)]
    SetLevel {
        /// Which.
        #[n(0)]
        account: AccountNumber,
        /// The channel.
        #[n(1)]
        channel: ChannelId,
        /// Of which; as of all others where absent.
        #[n(2)]
        level: Option<Level>,
    },
    /// Push services took what devices were to be told.
    #[n(4)]
    NoteTold {
        /// Up to where each knows of a channel; absent where it shows nothing of it any more.
        #[n(0)]
        told: Vec<(DeviceId, ChannelNo, Option<Pos>)>,
    },
}

/// What devices were told.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Told {
    /// Up to where, by device and channel; absent where it shows nothing of the channel.
    by_device: BTreeMap<(DeviceId, ChannelNo), Pos>,
}

impl Told {
    pub(crate) fn get(&self, device: DeviceId, no: ChannelNo) -> Option<Pos> {
        self.by_device.get(&(device, no)).copied()
    }

    pub(crate) fn set(&mut self, device: DeviceId, no: ChannelNo, pos: Pos) {
        self.by_device.insert((device, no), pos);
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (DeviceId, ChannelNo)> + '_ {
        self.by_device.keys().copied()
    }

    fn of(&self, device: DeviceId) -> Vec<ChannelNo> {
        let of = (device, ChannelNo(0))..=(device, ChannelNo(u32::MAX));
        self.by_device.range(of).map(|((_, no), _)| *no).collect()
    }
}

impl State {
    /// What an account wants to be told.
    pub fn wishes(&self, account: AccountNumber) -> Wishes {
        let known = self.accounts.get(&account).and_then(|account| account.wishes.clone());
        known.unwrap_or_default()
    }

    /// Whether an account has changed what it wants to be told after a place in the feed.
    pub fn wishes_changed(&self, account: AccountNumber, since: Pos) -> bool {
        self.accounts.get(&account).is_some_and(|account| account.wishes_changed > since)
    }

    /// What an account says of one channel, where it does.
    pub fn level_of(&self, account: AccountNumber, no: ChannelNo) -> Option<Level> {
        self.accounts.get(&account)?.levels.get(&no).copied()
    }

    /// Of which messages of a channel an account is told. A channel that it has muted is heard of
    /// by mentions alone.
    pub fn level(&self, account: AccountNumber, no: ChannelNo) -> Level {
        let own = self.accounts.get(&account).and_then(|known| known.wishes.as_ref());
        let level = self.level_of(account, no).or(own.map(|wishes| wishes.level));
        match level.unwrap_or_default() {
            Level::All if self.is_muted(account, no) => Level::Mentions,
            level => level,
        }
    }

    /// Up to where a device was told of a channel, if it shows something of it.
    pub fn told(&self, device: DeviceId, no: ChannelNo) -> Option<Pos> {
        self.told.get(device, no)
    }

    /// Devices and channels of which they show something.
    pub fn all_told(&self) -> impl Iterator<Item = (DeviceId, ChannelNo)> + '_ {
        self.told.all()
    }

    /// Devices that are told, with their account.
    pub fn subscribed(&self) -> impl Iterator<Item = (DeviceId, AccountNumber)> + '_ {
        let subscribed = self.devices.iter().filter(|(_, device)| device.push.is_some());
        subscribed.map(|(id, device)| (*id, device.account))
    }

    /// Those of an account, each with what it subscribed to.
    pub fn subscriptions(
        &self,
        account: AccountNumber,
    ) -> impl Iterator<Item = (DeviceId, &PushSubscription)> + '_ {
        let devices = self.accounts.get(&account).into_iter().flat_map(|known| &known.devices);
        devices.filter_map(|id| Some((*id, self.devices.get(id)?.push.as_ref()?)))
    }

    /// Changes what devices are told.
    pub(crate) fn tell_devices(
        &mut self,
        notify: &Notify,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        match notify {
            Notify::Subscribe { account, device, target, content } => {
                self.subscribe(*account, *device, (target, *content), fx)
            }
            Notify::Unsubscribe { device, changed } => Ok(self.unsubscribe(*device, *changed, fx)),
            Notify::SetWishes { account, wishes } => self.set_wishes(*account, wishes, fx),
            Notify::SetLevel { account, channel, level } => {
                self.set_level(*account, channel, *level, fx)
            }
            Notify::NoteTold { told } => Ok(self.note_told(told, fx)),
        }
    }

    fn subscribe(
        &mut self,
        account: AccountNumber,
        id: DeviceId,
        (target, content): (&PushTarget, bool),
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        if !target.fits() {
            return Err(Code::PushRefused);
        }
        let device = self.devices.get_mut(&id).filter(|device| device.account == account);
        let device = device.ok_or(Code::DeviceNotFound)?;
        let changed = Pos::new(fx.command, 0);
        let before = device.push.take();
        let is_same = before
            .as_ref()
            .is_some_and(|known| known.target == *target && known.content == content);
        device.push = match before {
            Some(known) if is_same => Some(known),
            // What it has not been told yet it is told at its new place.
            before => Some(PushSubscription {
                target: target.clone(),
                content,
                since: before.map_or(changed, |known| known.since),
                changed,
            }),
        };
        if !is_same {
            fx.dirty(RowKey::Device(id));
            self.unsubscribe_others(account, id, target, fx);
        }
        Ok(Answer::Done)
    }

    /// A place is told once of an account: whoever logged in there anew has a new device.
    fn unsubscribe_others(
        &mut self,
        account: AccountNumber,
        id: DeviceId,
        target: &PushTarget,
        fx: &mut Effects,
    ) {
        let there = self.subscriptions(account);
        let there = there.filter(|(other, known)| *other != id && known.target.is_at(target));
        let others: Vec<DeviceId> = there.map(|(other, _)| other).collect();
        for other in others {
            self.unsubscribe(other, None, fx);
        }
    }

    fn unsubscribe(&mut self, id: DeviceId, changed: Option<Pos>, fx: &mut Effects) -> Answer {
        let device = self.devices.get_mut(&id);
        let is_meant = |known: &mut PushSubscription| changed.is_none_or(|at| at == known.changed);
        let taken = device.and_then(|device| device.push.take_if(is_meant));
        if taken.is_some() {
            fx.dirty(RowKey::Device(id));
            self.forget_told(id, fx);
        }
        Answer::Done
    }

    fn set_wishes(
        &mut self,
        number: AccountNumber,
        wishes: &Wishes,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        if !wishes.fit() {
            return Err(Code::Malformed);
        }
        let account = self.accounts.get_mut(&number).ok_or(Code::AccountNotFound)?;
        account.wishes = Some(wishes.clone()).filter(|wishes| *wishes != Wishes::default());
        account.wishes_changed = Pos::new(fx.command, 0);
        fx.dirty(RowKey::Account(number));
        Ok(Answer::Done)
    }

    fn set_level(
        &mut self,
        number: AccountNumber,
        channel: &ChannelId,
        level: Option<Level>,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        let no = self.joined(number, channel)?;
        let account = self.accounts.get_mut(&number).ok_or(Code::AccountNotFound)?;
        let before = match level {
            Some(level) => account.levels.insert(no, level),
            None => account.levels.remove(&no),
        };
        if before != level {
            account.wishes_changed = Pos::new(fx.command, 0);
            fx.dirty(RowKey::Account(number));
        }
        Ok(Answer::Done)
    }

    fn note_told(
        &mut self,
        told: &[(DeviceId, ChannelNo, Option<Pos>)],
        fx: &mut Effects,
    ) -> Answer {
        for (device, no, pos) in told {
            let is_subscribed = self.devices.get(device).is_some_and(|known| known.push.is_some());
            let changed = match pos {
                Some(pos) if is_subscribed => {
                    self.told.by_device.insert((*device, *no), *pos) != Some(*pos)
                }
                _ => self.told.by_device.remove(&(*device, *no)).is_some(),
            };
            if changed {
                fx.dirty(RowKey::Told(*device, *no));
            }
        }
        Answer::Done
    }

    /// A device shows nothing any more.
    pub(crate) fn forget_told(&mut self, device: DeviceId, fx: &mut Effects) {
        for no in self.told.of(device) {
            self.told.by_device.remove(&(device, no));
            fx.dirty(RowKey::Told(device, no));
        }
    }
}

impl Notify {
    /// Bytes that it holds in memory, nearly.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::NoteTold { told } => told.len() * 32,
            Self::Subscribe { target, .. } => target.weight(),
            _ => 0,
        }
    }
}

impl PushTarget {
    fn weight(&self) -> usize {
        match self {
            Self::WebPush { endpoint, .. } => endpoint.len() + 81,
            Self::Gateway { url, app, key } => url.len() + app.len() + key.len(),
        }
    }

    /// Whether both lead to the same place.
    fn is_at(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::WebPush { endpoint, .. }, Self::WebPush { endpoint: at, .. }) => endpoint == at,
            (Self::Gateway { url, app, key }, Self::Gateway { url: at, app: of, key: by }) => {
                (url, app, key) == (at, of, by)
            }
            _ => false,
        }
    }

    /// Whether it is of a size that is kept. What it leads to is for whoever proposes the command.
    fn fits(&self) -> bool {
        let fits = |text: &str| !text.is_empty() && text.len() <= PUSH_TEXT_BYTES_MAX;
        match self {
            Self::WebPush { endpoint, key, secret } => {
                fits(endpoint) && key.len() == 65 && secret.len() == 16
            }
            Self::Gateway { url, app, key } => fits(url) && fits(app) && fits(key),
        }
    }
}

impl Wishes {
    /// Whether they are of a form that is kept.
    fn fit(&self) -> bool {
        let is_time = |minutes: u16| minutes < DAY_MINUTES;
        let quiet = self.quiet.as_ref();
        self.idle_s <= IDLE_S_MAX
            && quiet.is_none_or(|quiet| {
                let is_zone = !quiet.zone.is_empty() && quiet.zone.len() <= ZONE_BYTES_MAX;
                is_time(quiet.from) && is_time(quiet.until) && is_zone
            })
    }
}
