//! Resource usage: of a child that computes, uses memory and sleeps.
//!
//! `cargo run --example resource_usage [MILLISECONDS_PER_SECOND]`

mod shared;

use shared::{seconds, spawn};
use std::error::Error;
use std::time::Duration;
use waitspec::sys::process::{Who, usage};
use waitspec::wait::{MaxRssUnit, Rusage, Target, WaitOptions, retrying, wait4};

/// The memory the child uses, in bytes.
const MEMORY: usize = 10 * 1024 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let child = spawn(|| {
        // One second of CPU time, not of elapsed time: other programs run as well.
        while cpu_time_so_far() < seconds(1.0) {
            std::hint::black_box((0..10_000u64).fold(0, u64::wrapping_add));
        }
        // Memory counts only once it is written to.
        std::hint::black_box(vec![1_u8; MEMORY]);
        // Sleeping uses no CPU time.
        std::thread::sleep(seconds(0.5));
        println!("child: used {:.6} s of CPU time", cpu_time_so_far().as_secs_f64());
        0
    })?;

    let done = retrying(|| wait4(Target::Pid(child), WaitOptions::NONE))?.expect("WNOHANG is not set");
    println!("pid: {} ({})", done.pid, done.status);
    print(&done.rusage);
    Ok(())
}

fn cpu_time_so_far() -> Duration {
    Rusage::from_usage(&usage(Who::SelfProcess), MaxRssUnit::host()).cpu_time()
}

fn print(rusage: &Rusage) {
    println!("user time: {:.6} s", rusage.user_time().as_secs_f64());
    println!("system time: {:.6} s", rusage.system_time().as_secs_f64());
    // The unit differs between systems; the method always returns bytes.
    println!("max RSS: {} bytes", rusage.max_rss_bytes());
    println!("minor faults: {}", rusage.minor_faults());
    println!("major faults: {}", rusage.major_faults());
}
