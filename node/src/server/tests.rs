//! Whole nodes on loopback: real clients, real links, a signed DNS of their own, and a peer that
//! breaks every rule.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

mod across;
mod authority;
mod bad_input;
mod blocks;
mod clocks;
mod contacts;
mod delivery;
mod directory;
mod doctor;
mod documents;
mod erasing;
mod eye;
mod farewell;
mod forged;
mod gates;
mod hostile;
mod hostile_groups;
mod hostile_logs;
mod joins;
mod keeping;
mod keys;
mod limits;
mod networks;
mod peers;
mod plain;
mod policy;
mod presence;
mod presence_across;
mod profiles;
mod push;
mod reading;
mod relayed;
mod remarks;
mod reopening;
mod replaced;
mod reports;
mod restoring;
mod rogue;
mod scene;
mod search;
mod settling;
mod unproven;
mod world;
