//! Owns sealing: XChaCha20-Poly1305 with a random nonce in front of the ciphertext.
//!
//! Refuses bytes that were not sealed under the same key and context.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::entropy::{self, EntropyError};
use crate::residue::wipe_stack;

/// Encrypts and authenticates `plain`, and authenticates `context`.
pub(super) fn seal(key: &[u8; 32], context: &[u8], plain: &[u8]) -> Result<Vec<u8>, EntropyError> {
    let mut nonce = [0; NONCE_BYTES];
    entropy::fill(&mut nonce)?;
    Ok(seal_with(nonce, key, context, plain))
}

/// The same with a nonce that nothing else was sealed with under this key.
pub(super) fn seal_with(
    nonce: [u8; NONCE_BYTES],
    key: &[u8; 32],
    context: &[u8],
    plain: &[u8],
) -> Vec<u8> {
    let ciphertext = XChaCha20Poly1305::new(key.into())
        .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: context })
        .expect("only more than 256 GiB can't be encrypted");
    wipe_stack();
    [&nonce[..], &ciphertext].concat()
}

/// The inverse of [`seal`]; `None` if anything differs.
pub(super) fn unseal(key: &[u8; 32], context: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_BYTES>()?;
    let plain = XChaCha20Poly1305::new(key.into())
        .decrypt(&XNonce::from(*nonce), Payload { msg: ciphertext, aad: context })
        .ok()
        .map(Zeroizing::new);
    wipe_stack();
    plain
}

/// Bytes of a nonce: enough to draw them at random for ever.
pub(super) const NONCE_BYTES: usize = 24;

/// Bytes that sealing adds: the nonce and the authenticator.
pub(super) const OVERHEAD: usize = NONCE_BYTES + 16;
