//! How it is between this node and others, for the admin. It decides nothing.

use std::collections::BTreeMap;

use comity_client_api::{ChannelOrganisation, Refusal};
use comity_federation::Proof;
use comity_machine::{ChannelNo, Subscriber};
use comity_protocol::clock::HybridTime;
use comity_protocol::code::Code;
use comity_protocol::cursor::Pos;
use comity_protocol::id::{AccountNumber, ChannelId, LineageId};
use comity_protocol::name::ServerName;
use data_encoding::BASE64;

use super::client::ClientEdge;
use super::peer::{Copied, LinkState, Met, Strange, Traffic, Trouble};
use crate::admin::{
    BACKLOG_COUNTED_MAX, Backlog, PEERS_LISTED_MAX, PeerCopies, PeerLink, PeerProof, PeerState,
    PeerTrouble, StrangerLine,
};
use crate::clock;
use crate::feed;

const NOTHING_TO_DO: &str = "This node has nothing to do with such an organisation: `comity peers` \
                             lists those that it is linked with, or is to be. One comes to it once \
                             somebody here writes to somebody there.";

impl ClientEdge {
    /// All organisations that are linked, are to be, or were asked for, those first that are not
    /// linked.
    pub(super) async fn listed_peers(&self) -> Result<Vec<PeerState>, Refusal> {
        let edge = self.clone();
        // What waits for a peer is counted on the disk.
        let listed = tokio::task::spawn_blocking(move || edge.read_peers());
        listed.await.map_err(|_| Refusal::from(Code::Internal))
    }

    /// Peers that dialled and were never known, by kind.
    pub(super) fn listed_strangers(&self) -> Vec<StrangerLine> {
        let all = self.peer_parts().strangers.all();
        let line = |(strange, Met { times, last, .. }): (Strange, Met)| StrangerLine {
            kind: strange.name().to_owned(),
            times,
            last_unix_ms: last.unix_ms,
            from: last.addr.map(|addr| addr.to_canonical().to_string()),
            domain: last.domain.map(|domain| domain.to_string()),
            code: last.code.map(|code| code.name().to_owned()),
        };
        all.into_iter().map(line).collect()
    }

    /// Has a domain's node dialled now; `false` where it is linked already.
    pub(super) fn retry_link(&self, domain: &str) -> Result<bool, Refusal> {
        let known: Option<ServerName> = domain.parse().ok();
        let found = known.and_then(|domain| Some((self.links().is_up(&domain)?, domain)));
        let (is_up, domain) = found.ok_or_else(|| Refusal {
            sentence: NOTHING_TO_DO.to_owned(),
            ..Code::ResourceNotFound.into()
        })?;
        if !is_up {
            self.links().retry(domain);
        }
        Ok(!is_up)
    }

    /// The other organisations in a channel that an account is in, and how far they are.
    pub(super) async fn organisations_in(
        &self,
        channel: &ChannelId,
        account: AccountNumber,
    ) -> Result<Vec<ChannelOrganisation>, Refusal> {
        let found = {
            let state = self.shared().state();
            let is_in = state.audience_has(channel, account);
            state.channel(channel).filter(|_| is_in).map(|(no, known)| {
                let others = known.sharing_peers();
                let named =
                    others.filter_map(|other| Some((other, state.domain_of(&other)?.to_owned())));
                (no, named.collect::<Vec<(LineageId, String)>>())
            })
        };
        let Some((no, others)) = found.filter(|(_, others)| !others.is_empty()) else {
            return Ok(Vec::new());
        };
        let edge = self.clone();
        let read = move || {
            let other = |(lineage, domain): (LineageId, String)| {
                let name = domain.parse().ok();
                let is_linked = name.and_then(|name| edge.links().is_up(&name)) == Some(true);
                let behind_since_unix_ms = edge.behind(lineage, no).map(HybridTime::unix_ms);
                let is_refused = edge.shared().state().check_admitted(lineage).is_err();
                ChannelOrganisation { domain, is_linked, behind_since_unix_ms, is_refused }
            };
            let mut all: Vec<ChannelOrganisation> = others.into_iter().map(other).collect();
            all.sort_by(|a, b| a.domain.cmp(&b.domain));
            all
        };
        tokio::task::spawn_blocking(read).await.map_err(|_| Code::Internal.into())
    }

