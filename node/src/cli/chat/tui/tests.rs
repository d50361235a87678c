//! What the window shows and does, as somebody at it sees it: events and keys in, the screen out.
#![allow(clippy::unwrap_used)]

mod acts;
mod list;
mod people;
mod seat;

use std::time::Duration;

use comity_client::{
    Content, Delivered, Event, Extra, HistoryEvent, Page, Presence, Reaction, Refused, Sign,
};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use self::seat::{ME, Seat, channel, conversation, event, said, talk};
use super::model::{Effect, Happened};
use super::wrap::columns;

#[test]
fn a_conversation_across_organisations() {
    let mut seat = Seat::new((80, 20));
    seat.hears("c2", "bob@globex.test", "psst");
    seat.hears("c3", "carol@acme.test", "@alice look");
    seat.opens("c1", conversation(), false);
    let notice = Delivered {
        channel: "c1".to_owned(),
        id: "1006".to_owned(),
        organisations: 2,
        of: 3,
        is_final: false,
    };
    seat.happens(Happened::Client(Event::Delivered(notice)));
    let expected = "\
invitations             │#Tea  at five
 1 ? #Chess             │
channels                │
 2   carol         @1 1 │
 3   bob@globex.test  1 │── Sunday, 22 November 2026 ───────────────────────────
 4   #Tea               │ bob@globex.test
                        │ 18:00 Tea?
                        │ 18:00 Is anybody there? (late)
                        │── Monday, 23 November 2026 ───────────────────────────
                        │ 07:10 carol joined
                        │ carol
                        │ 07:10 (this message was erased)
                        │@07:11 @alice 홍차에 우유 넣을까요?
                        │ alice
                        │ 07:12 ↪ carol: @alice 홍차에 우유 넣을까요?
                        │       Lemon, please. (edited) ✓✓ 2 of 3
                        │       👍 2
                        │───────────────────────────────────────────────────────
                        │>
 online · alice@acme.test                                               F1 help
";
    assert_eq!(seat.screen(), expected, "\n{}", seat.screen());
}

#[test]
fn an_invitation_that_is_told_twice_is_shown_once() {
    let invited = |id: &str, time: &str| {
        let content = Content::Invited { account: ME.to_owned(), name: "Tea".to_owned() };
        event(id, time, "bob@globex.test", content)
    };
    let left = Content::Left { account: ME.to_owned() };
    let mut events = vec![
        invited("1001", "2026-11-22T18:00:00Z"),
        said("1002", "2026-11-22T18:00:00Z", "bob@globex.test", "Tea?"),
        invited("1003", "2026-11-22T18:00:01Z"),
    ];
    let shown = |events: &[HistoryEvent]| {
        let mut seat = Seat::new((80, 20));
        seat.opens("c1", events.to_vec(), false);
        seat.screen().matches("bob@globex.test invites you").count()
    };
    assert_eq!(shown(&events), 1);
    events.push(event("1004", "2026-11-22T18:00:02Z", ME, left));
    events.push(invited("1005", "2026-11-22T18:00:03Z"));
    assert_eq!(shown(&events), 2, "once more after he left");
}

