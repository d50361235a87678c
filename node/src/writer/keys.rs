//! Keys of the store's rows: big-endian, so that rows lie in the order in which they are read.

use comity_machine::{ChannelNo, LogNo, RowKey};
use comity_protocol::cursor::Pos;
use comity_protocol::id::{AccountId, AccountNumber, LineageId, LogName, MessageId};

use crate::store::Table;

/// Where a row of the state lies.
pub(super) fn state_key(key: &RowKey) -> (Table, Vec<u8>) {
    match key {
        RowKey::Identity => (Table::Meta, b"identity".to_vec()),
        RowKey::Policy => (Table::Meta, b"policy".to_vec()),
        RowKey::Account(number) => (Table::Account, number.0.to_be_bytes().to_vec()),
        RowKey::Device(device) => (Table::Device, device.0.to_be_bytes().to_vec()),
        RowKey::Invite(token) => (Table::InviteToken, token.0.to_vec()),
        RowKey::Channel(no) => (Table::Channel, no.0.to_be_bytes().to_vec()),
        RowKey::Log(no, name) => (Table::Log, log_key(*no, name)),
        RowKey::Nonce(device, row) => {
            let mut bytes = device.0.to_be_bytes().to_vec();
            bytes.extend(row.to_be_bytes());
            (Table::Nonce, bytes)
        }
        RowKey::Keys(lineage) => (Table::Keys, lineage.as_bytes().to_vec()),
        RowKey::Report(number) => (Table::Report, number.to_be_bytes().to_vec()),
        RowKey::Peer(lineage) => (Table::Peer, lineage.as_bytes().to_vec()),
        RowKey::Contact(account, other) => (Table::Contact, pair_key(*account, other)),
        RowKey::Expiry(no) => (Table::Expiry, no.0.to_be_bytes().to_vec()),
        RowKey::Read(account, no) => {
            let mut bytes = account.0.to_be_bytes().to_vec();
            bytes.extend(no.0.to_be_bytes());
            (Table::Read, bytes)
        }
        RowKey::Block(account, other) => (Table::Block, pair_key(*account, other)),
        RowKey::Told(device, no) => {
            let mut bytes = device.0.to_be_bytes().to_vec();
            bytes.extend(no.0.to_be_bytes());
            (Table::Told, bytes)
        }
    }
}

/// What an account of ours says of another.
fn pair_key(account: AccountNumber, other: &AccountId) -> Vec<u8> {
    let mut bytes = account.0.to_be_bytes().to_vec();
    bytes.extend(other.lineage.as_bytes());
    bytes.extend(other.number.0.to_be_bytes());
    bytes
}

fn log_key(no: ChannelNo, name: &LogName) -> Vec<u8> {
    let mut bytes = no.0.to_be_bytes().to_vec();
    match name {
        LogName::Control { home, term } => {
            bytes.push(0);
            bytes.extend(home.as_bytes());
            bytes.extend(term.to_be_bytes());
        }
        LogName::Message { origin, writer } => {
            bytes.push(1);
            bytes.extend(origin.as_bytes());
            bytes.extend(writer.0.to_be_bytes());
        }
    }
    bytes
}

/// An account's avatar: its value is the image.
pub(super) fn avatar_key(account: AccountNumber) -> [u8; 8] {
    account.0.to_be_bytes()
}

/// A block of a channel's records: by channel, then in the order in which they were applied.
pub(super) fn event_key(channel: ChannelNo, first: Pos) -> [u8; 12] {
    let mut key = [0; 12];
    key[..4].copy_from_slice(&channel.0.to_be_bytes());
    key[4..].copy_from_slice(&first.0.to_be_bytes());
    key
}

/// What a control record rejected, by the record; and what records come to that came to something
/// else before.
pub(super) fn place_key(channel: ChannelNo, pos: Pos) -> [u8; 12] {
    event_key(channel, pos)
}

/// A log's first record in a block: its value is the block's key.
pub(super) fn log_index_key(log: LogNo, seq: u64) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&log.0.to_be_bytes());
    key[8..].copy_from_slice(&seq.to_be_bytes());
    key
}

/// A backfilled record's row: by its place in its log.
pub(super) fn backfill_key(log: LogNo, seq: u64) -> [u8; 16] {
    log_index_key(log, seq)
}

