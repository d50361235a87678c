//! Whole nodes on loopback: real clients, real links, a signed DNS of their own, and a peer that
//! breaks every rule.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

mod across;
mod authority;
mod contacts;
mod delivery;
mod directory;
mod documents;
mod erasing;
mod hostile;
mod joins;
mod keeping;
mod rogue;
mod unproven;
mod world;
