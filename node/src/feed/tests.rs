//! What the feed promises to devices and peers: everything once, in the order of pos, live or from
//! disk, whatever the subscriber does.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

mod cursors;
mod model;
mod reading;
pub(crate) mod rig;
