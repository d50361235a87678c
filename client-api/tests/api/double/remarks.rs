//! What is said of messages in the double: edits, reactions, threads, pins, and marks of reading.

use std::sync::Arc;

use comity_client_api::*;
use comity_protocol::code::Code;
use comity_protocol::id::{ChannelId, MessageId};
use comity_protocol::name::AccountLabel;

use super::State;

/// What was said of a message.
#[derive(Clone, Default)]
pub(crate) struct Said {
    versions: Vec<Version>,
    since: Since,
}

impl State {
    pub(crate) fn remark(&mut self, me: &AccountLabel, action: Action) -> Result<Outcome, Refusal> {
        match action {
            Action::Edit { channel, message, text, format } => {
                let event = self.message_in(me, channel, message)?;
                if event.sender != *me {
                    return Err(Code::NotAuthor.into());
                }
                let text: Option<Arc<str>> = Some(text.into());
                let content = EventContent::Edited { message, text: text.clone(), format };
                let time_unix_ms = self.say(channel, me, content);
                let said = self.said.entry(message).or_default();
                said.since.edited_unix_ms = Some(time_unix_ms);
                said.versions.push(Version { time_unix_ms, text, format });
            }
            Action::React { channel, message, reaction, on } => {
                self.message_in(me, channel, message)?;
                let reactions = &mut self.said.entry(message).or_default().since.reactions;
                reactions.retain(|known| known.reaction != reaction);
                if on {
                    let (reaction, accounts) = (reaction.clone(), vec![me.clone()]);
                    reactions.push(ReactionCount { reaction, count: 1, accounts });
                }
                self.say(channel, me, EventContent::Reacted { message, reaction, on });
            }
            Action::Pin { channel, message, on } => {
                self.message_in(me, channel, message)?;
                self.said.entry(message).or_default().since.is_pinned = on;
                self.say(channel, me, EventContent::Pinned { message, on });
            }
            Action::MarkRead { channel, message, .. } => {
                self.message_in(me, channel, message)?;
                self.read.insert((me.clone(), channel), message);
            }
            Action::ShowReads { on: true } => {
                self.hides_reads.remove(me);
            }
            Action::ShowReads { on: false } => {
                self.hides_reads.insert(me.clone());
            }
            other => panic!("{other:?} says nothing of a message"),
        }
        Ok(Outcome::Done)
    }

    /// Another organisation is told of what one of its own has written.
    pub(crate) fn report(&mut self, me: &AccountLabel, action: Action) -> Result<Outcome, Refusal> {
        let Action::Report { channel, message, .. } = action else { panic!("{action:?}") };
        let author = match self.said_by.get(&message) {
            Some(author) => author.clone(),
            None => self.message_in(me, channel, message)?.sender.clone(),
        };
        if author == *me {
            return Err(Code::ReportSelf.into());
        }
        let to = Some(author.domain).filter(|domain| *domain != me.domain);
        Ok(Outcome::Reported { to })
    }

    fn say(&mut self, channel: ChannelId, me: &AccountLabel, content: EventContent) -> u64 {
        self.append(channel, me.clone(), content);
        self.log[self.log.len() - 1].time_unix_ms
    }

    /// A message of a thread is counted with the first one.
    pub(crate) fn note_reply(&mut self, thread: Option<MessageId>) {
        let Some(thread) = thread else { return };
        let last_unix_ms = self.log[self.log.len() - 1].time_unix_ms;
        let replies = &mut self.said.entry(thread).or_default().since.replies;
        let count = replies.map_or(0, |replies| replies.count) + 1;
        *replies = Some(Replies { count, last_unix_ms });
    }

    fn message_in(
        &self,
        me: &AccountLabel,
        channel: ChannelId,
        message: MessageId,
    ) -> Result<Arc<FeedEvent>, Refusal> {
        Ok(self.message(me, channel, message)?.event)
    }

    /// An event of history with what was said of it since.
    pub(crate) fn with_remarks(&self, event: &Arc<FeedEvent>) -> Arc<FeedEvent> {
        let (EventContent::Message(content), Some(said)) =
            (&event.content, self.said.get(&event.id))
        else {
            return event.clone();
        };
        let mut content = MessageContent { since: said.since.clone(), ..content.clone() };
        if let Some(newest) = said.versions.last() {
            content.text.clone_from(&newest.text);
            content.besides.format = newest.format;
        }
        Arc::new(FeedEvent {
            cursor: event.cursor,
            channel: event.channel,
            id: event.id,
            time_unix_ms: event.time_unix_ms,
            sender: event.sender.clone(),
            content: EventContent::Message(content),
            withdrawn: Vec::new(),
            is_late: event.is_late,
            is_final: event.is_final,
            encoded: Default::default(),
        })
    }

    /// Whether an event shows at its message alone.
    pub(crate) fn is_remark(event: &FeedEvent) -> bool {
        matches!(
            event.content,
            EventContent::Edited { .. }
                | EventContent::Pinned { .. }
                | EventContent::Reacted { .. }
        )
    }

    pub(crate) fn versions(
        &self,
        me: &AccountLabel,
        channel: ChannelId,
        id: MessageId,
    ) -> Result<Vec<Version>, Refusal> {
        let event = self.message_in(me, channel, id)?;
        let mut versions =
            vec![Version { time_unix_ms: event.time_unix_ms, text: None, format: Format::Plain }];
        versions.extend(self.said.get(&id).into_iter().flat_map(|said| said.versions.clone()));
        Ok(versions)
    }

    /// Events of a channel that are of a kind, as history shows them.
    pub(crate) fn events_where(
        &self,
        me: &AccountLabel,
        channel: ChannelId,
        wanted: impl Fn(&MessageContent) -> bool,
    ) -> Result<Vec<Arc<FeedEvent>>, Refusal> {
        self.channel_of(me, channel)?;
        let events = self.log.iter().filter(|event| event.channel == channel);
        let events = events.map(|event| self.with_remarks(event));
        let is_wanted = |event: &Arc<FeedEvent>| match &event.content {
            EventContent::Message(content) => wanted(content),
            _ => false,
        };
        Ok(events.filter(is_wanted).collect())
    }

    /// All messages that mention somebody, the newest first.
    pub(crate) fn mentioning(&self, me: &AccountLabel) -> Vec<Arc<FeedEvent>> {
        let mentions = |event: &&Arc<FeedEvent>| match &event.content {
            EventContent::Message(content) => content.besides.mentions.contains(me),
            _ => false,
        };
        self.log.iter().rev().filter(mentions).cloned().collect()
    }
}
