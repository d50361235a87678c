//! `comity demo`.

mod dns;
mod zone;
