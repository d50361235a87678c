//! Look-ups of accounts by name: ours at the peer, and the peer's here. It must not know any
//! account.

use std::collections::{BTreeMap, BTreeSet};

use comity_protocol::code::Code;
use comity_protocol::frame::Frame;
use comity_protocol::id::AccountNumber;
use comity_protocol::limits::ACCOUNT_NAME_BYTES_MAX;

use crate::action::{Action, LookUpError};
use crate::fault::Fault;
use crate::limits::{LOOKUP_MS, LOOKUPS_MAX, PEER_LOOKUPS_MAX};

/// Open look-ups in both directions.
#[derive(Debug, Default)]
pub(crate) struct Lookups {
    last_id: u64,
    /// Ours, each with its deadline. Ids ascend, and so do deadlines.
    open: BTreeMap<u64, u64>,
    /// The peer's that are not answered yet.
    asked: BTreeSet<u64>,
}

impl Lookups {
    pub(crate) fn next_ms(&self) -> Option<u64> {
        self.open.first_key_value().map(|(_, due_ms)| *due_ms)
    }

    pub(crate) fn ask(&mut self, name: String, now_ms: u64) -> Result<(u64, Frame), LookUpError> {
        if self.open.len() >= LOOKUPS_MAX {
            return Err(LookUpError::TooMany);
        }
        self.last_id += 1;
        self.open.insert(self.last_id, now_ms + LOOKUP_MS);
        Ok((self.last_id, Frame::Lookup { id: self.last_id, name }))
    }

    /// Takes an answer; one that comes after its question was given up is dropped.
    pub(crate) fn handle_account<T>(
        &mut self,
        id: u64,
        number: Option<AccountNumber>,
    ) -> Result<Option<Action<T>>, Fault> {
        if id == 0 || id > self.last_id {
            return Err(Fault::FrameUnexpected);
        }
        let was_open = self.open.remove(&id).is_some();
        Ok(was_open.then_some(Action::LookedUp { id, answer: Ok(number) }))
    }

    pub(crate) fn handle_lookup<T>(&mut self, id: u64, name: String) -> Result<Action<T>, Fault> {
        if name.len() > ACCOUNT_NAME_BYTES_MAX {
            return Err(Fault::FrameMalformed);
        }
        if self.asked.len() >= PEER_LOOKUPS_MAX {
            return Err(Fault::LookupsTooMany);
        }
        if !self.asked.insert(id) {
            return Err(Fault::FrameUnexpected);
        }
        Ok(Action::AnswerLookup { id, name })
    }

    /// A frame answers what it is about.
    pub(crate) fn handle_answer(&mut self, frame: &Frame) {
        if let Frame::Account { id, .. } = frame {
            self.asked.remove(id);
        }
    }

    /// Those of ours that took too long.
    pub(crate) fn handle_timeout(&mut self, now_ms: u64) -> Vec<u64> {
        let late = self.open.iter().take_while(|(_, due_ms)| **due_ms <= now_ms);
        let late: Vec<u64> = late.map(|(id, _)| *id).collect();
        for id in &late {
            self.open.remove(id);
        }
        late
    }

    /// All of ours, since nobody will answer them.
    pub(crate) fn give_up<T>(&mut self, code: Code) -> impl Iterator<Item = Action<T>> + use<T> {
        let open = std::mem::take(&mut self.open);
        open.into_keys().map(move |id| Action::LookedUp { id, answer: Err(code) })
    }
}
