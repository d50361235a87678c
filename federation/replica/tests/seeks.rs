//! Look-ups of groups, asks for profiles and probes on one link against a peer that a test plays:
//! given one at a time, answered by what was asked for, and never open for ever.
#![allow(clippy::unwrap_used)]

mod world;

use comity_protocol::code::Code;
use comity_protocol::directory::{Offer, Seek};
use comity_protocol::frame::Frame;
use comity_protocol::limits::AVATAR_BYTES_MAX;
use comity_protocol::probe::{Probe, Probed};
use comity_protocol::profile::Profile;
use comity_replica::{Action, limits};
use world::{BEGINNING_MS, Scene};

#[test]
fn groups_are_offered_one_answer_at_a_time() {
    let mut scene = Scene::up();
    let seek = |count| Seek::Page { count, after: None };
    for id in 0..3 {
        scene.hand(Frame::Seek { id, seek: seek(50) });
    }
    for id in 0..3 {
        let asked = Action::AnswerSeek { id, seek: seek(50) };
        assert_eq!(scene.link.poll_action(), Some(asked));
        let answer = Frame::Offer { id, offer: Offer::default() };
        scene.link.send(answer.clone());
        assert_eq!(scene.link.poll_action(), Some(Action::Send(answer)));
    }
    assert_eq!(scene.link.poll_action(), None);
    scene.refuses(Frame::Seek { id: 9, seek: seek(51) }, Code::FrameMalformed);
}

#[test]
fn an_answer_of_another_kind_or_to_nothing_ends_the_link() {
    for id in [0, 2, u64::MAX] {
        let offer = Frame::Offer { id, offer: Offer::default() };
        Scene::up().refuses(offer, Code::FrameUnexpected);
    }
    let mut scene = Scene::up();
    let asked = scene.link.look_up("alice".into(), BEGINNING_MS).unwrap();
    scene.drain();
    scene.hand(Frame::Offer { id: asked, offer: Offer::default() });
    assert!(scene.link.is_closed());
    let mut scene = Scene::up();
    let seek = Seek::Alias { name: "team".into() };
    let asked = scene.link.seek(seek, BEGINNING_MS).unwrap();
    scene.drain();
    scene.hand(Frame::Account { id: asked, number: None });
    assert!(scene.link.is_closed());
}

#[test]
fn a_seek_that_nobody_answers_comes_to_an_end() {
    let mut scene = Scene::up();
    let seek = Seek::Alias { name: "team".into() };
    let id = scene.link.seek(seek, BEGINNING_MS).unwrap();
    scene.drain();
    scene.link.handle_timeout(BEGINNING_MS + limits::LOOKUP_MS);
    let failed = Action::Sought { id, answer: Err(Code::DomainUnreachable) };
    assert!(scene.drain().contains(&failed));
}

#[test]
fn profiles_are_shown_one_at_a_time_and_as_they_may_be() {
    let mut scene = Scene::up();
    for id in [3, 4] {
        scene.hand(Frame::ProfileAsk { id, name: "bob".into(), image: id == 4 });
    }
    for id in [3, 4] {
        let asked = Action::AnswerProfile { id, name: "bob".into(), image: id == 4 };
        assert_eq!(scene.link.poll_action(), Some(asked));
        let answer = Frame::Profile { id, profile: None };
        scene.link.send(answer.clone());
        assert_eq!(scene.link.poll_action(), Some(Action::Send(answer)));
    }
    scene.refuses(
        Frame::ProfileAsk { id: 5, name: "x".repeat(257), image: false },
        Code::FrameMalformed,
    );
    let image = Some(vec![0; AVATAR_BYTES_MAX + 1].into());
    for profile in [
        Profile { image, ..Profile::default() },
        Profile { display_name: Some("\u{202e}bob".into()), ..Profile::default() },
        Profile { display_name: Some(String::new()), ..Profile::default() },
    ] {
        let mut scene = Scene::up();
        let id = scene.link.ask_profile("alice".into(), true, BEGINNING_MS).unwrap();
        scene.refuses(Frame::Profile { id, profile: Some(profile) }, Code::FrameMalformed);
    }
}

#[test]
fn a_profile_that_nobody_asked_for_ends_the_link_and_one_that_never_comes_is_given_up() {
    Scene::up().refuses(Frame::Profile { id: 1, profile: None }, Code::FrameUnexpected);
    let mut scene = Scene::up();
    let id = scene.link.look_up("alice".into(), BEGINNING_MS).unwrap();
    scene.refuses(Frame::Profile { id, profile: None }, Code::FrameUnexpected);
    let mut scene = Scene::up();
    let id = scene.link.ask_profile("alice".into(), false, BEGINNING_MS).unwrap();
    scene.drain();
    scene.link.handle_timeout(BEGINNING_MS + limits::LOOKUP_MS);
    let failed = Action::Shown { id, answer: Err(Code::DomainUnreachable) };
    assert!(scene.drain().contains(&failed));
    let mut scene = Scene::up();
    let id = scene.link.ask_profile("alice".into(), false, BEGINNING_MS).unwrap();
    scene.drain();
    scene.hand(Frame::Goodbye { code: 84 });
    let failed = Action::Shown { id, answer: Err(Code::DomainUnreachable) };
    assert!(scene.drain().contains(&failed));
}

#[test]
fn a_probe_is_answered_once_and_may_take_longer_than_a_look_up() {
    let mut scene = Scene::up();
    let probe = Probe { id: 3, dial: true, record: None };
    scene.hand(Frame::Probe(probe));
    assert_eq!(scene.link.poll_action(), Some(Action::AnswerProbe(probe)));
    let answer = Frame::Probed(Probed { id: 3, ..Probed::default() });
    scene.link.send(answer.clone());
    assert_eq!(scene.link.poll_action(), Some(Action::Send(answer)));
    // It was answered, so that the number is free again; while it was not, it is not.
    scene.hand(Frame::Probe(probe));
    scene.refuses(Frame::Probe(probe), Code::FrameUnexpected);

    Scene::up().refuses(Frame::Probed(Probed::default()), Code::FrameUnexpected);
    let mut scene = Scene::up();
    let slow = scene.link.probe(true, None, BEGINNING_MS).unwrap();
    let quick = scene.link.look_up("alice".into(), BEGINNING_MS).unwrap();
    scene.drain();
    assert_eq!(scene.link.poll_timeout(), Some(BEGINNING_MS + limits::LOOKUP_MS));
    scene.link.handle_timeout(BEGINNING_MS + limits::LOOKUP_MS);
    let late = Action::LookedUp { id: quick, answer: Err(Code::DomainUnreachable) };
    assert_eq!(scene.drain(), [late]);
    scene.link.handle_timeout(BEGINNING_MS + limits::PROBE_MS);
    let late = Action::Probed { id: slow, answer: Err(Code::DomainUnreachable) };
    assert_eq!(scene.drain(), [late]);
    let mut scene = Scene::up();
    let id = scene.link.probe(false, None, BEGINNING_MS).unwrap();
    scene.drain();
    scene.hand(Frame::Goodbye { code: 84 });
    let failed = Action::Probed { id, answer: Err(Code::DomainUnreachable) };
    assert!(scene.drain().contains(&failed));
}
