//! Owns the proof that the signing device's core needs no operating system: a library with a panic
//! handler and an allocator of its own, which the compiler refuses (E0152) as soon as anything
//! below it brings `std`.
//!
//! Refuses to be run: building it is the test.

#![no_std]

extern crate billfold_signer_core as _;

use core::panic::PanicInfo;

use linked_list_allocator::LockedHeap;

#[global_allocator]
static HEAP: LockedHeap = LockedHeap::empty();

#[panic_handler]
fn stop(_: &PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
