//! Accounts, devices and invite tokens: their records and the commands that change them.

use std::collections::{BTreeMap, VecDeque};

use comity_protocol::clock::HybridTime;
use comity_protocol::code::Code;
use comity_protocol::cursor::Pos;
use comity_protocol::hash::Hash;
use comity_protocol::id::{AccountNumber, ChannelId, ControlPoint, LineageId, MessageId, WriterId};
use comity_protocol::limits::NONCE_WINDOW;
use comity_protocol::name::{AccountLabel, AccountName};
use minicbor::{Decode, Encode};

use crate::answer::Answer;
use crate::block::Mute;
use crate::channel::ChannelNo;
use crate::command::{DeviceId, SignUpRule};
use crate::notify::{Level, PushSubscription, Wishes};
use crate::rows::RowKey;
use crate::state::{Effects, State};

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Account {
    /// Its name; never given out again.
    #[n(0)]
    pub name: String,
    /// Its password's hash in PHC form.
    #[n(1)]
    pub password: String,
    /// When it was made, in Unix milliseconds.
    #[n(2)]
    pub created_unix_ms: u64,
    /// The channels that it is, or was, in.
    #[n(3)]
    pub channels: BTreeMap<ChannelNo, Stay>,
    /// Its devices.
    #[n(4)]
    pub devices: Vec<DeviceId>,
    /// Open invitations to groups of other organisations that this node does not hold yet.
    #[n(5)]
    pub invitations: BTreeMap<ChannelId, OpenInvitation>,
    /// When it last changed whom it blocks.
    #[cbor(n(23), default)]
    pub blocks_changed: Pos,
    /// Direct channels whose newest message it did not hear, with the time of the newest that it
    /// did.
    #[cbor(n(24), default)]
    pub heard: BTreeMap<ChannelNo, HybridTime>,
    /// Channels of which its devices are to be quiet, or were once.
    #[cbor(n(25), default)]
    pub mutes: BTreeMap<ChannelNo, Mute>,
    /// Whether it was deleted: it stays for what it has said, and for its name.
    #[cbor(n(26), default)]
    pub is_deleted: bool,
    /// How it wants to be called.
    #[n(27)]
    pub display_name: Option<String>,
    /// Its avatar, whose bytes are in a row of their own.
    #[n(28)]
    pub avatar: Option<Hash>,
    /// When it last changed one of the two.
    #[cbor(n(29), default)]
    pub profile_changed: Pos,
    /// When it was there last, in Unix milliseconds, as far as that was written.
    #[n(20)]
    pub last_active_unix_ms: Option<u64>,
    /// What it says of itself.
    #[n(21)]
    pub status: Option<String>,
    /// Present, and true, where others do not see how far it has read.
    #[n(30)]
    pub hides_reads: Option<bool>,
    /// What its devices are to be told while nobody looks at them.
    #[n(31)]
    pub wishes: Option<Wishes>,
    /// The same of single channels.
    #[cbor(n(32), default)]
    pub levels: BTreeMap<ChannelNo, Level>,
    /// When it last changed one of the two.
    #[cbor(n(33), default)]
    pub wishes_changed: Pos,
    /// Whether it may do over HTTP what the admin of the node does.
    #[cbor(n(34), default)]
    pub is_admin: bool,
    /// Whether the admin has shut it out: it has no devices and gets none.
    #[cbor(n(35), default)]
    pub is_suspended: bool,
    /// How people write it, kept ready.
    #[cbor(skip)]
    pub label: Option<AccountLabel>,
}

/// An invitation to a group that this node does not hold yet.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct OpenInvitation {
    /// The invite record.
    #[n(0)]
    pub invite: ControlPoint,
    /// The group's home.
    #[n(1)]
    pub home: LineageId,
    /// Who invites, as its home says.
    #[n(2)]
    pub inviter: String,
    /// The group's name, as its home says.
    #[n(3)]
    pub name: String,
    /// Accepted; the home has not recorded it yet.
    #[n(4)]
    pub accepted: bool,
    /// The accept.
    #[n(5)]
    pub request: Option<RequestPlace>,
    /// Told after the accept, which names an older one: if that is refused, this one is still open.
    #[n(6)]
    pub newer: bool,
}

