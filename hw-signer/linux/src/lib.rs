//! The device program for Linux boards.
//!
//! Empty so far: this room is reserved and documented in `ARCHITECTURE.md`.
