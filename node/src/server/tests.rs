//! Whole nodes on loopback: real clients, real links, a signed DNS of their own, and a peer that
//! breaks every rule.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

mod across;
mod authority;
mod bad_input;
mod blocks;
mod clocks;
mod console;
mod contacts;
mod copies;
mod delivery;
mod described;
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
mod hostile_history;
mod hostile_logs;
mod hostile_strangers;
mod hostile_streams;
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
mod raw;
mod reading;
mod relayed;
mod remarks;
mod reopening;
mod replaced;
mod reports;
mod restoring;
mod rogue;
mod scene;
#[path = "../../../client-api/tests/api/schema/mod.rs"]
#[expect(dead_code, reason = "it judges frames and events of the socket as well")]
mod schema;
mod search;
mod settling;
mod unproven;
mod world;
