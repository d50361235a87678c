//! The command `comity`.

mod demo;
mod dns;
