//! The command `comity`; everything stands in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    comity::cli::main()
}
