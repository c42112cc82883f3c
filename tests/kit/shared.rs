//! Shared objects in an agent of the kit: a correct library passes, each broken one fails its clause, and one that cannot be loaded
//! or verified is rejected.

use super::Test;
use libtest_mimic::Failed;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub const TESTS: &[(&str, Test)] = &[
    ("a correct shared object passes", correct),
    ("a broken shared object fails its clause", broken),
    ("what a shared object lacks is not offered", lacking),
    ("what a shared object prints is no reply", printing),
    ("a shared object that cannot be loaded or proved exits with 5", refused),
    ("a file that is no shared object for this machine exits with 5", no_library),
    ("a kit that is linked statically names what to do", linked_statically),
];

/// What a run printed, and its exit code.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs cases with a library as the subject, in an agent that the kit's warden starts.
fn run(kit: &Path, library: &Path, rest: &[&str]) -> Result<Said, Failed> {
    let (subject, warden) = (format!("so:{}", library.display()), format!("{} warden", kit.display()));
    waitspec(&[&["run", "--subject", &subject, "--warden", &warden], rest].concat())
}

/// The same in an agent that is a command, for a warden that is not the kit's.
fn run_agent(kit: &Path, library: &Path, rest: &[&str]) -> Result<Said, Failed> {
    let subject = format!("agent:{} agent --so {}", kit.display(), library.display());
    let child = format!("{} child", kit.display());
    waitspec(&[&["run", "--subject", &subject, "--child", &child], rest].concat())
}

fn waitspec(arguments: &[&str]) -> Result<Said, Failed> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waitspec"));
    let said = command.args(arguments).stdin(Stdio::null()).output()?;
    Ok(Said {
        code: said.status.code(),
        out: String::from_utf8(said.stdout)?,
        err: String::from_utf8(said.stderr)?,
    })
}

impl Said {
    fn check(&self, holds: bool, what: &str) -> Result<(), Failed> {
        if holds { Ok(()) } else { Err(format!("{what}: {:?}\n{}{}", self.code, self.out, self.err).into()) }
    }
}

/// Compiles a library of fixtures/subjects.
fn library(folder: &Path, name: &str) -> Result<PathBuf, Failed> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/subjects/{name}.c"));
    let library = folder.join(format!("{name}.so"));
    let flags = ["-std=gnu99", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"];
    let status = Command::new("cc").args(flags).arg(&library).arg(source).status()?;
    if status.success() { Ok(library) } else { Err(format!("{name}.c: {status}").into()) }
}

fn correct(kit: &Path) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let library = library(folder.path(), "good")?;
    let cases = ["nohang", "echild", "waitid", "rusage.wait3", "exec", "--min-trials", "60"];
    for run in [run, run_agent] {
        let said = run(kit, &library, &cases)?;
        let offered = said.out.contains("wait waitpid wait3 wait4 waitid");
        said.check(said.code == Some(0) && offered && said.out.contains("good.so"), "it does not pass")?;
    }
    Ok(())
}

fn broken(kit: &Path) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    for (name, clause) in [
        ("echild-as-zero", "posix/waitpid/nohang-echild"),
        ("nohang-blocks", "posix/waitpid/nohang-never-blocks"),
        ("exit-code-of-seven-bits", "posix/status/exit-masked"),
        ("waitid-returns-the-pid", "posix/waitid/returns-zero"),
        ("nowait-reaps", "posix/waitid/nowait-exit"),
        ("eintr-retried", "posix/waitpid/eintr"),
        ("group-is-anyone", "posix/waitpid/named-group"),
    ] {
        let library = library(folder.path(), name)?;
        let said = run(kit, &library, &["--clause", clause, "--format", "json"])?;
        let failed = format!("\"failed_clause\":\"{clause}\"");
        let fails =
            |line: &str| line.contains("\"verdict\":\"fail\"") || line.contains("\"verdict\":\"hang\"");
        let found = said.out.lines().any(|line| fails(line) && line.contains(&failed));
        said.check(said.code == Some(1) && found, &format!("{name} does not fail {clause}"))?;
    }
    Ok(())
}

fn lacking(kit: &Path) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let library = library(folder.path(), "only-waitpid")?;
    let said = run(kit, &library, &["nohang.running-child", "--format", "json"])?;
    let only = said.out.contains("\"calls\":[\"waitpid\"]") && !said.out.contains("@wait4");
    said.check(said.code == Some(0) && only, "the C library's functions are judged")
}

fn printing(kit: &Path) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let library = library(folder.path(), "prints")?;
    for run in [run, run_agent] {
        let said = run(kit, &library, &["nohang.running-child@waitpid"])?;
        said.check(said.code == Some(0), "what is printed is read")?;
    }
    Ok(())
}

fn is_refused(kit: &Path, library: &Path, why: &str) -> Result<(), Failed> {
    // One that never starts uses up the deadline. Not a shorter one: the warden has as much less time to answer.
    let scale = if library.ends_with("hangs-when-loaded.so") { "0.3" } else { "1" };
    for run in [run, run_agent] {
        let said = run(kit, library, &["nohang.running-child", "--timeout-scale", scale])?;
        let clear = said.err.contains(why) && said.err.contains(&library.display().to_string());
        let one_line = said.err.lines().count() == 1;
        said.check(said.code == Some(5) && clear && one_line, &format!("{}: {why}", library.display()))?;
    }
    Ok(())
}

fn refused(kit: &Path) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let crashes = "did not start";
    for (name, why) in [
        ("no-functions", "it defines none of wait, waitpid, wait3, wait4, waitid"),
        ("unproved", "no proof that wait reaches it"),
        ("crashes-when-loaded", crashes),
        ("hangs-when-loaded", crashes),
    ] {
        is_refused(kit, &library(folder.path(), name)?, why)?;
    }
    let path = library(folder.path(), "crashes-when-loaded")?;
    let said = run(kit, &path, &["nohang.running-child"])?;
    said.check(said.err.contains("a constructor of the library crashed"), "it does not say what crashed")?;
    let path = library(folder.path(), "good")?;
    let subject = format!("preload:{}", path.display());
    let said = waitspec(&["run", "--subject", &subject, "--warden", &format!("{} warden", kit.display())])?;
    said.check(said.code == Some(5) && said.err.contains("load it with --so"), "a library is preloaded")
}

fn no_library(kit: &Path) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    is_refused(kit, &folder.path().join("missing.so"), "ENOENT")?;
    let file = folder.path().join("text.so");
    std::fs::write(&file, "This is no library, but a text.\n")?;
    is_refused(kit, &file, "it is not an ELF file")?;
    // The header of a shared object for SPARC V9 or S/390.
    let machine = if cfg!(target_arch = "s390x") { 43_u16 } else { 22 };
    let mut header = b"\x7fELF\x02\x02\x01\0\0\0\0\0\0\0\0\0\0\x03".to_vec();
    header.extend(machine.to_be_bytes());
    header.resize(64, 0);
    let file = folder.path().join("other.so");
    std::fs::write(&file, header)?;
    is_refused(kit, &file, "it is built for another processor")
}

fn linked_statically(_: &Path) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let kit = super::kit::build(folder.path(), &["cc", "-static"])?;
    is_refused(&kit, &library(folder.path(), "good")?, "build it with kit/build and a compiler that links")
}
