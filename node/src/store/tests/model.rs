//! An overlay of any batches over any stored ones reads like one map.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

type Change = (u8, Option<u8>);

fn batches() -> impl Strategy<Value = Vec<Vec<Change>>> {
    let change = (0..24_u8, prop::option::weighted(0.7, any::<u8>()));
    prop::collection::vec(prop::collection::vec(change, 0..12), 1..6)
}

fn sealed(applied: usize, changes: &[Change]) -> Arc<Batch> {
    let mut batch = Batch::new();
    for (key, value) in changes {
        match value {
            Some(value) => batch.put(Table::Timeline, &[*key], &[*value]),
            None => batch.delete(Table::Timeline, &[*key]),
        }
    }
    batch.set_applied(applied as u64);
    Arc::new(batch)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn an_overlay_reads_like_one_map(
        changes in batches(),
        stored in 0..6_usize,
        (from, to) in (0..26_u8, 0..26_u8),
        limit in 1..12_usize,
    ) {
        let batches: Vec<_> = (1..).zip(&changes).map(|(at, c)| sealed(at, c)).collect();
        let mut model = BTreeMap::new();
        for (key, value) in changes.iter().flatten() {
            match value {
                Some(value) => model.insert(vec![*key], vec![*value]),
                None => model.remove(&vec![*key]),
            };
        }
        let store = open(&MemoryDisk::new()).unwrap();
        store.commit(&batches[..stored.min(batches.len())]).unwrap();
        let snapshot = Arc::new(store.snapshot().unwrap());
        let overlay = Overlay::new(snapshot, batches.clone());
        prop_assert_eq!(overlay.applied(), batches.len() as u64);
        for key in 0..26_u8 {
            let found = overlay.get(Table::Timeline, &[key]).unwrap();
            prop_assert_eq!(found.as_ref(), model.get(&vec![key]));
        }
        let mut expected: Rows = model.into_iter().collect();
        prop_assert_eq!(&collect(|visit| overlay.scan(Table::Timeline, visit)), &expected);
        expected.retain(|(key, _)| (from..=to).contains(&key[0]));
        for direction in [Direction::Ascending, Direction::Descending] {
            let mut found = Rows::new();
            let visit = &mut |key: &[u8], value: &[u8]| {
                found.push((key.to_vec(), value.to_vec()));
                let is_enough = found.len() == limit;
                if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let span = Span::inclusive(&[from], &[to]);
            overlay.range(Table::Timeline, &span, direction, visit).unwrap();
            prop_assert_eq!(&found[..], &expected[..limit.min(expected.len())]);
            expected.reverse();
        }
    }
}
