//! The buffers of calls, which outlive them: this catches a system that writes to one after the call has returned.
//!
//! A call takes a slot from a static pool, so it neither allocates nor blocks: async-signal-safe. Once it has returned,
//! its slot keeps what it left in its buffers until the slot is used again, in turn.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use libc::c_int;

use super::memory::Poisoned;

/// The number of calls that are remembered, and that can have their own buffers at the same time.
const SLOTS: usize = 16;

/// Not in use.
const FREE: u8 = 0;
/// In use by a call, or being examined.
const BUSY: u8 = 1;
/// Holds the buffers of a call that has returned.
const LEFT: u8 = 2;

/// Room for a value and its canary.
#[repr(C, align(16))]
#[derive(Copy, Clone)]
pub(crate) struct Room<const N: usize>([u8; N]);

impl<const N: usize> Room<N> {
    const EMPTY: Room<N> = Room([0; N]);

    /// A buffer in this storage, poisoned again.
    pub(crate) fn poisoned<T>(&mut self) -> &mut Poisoned<T> {
        const { assert!(size_of::<Poisoned<T>>() <= N && align_of::<Poisoned<T>>() <= 16) };
        let place = std::ptr::from_mut(&mut self.0).cast::<Poisoned<T>>();
        // SAFETY: the room is as large and as aligned as the buffer, which any bytes are a value of, and is borrowed as long.
        let place = unsafe { &mut *place };
        place.poison();
        place
    }

    /// The buffer that [`Room::poisoned`] made of this room, as a call left it.
    pub(crate) fn as_left<T>(&self) -> &Poisoned<T> {
        const { assert!(size_of::<Poisoned<T>>() <= N && align_of::<Poisoned<T>>() <= 16) };
        // SAFETY: as above; each byte was initialised there.
        unsafe { &*std::ptr::from_ref(&self.0).cast::<Poisoned<T>>() }
    }
}

/// The buffers of one call.
#[derive(Copy, Clone)]
pub(crate) struct Buffers {
    pub(crate) status: Room<272>,
    pub(crate) usage: Room<816>,
    pub(crate) info: Room<400>,
}

impl Buffers {
    const EMPTY: Buffers = Buffers { status: Room::EMPTY, usage: Room::EMPTY, info: Room::EMPTY };
}

/// The buffers of a slot, and their contents when the call returned.
struct Slot(UnsafeCell<[Buffers; 2]>);

// SAFETY: whoever has set the slot's state to `BUSY` has exclusive use of the buffers.
unsafe impl Sync for Slot {}

/// The state of each slot, apart from its buffers, so that looking for a slot does not touch the pages of the others.
static STATES: [AtomicU8; SLOTS] = [const { AtomicU8::new(FREE) }; SLOTS];
static POOL: [Slot; SLOTS] = [const { Slot(UnsafeCell::new([Buffers::EMPTY, Buffers::EMPTY])) }; SLOTS];
/// The next slot, as a running count.
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// Takes a slot if it is in that state.
fn take(at: usize, state: u8) -> bool {
    STATES[at].compare_exchange(state, BUSY, Ordering::Acquire, Ordering::Relaxed).is_ok()
}

/// Makes a call with buffers that are kept; if more calls sleep at once than there are slots, with temporary ones.
pub(crate) fn with<R>(call: impl FnOnce(&mut Buffers) -> R) -> R {
    for _ in 0..SLOTS {
        let at = NEXT.fetch_add(1, Ordering::Relaxed) % SLOTS;
        if take(at, FREE) || take(at, LEFT) {
            // SAFETY: the slot is ours until it is released.
            let [buffers, left] = unsafe { &mut *POOL[at].0.get() };
            let result = call(buffers);
            *left = *buffers;
            STATES[at].store(LEFT, Ordering::Release);
            return result;
        }
    }
    call(&mut { Buffers::EMPTY })
}

/// Calls a function for each slot whose call has returned.
fn each_left(mut act: impl FnMut(&mut Buffers, &mut Buffers)) {
    for at in (0..SLOTS).filter(|&at| take(at, LEFT)) {
        // SAFETY: the slot is ours until it is released.
        let [buffers, left] = unsafe { &mut *POOL[at].0.get() };
        act(buffers, left);
        STATES[at].store(LEFT, Ordering::Release);
    }
}

/// Whether all bytes are the same: compared as a whole, since every reply to the driver does this for each slot in use.
fn same(buffers: &Buffers, left: &Buffers) -> bool {
    // The compiler does not see late writes.
    let buffers = std::hint::black_box(buffers);
    buffers.status.0 == left.status.0 && buffers.usage.0 == left.usage.0 && buffers.info.0 == left.info.0
}

/// Whether a byte in the buffers of an earlier call has changed since that call returned, or since the last time this
/// was called.
pub fn written_late() -> bool {
    let mut late = false;
    each_left(|buffers, left| {
        if !same(buffers, left) {
            late = true;
            *left = *buffers;
        }
    });
    late
}

/// Writes into the status buffers of all earlier calls, as a broken system would. For mutants.
pub(crate) fn write_late(word: c_int) {
    each_left(|buffers, _| buffers.status.0[..size_of::<c_int>()].copy_from_slice(&word.to_ne_bytes()));
}
