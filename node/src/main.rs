//! The command `comity`; everything stands in the library.

use std::process::ExitCode;

/// Rows are made on one thread and freed on another; see `docs/decisions/0013-allocator.md`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    comity::cli::main()
}
