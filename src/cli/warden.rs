//! `waitspec warden`: the far end of `waitspec run --warden`.

use super::Said;
use crate::runner::settings::RunError;

/// Serve as a warden for a driver elsewhere, on standard input and output
///
/// `waitspec run --warden CMD` starts it; the protocol is no use to people.
#[derive(Debug, clap::Args)]
#[command(
    hide = true,
    after_help = "\
Examples:
  waitspec run --warden 'ssh target /tmp/waitspec warden'"
)]
pub struct Args {}

/// Performs the verb; it ends with the process.
pub fn perform(_: &Args) -> Result<Said, RunError> {
    crate::warden::serve_stdio(&crate::mutants::registry())
}
