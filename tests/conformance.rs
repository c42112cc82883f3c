//! Every trial of every default subject as a test: `cargo test --test conformance nohang`.

use std::process::ExitCode;
use waitspec::runner::settings::Settings;
use waitspec::testing;

fn main() -> ExitCode {
    testing::main_with(&Settings::default(), &waitspec::mutants::registry())
}
