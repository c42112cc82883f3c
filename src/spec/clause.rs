//! What a clause is, and where it applies.

use std::fmt;

/// One testable requirement with its source.
///
/// Its text is a paraphrase: the standard's words are copyrighted.
#[derive(Debug, PartialEq, Eq)]
pub struct Clause {
    /// A descriptive name such as `posix/waitpid/nohang-zero`; never a number, and never reused for another
    /// requirement.
    pub id: &'static str,
    /// How binding it is.
    pub level: Level,
    /// The document and section it comes from.
    pub source: &'static str,
    /// What is required, in our own words.
    pub text: &'static str,
    /// Bugs in real implementations that testing this clause would have caught, such as `nix#495`.
    pub bugs: &'static [&'static str],
    /// Why no case can test it, if none can.
    pub untestable: Option<&'static str>,
}

impl Clause {
    /// The book that the clause belongs to.
    pub fn book(&self) -> Book {
        let name = self.id.split('/').next().unwrap_or_default();
        Book::ALL.into_iter().find(|b| b.name() == name).unwrap_or(Book::Posix)
    }

    /// The promise that a subject must have made to be bound by this clause, if it is about one.
    pub fn promise(&self) -> Option<&'static str> {
        self.id.strip_prefix("promise/")
    }

    /// Whether it applies to a system with this profile.
    pub fn applies_to(&self, profile: Profile) -> bool {
        match self.book() {
            Book::Posix | Book::Promise => true,
            Book::System(p) => p == profile,
        }
    }
}

/// How binding a clause is.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Level {
    /// A violation fails.
    Must,
    /// A violation is a warning, or a failure with `--strict`.
    Should,
    /// The implementation is free to choose: the result is recorded but never judged.
    Implementation,
}

impl Level {
    /// The name used in reports.
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

/// The system whose clauses apply, determined at run time (by `hello` and probes, or `--profile`), never at
/// build time.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(not(feature = "internals"), non_exhaustive)]
pub enum Profile {
    /// The standard alone.
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

    /// The profile with this name.
    pub fn from_name(name: &str) -> Option<Profile> {
        Profile::ALL.into_iter().find(|p| p.name() == name)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The collection that a clause belongs to: the standard, or one system.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Book {
    /// POSIX.1-2024; applies everywhere.
    Posix,
    /// The manuals and documented behaviour of one system.
    System(Profile),
    /// What subjects promise; binds only those that announce the promise, citing the source that they name.
    Promise,
}

impl Book {
    const ALL: [Book; 9] = [
        Book::Posix,
        Book::System(Profile::Linux),
        Book::System(Profile::FreeBsd),
        Book::System(Profile::NetBsd),
        Book::System(Profile::OpenBsd),
        Book::System(Profile::DragonFly),
        Book::System(Profile::MacOs),
        Book::System(Profile::Illumos),
        Book::Promise,
    ];

    fn name(self) -> &'static str {
        match self {
            Book::Posix => "posix",
            Book::System(p) => p.name(),
            Book::Promise => "promise",
        }
    }
}

/// Declares the clauses of a book as statics, and `ALL` as the list of them.
///
/// ```text
/// clauses! {
///     /// With WNOHANG, waitpid returns 0 without blocking if all children are live.
///     WAITPID_NOHANG_ZERO: Must, "posix/waitpid/nohang-zero", "POSIX.1-2024 waitpid, RETURN VALUE";
///     ... bugs "nix#495" "gem5#2754";
///     ... untestable "it would take a second implementation of exec";
/// }
/// ```
///
/// The text of a clause is its doc comment, with the lines joined.
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
        /// All clauses of this book.
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
