//! Steps that use resources up: processor time, memory, page faults, switches.
//!
//! Each goes on until the process's own `getrusage` *field* has grown by what was asked, since that is what a parent will
//! read; and each is bounded by the work that it does, not by the time that passes beside a busy neighbour.

use std::fs::File;
use std::hint::black_box;
use std::io::Write;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

use crate::sys::call::abi::Usage;
use crate::sys::process::workload::{Mapping, OneProcessor, be_preempted, drop_cached_pages, page_size};
use crate::sys::process::{self, Who, usage};

/// The stack of a thread, in bytes: little, since it counts for the child's resident set where it is used.
pub(super) const STACK: usize = 256 * 1024;

/// How long one turn of a burn takes, between two looks at `getrusage`.
const TURN: Duration = Duration::from_micros(50);

/// One field of a usage.
type Field = fn(&Usage) -> Option<i64>;

/// Repeats `act` until the field has grown by `by`: `ETIMEDOUT` after `most` turns, `ENOTSUP` if the system has no such
/// field.
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

/// The most turns of a burn: a second and twenty times what was asked.
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

/// Burns so many microseconds of user time.
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

/// Burns until the field has grown by so many microseconds. Where the system counts that work elsewhere, or nowhere, it was
/// done all the same: what comes of it is for the case to judge.
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

/// Burns so many microseconds of system time: reads zeros, which the kernel has to write, or, where there is no such device,
/// asks for its parent's pid.
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

/// Maps so many bytes and touches every page.
pub(crate) fn allocate(bytes: u64) -> Result<Mapping, Errno> {
    let mut mapping = Mapping::anonymous(usize::try_from(bytes).map_err(|_| Errno::NOMEM)?)?;
    mapping.write_pages();
    Ok(mapping)
}

/// Causes so many minor faults, in mappings too small for large pages.
pub(crate) fn minor_faults(count: u64) -> Result<(), Errno> {
    const PAGES: usize = 8;
    until_grown(
        |u| u.minflt,
        count,
        count.saturating_add(1_000),
        || {
            Mapping::anonymous(PAGES * page_size())?.write_pages();
            Ok(())
        },
    )
}

/// Causes so many major faults: reads a file back that the system was asked to forget.
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
                // What is not on the disk yet cannot be dropped.
                file.sync_all().map_err(errno)?;
                drop_cached_pages(file.as_fd())?;
                Mapping::of_file(file.as_fd(), len)?.read_pages();
                Ok(())
            },
        )
    })
}

/// Writes so many blocks.
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

/// Whether a file may become so long: `ENOTSUP` if it may not, since who tries dies of `SIGXFSZ`.
fn may_write(len: usize) -> Result<(), Errno> {
    match getrlimit(Resource::Fsize).current {
        Some(most) if most < len as u64 => Err(Errno::NOTSUP),
        _ => Ok(()),
    }
}

/// Tries something with a new file that has no name any more, in one directory after the other: `ENOTSUP` if it could be done in
/// none.
fn with_a_file(act: impl Fn(&File) -> Result<(), Errno>) -> Result<(), Errno> {
    for directory in [std::env::temp_dir(), "/var/tmp".into(), ".".into()] {
        let path = directory.join(format!(".waitspec-{}", process::pid()));
        let file = File::options().read(true).write(true).create_new(true).open(&path);
        let Ok(file) = file else { continue };
        // The open descriptor is all that is needed, and nothing is left behind if this process dies.
        let _ = std::fs::remove_file(&path);
        if act(&file).is_ok() {
            return Ok(());
        }
    }
    Err(Errno::NOTSUP)
}

/// A new, empty file that has no name any more.
pub(crate) fn a_file() -> Result<File, Errno> {
    let kept = std::cell::OnceCell::new();
    with_a_file(|file| kept.set(file.try_clone().map_err(errno)?).map_err(|_| Errno::IO))?;
    kept.into_inner().ok_or(Errno::NOTSUP)
}

fn errno(error: std::io::Error) -> Errno {
    Errno::from_io_error(&error).unwrap_or(Errno::IO)
}

/// Gives the processor away so often, by sleeping for as short as the clock allows.
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

/// Loses the processor so often: computes beside a thread that does the same, on one processor where they can be kept there.
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
        let most = count.saturating_mul(2_000).saturating_add(10_000);
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
