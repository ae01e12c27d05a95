//! Parts of a file seen where the system keeps them, instead of copied from there.
//!
//! A file that becomes shorter while it is mapped gives SIGBUS to whoever looks at what is gone.
//! A handler puts zeros there and notes it, so that this is an error of reading like any other.
//! This module refuses to know what the bytes mean.
#![allow(unsafe_code)] // mapping saves the copy of every byte: a fifth to a half of the time where bodies are passed over

use super::cut::Cut;
use nix::libc::{self, c_int, c_void, siginfo_t};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::unistd::{SysconfVar, sysconf};
use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};

/// A part of a file.
#[derive(Debug)]
pub(super) struct View {
    start: NonNull<c_void>,
    length: usize,
    place: &'static Place,
    /// Set in the end where a part of it was gone.
    cut: Cut,
}

// SAFETY: the mapping belongs to the process, not to a thread, and only this value unmaps it.
unsafe impl Send for View {}
// SAFETY: its bytes are only read.
unsafe impl Sync for View {}

impl AsRef<[u8]> for View {
    fn as_ref(&self) -> &[u8] {
        self.bytes()
    }
}

/// Where a view is, for the handler of signals to know.
#[derive(Debug)]
struct Place {
    taken: AtomicBool,
    /// Odd while the addresses change: whoever saw it odd, or another one afterwards, saw addresses that
    /// do not belong together.
    turn: AtomicUsize,
    /// Addresses; both 0 while nothing is mapped.
    start: AtomicUsize,
    end: AtomicUsize,
    /// Whether a part of it is gone from the file.
    hurt: AtomicBool,
}

/// How many views there can be at a time; whoever finds no place reads.
static PLACES: [Place; 64] = [const {
    Place {
        taken: AtomicBool::new(false),
        turn: AtomicUsize::new(0),
        start: AtomicUsize::new(0),
        end: AtomicUsize::new(0),
        hurt: AtomicBool::new(false),
    }
}; 64];

static PAGE: AtomicUsize = AtomicUsize::new(4096);

/// Whether SIGBUS is somebody else's again: then nothing more is mapped.
static GONE: AtomicBool = AtomicBool::new(false);

/// What was done about SIGBUS before; `None` where that cannot be replaced.
static BEFORE: OnceLock<Option<SigAction>> = OnceLock::new();

impl View {
    /// The `length` bytes of `file` from `from` on, or a little before it: also gives how much. `cut`
    /// is set where the file became shorter.
    ///
    /// # Errors
    /// The system cannot map it, or there are too many views. It can still be read.
    pub(super) fn new(file: &File, from: u64, length: usize, cut: &Cut) -> io::Result<(Self, usize)> {
        if BEFORE.get_or_init(watch).is_none() || GONE.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let before = from % PAGE.load(Ordering::Relaxed) as u64;
        // Below the size of a page.
        let more = before as usize;
        let place = PLACES.iter().find(|place| !place.taken.swap(true, Ordering::Acquire));
        let place = place.ok_or(io::ErrorKind::ResourceBusy)?;
        let mapped = place.map(file, from - before, length.saturating_add(more), cut.clone());
        if mapped.is_err() {
            place.taken.store(false, Ordering::Release);
        }
        Ok((mapped?, more))
    }

    /// Its bytes: zeros where the file has become shorter.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: `length` bytes from `start` are mapped for reading as long as this value lives;
        // where the file has no such bytes any more the handler maps zeros. Somebody may write to the
        // file meanwhile, as with every mapping of a file; what is made of the bytes has to be sound
        // whatever they are, and is bounded by their number, which stays.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().cast(), self.length) }
    }

    /// Whether some of its bytes are gone from the file, and were read as zeros.
    pub(super) fn is_hurt(&self) -> bool {
        self.place.hurt.load(Ordering::Relaxed)
    }
}