#[test]
fn a_small_terminal_offline_with_something_queued() {
    let mut seat = Seat::new((60, 15));
    seat.opens("c2", talk(1, 3), false);
    let (reason, wait) = ("Connection refused".to_owned(), Duration::from_secs(4));
    seat.happens(Happened::Client(Event::Disconnected { reason, wait }));
    let effects = seat.sends("오늘 저녁에 시간 있으세요? 이번 주말에 같이 산에 가고 싶은데요.");
    assert!(matches!(&effects[..], [Effect::Send { channel, number: 1, .. }] if channel == "c2"));
    seat.types("half a text");
    seat.passes(1_500);
    let expected = "\
invitations       │bob@globex.test
 1 ? #Chess       │
channels          │
 2   #Tea         │── Sunday, 22 November 2026 ─────────────
 3   bob@globex.… │ bob@globex.test
 4   carol        │ 08:01 number 1
                  │ 08:02 number 2
                  │ 08:03 number 3
                  │ alice
                  │ 09:00 오늘 저녁에 시간 있으세요? 이번 주
                  │       말에 같이 산에 가고 싶은데요.
                  │       … queued
                  │─────────────────────────────────────────
                  │> half a text
 offline, again in 3 s · 1 queued · Connection ref… F1 help
";
    assert_eq!(seat.screen(), expected, "\n{}", seat.screen());
    // It is sent later and comes back by the feed before its answer does.
    let text = "오늘 저녁에 시간 있으세요? 이번 주말에 같이 산에 가고 싶은데요.";
    seat.gets("c2", said("2001", "2026-11-23T09:00:05Z", ME, text), &[]);
    seat.sees_no("queued");
    let settled =
        Happened::Settled { channel: "c2".to_owned(), number: 1, result: Ok("2001".to_owned()) };
    seat.happens(settled);
    assert_eq!(seat.screen().matches("싶은데요. ✓").count(), 1, "{}", seat.screen());
}

#[test]
fn unread_messages_are_counted_lined_off_and_marked_read() {
    let mut seat = Seat::new((80, 24));
    seat.opens("c3", Vec::new(), false);
    let mut channels = vec![
        channel("c1", None, Some("Tea"), "joined", Some("2026-11-23T08:00:00Z")),
        channel("c3", Some("carol@acme.test"), None, "joined", None),
    ];
    (channels[0].unread, channels[0].mentions) = (Some(2), Some(1));
    channels[0].read = Some("1002".to_owned());
    seat.happens(Happened::listed(channels));
    seat.sees("#Tea          @1 2");
    seat.hears("c1", "bob@globex.test", "and one more");
    seat.sees("#Tea          @1 3");
    let effects = seat.opens("c1", talk(1, 4), true);
    let mark = |id: &str| Effect::Mark { channel: "c1".to_owned(), message: id.to_owned() };
    assert!(effects.contains(&mark("9001")), "{effects:?}");
    let screen = seat.screen();
    let line = |text: &str| screen.lines().position(|line| line.contains(text)).unwrap();
    assert_eq!(line("── new ──") + 2, line("number 3"), "a line, a name, the text\n{screen}");
    assert!(line("number 2") < line("── new ──"));
    seat.sees_no("@1");
    // Nobody looks: it counts again, until somebody does.
    assert_eq!(seat.happens(Happened::Focused(false)), []);
    let effects = seat.hears("c1", "bob@globex.test", "hello?");
    assert!(!effects.iter().any(|e| matches!(e, Effect::Mark { .. })), "{effects:?}");
    seat.sees("#Tea             1");
    seat.happens(Happened::Marked { channel: "c1".to_owned(), is_known: true });
    assert_eq!(seat.happens(Happened::Focused(true)), [mark("9002")]);
    // An older node does not know markers: it is not asked again.
    seat.happens(Happened::Marked { channel: "c1".to_owned(), is_known: false });
    assert_eq!(seat.hears("c1", "bob@globex.test", "still here"), []);
}

#[test]
fn a_list_that_comes_late_does_not_change_what_calls_were_counted() {
    let mut seat = Seat::new((80, 24));
    seat.opens("c3", Vec::new(), false);
    let list = |unread, mentions| {
        let mut tea = channel("c1", None, Some("Tea"), "joined", Some("2026-11-23T08:00:00Z"));
        (tea.unread, tea.mentions) = (Some(unread), Some(mentions));
        let carol = channel("c3", Some("carol@acme.test"), None, "joined", None);
        Happened::listed(vec![tea, carol])
    };
    seat.happens(list(0, 0));
    // A text that the node was not told to call anybody: it counts no mention, nor does the window.
    seat.hears("c1", "bob@globex.test", "@alice?");
    seat.sees("#Tea             1");
    seat.happens(list(1, 0));
    seat.sees("#Tea             1");
    // One that was asked for before that came says nothing of it.
    let heard = 0;
    if let Happened::Channels { channels, .. } = list(0, 0) {
        seat.happens(Happened::Channels { channels, heard });
    }
    seat.sees("#Tea             1");
    let mut called = said("9100", "2026-11-23T08:30:00Z", "bob@globex.test", "@alice, tea?");
    called.extra = Some(Box::new(Extra { mentions: vec![ME.to_owned()], ..Extra::default() }));
    seat.gets("c1", called, &[]);
    seat.sees("#Tea          @1 2");
    seat.happens(list(2, 1));
    seat.sees("#Tea          @1 2");
}

