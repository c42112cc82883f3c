//! What programs that run a program are for.

/// What a program is for; each case applies to some of these.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Kind {
    /// Runs a command and shows how it terminated: `env`, `timeout`.
    #[default]
    Wrapper,
    /// Reports what a command used.
    Time,
    /// Process 1 of a container: runs one main child, and reaps orphans.
    ContainerInit,
    /// Keeps its children running.
    Supervisor,
    /// Interprets a script.
    Shell,
}

impl Kind {
    /// Each with the word before the `:` in the name of a subject.
    pub const ALL: [(&'static str, Kind); 5] = [
        ("wrapper", Kind::Wrapper),
        ("time", Kind::Time),
        ("container-init", Kind::ContainerInit),
        ("supervisor", Kind::Supervisor),
        ("shell", Kind::Shell),
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        Kind::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }
}

/// Several kinds of programs.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Kinds(u8);

impl Kinds {
    /// None.
    pub const NONE: Kinds = Kinds(0);
    /// Wrappers.
    pub const WRAPPER: Kinds = Kinds::of(Kind::Wrapper);
    /// Programs that report what was used.
    pub const TIME: Kinds = Kinds::of(Kind::Time);
    /// Inits of containers.
    pub const CONTAINER_INIT: Kinds = Kinds::of(Kind::ContainerInit);
    /// Supervisors.
    pub const SUPERVISOR: Kinds = Kinds::of(Kind::Supervisor);
    /// Shells.
    pub const SHELL: Kinds = Kinds::of(Kind::Shell);
    /// Each of them.
    pub const ANY: Kinds = Kinds(0xff);

    const fn of(kind: Kind) -> Kinds {
        Kinds(1 << kind as u8)
    }

    /// The kinds in either set.
    #[must_use]
    pub const fn with(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    /// Whether it contains that kind.
    pub const fn has(self, kind: Kind) -> bool {
        self.0 & Kinds::of(kind).0 != 0
    }
}
