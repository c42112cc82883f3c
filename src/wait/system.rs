//! Systems, distinguished by their status words and their signal and error numbers.

/// How a system packs an [`Event`](super::Event) in a status word.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(not(feature = "internals"), non_exhaustive)]
pub enum Layout {
    /// Linux and Android, any machine.
    Linux,
    /// FreeBSD.
    FreeBsd,
    /// NetBSD 8 and later.
    NetBsd,
    /// OpenBSD.
    OpenBsd,
    /// DragonFly.
    DragonFly,
    /// macOS, iOS and the rest of Darwin.
    MacOs,
    /// illumos and Solaris.
    Illumos,
}

impl Layout {
    /// Every layout.
    pub const ALL: [Layout; 7] = [
        Layout::Linux,
        Layout::FreeBsd,
        Layout::NetBsd,
        Layout::OpenBsd,
        Layout::DragonFly,
        Layout::MacOs,
        Layout::Illumos,
    ];

    /// The layout of the system that this code was compiled for.
    pub const HOST: Layout = if cfg!(target_os = "freebsd") {
        Layout::FreeBsd
    } else if cfg!(target_os = "netbsd") {
        Layout::NetBsd
    } else if cfg!(target_os = "openbsd") {
        Layout::OpenBsd
    } else if cfg!(target_os = "dragonfly") {
        Layout::DragonFly
    } else if cfg!(target_vendor = "apple") {
        Layout::MacOs
    } else if cfg!(any(target_os = "illumos", target_os = "solaris")) {
        Layout::Illumos
    } else {
        Layout::Linux
    };

    /// The name that [`Layout::from_os_name`] takes, as in `std::env::consts::OS`.
    pub const fn os_name(self) -> &'static str {
        match self {
            Layout::Linux => "linux",
            Layout::FreeBsd => "freebsd",
            Layout::NetBsd => "netbsd",
            Layout::OpenBsd => "openbsd",
            Layout::DragonFly => "dragonfly",
            Layout::MacOs => "macos",
            Layout::Illumos => "illumos",
        }
    }

    /// The layout of a system, by its name in Rust or in `uname`, in any case.
    pub fn from_os_name(name: &str) -> Option<Layout> {
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "android" => Some(Layout::Linux),
            "ios" | "tvos" | "watchos" | "visionos" | "darwin" => Some(Layout::MacOs),
            "solaris" | "sunos" => Some(Layout::Illumos),
            _ => Layout::ALL.into_iter().find(|layout| layout.os_name() == name),
        }
    }
}

/// Machines whose Linux has signal and error numbers of its own.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(not(feature = "internals"), non_exhaustive)]
pub enum Machine {
    /// x86, Arm, RISC-V, POWER and most others; any machine on systems other than Linux.
    Common,
    /// MIPS, any width and byte order.
    Mips,
    /// SPARC, 32 and 64 bits.
    Sparc,
    /// Alpha.
    Alpha,
    /// PA-RISC.
    PaRisc,
}

/// A system as far as numbers go: the layout of its status words and, on Linux, its machine family.
///
/// ```
/// use waitspec::wait::{Signal, System};
/// let mips = System::from_names("linux", "mips64el").unwrap();
/// assert_eq!(Signal::STOP.number_on(mips), Some(23));
/// assert_eq!(mips.decode(0x177f).stop_signal(), Some(Signal::STOP));
/// assert!(System::MACOS.decode(0x137f).is_continued());
/// ```
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct System {
    layout: Layout,
    machine: Machine,
}

impl System {
    /// The system that this code was compiled for.
    pub const HOST: System = System::new(
        Layout::HOST,
        if cfg!(any(
            target_arch = "mips",
            target_arch = "mips32r6",
            target_arch = "mips64",
            target_arch = "mips64r6"
        )) {
            Machine::Mips
        } else if cfg!(any(target_arch = "sparc", target_arch = "sparc64")) {
            Machine::Sparc
        } else {
            Machine::Common
        },
    );

    /// Linux and Android, on most machines.
    pub const LINUX: System = System::new(Layout::Linux, Machine::Common);
    /// FreeBSD.
    pub const FREEBSD: System = System::new(Layout::FreeBsd, Machine::Common);
    /// NetBSD 8 and later.
    pub const NETBSD: System = System::new(Layout::NetBsd, Machine::Common);
    /// OpenBSD.
    pub const OPENBSD: System = System::new(Layout::OpenBsd, Machine::Common);
    /// DragonFly.
    pub const DRAGONFLY: System = System::new(Layout::DragonFly, Machine::Common);
    /// macOS, iOS and the rest of Darwin.
    pub const MACOS: System = System::new(Layout::MacOs, Machine::Common);
    /// illumos and Solaris.
    pub const ILLUMOS: System = System::new(Layout::Illumos, Machine::Common);

    /// Every system whose numbers differ from those of the others.
    pub const ALL: [System; 11] = [
        System::LINUX,
        System::new(Layout::Linux, Machine::Mips),
        System::new(Layout::Linux, Machine::Sparc),
        System::new(Layout::Linux, Machine::Alpha),
        System::new(Layout::Linux, Machine::PaRisc),
        System::FREEBSD,
        System::NETBSD,
        System::OPENBSD,
        System::DRAGONFLY,
        System::MACOS,
        System::ILLUMOS,
    ];

    /// A system with that layout on that machine; only Linux differs by machine.
    #[doc(hidden)]
    pub const fn new(layout: Layout, machine: Machine) -> System {
        let machine = if matches!(layout, Layout::Linux) { machine } else { Machine::Common };
        System { layout, machine }
    }

    /// The system with that layout: the host, if the layout is the host's, otherwise on a common machine.
    #[doc(hidden)]
    pub const fn of(layout: Layout) -> System {
        if layout as u8 == Layout::HOST as u8 { System::HOST } else { System::new(layout, Machine::Common) }
    }

    /// The system with these kernel and machine names, as `uname` or Rust spells them.
    pub fn from_names(os: &str, arch: &str) -> Option<System> {
        let arch = arch.to_ascii_lowercase();
        let families = [
            ("mips", Machine::Mips),
            ("sparc", Machine::Sparc),
            ("alpha", Machine::Alpha),
            ("parisc", Machine::PaRisc),
            ("hppa", Machine::PaRisc),
        ];
        let family = families.into_iter().find(|(prefix, _)| arch.starts_with(prefix));
        let machine = family.map_or(Machine::Common, |(_, machine)| machine);
        Layout::from_os_name(os).map(|layout| System::new(layout, machine))
    }

    /// The layout of its status words.
    #[doc(hidden)]
    pub const fn layout(self) -> Layout {
        self.layout
    }

    /// The family of its machine.
    #[doc(hidden)]
    pub const fn machine(self) -> Machine {
        self.machine
    }
}

impl From<Layout> for System {
    fn from(layout: Layout) -> System {
        System::of(layout)
    }
}
