//! How far accounts of this node have read, and what is left: one mark for each account and
//! channel, never one for each message. Marks stand in the node's own order of arrival, so that
//! what comes late is unread wherever it stands in the channel.

use comity_protocol::code::Code;
use comity_protocol::cursor::Pos;
use comity_protocol::event::{EventAct, Message};
use comity_protocol::id::{AccountId, AccountNumber, ChannelId, MessageId};
use minicbor::{Decode, Encode};

use crate::answer::Answer;
use crate::applied::Subscriber;
use crate::channel::ChannelNo;
use crate::rows::RowKey;
use crate::state::{Effects, State};

/// How far an account has read a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ReadMark {
    /// All that came up to here was read.
    #[n(0)]
    pub pos: Pos,
    /// The message that the account named last as read.
    #[n(1)]
    pub message: Option<MessageId>,
    /// Messages of the channel that are not unread: those read, and the account's own since.
    #[n(2)]
    pub seen: u64,
    /// Messages that the account has sent here, or was not to hear.
    #[n(3)]
    pub sent: u64,
    /// Messages not read that mention the account.
    #[n(4)]
    pub mentions: u64,
    /// Messages that mentioned it so far.
    #[n(5)]
    pub mentioned: u64,
    /// The command that moved it.
    #[n(6)]
    pub changed: Pos,
}

/// What an account has not read of a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// Messages of others.
    pub messages: u64,
    /// Those of them that mention the account.
    pub mentions: u64,
    /// The message up to which it has read, as it named it.
    pub read: Option<MessageId>,
}

impl State {
    /// What an account has not read of a channel.
    pub fn unread(&self, account: AccountNumber, no: ChannelNo) -> Unread {
        let mark = self.read_mark(account, no);
        let said = self.channels.get(&no).map_or(0, |channel| channel.said);
        let messages = said.saturating_sub(mark.seen);
        Unread { messages, mentions: mark.mentions.min(messages), read: mark.message }
    }

    /// How far an account has read a channel.
    pub fn read_mark(&self, account: AccountNumber, no: ChannelNo) -> ReadMark {
        self.reads.get(&(account, no)).copied().unwrap_or_default()
    }

    /// All marks, by account and channel.
    pub fn marks(&self) -> impl Iterator<Item = (AccountNumber, ChannelNo)> + use<'_> {
        self.reads.keys().copied()
    }

    /// Channels whose mark an account has moved after a place in the feed.
    pub fn marks_since(
        &self,
        account: AccountNumber,
        pos: Pos,
    ) -> impl Iterator<Item = ChannelNo> + use<'_> {
        let of_account = (account, ChannelNo(0))..=(account, ChannelNo(u32::MAX));
        let marks = self.reads.range(of_account).filter(move |(_, mark)| mark.changed > pos);
        marks.map(|((_, no), _)| *no)
    }

    /// Moves an account's mark; back only where that is wanted.
    pub(crate) fn mark_read(
        &mut self,
        account: AccountNumber,
        channel: &ChannelId,
        (to, back): (&ReadMark, bool),
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        let no = self.joined(account, channel)?;
        let said = self.channels[&no].said;
        let mark = self.reads.entry((account, no)).or_default();
        if to.pos <= mark.pos && !back {
            return Ok(Answer::Done);
        }
        // What came since it was counted comes on top.
        let sent = mark.sent.saturating_sub(to.sent);
        let mentioned = mark.mentioned.saturating_sub(to.mentioned);
        *mark = ReadMark {
            pos: to.pos,
            message: to.message,
            seen: to.seen.saturating_add(sent).min(said),
            mentions: to.mentions.saturating_add(mentioned),
            changed: Pos::new(fx.command, 0),
            ..*mark
        };
        fx.dirty(RowKey::Read(account, no));
        Ok(Answer::Done)
    }

    /// Whether others see how far an account has read.
    pub fn shows_reads(&self, account: AccountNumber) -> bool {
        self.accounts.get(&account).is_some_and(|account| account.hides_reads.is_none())
    }

    pub(crate) fn show_reads(
        &mut self,
        number: AccountNumber,
        on: bool,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        let account = self.accounts.get_mut(&number).ok_or(Code::AccountNotFound)?;
        account.hides_reads = (!on).then_some(true);
        fx.dirty(RowKey::Account(number));
        Ok(Answer::Done)
    }

    /// Who comes in has nothing unread.
    pub(crate) fn enter(
        &mut self,
        no: ChannelNo,
        account: AccountNumber,
        pos: Pos,
        fx: &mut Effects,
    ) {
        let seen = self.channels.get(&no).map_or(0, |channel| channel.said);
        let mark = self.reads.entry((account, no)).or_default();
        *mark = ReadMark { pos, message: None, seen, mentions: 0, changed: pos, ..*mark };
        fx.dirty(RowKey::Read(account, no));
    }

    /// What an account says itself, or is not to hear, it need not read.
    pub(crate) fn note_said(&mut self, no: ChannelNo, sender: AccountId, fx: &mut Effects) {
        if sender.lineage == self.lineage() && self.accounts.contains_key(&sender.number) {
            let mark = self.reads.entry((sender.number, no)).or_default();
            mark.sent += 1;
            mark.seen += 1;
            fx.dirty(RowKey::Read(sender.number, no));
        }
    }

    /// Notes whom of ours the message mentions that was placed last.
    pub(crate) fn note_mentions(&mut self, no: ChannelNo, act: &EventAct, fx: &mut Effects) {
        let EventAct::Message(message) = act else { return };
        let is_plain = message.mentions.is_none() && message.mentions_all.is_none();
        let Some(applied) = fx.applied.last().filter(|_| !is_plain) else { return };
        let is_heard = applied.is_listed() && !applied.is_unheard;
        let Some(sender) = applied.sender.filter(|_| is_heard) else { return };
        let mentioned = self.mentioned(no, sender, message);
        for account in &mentioned {
            let mark = self.reads.entry((*account, no)).or_default();
            mark.mentioned += 1;
            mark.mentions += 1;
            fx.dirty(RowKey::Read(*account, no));
        }
        if let Some(applied) = fx.applied.last_mut() {
            applied.mentioned = mentioned;
        }
    }

    /// Accounts of ours in a channel that a message mentions, its sender apart.
    fn mentioned(&self, no: ChannelNo, sender: AccountId, message: &Message) -> Vec<AccountNumber> {
        let (own, channel) = (self.lineage(), &self.channels[&no]);
        let may_all = channel.group().is_none_or(|group| group.state.may_mention_all(&sender));
        let all = message.mentions_all.is_some() && may_all;
        let named = |account: &AccountNumber| {
            let account = AccountId { lineage: own, number: *account };
            message.mentions.iter().flatten().any(|named| *named == account)
        };
        let local = channel.audience.local.iter().filter_map(Subscriber::account);
        let is_sender = |account: &AccountNumber| sender == self.account_id(*account);
        local.filter(|account| !is_sender(account) && (all || named(account))).collect()
    }
}
