//! What is said of messages, put together from the events that say it: the newest text, reactions,
//! the thread, the pin. It decides who may say what of which message before it is proposed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use comity_client_api::{
    Action, Besides, Caller, Format, MessageContent, ReactionCount, Refusal, Replies, Since,
    Version,
};
use comity_machine::{Act, ChannelNo, ErasedBy, EventRow, Remark, State};
use comity_protocol::body::WireBody;
use comity_protocol::code::Code;
use comity_protocol::event::{EventAct, EventHeader, Message};
use comity_protocol::id::{AccountId, ChannelId, MessageId};

use super::client::ClientEdge;
use super::history::{self, Found};
use crate::writer::{Annotated, RecordsError, View};

/// What is said of some messages of a channel.
pub(super) struct Remarks<'a> {
    view: &'a View,
    channel: ChannelNo,
    by_message: BTreeMap<MessageId, Vec<Annotated>>,
}

/// What is said of one message: its newest text, where that is not the first, and the rest.
pub(super) struct OfMessage {
    edit: Option<(u64, Option<Arc<str>>, Format)>,
    since: Since,
}

impl<'a> Remarks<'a> {
    /// What is said of the messages from one id to another, as far as the reader hears it.
    pub(super) fn read(
        view: &'a View,
        channel: ChannelNo,
        span: (MessageId, MessageId),
        reader: AccountId,
    ) -> Result<Self, RecordsError> {
        let mut by_message: BTreeMap<MessageId, Vec<Annotated>> = BTreeMap::new();
        for said in heard(view, channel, span, reader)? {
            by_message.entry(said.message).or_default().push(said);
        }
        Ok(Self { view, channel, by_message })
    }

    /// What is said of a message of an author; nothing where there is nothing.
    pub(super) fn of(
        &self,
        state: &State,
        message: MessageId,
        author: AccountId,
    ) -> Result<Option<OfMessage>, RecordsError> {
        let Some(said) = self.by_message.get(&message) else { return Ok(None) };
        let edit = match edits(said, author).next_back() {
            Some(edit) => {
                let row = self.view.annotating(self.channel, edit)?;
                let (text, format) = row.as_ref().map(text_of).unwrap_or_default();
                Some((edit.event.time().unix_ms(), text, format))
            }
            None => None,
        };
        let since = Since {
            edited_unix_ms: edit.as_ref().map(|(unix_ms, ..)| *unix_ms),
            is_replaced: false,
            reactions: reactions(state, self.channel, said),
            replies: replies(said),
            is_pinned: is_pinned(said),
        };
        Ok(Some(OfMessage { edit, since }))
    }
}

impl OfMessage {
    /// Lets a message show it.
    pub(super) fn put(self, content: &mut MessageContent) {
        let is_replaced = content.since.is_replaced && self.edit.is_none();
        content.since = Since { is_replaced, ..self.since };
        if let Some((_, text, format)) = self.edit {
            content.text = text;
            content.besides.format = format;
        }
    }
}

/// What is said of the messages from one id to another, as far as the reader hears it.
pub(super) fn heard(
    view: &View,
    channel: ChannelNo,
    span: (MessageId, MessageId),
    reader: AccountId,
) -> Result<Vec<Annotated>, RecordsError> {
    let mut said = view.annotations(channel, span, REMARKS_MAX)?;
    said.retain(|said| said.is_heard_by(reader));
    Ok(said)
}

/// The texts that a message has had.
pub(super) fn versions(
    view: &View,
    found: &Found,
    reader: AccountId,
) -> Result<Vec<Version>, RecordsError> {
    let of = |row: &EventRow| {
        let (text, format) = text_of(row);
        Version { time_unix_ms: row.id.time().unix_ms(), text, format }
    };
    let mut versions = vec![of(&found.row)];
    let id = found.row.id;
    let said = heard(view, found.channel, (id, id), reader)?;
    let mut is_unheard = false;
    for edit in edits(&said, found.author) {
        is_unheard |= edit.is_unheard;
        versions.extend(view.annotating(found.channel, edit)?.as_ref().map(of));
    }
    // The text that an unheard edit replaces is kept for who does not hear it; its author is to see
    // no difference. Direct channels keep no former texts.
    if let Some((_, former)) = versions.split_last_mut().filter(|_| is_unheard) {
        former.iter_mut().for_each(|version| version.text = None);
    }
    Ok(versions)
}

/// The record of a message's newest edit, as far as the reader hears it.
pub(super) fn newest_edit(
    view: &View,
    found: &Found,
    reader: AccountId,
) -> Result<Option<EventRow>, RecordsError> {
    let id = found.row.id;
    let said = heard(view, found.channel, (id, id), reader)?;
    let edit = edits(&said, found.author).next_back();
    edit.map_or(Ok(None), |edit| view.annotating(found.channel, edit))
}