#[test]
fn markers_of_the_nodes_move_counts_and_show_who_has_read() {
    let mut seat = Seat::new((80, 24));
    seat.opens("c2", vec![said("1001", "2026-11-23T07:00:00Z", ME, "hello")], false);
    let channel = || "c1".to_owned();
    seat.hears("c1", "bob@globex.test", "one");
    seat.sees("#Tea             1");
    let read = Some("9001".to_owned());
    let sign = Sign::Unread { channel: channel(), unread: 0, mentions: 0, read };
    seat.happens(Happened::Client(Event::Sign(sign)));
    seat.sees_no("#Tea             1");
    let account = "bob@globex.test".to_owned();
    let presence = Presence {
        account: account.clone(),
        state: "away".to_owned(),
        status: Some("at lunch\u{1b}[2J".to_owned()),
    };
    seat.happens(Happened::Client(Event::Sign(Sign::Presence(vec![presence]))));
    seat.sees(" ◐ bob@globex.test");
    seat.sees("bob@globex.test  away · at lunch\\u{1b}[2J");
    let message = "1001".to_owned();
    let sign = Sign::Read { channel: "c2".to_owned(), account: account.clone(), message };
    seat.happens(Happened::Client(Event::Sign(sign)));
    seat.sees("hello ✓ read");
    let sign = Sign::Typing { channel: "c2".to_owned(), account, typing: true };
    seat.happens(Happened::Client(Event::Sign(sign)));
    seat.sees("bob@globex.test is writing…");
    assert_eq!(seat.types("we"), [Effect::Typing("c2".to_owned())], "said once in a while");
    seat.passes(6_001);
    seat.sees_no("is writing");
    // A node that does not know that is not told again, nor is the user.
    assert_eq!(seat.types("l"), [Effect::Typing("c2".to_owned())]);
    let (code, message) = ("malformed".to_owned(), "A frame's `type` is …".to_owned());
    let refused = Refused { code, message, retry_after: None };
    seat.happens(Happened::Client(Event::Objection(refused)));
    seat.sees_no("A frame's");
    seat.passes(6_000);
    assert_eq!(seat.types("l"), []);
}

#[test]
fn older_history_is_loaded_where_somebody_looks_for_it() {
    let mut seat = Seat::new((80, 14));
    seat.opens("c1", talk(50, 50), true);
    seat.sees("number 99");
    let page_up = |seat: &mut Seat| seat.presses(KeyCode::PageUp, KeyModifiers::NONE);
    let mut asked = Vec::new();
    for _ in 0..10 {
        asked.extend(page_up(&mut seat));
    }
    let older = Page::Before("1050".to_owned());
    assert_eq!(asked, [Effect::Load { channel: "c1".to_owned(), place: older.clone() }], "once");
    seat.sees("loading older messages");
    seat.sees("number 50");
    let before = seat.screen();
    seat.loads("c1", older, talk(0, 50), false);
    seat.sees("number 50");
    assert!(before.lines().any(|line| line.contains("number 52") && seat.screen().contains(line)));
    page_up(&mut seat);
    seat.sees("number 44");
    // What comes meanwhile does not move what is read.
    let before = seat.screen();
    seat.hears("c1", "bob@globex.test", "news");
    seat.sees("1 new below");
    let moved = |a: &str, b: &str| {
        let text = |s: &str| s.lines().filter(|l| l.contains("number")).count();
        text(a) == text(b) && a.contains("number 44") == b.contains("number 44")
    };
    assert!(moved(&before, &seat.screen()), "{before}{}", seat.screen());
    for _ in 0..40 {
        page_up(&mut seat);
    }
    seat.sees("number 0");
    assert!(seat.screen().lines().nth(1).unwrap().contains("Sunday"), "{}", seat.screen());
    for _ in 0..40 {
        seat.presses(KeyCode::PageDown, KeyModifiers::NONE);
    }
    seat.sees("news");
    page_up(&mut seat);
    seat.sees_no("news");
    seat.presses(KeyCode::End, KeyModifiers::NONE);
    seat.sees("news");
}

