//! One set of transcripts of the protocol for both implementations: this crate, and the C kit if there is a C compiler.
//!
//! `fixtures/transcripts/*.txt`, line by line:
//!
//! | line | meaning |
//! |---|---|
//! | `@ WHO ARG...` | start a program: `agent`, `syscall` (the agent of system calls), `handle` (an agent of handles), `child` or `warden`, with its arguments percent-encoded |
//! | `> LINE` | send the line |
//! | `< PATTERN` | the next line received |
//! | `* PATTERN` | a run of these: the next lines received, in any order |
//! | `? PATTERN` | the next line received, or nothing |
//! | `~ LINE` | send the line until the line expected next is received |
//! | `( N`, `)` | the lines between them are played N times |
//! | `= exits N`, `= killed N` | the exit code or signal of the program once its input is closed |
//!
//! In a pattern, `A|B` is either, `*` is anything, `[key=value]` is a pair that may be missing, and `[*]` any other pairs. `{name}` is bound
//! by the first value received, stands for that value from then on, and is replaced in lines sent.

#[path = "../common/kit.rs"]
mod kit;
mod pattern;
mod play;
#[path = "../common/poll.rs"]
mod poll;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Failed, Trial};

/// The programs that one implementation has.
#[derive(Clone)]
pub struct Speaker {
    /// The program.
    pub program: PathBuf,
}

fn amalgamated(folder: &Path) -> Result<(), Failed> {
    let one = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/kit/amalgamate")).output()?;
    let source = folder.join("one.c");
    std::fs::write(&source, &one.stdout)?;
    let program = folder.join("one");
    let built = Command::new("cc").arg("-o").arg(&program).arg(&source).output()?;
    if !built.status.success() || !built.stderr.is_empty() {
        return Err(String::from_utf8_lossy(&built.stderr).into_owned().into());
    }
    let code = Command::new(program).args(["child", "exit code=42"]).status()?.code();
    if code == Some(42) { Ok(()) } else { Err(format!("its child exited {code:?}").into()) }
}

fn main() -> ExitCode {
    let folder = tempfile::tempdir().expect("a folder");
    let without = !kit::has("cc");
    let built_in = Speaker { program: env!("CARGO_BIN_EXE_waitspec").into() };
    let mut trials = Vec::new();
    let args = Arguments::from_args();
    // Built once, and only if needed.
    let kit = if without || args.list {
        Err("no C compiler".to_owned())
    } else {
        kit::build(folder.path(), &["cc"]).map(|program| Speaker { program })
    };
    let names: &[&str] = if cfg!(target_os = "linux") {
        &["agent", "child", "warden", "syscall"]
    } else {
        &["agent", "child", "warden"]
    };
    for name in names {
        let path = format!("{}/fixtures/transcripts/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        let (speaker, file) = (built_in.clone(), path.clone());
        trials.push(Trial::test(format!("{name}: waitspec"), move || Ok(play::file(&file, &speaker)?)));
        let speaker = kit.clone();
        let test = move || Ok(play::file(&path, &speaker?)?);
        // Skipped by name if there is no compiler.
        trials.push(Trial::test(format!("{name}: the C kit"), test).with_ignored_flag(without));
    }
    // The kit does not support handles.
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/transcripts/handle.txt");
    trials.push(Trial::test("handle: waitspec", move || Ok(play::file(path, &built_in)?)));
    let at = folder.path().to_owned();
    let test = move || amalgamated(&at);
    trials.push(Trial::test("the C kit in one file", test).with_ignored_flag(without));
    libtest_mimic::run(&args, trials).exit_code()
}
