//! The memory that daemon and worker share: control words, then a ring's bytes, mapped twice in a row.
//!
//! ```text
//! memfd:    | control | data |
//! mapped:   | control | data | data again |
//! ```
//!
//! Because the second copy follows the first, every record is one run of bytes for both sides, wherever it starts.
//! The file is sealed before the worker gets it: it can neither shrink (a read of ours would end in SIGBUS) nor
//! grow. References into the mapping exist for the control words alone, which are atomics; ring bytes leave it by
//! copy ([`Mapping::copy_out`]) or are written before anyone else reads them ([`Mapping::unpublished`]).
#![expect(unsafe_code, reason = "memory that another process maps too cannot be had without")]

use std::{
    ffi::c_void,
    io,
    os::fd::{AsFd, OwnedFd},
    ptr::{self, NonNull},
    slice,
    sync::atomic::Ordering::{Acquire, Relaxed, Release},
};

use rustix::{
    fs::{MemfdFlags, SealFlags},
    mm::{MapFlags, ProtFlags},
};

use crate::{
    machine::Shared,
    words::{Control, MAGIC},
};

/// Bytes before the data: one page of whatever size this machine has. All but the first stay untouched.
const CONTROL_BYTES: usize = 64 * 1024;

const _: () = assert!(size_of::<Control<Shared>>() <= 4096, "the control words fit the smallest page");

/// One side's view of the shared memory.
#[derive(Debug)]
pub(crate) struct Mapping {
    base: NonNull<u8>,
    /// A power of two.
    capacity: usize,
}

