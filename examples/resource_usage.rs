//! Resource usage of a child that computes, uses memory and sleeps.
//!
//! `cargo run --example resource_usage [MILLISECONDS_PER_SECOND]`

mod shared;

use rustix::time::{ClockId, clock_gettime};
use shared::seconds;
use std::error::Error;
use std::process::Command;
use std::time::Duration;
use waitspec::wait::{ChildProcess, Rusage};

/// The memory the child uses, in bytes.
const MEMORY: usize = 10 * 1024 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    if std::env::args().nth(2).as_deref() == Some("child") {
        be_the_child();
        return Ok(());
    }
    let second = seconds(1.0).as_millis().to_string();
    // Starts the child and waits for it.
    let done = ChildProcess::run(Command::new(std::env::current_exe()?).args([&second, "child"]))?;
    println!("pid: {} ({})", done.pid, done.status);
    print(&done.rusage);
    Ok(())
}

fn be_the_child() {
    // One second of CPU time, not wall-clock time: other programs run as well.
    while cpu_time_so_far() < seconds(1.0) {
        std::hint::black_box((0..10_000u64).fold(0, u64::wrapping_add));
    }
    // Memory only counts once it is written to.
    std::hint::black_box(vec![1_u8; MEMORY]);
    // Time asleep costs nothing.
    std::thread::sleep(seconds(0.5));
    println!("child: used {:.6} s of CPU time", cpu_time_so_far().as_secs_f64());
}

fn cpu_time_so_far() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

fn print(rusage: &Rusage) {
    println!("user time: {:.6} s", rusage.user_time().as_secs_f64());
    println!("system time: {:.6} s", rusage.system_time().as_secs_f64());
    // The unit differs between systems; the method always returns bytes.
    println!("max RSS: {} bytes", rusage.max_rss_bytes());
    println!("minor faults: {}", rusage.minor_faults());
    println!("major faults: {}", rusage.major_faults());
}
