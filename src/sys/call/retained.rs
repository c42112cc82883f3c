//! The buffers of calls, which outlive them: a system that writes to one after the call has returned is found out.
//!
//! A call takes a slot of a static pool, so nothing is allocated, and nothing waits: async-signal-safe. Once it has returned,
//! its slot holds what it left in its buffers until another call takes it, in turn.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use libc::c_int;

use super::memory::Poisoned;

/// How many calls are remembered, and have their own buffers at once.
const SLOTS: usize = 16;

/// No call has it.
const FREE: u8 = 0;
/// A call has it, or somebody looks at it.
const BUSY: u8 = 1;
/// A call that has returned left its buffers there.
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

struct Slot {
    state: AtomicU8,
    /// The buffers, and what they held when the call had returned.
    buffers: UnsafeCell<[Buffers; 2]>,
}

impl Slot {
    const fn new() -> Slot {
        let state = AtomicU8::new(FREE);
        Slot { state, buffers: UnsafeCell::new([Buffers::EMPTY, Buffers::EMPTY]) }
    }

    /// Takes the slot if it is in that state.
    fn take(&self, state: u8) -> bool {
        self.state.compare_exchange(state, BUSY, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }
}

// SAFETY: who has made the state `BUSY` has the buffers for itself.
unsafe impl Sync for Slot {}

static POOL: [Slot; SLOTS] = [const { Slot::new() }; SLOTS];
/// Which slot comes next, counted without end.
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// Has a call made with buffers that are kept; if more calls sleep at once than there are slots, with others.
pub(crate) fn with<R>(call: impl FnOnce(&mut Buffers) -> R) -> R {
    for _ in 0..SLOTS {
        let slot = &POOL[NEXT.fetch_add(1, Ordering::Relaxed) % SLOTS];
        if slot.take(FREE) || slot.take(LEFT) {
            // SAFETY: the slot is ours until it is given back.
            let [buffers, left] = unsafe { &mut *slot.buffers.get() };
            let result = call(buffers);
            *left = *buffers;
            slot.state.store(LEFT, Ordering::Release);
            return result;
        }
    }
    call(&mut { Buffers::EMPTY })
}

/// Does something with each slot whose call has returned.
fn each_left(mut act: impl FnMut(&mut Buffers, &mut Buffers)) {
    for slot in POOL.iter().filter(|slot| slot.take(LEFT)) {
        // SAFETY: the slot is ours until it is given back.
        let [buffers, left] = unsafe { &mut *slot.buffers.get() };
        act(buffers, left);
        slot.state.store(LEFT, Ordering::Release);
    }
}

fn bytes(buffers: &Buffers) -> impl Iterator<Item = u8> {
    let parts: [&[u8]; 3] = [&buffers.status.0, &buffers.usage.0, &buffers.info.0];
    // Who writes late is not seen by the compiler.
    // SAFETY: each pointer is to a live byte.
    parts.into_iter().flatten().map(|byte| unsafe { std::ptr::from_ref(byte).read_volatile() })
}

/// Whether a byte of the buffers of an earlier call has changed since that call returned, or since the last time that it was
/// asked for.
pub fn written_late() -> bool {
    let mut late = false;
    each_left(|buffers, left| {
        if !bytes(buffers).eq(bytes(left)) {
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
