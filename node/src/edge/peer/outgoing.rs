//! Frames on their way to a peer: a bounded lane for each class, so that a peer that does not read
//! its feed still gets acknowledgements and answers.

use comity_federation::{LinkError, LinkSender};
use comity_protocol::frame::{Class, Frame};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Frames that wait in one lane. The link's state machine bounds what it feeds; this bounds
/// answers.
const LANE_FRAMES_MAX: usize = 64;
/// Frames written in one go.
const FRAMES_AT_ONCE_MAX: usize = 32;

pub(super) type Lanes = [mpsc::Sender<Vec<u8>>; CLASSES.len()];

pub(super) struct Outgoing {
    pub(super) lanes: Lanes,
    /// Ends with the link; a lane that fails ends it.
    pub(super) tasks: JoinSet<LinkError>,
}

const CLASSES: [Class; 3] = [Class::Link, Class::Feed, Class::History];

impl Outgoing {
    pub(super) fn new(sender: &LinkSender) -> Self {
        let mut tasks = JoinSet::new();
        let lanes = CLASSES.map(|class| {
            let (send, receive) = mpsc::channel(LANE_FRAMES_MAX);
            tasks.spawn(write(sender.clone(), class, receive));
            send
        });
        Self { lanes, tasks }
    }

    /// Whether every lane takes another frame.
    pub(super) fn has_room(&self) -> bool {
        self.lanes.iter().all(|lane| lane.capacity() > 0)
    }

    /// Puts a frame into its lane; to be called while there is room. How many bytes it has.
    pub(super) fn push(&self, frame: &Frame) -> u64 {
        let lane = match frame.class() {
            Class::Link => &self.lanes[0],
            Class::Feed => &self.lanes[1],
            Class::History => &self.lanes[2],
        };
        let bytes = frame.encode();
        let length = bytes.len() as u64;
        if lane.try_send(bytes).is_err() {
            tracing::debug!("a frame for a closed lane is dropped");
        }
        length
    }

    /// Writes what waits and ends.
    pub(super) async fn finish(self) {
        let Self { lanes, mut tasks } = self;
        drop(lanes);
        while tasks.join_next().await.is_some() {}
    }
}

/// Waits until every lane takes another frame.
pub(super) async fn room(lanes: &Lanes) {
    for lane in lanes {
        // A closed lane shows as an ended task.
        if lane.reserve().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

async fn write(sender: LinkSender, class: Class, mut frames: mpsc::Receiver<Vec<u8>>) -> LinkError {
    let mut taken = Vec::new();
    loop {
        if frames.recv_many(&mut taken, FRAMES_AT_ONCE_MAX).await == 0 {
            return LinkError::Closed(comity_federation::CloseReason::Local);
        }
        if let Err(error) = sender.send_all(class, taken.drain(..).map(Into::into)).await {
            return error;
        }
    }
}