    /// When the oldest thing in a channel was said that a peer has not taken yet.
    fn behind(&self, peer: LineageId, no: ChannelNo) -> Option<HybridTime> {
        let span = (self.progress().of(&peer)?, self.hub().watermark());
        let found = feed::first_waiting(self.shared(), (Subscriber::Peer(peer), no), span);
        found.unwrap_or_else(|error| {
            tracing::error!(%error, "what waits for a peer in a channel cannot be read");
            None
        })
    }

    fn read_peers(&self) -> Vec<PeerState> {
        let links = self.links().all();
        let lineages: BTreeMap<ServerName, LineageId> = {
            let state = self.shared().state();
            let known = state.peer_domains.iter();
            known.filter_map(|(domain, id)| Some((domain.parse().ok()?, *id))).collect()
        };
        let mut states: Vec<(ServerName, LinkState)> = links.into_iter().collect();
        states.sort_by_key(|(_, link)| link.up.is_some());
        states.truncate(PEERS_LISTED_MAX);
        let state = |(domain, link): (ServerName, LinkState)| {
            let lineage = lineages.get(&domain);
            let backlog = lineage.and_then(|lineage| self.backlog(*lineage));
            let dropped = lineage.map(|lineage| self.shared().state().reports_dropped(lineage));
            let state = peer_state(domain, link, backlog);
            PeerState { reports_dropped: dropped.unwrap_or_default(), ..state }
        };
        states.into_iter().map(state).collect()
    }

    /// What a peer has not taken yet.
    fn backlog(&self, peer: LineageId) -> Option<Backlog> {
        let span: (Pos, Pos) = (self.progress().of(&peer)?, self.hub().watermark());
        let peer = Subscriber::Peer(peer);
        match feed::waiting(self.shared(), peer, span, BACKLOG_COUNTED_MAX) {
            Ok((count, first)) => {
                let age_ms = |time: HybridTime| clock::unix_ms().saturating_sub(time.unix_ms());
                let oldest_ms = first.map_or(0, age_ms);
                Some(Backlog { records: count as u64, oldest_ms })
            }
            Err(error) => {
                tracing::error!(%error, "what waits for a peer cannot be counted");
                None
            }
        }
    }
}

fn peer_state(domain: ServerName, link: LinkState, backlog: Option<Backlog>) -> PeerState {
    let LinkState { up, down_since_unix_ms, is_dialling, next_try_ms, .. } = link;
    let LinkState { heard_unix_ms, trouble, key, refused, traffic, copies, .. } = link;
    let Traffic { sent_bytes, received_bytes, sent_records, received_records, .. } = traffic;
    let proof = |proof| match proof {
        Proof::Dnssec => PeerProof::Dnssec,
        Proof::Pin => PeerProof::Pin,
        Proof::WebPki => PeerProof::Web,
    };
    PeerState {
        domain: domain.to_string(),
        link: match up {
            Some((since_unix_ms, is_dialled)) => PeerLink::Up { since_unix_ms, is_dialled },
            None if is_dialling => PeerLink::Dialling,
            None => PeerLink::Down,
        },
        down_since_unix_ms,
        heard_unix_ms,
        backlog,
        trouble: trouble.map(|(unix_ms, Trouble { code, why })| PeerTrouble {
            code: code.name().to_owned(),
            why,
            unix_ms,
        }),
        next_try_ms,
        bytes_per_minute: (sent_bytes, received_bytes),
        records_per_minute: (sent_records, received_records),
        key: key.map(|(key, _)| BASE64.encode(key.as_bytes())),
        proof: key.and_then(|(_, known)| known).map(proof),
        refused_key: refused.map(|key| BASE64.encode(key.as_bytes())),
        reports_dropped: 0,
        copies: copies.map(|Copied { theirs, ours, last_unix_ms }| PeerCopies {
            theirs,
            ours,
            last_unix_ms,
        }),
    }
}
