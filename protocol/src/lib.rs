//! The vocabulary of Comity: ids, clocks, chains, heads, checkpoints, frames, limits and codes.
//!
//! Pure: bytes in, values out. No I/O, no clock, no randomness. `docs/protocol/` states in prose
//! what this crate states in types; its sections are cited where they are obeyed.

pub mod body;
pub mod cbor;
pub mod chain;
pub mod checkpoint;
pub mod clock;
pub mod code;
pub mod control;
pub mod cose;
pub mod cursor;
pub mod directory;
pub mod event;
pub mod fork;
pub mod frame;
pub mod hash;
pub mod head;
pub mod history;
pub mod id;
pub mod key;
pub mod keys;
pub mod limits;
pub mod line;
pub mod merkle;
pub mod name;
pub mod presence;
pub mod probe;
pub mod profile;
pub mod reading;
mod remark;
pub mod report;
