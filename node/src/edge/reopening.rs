//! What the admin asks about control logs after a loss (`docs/protocol/` section 7.7): which wait
//! for members after a start, to answer for those, to force an opening, and what such openings have
//! made void. It must not judge; the machine does.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use comity_client_api::Refusal;
use comity_machine::{
    Answer, CannotRewind, Channel, ChannelNo, Command, LogNo, Place, ReadOnly, RefusedCode,
    Standing, State,
};
use comity_protocol::clock::HybridTime;
use comity_protocol::code::Code;
use comity_protocol::control::{ControlAct, ControlHeader, JoinRule};
use comity_protocol::id::{AccountId, ChannelId, LineageId, LogName};

use super::client::ClientEdge;
use super::convert;
use super::peer::rewind_group;
use crate::admin::{
    GROUPS_LISTED_MAX, GroupLine, ReadOnlyGroup, Reopening, VOIDED_LISTED_MAX, VoidLine,
};
use crate::clock;

/// How often rows are read anew where the group went on meanwhile.
const READS_MAX: usize = 16;

impl ClientEdge {
    /// Opens the next term of a group that we are home of, at a record or at the newest one that no
    /// fork contradicts. Where the admin is not sure it only says what would be void.
    pub(super) async fn reopen_group(
        &self,
        channel: &str,
        at: Option<Place>,
        is_sure: bool,
    ) -> Result<Reopening, Refusal> {
        let (id, base, voided, is_split) = {
            let (no, known) = self.reopened_group(channel)?;
            let group = known.group().ok_or(Code::NotAGroup)?;
            if group.state.home != self.shared().state().lineage() {
                return Err(said(
                    Code::NotAllowed,
                    "Only the admin of the group's home can reopen it.",
                ));
            }
            let place = at.or_else(|| known.base());
            let base = place.and_then(|place| known.base_at(place));
            let unfit = || {
                let (term, last) = known.base().unwrap_or((group.point.term, group.point.seq));
                let sentence =
                    format!("Only a record from {term}.1 to {term}.{last} can be given.");
                said(Code::LogUnknown, &sentence)
            };
            let base = base.ok_or_else(unfit)?;
            let last = group.point.seq;
            let above = [(group.control_log(), base.seq + 1, last)];
            let is_split = known.read_only() == Some(ReadOnly::Split);
            (known.id, base, self.lines(no, &known, above.into_iter()), is_split)
        };
        let unheard = {
            let state = self.shared().state();
            let mut waiting = state.comparing();
            let found = waiting.find(|(known, _)| known.id == id);
            found.map(|(_, members)| domains(&state, &members)).unwrap_or_default()
        };
        let reopening = Reopening { base: format!("{}.{}", base.term, base.seq), voided, unheard };
        if !is_sure {
            return Ok(reopening);
        }
        if at.is_none() && reopening.voided.is_empty() && reopening.unheard.is_empty() && !is_split
        {
            let sentence = "Nothing is lost or forked in this group: there is nothing to go back \
                            from. To open a new term all the same, name the record with --at.";
            return Err(said(Code::NotAllowed, sentence));
        }
        for _ in 0..READS_MAX {
            let rewind = match rewind_group(self.shared(), &id, &base, None) {
                Ok(rewind) => Box::new(rewind),
                Err(CannotRewind::Behind) => continue,
                Err(CannotRewind::TooMuch) => {
                    return Err(said(Code::TooLarge, "Too much would change; choose a later one."));
                }
                Err(CannotRewind::Unknown) => return Err(Code::LogUnknown.into()),
            };
            let (unix_ms, random) = (clock::unix_ms(), clock::random());
            match self.propose(Command::Reopen { rewind, unix_ms, random }).await? {
                Answer::Refused(RefusedCode(Code::Overloaded)) => {}
                Answer::Refused(RefusedCode(code)) => return Err(code.into()),
                _ => {
                    self.filling().went_back(&id);
                    return Ok(reopening);
                }
            }
        }
        Err(said(Code::Overloaded, "The group goes on all the time; try again."))
    }

    /// Records of a group's control log that a later opening made void.
    pub(super) fn voided_of(&self, channel: &str) -> Result<Vec<VoidLine>, Refusal> {
        let (no, known) = self.reopened_group(channel)?;
        Ok(self.lines(no, &known, known.voided()))
    }

