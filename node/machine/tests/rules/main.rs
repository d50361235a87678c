//! The machine's rules, in a small world of organisations that exchange batches. Every command of
//! every test also checks that the rows that changed are those reported, and every world that its
//! states come back from rows and commands.
#![allow(clippy::unwrap_used, unreachable_pub, missing_docs)]

mod accounts;
mod authority;
mod chains;
mod closing;
mod contacts;
mod control;
mod direct;
mod directory;
mod erasing;
mod farewell;
mod forks;
mod groups;
mod histories;
mod joins;
mod keys;
mod notify;
mod policy;
mod presence;
mod profiles;
mod readers;
mod remarks;
mod reopening;
mod reports;
mod retention;
mod rights;
mod roles;
mod settling;
mod terms;
mod verdicts;
mod world;
