//! How the nodes of the small world bring each other history: what a newcomer lacks it asks of
//! every other node in turn, a few records at a time.

use comity_machine::{
    Answer, Applied, Command, EventRow, HistoryReport, HistorySource, Place, Settlement, Unsettled,
    backfill,
};
use comity_protocol::code::Code;
use comity_protocol::cursor::Pos;
use comity_protocol::frame::Frame;
use comity_protocol::head::{Head, HeadProof};
use comity_protocol::history::{Backfill, HistoryAsk, LogRef};
use comity_protocol::id::{ChannelId, LogId, LogName};

use super::{Node, World, answer, stored};

/// Records in an answer: few, so that tests see many.
const WINDOW: u16 = 3;

/// A node's records of one channel.
struct Records<'n> {
    node: &'n Node,
    channel: ChannelId,
}

impl Records<'_> {
    fn log(&self, log: LogRef) -> LogId {
        let name = log.name();
        LogId { channel: self.channel, name }
    }
}

impl HistorySource for Records<'_> {
    fn row(&mut self, log: LogRef, seq: u64) -> Option<(Option<Pos>, EventRow)> {
        let found = self.node.row(&self.log(log), seq)?;
        Some(((found.pos != Pos::default()).then_some(found.pos), stored(found)))
    }

    fn control_pos(&mut self, (_, seq): Place) -> Option<Pos> {
        let is_it = |r: &&Applied| {
            let of_control = matches!(r.log.name, LogName::Control { .. });
            of_control && r.channel_id == self.channel && r.seq == seq
        };
        self.node.records.iter().find(is_it).map(|found| found.pos)
    }

    fn head(&mut self, log: LogRef, row: &EventRow) -> Option<HeadProof> {
        let id = self.log(log);
        if log.origin == self.node.lineage() {
            let head = Head { log: id, seq: row.seq, hash: row.hash, time: row.id.time() };
            return self.node.prove(&[head]).pop();
        }
        let (_, channel) = self.node.state.channel(&self.channel)?;
        channel.logs.get(&id.name)?.proof.clone()
    }
}

impl World {
    /// What a node would ask of another for a channel.
    pub fn ask(&self, asker: &str, of: &str, channel: ChannelId, count: u16) -> Option<HistoryAsk> {
        let (no, _) = self.channel(asker, channel);
        let peer = self.nodes[of].lineage();
        self.nodes[asker].state.history_ask(no, peer, count, false, &|_| true)
    }

    /// What a node answers another one's ask.
    pub fn answer_ask(&self, server: &str, asker: &str, ask: &HistoryAsk) -> Backfill {
        let (node, peer) = (&self.nodes[server], self.nodes[asker].lineage());
        let (_, channel) = node.state.channel(&ask.channel).unwrap();
        let mut records = Records { node, channel: ask.channel };
        backfill(channel, node.lineage(), peer, ask, &mut records)
    }

    /// A node takes an answer to an ask for history.
    pub fn take_backfill(
        &mut self,
        from: &str,
        to: &str,
        backfill: Backfill,
    ) -> Result<HistoryReport, Code> {
        self.take_backfill_of(from, to, backfill, Vec::new())
    }

    /// The same, where the node is told which of the logs that it asked for are silent.
    pub fn take_backfill_of(
        &mut self,
        from: &str,
        to: &str,
        backfill: Backfill,
        silent: Vec<LogRef>,
    ) -> Result<HistoryReport, Code> {
        let peer = self.nodes[from].lineage();
        let frame = Frame::Backfill(backfill).encode().into();
        let node = self.nodes.get_mut(to).unwrap();
        let effects = node.apply(Command::PeerHistory { peer, frame, silent });
        match answer(effects.answer)? {
            Answer::History(report) => Ok(report),
            other => panic!("{other:?}"),
        }
    }

    /// A node looks what it holds of forked logs of which the home has said what counts; of how
    /// many.
    pub fn settle(&mut self, name: &str) -> usize {
        let node = &self.nodes[name];
        let look = |unsettled: Unsettled| {
            unsettled.settlement(&mut |seq| node.row(&unsettled.log, seq).map(stored)).unwrap()
        };
        let found: Vec<Settlement> = node.state.unsettled().map(look).collect();
        let count = found.len();
        let node = self.nodes.get_mut(name).unwrap();
        for settlement in found {
            let effects = node.apply(Command::Settle { settlement });
            assert_eq!(effects.answer, Answer::Done);
        }
        count
    }

    /// Everybody asks everybody for what they lack; whether anything new came.
    pub(super) fn fill_histories(&mut self) -> bool {
        let names: Vec<&str> = self.nodes.keys().copied().collect();
        let mut moved = false;
        for to in &names {
            let node = &self.nodes[to];
            let channels: Vec<ChannelId> =
                node.state.lacking().map(|no| node.state.channels[&no].id).collect();
            for (channel, from) in
                channels.iter().flat_map(|channel| names.iter().map(move |from| (channel, from)))
            {
                moved |= from != to && self.fill_history(from, to, *channel);
            }
        }
        moved
    }

    fn fill_history(&mut self, from: &str, to: &str, channel: ChannelId) -> bool {
        let is_cut = self.cut.iter().any(|(a, b)| (a == from && b == to) || (a == to && b == from));
        if is_cut || self.nodes[from].state.channel(&channel).is_none() {
            return false;
        }
        let Some(ask) = self.ask(to, from, channel, WINDOW) else { return false };
        let answered = self.answer_ask(from, to, &ask);
        let silent = ask.silent(&answered);
        let report = self.take_backfill_of(from, to, answered, silent);
        let Ok(report) = report else { return false };
        for want in &report.behind {
            self.wanted.insert((from.into(), to.into(), want.log.into(), want.from));
        }
        report.taken > 0 || !report.behind.is_empty()
    }
}
