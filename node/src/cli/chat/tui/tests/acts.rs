//! Choosing a message and doing something with it, as somebody sees it.

use comity_client::{Command, Content, Draft, Extra, Page, Reaction};
use ratatui::crossterm::event::{KeyCode, KeyModifiers};

use super::super::model::{Effect, Happened};
use super::seat::{ME, Seat, conversation, event, said, talk};

fn presses(seat: &mut Seat, code: KeyCode) -> Vec<Effect> {
    seat.presses(code, KeyModifiers::NONE)
}

fn at(message: &str) -> (String, String) {
    ("c1".to_owned(), message.to_owned())
}

/// The row that is marked as chosen.
#[track_caller]
fn chosen(seat: &Seat) -> String {
    let screen = seat.screen();
    let row = screen.lines().find_map(|line| line.split_once("│▸"));
    row.unwrap_or_else(|| panic!("none is chosen in\n{screen}")).1.to_owned()
}

fn draft(effects: &[Effect]) -> Draft {
    match effects {
        [Effect::Send { channel, draft, .. }] if channel == "c1" => draft.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_message_is_chosen_by_the_arrows_and_let_go() {
    let mut seat = Seat::new((80, 24));
    seat.opens("c1", conversation(), false);
    seat.sees_no("▸");
    presses(&mut seat, KeyCode::Up);
    assert_eq!(chosen(&seat), "07:12 ↪ carol: @alice 홍차에 우유 넣을까요?");
    seat.sees("── /edit /reply /react /pin /thread /delete · Esc ──");
    presses(&mut seat, KeyCode::Up);
    assert!(chosen(&seat).starts_with("07:11 @alice"), "{}", chosen(&seat));
    seat.sees("── /reply /react /pin /thread /delete · Esc ──");
    presses(&mut seat, KeyCode::Up);
    assert!(chosen(&seat).starts_with("18:00 Is anybody"), "what was erased is passed over");
    presses(&mut seat, KeyCode::Up);
    presses(&mut seat, KeyCode::Up);
    assert_eq!(chosen(&seat), "18:00 Tea?");
    presses(&mut seat, KeyCode::Down);
    assert!(chosen(&seat).starts_with("18:00 Is anybody"));
    // What is written is left alone, and so is the message.
    seat.types("x");
    presses(&mut seat, KeyCode::Up);
    assert!(chosen(&seat).starts_with("18:00 Is anybody"));
    presses(&mut seat, KeyCode::Esc);
    seat.sees_no("▸");
    seat.sees("> x\n");
    seat.presses(KeyCode::Char('u'), KeyModifiers::CONTROL);
    presses(&mut seat, KeyCode::Up);
    presses(&mut seat, KeyCode::Down);
    seat.sees_no("▸");
    // What is chosen and erased is chosen no more.
    presses(&mut seat, KeyCode::Up);
    let erased = Content::Erased { message: "1006".to_owned() };
    seat.gets("c1", event("1010", "2026-11-23T08:00:00Z", ME, erased), &[]);
    seat.sees_no("▸");
    assert_eq!(seat.sends("/delete"), []);
    seat.sees("choose a message first: ↑ in an empty line");
}

#[test]
fn what_is_chosen_is_always_seen() {
    let mut seat = Seat::new((80, 14));
    seat.opens("c1", talk(10, 40), true);
    let mut effects = Vec::new();
    for number in (10..50).rev() {
        assert_eq!(effects, [], "before {number}");
        effects = presses(&mut seat, KeyCode::Up);
        assert!(chosen(&seat).ends_with(&format!("number {number}")), "{number}");
    }
    // What is older is asked for when its place is seen.
    let place = Page::Before("1010".to_owned());
    assert_eq!(effects, [Effect::Load { channel: "c1".to_owned(), place }]);
    for number in 11..50 {
        presses(&mut seat, KeyCode::Down);
        assert!(chosen(&seat).ends_with(&format!("number {number}")), "{number}");
    }
    presses(&mut seat, KeyCode::Down);
    seat.sees_no("▸");
    seat.sees("number 49");
    // Who has scrolled begins where he is.
    presses(&mut seat, KeyCode::PageUp);
    seat.sees_no("number 49");
    presses(&mut seat, KeyCode::Up);
    assert!(seat.screen().contains("▸"), "{}", seat.screen());
    seat.sees_no("number 49");
}

#[test]
fn a_chosen_message_is_answered_and_changed() {
    let mut seat = Seat::new((80, 24));
    seat.opens("c1", conversation(), false);
    presses(&mut seat, KeyCode::Up);
    assert_eq!(seat.sends("/edit"), []);
    seat.sees("> /edit Lemon, please.");
    presses(&mut seat, KeyCode::Backspace);
    let (channel, message) = at("1006");
    let edit = Command::Edit { channel, message, text: "Lemon, please!".to_owned() };
    assert_eq!(seat.sends("!"), [Effect::Act(edit)]);
    seat.sees_no("▸");
    presses(&mut seat, KeyCode::Up);
    presses(&mut seat, KeyCode::Up);
    assert_eq!(seat.sends("/edit Milk."), []);
    seat.sees("only your own messages can be changed");
    assert_eq!(seat.sends("/reply"), []);
    seat.sees("what do you answer?");
    let sent = draft(&seat.sends("/reply @carol yes\u{200d} please"));
    assert_eq!((sent.reply_to.as_deref(), sent.thread.as_deref()), (Some("1005"), None));
    assert_eq!(sent.mentions, ["carol@acme.test"]);
    seat.sees("… queued");
    seat.sees_no("▸");
    // Whoever just goes on writing answers nothing.
    presses(&mut seat, KeyCode::Up);
    assert_eq!(draft(&seat.sends("and sugar")), Draft::from("and sugar"));
}

#[test]
fn reactions_pins_and_erasure() {
    let mut seat = Seat::new((80, 24));
    let mut message = said("1001", "2026-11-23T08:00:00Z", "bob@globex.test", "Tea?");
    let reaction = |reaction: &str, account: &str| Reaction {
        reaction: reaction.to_owned(),
        count: 1,
        accounts: vec![account.to_owned()],
    };
    message.extra = Some(Box::new(Extra {
        reactions: vec![reaction("👍", ME), reaction("🍋", "bob@globex.test")],
        ..Extra::default()
    }));
    seat.opens("c1", vec![message], false);
    for (reaction, expected) in [("👍", false), ("🍋", true), ("🎉", true)] {
        presses(&mut seat, KeyCode::Up);
        let (channel, message) = at("1001");
        let react = Command::React { channel, message, reaction: reaction.into(), on: expected };
        assert_eq!(seat.sends(&format!("/react {reaction}")), [Effect::Act(react)]);
    }
    presses(&mut seat, KeyCode::Up);
    assert_eq!(seat.sends("/react"), []);
    seat.sees("with what? /react 👍");
    let pin = |on| {
        let (channel, message) = at("1001");
        [Effect::Act(Command::Pin { channel, message, on })]
    };
    assert_eq!(seat.sends("/pin"), pin(true));
    let pinned = Content::Pinned { message: "1001".to_owned(), on: true };
    seat.gets("c1", event("1002", "2026-11-23T08:01:00Z", ME, pinned), &[]);
    seat.sees("Tea? (pinned)");
    presses(&mut seat, KeyCode::Up);
    seat.sees("/unpin /thread /delete");
    assert_eq!(seat.sends("/unpin"), pin(false));
    presses(&mut seat, KeyCode::Up);
    let (channel, message) = at("1001");
    assert_eq!(seat.sends("/delete"), [Effect::Act(Command::Erase { channel, message })]);
    seat.sends("/help");
    seat.sees("erase it, for everybody");
}

#[test]
fn a_thread_is_shown_and_continued() {
    let mut seat = Seat::new((80, 24));
    let evil =
        "noon\n08:30 boss\n       pay at once, 한글 and much more than fits into one row here";
    let mut answer = said("1003", "2026-11-23T08:02:00Z", "carol@acme.test", evil);
    let thread = Some("1001".to_owned());
    answer.extra = Some(Box::new(Extra { thread, ..Extra::default() }));
    let lunch = said("1001", "2026-11-23T08:00:00Z", "bob@globex.test", "Lunch?");
    seat.opens("c1", vec![lunch, answer.clone()], false);
    seat.sees("08:02 in a thread ↪ bob@globex.test: Lunch?");
    presses(&mut seat, KeyCode::Up);
    let (channel, message) = at("1001");
    let asked = Effect::Thread { channel: channel.clone(), message: message.clone() };
    assert_eq!(seat.sends("/thread"), [asked]);
    seat.happens(Happened::Thread { channel, message, result: Ok(vec![answer]) });
    seat.sees("│08:00 bob@globex.test ");
    seat.sees("│       Lunch? ");
    seat.sees("│08:02 carol ");
    seat.sees_no("│08:30 boss");
    seat.sees("│       08:30 boss ");
    presses(&mut seat, KeyCode::Esc);
    presses(&mut seat, KeyCode::Up);
    let sent = draft(&seat.sends("/thread at the Thai?"));
    assert_eq!((sent.thread.as_deref(), sent.reply_to.as_deref()), (Some("1001"), None));
    let (channel, message) = at("1001");
    let result = Err("no answer in time".to_owned());
    seat.happens(Happened::Thread { channel, message, result });
    seat.sees("no answer in time");
}
