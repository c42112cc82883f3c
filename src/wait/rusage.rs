//! Resource usage with its units.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::time::Duration;

use crate::sys::call::abi::Usage;
use crate::sys::call::raw::{self, UsageBuffer};

/// The unit of `ru_maxrss`.
///
/// The structure is the same on every system; the unit is not.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(not(feature = "internals"), non_exhaustive)]
pub enum MaxRssUnit {
    /// 1,024 bytes: Linux and the BSDs.
    Kibibytes,
    /// Single bytes: macOS and iOS.
    Bytes,
    /// Pages of this many bytes: illumos and Solaris.
    Pages(u64),
}

impl MaxRssUnit {
    /// The unit of the host.
    #[inline]
    pub fn host() -> MaxRssUnit {
        if cfg!(target_vendor = "apple") {
            MaxRssUnit::Bytes
        } else if cfg!(any(target_os = "illumos", target_os = "solaris")) {
            MaxRssUnit::Pages(raw::page_size())
        } else {
            MaxRssUnit::Kibibytes
        }
    }

    /// The unit of a system by its name in Rust or `uname`; `page_size` is that system's page size in bytes.
    ///
    /// ```
    /// use waitspec::wait::MaxRssUnit;
    /// assert_eq!(MaxRssUnit::of_os("linux", 4096).bytes(416), 425_984);
    /// assert_eq!(MaxRssUnit::of_os("macos", 16384).bytes(425_984), 425_984);
    /// assert_eq!(MaxRssUnit::of_os("illumos", 4096).bytes(104), 425_984);
    /// ```
    pub fn of_os(name: &str, page_size: u64) -> MaxRssUnit {
        match super::system::Layout::from_os_name(name) {
            Some(super::system::Layout::MacOs) => MaxRssUnit::Bytes,
            Some(super::system::Layout::Illumos) => MaxRssUnit::Pages(page_size),
            _ => MaxRssUnit::Kibibytes,
        }
    }

    /// `ru_maxrss` in bytes; a negative value counts as 0.
    #[inline]
    pub fn bytes(self, maxrss: i64) -> u64 {
        count(maxrss).saturating_mul(self.size())
    }

    /// Bytes in this unit, rounded down: the value `ru_maxrss` would have.
    pub(crate) fn of_bytes(self, bytes: u64) -> i64 {
        i64::try_from(bytes / self.size().max(1)).unwrap_or(i64::MAX)
    }

    const fn size(self) -> u64 {
        match self {
            MaxRssUnit::Kibibytes => 1024,
            MaxRssUnit::Bytes => 1,
            MaxRssUnit::Pages(size) => size,
        }
    }
}

/// The usage of a child and its reaped children, as `wait4` reports it (`getrusage(2)` describes the fields).
///
/// Only the sum of user and system time is exact: systems scale the split from clock ticks. A child's peak memory
/// starts at its parent's, with or without exec. Fields the system does not fill are 0; for a stopped or continued
/// child some systems fill none.
///
/// Manuals: [Linux](https://man7.org/linux/man-pages/man2/getrusage.2.html),
/// [FreeBSD](https://man.freebsd.org/cgi/man.cgi?getrusage(2)), [NetBSD](https://man.netbsd.org/getrusage.2),
/// [OpenBSD](https://man.openbsd.org/getrusage.2).
#[derive(Copy, Clone)]
pub struct Rusage {
    /// As the system wrote it; a figure is converted when it is read.
    raw: UsageBuffer,
}

/// A number that cannot be negative; 0 if it is.
#[inline]
const fn count(number: i64) -> u64 {
    if number < 0 { 0 } else { number.cast_unsigned() }
}

#[inline]
#[allow(clippy::unnecessary_cast, reason = "the widths of the numbers differ between systems")]
const fn microseconds(time: libc::timeval) -> u64 {
    count((time.tv_sec as i64).wrapping_mul(1_000_000).wrapping_add(time.tv_usec as i64))
}

