//! The terminal screens.
//!
//! Empty so far: this room is reserved and documented in `ARCHITECTURE.md`.
