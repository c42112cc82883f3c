//! Freezing a process by a cgroup v2, which is not a job-control stop.
//!
//! A v1 cgroup could do the same, but there a frozen process does not die from SIGKILL: if its warden is killed, it
//! stays frozen forever.

use super::Warden;
use crate::sys::{makeshift, process};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The time limit for a process to freeze.
const FREEZING: Duration = Duration::from_secs(5);

/// A cgroup that was created; it is removed when this is dropped.
pub(super) struct Freezer {
    folder: PathBuf,
}

impl Freezer {
    fn make() -> Option<Freezer> {
        let mount = mount_point()?;
        let name = format!("waitspec-{}", process::pid());
        // Our own cgroup may be all that is delegated to us.
        let mut folders = own_cgroup(&mount).into_iter().chain([mount]).map(|parent| parent.join(&name));
        folders.find(|folder| std::fs::create_dir(folder).is_ok()).map(|folder| Freezer { folder })
    }

    fn write(&self, file: &str, text: &str) -> std::io::Result<()> {
        std::fs::write(self.folder.join(file), text)
    }

    /// Freezes everything in it, or thaws it.
    fn set(&self, frozen: bool) -> Result<(), String> {
        let written = self.write("cgroup.freeze", if frozen { "1" } else { "0" });
        written.map_err(|e| format!("cannot write cgroup.freeze: {e}"))?;
        let wanted = if frozen { "frozen 1" } else { "frozen 0" };
        let began = Instant::now();
        let is_there = || {
            let events = std::fs::read_to_string(self.folder.join("cgroup.events")).unwrap_or_default();
            events.lines().any(|line| line == wanted)
        };
        while !is_there() {
            if began.elapsed() > FREEZING {
                return Err(format!("the cgroup did not reach `{wanted}`"));
            }
            makeshift::pause(Duration::from_millis(1));
        }
        Ok(())
    }
}

impl Drop for Freezer {
    fn drop(&mut self) {
        let _ = self.write("cgroup.freeze", "0");
        let _ = std::fs::remove_dir(&self.folder);
    }
}

/// Where cgroup v2 is mounted.
fn mount_point() -> Option<PathBuf> {
    let mounts = std::fs::read_to_string("/proc/self/mounts").ok()?;
    let mut words = mounts.lines().map(|line| line.split(' '));
    words.find_map(|mut words| {
        let at = words.nth(1)?;
        (words.next() == Some("cgroup2")).then(|| PathBuf::from(at))
    })
}

/// The cgroup that this process is in.
fn own_cgroup(mount: &Path) -> Option<PathBuf> {
    let lines = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = lines.lines().find_map(|line| line.strip_prefix("0::/"))?;
    Some(mount.join(path))
}

impl Warden<'_> {
    /// Freezes or thaws a child.
    pub(super) fn freeze(&mut self, of: &str, frozen: bool) -> Result<(), String> {
        let pid = self.handle(of).ok_or_else(|| format!("no child {of}"))?.pid();
        if self.freezer.is_none() {
            self.freezer = Freezer::make();
        }
        // The same text whatever is missing: lists of skips must hold on every machine.
        match &self.freezer {
            Some(freezer) if freezer.write("cgroup.procs", &pid.to_string()).is_ok() => freezer.set(frozen),
            _ => Err("no cgroup v2 is available here".to_owned()),
        }
    }
}
