//! Cursors over restarts, and those that are of another history.

use comity_protocol::cursor::{Cursor, Pos};

use super::rig::{Town, drain};

#[test]
fn a_cursor_goes_on_after_restarts() {
    let mut town = Town::begin();
    let channel = town.direct(1, 2);
    let opened = town.follow(2, None);
    let (first, mut bob) = (opened.cursor, opened.subscription);
    let mut expected = vec![town.says(1, channel, "one")];
    assert_eq!(drain(&mut bob), expected);
    let middle = bob.cursor();
    for text in ["two", "three"] {
        expected.push(town.says(1, channel, text));
        drop(bob);
        town.crash();
        expected.push(town.says(2, channel, text));
        let opened = town.follow(2, Some(first));
        assert!(!opened.resync);
        bob = opened.subscription;
        assert_eq!(drain(&mut bob), expected);
        let opened = town.follow(2, Some(middle));
        assert!(!opened.resync);
        bob = opened.subscription;
        assert_eq!(drain(&mut bob), expected[1..]);
        // The cursor of everything is understood too, and has nothing left.
        let opened = town.follow(2, Some(bob.cursor()));
        assert!(!opened.resync);
        bob = opened.subscription;
        assert_eq!(drain(&mut bob), []);
    }
}

#[test]
fn a_cursor_of_another_history_means_a_resync() {
    let mut town = Town::begin();
    let channel = town.direct(1, 2);
    let first = town.follow(2, None).cursor;
    town.says(1, channel, "one");
    town.crash();
    town.says(1, channel, "two");
    let known = town.follow(2, None).cursor;
    assert_ne!(known.start, first.start);
    let beyond = |pos: Pos| Pos(pos.0 + (5 << 16));
    let strange = [
        Cursor { store: known.store + 1, ..known },
        Cursor { start: known.start + 1, ..known },
        // Beyond what was published, and beyond what a former run gave: after a rollback such
        // exist.
        Cursor { pos: beyond(known.pos), ..known },
        Cursor { pos: known.pos, ..first },
        // Before its run began.
        Cursor { pos: first.pos, ..known },
        Cursor { pos: Pos(u64::MAX), ..known },
    ];
    for cursor in strange {
        let opened = town.follow(2, Some(cursor));
        assert!(opened.resync, "{cursor:?}");
        assert_eq!(opened.cursor, known);
    }
    let mut bob = town.follow(2, Some(strange[0])).subscription;
    let pos = town.says(1, channel, "from now on");
    assert_eq!(drain(&mut bob), [pos]);
}
