//! SRV records and the order in which their hosts are tried (RFC 2782).

/// Most SRV records of a domain that are considered.
pub const SRV_RECORDS_MAX: usize = 16;

/// Where a domain's node listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SrvRecord {
    /// Lower is tried first.
    pub priority: u16,
    /// Among equals the share of first tries.
    pub weight: u16,
    /// The UDP port.
    pub port: u16,
    /// The host, absolute and with its final dot; `.` alone says that there is no service.
    pub target: String,
}

/// The records in the order in which to try them: by priority, and among equals drawn by weight.
/// `random` yields uniform numbers.
pub fn order(mut records: Vec<SrvRecord>, mut random: impl FnMut() -> u32) -> Vec<SrvRecord> {
    // Those of no weight stand first among equals, so that they have a small chance of being drawn.
    records.sort_by_key(|r| (r.priority, r.weight));
    records.truncate(SRV_RECORDS_MAX);
    let mut ordered = Vec::with_capacity(records.len());
    while let Some(first) = records.first() {
        let priority = first.priority;
        let equals = records.iter().take_while(|r| r.priority == priority);
        let drawn = draw(equals.map(|r| r.weight), random());
        ordered.push(records.remove(drawn));
    }
    ordered
}

/// The place of the weight drawn: the first at which the running sum reaches the number.
fn draw(weights: impl Iterator<Item = u16> + Clone, random: u32) -> usize {
    let total: u64 = weights.clone().map(u64::from).sum();
    let number = u64::from(random) % (total + 1);
    let mut sum = 0;
    weights
        .map(|weight| {
            sum += u64::from(weight);
            sum
        })
        .position(|sum| sum >= number)
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(priority: u16, weight: u16, target: &str) -> SrvRecord {
        SrvRecord { priority, weight, port: 4433, target: target.into() }
    }

    #[test]
    fn priority_comes_before_weight_and_weight_sets_the_share() {
        let records = vec![record(20, 9, "c."), record(10, 1, "b."), record(10, 3, "a.")];
        let mut first_a = 0;
        for number in 0..1_000_u32 {
            let ordered = order(records.clone(), || number);
            assert_eq!(ordered[2].target, "c.");
            first_a += u32::from(ordered[0].target == "a.");
        }
        // Numbers 2, 3 and 4 of 0 to 4 draw a, as RFC 2782 has it.
        assert_eq!(first_a, 600);
    }

    #[test]
    fn a_record_without_weight_is_still_drawn_sometimes() {
        let records = vec![record(10, 5, "a."), record(10, 0, "z.")];
        assert_eq!(order(records.clone(), || 0)[0].target, "z.");
        assert_eq!(order(records, || 1)[0].target, "a.");
    }

    proptest! {
        #[test]
        fn every_record_is_tried_once(
            shape in proptest::collection::vec((0_u16..4, any::<u16>()), 0..20),
            seed in any::<u32>(),
        ) {
            let records: Vec<_> = shape.iter().map(|(p, w)| record(*p, *w, "x.")).collect();
            let ordered = order(records.clone(), || seed);
            prop_assert!(ordered.is_sorted_by_key(|r| r.priority));
            prop_assert_eq!(ordered.len(), records.len().min(SRV_RECORDS_MAX));
        }
    }
}
