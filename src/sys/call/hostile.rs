//! Memory boundaries at which a system call may fault.

use std::sync::OnceLock;

use super::abi::Pointer;

/// The page size in bytes.
pub(super) fn page_size() -> usize {
    // SAFETY: the function only reads a number.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}

/// Three pages: one writable, one unmapped, one read-only.
static PAGES: OnceLock<Option<usize>> = OnceLock::new();

fn mapped() -> Option<usize> {
    let page = page_size();
    let map = |at: usize, length: usize, rights: libc::c_int, fixed: libc::c_int| {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANON | fixed;
        let at = std::ptr::without_provenance_mut(at);
        // SAFETY: new memory, or a part of the memory that the first of these calls returned, which nothing refers to yet.
        let mapped = unsafe { libc::mmap(at, length, rights, flags, -1, 0) };
        (mapped != libc::MAP_FAILED).then(|| mapped.expose_provenance())
    };
    let start = map(0, 3 * page, libc::PROT_NONE, 0)?;
    map(start, page, libc::PROT_READ | libc::PROT_WRITE, libc::MAP_FIXED)?;
    map(start + 2 * page, page, libc::PROT_READ, libc::MAP_FIXED)?;
    Some(start)
}

/// The minimum number of bytes of a siginfo that a system writes: the fields up to `si_status`.
const SIGINFO_WRITTEN: usize = 28;

/// The address of such a pointer to `size` bytes; if there is no memory for it, another address that cannot be written.
pub(super) fn address(pointer: Pointer, size: usize) -> usize {
    let page = page_size();
    let Some(start) = *PAGES.get_or_init(mapped) else { return usize::MAX - 0xffff };
    match pointer {
        Pointer::ReadOnly => start + 2 * page,
        Pointer::PageEnd => start + page - size,
        Pointer::Across => start + page - size.min(SIGINFO_WRITTEN) / 2,
        _ => start + 1,
    }
}
