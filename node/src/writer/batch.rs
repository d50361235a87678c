//! Commands as a journal's payload: each encoded, after its length in four bytes.

use std::collections::VecDeque;

use comity_machine::Command;
use comity_protocol::cbor;

use super::step::Proposal;

/// Commands that are made durable together, with whoever waits for them.
pub(super) struct Taken {
    /// The number of the first one.
    pub(super) first: u64,
    /// In their order; at least one.
    pub(super) proposals: VecDeque<Proposal>,
    /// All of them, encoded.
    pub(super) payload: Vec<u8>,
}

impl Taken {
    /// Takes from the front of `rest` what fits into one batch of the journal, one command at
    /// least; `None` where there is none.
    pub(super) fn from(
        rest: &mut VecDeque<Proposal>,
        first: u64,
        mut payload: Vec<u8>,
        bytes_max: usize,
    ) -> Option<Self> {
        if rest.is_empty() {
            return None;
        }
        payload.clear();
        let mut count = 0;
        for next in rest.iter() {
            let before = payload.len();
            push(&mut payload, &next.command);
            if payload.len() > bytes_max && count > 0 {
                payload.truncate(before);
                break;
            }
            count += 1;
        }
        let proposals =
            if count == rest.len() { std::mem::take(rest) } else { rest.drain(..count).collect() };
        Some(Self { first, proposals, payload })
    }
}

/// A journal's payload that cannot be read: it was written by a newer release, or by none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the journal holds a command that this release does not know")]
pub(super) struct PayloadError;

/// Appends a command to a payload.
fn push(payload: &mut Vec<u8>, command: &Command) {
    let at = payload.len();
    payload.extend([0; 4]);
    cbor::encode_into(command, payload);
    let length = u32::try_from(payload.len() - at - 4).unwrap_or(u32::MAX);
    payload[at..at + 4].copy_from_slice(&length.to_be_bytes());
}

/// The commands of a payload.
pub(super) fn commands(mut payload: &[u8]) -> Result<Vec<Command>, PayloadError> {
    let mut commands = Vec::new();
    while let Some((length, rest)) = payload.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| PayloadError)?;
        let bytes = rest.get(..length).ok_or(PayloadError)?;
        commands.push(minicbor_decode(bytes)?);
        payload = &rest[length..];
    }
    if payload.is_empty() { Ok(commands) } else { Err(PayloadError) }
}

/// The commands of a journal's payload, for who reads a journal besides the writer; `None` where
/// this release does not know one of them.
pub fn commands_of(payload: &[u8]) -> Option<Vec<Command>> {
    commands(payload).ok()
}

/// The journal's checksum says that the bytes are ours; they need no check of form.
fn minicbor_decode(bytes: &[u8]) -> Result<Command, PayloadError> {
    comity_machine::decode_command(bytes).ok_or(PayloadError)
}
