//! Frames on their way to a peer: a bounded lane for each class, so that a peer that does not read
//! its feed still gets acknowledgements and answers.

use comity_federation::{LinkError, LinkSender};
use comity_protocol::frame::{Class, Frame};
use tokio::task::JoinSet;

use super::queue::{Receiver, Sender, queue};

/// Frames that wait in one lane. The link's state machine bounds what it feeds; this bounds
/// answers.
const LANE_FRAMES_MAX: usize = 64;
/// Frames written in one go.
const FRAMES_AT_ONCE_MAX: usize = 32;

/// A lane is opened with its first frame: an idle link has one.
pub(super) type Lanes = [Option<Sender<Vec<u8>>>; CLASSES];

pub(super) struct Outgoing {
    pub(super) lanes: Lanes,
    sender: LinkSender,
    /// Ends with the link; a lane that fails ends it.
    pub(super) tasks: JoinSet<LinkError>,
}

const CLASSES: usize = 3;

impl Outgoing {
    pub(super) fn new(sender: &LinkSender) -> Self {
        Self { lanes: Default::default(), sender: sender.clone(), tasks: JoinSet::new() }
    }

    /// Whether every lane takes another frame.
    pub(super) fn has_room(&self) -> bool {
        self.lanes.iter().flatten().all(Sender::has_room)
    }

    /// Puts a frame into its lane; to be called while there is room. How many bytes it has.
    pub(super) fn push(&mut self, frame: &Frame) -> u64 {
        let class = frame.class();
        let lane = match class {
            Class::Link => &mut self.lanes[0],
            Class::Feed => &mut self.lanes[1],
            Class::History => &mut self.lanes[2],
        };
        let (sender, tasks) = (&self.sender, &mut self.tasks);
        let lane = lane.get_or_insert_with(|| {
            let (send, receive) = queue(LANE_FRAMES_MAX);
            tasks.spawn(write(sender.clone(), class, receive));
            send
        });
        let bytes = frame.encode();
        let length = bytes.len() as u64;
        if lane.try_send(bytes).is_err() {
            tracing::debug!("a frame for a closed lane is dropped");
        }
        length
    }

    /// Writes what waits and ends.
    pub(super) async fn finish(self) {
        let Self { lanes, mut tasks, .. } = self;
        drop(lanes);
        while tasks.join_next().await.is_some() {}
    }
}

/// Waits until every lane takes another frame.
pub(super) async fn room(lanes: &Lanes) {
    for lane in lanes.iter().flatten() {
        // A closed lane shows as an ended task.
        if !lane.room().await {
            std::future::pending::<()>().await;
        }
    }
}

async fn write(sender: LinkSender, class: Class, mut frames: Receiver<Vec<u8>>) -> LinkError {
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