/// The messages of a message's thread after one of them, by id and pos; and whether there are more.
pub(super) fn thread(
    said: &[Annotated],
    after: Option<MessageId>,
) -> impl Iterator<Item = &Annotated> {
    let is_reply = |said: &&Annotated| said.what == Remark::Reply;
    said.iter().filter(is_reply).filter(move |said| after.is_none_or(|after| said.event > after))
}

/// Whether a message is pinned, as the newest word on it says.
pub(super) fn is_pinned(said: &[Annotated]) -> bool {
    let mut newest = said.iter().rev().filter_map(|said| match said.what {
        Remark::Pin { on } => Some(on),
        _ => None,
    });
    newest.next().unwrap_or_default()
}

/// An author's edits of a message, in the channel's order.
fn edits(said: &[Annotated], author: AccountId) -> impl DoubleEndedIterator<Item = &Annotated> {
    said.iter().filter(move |said| said.is_edit_by(author))
}

/// The text of a record, where it is here.
fn text_of(row: &EventRow) -> (Option<Arc<str>>, Format) {
    match &row.body {
        WireBody::Absent(_) => (None, Format::default()),
        WireBody::Present(body) => {
            (body.as_text().map(Arc::from), body.format().unwrap_or_default())
        }
    }
}

/// Who shows which reaction, in the order in which they came.
fn shown(said: &[Annotated]) -> Vec<(&str, Vec<AccountId>)> {
    let mut shown: Vec<(&str, Vec<AccountId>)> = Vec::new();
    for Annotated { author, what, .. } in said {
        let Remark::Reaction { reaction, on } = what else { continue };
        let at = shown.iter().position(|(known, _)| *known == reaction.as_str());
        let at = at.unwrap_or_else(|| {
            shown.push((reaction, Vec::new()));
            shown.len() - 1
        });
        let accounts = &mut shown[at].1;
        accounts.retain(|account| account != author);
        if *on {
            accounts.push(*author);
        }
    }
    shown.retain(|(_, accounts)| !accounts.is_empty());
    shown
}

fn reactions(state: &State, channel: ChannelNo, said: &[Annotated]) -> Vec<ReactionCount> {
    let count = |(reaction, accounts): (&str, Vec<AccountId>)| ReactionCount {
        reaction: reaction.to_owned(),
        count: accounts.len(),
        accounts: accounts
            .iter()
            .take(REACTING_SHOWN_MAX)
            .filter_map(|account| state.label(channel, account))
            .collect(),
    };
    shown(said).into_iter().map(count).collect()
}

fn replies(said: &[Annotated]) -> Option<Replies> {
    let count = thread(said, None).count();
    let last = thread(said, None).map(|said| said.event.time().unix_ms()).max()?;
    Some(Replies { count, last_unix_ms: last })
}

impl ClientEdge {
    /// What a send says besides its text, of messages and members that there are.
    pub(super) fn message_of(
        &self,
        caller: &Caller,
        channel: &ChannelId,
        besides: Besides,
    ) -> Result<(Format, Message), Refusal> {
        let Besides { format, reply_to, thread, mentions, mention_all } = besides;
        if let Some(message) = reply_to {
            history::find(self.shared(), channel, message, caller.account)?;
        }
        let thread = thread.map(|root| self.root_of(caller, channel, root)).transpose()?;
        let mentions = self.members_named(channel, &mentions);
        let message = Message {
            reply_to,
            thread,
            mentions: (!mentions.is_empty()).then(|| mentions.into_iter().collect()),
            mentions_all: mention_all.then_some(true),
        };
        Ok((format, message))
    }

    /// The message that a thread begins with: of one that is in a thread itself, that thread's.
    fn root_of(
        &self,
        caller: &Caller,
        channel: &ChannelId,
        message: MessageId,
    ) -> Result<MessageId, Refusal> {
        let found = history::find(self.shared(), channel, message, caller.account)?;
        let header = EventHeader::decode(&found.row.header).ok();
        match header.and_then(|header| header.act().ok()) {
            Some(EventAct::Message(Message { thread: Some(root), .. })) => Ok(root),
            _ => Ok(message),
        }
    }

