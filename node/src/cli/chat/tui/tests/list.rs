//! The list of channels and the line at the bottom, as somebody sees them.

use comity_client::{Content, Event, Refused};
use ratatui::crossterm::event::{KeyCode, KeyModifiers};

use super::super::model::{Effect, Happened};
use super::seat::{ME, Seat, event, talk};

/// What stands behind a number in the list.
#[track_caller]
fn numbered(seat: &Seat, number: usize) -> String {
    let screen = seat.screen();
    let row = screen.lines().find_map(|line| line.strip_prefix(&format!("{number:>2} ")));
    let row = row.unwrap_or_else(|| panic!("no {number} in\n{screen}"));
    let title = row.split('│').next().unwrap().trim().trim_start_matches("? ");
    title.split(' ').next().unwrap().to_owned()
}

#[test]
fn numbers_stand_for_what_is_seen_beside_them() {
    let mut seat = Seat::new((80, 24));
    let command = |line: &str| vec![Effect::Command(line.to_owned())];
    assert_eq!((numbered(&seat, 2), numbered(&seat, 4)), ("#Tea".into(), "carol".into()));
    assert_eq!(seat.sends("/open 2"), command("open c1"));
    assert_eq!(seat.sends("/decline 1"), command("decline c4"));
    seat.hears("c3", "carol@acme.test", "hello");
    assert_eq!(numbered(&seat, 2), "carol");
    assert_eq!(seat.sends("/open 2"), command("open c3"));
    // While a command is written nothing changes its place.
    seat.types("/leave ");
    seat.hears("c1", "bob@globex.test", "hello");
    assert_eq!((numbered(&seat, 2), numbered(&seat, 3)), ("carol".into(), "#Tea".into()));
    assert_eq!(seat.sends("3"), command("leave c1"));
    assert_eq!(numbered(&seat, 2), "#Tea");
    for number in ["0", "5", "99999999999999999999"] {
        assert_eq!(seat.sends(&format!("/open {number}")), []);
        seat.sees("there is no such number: the list ends with 4");
    }
    assert_eq!(seat.sends("/open carol"), command("open carol"), "names are others' work");
}

#[test]
fn opening_a_channel_without_messages_leaves_the_list_as_it_is() {
    let mut seat = Seat::new((80, 24));
    let before = seat.model.order.clone();
    let created = Content::Created { name: "Carol".to_owned() };
    seat.opens("c3", vec![event("1001", "2026-11-23T08:59:00Z", ME, created)], false);
    seat.sees("alice created the group");
    assert_eq!(seat.model.order, before);
    assert_eq!(numbered(&seat, 4), "carol");
    let joined = Content::Joined { account: "bob@globex.test".to_owned() };
    seat.gets("c3", event("1002", "2026-11-23T09:00:00Z", "bob@globex.test", joined), &[]);
    assert_eq!(numbered(&seat, 4), "carol");
    // A message is what brings a channel up.
    seat.hears("c3", "carol@acme.test", "tea?");
    assert_eq!(numbered(&seat, 2), "carol");
}

#[test]
fn what_went_wrong_is_told_until_the_next_thing_is_done() {
    let mut seat = Seat::new((80, 24));
    let wrong = |seat: &mut Seat| {
        seat.happens(Happened::Notice("there is no channel 9".to_owned()));
        seat.sees("there is no channel 9");
    };
    wrong(&mut seat);
    seat.types("/");
    seat.sees("there is no channel 9");
    seat.sends("contacts");
    seat.sees_no("there is no channel 9");
    wrong(&mut seat);
    seat.opens("c1", talk(1, 2), false);
    seat.sees_no("there is no channel 9");
    wrong(&mut seat);
    seat.sends("hello");
    seat.sees_no("there is no channel 9");
    wrong(&mut seat);
    seat.presses(KeyCode::Esc, KeyModifiers::NONE);
    seat.sees_no("there is no channel 9");
    let (code, message) = ("overloaded".to_owned(), "too much at once".to_owned());
    let refused = Refused { code, message, retry_after: None };
    seat.happens(Happened::Client(Event::Objection(refused)));
    seat.passes(5_900);
    seat.sees("too much at once");
    seat.passes(200);
    seat.sees_no("too much at once");
    seat.sees("· alice@acme.test ");
}

#[test]
fn steps_between_contacts_are_sentences() {
    let mut seat = Seat::new((100, 24));
    let step = |id: &str, sender: &str, account: &str, step: &str| {
        let content = Content::Contact { account: account.to_owned(), step: step.to_owned() };
        event(id, "2026-11-23T08:00:00Z", sender, content)
    };
    let bob = "bob@globex.test";
    seat.opens("c2", vec![step("1", bob, ME, "asked"), step("2", ME, bob, "accepted")], false);
    seat.sees("08:00 bob@globex.test asks you to be contacts: see /contacts");
    seat.sees("08:00 alice has accepted bob@globex.test as a contact");
    seat.gets("c2", step("3", bob, ME, "accepted"), &[]);
    seat.sees("08:00 bob@globex.test has accepted you as a contact");
    // Who has no channel with the reader yet is heard of in the line below.
    seat.gets("c9", step("1", "dave@acme.test", ME, "accepted"), &[]);
    seat.sees(" online · dave has accepted you as a contact");
}
