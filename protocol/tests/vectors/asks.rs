//! The vectors of frames that ask, for people, what accounts show and how it is between two nodes.

use comity_protocol::frame::Frame;
use comity_protocol::probe::{Address, Probe, Probed, ProbedRecord, Tried};
use comity_protocol::profile::{Profile, avatar_id};

use crate::world::World;

/// What accounts show of themselves. An image is opaque here.
pub(crate) fn profile_frames() -> Vec<(&'static str, Frame)> {
    let (name, image) = ("bob".to_owned(), b"a picture of Bob".to_vec());
    let known = Profile {
        display_name: Some("Bob Baker".into()),
        avatar: Some(avatar_id(&image)),
        image: None,
    };
    let seen = Profile { image: Some(image.into()), ..known.clone() };
    let answer = |id, profile| Frame::Profile { id, profile };
    vec![
        ("an ask for a profile", Frame::ProfileAsk { id: 13, name: name.clone(), image: false }),
        ("an ask for an avatar", Frame::ProfileAsk { id: 14, name, image: true }),
        ("a profile", answer(13, Some(known))),
        ("an avatar", answer(14, Some(seen))),
        ("an account that shows nothing", answer(15, Some(Profile::default()))),
        ("no account to show", answer(16, None)),
    ]
}

/// How it is between two nodes.
pub(crate) fn probe_frames(world: &World) -> Vec<(&'static str, Frame)> {
    let record = ProbedRecord { writer: world.globex.writer, seq: 7 };
    let probe = |id, dial, record| Frame::Probe(Probe { id, dial, record });
    let answer = Probed {
        id: 17,
        unix_ms: 1_795_404_447_123,
        versions: vec![1],
        software: "comity 0.1.0".into(),
        ..Probed::default()
    };
    let (four, six) = (vec![192, 0, 2, 7], [vec![0x20, 1, 0xd, 0xb8], vec![0; 12]].concat());
    let address = |ip: Vec<u8>| Address { ip: ip.into(), port: 4433 };
    let dialled = Probed {
        id: 18,
        tried: vec![
            Tried { address: address(four.clone()), took_ms: 12, code: None },
            Tried { address: address(six), took_ms: 0, code: Some(63) },
        ],
        seen: Some(address(four)),
        ..answer.clone()
    };
    let refused = Probed { id: 19, code: Some(80), ..answer.clone() };
    let shown = Probed { id: 20, header: Some(vec![0xa0].into()), ..answer.clone() };
    vec![
        ("an ask for clock and versions", probe(17, false, None)),
        ("an ask to be dialled", probe(18, true, None)),
        ("an ask for a record of the asker's", probe(20, false, Some(record))),
        ("clock and versions", Frame::Probed(answer)),
        ("what became of dialling", Frame::Probed(dialled)),
        ("a probe too many", Frame::Probed(refused)),
        ("a record read back", Frame::Probed(shown)),
    ]
}
