//! A busy machine, small pipes and children that come too late are not held against an agent.

use super::Test;
use super::warden::{Warden, value};
use libtest_mimic::Failed;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

pub const TESTS: &[(&str, Test)] = &[
    ("requests that do not fit into the agent's pipe are sent later", small_pipe),
    ("who waits for a disk does not sleep in a call", uninterruptible),
    ("a child that connects after its trial is not one of the next", late_child),
];

fn late_child(program: &Path) -> Result<(), Failed> {
    // The same of the other warden.
    for program in [program, Path::new(env!("CARGO_BIN_EXE_waitspec"))] {
        let folder = tempfile::tempdir()?;
        let mut warden = Warden::start(program, folder.path(), &[])?;
        warden.send("warden open id=1 nonce=n subject=libc")?;
        let opened = warden.line("warden ok id=1")?;
        warden.send("warden close id=2")?;
        warden.line("warden ok id=2")?;
        let mut late = UnixStream::connect(value(&opened, "socket")?)?;
        late.set_read_timeout(Some(Duration::from_secs(60)))?;
        writeln!(late, "hello token=n-A pid={}", std::process::id())?;
        // A child would be told something; anyone else is hung up on.
        let mut told = String::new();
        let ended = late.read_to_string(&mut told);
        if ended.is_err() || !told.is_empty() {
            return Err(format!("{}: {ended:?}, told {told:?}", program.display()).into());
        }
    }
    Ok(())
}

/// Far more than a pipe holds on any system.
const REQUESTS: usize = 2000;
const REQUEST: usize = 1000;

fn small_pipe(program: &Path) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let gate = folder.path().join("gate");
    // It reads nothing before the gate is there.
    let script = format!(
        "echo hello%20protocol=1%20name=sh%20calls=wait4; until test -e {}; do :; done; \
         echo ok id=1 ret=$(head -c {} | wc -c)",
        gate.display(),
        REQUESTS * REQUEST,
    );
    let script = script.replace("%20", "\\ ");
    let encoded: String = script.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let mut warden = Warden::start(program, folder.path(), &[])?;
    warden.send(&format!("warden open id=1 nonce=n argv=/bin/sh,-c,{encoded}"))?;
    warden.line("agent hello")?;
    let request = format!("x id=1 filler={}", "x".repeat(REQUEST - "x id=1 filler=\n".len()));
    for _ in 0..REQUESTS {
        warden.send(&format!("agent {request}"))?;
    }
    // Nor does it keep the warden from anything else.
    warden.send("warden probe id=2")?;
    warden.line("warden ok id=2")?;
    std::fs::write(gate, "")?;
    let answer = warden.line("agent ok id=1")?;
    let expected = format!("agent ok id=1 ret={}", REQUESTS * REQUEST);
    if answer == expected { Ok(()) } else { Err(format!("{answer}, expected {expected}").into()) }
}

/// Its main thread is in an uninterruptible sleep, which the parent of a vfork shares with a thread that waits for a disk.
const AGENT: &str = r#"
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    printf("hello protocol=1 name=c calls=wait4\nentering id=7 tid=%d\n", (int)getpid());
    fflush(stdout);
    if (vfork() == 0)
        for (;;)
            pause();
    return 0;
}
"#;

fn uninterruptible(program: &Path) -> Result<(), Failed> {
    const GRACE: u64 = 20;
    const WITHIN: Duration = Duration::from_millis(600);
    let folder = tempfile::tempdir()?;
    let (source, agent) = (folder.path().join("agent.c"), folder.path().join("agent"));
    std::fs::write(&source, AGENT)?;
    if !Command::new("cc").arg(&source).arg("-o").arg(&agent).status()?.success() {
        return Err("cc fails".into());
    }
    let mut warden = Warden::start(program, folder.path(), &[])?;
    warden.send(&format!("warden open id=1 nonce=n argv={}", agent.display()))?;
    warden.line("agent entering id=7")?;
    let began = Instant::now();
    let within = WITHIN.as_millis();
    warden.send(&format!("warden answer id=2 call=7 grace={GRACE} spin=100000 within={within}"))?;
    let answer = warden.line("warden ")?;
    if answer != "warden late id=2" {
        return Err(format!("{answer}: it is not known to hang").into());
    }
    // It hardly ran, and has twice the time.
    let took = began.elapsed();
    if took < WITHIN * 2 { Err(format!("late after {took:?}").into()) } else { Ok(()) }
}
