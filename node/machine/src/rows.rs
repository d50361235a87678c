//! The state as rows: which rows a command changed, how each is written, and how the state is read
//! back. Where rows lie is the store's business.

use comity_identity::KeyChain;
use comity_protocol::cbor::{self, ByteString};
use comity_protocol::clock::HybridTime;
use comity_protocol::frame::WireLog;
use comity_protocol::hash::Hash;
use comity_protocol::id::{AccountId, AccountNumber, LineageId, LogId, LogName};
use minicbor::{Decode, Encode};

use crate::account::{KeptAnswer, answer_rows};
use crate::channel::{ChannelNo, Log};
use crate::command::DeviceId;
use crate::policy::Policy;
use crate::state::State;

/// Names a row of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKey {
    /// The identity of the node.
    Identity,
    /// An account.
    Account(AccountNumber),
    /// A device.
    Device(DeviceId),
    /// An invite token.
    Invite(Hash),
    /// A channel without its logs.
    Channel(ChannelNo),
    /// A log's end.
    Log(ChannelNo, LogName),
    /// Some answers of a device, by their row in its ring.
    Nonce(DeviceId, u16),
    /// Another organisation.
    Peer(LineageId),
    /// What somebody is to an account.
    Contact(AccountNumber, AccountId),
    /// Up to when texts of a channel are gone.
    Expiry(ChannelNo),
    /// How far an account has read a channel.
    Read(AccountNumber, ChannelNo),
    /// Somebody whom an account has blocked.
    Block(AccountNumber, AccountId),
    /// Up to where a device was told of a channel.
    Told(DeviceId, ChannelNo),
    /// What the admin says of other organisations.
    Policy,
    /// How the key of an organisation has changed.
    Keys(LineageId),
    /// Something that was reported as abuse.
    Report(u64),
}

/// A stored row that cannot be read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadError(pub RowKey);

/// A log's row.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct LogRow {
    #[n(0)]
    name: WireLog,
    #[n(1)]
    log: Log,
}

impl State {
    /// The bytes of a row as it is now; `None` where it is no more.
    pub fn row(&self, key: &RowKey) -> Option<Vec<u8>> {
        match key {
            RowKey::Identity => self.identity.as_ref().map(cbor::encode),
            RowKey::Account(number) => self.accounts.get(number).map(cbor::encode),
            RowKey::Device(device) => self.devices.get(device).map(cbor::encode),
            RowKey::Invite(token) => self.invites.get(token).map(cbor::encode),
            RowKey::Channel(no) => self.channels.get(no).map(cbor::encode),
            RowKey::Log(no, name) => {
                let channel = self.channels.get(no)?;
                let log = channel.logs.get(name)?.clone();
                let name = LogId { channel: channel.id, name: *name }.into();
                Some(cbor::encode(&LogRow { name, log }))
            }
            RowKey::Nonce(device, row) => {
                let kept = self.devices.get(device)?.answers.row(*row);
                (!kept.is_empty()).then(|| cbor::encode(&kept))
            }
            RowKey::Peer(lineage) => self.peers.get(lineage).map(cbor::encode),
            RowKey::Contact(number, other) => {
                self.contacts.get(&(*number, *other)).map(cbor::encode)
            }
            RowKey::Expiry(no) => self.expiries.get(no).map(cbor::encode),
            RowKey::Read(number, no) => self.reads.get(&(*number, *no)).map(cbor::encode),
            RowKey::Block(number, other) => self.blocks.get(&(*number, *other)).map(cbor::encode),
            RowKey::Told(device, no) => self.told(*device, *no).as_ref().map(cbor::encode),
            RowKey::Policy => {
                let is_plain = self.policy == Policy::default();
                (!is_plain).then(|| cbor::encode(&self.policy))
            }
            RowKey::Report(number) => self.reports.get(number).map(cbor::encode),
            RowKey::Keys(lineage) => {
                self.chains.get(lineage).map(|chain| cbor::encode(&chain.organisation()))
            }
        }
    }

    /// Takes a row read back from the store. Rows come in the order of [`RowKey`]'s variants;
    /// `finish` ends.
    pub fn load(&mut self, key: RowKey, bytes: &[u8]) -> Result<(), LoadError> {
        self.load_row(key, bytes).ok_or(LoadError(key))
    }

