//! Cases of the interface `program`: programs that run other programs.

use crate::trial::Case;

mod command;
mod init;
mod shell;
mod time;
mod timeout;
mod wrapper;

/// All themes.
pub(crate) const THEMES: &[&[Case]] = &[
    wrapper::CASES,
    timeout::CASES,
    command::CASES,
    time::CASES,
    init::CASES,
    shell::THEMES[0],
    shell::THEMES[1],
    shell::THEMES[2],
    shell::THEMES[3],
];
