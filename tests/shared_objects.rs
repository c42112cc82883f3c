//! The functions of shared objects as subjects: a correct library passes, each broken one fails its clause, and one that cannot be
//! loaded or verified gives exit code 5 and a message.
//!
//! The libraries are compiled from fixtures/subjects with `cc`.
#![cfg(all(feature = "cli", target_os = "linux"))]

#[allow(dead_code, reason = "other tests use more of it")]
#[path = "common/program.rs"]
mod program;
#[path = "common/skip.rs"]
mod skip;

use program::{Said, waitspec};
use rstest::rstest;
use skip::skip;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A directory for libraries.
struct Libraries(TempDir);

impl Libraries {
    fn new() -> Libraries {
        Libraries(tempfile::tempdir().expect("a temporary folder"))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(format!("{name}.so"))
    }

    /// Compiles a library of fixtures/subjects, and returns its path.
    fn compiled_by(&self, compiler: &str, name: &str) -> Option<PathBuf> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/subjects/{name}.c"));
        let library = self.file(name);
        let flags = ["-std=gnu99", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"];
        let mut command = Command::new(compiler);
        command.args(flags).arg(&library).arg(source);
        match command.status() {
            Ok(status) if status.success() => Some(library),
            Ok(status) => panic!("{command:?}: {status}"),
            Err(error) => {
                skip(format_args!("{compiler}: {error}"));
                None
            }
        }
    }
}

fn run(way: &str, library: &Path, rest: &[&str]) -> Said {
    let subject = format!("{way}:{}", library.display());
    waitspec(&[&["run", "--subject", &subject], rest].concat())
}

#[rstest]
fn a_correct_library_passes(#[values("so", "preload")] way: &str) {
    let folder = Libraries::new();
    let Some(library) = folder.compiled_by("cc", "good") else { return };
    let said = run(way, &library, &["nohang", "echild", "waitid", "rusage.wait3", "--min-trials", "100"]);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    assert!(said.out.contains("wait waitpid wait3 wait4 waitid"), "{}", said.out);
}

#[rstest]
#[case("echild-as-zero", "posix/waitpid/nohang-echild")]
#[case("nohang-blocks", "posix/waitpid/nohang-never-blocks")]
#[case("exit-code-of-seven-bits", "posix/status/exit-masked")]
#[case("waitid-returns-the-pid", "posix/waitid/returns-zero")]
#[case("nowait-reaps", "posix/waitid/nowait-exit")]
#[case("eintr-retried", "posix/waitpid/eintr")]
#[case("rusage-of-nobody", "linux/rusage/lower-bound")]
#[case("group-is-anyone", "posix/waitpid/named-group")]
fn a_broken_library_fails_its_clause(
    #[case] name: &str,
    #[case] clause: &str,
    #[values("so", "preload")] way: &str,
) {
    let folder = Libraries::new();
    let Some(library) = folder.compiled_by("cc", name) else { return };
    let said = run(way, &library, &["--clause", clause, "--format", "json"]);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    let failed = format!("\"failed_clause\":\"{clause}\"");
    let fails = |line: &str| line.contains("\"verdict\":\"fail\"") || line.contains("\"verdict\":\"hang\"");
    assert!(said.out.lines().any(|line| fails(line) && line.contains(&failed)), "{clause}\n{}", said.out);
}

#[rstest]
fn functions_missing_in_a_library_are_not_offered(#[values("so", "preload")] way: &str) {
    let folder = Libraries::new();
    let Some(library) = folder.compiled_by("cc", "only-waitpid") else { return };
    let said = run(way, &library, &["nohang.running-child", "--format", "json"]);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    assert!(said.out.contains("\"calls\":[\"waitpid\"]"), "{}", said.out);
    assert!(!said.out.contains("@wait4"), "{}", said.out);
}

#[rstest]
fn the_output_of_a_library_is_not_taken_for_a_reply(#[values("so", "preload")] way: &str) {
    let folder = Libraries::new();
    let Some(library) = folder.compiled_by("cc", "prints") else { return };
    let said = run(way, &library, &["nohang.running-child@waitpid", "--trace"]);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
}

#[rstest]
#[case("no-functions", "waitpid")]
#[case("crashes-when-loaded", "a constructor of the library crashed or never returned")]
#[case("hangs-when-loaded", "a constructor of the library crashed or never returned")]
fn a_library_that_does_not_start_exits_with_5(
    #[case] name: &str,
    #[case] why: &str,
    #[values("so", "preload")] way: &str,
) {
    let folder = Libraries::new();
    let Some(library) = folder.compiled_by("cc", name) else { return };
    refused(&library, way, why);
}

#[test]
fn a_library_without_proof_exits_with_5() {
    let folder = Libraries::new();
    let Some(library) = folder.compiled_by("cc", "unproved") else { return };
    refused(&library, "so", "no proof that wait reaches");
}

#[rstest]
fn a_library_of_another_machine_exits_with_5(#[values("so", "preload")] way: &str) {
    let folder = Libraries::new();
    // The header of a shared object for another machine (SPARC V9 or S/390).
    let machine = if cfg!(target_arch = "s390x") { 43_u16 } else { 22 };
    let mut header = b"\x7fELF\x02\x02\x01\0\0\0\0\0\0\0\0\0\0\x03".to_vec();
    header.extend(machine.to_be_bytes());
    header.resize(64, 0);
    let library = folder.file("other");
    std::fs::write(&library, header).expect("a file");
    refused(&library, way, "build it for");
}

#[rstest]
fn a_file_that_is_not_a_library_exits_with_5(#[values("so", "preload")] way: &str) {
    let folder = Libraries::new();
    refused(&folder.file("missing"), way, "No such file or directory");
    std::fs::write(folder.file("text"), "This is no library, but a text.\n").expect("a file");
    refused(&folder.file("text"), way, "it is not an ELF file");
}

fn refused(library: &Path, way: &str, why: &str) {
    // One that never starts uses up the deadline. Not a shorter one: the warden has as much less time to answer.
    let scale = if library.ends_with("hangs-when-loaded.so") { "0.3" } else { "1" };
    let said = run(way, library, &["nohang.running-child", "--timeout-scale", scale]);
    assert_eq!(said.code, Some(5), "{}{}", said.out, said.err);
    assert!(said.err.contains(why) && said.err.contains(&library.display().to_string()), "{}", said.err);
    assert_eq!(said.err.lines().count(), 1, "{}", said.err);
}

#[test]
fn a_preloaded_library_comes_before_others() {
    let folder = Libraries::new();
    let (Some(library), Some(other)) =
        (folder.compiled_by("cc", "good"), folder.compiled_by("cc", "nohang-blocks"))
    else {
        return;
    };
    let subject = format!("--subject=preload:{}", library.display());
    let mut command = program::program();
    command.env("LD_PRELOAD", &other).args(["run", "nohang.running-child@wait4", &subject]);
    let said = program::said(&mut command);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
}
