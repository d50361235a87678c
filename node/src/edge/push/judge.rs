//! Whether a device is still to be told when its time has come, judged by the state as it is then.

use std::sync::Arc;

use comity_machine::{ChannelNo, DeviceId, Kind, Level, PushTarget, Standing, State, Unread};
use comity_protocol::cursor::Pos;
use comity_protocol::id::AccountNumber;
use comity_push::{Due, Judgement, What};

use super::call::call;
use super::{Push, quiet};
use crate::clock;

/// How soon is looked again whether somebody who was there is not any more, in ms.
const LOOK_AGAIN_MS: u64 = 10_000;

/// What becomes of what is due.
pub(super) enum Verdict {
    /// What the queue does.
    Judged(Judgement),
    /// It was read meanwhile.
    Read,
    /// The device knows, and shows nothing any more.
    Known,
}

impl Push {
    /// Judges what is due of a device that `told` says was told up to a pos.
    pub(super) fn judge(&self, due: &Due, told: Option<Pos>) -> Verdict {
        let (device, no) = (DeviceId(due.key.device), ChannelNo(due.key.channel));
        let state = self.0.shared.state();
        let drop = Verdict::Judged(Judgement::Drop);
        let Some(known) = state.devices.get(&device) else { return drop };
        let Some(subscription) = &known.push else { return drop };
        let (account, service) = (known.account, origin(&subscription.target));
        let is_in = is_in(&state, account, no);
        let unread = state.unread(account, no);
        let send = |service: Option<String>| match service {
            Some(service) => Verdict::Judged(Judgement::Send(Arc::from(service))),
            None => Verdict::Judged(Judgement::Drop),
        };
        if due.what == What::Withdraw {
            return match told {
                None => drop,
                // It hears of it over its socket.
                Some(_) if self.0.presences.is_there(account, Some(device)) => Verdict::Known,
                Some(_) => send(service),
            };
        }
        let is_called = call(&state, account, no).is_some();
        if !is_called && (!is_in || unread.messages == 0) {
            return if told.is_some() { Verdict::Read } else { drop };
        }
        let lower = state.read_mark(account, no).pos.max(subscription.since);
        let lower = lower.max(told.unwrap_or_default());
        let wants = wants(&state, account, no);
        let is_wanted = if is_called { wants != Wants::Nothing } else { wants.of(unread) };
        if due.newest <= lower || !is_wanted {
            return drop;
        }
        let wishes = state.wishes(account);
        std::mem::drop(state);
        let (now_ms, unix_ms) = (clock::monotonic_ms(), clock::unix_ms());
        let until = wishes.quiet.and_then(|hours| quiet::until(&hours, unix_ms));
        if let Some(until) = until {
            return Verdict::Judged(Judgement::Hold(now_ms + until.saturating_sub(unix_ms)));
        }
        let idle_ms = u64::from(wishes.idle_s) * 1_000;
        match self.0.presences.used_ms(account).map(|used_ms| used_ms + idle_ms) {
            Some(until_ms) if until_ms > now_ms => {
                Verdict::Judged(Judgement::Hold(until_ms.min(now_ms + LOOK_AGAIN_MS)))
            }
            _ => send(service),
        }
    }
}

impl Push {
    /// Whether an account still wants to be told something of a channel, and may be.
    pub(super) fn is_wanted(&self, account: AccountNumber, no: ChannelNo) -> bool {
        let state = self.0.shared.state();
        let wants = wants(&state, account, no);
        let is_called = call(&state, account, no).is_some() && wants != Wants::Nothing;
        is_called || (is_in(&state, account, no) && wants.of(state.unread(account, no)))
    }
}

pub(super) fn is_in(state: &State, account: AccountNumber, no: ChannelNo) -> bool {
    let stay = state.accounts.get(&account).and_then(|known| known.channels.get(&no));
    stay.is_some_and(|stay| stay.standing == Standing::Joined)
}

/// Of which messages of a channel an account is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    /// Of all.
    All,
    /// Of those that mention it.
    Mentions,
    /// Of none.
    Nothing,
}

impl Wants {
    fn of(self, unread: Unread) -> bool {
        match self {
            Self::All => unread.messages > 0,
            Self::Mentions => unread.mentions > 0,
            Self::Nothing => false,
        }
    }
}

/// What is said in a direct channel is meant for the account, as if it were mentioned, unless it
/// has muted the channel.
pub(super) fn wants(state: &State, account: AccountNumber, no: ChannelNo) -> Wants {
    let is_direct = is_direct(state, no) && !state.is_muted(account, no);
    match state.level(account, no) {
        Level::All => Wants::All,
        Level::Mentions if is_direct => Wants::All,
        Level::Mentions => Wants::Mentions,
        Level::Nothing => Wants::Nothing,
    }
}

/// Whether a channel is one of two accounts.
pub(super) fn is_direct(state: &State, no: ChannelNo) -> bool {
    state.channels.get(&no).is_some_and(|channel| matches!(channel.kind, Kind::Direct(_)))
}

/// Whom a subscription leads to, as `https://host:port`.
pub(super) fn origin(target: &PushTarget) -> Option<String> {
    let text = match target {
        PushTarget::WebPush { endpoint, .. } => endpoint,
        PushTarget::Gateway { url, .. } => url,
    };
    let uri: http::Uri = text.parse().ok()?;
    Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?))
}
