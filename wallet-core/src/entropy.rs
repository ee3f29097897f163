//! Owns the one way to the operating system's random source.
//!
//! Refuses to go on without it: no weaker source stands in.

/// Fills `bytes` from the operating system's random source.
///
/// # Errors
/// If the source fails, which leaves `bytes` in any state.
pub fn fill(bytes: &mut [u8]) -> Result<(), EntropyError> {
    getrandom::fill(bytes).map_err(|_| EntropyError)
}

/// 32 bytes from the operating system's random source.
///
/// # Errors
/// If the source fails.
pub fn drawn() -> Result<[u8; 32], EntropyError> {
    let mut bytes = [0; 32];
    fill(&mut bytes)?;
    Ok(bytes)
}

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system's random source failed: no key can be made on this machine now")]
pub struct EntropyError;
