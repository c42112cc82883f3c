//! Cases of the interface `program`: programs that run a program.

use crate::trial::Case;

mod init;
mod shell;
mod time;
mod wrapper;

/// All themes.
pub(crate) const THEMES: &[&[Case]] =
    &[wrapper::CASES, time::CASES, init::CASES, shell::THEMES[0], shell::THEMES[1], shell::THEMES[2]];
