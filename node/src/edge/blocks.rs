//! Whom an account does not hear, and channels that it has muted: as its devices see and change
//! them. What a block means for what comes is the machine's to say.

use comity_client_api::{Blocked, Caller, Delivery, Refusal};
use comity_machine::{Act, Subscriber};
use comity_protocol::cursor::Pos;
use comity_protocol::id::AccountId;
use comity_protocol::name::AccountLabel;

use super::client::ClientEdge;
use crate::feed::Notice;

/// What follows once an act is done.
pub(super) enum Settled {
    /// Who is blocked, or heard again, sees the caller's presence no more, or does again.
    Blocks(AccountId),
    /// The account's own devices are told.
    Own(Notice),
    /// Others see how far the account has read, or no longer.
    Reads,
}

impl ClientEdge {
    /// Whom the caller blocks, by label.
    pub(super) fn blocks_of(&self, caller: &Caller) -> Vec<Blocked> {
        let state = self.shared().state();
        let known = state.blocks_of(caller.account.number);
        let mut blocked: Vec<Blocked> = known
            .filter_map(|(_, block)| {
                let account = block.label.parse().ok()?;
                Some(Blocked { account, since_unix_ms: block.since_unix_ms })
            })
            .collect();
        blocked.sort_by(|a, b| a.account.cmp(&b.account));
        blocked
    }

    /// The act by which a caller blocks somebody.
    pub(super) async fn block(&self, label: &AccountLabel) -> Result<Act, Refusal> {
        let account = self.resolve(label).await?;
        Ok(Act::Block { account, label: label.to_string() })
    }

    /// The act by which a caller hears somebody again; nothing where he does.
    pub(super) fn unblock(&self, caller: &Caller, label: &AccountLabel) -> Option<Act> {
        let text = label.to_string();
        let state = self.shared().state();
        let mut blocked = state.blocks_of(caller.account.number);
        let account = blocked.find(|(_, block)| block.label == text).map(|(account, _)| account)?;
        Some(Act::Unblock { account })
    }

    /// What follows once an act is done.
    pub(super) fn settled_by(act: &Act) -> Option<Settled> {
        Some(match act {
            Act::Block { account, .. } | Act::Unblock { account } => Settled::Blocks(*account),
            Act::SetAvatar { .. } | Act::SetDisplayName { .. } => Settled::Own(Notice::Profile),
            Act::Mute { channel, on } => Settled::Own(Notice::Muted { channel: *channel, on: *on }),
            Act::ShowReads { .. } => Settled::Reads,
            _ => return None,
        })
    }

    /// Tells whom it concerns.
    pub(super) fn tell_settled(&self, caller: &Caller, settled: Settled) {
        let account = caller.account.number;
        let own = |notice| self.hub().notify(Subscriber::Account(account), notice);
        match settled {
            Settled::Blocks(other) => {
                let other = (other.lineage == caller.account.lineage).then_some(other.number);
                self.presence().ties_changed(other.into_iter().chain([account]));
                own(Notice::Blocks);
            }
            Settled::Own(notice) => own(notice),
            Settled::Reads => self.marks().note(account, None),
        }
    }

    /// What the account has changed of its settings and of what it shows since a place in the feed.
    pub(super) fn settings_after(&self, caller: &Caller, pos: Pos) -> Vec<Delivery> {
        let state = self.shared().state();
        let account = caller.account.number;
        let muted = state.mutes_since(account, pos).filter_map(|(no, muted)| {
            let channel = state.channels.get(&no)?.id;
            Some(Delivery::Muted { channel, muted })
        });
        let mut told: Vec<Delivery> = muted.collect();
        told.extend(state.blocks_changed(account, pos).then_some(Delivery::BlocksChanged));
        let is_wish = state.wishes_changed(account, pos);
        told.extend(is_wish.then_some(Delivery::NotificationsChanged));
        told.extend(state.profile_changed(account, pos).then_some(Delivery::ProfileChanged));
        told
    }
}