/// How far a log was gone through for what is of age.
pub(super) fn log_no_key(log: LogNo) -> [u8; 8] {
    log.0.to_be_bytes()
}

/// Who has erased a record of ours: its value is the record's hash, shortened.
pub(super) fn receipt_key(log: LogNo, seq: u64, from: LineageId) -> [u8; 48] {
    let mut key = [0; 48];
    key[..16].copy_from_slice(&log_index_key(log, seq));
    key[16..].copy_from_slice(from.as_bytes());
    key
}

/// Where a record is in its channel's order that was applied after later ones: its value is the
/// pos, zero for one that was backfilled.
pub(super) fn timeline_key(channel: ChannelNo, id: MessageId, log: LogNo, seq: u64) -> [u8; 36] {
    let mut key = [0; 36];
    key[..20].copy_from_slice(&run_key(channel, id));
    key[20..28].copy_from_slice(&log.0.to_be_bytes());
    key[28..].copy_from_slice(&seq.to_be_bytes());
    key
}

/// The first record in order of a block; also the beginning of all timeline keys of the id.
pub(super) fn run_key(channel: ChannelNo, id: MessageId) -> [u8; 20] {
    let mut key = [0; 20];
    key[..4].copy_from_slice(&channel.0.to_be_bytes());
    key[4..].copy_from_slice(&id.0);
    key
}

/// What stands under a [`run_key`]: the first pos of the block, and its last id in order.
pub(super) fn run_value(first: Pos, last: MessageId) -> [u8; 24] {
    let mut value = [0; 24];
    value[..8].copy_from_slice(&first.0.to_be_bytes());
    value[8..].copy_from_slice(&last.0);
    value
}

/// The pos and the id of a [`run_value`].
pub(super) fn parse_run_value(value: &[u8]) -> Option<(Pos, MessageId)> {
    let (pos, id) = value.split_first_chunk::<8>()?;
    Some((Pos(u64::from_be_bytes(*pos)), MessageId(id.try_into().ok()?)))
}

/// What an event says of a message: by the message, then by the event.
pub(super) fn annotation_key(
    channel: ChannelNo,
    message: MessageId,
    (event, log, seq): (MessageId, LogNo, u64),
) -> [u8; 52] {
    let mut key = [0; 52];
    key[..20].copy_from_slice(&run_key(channel, message));
    key[20..36].copy_from_slice(&event.0);
    key[36..].copy_from_slice(&log_index_key(log, seq));
    key
}

/// The message, and the event with its place, of an [`annotation_key`].
pub(super) fn parse_annotation_key(key: &[u8]) -> Option<(MessageId, MessageId, LogNo, u64)> {
    let id = |bytes: &[u8]| bytes.try_into().map(MessageId).ok();
    let word = |bytes: &[u8]| bytes.try_into().map(u64::from_be_bytes).ok();
    let (message, event) = (id(key.get(4..20)?)?, id(key.get(20..36)?)?);
    Some((message, event, LogNo(word(key.get(36..44)?)?), word(key.get(44..52)?)?))
}

/// An event that pins a message, or no longer: its value is the message.
pub(super) fn pin_key(channel: ChannelNo, (event, log, seq): (MessageId, LogNo, u64)) -> [u8; 36] {
    timeline_key(channel, event, log, seq)
}

/// A message that mentions an account: its value is the channel.
pub(super) fn mention_key(account: AccountNumber, pos: Pos) -> [u8; 16] {
    inbox_key(account, pos)
}

/// The pos at the end of the key of a block or of an inbox entry.
pub(super) fn pos_of(key: &[u8]) -> Option<Pos> {
    key.last_chunk::<8>().map(|bytes| Pos(u64::from_be_bytes(*bytes)))
}

/// The log and the seq at the end of a [`timeline_key`].
pub(super) fn place_of(key: &[u8]) -> Option<(LogNo, u64)> {
    let word = |bytes: &[u8]| bytes.try_into().map(u64::from_be_bytes).ok();
    Some((LogNo(word(key.get(20..28)?)?), word(key.get(28..36)?)?))
}

/// What an account's devices get besides events of their channels: its value is the channel.
pub(super) fn inbox_key(account: AccountNumber, pos: Pos) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&account.0.to_be_bytes());
    key[8..].copy_from_slice(&pos.0.to_be_bytes());
    key
}
