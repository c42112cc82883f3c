//! Room after the buffers that this program itself passes to a wait: one that writes too much must not harm the
//! observer.

use std::mem::MaybeUninit;

/// A buffer followed by room for twice the largest structure of the family.
#[repr(C)]
pub(crate) struct Roomy<T> {
    value: T,
    room: MaybeUninit<[u64; 32]>,
}

impl<T> Roomy<T> {
    #[inline]
    pub(crate) fn new(value: T) -> Roomy<T> {
        Roomy { value, room: MaybeUninit::uninit() }
    }

    /// A pointer to the value, with the room after it.
    #[inline]
    pub(crate) fn pointer(&mut self) -> *mut T {
        (&raw mut *self).cast()
    }

    #[inline]
    pub(crate) fn value(self) -> T {
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::Roomy;

    #[test]
    fn what_is_written_behind_the_value_harms_nothing() {
        let mut status = Roomy::new(0_i32);
        let at = status.pointer();
        // SAFETY: the room is behind the value.
        unsafe { at.add(1).write(-1) };
        // SAFETY: the value itself.
        unsafe { at.write(0x700) };
        assert_eq!(status.value(), 0x700);
    }
}
