//! What a channel looks like, whatever way its events came.

use super::*;

fn said(id: &str, text: &str) -> HistoryEvent {
    event(id, Content::Message { text: Some(text.to_owned()) })
}

fn event(id: &str, content: Content) -> HistoryEvent {
    HistoryEvent {
        id: id.to_owned(),
        time: "2026-11-23T03:27:27.123Z".to_owned(),
        sender: "bob@globex.test".to_owned(),
        content,
        is_late: false,
        extra: None,
    }
}

fn page(ids: &[&str], more_before: bool, more_after: bool) -> History {
    History {
        events: ids.iter().map(|id| said(id, id)).collect(),
        delivered: Vec::new(),
        more_before,
        more_after,
        pending: false,
        limited: false,
    }
}

/// The ids in their order, a bar where something may be missing.
fn shape(timeline: &Timeline) -> String {
    let entry = |entry: &Entry| {
        let bar = if entry.is_after_gap { "|" } else { "" };
        format!("{bar}{}", entry.event.id)
    };
    let shown: Vec<_> = timeline.entries().map(entry).collect();
    shown.join(" ") + if timeline.is_behind() { " |" } else { "" }
}

#[test]
fn pages_join_and_gaps_are_known() {
    let mut timeline = Timeline::default();
    timeline.add_live(said("70", "first seen"), &[]);
    assert_eq!(shape(&timeline), "|70", "what was before is not known");
    timeline.add_page(&Page::Latest, page(&["50", "60", "70"], true, false));
    assert_eq!(shape(&timeline), "|50 60 70");
    timeline.add_page(&Page::Before("50".to_owned()), page(&["30", "40"], true, true));
    assert_eq!(shape(&timeline), "|30 40 50 60 70");
    assert!(!timeline.add_live(said("60", "again"), &[]), "held already");
    timeline.add_page(&Page::Around("10".to_owned()), page(&["10", "15"], true, true));
    assert_eq!(shape(&timeline), "|10 15 |30 40 50 60 70");
    timeline.add_page(&Page::After("15".to_owned()), page(&["20", "30"], true, true));
    assert_eq!(shape(&timeline), "|10 15 20 30 40 50 60 70");
    timeline.add_page(&Page::Before("10".to_owned()), page(&[], false, true));
    assert_eq!(shape(&timeline), "10 15 20 30 40 50 60 70");
    assert!(timeline.has_beginning());
}

#[test]
fn what_was_missed_is_fetched_and_joined() {
    let mut timeline = Timeline::default();
    timeline.add_page(&Page::Latest, page(&["10", "20"], false, false));
    timeline.mark_missed();
    assert_eq!(shape(&timeline), "10 20 |");
    timeline.add_live(said("50", "new"), &[]);
    assert_eq!(shape(&timeline), "10 20 |50");
    timeline.add_live(said("40", "from elsewhere"), &[]);
    assert_eq!(shape(&timeline), "10 20 |40 |50");
    timeline.add_page(&Page::Latest, page(&["30", "40", "50"], true, false));
    assert_eq!(shape(&timeline), "10 20 |30 40 50");
    timeline.add_page(&Page::Before("30".to_owned()), page(&["20", "25"], true, true));
    assert_eq!(shape(&timeline), "10 20 25 30 40 50");
}

#[test]
fn a_late_message_goes_where_its_id_puts_it() {
    let mut timeline = Timeline::default();
    timeline.add_page(&Page::Latest, page(&["10", "30"], false, false));
    assert!(timeline.add_live(said("20", "late"), &[]));
    assert_eq!(shape(&timeline), "10 20 30");
    let order: Vec<_> = timeline.up_to("20").map(|entry| entry.event.id.as_str()).collect();
    assert_eq!(order, ["20", "10"]);
    assert_eq!(timeline.after("20").count(), 1);
}

#[test]
fn what_is_erased_or_withdrawn_is_held_no_more() {
    let mut timeline = Timeline::default();
    timeline.add_page(&Page::Latest, page(&["10", "20", "30"], true, false));
    let erased = Content::Erased { message: "20".to_owned() };
    timeline.add_live(event("40", erased), &[]);
    assert_eq!(timeline.entry("20").map(|e| &e.event.content), Some(&Content::ErasedMessage));
    timeline.add_live(event("45", edited("20", "back again")), &[]);
    assert_eq!(timeline.entry("20").map(|e| &e.event.content), Some(&Content::ErasedMessage));
    let removed = Content::Removed { account: "carol@acme.test".to_owned() };
    timeline.add_live(event("50", removed), &["10".to_owned(), "30".to_owned()]);
    assert_eq!(shape(&timeline), "|20 40 45 50");
}

fn edited(message: &str, text: &str) -> Content {
    Content::Edited { message: message.to_owned(), text: Some(text.to_owned()) }
}

#[test]
fn edits_reactions_and_pins_change_their_message_once() {
    let mut timeline = Timeline::default();
    timeline.add_live(said("10", "helo"), &[]);
    timeline.add_live(event("20", edited("10", "hello")), &[]);
    let react = |on| Content::Reacted { message: "10".to_owned(), reaction: "👍".to_owned(), on };
    timeline.add_live(event("30", react(true)), &[]);
    timeline.add_live(event("30", react(true)), &[]);
    timeline.add_live(event("31", Content::Pinned { message: "10".to_owned(), on: true }), &[]);
    let held =
        timeline.entry("10").map(|entry| entry.event.clone()).unwrap_or_else(|| said("", ""));
    assert_eq!(held.content, Content::Message { text: Some("hello".to_owned()) });
    let extra = held.extra.unwrap_or_default();
    assert!(extra.edited_time.is_some() && extra.pinned);
    assert_eq!((extra.reactions.len(), extra.reactions[0].count), (1, 1));
    timeline.add_live(event("40", react(false)), &[]);
    let extra = timeline.entry("10").and_then(|entry| entry.event.extra.clone());
    assert_eq!(extra.unwrap_or_default().reactions, []);
}

#[test]
fn a_text_that_came_stays_when_a_copy_without_it_comes() {
    let mut timeline = Timeline::default();
    timeline.add_live(event("10", Content::Message { text: None }), &[]);
    timeline.add_live(said("10", "here"), &[]);
    timeline.add_live(event("10", Content::Message { text: None }), &[]);
    let text = Content::Message { text: Some("here".to_owned()) };
    assert_eq!(timeline.entry("10").map(|entry| &entry.event.content), Some(&text));
}

#[test]
fn memory_is_bounded_at_either_end() {
    let mut timeline = Timeline::default();
    timeline.add_page(&Page::Latest, page(&["10", "20", "30", "40"], false, false));
    timeline.forget_oldest(3);
    assert_eq!(shape(&timeline), "|20 30 40");
    assert!(!timeline.has_beginning());
    timeline.forget_newest(2);
    assert_eq!(shape(&timeline), "|20 30 |");
}

#[test]
fn counts_of_delivery_only_grow() {
    let notice = |organisations, is_final| Delivered {
        channel: "c".to_owned(),
        id: "10".to_owned(),
        organisations,
        of: 3,
        is_final,
    };
    let mut timeline = Timeline::default();
    timeline.add_delivered(notice(2, false));
    timeline.add_delivered(notice(1, false));
    assert_eq!(timeline.delivered("10"), Some(&notice(2, false)));
    timeline.add_delivered(notice(3, true));
    assert_eq!(timeline.delivered("10"), Some(&notice(3, true)));
}
