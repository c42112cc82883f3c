//! A heap whose free pieces are not scattered, for processes that fork.

/// The sizes in bytes of pieces that are larger than what allocators keep exact lists of, largest first. Larger ones are mapped.
const LARGE: [usize; 9] = [96 << 10, 64 << 10, 48 << 10, 32 << 10, 16 << 10, 8 << 10, 4 << 10, 2 << 10, 1536];

/// The largest size of which allocators keep lists of their own, and the step between two.
const SMALL: usize = 1024;
const STEP: usize = 16;

/// The limits, for an allocator that does not work as expected: pieces of a size, and bytes.
const MOST: usize = 512;
const ROOM: usize = 4 << 20;

/// Holds the free pieces of the heap, so that what is allocated meanwhile is on consecutive pages.
///
/// What has read a command line leaves hundreds of free pieces on as many pages. Allocators prefer these, and with each of
/// them an agent or a child writes to another page that it shares with its parent, and which is copied.
///
/// Takes pieces of each size until one is beyond all others: it comes from the end of the heap, so none of that size is left.
/// Where that is not how an allocator works, nothing is gained and little lost.
pub(crate) struct FreePieces(#[expect(dead_code, reason = "held")] Vec<Vec<u8>>);

impl FreePieces {
    /// Takes all there are.
    pub(crate) fn take() -> FreePieces {
        let sizes = LARGE.into_iter().chain((1..=SMALL / STEP).rev().map(|n| n * STEP));
        // Large enough to be mapped.
        let mut taken = Vec::with_capacity(64 << 10);
        let (mut end, mut bytes) = (0, 0);
        for size in sizes {
            for _ in 0..MOST {
                let piece = Vec::<u8>::with_capacity(size);
                let at = piece.as_ptr().addr();
                taken.push(piece);
                bytes += size;
                if at > end || bytes > ROOM {
                    end = end.max(at);
                    break;
                }
            }
        }
        FreePieces(taken)
    }
}

#[cfg(all(test, target_env = "gnu"))]
mod tests {
    use super::FreePieces;
    use crate::sorted::Set;
    use std::process::Command;

    /// Set in the process of [`allocations_are_on_consecutive_pages`] that has a heap of its own.
    const ALONE: &str = "WAITSPEC_TEST_HEAP";

    /// The number of pages that this many small pieces take up.
    fn pages(count: usize) -> usize {
        let pieces: Vec<Box<[u8; 40]>> = (0..count).map(|_| Box::new([1; 40])).collect();
        pieces.iter().map(|piece| piece.as_ptr().addr() >> 12).collect::<Set<_>>().len()
    }

    /// In another process, because what other tests have freed may come first.
    #[test]
    fn allocations_are_on_consecutive_pages() {
        if std::env::var_os(ALONE).is_none() {
            let this = std::env::current_exe().unwrap();
            let name = "warden::heap::tests::allocations_are_on_consecutive_pages";
            let alone =
                Command::new(this).args([name, "--exact", "--nocapture"]).env(ALONE, "1").output().unwrap();
            let printed = String::from_utf8_lossy(&alone.stdout);
            assert!(alone.status.success() && printed.contains("1 passed"), "{printed}{alone:?}");
            return;
        }
        // A free piece on each of 400 pages.
        let pairs: Vec<_> = (0..400).map(|_| (Box::new([1_u8; 40]), Box::new([1_u8; 4096]))).collect();
        let (pieces, _between): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        drop(pieces);
        let scattered = pages(100);
        assert!(scattered > 50, "free pieces do not come before new ones: {scattered} pages");
        let held = FreePieces::take();
        let consecutive = pages(100);
        assert!(consecutive < 10, "free pieces are left: {consecutive} pages");
        drop(held);
    }
}
