//! Records in their blocks read like a plain list, wherever they are: in blocks that grow, in rows
//! above the store, in the store.

use std::ops::{Bound, ControlFlow, RangeBounds};
use std::sync::Arc;

use comity_machine::{Applied, ChannelNo, EventRow, LogNo, Outcome, State};
use comity_protocol::body::{Body, WireBody};
use comity_protocol::clock::HybridTime;
use comity_protocol::cursor::Pos;
use comity_protocol::event::Record;
use comity_protocol::hash::Hash;
use comity_protocol::id::{
    AccountNumber, ChannelId, LineageId, LogId, LogName, MessageId, WriterId,
};
use proptest::prelude::*;

use crate::disk::MemoryDisk;
use crate::store::{Batch, Direction, Settings, Store, StoreId};
use crate::writer::order::Order;
use crate::writer::{IdSpan, RecordsError, Shared, View};

#[derive(Clone, Debug)]
enum Step {
    /// A record is applied, so many ticks after (or before) the newest of its channel.
    Add { channel: u32, log: u64, ticks: i64, bytes: usize, outcome: Outcome, inbox: bool },
    /// A reader looks, and holds what it sees until so many others have looked.
    Look,
    /// The readers of before let go.
    LetGo,
    /// What is above the store is handed to it, and it takes all.
    Seal { stored: bool },
    /// The node starts anew.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let outcome = prop_oneof![
        6 => Just(Outcome::Accepted),
        1 => Just(Outcome::Rejected),
        1 => Just(Outcome::Void),
    ];
    let ticks = prop_oneof![4 => 1..3_i64, 1 => -20..1_i64];
    let bytes = prop_oneof![6 => 0..900_usize, 1 => 6_000..9_000_usize];
    let add = (1..3_u32, 1..4_u64, ticks, bytes, outcome, prop::bool::weighted(0.1));
    prop_oneof![
        20 => add.prop_map(|(channel, log, ticks, bytes, outcome, inbox)| {
            Step::Add { channel, log, ticks, bytes, outcome, inbox }
        }),
        2 => Just(Step::Look),
        1 => Just(Step::LetGo),
        1 => any::<bool>().prop_map(|stored| Step::Seal { stored }),
        1 => Just(Step::Restart),
    ]
}

struct World {
    store: Arc<Store>,
    shared: Shared,
    order: Order,
    sealed: Vec<Arc<Batch>>,
    held: Vec<View>,
    model: Vec<Applied>,
}

