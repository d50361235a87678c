//! Whom a name stands for, here or at another organisation.

use comity_client_api::Refusal;
use comity_protocol::code::Code;
use comity_protocol::id::{AccountId, ChannelId, LineageId};
use comity_protocol::name::{AccountLabel, ServerName};

use super::client::ClientEdge;

impl ClientEdge {
    /// The account that a label names, asked of its node where it is another's.
    pub(super) async fn resolve(&self, label: &AccountLabel) -> Result<AccountId, Refusal> {
        if label.domain == *self.own_domain() {
            let state = self.shared().state();
            let number = state.account_named(label.name.as_str());
            return number.map(|n| state.account_id(n)).ok_or(Code::AccountNotFound.into());
        }
        self.directory().look_up(label).await
    }

    /// A member of a channel by label; members that other nodes have forgotten are found too.
    pub(super) async fn resolve_member(
        &self,
        channel: &ChannelId,
        label: &AccountLabel,
    ) -> Result<AccountId, Refusal> {
        let text = label.to_string();
        let known = {
            let state = self.shared().state();
            let group = state.channel(channel).and_then(|(_, channel)| channel.group());
            let members = group.into_iter().flat_map(|group| &group.state.members);
            let mut named = members.filter(|(_, member)| member.label == text);
            named.next().map(|(account, _)| *account)
        };
        match known {
            Some(account) => Ok(account),
            None => self.resolve(label).await,
        }
    }

    /// The organisation of a domain that this node has met.
    pub(super) fn lineage_of(&self, domain: &ServerName) -> Result<LineageId, Refusal> {
        let state = self.shared().state();
        if domain == self.own_domain() {
            return Ok(state.lineage());
        }
        let known = state.peer_domains.get(domain.as_str()).copied();
        known.ok_or(Code::DomainNotFound.into())
    }
}
