//! The home's answers to requests of other organisations' users: a control record that carries the
//! request's proof, or a refusal in the link channel.

use comity_protocol::code::Code;
use comity_protocol::control::{
    ControlAct, Invite, Join, RequestProof, Role, SetRole, Target, Text,
};
use comity_protocol::event::{EventAct, Request, RequestRefused};
use comity_protocol::id::{AccountId, AccountNumber, ChannelId};

use crate::state::{Effects, State};

/// A request that arrived, with all that proves it.
pub(crate) struct ProvenRequest {
    pub(crate) actor: AccountId,
    pub(crate) request: Request,
    pub(crate) proof: RequestProof,
}

impl State {
    /// Answers a request if we are home of the group that it is about.
    pub(crate) fn answer_request(&mut self, asked: ProvenRequest, fx: &mut Effects) {
        let group = match &asked.request {
            Request::Accept { channel, .. } | Request::Decline { channel, .. } => *channel,
            _ => asked.proof.channel,
        };
        // A request in a shared group is for its home alone; others hold it as a record like any.
        let in_link = group != asked.proof.channel;
        let home = self.channel_numbers.get(&group).is_some_and(|no| self.is_home(*no));
        if !home && !in_link {
            return;
        }
        let (actor, writer, seq) = (asked.actor, asked.proof.writer, asked.proof.seq);
        let log_channel = asked.proof.channel;
        if let Err(code) = self.grant(&group, asked, fx) {
            let refused = RequestRefused {
                channel: log_channel,
                writer,
                seq,
                group,
                account: actor.number,
                code: code.number(),
            };
            if let Some(link) = self.link_with(actor.lineage) {
                let act = EventAct::RequestRefused(refused);
                self.append_event(link, AccountNumber(0), &act, None, fx);
            }
        }
    }

    fn grant(
        &mut self,
        group: &ChannelId,
        asked: ProvenRequest,
        fx: &mut Effects,
    ) -> Result<(), Code> {
        let ProvenRequest { actor, request, proof } = asked;
        let (no, channel) = self.channel(group).ok_or(Code::ChannelNotFound)?;
        let state = &channel.group().ok_or(Code::ChannelNotFound)?.state;
        // Whoever was never invited learns nothing of the group, and we answer for our own groups
        // alone.
        let Some(member) = state.members.get(&actor).filter(|_| self.is_home(no)) else {
            return Err(Code::ChannelNotFound);
        };
        let open = member.invite.map(|(point, _)| point);
        let is_new = !state.organisations.contains_key(&actor.lineage);
        match request {
            Request::Accept { .. } => {
                let organisation = if is_new { self.organisation(actor.lineage) } else { None };
                let act = ControlAct::Join(Join { account: actor, organisation });
                self.append_control(no, Some(actor), &act, Some(proof), fx)
            }
            Request::Decline { invite, .. } if open != Some(invite) => Err(Code::NotInvited),
            Request::Decline { .. } => {
                let act = ControlAct::Leave(Target { account: actor });
                self.append_control(no, None, &act, None, fx)
            }
            Request::Leave => {
                let act = ControlAct::Leave(Target { account: actor });
                self.append_control(no, Some(actor), &act, Some(proof), fx)
            }
            Request::Invite { account, label } => {
                self.check_known(account, &label)?;
                let inviter = self.label(no, &actor).ok_or(Code::ChannelNotFound)?.to_string();
                let invite = Invite { account, label, role: Role::Member };
                let act = ControlAct::Invite(invite);
                self.append_control(no, Some(actor), &act, Some(proof), fx)?;
                self.tell_invited(group, account, &inviter, fx);
                Ok(())
            }
            Request::Remove { account } => {
                let act = ControlAct::Remove(Target { account });
                self.append_control(no, Some(actor), &act, Some(proof), fx)
            }
            Request::SetName(text) => {
                let act = ControlAct::SetName(Text { text });
                self.append_control(no, Some(actor), &act, Some(proof), fx)
            }
            Request::SetTopic(text) => {
                let act = ControlAct::SetTopic(Text { text });
                self.append_control(no, Some(actor), &act, Some(proof), fx)
            }
            Request::SetRole { account, role } => {
                let act = ControlAct::SetRole(SetRole { account, role });
                self.append_control(no, Some(actor), &act, Some(proof), fx)
            }
        }
    }
}