impl OpenInvitation {
    /// The accept was answered; a newer invite is open as if nothing had been asked.
    pub(crate) fn answered(&mut self) {
        (self.accepted, self.request, self.newer) = (false, None, false);
    }
}

/// Where a request of ours stands: what a refusal names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RequestPlace {
    /// The log's writer.
    #[n(0)]
    pub writer: WriterId,
    /// The event.
    #[n(1)]
    pub seq: u64,
}

/// An account's, or a peer's, time in a channel: which part of the feed it is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Stay {
    /// The first pos served.
    #[n(0)]
    pub from: Pos,
    /// The last pos served, the record that ends it; absent while it lasts.
    #[n(1)]
    pub to: Option<Pos>,
    /// What it is at the moment.
    #[n(2)]
    pub standing: Standing,
    /// The request to come in or to leave that the home has not answered yet.
    #[n(3)]
    pub request: Option<RequestPlace>,
    /// Of an account that is, or was, in: when it came.
    #[n(4)]
    pub since: HybridTime,
    /// Of an account that was in: whether it may read what there was, as the channel is not shared
    /// any more.
    #[cbor(n(5), default)]
    pub kept: bool,
}

impl Stay {
    /// A stay that lasts, from a pos on.
    pub(crate) fn new(from: Pos, standing: Standing) -> Self {
        Self { from, to: None, standing, request: None, since: HybridTime::default(), kept: false }
    }
}

/// The standing of an account in a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Standing {
    /// In.
    #[n(0)]
    Joined,
    /// Invited.
    #[n(1)]
    Invited,
    /// Accepted; the home has not recorded it yet.
    #[n(2)]
    Joining,
    /// Left, declined or removed.
    #[n(3)]
    Gone,
    /// Asked to leave; the home has not recorded it yet. Nothing is served or sent any more.
    #[n(4)]
    Leaving,
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Device {
    /// Its account.
    #[n(0)]
    pub account: AccountNumber,
    /// What the user calls it.
    #[n(1)]
    pub name: String,
    /// SHA-256 of its token.
    #[n(2)]
    pub token: Hash,
    /// When it logged in, in Unix milliseconds.
    #[n(3)]
    pub created_unix_ms: u64,
    /// When it was used last, to a day or so, in Unix milliseconds; absent until that is known.
    #[n(15)]
    pub used_unix_ms: Option<u64>,
    /// Where it is told of messages while nobody looks at it.
    #[n(16)]
    pub push: Option<PushSubscription>,
    /// The answers to its newest acts; rows of their own.
    #[cbor(skip)]
    pub answers: Answers,
}

impl Device {
    pub(crate) fn new(account: AccountNumber, name: &str, token: Hash, unix_ms: u64) -> Self {
        Self {
            account,
            name: name.to_owned(),
            token,
            created_unix_ms: unix_ms,
            used_unix_ms: None,
            push: None,
            answers: Answers::default(),
        }
    }
}

/// The newest answers of a device, by ascending nonce.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers(VecDeque<KeptAnswer>);

/// One kept answer.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct KeptAnswer {
    /// The nonce.
    #[n(0)]
    pub nonce: u64,
    /// The first bytes of the act's hash: the same nonce for another act is refused.
    #[n(1)]
    pub digest: u64,
    /// The answer.
    #[n(2)]
    pub answer: Answer,
}

impl Answers {
    /// What a nonce was answered; `None` where it is new. The digest is asked for only where the
    /// nonce is known.
    pub fn look_up(
        &self,
        nonce: u64,
        digest: impl FnOnce() -> u64,
    ) -> Option<Result<&Answer, Code>> {
        if let Some(kept) = self.find(nonce) {
            return Some(if kept.digest == digest() {
                Ok(&kept.answer)
            } else {
                Err(Code::NonceReused)
            });
        }
        (nonce == 0 || self.has_left(nonce)).then_some(Err(Code::NonceTooOld))
    }

