//! Frames have a class each, with flow control and bounds of its own: one on another class ends the
//! link.

mod world;

use comity_protocol::code::Code;
use comity_protocol::frame::{Class, Frame};

use world::{BEGINNING_MS, Scene};

fn ends(frame: impl Fn(&mut Scene) -> Frame, classes: [Class; 2]) {
    for class in classes {
        let mut scene = Scene::up();
        let bytes = frame(&mut scene).encode();
        scene.link.handle_frame((class, bytes), &scene.globex.keys(), BEGINNING_MS);
        scene.ended(Code::FrameUnexpected);
    }
}

#[test]
fn a_frame_on_another_class_than_its_own_ends_the_link() {
    ends(|scene| Frame::Batch(scene.batch(&["one"])), [Class::Link, Class::History]);
    let question = || Frame::Lookup { id: 1, name: "alice".to_owned() };
    ends(|_| question(), [Class::Feed, Class::History]);
}
