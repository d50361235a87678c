//! The network between nodes, as far as QUIC lets its faults through: a connection carries three
//! ordered streams each way that may overtake each other; what is lost is late; a cut direction
//! holds everything back until it heals or the connection times out. It looks into no frame.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use comity_protocol::frame::Class;

use crate::dice::Dice;

/// The streams of a connection.
pub(crate) const CLASSES: [Class; 3] = [Class::Link, Class::Feed, Class::History];

/// How long a connection may hear nothing.
pub(crate) const IDLE_MS: u64 = 30_000;

/// Frames that wait in one stream before the sender is held back.
const LANE_FRAMES_MAX: usize = 64;

/// Names a connection; never used twice.
pub(crate) type ConnectionId = u64;

/// How slow and how lossy the network is at the moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    /// The longest ordinary latency.
    pub(crate) latency_ms: u64,
    /// Frames of a thousand that are lost at first, and come when sent again.
    pub(crate) lost_per_mille: u64,
}

/// Frames, each with the moment when it arrives.
type Stream = VecDeque<(u64, Vec<u8>)>;

/// A connection between two nodes.
pub(crate) struct Connection {
    /// Who dialled, and who was dialled.
    pub(crate) ends: [usize; 2],
    /// Whether each end still has it.
    pub(crate) open: [bool; 2],
    /// What is on its way to each end, by stream.
    streams: [[Stream; 3]; 2],
    /// When the last frame of each stream arrives.
    last_ms: [[u64; 3]; 2],
}

impl Connection {
    /// The end of a node.
    pub(crate) fn side(&self, node: usize) -> usize {
        usize::from(self.ends[0] != node)
    }
}

/// All connections and what is between nodes.
pub(crate) struct Net {
    pub(crate) weather: Weather,
    connections: BTreeMap<ConnectionId, Connection>,
    last_id: ConnectionId,
    /// Directions in which nothing arrives: from, to.
    cuts: BTreeSet<(usize, usize)>,
    /// Two nodes between which nothing arrives any more.
    apart: Option<(usize, usize)>,
    dice: Dice,
}

impl Net {
    pub(crate) fn new(weather: Weather, dice: Dice) -> Self {
        Self {
            weather,
            connections: BTreeMap::new(),
            last_id: 0,
            cuts: BTreeSet::new(),
            apart: None,
            dice,
        }
    }

    pub(crate) fn connect(&mut self, from: usize, to: usize) -> ConnectionId {
        self.last_id += 1;
        let connection = Connection {
            ends: [from, to],
            open: [true; 2],
            streams: Default::default(),
            last_ms: Default::default(),
        };
        self.connections.insert(self.last_id, connection);
        self.last_id
    }

    /// Connections between two nodes of which some end is open.
    pub(crate) fn between(&self, a: usize, b: usize) -> Vec<ConnectionId> {
        let joins = |c: &Connection| c.ends == [a, b] || c.ends == [b, a];
        self.connections.iter().filter(|(_, c)| joins(c)).map(|(id, _)| *id).collect()
    }

    /// An end is gone; the other one if it is still open.
    pub(crate) fn close(&mut self, id: ConnectionId, node: usize) -> Option<usize> {
        let connection = self.connections.get_mut(&id)?;
        let side = connection.side(node);
        connection.open[side] = false;
        connection.streams[side] = Default::default();
        let other = connection.open[1 - side].then_some(connection.ends[1 - side]);
        if other.is_none() {
            self.connections.remove(&id);
        }
        other
    }

    /// Whether an end can send: no stream of it is full.
    pub(crate) fn has_room(&self, id: ConnectionId, node: usize) -> bool {
        self.connections.get(&id).is_some_and(|connection| {
            let to = 1 - connection.side(node);
            connection.streams[to].iter().all(|stream| stream.len() < LANE_FRAMES_MAX)
        })
    }

    /// Puts a frame on its way; to whom, and when it arrives at the earliest.
    pub(crate) fn send(
        &mut self,
        id: ConnectionId,
        node: usize,
        class: Class,
        bytes: Vec<u8>,
        now_ms: u64,
    ) -> Option<(usize, u64)> {
        let late_ms = self.draw_latency();
        let connection = self.connections.get_mut(&id)?;
        let to = 1 - connection.side(node);
        if !connection.open[to] {
            return None;
        }
        let lane = lane(class);
        let arrives_ms = (now_ms + late_ms).max(connection.last_ms[to][lane]);
        connection.last_ms[to][lane] = arrives_ms;
        connection.streams[to][lane].push_back((arrives_ms, bytes));
        Some((connection.ends[to], arrives_ms))
    }

    /// The next frame of a stream for an end, if it has arrived, and whom its place lets send on.
    pub(crate) fn receive(
        &mut self,
        id: ConnectionId,
        node: usize,
        class: Class,
        now_ms: u64,
    ) -> Option<(Vec<u8>, Option<usize>)> {
        let connection = self.connections.get(&id)?;
        let side = connection.side(node);
        let from = connection.ends[1 - side];
        if self.is_cut(from, node) {
            return None;
        }
        let connection = self.connections.get_mut(&id)?;
        let stream = &mut connection.streams[side][lane(class)];
        let has_arrived = stream.front().is_some_and(|(at_ms, _)| *at_ms <= now_ms);
        let was_full = stream.len() >= LANE_FRAMES_MAX;
        let (_, bytes) = if has_arrived { stream.pop_front()? } else { return None };
        Some((bytes, was_full.then_some(connection.ends[1 - side])))
    }

    /// Nothing arrives between two nodes from now on.
    pub(crate) fn part(&mut self, one: usize, other: usize) {
        self.apart = Some((one, other));
    }

    /// Whether two nodes are cut from each other for good.
    pub(crate) fn are_apart(&self, one: usize, other: usize) -> bool {
        self.apart == Some((one, other)) || self.apart == Some((other, one))
    }

    pub(crate) fn cut(&mut self, from: usize, to: usize) -> bool {
        self.cuts.insert((from, to))
    }

    pub(crate) fn heal(&mut self, from: usize, to: usize) -> bool {
        self.cuts.remove(&(from, to))
    }

    pub(crate) fn cuts(&self) -> Vec<(usize, usize)> {
        self.cuts.iter().copied().collect()
    }

    pub(crate) fn is_cut(&self, from: usize, to: usize) -> bool {
        self.cuts.contains(&(from, to)) || self.are_apart(from, to)
    }

    /// How long something takes to get across.
    pub(crate) fn draw_latency(&mut self) -> u64 {
        let Weather { latency_ms, lost_per_mille } = self.weather;
        let mut late_ms = 1 + self.dice.below(latency_ms.max(1));
        let mut again_ms = 3 * latency_ms + 20;
        while self.dice.per_mille(lost_per_mille) && again_ms < 10_000 {
            late_ms += again_ms;
            again_ms *= 2;
        }
        late_ms
    }
}

fn lane(class: Class) -> usize {
    CLASSES.iter().position(|known| *known == class).unwrap_or_default()
}
