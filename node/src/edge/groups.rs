//! Groups that are found without an invitation: here, or at the node of another domain. What
//! another node says of them is shown and gone by, never believed: who is let in is decided by the
//! group's home.

use comity_client_api::{Caller, FoundGroup, FoundGroups, JoinRule, Refusal, Rule};
use comity_machine::{Act, ChannelNo, Subscriber};
use comity_protocol::code::Code;
use comity_protocol::control::{
    self, Ban, ControlAct, SetArchived, SetEdits, SetHistory, SetJoinRule, SetMentions, SetPosting,
    SetRetention,
};
use comity_protocol::directory::{Offer, OfferedGroup, Seek};
use comity_protocol::id::{ChannelId, LineageId};
use comity_protocol::limits::{CHANNEL_NAME_CHARS_MAX, CHANNEL_TOPIC_CHARS_MAX};
use comity_protocol::name::{AccountLabel, ChannelAlias, ServerName};

use super::client::ClientEdge;
use super::convert;

impl ClientEdge {
    /// The channel, where the caller is in it.
    pub(super) fn check_in(
        &self,
        caller: &Caller,
        channel: &ChannelId,
    ) -> Result<ChannelNo, Refusal> {
        let state = self.shared().state();
        let is_in = state.audience_has(channel, caller.account.number);
        let no = state.channel(channel).map(|(no, _)| no).filter(|_| is_in);
        no.ok_or(Code::ChannelNotFound.into())
    }

    /// The act that removes an account from a group and keeps it out.
    pub(super) async fn ban(
        &self,
        channel: ChannelId,
        label: &AccountLabel,
    ) -> Result<Act, Refusal> {
        let account = self.resolve_member(&channel, label).await?;
        Ok(convert::govern(channel, ControlAct::Ban(Ban { account, label: label.to_string() })))
    }

    /// The group that an alias names.
    pub(super) async fn group_of(
        &self,
        caller: &Caller,
        alias: &ChannelAlias,
    ) -> Result<FoundGroup, Refusal> {
        let offered = self.offered_as(caller, alias).await?;
        shown(offered, &alias.domain).ok_or(Code::ChannelNotFound.into())
    }

    /// A page of a domain's groups.
    pub(super) async fn groups_of(
        &self,
        caller: &Caller,
        domain: &ServerName,
        after: Option<ChannelId>,
        limit: usize,
    ) -> Result<FoundGroups, Refusal> {
        let count = u16::try_from(limit).unwrap_or(u16::MAX);
        let offer = self.seek(caller, domain, Seek::Page { count, after }).await?;
        let mut last = after;
        // A page that does not go forward would be read for ever.
        let onward = |group: &OfferedGroup| {
            let is_onward = last.is_none_or(|last| last < group.channel);
            last = last.max(Some(group.channel));
            is_onward
        };
        let groups = offer.groups.into_iter().filter(onward).take(limit);
        let groups: Vec<_> = groups.filter_map(|group| shown(group, domain)).collect();
        let more = offer.more && !groups.is_empty();
        Ok(FoundGroups { groups, more })
    }

    /// The act by which a caller comes into the group that an alias names.
    pub(super) async fn join_by_alias(
        &self,
        caller: &Caller,
        alias: &ChannelAlias,
    ) -> Result<Act, Refusal> {
        let group = self.offered_as(caller, alias).await?;
        let home = group.domain.parse().map_err(|_| Code::ChannelNotFound)?;
        let known = self.lineage_of(&home);
        let act = match known {
            Ok(lineage) => Act::Join { channel: group.channel, home: lineage, name: group.name },
            Err(_) => self.join_at(caller, group.channel, &home).await?,
        };
        // An alias may outlive the organisation that had the home's domain.
        let is_there = matches!(&act, Act::Join { home, .. } if *home == group.home);
        if is_there { Ok(act) } else { Err(Code::ChannelNotFound.into()) }
    }

    /// The act by which a caller comes into a group whose home this node has not met yet: asking it
    /// introduces the two.
    pub(super) async fn join_at(
        &self,
        caller: &Caller,
        channel: ChannelId,
        home: &ServerName,
    ) -> Result<Act, Refusal> {
        let offer = self.seek(caller, home, Seek::Channel { channel }).await?;
        let group = offer.groups.into_iter().find(|group| group.channel == channel);
        let group = group.and_then(|group| shown(group, home)).ok_or(Code::ChannelNotFound)?;
        let home: LineageId = self.lineage_of(home)?;
        Ok(Act::Join { channel, home, name: group.name })
    }

