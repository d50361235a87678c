//! How people want to be called, as somebody sees it.

use comity_client::{Event, Profile, Sign};
use ratatui::crossterm::event::{KeyCode, KeyModifiers};

use super::super::model::Happened;
use super::seat::{ME, Seat, conversation, said};
use crate::cli::chat::people::Listed;

/// Whoever was asked about last is called so, where he is among these.
fn answers(seat: &mut Seat, names: &[(&str, &str)]) {
    let asked = seat.asked.pop().unwrap();
    let profile = |account: &String| {
        let name = names.iter().find(|(named, _)| named == account);
        Profile {
            account: account.clone(),
            display_name: name.map(|(_, name)| (*name).to_owned()),
            avatar: None,
            status: None,
            error: None,
        }
    };
    let profiles = asked.iter().map(profile).collect();
    seat.happens(Happened::Profiles { asked, profiles });
}

#[test]
fn names_stand_behind_accounts() {
    let mut seat = Seat::new((90, 24));
    let names = [
        ("bob@globex.test", "Bob  Stone"),
        ("carol@acme.test", "Carol Ng"),
        ("mallory@evil.test", "carol"),
        (ME, "alice"),
    ];
    assert_eq!(seat.asked, [["bob@globex.test", "carol@acme.test"]], "who is in the list");
    seat.opens("c1", conversation(), false);
    assert_eq!(seat.asked.len(), 1, "one question at a time");
    answers(&mut seat, &names);
    seat.sees("│ bob@globex.test  Bob Stone\n");
    seat.sees("│ carol  Carol Ng\n");
    seat.sees(" 4   carol  Carol Ng  ");
    seat.sees("07:10 carol joined\n");
    assert_eq!(seat.asked, [[ME]]);
    answers(&mut seat, &names);
    seat.sees("│ alice\n");
    seat.gets("c1", said("1007", "2026-11-23T07:20:00Z", "mallory@evil.test", "pay me"), &[]);
    answers(&mut seat, &names);
    seat.sees("│ mallory@evil.test  carol\n");
    // A direct channel, and by a name, where the account does not have it.
    seat.presses(KeyCode::Char('k'), KeyModifiers::CONTROL);
    seat.types("stone");
    seat.sees("bob@globex.test  Bob Stone");
    seat.presses(KeyCode::Enter, KeyModifiers::NONE);
    seat.sees("│bob@globex.test  Bob Stone\n");
}

#[test]
fn lists_of_people_are_shown_at_once_and_named_when_it_is_known() {
    let mut seat = Seat::new((90, 24));
    answers(&mut seat, &[]);
    assert_eq!(seat.asked, [[""; 0]; 0]);
    let listed = |account: &str, what: &str| Listed { account: account.into(), what: what.into() };
    seat.happens(Happened::People(vec![listed(ME, "owner"), listed("dave@acme.test", "member")]));
    seat.sees("  dave@acme.test  (member)");
    assert_eq!(seat.asked, [[ME, "dave@acme.test"]]);
    answers(&mut seat, &[("dave@acme.test", "Dave (owner)")]);
    seat.sees("  dave@acme.test  (member)  Dave (owner)");
    seat.presses(KeyCode::Esc, KeyModifiers::NONE);
    seat.sees_no("Dave");
}

#[test]
fn names_are_asked_again_after_a_while_and_when_ones_own_changes() {
    let mut seat = Seat::new((90, 24));
    let minutes = |seat: &mut Seat, minutes: i64| {
        seat.passes(minutes * 60_000);
        seat.asked.len()
    };
    seat.opens("c1", conversation(), false);
    answers(&mut seat, &[("carol@acme.test", "Carol Ng")]);
    answers(&mut seat, &[(ME, "Al")]);
    assert_eq!(minutes(&mut seat, 4), 0);
    seat.happens(Happened::Client(Event::Sign(Sign::ProfileChanged)));
    assert_eq!(seat.asked, [[ME]]);
    seat.sees("│ alice  Al\n");
    answers(&mut seat, &[(ME, "Alice Liddell")]);
    seat.sees("│ alice  Alice Liddell\n");
    assert_eq!(minutes(&mut seat, 2), 1);
    answers(&mut seat, &[]);
    seat.sees_no("Carol Ng");
    // A node that does not answer is left alone for a while, and what was known stays.
    assert_eq!(minutes(&mut seat, 5), 1);
    let asked = seat.asked.pop().unwrap();
    seat.happens(Happened::Profiles { asked, profiles: Vec::new() });
    seat.asked.clear();
    assert_eq!(minutes(&mut seat, 0), 0);
    seat.sees("│ alice  Alice Liddell\n");
    assert_eq!(minutes(&mut seat, 1), 1);
}
