//! Owns the wiping of what computing with secrets leaves on the stack.
//!
//! A library that hashes a seed or multiplies by a key copies both into frames that nobody wipes.
//! They lie below the frame of whoever called it, so that is where zeros are written afterwards.
//! Refuses to be all: secrets themselves live on the heap, in values that wipe themselves, since
//! a value that is moved leaves its bytes where it was.

use zeroize::Zeroize;

/// Overwrites the stack below the caller's frame, as deep as computations with keys go.
#[inline(never)]
pub(crate) fn wipe_stack() {
    let mut frame = [0xff_u8; DEEPEST];
    // Volatile, so that it happens though nobody reads it.
    frame.zeroize();
}

/// Bytes of stack that are wiped: a small board's thread has little more.
const DEEPEST: usize = 16 * 1024;
