//! What a node loses with an older copy of its disk, and gets back.

use comity_machine::{Ahead, Applied, Command};
use comity_protocol::frame::Batch;
use comity_protocol::id::LogId;

use super::{World, batch};

impl World {
    /// A node comes back with an older copy of its disk, in a new run.
    pub fn restore(&mut self, name: &str, commands: usize, run: u64) {
        let node = self.node_mut(name);
        *node = node.older(commands);
        node.start(run);
        let records = node.records.len();
        for ((from, _), at) in &mut self.fed {
            if from == name {
                *at = (*at).min(records);
            }
        }
    }

    /// A node has stated all its heads to another.
    pub fn compare(&mut self, from: &str, to: &str, ahead: Vec<Ahead>) {
        self.now_ms += 1;
        let (peer, unix_ms) = (self.nodes[from].lineage(), self.now_ms);
        let node = self.node_mut(to);
        let random = node.random();
        let is_writer_ahead = false;
        node.apply(Command::Compare { peer, ahead, unix_ms, random, is_writer_ahead });
    }

    /// A node has stated that it holds more than another one of what that one writes.
    pub fn shows_more_of_the_writer(&mut self, from: &str, to: &str) {
        let (peer, unix_ms) = (self.nodes[from].lineage(), self.now_ms);
        let node = self.node_mut(to);
        let (ahead, random, is_writer_ahead) = (Vec::new(), node.random(), true);
        node.apply(Command::Compare { peer, ahead, unix_ms, random, is_writer_ahead });
    }

    /// What a node holds of another's log, from a record on, proven by the other's newest head.
    pub fn given_back(&self, holder: &str, log: LogId, from: u64) -> Batch {
        let holder = &self.nodes[holder];
        let (_, channel) = holder.state.channel(&log.channel).unwrap();
        let proof = channel.logs[&log.name].proof.clone().unwrap();
        let records: Vec<Applied> =
            holder.records.iter().filter(|r| r.log == log).cloned().collect();
        let mut batch = batch(holder, &records[usize::try_from(from).unwrap() - 1..]);
        batch.checkpoints = vec![proof.checkpoint];
        let range = &mut batch.ranges[0];
        (range.hash, range.time, range.inclusion) = (proof.hash, proof.time, proof.inclusion);
        batch
    }
}
