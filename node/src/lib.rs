//! A federated chat homeserver.

pub mod config;
pub mod disk;
pub mod journal;
pub mod store;
pub mod cli;
