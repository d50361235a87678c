//! A federated chat homeserver.

pub mod config;
pub mod disk;
pub mod journal;
pub mod store;
pub mod cli;
pub mod writer;
pub mod feed;
pub mod admin;
pub mod keys;
pub mod logging;
pub mod clock;
pub mod edge;
pub mod server;
