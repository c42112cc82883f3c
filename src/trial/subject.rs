//! Who is judged, as its agent introduced itself.

/// Who is judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubjectInfo {
    /// The name as `--subject` takes it.
    pub spec: String,
    /// The name that the agent gave.
    pub name: String,
    /// The version that the agent gave.
    pub version: String,
    /// Where to report what was found.
    pub issues: String,
    /// The operating system that the agent sees.
    pub os: String,
    /// The C library that the agent named.
    pub libc: String,
    /// The machine that the agent sees.
    pub arch: String,
    /// The release of its kernel, if that is not the one the wardens run on.
    pub release: String,
    /// The profile whose clauses apply.
    pub profile: String,
    /// The calls offered.
    pub calls: Vec<String>,
    /// Whether calls can be made on several threads.
    pub threads: bool,
    /// Whether the calls are the kernel's own, with no C library between.
    pub raw: bool,
    /// Whether a call that a signal ended is made again.
    pub retries_eintr: bool,
    /// Whether a call can ask for any child; one that cannot is given the only child by its pid.
    pub selects_any: bool,
}
