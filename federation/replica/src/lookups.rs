//! Look-ups of accounts by name, of what they show of themselves, and of groups that may be joined,
//! and probes: ours at the peer, and the peer's here. It must not know any account or group.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use comity_protocol::code::Code;
use comity_protocol::directory::Seek;
use comity_protocol::frame::Frame;
use comity_protocol::limits::ACCOUNT_NAME_BYTES_MAX;
use comity_protocol::probe::{Probe, Probed, ProbedRecord};

use crate::action::{Action, LookUpError};
use crate::fault::Fault;
use crate::limits::{LOOKUP_MS, LOOKUPS_MAX, PEER_LOOKUPS_MAX, PROBE_MS};

/// Open look-ups in both directions.
#[derive(Debug, Default)]
pub(crate) struct Lookups {
    last_id: u64,
    /// Ours. Ids ascend.
    open: BTreeMap<u64, Open>,
    /// The peer's that are not answered yet.
    asked: BTreeSet<u64>,
    /// Those of them whose answers may be long, so that these are given one at a time.
    long: VecDeque<(u64, Long)>,
}

/// A look-up of ours.
#[derive(Debug)]
struct Open {
    due_ms: u64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Account,
    Groups,
    Probe,
    Profile,
}

/// A question of the peer's whose answer may be long.
#[derive(Debug)]
enum Long {
    Groups(Seek),
    Profile { name: String, image: bool },
}

impl Lookups {
    pub(crate) fn next_ms(&self) -> Option<u64> {
        self.open.values().map(|open| open.due_ms).min()
    }

    pub(crate) fn ask(&mut self, name: String, now_ms: u64) -> Result<(u64, Frame), LookUpError> {
        let id = self.begin(Kind::Account, now_ms + LOOKUP_MS)?;
        Ok((id, Frame::Lookup { id, name }))
    }

    pub(crate) fn seek(&mut self, seek: Seek, now_ms: u64) -> Result<(u64, Frame), LookUpError> {
        let id = self.begin(Kind::Groups, now_ms + LOOKUP_MS)?;
        Ok((id, Frame::Seek { id, seek }))
    }

    pub(crate) fn ask_profile(
        &mut self,
        name: String,
        image: bool,
        now_ms: u64,
    ) -> Result<(u64, Frame), LookUpError> {
        let id = self.begin(Kind::Profile, now_ms + LOOKUP_MS)?;
        Ok((id, Frame::ProfileAsk { id, name, image }))
    }

    pub(crate) fn probe(
        &mut self,
        dial: bool,
        record: Option<ProbedRecord>,
        now_ms: u64,
    ) -> Result<(u64, Frame), LookUpError> {
        let id = self.begin(Kind::Probe, now_ms + PROBE_MS)?;
        Ok((id, Frame::Probe(Probe { id, dial, record })))
    }

    fn begin(&mut self, kind: Kind, due_ms: u64) -> Result<u64, LookUpError> {
        if self.open.len() >= LOOKUPS_MAX {
            return Err(LookUpError::TooMany);
        }
        self.last_id += 1;
        self.open.insert(self.last_id, Open { due_ms, kind });
        Ok(self.last_id)
    }

    /// Takes an answer; one that comes after its question was given up is dropped.
    pub(crate) fn handle_found<T>(&mut self, frame: Frame) -> Result<Option<Action<T>>, Fault> {
        let (id, kind, found) = match frame {
            Frame::Account { id, number } => {
                (id, Kind::Account, Action::LookedUp { id, answer: Ok(number) })
            }
            Frame::Offer { id, offer } => {
                (id, Kind::Groups, Action::Sought { id, answer: Ok(offer) })
            }
            Frame::Probed(probed) => {
                let id = probed.id;
                (id, Kind::Probe, Action::Probed { id, answer: Ok(probed) })
            }
            Frame::Profile { id, profile } => {
                (id, Kind::Profile, Action::Shown { id, answer: Ok(profile) })
            }
            _ => return Err(Fault::FrameUnexpected),
        };
        Ok(self.close(id, kind)?.then_some(found))
    }

