//! Waiting for what nothing announces.

use std::time::{Duration, Instant};

/// The pause between two looks: a loop without one takes the processor from what it waits for.
const PAUSE: Duration = Duration::from_millis(1);

/// Looks until there is a value; `None` if there is none within `limit`. Looks at least once.
pub fn poll<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let began = Instant::now();
    loop {
        if let Some(value) = look() {
            return Some(value);
        }
        if began.elapsed() > limit {
            return None;
        }
        std::thread::sleep(PAUSE);
    }
}
