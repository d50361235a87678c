//! What this node's rows hold of forked logs of which the home has said what counts
//! (`docs/protocol/` section 3.5). What becomes of it is the machine's to say.

use comity_machine::{Command, Settlement, Unsettled};
use comity_protocol::id::ChannelId;

use super::past::Rows;
use crate::writer::{RecordsError, Shared};

/// Logs that are looked at in one go; the others have their turn after them.
const LOGS_MAX: usize = 16;

/// Commands that settle logs, each with its channel.
pub fn settlements(shared: &Shared) -> Vec<(ChannelId, Command)> {
    let unsettled: Vec<Unsettled> = shared.state().unsettled().take(LOGS_MAX).collect();
    let look = |unsettled: Unsettled| match settlement(shared, &unsettled) {
        Ok(found) => {
            found.map(|settlement| (unsettled.log.channel, Command::Settle { settlement }))
        }
        Err(error) => {
            tracing::error!(%error, "a forked log cannot be read");
            None
        }
    };
    unsettled.into_iter().filter_map(look).collect()
}

/// What the rows say; `None` where they are not all laid down yet.
fn settlement(shared: &Shared, of: &Unsettled) -> Result<Option<Settlement>, RecordsError> {
    let mut rows = Rows::new(shared.view()?, of.channel);
    let mut failed = None;
    let found = of.settlement(&mut |seq| match rows.read(of.no, seq) {
        Ok(found) => found.map(|(_, row)| row),
        Err(error) => {
            failed = Some(error);
            None
        }
    });
    failed.map_or(Ok(found), Err)
}
