//! How the wallet drives hardware signers.
//!
//! Empty so far: this room is reserved and documented in `ARCHITECTURE.md`.