    /// Ends a look-up of ours; whether it was open still.
    fn close(&mut self, id: u64, kind: Kind) -> Result<bool, Fault> {
        let open = self.open.remove(&id);
        let is_ours = (1..=self.last_id).contains(&id);
        if !is_ours || open.as_ref().is_some_and(|open| open.kind != kind) {
            return Err(Fault::FrameUnexpected);
        }
        Ok(open.is_some())
    }

    pub(crate) fn handle_lookup<T>(&mut self, id: u64, name: String) -> Result<Action<T>, Fault> {
        if name.len() > ACCOUNT_NAME_BYTES_MAX {
            return Err(Fault::FrameMalformed);
        }
        self.note(id)?;
        Ok(Action::AnswerLookup { id, name })
    }

    pub(crate) fn handle_seek(&mut self, id: u64, seek: Seek) -> Result<(), Fault> {
        self.note(id)?;
        self.long.push_back((id, Long::Groups(seek)));
        Ok(())
    }

    pub(crate) fn handle_profile_ask(
        &mut self,
        id: u64,
        name: String,
        image: bool,
    ) -> Result<(), Fault> {
        if name.len() > ACCOUNT_NAME_BYTES_MAX {
            return Err(Fault::FrameMalformed);
        }
        self.note(id)?;
        self.long.push_back((id, Long::Profile { name, image }));
        Ok(())
    }

    pub(crate) fn handle_probe<T>(&mut self, probe: Probe) -> Result<Action<T>, Fault> {
        self.note(probe.id)?;
        Ok(Action::AnswerProbe(probe))
    }

    fn note(&mut self, id: u64) -> Result<(), Fault> {
        if self.asked.len() >= PEER_LOOKUPS_MAX {
            return Err(Fault::LookupsTooMany);
        }
        if self.asked.insert(id) { Ok(()) } else { Err(Fault::FrameUnexpected) }
    }

    /// The next of the peer's questions whose answers may be long.
    pub(crate) fn poll<T>(&mut self) -> Option<Action<T>> {
        self.long.pop_front().map(|(id, asked)| match asked {
            Long::Groups(seek) => Action::AnswerSeek { id, seek },
            Long::Profile { name, image } => Action::AnswerProfile { id, name, image },
        })
    }

    /// A frame answers what it is about.
    pub(crate) fn handle_answer(&mut self, frame: &Frame) {
        if let Frame::Account { id, .. }
        | Frame::Offer { id, .. }
        | Frame::Probed(Probed { id, .. })
        | Frame::Profile { id, .. } = frame
        {
            self.asked.remove(id);
        }
    }

    /// Those of ours that took too long.
    pub(crate) fn handle_timeout<T>(&mut self, now_ms: u64) -> Vec<Action<T>> {
        let late = self.open.iter().filter(|(_, open)| open.due_ms <= now_ms);
        let late: Vec<u64> = late.map(|(id, _)| *id).collect();
        let ended = late.into_iter().filter_map(|id| Some((id, self.open.remove(&id)?)));
        ended.map(|(id, open)| open.failed(id, Code::DomainUnreachable)).collect()
    }

    /// All of ours, since nobody will answer them.
    pub(crate) fn give_up<T>(&mut self, code: Code) -> impl Iterator<Item = Action<T>> + use<T> {
        let open = std::mem::take(&mut self.open);
        open.into_iter().map(move |(id, open)| open.failed(id, code))
    }
}

impl Open {
    fn failed<T>(self, id: u64, code: Code) -> Action<T> {
        match self.kind {
            Kind::Account => Action::LookedUp { id, answer: Err(code) },
            Kind::Groups => Action::Sought { id, answer: Err(code) },
            Kind::Probe => Action::Probed { id, answer: Err(code) },
            Kind::Profile => Action::Shown { id, answer: Err(code) },
        }
    }
}
