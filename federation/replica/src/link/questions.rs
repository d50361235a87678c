//! Questions on a link that is up, ours and the peer's: for accounts, for what they show of
//! themselves, for groups, and how it is between the two. What they are about is opaque here.

use comity_protocol::directory::Seek;
use comity_protocol::frame::Frame;
use comity_protocol::probe::ProbedRecord;

use super::Link;
use crate::action::{Action, LookUpError};
use crate::fault::Fault;
use crate::lookups::Lookups;

impl<T: Copy> Link<T> {
    /// Asks the peer for an account by name.
    pub fn look_up(&mut self, name: String, now_ms: u64) -> Result<u64, LookUpError> {
        self.ask(now_ms, |lookups| lookups.ask(name, now_ms))
    }

    /// Asks the peer for groups that our accounts may join.
    pub fn seek(&mut self, seek: Seek, now_ms: u64) -> Result<u64, LookUpError> {
        self.ask(now_ms, |lookups| lookups.seek(seek, now_ms))
    }

    /// Asks the peer what an account shows, with its avatar's bytes or without.
    pub fn ask_profile(
        &mut self,
        name: String,
        image: bool,
        now_ms: u64,
    ) -> Result<u64, LookUpError> {
        self.ask(now_ms, |lookups| lookups.ask_profile(name, image, now_ms))
    }

    /// Asks the peer how it is between us: with a dial of our addresses or without, and with a
    /// record of ours that it is to read back.
    pub fn probe(
        &mut self,
        dial: bool,
        record: Option<ProbedRecord>,
        now_ms: u64,
    ) -> Result<u64, LookUpError> {
        self.ask(now_ms, |lookups| lookups.probe(dial, record, now_ms))
    }

    /// Takes one of the peer's.
    pub(super) fn take_question(&mut self, frame: Frame) -> Result<(), Fault> {
        match frame {
            Frame::Lookup { id, name } => {
                self.lookups.handle_lookup(id, name).map(|action| self.act(action))
            }
            Frame::Probe(probe) => self.lookups.handle_probe(probe).map(|action| self.act(action)),
            Frame::ProfileAsk { id, name, image } => {
                self.lookups.handle_profile_ask(id, name, image)
            }
            Frame::Seek { id, seek } => self.lookups.handle_seek(id, seek),
            _ => Err(Fault::FrameUnexpected),
        }
    }

    fn ask(
        &mut self,
        now_ms: u64,
        begin: impl FnOnce(&mut Lookups) -> Result<(u64, Frame), LookUpError>,
    ) -> Result<u64, LookUpError> {
        self.now_ms = now_ms;
        if !self.is_up() {
            return Err(LookUpError::NotUp);
        }
        let (id, frame) = begin(&mut self.lookups)?;
        self.act(Action::Send(frame));
        self.end_step(Ok(()));
        Ok(id)
    }
}
