//! The deterministic simulator: nodes made of the product's own machines, writer, journal, store,
//! feed and link ends, over disks in memory, a virtual network and virtual clocks, in one thread. A
//! seed makes a run; the same seed makes the same run.
//!
//! Checkers stand outside the nodes. Nothing here is a second implementation of what a node
//! decides: where production has threads and sockets, there are calls here, and no more.

mod agenda;
mod apart;
mod archive;
mod check;
mod dice;
mod faults;
mod gates;
mod links;
mod net;
mod node;
mod ops;
mod plan;
mod rogue;
mod run;
#[cfg(test)]
mod tests;
mod users;
mod watch;
mod world;

pub use run::{Report, run};