// SAFETY: the mapping belongs to this value and is not tied to the thread that made it.
unsafe impl Send for Mapping {}
// SAFETY: through `&Mapping` one reaches atomics, and ring bytes only under the contracts of `copy_out`
// (which tolerates writers) and `unpublished` (which is unsafe and demands exclusive use).
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Makes the memory for `capacity` bytes of ring, a power of two, and its sealed file. Fails for less than a page.
    pub(crate) fn create(capacity: usize) -> io::Result<(Mapping, OwnedFd)> {
        let file = memfd()?;
        rustix::fs::ftruncate(&file, (CONTROL_BYTES + capacity) as u64)?;
        rustix::fs::fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        let mapping = Mapping::of(&file, capacity)?;
        let layout = &mapping.control().layout.0;
        layout.capacity.store(capacity as u64, Relaxed);
        layout.magic.store(MAGIC, Release);
        Ok((mapping, file))
    }

    /// Maps what [`Mapping::create`] made in another process. Fails for a file that is something else.
    pub(crate) fn attach(file: &OwnedFd) -> io::Result<Mapping> {
        let wrong =
            |what: &str| io::Error::new(io::ErrorKind::InvalidData, format!("not a ring of hognose: {what}"));
        let seals = rustix::fs::fcntl_get_seals(file)?;
        if !seals.contains(SealFlags::SHRINK | SealFlags::GROW) {
            return Err(wrong("the file is not sealed"));
        }
        let capacity = usize::try_from(rustix::fs::fstat(file)?.st_size)
            .ok()
            .and_then(|size| size.checked_sub(CONTROL_BYTES))
            .filter(|capacity| capacity.is_power_of_two())
            .ok_or_else(|| wrong("the file has an odd size"))?;
        let mapping = Mapping::of(file, capacity)?;
        let layout = &mapping.control().layout.0;
        if layout.magic.load(Acquire) != MAGIC {
            return Err(wrong("daemon and worker are of different versions"));
        }
        if layout.capacity.load(Relaxed) != capacity as u64 {
            return Err(wrong("the stated capacity is not the file's"));
        }
        Ok(mapping)
    }

    fn of(file: impl AsFd, capacity: usize) -> io::Result<Mapping> {
        debug_assert!(capacity.is_power_of_two());
        let length = Mapping::length(capacity);
        // SAFETY: no address is asked for, so nothing that is mapped is replaced.
        let base = unsafe {
            rustix::mm::mmap_anonymous(ptr::null_mut(), length, ProtFlags::empty(), MapFlags::PRIVATE)?
        };
        let base = NonNull::new(base.cast::<u8>()).ok_or(io::ErrorKind::OutOfMemory)?;
        // From here on the range is unmapped by `drop`, whatever fails.
        let mapping = Mapping { base, capacity };
        mapping.place(&file, 0, CONTROL_BYTES + capacity, 0)?;
        mapping.place(&file, CONTROL_BYTES + capacity, capacity, CONTROL_BYTES as u64)?;
        Ok(mapping)
    }

    /// Maps `length` bytes of the file from `offset` on at `at` of our range.
    fn place(&self, file: impl AsFd, at: usize, length: usize, offset: u64) -> io::Result<()> {
        assert!(at + length <= Mapping::length(self.capacity));
        let flags = MapFlags::SHARED | MapFlags::FIXED;
        // SAFETY: the target lies in the range that `of` reserved (asserted above) and that nobody uses yet, so
        // replacing what is mapped there takes nothing away from anyone.
        unsafe {
            let target = self.base.as_ptr().add(at).cast::<c_void>();
            rustix::mm::mmap(target, length, ProtFlags::READ | ProtFlags::WRITE, flags, file, offset)?;
        }
        Ok(())
    }

    /// Bytes of the ring.
    #[inline]
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// The control words.
    #[inline(always)]
    pub(crate) fn control(&self) -> &Control<Shared> {
        // SAFETY: the range starts on a page, is mapped readable and writable as long as `self` lives, is larger
        // than `Control` (asserted above), and every field is an atomic integer: valid for all bit patterns, and
        // made to be changed by others while we hold a reference.
        unsafe { self.base.cast::<Control<Shared>>().as_ref() }
    }

    /// Appends `length` bytes of the ring from position `at` on to `into`.
    ///
    /// The worker may write them meanwhile, out of spite: then the copy holds some mixture, and only the copy may
    /// be looked at. Panics when `length` exceeds the ring, which the caller has checked.
    #[inline]
    pub(crate) fn copy_out(&self, at: u64, length: usize, into: &mut Vec<u8>) {
        assert!(length <= self.capacity, "{length} bytes asked of a ring of {}", self.capacity);
        into.reserve(length);
        let end = into.len();
        // SAFETY: `data` gives at least `capacity` mapped bytes after any position, and `length` is not more
        // (asserted). The target has been reserved and is private, so the two do not overlap, and `set_len` covers
        // just what was copied. No reference to the source is made. An honest worker does not write what it has
        // published, so there is no race; with a hostile one the race is with another process, which the compiler
        // knows nothing of, and bytes have no invalid values.
        unsafe {
            ptr::copy_nonoverlapping(self.data(at), into.as_mut_ptr().add(end), length);
            into.set_len(end + length);
        }
    }

    /// Copies `bytes` to position `at` of the ring.
    ///
    /// Panics when they exceed the ring, which the caller has checked. Who else writes there at the same time spoils
    /// the bytes, and nothing more.
    #[inline]
    pub(crate) fn copy_in(&self, at: u64, bytes: &[u8]) {
        assert!(bytes.len() <= self.capacity, "{} bytes for a ring of {}", bytes.len(), self.capacity);
        // SAFETY: as in `copy_out`, the other way round: `data` gives at least `capacity` mapped bytes after any
        // position, `bytes` is not more (asserted) and lies outside of the mapping, since no slice of the mapping is
        // ever handed out but by `unpublished`, whose contract forbids this. No reference to the target is made.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), self.data(at), bytes.len()) }
    }

    /// The `length` bytes of the ring from position `at` on, to be written.
    ///
    /// # Safety
    ///
    /// The caller is the one producer of this ring, the bytes lie between what it has published and what the daemon
    /// has taken plus the capacity, so nobody reads them, and it makes no second slice while this one lives.
    #[inline(always)]
    #[expect(
        clippy::mut_from_ref,
        reason = "the contract above keeps the slice exclusive, not the borrow of self"
    )]
    pub(crate) unsafe fn unpublished(&self, at: u64, length: usize) -> &mut [u8] {
        debug_assert!(length <= self.capacity);
        // SAFETY: mapped, initialised (a fresh memfd is zero), within bounds as in `copy_out`; exclusive by contract.
        unsafe { slice::from_raw_parts_mut(self.data(at), length) }
    }

    /// Where position `at` of the ring is; at least `capacity` bytes are mapped from there on.
    #[inline(always)]
    fn data(&self, at: u64) -> *mut u8 {
        let offset = CONTROL_BYTES + (at as usize & (self.capacity - 1));
        // SAFETY: the masked position is below `capacity`, so the result stays in the control and first data part.
        unsafe { self.base.as_ptr().add(offset) }
    }

    /// Bytes of address space for a ring of `capacity` bytes.
    fn length(capacity: usize) -> usize {
        CONTROL_BYTES + 2 * capacity
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the range is ours since `of` reserved it, and with `self` gone nothing refers to it.
        let done = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), Mapping::length(self.capacity)) };
        debug_assert!(done.is_ok(), "cannot unmap a ring: {done:?}");
    }
}

/// An empty file in memory that can be sealed.
fn memfd() -> io::Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    match rustix::fs::memfd_create("hognose-ring", flags | MemfdFlags::NOEXEC_SEAL) {
        // Before Linux 6.3 there is no such flag.
        Err(rustix::io::Errno::INVAL) => Ok(rustix::fs::memfd_create("hognose-ring", flags)?),
        made => Ok(made?),
    }
}

#[cfg(test)]
mod tests;
