//! Reading the state back from the store's rows.

use comity_machine::{DeviceId, RowKey, State};
use comity_protocol::id::{AccountId, AccountNumber, LineageId, LogName};

use super::step::OpenError;
use crate::store::{Store, Table};

/// Reads the whole state back.
pub(super) fn load(store: &Store) -> Result<State, OpenError> {
    let snapshot = store.snapshot()?;
    let mut state = State::default();
    let mut failed = None;
    for (table, name) in STATE_TABLES {
        snapshot.scan(table, &mut |key, value| {
            let Some(key) = name(key) else { return std::ops::ControlFlow::Continue(()) };
            match state.load(key, value) {
                Ok(()) => std::ops::ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    std::ops::ControlFlow::Break(())
                }
            }
        })?;
    }
    if let Some(error) = failed {
        return Err(OpenError::Row(error));
    }
    state.finish_load();
    Ok(state)
}

type NameRow = fn(&[u8]) -> Option<RowKey>;

/// The tables of the state, in the order in which they are read back.
const STATE_TABLES: [(Table, NameRow); 15] = [
    (Table::Meta, |key| match key {
        b"identity" => Some(RowKey::Identity),
        b"policy" => Some(RowKey::Policy),
        _ => None,
    }),
    (Table::Account, |key| Some(RowKey::Account(AccountNumber(word(key)?)))),
    (Table::Device, |key| Some(RowKey::Device(DeviceId(word(key)?)))),
    (Table::InviteToken, |key| {
        Some(RowKey::Invite(comity_protocol::hash::Hash(key.try_into().ok()?)))
    }),
    (Table::Channel, |key| Some(RowKey::Channel(channel_no(key)?))),
    (Table::Log, |key| {
        Some(RowKey::Log(channel_no(key)?, LogName::Control { home: LineageId([0; 32]), term: 0 }))
    }),
    (Table::Nonce, |key| Some(RowKey::Nonce(DeviceId(word(key)?), 0))),
    (Table::Peer, |key| Some(RowKey::Peer(LineageId(key.try_into().ok()?)))),
    (Table::Contact, |key| {
        let (account, other) = pair(key)?;
        Some(RowKey::Contact(account, other))
    }),
    (Table::Expiry, |key| Some(RowKey::Expiry(channel_no(key)?))),
    (Table::Read, |key| {
        let (account, channel) = key.split_first_chunk::<8>()?;
        let account = AccountNumber(u64::from_be_bytes(*account));
        Some(RowKey::Read(account, channel_no(channel)?))
    }),
    (Table::Block, |key| {
        let (account, other) = pair(key)?;
        Some(RowKey::Block(account, other))
    }),
    (Table::Told, |key| {
        let (device, channel) = key.split_first_chunk::<8>()?;
        Some(RowKey::Told(DeviceId(u64::from_be_bytes(*device)), channel_no(channel)?))
    }),
    (Table::Keys, |key| Some(RowKey::Keys(LineageId(key.try_into().ok()?)))),
    (Table::Report, |key| Some(RowKey::Report(word(key)?))),
];

fn pair(key: &[u8]) -> Option<(AccountNumber, AccountId)> {
    let (account, other) = key.split_first_chunk::<8>()?;
    let (lineage, number) = other.split_first_chunk::<32>()?;
    let number = AccountNumber(word(number)?);
    let other = AccountId { lineage: LineageId(*lineage), number };
    Some((AccountNumber(u64::from_be_bytes(*account)), other))
}

fn word(key: &[u8]) -> Option<u64> {
    key.first_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes))
}

fn channel_no(key: &[u8]) -> Option<comity_machine::ChannelNo> {
    key.first_chunk::<4>().map(|bytes| comity_machine::ChannelNo(u32::from_be_bytes(*bytes)))
}