    /// The act by which a group of this node gets an alias.
    pub(super) fn set_alias(
        &self,
        channel: ChannelId,
        alias: &ChannelAlias,
    ) -> Result<Act, Refusal> {
        Ok(Act::SetAlias { channel, name: self.own_alias(alias)? })
    }

    /// The act by which an alias is taken back.
    pub(super) fn remove_alias(&self, alias: &ChannelAlias) -> Result<Act, Refusal> {
        Ok(Act::RemoveAlias { name: self.own_alias(alias)? })
    }

    /// The name of an alias that this node keeps.
    fn own_alias(&self, alias: &ChannelAlias) -> Result<String, Refusal> {
        if alias.domain == *self.own_domain() {
            return Ok(alias.name.to_string());
        }
        let sentence = format!("This node keeps the aliases of {} only.", self.own_domain());
        Err(Refusal { sentence, ..Code::NameInvalid.into() })
    }

    /// The act by which a caller comes into a group of a home.
    pub(super) async fn join(
        &self,
        caller: &Caller,
        channel: ChannelId,
        home: &ServerName,
    ) -> Result<Act, Refusal> {
        match self.lineage_of(home) {
            Ok(lineage) => {
                let name = format!("a group at {home}");
                Ok(Act::Join { channel, home: lineage, name })
            }
            Err(_) => self.join_at(caller, channel, home).await,
        }
    }

    async fn offered_as(
        &self,
        caller: &Caller,
        alias: &ChannelAlias,
    ) -> Result<OfferedGroup, Refusal> {
        let name = alias.name.to_string();
        let offer = self.seek(caller, &alias.domain, Seek::Alias { name }).await?;
        offer.groups.into_iter().next().ok_or_else(|| Refusal {
            sentence: format!("There is no group {alias} that lets you in."),
            ..Code::ChannelNotFound.into()
        })
    }

    async fn seek(
        &self,
        caller: &Caller,
        domain: &ServerName,
        seek: Seek,
    ) -> Result<Offer, Refusal> {
        if domain == self.own_domain() {
            let to = Subscriber::Account(caller.account.number);
            return Ok(self.shared().state().offer(to, &seek));
        }
        self.directory().seek(domain, seek).await
    }

    /// The control act that changes a rule.
    pub(super) fn rule_act(&self, rule: Rule) -> Result<ControlAct, Refusal> {
        Ok(match rule {
            Rule::Archived(archived) => ControlAct::SetArchived(SetArchived { archived }),
            Rule::Posting(role) => {
                ControlAct::SetPosting(SetPosting { role: convert::role_back(role) })
            }
            Rule::KeepsEdits(kept) => ControlAct::SetEdits(SetEdits { kept }),
            Rule::MentionAll(role) => {
                ControlAct::SetMentions(SetMentions { role: convert::role_back(role) })
            }
            Rule::SinceJoining(since_joining) => {
                ControlAct::SetHistory(SetHistory { since_joining })
            }
            Rule::Retention(seconds) => ControlAct::SetRetention(SetRetention { seconds }),
            Rule::Join(rule) => {
                let rule = match rule {
                    JoinRule::Anyone => control::JoinRule::Anyone,
                    JoinRule::Invited => control::JoinRule::Invited,
                    JoinRule::Organisations(domains) => {
                        let lineages = domains.iter().map(|domain| self.lineage_of(domain));
                        let mut lineages = lineages.collect::<Result<Vec<_>, _>>()?;
                        lineages.sort_unstable();
                        lineages.dedup();
                        control::JoinRule::Organisations(lineages)
                    }
                };
                ControlAct::SetJoinRule(SetJoinRule { rule })
            }
        })
    }
}

/// A group as its finder sees it; `None` where what was said of it has no form that we would show.
fn shown(group: OfferedGroup, asked: &ServerName) -> Option<FoundGroup> {
    let OfferedGroup { channel, domain, name, topic, members, alias, .. } = group;
    let control = |c: char| c.is_control() && c != '\n';
    let is_name = (1..=CHANNEL_NAME_CHARS_MAX).contains(&name.chars().count())
        && !name.chars().any(char::is_control);
    let is_topic = topic.chars().count() <= CHANNEL_TOPIC_CHARS_MAX && !topic.contains(control);
    if !is_name || !is_topic {
        return None;
    }
    let alias = alias.and_then(|name| name.parse().ok());
    let alias = alias.map(|name| ChannelAlias { name, domain: asked.clone() });
    Some(FoundGroup { id: channel, name, topic, home: domain.parse().ok()?, members, alias })
}
