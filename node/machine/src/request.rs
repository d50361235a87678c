//! The home's answers to requests of other organisations' users: a control record that carries the
//! request's proof, or a refusal in the link channel.

use comity_protocol::code::Code;
use comity_protocol::control::{ControlAct, Join, RequestProof, Target};
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
            Request::Accept { channel, .. }
            | Request::Decline { channel, .. }
            | Request::Join { channel, .. } => *channel,
            Request::Act { .. } => asked.proof.channel,
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
        let knows = state.members.contains_key(&actor)
            || matches!(request, Request::Join { .. }) && state.is_open_to(&actor);
        if !knows || !self.is_home(no) {
            return Err(Code::ChannelNotFound);
        }
        if !self.has_authority(no) {
            return self.defer(no, actor.lineage, proof, fx);
        }
        let open = state.members.get(&actor).and_then(|member| member.invite);
        let is_new = !state.organisations.contains_key(&actor.lineage);
        let organisation = if is_new { self.organisation(actor.lineage) } else { None };
        let act = match request {
            Request::Accept { .. } => {
                ControlAct::Join(Join { account: actor, label: None, organisation })
            }
            Request::Join { label, .. } => {
                ControlAct::Join(Join { account: actor, label: Some(label), organisation })
            }
            Request::Decline { invite, .. } if open.map(|(point, _)| point) != Some(invite) => {
                return Err(Code::NotInvited);
            }
            Request::Decline { .. } => {
                let act = ControlAct::Leave(Target { account: actor });
                return self.append_control(no, None, &act, None, fx);
            }
            Request::Act { .. } => request.act().ok_or(Code::Malformed)?,
        };
        if let ControlAct::Invite(invite) = &act {
            self.check_known(invite.account, &invite.label)?;
        }
        let inviter = self.label(no, &actor);
        self.append_control(no, Some(actor), &act, Some(proof), fx)?;
        if let (ControlAct::Invite(invite), Some(inviter)) = (&act, inviter) {
            self.tell_invited(group, invite.account, &inviter.to_string(), fx);
        }
        Ok(())
    }
}
