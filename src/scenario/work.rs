//! Steps that consume resources: CPU time, memory, page faults, context switches.
//!
//! Each runs until the *field* in the process's own `getrusage` has grown as requested, since that is what a parent
//! will read; and each is bounded by the work it does, not by elapsed time, which a busy neighbour can stretch.

use std::fs::File;
use std::hint::black_box;
use std::io::Write;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

use crate::sys::call::abi::Usage;
use crate::sys::free_name;
use crate::sys::process::workload::{Mapping, OneProcessor, be_preempted, drop_cached_pages, page_size};
use crate::sys::process::{Who, usage};

/// Stack size of a thread in bytes: small, since used stack counts for the child's resident set.
pub(super) const STACK: usize = 256 * 1024;

/// The time one turn of a burn takes between two calls of `getrusage`.
const TURN: Duration = Duration::from_micros(50);

/// One field of a usage.
type Field = fn(&Usage) -> Option<i64>;

/// Repeats `act` until the field has grown by `by`: `ETIMEDOUT` after `most` turns, `ENOTSUP` if the system does not
/// maintain the field.
fn until_grown(
    field: Field,
    by: u64,
    most: u64,
    mut act: impl FnMut() -> Result<(), Errno>,
) -> Result<(), Errno> {
    let now = || field(&usage(Who::SelfProcess)).ok_or(Errno::NOTSUP);
    let target = now()?.saturating_add_unsigned(by);
    for _ in 0..most {
        if now()? >= target {
            return Ok(());
        }
        act()?;
    }
    if now()? >= target { Ok(()) } else { Err(Errno::TIMEDOUT) }
}

/// The maximum number of turns of a burn: a second plus twenty times the request.
fn most_turns(us: u64) -> u64 {
    20_000 + us.saturating_mul(20) / TURN.as_micros() as u64
}

/// Computes for one turn.
fn compute() {
    let start = Instant::now();
    let mut x = 1_u64;
    while start.elapsed() < TURN {
        for _ in 0..1_000 {
            x = black_box(x.wrapping_mul(6_364_136_223_846_793_005).rotate_left(17));
        }
    }
}

/// Burns `us` microseconds of user time.
pub(crate) fn burn_user(us: u64) -> Result<(), Errno> {
    burn(
        |u| u.utime_us,
        us,
        || {
            compute();
            Ok(())
        },
    )
}

/// Burns until the field has grown by `us` microseconds. If the system accounts for the work elsewhere, or not at all,
/// the work was done nevertheless: judging the outcome is up to the case.
fn burn(field: Field, us: u64, mut act: impl FnMut() -> Result<(), Errno>) -> Result<(), Errno> {
    let most = us.saturating_mul(10).saturating_add(50_000);
    let of = |field: Field| field(&usage(Who::SelfProcess)).ok_or(Errno::NOTSUP);
    let (target, enough) =
        (of(field)?.saturating_add_unsigned(us), of(Usage::cpu_us)?.saturating_add_unsigned(most));
    for _ in 0..most_turns(us) {
        if of(field)? >= target || of(Usage::cpu_us)? >= enough {
            break;
        }
        act()?;
    }
    Ok(())
}

/// Burns `us` microseconds of system time: reads zeros, which the kernel has to write, or, if there is no such device,
/// calls getppid.
pub(crate) fn burn_system(us: u64) -> Result<(), Errno> {
    let zeros = File::open("/dev/zero").ok();
    let mut buffer = vec![0; 64 * 1024];
    burn(
        |u| u.stime_us,
        us,
        || {
            let start = Instant::now();
            while start.elapsed() < TURN {
                for _ in 0..8 {
                    match &zeros {
                        Some(file) => drop(rustix::io::read(file, &mut buffer)?),
                        None => drop(black_box(rustix::process::getppid())),
                    }
                }
            }
            Ok(())
        },
    )
}

/// Maps memory and touches every page.
pub(crate) fn allocate(bytes: u64) -> Result<Mapping, Errno> {
    let mut mapping = Mapping::anonymous(usize::try_from(bytes).map_err(|_| Errno::NOMEM)?)?;
    mapping.write_pages();
    Ok(mapping)
}

/// Causes `count` minor faults, in mappings too small for huge pages.
pub(crate) fn minor_faults(count: u64) -> Result<(), Errno> {
    const PAGES: usize = 8;
    /// Turns after which a system that counts faults has counted one.
    const FIRST: u64 = 32;
    let turn = || {
        Mapping::anonymous(PAGES * page_size())?.write_pages();
        Ok(())
    };
    // In a sandbox that does not count them, each takes milliseconds.
    until_grown(|u| u.minflt, 1, FIRST, turn)?;
    until_grown(|u| u.minflt, count, count.saturating_add(1_000), turn)
}

