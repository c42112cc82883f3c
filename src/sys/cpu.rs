//! The CPUs of the machine.

use std::time::Duration;

/// A delay that a busy machine has all the time.
const USUAL: Duration = Duration::from_millis(50);

/// For how long the calling thread did not run in a sleep that took this long, and `within` at most if it had been woken in
/// time: zero if that is no more than usual. A deadline is extended by it: perhaps nobody ran (a guest was suspended, a
/// process was stopped).
pub fn not_run(took: Duration, within: Duration) -> Duration {
    let late = took.saturating_sub(within);
    if late > USUAL { late } else { Duration::ZERO }
}

/// Runs the calling thread on each CPU it may use, one after another, if its affinity can be set.
///
/// Anything that another thread was doing there in the kernel without being preempted is then over: in a guest whose
/// virtual CPUs stall at different times, nothing else guarantees that.
pub fn visit_each() {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
        let Ok(ours) = sched_getaffinity(None) else { return };
        for processor in (0..CpuSet::MAX_CPU).filter(|&n| ours.is_set(n)) {
            let mut one = CpuSet::new();
            one.set(processor);
            // A CPU that was taken offline in the meantime runs nothing.
            let _ = sched_setaffinity(None, &one);
        }
        let _ = sched_setaffinity(None, &ours);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_long_pause_counts() {
        let ms = Duration::from_millis;
        assert_eq!(not_run(ms(3), ms(50)), Duration::ZERO);
        assert_eq!(not_run(ms(90), ms(50)), Duration::ZERO);
        assert_eq!(not_run(ms(3050), ms(50)), ms(3000));
    }
}
