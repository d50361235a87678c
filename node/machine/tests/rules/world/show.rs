//! What people see of records, as short lines: the tests' own view, apart from the node's edge.

use comity_machine::{Applied, Kind, State};
use comity_protocol::body::WireBody;
use comity_protocol::control::{ControlAct, ControlHeader};
use comity_protocol::event::{EventAct, EventHeader};
use comity_protocol::id::{AccountId, LogName};

/// A line for a record.
pub fn line(state: &State, applied: &Applied) -> String {
    let label = |account: &AccountId| {
        let known = state.label(applied.channel, account);
        known.map_or_else(|| String::from("?"), |label| label.to_string())
    };
    let sender = applied.sender.map_or_else(String::new, |sender| label(&sender));
    match applied.log.name {
        LogName::Control { .. } => {
            let header = ControlHeader::decode(&applied.record.header).unwrap();
            match header.act().unwrap() {
                ControlAct::ChangeKeys(_) => "another key".into(),
                ControlAct::CloseLogs(_) => "closes logs".into(),
                ControlAct::Cover => "covers".into(),
                ControlAct::Genesis(genesis) => format!("{sender} creates {}", genesis.name),
                ControlAct::Invite(invite) => format!("{sender} invites {}", invite.label),
                ControlAct::Join(join) => format!("{} joins", label(&join.account)),
                ControlAct::Leave(target) => format!("{} leaves", label(&target.account)),
                ControlAct::Remove(target) => {
                    format!("{sender} removes {}", label(&target.account))
                }
                ControlAct::SetName(text) => format!("{sender} renames to {}", text.text),
                ControlAct::SetTopic(text) => format!("{sender} sets topic {}", text.text),
                ControlAct::SetRole(change) => {
                    format!("{sender} makes {} {:?}", label(&change.account), change.role)
                }
                ControlAct::Ban(ban) => format!("{sender} bans {}", ban.label),
                ControlAct::Unban(target) => format!("{sender} unbans {}", label(&target.account)),
                ControlAct::SetArchived(set) => format!("{sender} archives {}", set.archived),
                ControlAct::SetPosting(set) => format!("{sender} lets {:?} post", set.role),
                ControlAct::SetHistory(set) => {
                    format!("{sender} hides the past {}", set.since_joining)
                }
                ControlAct::HandOver(_) => format!("{sender} hands over"),
                ControlAct::Open(opening) => format!("opens after {}", opening.base.term),
                act @ (ControlAct::Moderate(_)
                | ControlAct::SetEdits(_)
                | ControlAct::SetMentions(_)
                | ControlAct::SetJoinRule(_)
                | ControlAct::SetRetention(_)
                | ControlAct::SetVersion(_)) => format!("{sender} {act:?}"),
                ControlAct::Unknown(kind) => format!("unknown {kind}"),
            }
        }
        LogName::Message { .. } => {
            let header = EventHeader::decode(&applied.record.header).unwrap();
            match header.act().unwrap() {
                EventAct::Contact(contact) => format!("{sender} contact {:?}", contact.step),
                EventAct::Edit(_) => format!("{sender} edits: {}", text(applied)),
                EventAct::Pin(pin) => format!("{sender} pins {}", pin.on),
                EventAct::Reaction(of) => format!("{sender} reacts {} {}", of.reaction, of.on),
                EventAct::Erased(erasure) => format!("erased {}", erasure.seq),
                EventAct::Erasure(erasure) => format!("{sender} erases {}", erasure.seq),
                EventAct::Invitation(i) => format!("{} invites to {}", i.inviter, i.name),
                EventAct::Message(_) => format!("{sender}: {}", text(applied)),
                EventAct::Report(report) => format!("{sender} reports {}", report.seq),
                EventAct::Request(_) => format!("{sender} requests something"),
                EventAct::RequestRefused(refused) => format!("refused {}", refused.code()),
                EventAct::Test(_) => "a test".into(),
                EventAct::Unknown(kind) => format!("unknown {kind}"),
            }
        }
    }
}

fn text(applied: &Applied) -> String {
    match &applied.record.body {
        WireBody::Absent(_) => "(missing)".into(),
        WireBody::Present(body) => body.as_text().unwrap_or("(no text)").to_owned(),
    }
}

/// The members of a group as a node knows them: `label Role`, or `label invited`.
pub fn members(kind: &Kind) -> Vec<String> {
    let Kind::Group(group) = kind else { panic!("not a group") };
    let mut members: Vec<String> = Vec::new();
    for member in group.state.members.values() {
        if member.is_in() {
            members.push(format!("{} {:?}", member.label, member.role()));
        } else if member.invite.is_some() {
            members.push(format!("{} invited", member.label));
        }
    }
    members.sort();
    members
}