#[test]
fn nothing_that_others_wrote_reaches_the_terminal_raw() {
    let evil = "a\u{1b}]0;owned\u{7}\u{9b}2J\r\n\u{202e}b\u{0}\u{7f}\u{2028}c\u{e0041}";
    let mut seat = Seat::new((100, 40));
    let mut channels = vec![
        channel("c1", None, Some(evil), "joined", None),
        channel("c2", Some(evil), None, "joined", None),
        channel("c4", None, Some(evil), "invited", None),
    ];
    channels[0].topic = Some(evil.to_owned());
    seat.happens(Happened::listed(channels));
    let mut message = said("1001", "2026-11-23T07:00:00Z", evil, evil);
    message.extra = Some(Box::new(Extra {
        reply_to: Some("1000".to_owned()),
        reactions: vec![Reaction { reaction: evil.to_owned(), count: 1, accounts: vec![] }],
        ..Extra::default()
    }));
    let evil = || evil.to_owned();
    let others = [
        Content::Banned { account: evil() },
        Content::Contact { account: evil(), step: evil() },
        Content::Created { name: evil() },
        Content::HandedOver { home: evil() },
        Content::Invited { account: evil(), name: evil() },
        Content::Other { kind: evil() },
        Content::RequestRefused { code: evil() },
        Content::RoleChanged { account: evil(), role: evil() },
        Content::RuleChanged { rule: evil() },
        Content::TopicChanged { topic: evil() },
    ];
    let mut events = vec![said("1000", "never\u{1b}", &evil(), &evil()), message];
    for (number, content) in others.into_iter().enumerate() {
        events.push(event(&format!("11{number:02}"), "2026-11-23T07:00:00Z", &evil(), content));
    }
    seat.opens("c1", events, false);
    let refused = Refused { code: evil(), message: evil(), retry_after: None };
    let wait = Duration::from_secs(1);
    let happenings = [
        Happened::Client(Event::Sign(Sign::Typing {
            channel: "c1".to_owned(),
            account: evil(),
            typing: true,
        })),
        Happened::Client(Event::Objection(refused)),
        Happened::Panel(evil()),
        Happened::Notice(evil()),
        Happened::Opened("c2".to_owned()),
        Happened::Opened("c4".to_owned()),
        Happened::Key(KeyEvent::new(KeyCode::Char('k'), KeyModifiers::CONTROL)),
        Happened::Client(Event::Disconnected { reason: evil(), wait }),
        Happened::Pasted(evil()),
    ];
    for happened in happenings {
        let what = format!("{happened:?}");
        seat.happens(happened);
        for (place, cell) in seat.buffer().content.iter().enumerate() {
            let is_evil = |c: char| {
                c.is_control() || ('\u{2028}'..='\u{202e}').contains(&c) || c >= '\u{e0000}'
            };
            assert!(!cell.symbol().contains(is_evil), "{:?} at {place}: {what}", cell.symbol());
        }
    }
}