    /// Groups that are here, and those to which users of ours are invited; those first that wait
    /// for something.
    pub(super) fn listed_groups(&self) -> Vec<GroupLine> {
        let state = self.shared().state();
        let waiting: BTreeMap<ChannelId, Vec<LineageId>> =
            state.comparing().map(|(channel, members)| (channel.id, members)).collect();
        let invited = invited(&state);
        let line = |channel: &Channel| {
            let group = channel.group()?;
            let of_ours = invited.get(&channel.id);
            let awaited = waiting.get(&channel.id).map(Vec::as_slice).unwrap_or_default();
            Some(GroupLine {
                channel: channel.id.to_string(),
                name: group.state.name.clone(),
                home: domain(&state, &group.state.home),
                read_only: channel.read_only().map(|why| match why {
                    ReadOnly::Newer => ReadOnlyGroup::Newer,
                    ReadOnly::Split => ReadOnlyGroup::Split,
                }),
                waits_for: domains(&state, awaited),
                invited: of_ours.map_or(0, |invited| invited.users),
                is_ungranted: of_ours.is_some_and(|invited| invited.is_ungranted),
            })
        };
        let mut lines: Vec<GroupLine> = state.channels.values().filter_map(line).collect();
        let elsewhere = invited.iter().filter(|(id, _)| state.channel(id).is_none());
        lines.extend(elsewhere.map(|(id, invited)| GroupLine {
            channel: id.to_string(),
            name: invited.name.clone(),
            home: domain(&state, &invited.home),
            read_only: None,
            waits_for: Vec::new(),
            invited: invited.users,
            is_ungranted: invited.is_ungranted,
        }));
        lines.sort_by_key(|line| {
            let is_fine = line.waits_for.is_empty() && line.read_only.is_none();
            (is_fine, is_fine && !line.is_ungranted)
        });
        lines.truncate(GROUPS_LISTED_MAX);
        lines
    }

    /// Answers for the members that a group waits for.
    pub(super) async fn confirm_group(&self, channel: &str) -> Result<(), Refusal> {
        let channel = self.reopened_group(channel)?.1.id;
        let (unix_ms, random) = (clock::unix_ms(), clock::random());
        match self.propose(Command::Force { channel, unix_ms, random }).await? {
            Answer::Refused(RefusedCode(Code::NotAllowed)) => {
                Err(said(Code::NotAllowed, "Only the group's home waits for its members."))
            }
            Answer::Refused(RefusedCode(code)) => Err(code.into()),
            _ => {
                tracing::info!(%channel, "an admin answers for the members of a group");
                Ok(())
            }
        }
    }

    fn reopened_group(&self, channel: &str) -> Result<(ChannelNo, Channel), Refusal> {
        let state = self.shared().state();
        let mut groups = state.channels.iter().filter(|(_, known)| known.group().is_some());
        let found = groups.find(|(_, known)| known.id.to_string() == channel);
        let unknown = "This node knows no group with that id; `comity group list` shows the ids.";
        let (no, known) = found.ok_or_else(|| said(Code::ChannelNotFound, unknown))?;
        Ok((*no, known.clone()))
    }

    fn lines(
        &self,
        no: ChannelNo,
        channel: &Channel,
        spans: impl Iterator<Item = (LogName, u64, u64)>,
    ) -> Vec<VoidLine> {
        let Ok(view) = self.shared().view() else { return Vec::new() };
        let mut lines = Vec::new();
        for (name, first, last) in spans {
            let LogName::Control { term, .. } = name else { continue };
            let log = channel.logs.get(&name).map_or(LogNo(0), |log| log.no);
            let read = view.log(no, log, first, &mut |_, row| {
                if row.seq > last || lines.len() >= VOIDED_LISTED_MAX {
                    return ControlFlow::Break(());
                }
                lines.push(line(channel, term, row.seq, &row.header));
                ControlFlow::Continue(())
            });
            if let Err(error) = read {
                tracing::error!(%error, "void records cannot be read");
            }
        }
        lines
    }
}

/// An organisation's domain, or its name in hashed bytes where no domain of it is known.
/// A group of another organisation to which users of ours are invited.
struct Invited {
    name: String,
    home: LineageId,
    users: u64,
    is_ungranted: bool,
}

/// All such groups whose home is let in.
fn invited(state: &State) -> BTreeMap<ChannelId, Invited> {
    let mut found = BTreeMap::new();
    let mut note = |id: ChannelId, home: LineageId, name: &str| {
        if home == state.lineage() || state.check_admitted(home).is_err() {
            return;
        }
        let known = found.entry(id).or_insert_with(|| Invited {
            name: name.to_owned(),
            home,
            users: 0,
            is_ungranted: state.may_share(&id, home).is_err(),
        });
        known.users += 1;
    };
    for account in state.accounts.values() {
        for (id, open) in &account.invitations {
            note(*id, open.home, &open.name);
        }
        for (no, stay) in &account.channels {
            let channel = state.channels.get(no).filter(|_| stay.standing == Standing::Invited);
            if let Some((channel, group)) = channel.and_then(|c| Some((c, c.group()?))) {
                note(channel.id, group.state.home, &group.state.name);
            }
        }
    }
    found
}

