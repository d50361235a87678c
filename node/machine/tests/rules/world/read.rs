//! What can be seen of a world.

use std::collections::BTreeMap;

use comity_machine::{Applied, Channel, ChannelNo, Group, Kind, Outcome};
use comity_protocol::id::{ChannelId, LogId, LogName};

use super::{Verdict, World, show};

impl World {
    /// Everything that a user got in the feed, live, a line each. Nobody is shown requests.
    pub fn feed(&self, user: &str) -> Vec<String> {
        let (name, node) = self.node_of(user);
        let account = node.users[name].number;
        let lines = node.fed(account).map(|applied| show::line(&node.state, applied));
        lines.filter(|line| !line.contains(" requests ")).collect()
    }

    /// The last line of a user's feed.
    pub fn last_seen(&self, user: &str) -> String {
        self.feed(user).pop().unwrap_or_default()
    }

    /// The texts of a channel at a node, in the channel's order.
    pub fn texts(&self, node: &str, channel: ChannelId) -> Vec<String> {
        let node = &self.nodes[node];
        let is_message = |r: &&Applied| {
            let of_log = matches!(r.log.name, LogName::Message { .. });
            of_log && r.channel_id == channel && r.outcome == Outcome::Accepted
        };
        let all = node.records.iter().chain(&node.backfilled);
        let mut found: Vec<&Applied> = all.filter(is_message).collect();
        found.sort_by_key(|r| (r.id, r.log, r.seq));
        let lines = found.into_iter().map(|r| show::line(&node.state, r));
        lines.filter(|line| line.contains(": ")).collect()
    }

    /// The texts of a group that a user may read, in the channel's order.
    pub fn reads(&self, user: &str, channel: ChannelId) -> Vec<String> {
        let (name, node) = self.node_of(user);
        let account = node.users[name].number;
        let all = node.records.iter().chain(&node.backfilled).filter(|r| {
            let of_log = matches!(r.log.name, LogName::Message { .. });
            of_log && r.channel_id == channel && r.outcome == Outcome::Accepted
        });
        let mut read: Vec<&Applied> = all.filter(|r| !node.state.hides(account, r)).collect();
        read.sort_by_key(|r| (r.id, r.log, r.seq));
        let lines = read.into_iter().map(|r| show::line(&node.state, r));
        lines.filter_map(|line| Some(line.split_once(": ")?.1.to_owned())).collect()
    }

    /// The members of a group as a node knows them.
    pub fn members(&self, node: &str, channel: ChannelId) -> Vec<String> {
        show::members(&self.channel(node, channel).1.kind)
    }

    pub fn channel(&self, node: &str, channel: ChannelId) -> (ChannelNo, &Channel) {
        self.nodes[node].state.channel(&channel).unwrap()
    }

    pub fn group_at(&self, node: &str, channel: ChannelId) -> &Group {
        let (_, channel) = self.channel(node, channel);
        match &channel.kind {
            Kind::Group(group) => group,
            _ => panic!("not a group"),
        }
    }

    /// The outcomes of a channel's records of one origin at a node, in the order of pos.
    pub fn outcomes(&self, node: &str, channel: ChannelId, origin: &str) -> Vec<Outcome> {
        let origin = self.nodes[origin].lineage();
        let of_origin = |r: &&Applied| match r.log.name {
            LogName::Message { origin: of, .. } => r.channel_id == channel && of == origin,
            LogName::Control { .. } => false,
        };
        self.nodes[node].records.iter().filter(of_origin).map(|r| r.outcome).collect()
    }

    /// What a node made of the message records of a channel: outcome, id, and the record that
    /// states what each stands on.
    pub fn judged(&self, node: &str, channel: ChannelId) -> BTreeMap<(LogId, u64), Verdict> {
        let node = &self.nodes[node];
        let all = node.records.iter().chain(&node.backfilled);
        let of_channel = all
            .filter(|r| r.channel_id == channel && matches!(r.log.name, LogName::Message { .. }));
        of_channel.map(|r| ((r.log, r.seq), (r.outcome, r.id, r.stated))).collect()
    }
}
