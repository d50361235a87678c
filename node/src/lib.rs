//! A federated chat homeserver.

pub mod admin;
pub mod cli;
pub mod clock;
pub mod config;
pub mod disk;
mod doctor;
pub mod edge;
pub mod feed;
pub mod journal;
pub mod keys;
pub mod logging;
pub mod presence;
pub mod push;
pub mod search;
pub mod server;
pub mod store;
pub mod writer;
