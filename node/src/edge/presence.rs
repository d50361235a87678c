//! Presence at the client edge: a device's sign of life and what it is shown, what users say of
//! themselves, and whom they ask about.

use std::sync::Arc;
use std::time::Duration;

use comity_client_api::{
    Beats, Caller, Delivery, Heartbeat, Line, Presence, PresenceBackend, PresenceChange, Refusal,
};
use comity_machine::{Command, DeviceId, Kind};
use comity_presence::Beat;
use comity_protocol::code::Code;
use comity_protocol::id::{AccountNumber, ChannelId};
use comity_protocol::name::AccountLabel;

use super::client::ClientEdge;
use super::convert;
use super::list::members;
use crate::clock;
use crate::presence::{Presences, Socket};

/// How long somebody who asks waits for another organisation's node.
const ANSWER_WAIT: Duration = Duration::from_secs(1);

/// A device's part in presence, for as long as its feed is followed.
pub(super) struct DevicePresence {
    presences: Presences,
    account: AccountNumber,
    device: DeviceId,
    beat: Option<Beat>,
    /// Of a feed that is a socket's.
    socket: Option<Socket>,
}

impl DevicePresence {
    pub(super) fn new(presences: &Presences, account: AccountNumber, device: DeviceId) -> Self {
        let beat = presences.connect(account, device);
        Self { presences: presences.clone(), account, device, beat, socket: None }
    }

    /// A sign of life, which counts until `ahead` from now.
    pub(super) fn beat(&self, ahead: Duration) {
        let ahead_ms = u64::try_from(ahead.as_millis()).unwrap_or(0);
        if let Some(beat) = &self.beat {
            beat.beat(clock::monotonic_ms() + ahead_ms);
        }
    }

    /// What takes signs of life that count now.
    pub(super) fn beats(&self) -> Beats {
        let beat = self.beat.clone();
        Box::new(move || {
            if let Some(beat) = &beat {
                beat.beat(clock::monotonic_ms());
            }
        })
    }

    pub(super) fn attend(&mut self, line: Option<Line>) -> Option<Heartbeat> {
        self.socket = self.presences.attend(self.account, self.device, line);
        Some(self.presences.heartbeat())
    }

    pub(super) fn take_leave(&self) {
        if let Some(socket) = &self.socket {
            socket.take_leave();
        }
    }

    pub(super) fn take(&self, max: usize) -> Vec<Delivery> {
        self.socket.as_ref().map(|socket| socket.take(max)).unwrap_or_default()
    }

    pub(super) async fn changed(&self) {
        match &self.socket {
            Some(socket) => socket.changed().await,
            None => std::future::pending().await,
        }
    }
}

impl PresenceBackend for ClientEdge {
    async fn set_presence(&self, caller: &Caller, change: PresenceChange) -> Result<(), Refusal> {
        let account = caller.account.number;
        if let Some(status) = change.status {
            let status = Some(status).filter(|status| !status.is_empty());
            self.set_status(account, convert::device_back(caller.device), status).await?;
        }
        if let Some(state) = change.state {
            self.presence().choose(account, convert::device_back(caller.device), state);
        }
        Ok(())
    }

    async fn presences(
        &self,
        caller: &Caller,
        accounts: Vec<AccountLabel>,
    ) -> Result<Vec<Arc<Presence>>, Refusal> {
        let (reader, device) = (caller.account.number, convert::device_back(caller.device));
        // Who asks is there, and so watches whom it may see.
        self.presence().connect(reader, device);
        let found = self.presence().readable(reader, &accounts);
        let mut heard = self.presence().heard();
        let answered =
            async { while self.presence().is_awaited(&found) && heard.changed().await.is_ok() {} };
        // What is not answered in time is unknown.
        let _ = tokio::time::timeout(ANSWER_WAIT, answered).await;
        Ok(self.presence().look(reader, accounts, &found))
    }

    async fn channel_presences(
        &self,
        caller: &Caller,
        channel: ChannelId,
    ) -> Result<Vec<Arc<Presence>>, Refusal> {
        let accounts = {
            let state = self.shared().state();
            if !state.audience_has(&channel, caller.account.number) {
                return Err(Code::ChannelNotFound.into());
            }
            let (no, known) = state.channel(&channel).ok_or(Code::ChannelNotFound)?;
            if matches!(known.kind, Kind::Link { .. }) {
                return Err(Code::ChannelNotFound.into());
            }
            let listed = members(&state, self.marks(), caller, (no, known))
                .into_iter()
                .filter(|member| !member.invited);
            listed.map(|member| member.account).collect()
        };
        self.presences(caller, accounts).await
    }

    fn set_typing(&self, caller: &Caller, channel: ChannelId, is_typing: bool) {
        let (account, device) = (caller.account.number, convert::device_back(caller.device));
        self.presence().acts(device);
        self.presence().types(account, device, channel, is_typing);
    }
}

impl ClientEdge {
    async fn set_status(
        &self,
        account: AccountNumber,
        device: DeviceId,
        status: Option<String>,
    ) -> Result<(), Refusal> {
        let is_known = {
            let state = self.shared().state();
            state.accounts.get(&account).is_some_and(|account| account.status == status)
        };
        // Nothing is written that is written already.
        if !is_known {
            if !self.presence().may_say(account, device) {
                let retry_after = Some(Duration::from_secs(1));
                return Err(Refusal { retry_after, ..Code::RateLimited.into() });
            }
            let command = Command::SetStatus { account, status: status.clone() };
            convert::done(self.propose(command).await?)?;
        }
        self.presence().set_status(account, status.as_deref());
        Ok(())
    }
}