#[allow(clippy::unnecessary_cast, reason = "the widths of the numbers differ between systems")]
impl Rusage {
    /// The usage filled in by the host's C library.
    #[inline]
    pub(super) const fn of_host(raw: UsageBuffer) -> Rusage {
        Rusage { raw }
    }

    #[inline]
    const fn user_us(&self) -> u64 {
        microseconds(self.raw.get().ru_utime)
    }

    #[inline]
    const fn system_us(&self) -> u64 {
        microseconds(self.raw.get().ru_stime)
    }

    /// CPU time in user mode, to the microsecond.
    #[inline]
    pub const fn user_time(&self) -> Duration {
        Duration::from_micros(self.user_us())
    }

    /// CPU time in the kernel, to the microsecond.
    #[inline]
    pub const fn system_time(&self) -> Duration {
        Duration::from_micros(self.system_us())
    }

    /// User plus system time: the exact figure.
    #[inline]
    pub const fn cpu_time(&self) -> Duration {
        Duration::from_micros(self.user_us().saturating_add(self.system_us()))
    }

    /// Peak resident memory in bytes, on every system; of a child or of its largest reaped descendant.
    #[inline]
    pub fn max_rss_bytes(&self) -> u64 {
        MaxRssUnit::host().bytes(self.raw.get().ru_maxrss as i64)
    }

    /// Page faults that needed no I/O.
    #[inline]
    pub const fn minor_faults(&self) -> u64 {
        count(self.raw.get().ru_minflt as i64)
    }

    /// Page faults that needed I/O.
    #[inline]
    pub const fn major_faults(&self) -> u64 {
        count(self.raw.get().ru_majflt as i64)
    }

    /// Blocks read by the file system.
    #[inline]
    pub const fn block_inputs(&self) -> u64 {
        count(self.raw.get().ru_inblock as i64)
    }

    /// Blocks written by the file system.
    #[inline]
    pub const fn block_outputs(&self) -> u64 {
        count(self.raw.get().ru_oublock as i64)
    }

    /// Context switches because the process blocked.
    #[inline]
    pub const fn voluntary_switches(&self) -> u64 {
        count(self.raw.get().ru_nvcsw as i64)
    }

    /// Context switches because its time slice expired or it was preempted.
    #[inline]
    pub const fn involuntary_switches(&self) -> u64 {
        count(self.raw.get().ru_nivcsw as i64)
    }

    /// `ru_ixrss`: shared text memory, kilobytes times clock ticks. Linux leaves it 0.
    #[inline]
    pub const fn shared_memory(&self) -> u64 {
        count(self.raw.get().ru_ixrss as i64)
    }

    /// `ru_idrss`: unshared data, in the same unit.
    #[inline]
    pub const fn data_memory(&self) -> u64 {
        count(self.raw.get().ru_idrss as i64)
    }

    /// `ru_isrss`: unshared stack, in the same unit.
    #[inline]
    pub const fn stack_memory(&self) -> u64 {
        count(self.raw.get().ru_isrss as i64)
    }

    /// `ru_nswap`: how often the process was swapped out of memory. Linux leaves it 0.
    #[inline]
    pub const fn swaps(&self) -> u64 {
        count(self.raw.get().ru_nswap as i64)
    }

    /// `ru_msgsnd`: messages sent over sockets (BSDs, macOS).
    #[inline]
    pub const fn messages_sent(&self) -> u64 {
        count(self.raw.get().ru_msgsnd as i64)
    }

    /// `ru_msgrcv`: messages received over sockets (BSDs, macOS).
    #[inline]
    pub const fn messages_received(&self) -> u64 {
        count(self.raw.get().ru_msgrcv as i64)
    }

    /// `ru_nsignals`: signals delivered (BSDs, macOS).
    #[inline]
    pub const fn signals(&self) -> u64 {
        count(self.raw.get().ru_nsignals as i64)
    }

