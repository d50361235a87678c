//! How far accounts have read: where a mark is to stand, and who is told that it moved.

use std::ops::{Bound, ControlFlow};

use comity_client_api::{Caller, Delivery, Refusal};
use comity_machine::{Act, ChannelNo, Outcome, ReadMark, RightTo, Subscriber, right_of};
use comity_protocol::code::Code;
use comity_protocol::cursor::Pos;
use comity_protocol::event::{EventAct, EventHeader};
use comity_protocol::id::{AccountId, AccountNumber, ChannelId, MessageId};

use super::client::ClientEdge;
use super::{convert, history};
use crate::feed::Notice;
use crate::store::Direction;
use crate::writer::View;

impl ClientEdge {
    /// Where a mark is to stand that names a message, with what is left unread there. Where nothing
    /// newer was said it covers all that has come, what came late included.
    pub(super) fn mark_of(
        &self,
        caller: &Caller,
        channel: ChannelId,
        message: MessageId,
        back: bool,
    ) -> Result<Act, Refusal> {
        // The state first: the rows hold at least as much.
        let (last, said, held) = {
            let state = self.shared().state();
            let (no, known) = state.channel(&channel).ok_or(Code::ChannelNotFound)?;
            if !state.audience_has(&channel, caller.account.number) {
                return Err(Code::ChannelNotFound.into());
            }
            (known.last_pos, known.said, state.read_mark(caller.account.number, no))
        };
        let found = history::find(self.shared(), &channel, message, caller.account)?;
        let no = found.channel;
        let view = self.shared().view().map_err(history::failed)?;
        let is_newest = !is_followed(&view, no, message, caller.account)?;
        let pos = if is_newest { last } else { found.pos.min(last) };
        let unread = count_after(&view, no, (pos, last), caller.account)?;
        let mentions = view.mentions(caller.account.number, Pos(u64::MAX), MENTIONS_COUNTED);
        let mentions = mentions.map_err(history::failed)?.into_iter();
        let mentions = mentions.filter(|(at, of)| *of == no && *at > pos && *at <= last).count();
        let mark = ReadMark {
            pos,
            message: Some(message),
            seen: said.saturating_sub(unread),
            sent: held.sent,
            mentions: mentions as u64,
            mentioned: held.mentioned,
            changed: Pos::default(),
        };
        Ok(Act::MarkRead { channel, mark, back })
    }

    /// The mark that an act may move, as it is.
    pub(super) fn mark_before(&self, caller: &Caller, act: &Act) -> Option<(ChannelId, ReadMark)> {
        let Act::MarkRead { channel, .. } = act else { return None };
        let state = self.shared().state();
        let (no, _) = state.channel(channel)?;
        Some((*channel, state.read_mark(caller.account.number, no)))
    }

    /// Marks that an account has moved since a place in the feed.
    pub(super) fn marks_after(&self, caller: &Caller, pos: Pos) -> Vec<Delivery> {
        let state = self.shared().state();
        let account = caller.account.number;
        let moved = state.marks_since(account, pos).filter_map(|no| {
            let channel = state.channels.get(&no)?.id;
            let unread = convert::unread(state.unread(account, no));
            state.audience_has(&channel, account).then_some(Delivery::Unread { channel, unread })
        });
        moved.collect()
    }

    /// Tells the account's devices that its mark has moved, and other members who is where.
    pub(super) fn tell_read(&self, caller: &Caller, channel: ChannelId, before: ReadMark) {
        let state = self.shared().state();
        let Some((no, known)) = state.channel(&channel) else { return };
        let account = caller.account.number;
        let mark = state.read_mark(account, no);
        if mark == before {
            return;
        }
        let unread = state.unread(account, no);
        let is_shown = state.shows_reads(account) && known.is_small();
        let sees = |other: &AccountNumber| {
            let is_hidden = state.hides_alone(known, caller.account, state.account_id(*other));
            is_shown && *other != account && !is_hidden
        };
        let local = known.audience.local.iter();
        let others: Vec<AccountNumber> =
            local.filter_map(Subscriber::account).filter(sees).collect();
        drop(state);
        self.push().read(account, no, convert::device_back(caller.device));
        self.hub().notify(Subscriber::Account(account), Notice::Unread { channel, unread });
        let Some(message) = mark.message.filter(|_| mark.pos > before.pos) else { return };
        let notice = Notice::Read { channel, account: caller.account, message };
        for other in others {
            self.hub().notify(Subscriber::Account(other), notice);
        }
        self.marks().note(account, Some(no));
    }
}

/// Whether a message stands after another one in the channel's order.
fn is_followed(
    view: &View,
    no: ChannelNo,
    message: MessageId,
    own: AccountId,
) -> Result<bool, Code> {
    let span = (Bound::Excluded(message), Bound::Unbounded);
    let later = view.timeline(no, span, Direction::Descending, LATER_LOOKED_AT);
    let later = later.map_err(history::failed)?;
    let is_cut = later.len() == LATER_LOOKED_AT;
    Ok(is_cut || later.iter().any(|(_, row)| row.is_heard_by(own) && is_message(&row.header)))
}

/// Messages of others that came after one pos, up to another.
fn count_after(
    view: &View,
    no: ChannelNo,
    (after, until): (Pos, Pos),
    own: AccountId,
) -> Result<u64, Code> {
    let mut count = 0;
    if after >= until {
        return Ok(count);
    }
    view.records(no, (Pos(after.0 + 1), until), &mut |_, row| {
        let is_others =
            row.outcome == Outcome::Accepted && row.sender != Some(own) && row.is_heard_by(own);
        count += u64::from(is_others && is_message(&row.header));
        if count < UNREAD_COUNTED { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })
    .map_err(history::failed)?;
    Ok(count)
}

/// Whether a record is a message, by its header's bytes.
pub(super) fn is_message(header: &[u8]) -> bool {
    // Most records are messages without arguments, which tell by less.
    right_of(header) == Some(RightTo::Post)
        && matches!(
            EventHeader::decode(header).ok().and_then(|header| header.act().ok()),
            Some(EventAct::Message(_))
        )
}

/// Records behind a message that are looked at for whether one is a message.
const LATER_LOOKED_AT: usize = 64;
/// Unread messages that are counted where a mark goes back; there may be more.
const UNREAD_COUNTED: u64 = 10_000;
/// Mentions that are looked at for those that are unread.
const MENTIONS_COUNTED: usize = 1_000;