    fn load_row(&mut self, key: RowKey, bytes: &[u8]) -> Option<()> {
        match key {
            RowKey::Identity => self.identity = Some(read(bytes)?),
            RowKey::Account(number) => {
                let account: crate::account::Account = read(bytes)?;
                self.invited.extend(account.invitations.keys().map(|channel| (*channel, number)));
                self.add_account(number, account);
            }
            RowKey::Device(device) => {
                let row: crate::account::Device = read(bytes)?;
                self.tokens.insert(row.token, device);
                self.devices.insert(device, row);
            }
            RowKey::Invite(token) => {
                self.invites.insert(token, read(bytes)?);
            }
            RowKey::Channel(no) => {
                let mut channel: crate::channel::Channel = read(bytes)?;
                self.channel_numbers.insert(channel.id, no);
                self.last_channel = self.last_channel.max(no.0);
                channel.newest = channel.newest_control;
                if let Some(due_ms) = channel.group().and_then(|group| group.cover_due_ms) {
                    self.due.insert((due_ms, no));
                }
                let aliases = channel.aliases.keys().cloned();
                self.aliases.extend(aliases.map(|name| (name, no)));
                self.channels.insert(no, channel);
                self.refresh_open(no);
            }
            RowKey::Log(no, _) => self.load_log(no, read(bytes)?)?,
            RowKey::Nonce(device, _) => {
                let kept: Vec<KeptAnswer> = read(bytes)?;
                let answers = &mut self.devices.get_mut(&device)?.answers;
                kept.into_iter().for_each(|kept| answers.keep(kept, |_| {}));
            }
            RowKey::Peer(lineage) => {
                let peer: crate::state::Peer = read(bytes)?;
                if !peer.former {
                    self.peer_domains.insert(peer.domain.clone(), lineage);
                }
                self.heard_unix_ms = self.heard_unix_ms.max(peer.heard_unix_ms);
                self.peers.insert(lineage, peer);
            }
            RowKey::Contact(number, other) => self.insert_contact(number, other, read(bytes)?),
            RowKey::Expiry(no) => self.load_expiry(no, read(bytes)?),
            RowKey::Read(number, no) => {
                self.reads.insert((number, no), read(bytes)?);
            }
            RowKey::Block(number, other) => {
                self.blocks.insert((number, other), read(bytes)?);
            }
            RowKey::Told(device, no) => self.told.set(device, no, read(bytes)?),
            RowKey::Policy => self.policy = read(bytes)?,
            RowKey::Keys(lineage) => {
                self.chains.insert(lineage, KeyChain::of(&read(bytes)?).ok()?);
            }
            RowKey::Report(number) => {
                self.reports.insert(number, read(bytes)?);
            }
        }
        Some(())
    }

    fn load_log(&mut self, no: ChannelNo, row: LogRow) -> Option<()> {
        let LogRow { name, log } = row;
        self.last_log = self.last_log.max(log.no.0);
        let channel = self.channels.get_mut(&no)?;
        let name = LogId::from(name).name;
        if matches!(name, LogName::Message { .. }) {
            channel.newest = channel.newest.max(log.time);
        }
        channel.last_pos = channel.last_pos.max(log.last_pos);
        channel.last_message = channel.last_message.max(log.last_message);
        channel.said += log.said;
        if log.fork.is_some() {
            self.forked.insert((no, name));
        }
        channel.logs.insert(name, log);
        Some(())
    }

    /// Derives what rows do not hold, once all are loaded.
    pub fn finish_load(&mut self) {
        let numbers: Vec<ChannelNo> = self.channels.keys().copied().collect();
        for no in numbers {
            self.refresh_audience(no);
            self.recount_uncovered(no);
            self.refresh_lacking(no);
            self.refresh_waiting(no);
        }
    }

    /// The bytes of the whole state: equal states have equal bytes. For tests of replay.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut rows: Vec<(String, ByteString)> = Vec::new();
        let mut add = |key: RowKey| {
            if let Some(bytes) = self.row(&key) {
                rows.push((format!("{key:?}"), bytes.into()));
            }
        };
        add(RowKey::Identity);
        add(RowKey::Policy);
        self.accounts.keys().for_each(|k| add(RowKey::Account(*k)));
        self.devices.keys().for_each(|k| add(RowKey::Device(*k)));
        self.invites.keys().for_each(|k| add(RowKey::Invite(*k)));
        self.peers.keys().for_each(|k| add(RowKey::Peer(*k)));
        self.contacts.keys().for_each(|(k, other)| add(RowKey::Contact(*k, *other)));
        self.expiries.keys().for_each(|k| add(RowKey::Expiry(*k)));
        self.reads.keys().for_each(|(k, no)| add(RowKey::Read(*k, *no)));
        self.blocks.keys().for_each(|(k, other)| add(RowKey::Block(*k, *other)));
        self.chains.keys().for_each(|k| add(RowKey::Keys(*k)));
        self.reports.keys().for_each(|k| add(RowKey::Report(*k)));
        self.all_told().for_each(|(device, no)| add(RowKey::Told(device, no)));
        for (no, channel) in &self.channels {
            add(RowKey::Channel(*no));
            channel.logs.keys().for_each(|name| add(RowKey::Log(*no, *name)));
        }
        for device in self.devices.keys() {
            answer_rows().for_each(|row| add(RowKey::Nonce(*device, row)));
        }
        cbor::encode(&rows)
    }

    /// The newest time that a channel shows for its messages.
    pub fn last_message(&self, no: ChannelNo) -> Option<HybridTime> {
        let newest = self.channels.get(&no)?.last_message;
        (newest != HybridTime::default()).then_some(newest)
    }
}

/// Our own rows are trusted to be deterministic; the store's checksum tells whether they are whole.
fn read<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Option<T> {
    minicbor::decode(bytes).ok()
}
