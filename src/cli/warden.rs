//! `waitspec warden`: the remote end of `waitspec run --warden`.

use super::Output;
use crate::runner::settings::RunError;

/// Serve as a warden on standard input and output
///
/// Started by `waitspec run --warden CMD`; not meant for interactive use.
#[derive(Debug, clap::Args)]
#[command(
    hide = true,
    after_help = "\
Examples:
  waitspec run --warden 'ssh target /tmp/waitspec warden'"
)]
pub struct Args {}

/// Performs the verb; does not return.
pub fn perform(_: &Args) -> Result<Output, RunError> {
    crate::warden::serve_stdio(&crate::mutants::registry())
}
