//! What this node's rows hold of forked logs of which the home has said what counts
//! (`docs/protocol/` section 3.5). What becomes of it is the machine's to say.

use comity_machine::{Command, Settlement, Unsettled, range_start};
use comity_protocol::id::{ChannelId, ShortHash};

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
    let top = rows.read(of.no, of.top.seq)?;
    if top.is_none() && of.end >= of.top.seq {
        return Ok(None);
    }
    let is_one = top.is_some_and(|(_, row)| ShortHash::from(row.hash) == of.top.hash);
    let is_held = is_one && of.is_joined();
    let mut failed = None;
    let mut read = |seq| match rows.read(of.no, seq) {
        Ok(found) => found.map(|(_, row)| row),
        Err(error) => {
            failed = Some(error);
            None
        }
    };
    let is_looked_at = !is_held && of.end >= of.from && of.from > 1;
    let below = if is_looked_at { range_start(of.from, &mut read) } else { None };
    match failed {
        Some(error) => Err(error),
        None => Ok(Some(Settlement { log: of.log.into(), top: of.top, is_held, below })),
    }
}
