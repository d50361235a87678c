//! What became of a range, as the replica has to know it: whether it is to come again, and when.

use comity_machine::{RangeOutcome, RangeReport, RefusedCode};
use comity_protocol::frame::Want;
use comity_replica::Fate;

pub(super) fn fate(report: &RangeReport) -> Fate {
    match report.outcome {
        RangeOutcome::Applied => Fate::Applied,
        RangeOutcome::Gap { from } => Fate::Gap { from },
        RangeOutcome::Held { from, awaits } => Fate::Held { from, awaits },
        // It is taken once it comes again.
        RangeOutcome::Rewind { .. } => {
            Fate::Held { from: 1, awaits: [Some(Want { log: report.log, from: 1 }), None] }
        }
        RangeOutcome::Crowded { from }
        | RangeOutcome::Early { from }
        | RangeOutcome::Newer { from } => Fate::Held { from, awaits: [None; 2] },
        RangeOutcome::Refused { from, code: RefusedCode(code) } => Fate::Refused { from, code },
    }
}
