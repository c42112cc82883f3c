//! The processors of the machine.

/// Runs on each processor that this thread may run on, one after the other, where the system lets it choose.
///
/// What another thread was doing there in the kernel, without being disturbed, is over then: of a guest whose processors stall
/// at different times nothing else tells that.
pub fn visit_each() {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
        let Ok(ours) = sched_getaffinity(None) else { return };
        for processor in (0..CpuSet::MAX_CPU).filter(|&n| ours.is_set(n)) {
            let mut one = CpuSet::new();
            one.set(processor);
            // One that was taken away meanwhile is nobody's.
            let _ = sched_setaffinity(None, &one);
        }
        let _ = sched_setaffinity(None, &ours);
    }
}
