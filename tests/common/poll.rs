//! Waiting for events without a notification.

use std::time::{Duration, Instant};

/// The pause between two polls: without one, the loop would take the CPU from what it waits for.
const PAUSE: Duration = Duration::from_millis(1);

/// Polls until there is a value; `None` if there is none within `limit`. Polls at least once.
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