impl World {
    fn begin() -> Self {
        let disk = Arc::new(MemoryDisk::new());
        let settings = Settings { cache_bytes: 1 << 20 };
        let store = Arc::new(Store::open(disk, "s.redb", settings, StoreId([1; 16])).unwrap());
        let shared = Shared::new(State::default(), Arc::clone(&store));
        let (order, sealed, held) = (Order::default(), Vec::new(), Vec::new());
        Self { store, shared, order, sealed, held, model: Vec::new() }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Add { channel, log, ticks, bytes, outcome, inbox } => {
                let applied = self.applied(channel, log, ticks, bytes, outcome, inbox);
                self.shared.write(self.model.len() as u64 + 1, |recent| {
                    recent.push(&applied, self.order.takes(&applied, &self.store));
                });
                self.model.push(applied);
            }
            Step::Look => self.held.push(self.shared.view().unwrap()),
            Step::LetGo => self.held.clear(),
            Step::Seal { stored } => {
                self.sealed.extend(self.shared.seal(|_| Ok::<_, RecordsError>(())).unwrap());
                if stored {
                    self.store();
                }
            }
            Step::Restart => {
                self.sealed.extend(self.shared.seal(|_| Ok::<_, RecordsError>(())).unwrap());
                self.store();
                self.order = Order::default();
            }
        }
    }

    fn store(&mut self) {
        self.store.commit(&self.sealed).unwrap();
        if let Some(last) = self.sealed.drain(..).next_back() {
            self.shared.stored(last.applied());
        }
    }

    fn applied(
        &self,
        channel: u32,
        log: u64,
        ticks: i64,
        bytes: usize,
        outcome: Outcome,
        inbox: bool,
    ) -> Applied {
        // Each log belongs to one channel.
        let (no, log_no) = (ChannelNo(channel), LogNo(u64::from(channel) * 10 + log));
        let (channel_id, writer) = (ChannelId([channel as u8; 32]), WriterId(log));
        let name = LogName::Message { origin: LineageId([7; 32]), writer };
        let at = self.model.len() as u64 + 1;
        let before = self.model.iter().filter(|applied| applied.channel == no);
        let newest = before.map(|applied| applied.id.time().unix_ms()).max().unwrap_or(1_000);
        let time = HybridTime::from_unix_ms(newest.saturating_add_signed(ticks));
        // Every third id of one moment is the same.
        let hash = Hash([(at / 3) as u8; 32]);
        let body = WireBody::Present(Body::text([0; 32], &"x".repeat(bytes)));
        Applied {
            pos: Pos::new(at, 0),
            channel: no,
            channel_id,
            log: LogId { channel: channel_id, name },
            log_no,
            seq: self.model.iter().filter(|applied| applied.log_no == log_no).count() as u64 + 1,
            hash,
            time,
            id: MessageId::new(time, &hash),
            sender: None,
            outcome,
            stated: 0,
            record: Record { header: at.to_be_bytes().to_vec().into(), body },
            audience: Arc::from([]),
            inbox: if inbox { vec![AccountNumber(5)] } else { Vec::new() },
            withdrawn: Arc::from([]),
            annotation: None,
            mentioned: Vec::new(),
            erased: None,
            is_late: at.is_multiple_of(5),
            is_unheard: at.is_multiple_of(7),
        }
    }

    fn check(&self, (from, to): (u64, u64), max: usize) {
        let view = self.shared.view().unwrap();
        for channel in (1..3).map(ChannelNo) {
            let own = || self.model.iter().filter(move |applied| applied.channel == channel);
            let (first, last) = (Pos::new(from, 0), Pos::new(to, 0));
            let expected: Vec<Pos> =
                own().map(|a| a.pos).filter(|pos| (first..=last).contains(pos)).collect();
            let mut found = Vec::new();
            let all = view.records(channel, (first, last), &mut |pos, row| {
                found.push(pos);
                assert_same(&self.model, pos, &row);
                ControlFlow::Continue(())
            });
            all.unwrap();
            assert_eq!(found, expected);
            for applied in own() {
                let row = view.record(channel, applied.pos).unwrap().unwrap();
                assert_same(&self.model, applied.pos, &row);
            }
            assert_eq!(view.record(channel, Pos::new(to, 1)).unwrap(), None);
            for log in (1..4).map(|log| LogNo(u64::from(channel.0) * 10 + log)) {
                self.check_log(&view, channel, log, from, max);
            }
            self.check_timeline(&view, channel, (from, to), max);
        }
        let inbox = self.model.iter().filter(|applied| !applied.inbox.is_empty());
        let expected: Vec<_> = inbox.map(|applied| (applied.pos, applied.channel)).collect();
        let found = view.inbox(AccountNumber(5), (Pos(0), Pos(u64::MAX)), usize::MAX).unwrap();
        assert_eq!(found, expected);
    }

    fn check_log(&self, view: &View, channel: ChannelNo, log: LogNo, from: u64, max: usize) {
        let own = self.model.iter().filter(|a| a.log_no == log && a.seq >= from);
        let expected: Vec<(Pos, u64)> = own.map(|a| (a.pos, a.seq)).take(max).collect();
        let mut found = Vec::new();
        let read = view.log(channel, log, from, &mut |pos, row| {
            found.push((pos, row.seq));
            if found.len() == max { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        read.unwrap();
        assert_eq!(found, expected);
    }

    fn check_timeline(&self, view: &View, channel: ChannelNo, (from, to): (u64, u64), max: usize) {
        let own = |a: &&Applied| a.channel == channel && a.outcome == Outcome::Accepted;
        let mut order: Vec<&Applied> = self.model.iter().filter(own).collect();
        order.sort_by_key(|applied| (applied.id, applied.log_no, applied.seq));
        let at = |n: u64| self.model.get(n as usize).map_or(MessageId([9; 16]), |a| a.id);
        let (a, b) = (at(from), at(to));
        let spans: [IdSpan; 5] = [
            (Bound::Unbounded, Bound::Unbounded),
            (Bound::Included(a.min(b)), Bound::Included(a.max(b))),
            (Bound::Excluded(a), Bound::Unbounded),
            (Bound::Unbounded, Bound::Excluded(a)),
            (Bound::Included(a), Bound::Unbounded),
        ];
        for span in spans {
            for direction in [Direction::Ascending, Direction::Descending] {
                let within = order.iter().filter(|applied| span.contains(&applied.id));
                let mut expected: Vec<Pos> = within.map(|applied| applied.pos).collect();
                if direction == Direction::Descending {
                    expected.reverse();
                }
                expected.truncate(max);
                let found = view.timeline(channel, span, direction, max).unwrap();
                let found: Vec<Pos> = found.into_iter().map(|(pos, _)| pos).collect();
                assert_eq!(found, expected, "{span:?} {direction:?}");
            }
        }
    }
}

fn assert_same(model: &[Applied], pos: Pos, row: &EventRow) {
    let applied = model.iter().find(|applied| applied.pos == pos).unwrap();
    assert_eq!((row.log, row.seq, row.id), (applied.log_no, applied.seq, applied.id));
    assert_eq!((&row.header, &row.body), (&applied.record.header, &applied.record.body));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn records_in_blocks_read_like_a_list(
        steps in proptest::collection::vec(step(), 1..120),
        span in (0..60_u64, 0..60_u64),
        max in 1..20_usize,
    ) {
        let mut world = World::begin();
        let half = steps.len() / 2;
        for (at, step) in steps.into_iter().enumerate() {
            world.take(step);
            if at == half {
                world.check(span, max);
            }
        }
        world.check(span, max);
    }
}

/// A busy channel takes few rows, a lone message one block.
#[test]
fn short_messages_share_rows() {
    let mut world = World::begin();
    let add = Step::Add {
        channel: 1,
        log: 1,
        ticks: 1,
        bytes: 200,
        outcome: Outcome::Accepted,
        inbox: false,
    };
    (0..500).for_each(|_| world.take(add.clone()));
    world.take(Step::Seal { stored: false });
    let rows = world.sealed.iter().map(|batch| batch.rows()).sum::<usize>();
    assert!(rows < 100, "{rows} rows");
    world.check((3, 450), 19);
}
