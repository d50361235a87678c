//! Whatever is asked for, in whatever bytes: it is refused or answered, the index finds all that
//! the query means, and what is shown is a piece of the text.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::Arc;

use comity_search::{Document, Filter, Index, Key, Order, Query, snippet};

/// What texts and queries are made of: letters that fold, scripts without spaces, marks that stand
/// alone, signs of the query, and what has no letters at all.
const PIECES: [&str; 40] = [
    "a",
    "B",
    "tea",
    "TEA",
    "fluß",
    "FLUSS",
    "é",
    "e\u{301}",
    "\u{301}",
    "ﬁ",
    "İ",
    "ı",
    "서울",
    "만나",
    "ㄱ",
    "\u{1100}\u{1161}",
    "東",
    "京都",
    "ー",
    "ｶ",
    "か\u{3099}",
    "สวัส",
    "\u{e31}",
    "🫖",
    "👨\u{200d}👩",
    "\u{200b}",
    "\u{202e}",
    "\u{feff}",
    "\0",
    "\u{1}",
    " ",
    "  ",
    "\u{3000}",
    "\"",
    "*",
    "**",
    "-",
    "_",
    ".",
    "\u{10ffff}",
];

/// A small generator: the same numbers each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }

    fn text(&mut self, pieces_max: usize) -> String {
        (0..self.below(pieces_max) + 1).map(|_| PIECES[self.below(PIECES.len())]).collect()
    }
}

#[test]
fn whatever_is_asked_for_the_index_finds_what_the_query_means() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let dir = tempfile::tempdir().unwrap();
    let index = Index::open(dir.path()).unwrap();
    let mut writer = index.writer().unwrap();
    let texts: Vec<String> = (0..120).map(|_| dice.text(40)).collect();
    for (at, text) in (0_u64..).zip(&texts) {
        writer
            .add(Document { key: Key { channel: 1, time: at, rest: 0 }, author: 1, text })
            .unwrap();
    }
    writer.commit("").unwrap();
    let filter = Filter { channels: Arc::new([1].into()), author: None, times: 0..u64::MAX };
    let (mut refused, mut found) = (0, 0);
    for _ in 0..3_000 {
        let text = dice.text(6);
        let Ok(query) = Query::parse(&text) else {
            refused += 1;
            continue;
        };
        let order = if dice.below(2) == 0 { Order::Rank } else { Order::Newest };
        let keys = index.search(&query, &filter, order, (0, texts.len())).unwrap();
        let keys: BTreeSet<u64> = keys.into_iter().map(|key| key.time).collect();
        for (at, said) in (0_u64..).zip(&texts) {
            let Some(places) = query.find(said) else { continue };
            assert!(keys.contains(&at), "{text:?} is in {said:?}");
            found += 1;
            let shown = snippet(said, &places);
            let whole: String = shown.pieces.iter().map(|piece| piece.text).collect();
            assert!(said.contains(&whole), "{text:?} in {said:?}");
            assert!(shown.pieces.iter().any(|piece| piece.is_found), "{text:?} in {said:?}");
        }
    }
    assert!(refused > 50 && found > 1_000, "{refused} {found}");
}

#[test]
fn the_longest_and_the_widest_are_answered() {
    let dir = tempfile::tempdir().unwrap();
    let index = Index::open(dir.path()).unwrap();
    let mut writer = index.writer().unwrap();
    // As many words that begin alike as a star may have to look through.
    for at in 0..5_000_u64 {
        let text = format!("ab{at:x} {}", "ab".repeat(40));
        let key = Key { channel: 1, time: at, rest: 0 };
        writer.add(Document { key, author: 1, text: &text }).unwrap();
    }
    writer.commit("").unwrap();
    let filter = Filter { channels: Arc::new([1].into()), author: None, times: 0..u64::MAX };
    let stars = ["ab*"; 16].join(" ");
    for text in [stars, "ab".repeat(128), "京".repeat(256), "a ".repeat(16), "\"".repeat(256)] {
        let Ok(query) = Query::parse(&text) else { continue };
        for order in [Order::Rank, Order::Newest] {
            index.search(&query, &filter, order, (0, 50)).unwrap();
        }
    }
    let many: Vec<String> = (0..17).map(|number| format!("a{number}")).collect();
    for text in ["ab".repeat(129), many.join(" "), "*".repeat(256), "\0".repeat(10_000)] {
        assert!(Query::parse(&text).is_err(), "{text:?}");
    }
}