impl Place {
    fn map(&'static self, file: &File, offset: u64, length: usize, cut: Cut) -> io::Result<View> {
        let whole = NonZeroUsize::new(length).ok_or(io::ErrorKind::InvalidInput)?;
        let offset = libc::off_t::try_from(offset).map_err(|_| io::ErrorKind::InvalidInput)?;
        // SAFETY: a new mapping at an address that the system chooses touches nobody's memory.
        let start = unsafe {
            mmap(None, whole, ProtFlags::PROT_READ, MapFlags::MAP_SHARED | MapFlags::MAP_POPULATE, file, offset)?
        };
        let address = start.as_ptr() as usize;
        self.hurt.store(false, Ordering::Relaxed);
        self.stand(address, address.saturating_add(length));
        Ok(View { start, length, place: self, cut })
    }

    /// Says from where to where the view is.
    fn stand(&self, start: usize, end: usize) {
        self.turn.fetch_add(1, Ordering::AcqRel);
        fence(Ordering::Release);
        self.start.store(start, Ordering::Relaxed);
        self.end.store(end, Ordering::Relaxed);
        self.turn.fetch_add(1, Ordering::Release);
    }

    /// Maps zeros from the page of `address` to the end, if that is within; true if so.
    ///
    /// Makes one system call and no other, as befits a handler of signals.
    fn heal(&self, address: usize) -> bool {
        let turn = self.turn.load(Ordering::Acquire);
        let (start, end) = (self.start.load(Ordering::Relaxed), self.end.load(Ordering::Relaxed));
        fence(Ordering::Acquire);
        // A view that somebody looks at stays where it is: one that moves is another's.
        let stays = turn.is_multiple_of(2) && self.turn.load(Ordering::Relaxed) == turn;
        if !stays || !(start..end).contains(&address) {
            return false;
        }
        let from = address - address % PAGE.load(Ordering::Relaxed);
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED | libc::MAP_NORESERVE;
        // SAFETY: replaces pages that only a view's bytes look at, by others that can be read, too.
        // `start` is that of a page, so that `from` is not before it.
        let mapped = unsafe { libc::mmap(from as *mut c_void, end - from, libc::PROT_READ, flags, -1, 0) };
        self.hurt.store(true, Ordering::Relaxed);
        mapped != libc::MAP_FAILED
    }
}

impl Drop for View {
    fn drop(&mut self) {
        if self.is_hurt() {
            self.cut.set();
        }
        self.place.stand(0, 0);
        // SAFETY: this value mapped it, and nothing borrowed from it can be left.
        _ = unsafe { munmap(self.start, self.length) };
        self.place.taken.store(false, Ordering::Release);
    }
}

/// Has the handler called; gives what was done before.
fn watch() -> Option<SigAction> {
    let page = sysconf(SysconfVar::PAGE_SIZE).ok()??;
    PAGE.store(usize::try_from(page).ok().filter(|page| page.is_power_of_two())?, Ordering::Relaxed);
    let flags = SaFlags::SA_SIGINFO | SaFlags::SA_ONSTACK | SaFlags::SA_RESTART;
    let action = SigAction::new(SigHandler::SigAction(on_bus_error), flags, SigSet::empty());
    // SAFETY: the handler does only what a handler may: see there.
    unsafe { sigaction(Signal::SIGBUS, &action) }.ok()
}

extern "C" fn on_bus_error(_: c_int, info: *mut siginfo_t, _: *mut c_void) {
    // SAFETY: with SA_SIGINFO the system gives a description that is valid for the call.
    let (code, address) = unsafe { info.as_ref().map_or((0, 0), |info| (info.si_code, info.si_addr() as usize)) };
    if code == libc::BUS_ADRERR && PLACES.iter().any(|place| place.heal(address)) {
        return;
    }
    // Not ours: whoever was in charge before is asked, when the instruction is repeated or, where
    // somebody sent the signal, at once.
    GONE.store(true, Ordering::Relaxed);
    if code <= 0 {
        // SAFETY: one may send oneself signals from a handler.
        _ = unsafe { libc::raise(libc::SIGBUS) };
    }
    match BEFORE.get() {
        // SAFETY: puts back what was there; a system call and nothing else.
        Some(Some(before)) => _ = unsafe { sigaction(Signal::SIGBUS, before) },
        // SAFETY: the default action ends the process, as without this handler.
        _ => _ = unsafe { libc::signal(libc::SIGBUS, libc::SIG_DFL) },
    }
}
