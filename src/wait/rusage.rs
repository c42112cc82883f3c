//! Resource usage with its units.

use std::time::Duration;

use crate::sys::call::abi::Usage;
use crate::sys::call::raw;

/// The unit of `ru_maxrss`.
///
/// The structure is the same on every system, the unit is not.
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
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Rusage {
    user_us: u64,
    system_us: u64,
    max_rss_bytes: u64,
    minor_faults: u64,
    major_faults: u64,
    block_inputs: u64,
    block_outputs: u64,
    voluntary_switches: u64,
    involuntary_switches: u64,
    shared_memory: u64,
    data_memory: u64,
    stack_memory: u64,
    swaps: u64,
    messages_sent: u64,
    messages_received: u64,
    signals: u64,
}

#[inline]
fn count(number: i64) -> u64 {
    number.max(0).cast_unsigned()
}

impl Rusage {
    /// The usage filled in by the host's C library.
    #[inline]
    #[allow(clippy::unnecessary_cast, reason = "the widths of the numbers differ between systems")]
    pub(super) fn of_host(usage: &libc::rusage) -> Rusage {
        let microseconds = |time: libc::timeval| {
            count((time.tv_sec as i64).wrapping_mul(1_000_000).wrapping_add(time.tv_usec as i64))
        };
        Rusage {
            user_us: microseconds(usage.ru_utime),
            system_us: microseconds(usage.ru_stime),
            max_rss_bytes: MaxRssUnit::host().bytes(usage.ru_maxrss as i64),
            minor_faults: count(usage.ru_minflt as i64),
            major_faults: count(usage.ru_majflt as i64),
            block_inputs: count(usage.ru_inblock as i64),
            block_outputs: count(usage.ru_oublock as i64),
            voluntary_switches: count(usage.ru_nvcsw as i64),
            involuntary_switches: count(usage.ru_nivcsw as i64),
            shared_memory: count(usage.ru_ixrss as i64),
            data_memory: count(usage.ru_idrss as i64),
            stack_memory: count(usage.ru_isrss as i64),
            swaps: count(usage.ru_nswap as i64),
            messages_sent: count(usage.ru_msgsnd as i64),
            messages_received: count(usage.ru_msgrcv as i64),
            signals: count(usage.ru_nsignals as i64),
        }
    }

    /// CPU time in user mode, to the microsecond.
    pub const fn user_time(&self) -> Duration {
        Duration::from_micros(self.user_us)
    }

    /// CPU time in the kernel, to the microsecond.
    pub const fn system_time(&self) -> Duration {
        Duration::from_micros(self.system_us)
    }

    /// User plus system time: the exact figure.
    pub const fn cpu_time(&self) -> Duration {
        Duration::from_micros(self.user_us.saturating_add(self.system_us))
    }

    /// Peak resident memory in bytes, on every system; of a child or of its largest reaped descendant.
    pub const fn max_rss_bytes(&self) -> u64 {
        self.max_rss_bytes
    }

    /// Page faults that needed no I/O.
    pub const fn minor_faults(&self) -> u64 {
        self.minor_faults
    }

    /// Page faults that needed I/O.
    pub const fn major_faults(&self) -> u64 {
        self.major_faults
    }

    /// Blocks read by the file system.
    pub const fn block_inputs(&self) -> u64 {
        self.block_inputs
    }

    /// Blocks written by the file system.
    pub const fn block_outputs(&self) -> u64 {
        self.block_outputs
    }

    /// Context switches because the process blocked.
    pub const fn voluntary_switches(&self) -> u64 {
        self.voluntary_switches
    }

    /// Context switches because its time slice expired or it was preempted.
    pub const fn involuntary_switches(&self) -> u64 {
        self.involuntary_switches
    }

    /// `ru_ixrss`: shared text memory, kilobytes times clock ticks. Linux leaves it 0.
    pub const fn shared_memory(&self) -> u64 {
        self.shared_memory
    }

    /// `ru_idrss`: unshared data, in the same unit.
    pub const fn data_memory(&self) -> u64 {
        self.data_memory
    }

    /// `ru_isrss`: unshared stack, in the same unit.
    pub const fn stack_memory(&self) -> u64 {
        self.stack_memory
    }

    /// `ru_nswap`: how often the process was swapped out of memory. Linux leaves it 0.
    pub const fn swaps(&self) -> u64 {
        self.swaps
    }

    /// `ru_msgsnd`: messages sent over sockets (BSDs, macOS).
    pub const fn messages_sent(&self) -> u64 {
        self.messages_sent
    }

    /// `ru_msgrcv`: messages received over sockets (BSDs, macOS).
    pub const fn messages_received(&self) -> u64 {
        self.messages_received
    }

    /// `ru_nsignals`: signals delivered (BSDs, macOS).
    pub const fn signals(&self) -> u64 {
        self.signals
    }

    /// Converts back to the fields of a system with this memory unit.
    pub(crate) fn to_usage(self, unit: MaxRssUnit) -> Usage {
        let field = |number: u64| Some(i64::try_from(number).unwrap_or(i64::MAX));
        Usage {
            utime_us: field(self.user_us),
            stime_us: field(self.system_us),
            maxrss: Some(unit.of_bytes(self.max_rss_bytes)),
            minflt: field(self.minor_faults),
            majflt: field(self.major_faults),
            inblock: field(self.block_inputs),
            oublock: field(self.block_outputs),
            nvcsw: field(self.voluntary_switches),
            nivcsw: field(self.involuntary_switches),
            others: field(
                [
                    self.shared_memory,
                    self.data_memory,
                    self.stack_memory,
                    self.swaps,
                    self.messages_sent,
                    self.messages_received,
                    self.signals,
                ]
                .into_iter()
                .fold(0, u64::saturating_add),
            ),
            // Not kept.
            irregular: None,
        }
    }
}