fn domain(state: &State, lineage: &LineageId) -> String {
    state.domain_of(lineage).map_or_else(|| lineage.to_string(), str::to_owned)
}

fn domains(state: &State, lineages: &[LineageId]) -> Vec<String> {
    lineages.iter().map(|lineage| domain(state, lineage)).collect()
}

fn said(code: Code, sentence: &str) -> Refusal {
    Refusal { sentence: sentence.to_owned(), ..code.into() }
}

fn line(channel: &Channel, term: u64, seq: u64, header: &[u8]) -> VoidLine {
    let header = ControlHeader::decode(header).ok();
    let act = header.as_ref().and_then(|header| header.act().ok());
    let actor = header.as_ref().and_then(|header| header.actor);
    let by = actor.map(|account| label(channel, &account));
    let time = header.map_or(HybridTime::default(), |header| header.time);
    let what = act.map_or_else(|| "unreadable".to_owned(), |act| words(channel, &act));
    VoidLine { record: format!("{term}.{seq}"), unix_ms: time.unix_ms(), what, by }
}

fn label(channel: &Channel, account: &AccountId) -> String {
    let members = channel.group().map(|group| &group.state.members);
    let known = members.and_then(|members| members.get(account));
    known.map_or_else(|| account.number.to_string(), |member| member.label.clone())
}

/// What a record was to do, in a few words, so that it can be done again.
fn words(channel: &Channel, act: &ControlAct) -> String {
    let label = |account: &AccountId| label(channel, account);
    let role = |role| convert::role(role).name();
    match act {
        ControlAct::Ban(ban) => format!("ban of {}", ban.label),
        ControlAct::ChangeKeys(_) => "another key of an organisation".to_owned(),
        ControlAct::CloseLogs(_) => "end of logs that are not written any more".to_owned(),
        ControlAct::Cover => "statement of what was received".to_owned(),
        ControlAct::Genesis(_) => "beginning".to_owned(),
        ControlAct::HandOver(_) => "handover to another home".to_owned(),
        ControlAct::Invite(invite) => format!("invitation of {}", invite.label),
        ControlAct::Join(join) => {
            let named = join.label.clone().unwrap_or_else(|| label(&join.account));
            format!("{named} came in")
        }
        ControlAct::Leave(target) => format!("{} left", label(&target.account)),
        ControlAct::Moderate(_) => "removal of a message".to_owned(),
        ControlAct::Open(_) => "opening of a term".to_owned(),
        ControlAct::Remove(target) => format!("removal of {}", label(&target.account)),
        ControlAct::SetArchived(set) if set.archived => "archived".to_owned(),
        ControlAct::SetArchived(_) => "no longer archived".to_owned(),
        ControlAct::SetEdits(set) if set.kept => "former texts are kept".to_owned(),
        ControlAct::SetEdits(_) => "former texts are not kept".to_owned(),
        ControlAct::SetMentions(set) => {
            format!("mentions of all: from {} on", role(set.role))
        }
        ControlAct::SetHistory(set) if set.since_joining => {
            "newcomers read nothing from before".to_owned()
        }
        ControlAct::SetHistory(_) => "newcomers read everything".to_owned(),
        ControlAct::SetJoinRule(set) => match &set.rule {
            JoinRule::Invited => "join rule: the invited".to_owned(),
            JoinRule::Organisations(all) => match all.len() {
                1 => "join rule: 1 organisation".to_owned(),
                count => format!("join rule: {count} organisations"),
            },
            JoinRule::Anyone => "join rule: anyone".to_owned(),
        },
        ControlAct::SetName(text) => format!("name {:?}", text.text),
        ControlAct::SetPosting(set) => format!("posting: from {} on", role(set.role)),
        ControlAct::SetRetention(set) => match set.seconds {
            Some(seconds) => format!("texts kept {seconds} seconds"),
            None => "texts kept for ever".to_owned(),
        },
        ControlAct::SetRole(change) => {
            format!("{} {}", label(&change.account), role(change.role))
        }
        ControlAct::SetTopic(text) => format!("topic {:?}", text.text),
        ControlAct::SetVersion(set) => format!("version {}", set.version),
        ControlAct::Unban(target) => format!("end of the ban of {}", label(&target.account)),
        ControlAct::Unknown(kind) => format!("record of kind {kind}"),
    }
}