    /// Keeps an answer and forgets those that left the window; tells the rows of those.
    pub fn keep(&mut self, kept: KeptAnswer, mut left: impl FnMut(u16)) {
        if self.0.back().is_none_or(|newest| newest.nonce < kept.nonce) {
            self.0.push_back(kept);
        } else {
            let at = self.0.partition_point(|k| k.nonce < kept.nonce);
            self.0.insert(at, kept);
        }
        while let Some(oldest) = self.0.front().map(|k| k.nonce).filter(|n| self.has_left(*n)) {
            self.0.pop_front();
            left(row_of(oldest));
        }
    }

    /// The texts among them that are stored: where, which and at which pos.
    pub fn stored(&self) -> impl Iterator<Item = (ChannelNo, MessageId, Pos)> + '_ {
        self.0.iter().filter_map(|kept| match kept.answer {
            Answer::Stored { id, pos, channel } => Some((channel, id, pos)),
            _ => None,
        })
    }

    /// Whether a nonce is older than the window.
    fn has_left(&self, nonce: u64) -> bool {
        let newest = self.0.back().map_or(0, |kept| kept.nonce);
        newest.saturating_sub(nonce) >= NONCE_WINDOW
    }

    /// The answers in a row of the store's ring, by ascending nonce.
    pub fn row(&self, row: u16) -> Vec<&KeptAnswer> {
        let Some(newest) = self.0.back().map(|kept| kept.nonce) else { return Vec::new() };
        // Of the window, a row holds the last nonces of one turn of the ring and, where the
        // newest one is among them, the rest from the turn before.
        let rows = NONCE_WINDOW / ANSWERS_PER_ROW;
        let turn = newest / ANSWERS_PER_ROW;
        let back = (turn + rows - u64::from(row) % rows) % rows;
        let Some(last) = turn.checked_sub(back) else { return Vec::new() };
        let older = last.checked_sub(rows).filter(|_| back == 0);
        let of_turn = |turn: u64| {
            let first = turn * ANSWERS_PER_ROW;
            let from = self.0.partition_point(|kept| kept.nonce < first);
            self.0.range(from..).take_while(move |kept| kept.nonce / ANSWERS_PER_ROW == turn)
        };
        older.into_iter().chain([last]).flat_map(of_turn).collect()
    }

    /// The answer of a nonce. Devices mostly count up, so its place is mostly known from the end.
    fn find(&self, nonce: u64) -> Option<&KeptAnswer> {
        let newest = self.0.back()?.nonce;
        let back = usize::try_from(newest.checked_sub(nonce)?).ok()?;
        let guess = self.0.len().checked_sub(back + 1).and_then(|at| self.0.get(at));
        if guess.is_some_and(|kept| kept.nonce == nonce) {
            return guess;
        }
        let at = self.0.binary_search_by_key(&nonce, |kept| kept.nonce).ok()?;
        self.0.get(at)
    }
}

/// The row of the store's ring that holds a nonce's answer. Newer nonces overwrite what left the
/// window.
pub(crate) fn row_of(nonce: u64) -> u16 {
    u16::try_from(nonce % NONCE_WINDOW / ANSWERS_PER_ROW).unwrap_or(0)
}

/// The rows of a device's ring.
pub fn answer_rows() -> impl Iterator<Item = u16> {
    (0..NONCE_WINDOW).step_by(usize::try_from(ANSWERS_PER_ROW).unwrap_or(1)).map(row_of)
}

/// Answers that share a row: a busy device fills some rows between two transactions of the store,
/// and a quiet one rewrites 1.5 KB for an answer, less than the page that this takes anyway.
const ANSWERS_PER_ROW: u64 = 32;

const _: () = assert!(NONCE_WINDOW.is_multiple_of(ANSWERS_PER_ROW));
const _: () = assert!(NONCE_WINDOW / ANSWERS_PER_ROW <= u16::MAX as u64 + 1);