/// Causes `count` major faults: reads back a file that the system was asked to drop from memory.
pub(crate) fn major_faults(count: u64) -> Result<(), Errno> {
    let pages = count.clamp(1, 256);
    let len = pages as usize * page_size();
    may_write(len)?;
    with_a_file(|file| {
        (&*file).write_all(&vec![1; len]).map_err(errno)?;
        until_grown(
            |u| u.majflt,
            count,
            count / pages + 4,
            || {
                // Dirty pages cannot be dropped.
                file.sync_all().map_err(errno)?;
                drop_cached_pages(file.as_fd())?;
                Mapping::of_file(file.as_fd(), len)?.read_pages();
                Ok(())
            },
        )
    })
}

/// Writes `count` blocks.
pub(crate) fn block_output(count: u64) -> Result<(), Errno> {
    let block = vec![1; page_size()];
    let turns = count.saturating_add(16);
    may_write(usize::try_from(turns).unwrap_or(usize::MAX).saturating_mul(block.len()))?;
    with_a_file(|file| {
        until_grown(
            |u| u.oublock,
            count,
            turns,
            || {
                (&*file).write_all(&block).map_err(errno)?;
                file.sync_all().map_err(errno)
            },
        )
    })
}

/// Whether a file may grow to `len` bytes: `ENOTSUP` if not, since trying raises `SIGXFSZ`.
fn may_write(len: usize) -> Result<(), Errno> {
    match getrlimit(Resource::Fsize).current {
        Some(most) if most < len as u64 => Err(Errno::NOTSUP),
        _ => Ok(()),
    }
}

/// Tries something with a new unlinked file, in one directory after another: `ENOTSUP` if it works in none.
fn with_a_file(act: impl Fn(&File) -> Result<(), Errno>) -> Result<(), Errno> {
    for directory in [std::env::temp_dir(), "/var/tmp".into(), ".".into()] {
        let Some(file) = new_file_in(&directory) else { continue };
        if act(&file).is_ok() {
            return Ok(());
        }
    }
    Err(Errno::NOTSUP)
}

/// A new, unlinked file in a directory: the open descriptor suffices, and nothing is left behind if this process dies.
fn new_file_in(directory: &Path) -> Option<File> {
    let new = |path: &Path| File::options().read(true).write(true).create_new(true).open(path).map_err(errno);
    let (path, file) = free_name::create(directory, ".waitspec", new).ok()?;
    let _ = std::fs::remove_file(path);
    Some(file)
}

/// A new, empty, unlinked file.
pub(crate) fn a_file() -> Result<File, Errno> {
    let kept = std::cell::OnceCell::new();
    with_a_file(|file| kept.set(file.try_clone().map_err(errno)?).map_err(|_| Errno::IO))?;
    kept.into_inner().ok_or(Errno::NOTSUP)
}

fn errno(error: std::io::Error) -> Errno {
    Errno::from_io_error(&error).unwrap_or(Errno::IO)
}

/// Yields the CPU `count` times, by sleeping as briefly as the clock allows.
pub(crate) fn voluntary_switches(count: u64) -> Result<(), Errno> {
    until_grown(
        |u| u.nvcsw,
        count,
        count.saturating_mul(4).saturating_add(100),
        || {
            std::thread::sleep(Duration::from_nanos(1));
            Ok(())
        },
    )
}

/// Gets preempted `count` times: competes with a busy thread, pinned to one CPU where possible.
pub(crate) fn involuntary_switches(count: u64) -> Result<(), Errno> {
    let _one = OneProcessor::take().ok();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let neighbour = || {
            while !stop.load(Ordering::Relaxed) {
                compute();
                be_preempted();
            }
        };
        let builder = std::thread::Builder::new().stack_size(STACK);
        let spawned = builder.spawn_scoped(scope, neighbour);
        // One turn is a tenth of a time slice, or one yield: if that is not counted, more of them will not be either.
        let most = count.saturating_mul(200).saturating_add(1_000);
        let done = spawned.map_err(|_| Errno::AGAIN).and_then(|_| {
            until_grown(
                |u| u.nivcsw,
                count,
                most,
                || {
                    compute();
                    be_preempted();
                    Ok(())
                },
            )
        });
        stop.store(true, Ordering::Relaxed);
        done
    })
}
