//! URLs of the bug reports that clauses refer to.

/// Projects whose references do not use `owner/project`, by the name that they use.
const PROJECTS: [(&str, &str); 30] = [
    ("Asterinas", "asterinas/asterinas"),
    ("DragonOS", "DragonOS-Community/DragonOS"),
    ("WSL", "microsoft/WSL"),
    ("box64", "ptitSeb/box64"),
    ("bun", "oven-sh/bun"),
    ("corefx", "dotnet/corefx"),
    ("cpython", "python/cpython"),
    ("elfuse", "sysprog21/elfuse"),
    ("elks", "ghaerr/elks"),
    ("fish-shell", "fish-shell/fish-shell"),
    ("freebsd-src", "freebsd/freebsd-src"),
    ("gem5", "gem5/gem5"),
    ("go", "golang/go"),
    ("gvisor", "google/gvisor"),
    ("libuv", "libuv/libuv"),
    ("managarm", "managarm/managarm"),
    ("mlibc", "managarm/mlibc"),
    ("mrsh", "emersion/mrsh"),
    ("nix", "nix-rust/nix"),
    ("node", "nodejs/node"),
    ("nuttx", "apache/nuttx"),
    ("occlum", "occlum/occlum"),
    ("openzfs", "openzfs/zfs"),
    ("pkg", "freebsd/pkg"),
    ("rust", "rust-lang/rust"),
    ("serenity", "SerenityOS/serenity"),
    ("systemd", "systemd/systemd"),
    ("tokio", "tokio-rs/tokio"),
    ("util-linux", "util-linux/util-linux"),
    ("zig", "ziglang/zig"),
];

/// The URL of a bug report such as `nuttx#2475`, if known.
pub(crate) fn address(bug: &str) -> Option<String> {
    let (project, number) = bug.split_once('#')?;
    let known = || PROJECTS.iter().find(|(name, _)| *name == project).map(|(_, path)| *path);
    let path = if project.contains('/') { Some(project) } else { known() }?;
    Some(format!("https://github.com/{path}/issues/{number}"))
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn a_bug_report_has_a_url_if_its_project_is_known() {
        assert_eq!(address("go#67926").as_deref(), Some("https://github.com/golang/go/issues/67926"));
        let libc = "https://github.com/rust-lang/libc/issues/5458";
        assert_eq!(address("rust-lang/libc#5458").as_deref(), Some(libc));
        assert_eq!(address("some-kernel#1"), None);
    }
}
