//! The signing device's core: what is shown is what is signed.
//!
//! Empty so far: this room is reserved and documented in `ARCHITECTURE.md`.

#![no_std]
