//! What a clause is, and where it applies.

use std::fmt;

/// One testable requirement with its source.
///
/// Its text is a paraphrase: the standard's words are copyrighted.
#[derive(Debug, PartialEq, Eq)]
pub struct Clause {
    /// A meaning, as `posix/waitpid/nohang-zero`; never a number, never used again for something else.
    pub id: &'static str,
    /// How binding it is.
    pub level: Level,
    /// The document and the section.
    pub source: &'static str,
    /// What is required, in our own words.
    pub text: &'static str,
    /// Bugs of real implementations that a check of this clause would have caught, as `nix#495`.
    pub bugs: &'static [&'static str],
    /// Why no case can check it, for the clauses that none can.
    pub untestable: Option<&'static str>,
}

impl Clause {
    /// The book that the clause stands in.
    pub fn book(&self) -> Book {
        let name = self.id.split('/').next().unwrap_or_default();
        Book::ALL.into_iter().find(|b| b.name() == name).unwrap_or(Book::Posix)
    }

    /// Whether a system of that profile promises it.
    pub fn applies_to(&self, profile: Profile) -> bool {
        match self.book() {
            Book::Posix => true,
            Book::System(p) => p == profile,
        }
    }
}

/// How binding a clause is.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Level {
    /// A departure fails.
    Must,
    /// A departure warns; with `--strict` it fails.
    Should,
    /// The implementation chooses: the value is recorded, never judged.
    Implementation,
}

impl Level {
    /// The word that reports use.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Must => "must",
            Level::Should => "should",
            Level::Implementation => "implementation-defined",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The system whose promises hold, decided at run time (`hello` and probes, or `--profile`), never at build
/// time.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Profile {
    /// Nothing but the standard.
    Posix,
    /// Linux.
    Linux,
    /// FreeBSD.
    FreeBsd,
    /// NetBSD.
    NetBsd,
    /// OpenBSD.
    OpenBsd,
    /// DragonFly BSD.
    DragonFly,
    /// macOS and its relatives.
    MacOs,
    /// illumos and Solaris.
    Illumos,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Profile; 8] = [
        Profile::Posix,
        Profile::Linux,
        Profile::FreeBsd,
        Profile::NetBsd,
        Profile::OpenBsd,
        Profile::DragonFly,
        Profile::MacOs,
        Profile::Illumos,
    ];

    /// The name on the command line and in `hello os=`.
    pub const fn name(self) -> &'static str {
        match self {
            Profile::Posix => "posix",
            Profile::Linux => "linux",
            Profile::FreeBsd => "freebsd",
            Profile::NetBsd => "netbsd",
            Profile::OpenBsd => "openbsd",
            Profile::DragonFly => "dragonfly",
            Profile::MacOs => "macos",
            Profile::Illumos => "illumos",
        }
    }

    /// The profile of that name.
    pub fn from_name(name: &str) -> Option<Profile> {
        Profile::ALL.into_iter().find(|p| p.name() == name)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where a clause stands: the standard, or the manuals of one system.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Book {
    /// POSIX.1-2024; holds everywhere.
    Posix,
    /// The manuals and the promised behaviour of one system.
    System(Profile),
}

impl Book {
    const ALL: [Book; 8] = [
        Book::Posix,
        Book::System(Profile::Linux),
        Book::System(Profile::FreeBsd),
        Book::System(Profile::NetBsd),
        Book::System(Profile::OpenBsd),
        Book::System(Profile::DragonFly),
        Book::System(Profile::MacOs),
        Book::System(Profile::Illumos),
    ];

    fn name(self) -> &'static str {
        match self {
            Book::Posix => "posix",
            Book::System(p) => p.name(),
        }
    }
}

/// Declares the clauses of one book as statics, and `ALL` as their list.
///
/// ```text
/// clauses! {
///     /// With WNOHANG and live children only, waitpid returns 0 at once.
///     WAITPID_NOHANG_ZERO: Must, "posix/waitpid/nohang-zero", "POSIX.1-2024 waitpid, RETURN VALUE";
///     ... bugs "nix#495" "gem5#2754";
///     ... untestable "a second implementation of exec would be needed";
/// }
/// ```
///
/// The doc comment, its lines joined, is the clause's text.
macro_rules! clauses {
    ($(
        $(#[doc = $text:literal])+
        $name:ident: $level:ident, $id:literal, $source:literal
        $(, bugs $($bug:literal)+)?
        $(, untestable $why:literal)?
        ;
    )*) => {
        $(
            $(#[doc = $text])+
            pub static $name: $crate::spec::clause::Clause = $crate::spec::clause::Clause {
                id: $id,
                level: $crate::spec::clause::Level::$level,
                source: $source,
                text: $crate::spec::clause::trimmed(concat!($($text),+)),
                bugs: &[$($($bug),+)?],
                untestable: $crate::spec::clause::why(&[$($why)?]),
            };
        )*
        /// Every clause of this book.
        pub static ALL: &[&$crate::spec::clause::Clause] = &[$(&$name),*];
    };
}
pub(crate) use clauses;

pub(crate) const fn trimmed(text: &'static str) -> &'static str {
    text.trim_ascii()
}

pub(crate) const fn why(given: &[&'static str]) -> Option<&'static str> {
    if given.is_empty() { None } else { Some(given[0]) }
}
