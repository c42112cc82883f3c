//! The width of the terminal.

use crate::report::human::lines::WIDTH;

/// Lines are not made narrower than this, in columns.
const LEAST: usize = 60;

/// The width of the terminal, if standard output is one.
pub fn terminal() -> Option<usize> {
    let size = terminal_size::terminal_size_of(std::io::stdout())?;
    Some(usize::from(size.0.0).max(LEAST))
}

/// The width of prose: that of the terminal, but at most that of a report elsewhere.
pub fn prose() -> usize {
    terminal().map_or(WIDTH, |columns| columns.min(WIDTH))
}

/// The width of what is one line elsewhere.
pub fn lines() -> usize {
    terminal().unwrap_or(usize::MAX)
}
