//! The CPUs of the machine.

/// Runs the calling thread on each CPU it may use, one after the other, where its affinity can be set.
///
/// Whatever another thread was doing there in the kernel without being preempted is then over: in a guest whose virtual
/// CPUs stall at different times nothing else guarantees that.
pub fn visit_each() {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
        let Ok(ours) = sched_getaffinity(None) else { return };
        for processor in (0..CpuSet::MAX_CPU).filter(|&n| ours.is_set(n)) {
            let mut one = CpuSet::new();
            one.set(processor);
            // One that was taken offline meanwhile runs nobody.
            let _ = sched_setaffinity(None, &one);
        }
        let _ = sched_setaffinity(None, &ours);
    }
}
