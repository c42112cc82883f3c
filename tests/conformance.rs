//! Every trial of every default subject as a test: `cargo test --test conformance nohang`.

use std::process::ExitCode;
use waitspec::testing::{self, Settings};

fn main() -> ExitCode {
    testing::main_of(&Settings::default(), &waitspec::mutants::registry())
}
