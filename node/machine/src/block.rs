//! Blocks: whom an account of ours does not want to hear in direct channels, and what that means
//! for what comes (`docs/protocol/` section 3.2). Whoever is blocked must notice nothing: his
//! records are taken and acknowledged as ever. And mutes: channels of which an account's devices
//! make no noise.

use comity_protocol::clock::HybridTime;
use comity_protocol::code::Code;
use comity_protocol::control::ControlAct;
use comity_protocol::cursor::Pos;
use comity_protocol::event::EventAct;
use comity_protocol::id::{AccountId, AccountNumber, ChannelId, LineageId};
use minicbor::{Decode, Encode};

use crate::answer::Answer;
use crate::channel::{ChannelNo, Kind};
use crate::rows::RowKey;
use crate::state::{Effects, State};

/// Accounts that an account blocks.
pub(crate) const BLOCKS_MAX: usize = 1_000;

/// Somebody whom an account of ours has blocked.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Block {
    /// How people write the blocked account.
    #[n(0)]
    pub label: String,
    /// Since when, in Unix milliseconds.
    #[n(1)]
    pub since_unix_ms: u64,
}

/// Whether an account's devices are to be quiet about a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Mute {
    /// Whether they are.
    #[n(0)]
    pub on: bool,
    /// The command that said so.
    #[n(1)]
    pub changed: Pos,
}

impl State {
    /// Whether an account of ours has blocked another account.
    pub fn blocks(&self, account: AccountNumber, other: AccountId) -> bool {
        self.blocks.contains_key(&(account, other))
    }

    /// Whom an account of ours has blocked.
    pub fn blocks_of(&self, account: AccountNumber) -> impl Iterator<Item = (AccountId, &Block)> {
        let first = AccountId { lineage: LineageId([0; 32]), number: AccountNumber(0) };
        let last = AccountId { lineage: LineageId([0xff; 32]), number: AccountNumber(u64::MAX) };
        let of = self.blocks.range((account, first)..=(account, last));
        of.map(|((_, other), block)| (*other, block))
    }

    /// Whether an account has changed whom it blocks after a place in the feed.
    pub fn blocks_changed(&self, account: AccountNumber, since: Pos) -> bool {
        self.accounts.get(&account).is_some_and(|account| account.blocks_changed > since)
    }

    /// Whether an account has muted a channel.
    pub fn is_muted(&self, account: AccountNumber, no: ChannelNo) -> bool {
        let account = self.accounts.get(&account);
        account.and_then(|account| account.mutes.get(&no)).is_some_and(|mute| mute.on)
    }

    /// Channels that an account has muted, or not any more, after a place in the feed.
    pub fn mutes_since(
        &self,
        account: AccountNumber,
        since: Pos,
    ) -> impl Iterator<Item = (ChannelNo, bool)> + use<'_> {
        let mutes = self.accounts.get(&account).map(|account| &account.mutes);
        let changed = mutes.into_iter().flatten().filter(move |(_, mute)| mute.changed > since);
        changed.map(|(no, mute)| (*no, mute.on))
    }

    /// Blocks somebody: what he writes directly from now on is not heard, nor that he asks. That he
    /// has asked before is forgotten without a word.
    pub(crate) fn block(
        &mut self,
        account: AccountNumber,
        other: AccountId,
        label: &str,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        if other == self.account_id(account) {
            return Err(Code::BlockSelf);
        }
        self.check_known(other, label)?;
        if self.blocks(account, other) {
            return Ok(Answer::Done);
        }
        if self.blocks_of(account).count() >= BLOCKS_MAX {
            return Err(Code::BlockLimit);
        }
        let block = Block { label: label.to_owned(), since_unix_ms: fx.unix_ms };
        self.blocks.insert((account, other), block);
        self.decline_silently(account, other, fx);
        self.note_blocks_changed(account, other, fx);
        Ok(Answer::Done)
    }

    /// Hears somebody again, from now on.
    pub(crate) fn unblock(
        &mut self,
        account: AccountNumber,
        other: AccountId,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        if self.blocks.remove(&(account, other)).is_some() {
            self.note_blocks_changed(account, other, fx);
        }
        Ok(Answer::Done)
    }

    fn note_blocks_changed(&mut self, account: AccountNumber, other: AccountId, fx: &mut Effects) {
        fx.dirty(RowKey::Block(account, other));
        if let Some(known) = self.accounts.get_mut(&account) {
            known.blocks_changed = Pos::new(fx.command, 0);
            fx.dirty(RowKey::Account(account));
        }
    }

    /// Notes whether an account's devices are to be quiet about a channel.
    pub(crate) fn mute(
        &mut self,
        account: AccountNumber,
        channel: &ChannelId,
        on: bool,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        let no = self.joined(account, channel)?;
        if self.is_muted(account, no) != on
            && let Some(known) = self.accounts.get_mut(&account)
        {
            known.mutes.insert(no, Mute { on, changed: Pos::new(fx.command, 0) });
            fx.dirty(RowKey::Account(account));
        }
        Ok(Answer::Done)
    }

    /// The account of ours that does not hear what somebody says in a direct channel. An erasure is
    /// always heard: it says nothing.
    pub(crate) fn deaf(
        &self,
        no: ChannelNo,
        sender: AccountId,
        act: &EventAct,
    ) -> Option<AccountNumber> {
        let Kind::Direct(direct) = &self.channels.get(&no)?.kind else { return None };
        let is_said = matches!(
            act,
            EventAct::Edit(_) | EventAct::Message(_) | EventAct::Pin(_) | EventAct::Reaction(_)
        );
        let (other, _) = direct.other(sender);
        let is_deaf = other.lineage == self.lineage() && self.blocks(other.number, sender);
        (is_said && is_deaf).then_some(other.number)
    }

    /// Notes for somebody's list a message in a direct channel that was just placed, and before
    /// which `before` was the channel's newest.
    pub(crate) fn note_heard(
        &mut self,
        no: ChannelNo,
        deaf: Option<AccountNumber>,
        (before, time): (HybridTime, HybridTime),
        fx: &mut Effects,
    ) {
        let own = self.lineage();
        let Kind::Direct(direct) = &self.channels[&no].kind else { return };
        let (a, b) = direct.accounts;
        let ours = [a, b].into_iter().filter(|account| account.lineage == own);
        for number in ours.map(|account| account.number) {
            let Some(account) = self.accounts.get_mut(&number) else { continue };
            let heard = account.heard.get(&no).copied();
            match (deaf == Some(number), heard) {
                (true, None) => {
                    account.heard.insert(no, before);
                }
                // Where it is the newest of all, the channel's own time says it again.
                (false, Some(_)) if time > before => {
                    account.heard.remove(&no);
                }
                (false, Some(heard)) => {
                    account.heard.insert(no, heard.max(time));
                }
                (true, Some(_)) | (false, None) => continue,
            }
            fx.dirty(RowKey::Account(number));
        }
    }

    /// Whether a group's invite comes from somebody whom the invited account of ours has blocked.
    pub(crate) fn is_unwanted(&self, act: &ControlAct, actor: Option<AccountId>) -> bool {
        let (ControlAct::Invite(invite), Some(actor)) = (act, actor) else { return false };
        invite.account.lineage == self.lineage() && self.blocks(invite.account.number, actor)
    }

    /// Whether an account of ours has blocked whoever people write so.
    pub(crate) fn blocks_label(&self, account: AccountNumber, label: &str) -> bool {
        self.blocks_of(account).any(|(_, block)| block.label == label)
    }
}
