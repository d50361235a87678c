//! Keys of the store's rows: big-endian, so that rows lie in the order in which they are read.

use comity_machine::{ChannelNo, LogNo, RowKey};
use comity_protocol::cursor::Pos;
use comity_protocol::id::{AccountNumber, LogName, MessageId};

use crate::store::Table;

/// Where a row of the state lies.
pub(super) fn state_key(key: &RowKey) -> (Table, Vec<u8>) {
    match key {
        RowKey::Identity => (Table::Meta, b"identity".to_vec()),
        RowKey::Account(number) => (Table::Account, number.0.to_be_bytes().to_vec()),
        RowKey::Device(device) => (Table::Device, device.0.to_be_bytes().to_vec()),
        RowKey::Invite(token) => (Table::InviteToken, token.0.to_vec()),
        RowKey::Channel(no) => (Table::Channel, no.0.to_be_bytes().to_vec()),
        RowKey::Log(no, name) => (Table::Log, log_key(*no, name)),
        RowKey::Nonce(device, slot) => {
            let mut bytes = device.0.to_be_bytes().to_vec();
            bytes.extend(slot.to_be_bytes());
            (Table::Nonce, bytes)
        }
        RowKey::Peer(lineage) => (Table::Peer, lineage.as_bytes().to_vec()),
    }
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

/// An event's row: by channel, then in the order in which it was applied.
pub fn event_key(channel: ChannelNo, pos: Pos) -> [u8; 12] {
    let mut key = [0; 12];
    key[..4].copy_from_slice(&channel.0.to_be_bytes());
    key[4..].copy_from_slice(&pos.0.to_be_bytes());
    key
}

/// Where a log's n-th record is: its value is the channel and the pos.
pub fn log_index_key(log: LogNo, seq: u64) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&log.0.to_be_bytes());
    key[8..].copy_from_slice(&seq.to_be_bytes());
    key
}

/// Where a channel's events are in the channel's order: its value is the pos.
pub fn timeline_key(channel: ChannelNo, id: MessageId, log: LogNo, seq: u64) -> [u8; 36] {
    let mut key = [0; 36];
    key[..20].copy_from_slice(&timeline_span_key(channel, id));
    key[20..28].copy_from_slice(&log.0.to_be_bytes());
    key[28..].copy_from_slice(&seq.to_be_bytes());
    key
}

/// The beginning of the timeline keys of a message id.
pub fn timeline_span_key(channel: ChannelNo, id: MessageId) -> [u8; 20] {
    let mut key = [0; 20];
    key[..4].copy_from_slice(&channel.0.to_be_bytes());
    key[4..].copy_from_slice(&id.0);
    key
}

/// What an account's devices get besides events of their channels: its value is the channel.
pub fn inbox_key(account: AccountNumber, pos: Pos) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&account.0.to_be_bytes());
    key[8..].copy_from_slice(&pos.0.to_be_bytes());
    key
}
