//! Every trial of every default subject as a test: `cargo test --test conformance nohang`.

use std::process::ExitCode;
use waitspec::harness::settings::Settings;
use waitspec::harness::testing;
use waitspec::subject::Registry;

fn main() -> ExitCode {
    testing::main_with(&Settings::default(), &Registry::built_in())
}
