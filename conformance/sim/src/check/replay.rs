//! A node's journal, applied from its first command to an empty state, gives the node's state to
//! the byte.

use super::Broken;
use crate::node::Node;
use crate::watch::Rule;

pub(super) fn check(node: &Node) -> Option<Broken> {
    let run = node.run.as_ref()?;
    let index = node.index;
    let Some(replayed) = node.disks.archive.replay() else {
        return Some((Rule::Replay, format!("n{index}'s journal cannot be read")));
    };
    let same = replayed.to_bytes() == run.shared.state().to_bytes();
    (!same).then(|| (Rule::Replay, format!("n{index}'s journal gives another state")))
}