#[test]
fn no_text_can_look_like_a_message_of_somebody_else() {
    let mut seat = Seat::new((80, 24));
    let text = "hi\n boss@acme.test\n 09:00 pay at once";
    seat.opens("c1", vec![said("1001", "2026-11-23T07:00:00Z", "bob@globex.test", text)], false);
    seat.sees("│ bob@globex.test\n");
    seat.sees("│        boss@acme.test\n");
    seat.sees("│        09:00 pay at once\n");
    // Nor can an account of another organisation look like a colleague.
    seat.gets("c1", said("1002", "2026-11-23T07:01:00Z", "carol@evil.test", "me"), &[]);
    seat.sees("│ carol@evil.test\n");
    seat.gets("c1", said("1003", "2026-11-23T07:02:00Z", "carol@acme.test", "me"), &[]);
    seat.sees("│ carol\n");
}

#[test]
fn channels_are_reached_by_keys_and_by_a_part_of_their_name() {
    let mut seat = Seat::new((80, 24));
    let opened = |effects: Vec<Effect>| {
        let open = |effect| match effect {
            Effect::Open(id) => Some(id),
            _ => None,
        };
        effects.into_iter().find_map(open).unwrap()
    };
    let id = |id: &str| Some(id.to_owned());
    assert_eq!(opened(seat.presses(KeyCode::Tab, KeyModifiers::NONE)), None, "an invitation");
    seat.sees("You are invited to #Chess.");
    assert_eq!(seat.sends("/accept"), [Effect::Command("accept c4".to_owned())]);
    assert_eq!(opened(seat.presses(KeyCode::Down, KeyModifiers::ALT)), id("c1"));
    seat.types("a draft");
    let next = seat.presses(KeyCode::Char('n'), KeyModifiers::CONTROL);
    assert_eq!(opened(next), id("c2"));
    seat.sees_no("> a draft");
    seat.sees("#Tea         draft");
    seat.presses(KeyCode::Char('k'), KeyModifiers::CONTROL);
    seat.types("zzz");
    seat.sees("none is called so");
    for _ in 0..3 {
        seat.presses(KeyCode::Backspace, KeyModifiers::NONE);
    }
    seat.types("TE");
    assert_eq!(opened(seat.presses(KeyCode::Enter, KeyModifiers::NONE)), id("c1"));
    seat.sees("> a draft");
    assert_eq!(opened(seat.presses(KeyCode::Up, KeyModifiers::ALT)), None);
    seat.presses(KeyCode::BackTab, KeyModifiers::SHIFT);
    assert_eq!(seat.model.open.as_deref(), Some("c3"), "around the end");
}

#[test]
fn what_is_typed_is_sent_or_done() {
    let mut seat = Seat::new((80, 24));
    assert_eq!(seat.sends("to nobody"), []);
    seat.sees("no channel is open");
    seat.presses(KeyCode::Char('u'), KeyModifiers::CONTROL);
    seat.opens("c1", Vec::new(), false);
    let sent = |effects: &[Effect]| match effects {
        [Effect::Send { draft, .. }] => draft.text.to_string(),
        other => panic!("{other:?}"),
    };
    seat.happens(Happened::Pasted("two\r\nlines".to_owned()));
    seat.sees("> two\n");
    seat.presses(KeyCode::Enter, KeyModifiers::ALT);
    seat.types("three");
    assert_eq!(sent(&seat.presses(KeyCode::Enter, KeyModifiers::NONE)), "two\nlines\nthree");
    assert_eq!(sent(&seat.sends("//slash")), "/slash");
    assert_eq!(seat.sends("   "), []);
    seat.presses(KeyCode::Char('u'), KeyModifiers::CONTROL);
    assert_eq!(seat.sends("/invite bob"), [Effect::Command("invite bob".to_owned())]);
    seat.presses(KeyCode::Up, KeyModifiers::NONE);
    seat.sees("> /invite bob");
    seat.presses(KeyCode::Char('u'), KeyModifiers::CONTROL);
    seat.types("?");
    seat.sees("Ctrl+K                go to");
    seat.types("x");
    seat.sees_no("Ctrl+K                go to");
    seat.sees("> x");
    let refused = Err("You are too late.".to_owned());
    seat.happens(Happened::Settled { channel: "c1".to_owned(), number: 1, result: refused });
    seat.sees("✗ not sent: You are too late.");
    // One text more waits still.
    assert_eq!(seat.presses(KeyCode::Char('c'), KeyModifiers::CONTROL), []);
    seat.sees("1 text is not sent yet and would be lost");
    assert_eq!(seat.presses(KeyCode::Char('c'), KeyModifiers::CONTROL), [Effect::Quit]);
}

