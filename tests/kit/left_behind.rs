//! However a warden terminates, it leaves neither its directory nor a process behind.

use super::Test;
use super::poll::poll;
use super::warden::{Warden, value};
use libtest_mimic::Failed;
use rustix::process::{Pid, Signal, test_kill_process};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

pub const TESTS: &[(&str, Test)] = &[
    ("a warden whose driver has gone leaves nothing", driver_gone),
    ("a warden that is told to exit leaves nothing behind", told_to_end),
    ("a warden that is told to exit between two trials leaves nothing behind", told_to_end_when_idle),
    ("a warden that cannot work leaves nothing", unfit),
    ("a folder that an earlier warden left is not in the way", same_name),
];

/// A trial with an agent and a child that pauses, and a folder with what children leave there: the warden, and the pids of both.
fn under_way(program: &Path, folder: &Path) -> Result<(Warden, Vec<i32>), Failed> {
    let mut warden = Warden::start(program, folder, &[])?;
    warden.send("warden open id=1 nonce=n subject=libc")?;
    let opened = warden.line("warden ok id=1")?;
    let agent: i32 = value(&opened, "pid")?.parse()?;
    let exe = value(&opened, "exe")?;
    warden.line("agent hello")?;
    warden.send(&format!("agent spawn id=2 argv={exe},child,pause"))?;
    let child: i32 = value(&warden.line("agent ok id=2")?, "pid")?.parse()?;
    let place = format!("{}/waitspec-c-{}", folder.display(), warden.pid());
    let place = Path::new(&place);
    std::fs::write(place.join("core"), "a core")?;
    std::fs::write(place.join("qemu_x_1.core"), "another")?;
    let deeper = place.join("a").join("b");
    std::fs::create_dir_all(&deeper)?;
    std::fs::write(deeper.join("c"), "left by a child")?;
    symlink("/nonexistent", deeper.join("dangling"))?;
    // The target of a link does not belong to the warden.
    symlink(folder, place.join("out"))?;
    std::fs::write(folder.join("kept"), "not the warden's")?;
    std::fs::set_permissions(place.join("a"), PermissionsExt::from_mode(0o500))?;
    Ok((warden, vec![agent, child]))
}

/// The names in a directory, and the processes that still exist.
fn nothing_left(folder: &Path, names: &[&str], pids: &[i32]) -> Result<(), Failed> {
    let mut left: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        left.push(entry?.file_name().to_string_lossy().into_owned());
    }
    left.sort();
    if left != names {
        return Err(format!("left behind: {left:?}, expected {names:?}").into());
    }
    // A process left to process 1 is reaped there at some point.
    for pid in pids {
        let pid = Pid::from_raw(*pid).ok_or("no pid")?;
        poll(Duration::from_secs(60), || test_kill_process(pid).err())
            .ok_or_else(|| format!("process {} is left", pid.as_raw_nonzero()))?;
    }
    Ok(())
}

fn driver_gone(program: &Path) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let (mut warden, pids) = under_way(program, folder.path())?;
    warden.hang_up();
    let code = warden.ends()?;
    if code != 0 {
        return Err(format!("it exited {code}").into());
    }
    nothing_left(folder.path(), &["kept"], &pids)
}

fn told_to_end(program: &Path) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let (mut warden, pids) = under_way(program, folder.path())?;
    warden.signal(Signal::TERM)?;
    let code = warden.ends()?;
    if code != -Signal::TERM.as_raw() {
        return Err(format!("it ended {code}").into());
    }
    nothing_left(folder.path(), &["kept"], &pids)
}

fn told_to_end_when_idle(program: &Path) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let mut warden = Warden::start(program, folder.path(), &[])?;
    warden.send("warden probe id=1")?;
    warden.line("warden ok id=1")?;
    warden.signal(Signal::TERM)?;
    let code = warden.ends()?;
    if code != -Signal::TERM.as_raw() {
        return Err(format!("it ended {code}").into());
    }
    nothing_left(folder.path(), &[], &[])
}

fn unfit(program: &Path) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let mut warden = Warden::start(program, folder.path(), &["--without", "sockets", "--pipes", "0"])?;
    warden.line("warden unfit why=")?;
    let code = warden.ends()?;
    if code != 3 {
        return Err(format!("it exited {code}").into());
    }
    nothing_left(folder.path(), &[], &[])
}

/// A warden that was killed leaves its folder, and its pid is given out again.
fn same_name(program: &Path) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let line = format!("mkdir \"$TMPDIR/waitspec-c-$$\" && exec '{}' warden", program.display());
    let mut command = Command::new("/bin/sh");
    let mut warden = Warden::run(command.args(["-c", &line]), folder.path())?;
    let theirs = format!("waitspec-c-{}", warden.pid());
    warden.send("warden open id=1 nonce=n subject=libc")?;
    let opened = warden.line("warden ok id=1")?;
    let place = value(&opened, "socket")?;
    if !place.contains(&format!("{theirs}-1")) {
        return Err(format!("the children's place is {place}").into());
    }
    warden.hang_up();
    warden.ends()?;
    nothing_left(folder.path(), &[&theirs], &[])
}