/// The most invites at once; those that are used up or have expired do not count.
pub const INVITES_MAX: usize = 10_000;

/// An invite token for sign-up.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct InviteToken {
    /// Uses left.
    #[n(0)]
    pub uses: u32,
    /// Until when, in Unix milliseconds.
    #[n(1)]
    pub expires_unix_ms: u64,
}

impl State {
    pub(crate) fn create_account(
        &mut self,
        number: AccountNumber,
        name: &str,
        password: &str,
        rule: SignUpRule,
        unix_ms: u64,
        effects: &mut Effects,
    ) -> Result<Answer, Code> {
        if name.parse::<AccountName>().is_err() {
            return Err(Code::NameInvalid);
        }
        if self.names.contains_key(name) {
            return Err(Code::NameTaken);
        }
        if number.0 == 0 || self.accounts.contains_key(&number) {
            return Err(Code::Internal);
        }
        match rule {
            SignUpRule::Admin | SignUpRule::Open => {}
            SignUpRule::Closed => return Err(Code::SignUpClosed),
            SignUpRule::Invite(token) => self.use_invite(token, unix_ms, effects)?,
        }
        let account = Account {
            name: name.to_owned(),
            password: password.to_owned(),
            created_unix_ms: unix_ms,
            channels: BTreeMap::new(),
            devices: Vec::new(),
            invitations: BTreeMap::new(),
            blocks_changed: Pos::default(),
            heard: BTreeMap::new(),
            mutes: BTreeMap::new(),
            is_deleted: false,
            display_name: None,
            avatar: None,
            profile_changed: Pos::default(),
            hides_reads: None,
            wishes: None,
            levels: BTreeMap::new(),
            wishes_changed: Pos::default(),
            last_active_unix_ms: None,
            status: None,
            is_admin: false,
            is_suspended: false,
            label: None,
        };
        self.add_account(number, account);
        effects.dirty(RowKey::Account(number));
        Ok(Answer::Done)
    }

    /// Takes an account that was made or read back.
    pub(crate) fn add_account(&mut self, number: AccountNumber, mut account: Account) {
        account.label = format!("{}@{}", account.name, self.domain()).parse().ok();
        self.names.insert(account.name.clone(), number);
        self.listing.list(&account);
        self.accounts.insert(number, account);
    }

    fn use_invite(&mut self, token: Hash, unix_ms: u64, effects: &mut Effects) -> Result<(), Code> {
        if !self.invite_is_good(&token, unix_ms) {
            return Err(Code::InviteTokenInvalid);
        }
        let invite = self.invites.get_mut(&token).ok_or(Code::InviteTokenInvalid)?;
        invite.uses -= 1;
        if invite.uses == 0 {
            self.invites.remove(&token);
        }
        effects.dirty(RowKey::Invite(token));
        Ok(())
    }

    /// Whether a token makes an account at this time.
    pub fn invite_is_good(&self, token: &Hash, unix_ms: u64) -> bool {
        let invite = self.invites.get(token);
        invite.is_some_and(|invite| invite.uses > 0 && unix_ms < invite.expires_unix_ms)
    }

    pub(crate) fn create_invite(
        &mut self,
        token: Hash,
        uses: u32,
        expires_unix_ms: u64,
        effects: &mut Effects,
    ) -> Result<Answer, Code> {
        if self.invites.len() >= INVITES_MAX {
            return Err(Code::InviteLimit);
        }
        self.invites.insert(token, InviteToken { uses, expires_unix_ms });
        effects.dirty(RowKey::Invite(token));
        Ok(Answer::Done)
    }