    /// The members of a channel that are named; whoever is not one is not mentioned.
    fn members_named(
        &self,
        channel: &ChannelId,
        labels: &[comity_protocol::name::AccountLabel],
    ) -> BTreeSet<AccountId> {
        if labels.is_empty() {
            return BTreeSet::new();
        }
        let labels: BTreeSet<String> = labels.iter().map(ToString::to_string).collect();
        let state = self.shared().state();
        let Some((_, known)) = state.channel(channel) else { return BTreeSet::new() };
        match &known.kind {
            comity_machine::Kind::Group(group) => {
                let joined = group.state.joined();
                joined.filter(|(_, m)| labels.contains(&m.label)).map(|(id, _)| *id).collect()
            }
            comity_machine::Kind::Direct(direct) => {
                let (a, b) = direct.accounts;
                let is_named =
                    |id: &AccountId| direct.label(*id).is_some_and(|l| labels.contains(l));
                [a, b].into_iter().filter(is_named).collect()
            }
            comity_machine::Kind::Link { .. } => BTreeSet::new(),
        }
    }

    /// Another text for a message: the author's alone to give.
    fn edit(
        &self,
        caller: &Caller,
        channel: ChannelId,
        message: MessageId,
        (text, format): (String, Format),
    ) -> Result<Act, Refusal> {
        let found = history::find(self.shared(), &channel, message, caller.account)?;
        if found.author != caller.account {
            return Err(Code::NotAuthor.into());
        }
        is_there(&found)?;
        Ok(Act::Edit { channel, message, text, format })
    }

    /// The act that an action on a message comes to; nothing where all is so already.
    pub(super) fn act_of_message(
        &self,
        caller: &Caller,
        action: Action,
    ) -> Result<Option<Act>, Refusal> {
        match action {
            Action::Edit { channel, message, text, format } => {
                self.edit(caller, channel, message, (text, format)).map(Some)
            }
            Action::Erase { channel, message } => {
                let found = history::find(self.shared(), &channel, message, caller.account)?;
                Ok(Some(Act::Erase { channel, target: found.target, author: found.author }))
            }
            Action::MarkRead { channel, message, back } => {
                self.mark_of(caller, channel, message, back).map(Some)
            }
            other => self.remark(caller, &other),
        }
    }

    /// What a reaction or a pin comes to; nothing where all is so already.
    fn remark(&self, caller: &Caller, action: &Action) -> Result<Option<Act>, Refusal> {
        let (Action::React { channel, message, .. } | Action::Pin { channel, message, .. }) =
            action
        else {
            return Ok(None);
        };
        let found = history::find(self.shared(), channel, *message, caller.account)?;
        is_there(&found)?;
        let view = self.shared().view().map_err(history::failed)?;
        let said = heard(&view, found.channel, (*message, *message), caller.account);
        let said = said.map_err(history::failed)?;
        let (channel, message) = (*channel, *message);
        match action {
            Action::React { reaction, on, .. } => {
                let shown = shown(&said);
                let of = shown.iter().find(|(known, _)| known == reaction);
                let is_on = of.is_some_and(|(_, accounts)| accounts.contains(&caller.account));
                if *on && of.is_none() && shown.len() >= REACTIONS_MAX {
                    return Err(Code::ReactionLimit.into());
                }
                let (reaction, on) = (reaction.clone(), *on);
                Ok((is_on != on).then_some(Act::React { channel, message, reaction, on }))
            }
            Action::Pin { on, .. } => {
                let is_on = is_pinned(&said);
                if *on && !is_on && self.pinned(caller, &view, found.channel)?.len() >= PINS_MAX {
                    return Err(Code::PinLimit.into());
                }
                Ok((is_on != *on).then_some(Act::Pin { channel, message, on: *on }))
            }
            _ => Ok(None),
        }
    }

    /// The pinned messages of a channel, the one pinned last first.
    pub(super) fn pinned(
        &self,
        caller: &Caller,
        view: &View,
        channel: ChannelNo,
    ) -> Result<Vec<MessageId>, Refusal> {
        let mut pinned = Vec::new();
        for message in view.pinned_ever(channel).map_err(history::failed)? {
            let said = heard(view, channel, (message, message), caller.account);
            if is_pinned(&said.map_err(history::failed)?) {
                pinned.push(message);
            }
        }
        Ok(pinned)
    }
}

/// Nothing is said of a message that was erased.
fn is_there(found: &Found) -> Result<(), Refusal> {
    match found.row.erased {
        None | Some(ErasedBy::Edit) => Ok(()),
        Some(ErasedBy::Record | ErasedBy::Retention) => Err(Code::MessageErased.into()),
    }
}

/// Remarks on the messages of one page that are looked at; who floods a message with more hides
/// only what is said of later ones of the page.
pub(super) const REMARKS_MAX: usize = 20_000;
/// Different reactions that accounts of ours add to a message.
const REACTIONS_MAX: usize = 50;
/// Pinned messages of a channel beyond which accounts of ours pin no more.
const PINS_MAX: usize = 100;
/// Accounts that are named with a reaction; the count is of all.
const REACTING_SHOWN_MAX: usize = 20;
