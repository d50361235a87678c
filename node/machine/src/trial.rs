//! Records that test the way to a peer (`docs/protocol/` section 8.12). They go the way of all
//! others, and change nothing.

use comity_protocol::code::Code;
use comity_protocol::event::{EventAct, Test};
use comity_protocol::id::{AccountNumber, LogName};

use crate::answer::Answer;
use crate::command::Command;
use crate::state::{Effects, State};

impl State {
    /// Appends a test to the link channel with a peer.
    pub(crate) fn write_test(
        &mut self,
        command: &Command,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        let Command::Test { peer, nonce, unix_ms, random } = command else {
            return Err(Code::Internal);
        };
        (fx.unix_ms, fx.random) = (*unix_ms, *random);
        let link = self.link_with(*peer).ok_or(Code::DomainNotFound)?;
        let act = EventAct::Test(Test { nonce: *nonce });
        let (_, pos) = self.append_event(link, AccountNumber(0), &act, None, fx);
        let placed = fx.applied.last().ok_or(Code::Internal)?;
        match placed.log.name {
            LogName::Message { writer, .. } => Ok(Answer::Tested { writer, seq: placed.seq, pos }),
            LogName::Control { .. } => Err(Code::Internal),
        }
    }
}
