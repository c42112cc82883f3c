//! Any child: five children exit in an unknown order; reap each as it does.
//!
//! `cargo run --example any_child [MILLISECONDS_PER_SECOND]`

mod shared;

use shared::sleeper;
use std::collections::HashSet;
use std::error::Error;
use std::hash::{BuildHasher, RandomState};
use waitspec::wait::{Errno, WaitOptions, WaitTarget, retrying, wait4};

fn main() -> Result<(), Box<dyn Error>> {
    let mut children = HashSet::new();
    for number in 0..5 {
        let time = random_of_1_to_5(number);
        let child = sleeper(f64::from(time), time)?.pid().ok_or("it was not reaped")?;
        println!("child {child} sleeps {time} s");
        children.insert(child);
    }

    while !children.is_empty() {
        let done = retrying(|| wait4(WaitTarget::Any, WaitOptions::NONE))?;
        let code = done.status.to_exit_code().ok_or("it did not terminate")?;
        println!("reaped {}: exit code {code}", done.pid);
        // A wait for any child may also report one that a library started, which is not in the set.
        children.remove(&done.pid);
    }

    assert_eq!(wait4(WaitTarget::Any, WaitOptions::NONE), Err(Errno::CHILD));
    println!("no child is left");
    Ok(())
}

/// The standard library has no random numbers, but its hash maps have random seeds.
fn random_of_1_to_5(salt: i32) -> i32 {
    let number = RandomState::new().hash_one(salt) % 5;
    number as i32 + 1
}