    pub(crate) fn add_device(
        &mut self,
        id: DeviceId,
        device: Device,
        devices_max: u32,
        effects: &mut Effects,
    ) -> Result<Answer, Code> {
        let number = device.account;
        let account = self.accounts.get_mut(&number).filter(|account| !account.is_deleted);
        let account = account.ok_or(Code::AccountNotFound)?;
        if account.is_suspended {
            return Err(Code::AccountSuspended);
        }
        if account.devices.len() >= devices_max as usize {
            return Err(Code::DeviceLimit);
        }
        if self.devices.contains_key(&id) || self.tokens.contains_key(&device.token) {
            return Err(Code::Internal);
        }
        account.devices.push(id);
        self.tokens.insert(device.token, id);
        self.devices.insert(id, device);
        effects.dirty(RowKey::Account(number));
        effects.dirty(RowKey::Device(id));
        Ok(Answer::Done)
    }

    pub(crate) fn remove_device(
        &mut self,
        number: AccountNumber,
        id: DeviceId,
        effects: &mut Effects,
    ) -> Result<Answer, Code> {
        let account = self.accounts.get_mut(&number).ok_or(Code::AccountNotFound)?;
        let at = account.devices.iter().position(|d| *d == id).ok_or(Code::DeviceNotFound)?;
        account.devices.remove(at);
        if let Some(device) = self.devices.remove(&id) {
            self.tokens.remove(&device.token);
            let held = answer_rows().filter(|row| !device.answers.row(*row).is_empty());
            held.for_each(|row| effects.dirty(RowKey::Nonce(id, row)));
        }
        self.forget_told(id, effects);
        effects.dirty(RowKey::Account(number));
        effects.dirty(RowKey::Device(id));
        effects.logged_out.push(id);
        Ok(Answer::Done)
    }

    /// Logs an account out everywhere.
    pub(crate) fn remove_devices(
        &mut self,
        number: AccountNumber,
        effects: &mut Effects,
    ) -> Result<(), Code> {
        let devices = self.accounts.get(&number).map(|known| known.devices.clone());
        for device in devices.unwrap_or_default() {
            self.remove_device(number, device, effects)?;
        }
        Ok(())
    }

    pub(crate) fn set_password(
        &mut self,
        number: AccountNumber,
        password: &str,
        effects: &mut Effects,
    ) -> Result<Answer, Code> {
        self.living(number, effects)?.password = password.to_owned();
        Ok(Answer::Done)
    }

    /// An account that is to be changed, and is not deleted.
    pub(crate) fn living(
        &mut self,
        number: AccountNumber,
        effects: &mut Effects,
    ) -> Result<&mut Account, Code> {
        let account = self.accounts.get_mut(&number).filter(|account| !account.is_deleted);
        let account = account.ok_or(Code::AccountNotFound)?;
        effects.dirty(RowKey::Account(number));
        Ok(account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(nonce: u64) -> KeptAnswer {
        KeptAnswer { nonce, digest: nonce, answer: Answer::Done }
    }

    /// Keeps answers to nonces that mostly count up, as rows would be written for them, and reads
    /// the rows back after each.
    #[test]
    fn answers_are_what_their_rows_say() {
        let mut answers = Answers::default();
        let mut stored: BTreeMap<u16, Vec<KeptAnswer>> = BTreeMap::new();
        let mut nonce = 40;
        for step in 0..5_000_u64 {
            // Now and then one comes late, or many are left out.
            let late = nonce - (step * 7) % 40;
            nonce += if step % 611 == 610 { 900 } else { 1 };
            let new = if step % 5 == 4 && answers.find(late).is_none() { late } else { nonce };
            let mut dirty = vec![row_of(new)];
            answers.keep(kept(new), |row| dirty.push(row));
            for row in dirty {
                stored.insert(row, answers.row(row).into_iter().cloned().collect());
            }
            if step % 97 == 0 || step > 4_990 {
                let mut again = Answers::default();
                stored.values().flatten().for_each(|kept| again.keep(kept.clone(), |_| {}));
                assert_eq!(again, answers, "after {step}");
            }
        }
        let rows: Vec<usize> = answer_rows().map(|row| answers.row(row).len()).collect();
        assert_eq!(rows.iter().sum::<usize>(), answers.0.len());
        assert!(rows.iter().all(|length| *length as u64 <= ANSWERS_PER_ROW));
    }
}
