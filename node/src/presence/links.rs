//! Presence on the links to other organisations. A link has one of these while it is up; it takes
//! what goes out, and hands in what came. It reads no clock, so that the simulator runs it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use comity_presence::{Now, Outgoing, Presence};
use comity_protocol::frame::Frame;
use comity_protocol::id::{AccountId, AccountNumber, ChannelId, LineageId};
use tokio::sync::Notify;

use super::Presences;
use super::relations::Ties;
use super::socket::Queue;

/// The links that are up, each by what wakes it.
#[derive(Default)]
pub(super) struct Links(Mutex<BTreeMap<(LineageId, u64), Arc<Notify>>>);

impl Links {
    /// Wakes the links of peers for which something waits.
    pub(super) fn wake(&self, machine: &Presence<Queue>) {
        let mut spoken_to = machine.spoken_to().peekable();
        if spoken_to.peek().is_none() {
            return;
        }
        let links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for peer in spoken_to {
            for (_, wake) in links.range((peer, 0)..=(peer, u64::MAX)) {
                wake.notify_one();
            }
        }
    }
}

/// What a peer said that is not as it should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// How often it asked for what it may not see, or spoke for who is not there.
    pub denied: u64,
}

/// A link's dealings with presence. Dropped, the link is down.
pub struct LinkPresence {
    presences: Presences,
    peer: LineageId,
    link: u64,
}

impl Presences {
    /// A link is up; `run` names the run of the peer's process, `link` the link, and `wake` wakes
    /// whoever polls it.
    pub fn link_up(
        &self,
        peer: LineageId,
        (link, wake): (u64, Arc<Notify>),
        run: u64,
        now_ms: u64,
    ) -> LinkPresence {
        let links = &self.0.links.0;
        links.lock().unwrap_or_else(PoisonError::into_inner).insert((peer, link), wake);
        self.with(|machine, _| machine.handle_link_up(peer, link, run, at(now_ms)));
        LinkPresence { presences: self.clone(), peer, link }
    }
}

impl LinkPresence {
    /// What is to go out.
    pub fn poll(&self) -> Option<Outgoing> {
        self.presences.machine().poll_outgoing(self.peer, self.link)
    }

    /// A frame about presence came, on the stream or as a datagram.
    pub fn handle(&self, frame: Frame, now_ms: u64) -> Said {
        match frame {
            Frame::Lease { accounts } => self.lease(&accounts, now_ms),
            Frame::Release { accounts } => {
                self.presences.with(|machine, _| machine.handle_release(self.peer, &accounts));
                Said::default()
            }
            Frame::Presence { entries } => {
                let denied = self.presences.with(|machine, _| {
                    machine.handle_presence(self.peer, self.link, entries, at(now_ms))
                });
                self.presences.0.heard.send_modify(|count| *count += 1);
                Said { denied }
            }
            Frame::Typing { channel, account, typing } => {
                self.show_typing(channel, account, typing, now_ms)
            }
            _ => Said::default(),
        }
    }

    fn lease(&self, accounts: &[AccountNumber], now_ms: u64) -> Said {
        let leased = self.presences.with(|machine, ties: &Ties<'_>| {
            machine.handle_lease(self.peer, accounts, ties, at(now_ms))
        });
        Said { denied: leased.denied }
    }

    /// Somebody of the peer's types, if he is in that channel.
    fn show_typing(
        &self,
        channel: ChannelId,
        account: AccountNumber,
        is_typing: bool,
        now_ms: u64,
    ) -> Said {
        if !self.presences.machine().handle_typing(self.peer, at(now_ms)) {
            return Said::default();
        }
        let typist = AccountId { lineage: self.peer, number: account };
        let state = self.presences.0.shared.state();
        let found = state.small_channel(&channel, typist).and_then(|(no, known)| {
            let is_parted = state.is_parted(known, typist);
            Some((Arc::clone(&known.audience.local), state.label(no, &typist)?, is_parted))
        });
        drop(state);
        let Some((local, label, is_parted)) = found else { return Said { denied: 1 } };
        if is_parted {
            return Said::default();
        }
        self.presences.tell_typing(&local, typist, (channel, label, is_typing));
        Said::default()
    }
}

impl Drop for LinkPresence {
    fn drop(&mut self) {
        let links = &self.presences.0.links.0;
        links.lock().unwrap_or_else(PoisonError::into_inner).remove(&(self.peer, self.link));
        // A link's end has no time of its own; what follows is told with the next telling.
        self.presences.with(|machine, _| {
            machine.handle_link_down(self.peer, self.link, at(0));
        });
    }
}

/// No time of activity hangs on what peers say.
fn at(now_ms: u64) -> Now {
    Now { ms: now_ms, unix_ms: 0 }
}
