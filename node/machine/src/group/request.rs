//! Requests that control records grant: every member judges a foreign user's act by the record
//! alone (`docs/protocol/` section 7.2). It must not know what the act does.

use comity_identity::KeyChain;
use comity_protocol::chain;
use comity_protocol::code::Code;
use comity_protocol::control::{ControlAct, Join, RequestProof};
use comity_protocol::event::{EventAct, EventHeader, Request, link_channel};
use comity_protocol::id::{AccountId, ChannelId, ControlPoint, LogId, LogName};

use super::Group;

impl Group {
    /// Every member judges a foreign user's act by the record alone: the request, its place in the
    /// user's organisation's log, and that log's proven head.
    pub(super) fn check_request(
        &self,
        channel: ChannelId,
        actor: &AccountId,
        proof: &RequestProof,
        act: &ControlAct,
    ) -> Result<(), Code> {
        let log_key = (proof.channel, actor.lineage, proof.writer);
        if self.state.answered.get(&log_key).is_some_and(|last| proof.seq <= *last) {
            return Err(Code::LogForked);
        }
        let judged_by = match act {
            ControlAct::Join(Join { organisation: Some(new), .. }) => Some(new),
            _ => self.state.organisations.get(&actor.lineage),
        };
        let chain = KeyChain::of(judged_by.ok_or(Code::NotAllowed)?);
        let chain = chain.map_err(|_| Code::CheckpointForged)?;
        let named = proof.head.key().and_then(|named| chain.named(named));
        let key = named.ok_or(Code::CheckpointForged)?;
        let name = LogName::Message { origin: actor.lineage, writer: proof.writer };
        let log = LogId { channel: proof.channel, name };
        let head =
            proof.head.verify(log, &actor.lineage, &key).map_err(|_| Code::CheckpointForged)?;
        let inner = chain::follow(&log, head.seq, &head.hash, proof.seq, &proof.links);
        if inner != Some(chain::inner(&proof.header, &proof.body_hash)) {
            return Err(Code::ChainBroken);
        }
        let header = EventHeader::decode(&proof.header).map_err(|_| Code::Malformed)?;
        if header.sender != actor.number {
            return Err(Code::NotAllowed);
        }
        match header.act() {
            Ok(EventAct::Request(request)) => self.fits(channel, actor, proof, &request, act),
            _ => Err(Code::Malformed),
        }
    }

    /// Whether a request, made where it was made, asks for exactly this act.
    fn fits(
        &self,
        channel: ChannelId,
        actor: &AccountId,
        proof: &RequestProof,
        request: &Request,
        act: &ControlAct,
    ) -> Result<(), Code> {
        let in_link = !matches!(request, Request::Act { .. });
        let link = link_channel(self.state.home, actor.lineage);
        if proof.channel != if in_link { link } else { channel } {
            return Err(Code::NotAllowed);
        }
        let invite_is = |group: &ChannelId, point: &ControlPoint| {
            let open = self.state.members.get(actor).and_then(|m| m.invite);
            *group == channel && open.is_some_and(|(p, _)| p == *point)
        };
        let same = match (request, act) {
            (Request::Accept { channel: group, invite }, ControlAct::Join(join)) => {
                join.account == *actor && join.label.is_none() && invite_is(group, invite)
            }
            (Request::Join { channel: group, label }, ControlAct::Join(join)) => {
                let is_here = *group == channel && join.account == *actor;
                is_here && join.label.as_ref() == Some(label)
            }
            (Request::Act { .. }, act) => request.act().as_ref() == Some(act),
            _ => false,
        };
        if same { Ok(()) } else { Err(Code::NotAllowed) }
    }
}