#[test]
fn messages_that_are_erased_changed_or_withdrawn_change_on_the_screen() {
    let mut seat = Seat::new((80, 24));
    seat.opens("c1", talk(1, 3), false);
    let time = "2026-11-23T08:30:00Z";
    let erased = Content::Erased { message: "1001".to_owned() };
    seat.gets("c1", event("3001", time, "bob@globex.test", erased), &[]);
    seat.sees("(this message was erased)");
    seat.sees_no("number 1");
    let text = Some("number two".to_owned());
    let edited = Content::Edited { message: "1002".to_owned(), text };
    seat.gets("c1", event("3002", time, "bob@globex.test", edited), &[]);
    seat.sees("number two (edited)");
    let reaction = "👍".to_owned();
    let reacted = Content::Reacted { message: "1002".to_owned(), reaction, on: true };
    seat.gets("c1", event("3003", time, "carol@acme.test", reacted), &[]);
    seat.sees("👍 1");
    let removed = Content::Removed { account: "bob@globex.test".to_owned() };
    let effects = seat.gets("c1", event("3004", time, "carol@acme.test", removed), &["1003"]);
    seat.sees_no("number 3");
    seat.sees("carol removed bob@globex.test");
    assert!(effects.contains(&Effect::Refresh));
}

#[test]
fn after_a_gap_in_the_feed_what_is_missing_is_asked_for() {
    let mut seat = Seat::new((80, 24));
    seat.opens("c1", talk(1, 3), false);
    let (account, device) = (ME.to_owned(), "d".to_owned());
    let connected = Event::Connected { account, device, cursor: "y".into(), resync: true };
    let effects = seat.happens(Happened::Client(connected));
    let load = Effect::Load { channel: "c1".to_owned(), place: Page::Latest };
    assert!(effects.contains(&Effect::Refresh) && effects.contains(&load), "{effects:?}");
    // A node that does not answer is asked again, and not at once.
    let failed = |result| Happened::Page { channel: "c1".to_owned(), place: Page::Latest, result };
    assert_eq!(seat.happens(failed(Err("no answer in time".to_owned()))), []);
    seat.sees("no answer in time");
    assert_eq!(seat.passes(4_000), []);
    assert_eq!(seat.passes(1_000), [load]);
    seat.loads("c1", Page::Latest, talk(3, 4), true);
    seat.sees("number 6");
}

#[test]
fn every_size_can_be_drawn_and_no_line_is_too_wide() {
    for (width, height) in [(1, 1), (2, 3), (10, 4), (20, 6), (47, 10), (60, 15), (200, 60)] {
        let mut seat = Seat::new((80, 24));
        seat.opens("c1", conversation(), true);
        seat.happens(Happened::Resized(width, height));
        seat.happens(Happened::Pasted("한글과 English\n".repeat(30)));
        for code in [KeyCode::PageUp, KeyCode::F(1), KeyCode::Esc, KeyCode::PageDown] {
            seat.presses(code, KeyModifiers::NONE);
            seat.buffer();
        }
        seat.presses(KeyCode::Char('k'), KeyModifiers::CONTROL);
        for line in seat.screen().lines() {
            assert!(columns(line) <= usize::from(width), "{line:?} in {width}");
        }
    }
}

#[test]
fn without_colours_nothing_is_coloured() {
    use ratatui::style::Color;
    let mut seat = Seat::new((80, 24));
    seat.opens("c1", conversation(), true);
    let is_coloured = |seat: &Seat| {
        seat.buffer().content.iter().any(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset)
    };
    assert!(is_coloured(&seat));
    seat.model.has_colours = false;
    assert!(!is_coloured(&seat));
}
