//! What is to be told after a start, or where something was left out: all that is unread beyond
//! what devices were told.

use std::ops::ControlFlow;

use comity_machine::{ChannelNo, DeviceId, Outcome, Standing, State};
use comity_protocol::cursor::Pos;
use comity_protocol::id::{AccountId, AccountNumber};
use comity_push::Key;

use super::Push;
use super::call::{call, calling};
use super::judge::{Wants, wants};
use crate::edge::reading::is_message;
use crate::writer::{RecordsError, View};

/// Mentions of an account that are looked at.
const MENTIONS_MAX: usize = 1_000;

/// Something that is to be looked for.
struct Candidate {
    key: Key,
    no: ChannelNo,
    after: Pos,
    last: Pos,
    wants: Wants,
}

/// What a device is to be told, or what is to be withdrawn.
pub(super) enum Seed {
    Tell(Key, Pos),
    Withdraw(Key),
}

impl Push {
    /// What the devices of an account are to be told.
    pub(super) fn seeds(&self, account: AccountNumber) -> Result<Vec<Seed>, RecordsError> {
        let (own, candidates, mut seeds) = {
            let state = self.0.shared.state();
            let (candidates, seeds) = candidates(&state, account);
            (state.account_id(account), candidates, seeds)
        };
        let view = self.0.shared.view()?;
        for candidate in candidates {
            if candidate.is_unheard(&view, own)? {
                seeds.push(Seed::Tell(candidate.key, candidate.last));
            }
        }
        Ok(seeds)
    }
}

fn candidates(state: &State, account: AccountNumber) -> (Vec<Candidate>, Vec<Seed>) {
    let (mut candidates, mut seeds) = (Vec::new(), Vec::new());
    let Some(known) = state.accounts.get(&account) else { return (candidates, seeds) };
    for (DeviceId(device), subscription) in state.subscriptions(account) {
        for no in calling(state, account) {
            let key = Key { device, channel: no.0 };
            let last = state.channels.get(&no).map_or(Pos(0), |channel| channel.last_pos);
            let told = state.told(DeviceId(device), no).unwrap_or_default();
            if last > told.max(subscription.since) {
                seeds.push(Seed::Tell(key, last));
            }
        }
        for (no, stay) in &known.channels {
            let key = Key { device, channel: no.0 };
            let told = state.told(DeviceId(device), *no);
            let is_in = stay.standing == Standing::Joined;
            if !is_in || state.unread(account, *no).messages == 0 {
                let is_over = told.is_some() && call(state, account, *no).is_none();
                seeds.extend(is_over.then_some(Seed::Withdraw(key)));
                continue;
            }
            let after = state.read_mark(account, *no).pos.max(subscription.since);
            let after = after.max(told.unwrap_or_default());
            let last = state.channels.get(no).map_or(Pos(0), |channel| channel.last_pos);
            let wants = wants(state, account, *no);
            if last > after && wants != Wants::Nothing {
                candidates.push(Candidate { key, no: *no, after, last, wants });
            }
        }
    }
    (candidates, seeds)
}

impl Candidate {
    /// Whether there is a message of which the device was not told.
    fn is_unheard(&self, view: &View, own: AccountId) -> Result<bool, RecordsError> {
        if self.wants == Wants::Mentions {
            let mentions = view.mentions(own.number, Pos(u64::MAX), MENTIONS_MAX)?;
            let mut here = mentions.into_iter().filter(|(_, no)| *no == self.no);
            return Ok(here.any(|(pos, _)| pos > self.after && pos <= self.last));
        }
        let mut found = false;
        view.records(self.no, (Pos(self.after.0 + 1), self.last), &mut |_, row| {
            found = row.outcome == Outcome::Accepted
                && row.sender != Some(own)
                && row.is_heard_by(own)
                && is_message(&row.header);
            if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(found)
    }
}
