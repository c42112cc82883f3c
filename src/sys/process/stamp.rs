//! A time that a child stores for its parent, in shared memory.

use std::sync::atomic::{AtomicU64, Ordering};

use rustix::io::Errno;
use rustix::time::{ClockId, clock_gettime};

/// One time on the monotonic clock, shared with the forks of this process.
pub struct Stamp {
    place: &'static AtomicU64,
}

/// The monotonic clock, in nanoseconds.
pub fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    #[allow(clippy::unnecessary_cast, reason = "the widths of the numbers differ between systems")]
    let (seconds, nanoseconds) = (time.tv_sec as u64, time.tv_nsec as u64);
    seconds * 1_000_000_000 + nanoseconds
}

impl Stamp {
    /// A stamp that has not been set.
    ///
    /// # Errors
    /// Those of `mmap`.
    pub fn new() -> Result<Stamp, Errno> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let (size, flags) = (size_of::<AtomicU64>(), libc::MAP_SHARED | libc::MAP_ANON);
        // SAFETY: a new mapping, at an address that the system chooses.
        let place = unsafe { libc::mmap(std::ptr::null_mut(), size, protection, flags, -1, 0) };
        if place == libc::MAP_FAILED {
            return Err(super::last_errno());
        }
        // SAFETY: a mapping of zeros, as large and as aligned as the number, that is only unmapped when this is dropped.
        Ok(Stamp { place: unsafe { &*place.cast::<AtomicU64>() } })
    }

    /// Sets it to the current time.
    pub fn set(&self) {
        self.place.store(now(), Ordering::SeqCst);
    }

    /// How many nanoseconds ago it was set; `None` if it has not been set since the last call.
    pub fn elapsed(&self) -> Option<u64> {
        let now = now();
        match self.place.swap(0, Ordering::SeqCst) {
            0 => None,
            set => Some(now.saturating_sub(set)),
        }
    }
}

impl Drop for Stamp {
    fn drop(&mut self) {
        let place: *const AtomicU64 = self.place;
        // SAFETY: the mapping of `new`, to which there is no other reference.
        unsafe { libc::munmap(place.cast_mut().cast(), size_of::<AtomicU64>()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::process::tests::TestChild;

    #[test]
    fn a_child_sets_it_for_its_parent() {
        let stamp = Stamp::new().expect("memory");
        assert_eq!(stamp.elapsed(), None);
        let child = TestChild::running(|| {
            stamp.set();
            7
        });
        assert_eq!(child.end(), 7);
        assert!(stamp.elapsed().is_some());
        assert_eq!(stamp.elapsed(), None);
    }
}