    /// Converts back to the fields of a system with this memory unit.
    pub(crate) fn to_usage(self, unit: MaxRssUnit) -> Usage {
        let field = |number: u64| Some(i64::try_from(number).unwrap_or(i64::MAX));
        Usage {
            utime_us: field(self.user_us()),
            stime_us: field(self.system_us()),
            maxrss: Some(unit.of_bytes(self.max_rss_bytes())),
            minflt: field(self.minor_faults()),
            majflt: field(self.major_faults()),
            inblock: field(self.block_inputs()),
            oublock: field(self.block_outputs()),
            nvcsw: field(self.voluntary_switches()),
            nivcsw: field(self.involuntary_switches()),
            others: field(
                [
                    self.shared_memory(),
                    self.data_memory(),
                    self.stack_memory(),
                    self.swaps(),
                    self.messages_sent(),
                    self.messages_received(),
                    self.signals(),
                ]
                .into_iter()
                .fold(0, u64::saturating_add),
            ),
            // Not stored.
            irregular: None,
        }
    }
}

/// The figures: two usages are equal if these are, whatever padding the system's structure has.
type Figures = [(&'static str, u64); 16];

impl Rusage {
    fn figures(&self) -> Figures {
        [
            ("user_us", self.user_us()),
            ("system_us", self.system_us()),
            ("max_rss_bytes", self.max_rss_bytes()),
            ("minor_faults", self.minor_faults()),
            ("major_faults", self.major_faults()),
            ("block_inputs", self.block_inputs()),
            ("block_outputs", self.block_outputs()),
            ("voluntary_switches", self.voluntary_switches()),
            ("involuntary_switches", self.involuntary_switches()),
            ("shared_memory", self.shared_memory()),
            ("data_memory", self.data_memory()),
            ("stack_memory", self.stack_memory()),
            ("swaps", self.swaps()),
            ("messages_sent", self.messages_sent()),
            ("messages_received", self.messages_received()),
            ("signals", self.signals()),
        ]
    }
}

impl Default for Rusage {
    fn default() -> Rusage {
        Rusage { raw: UsageBuffer::ZERO }
    }
}

impl PartialEq for Rusage {
    fn eq(&self, other: &Rusage) -> bool {
        self.figures() == other.figures()
    }
}

impl Eq for Rusage {}

impl Hash for Rusage {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.figures().map(|(_, figure)| figure).hash(state);
    }
}

impl fmt::Debug for Rusage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Rusage");
        for (name, figure) in self.figures() {
            debug.field(name, &figure);
        }
        debug.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn filled(change: impl FnOnce(&mut libc::rusage)) -> Rusage {
        let mut usage = *UsageBuffer::ZERO.get();
        change(&mut usage);
        Rusage::of_host(UsageBuffer::filled(usage))
    }

    #[test]
    fn figures_are_converted_when_they_are_read() {
        let usage = filled(|usage| {
            (usage.ru_utime.tv_sec, usage.ru_utime.tv_usec) = (2, 7);
            (usage.ru_stime.tv_sec, usage.ru_stime.tv_usec) = (1, 5);
            (usage.ru_minflt, usage.ru_majflt) = (11, -1);
            (usage.ru_nvcsw, usage.ru_nivcsw) = (13, 14);
            usage.ru_maxrss = 3;
        });
        assert_eq!(usage.user_time(), Duration::from_micros(2_000_007));
        assert_eq!(usage.cpu_time(), Duration::from_micros(3_000_012));
        assert_eq!((usage.minor_faults(), usage.major_faults()), (11, 0));
        assert_eq!((usage.voluntary_switches(), usage.involuntary_switches()), (13, 14));
        assert_eq!(usage.max_rss_bytes(), MaxRssUnit::host().bytes(3));
    }

    #[test]
    fn usages_are_equal_if_their_figures_are() {
        let one = filled(|usage| usage.ru_nsignals = 1);
        let none = filled(|usage| usage.ru_nsignals = -1);
        assert_eq!(none, Rusage::default());
        assert_ne!(one, none);
        assert_eq!(HashSet::from([one, none, Rusage::default()]).len(), 2);
        assert!(format!("{one:?}").ends_with("signals: 1 }"), "{one:?}");
    }
}
