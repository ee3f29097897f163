//! Owns the outer form of a descriptor's text (BIP380): what stands before a checksum that is right.
//!
//! Refuses texts that are too long to be read.

use miniscript::descriptor::checksum::desc_checksum;

use super::DescriptorError;
use crate::limits::DESCRIPTOR_BYTES;

/// The descriptor in a text, without its checksum, which is right if there is one.
///
/// # Errors
/// [`DescriptorError::TooLong`], [`DescriptorError::Checksum`], or [`DescriptorError::Malformed`] if
/// it has a character that none has.
pub fn body_of(text: &str) -> Result<&str, DescriptorError> {
    let text = text.trim();
    if text.len() > DESCRIPTOR_BYTES {
        return Err(DescriptorError::TooLong { most: DESCRIPTOR_BYTES });
    }
    let Some((body, checksum)) = text.split_once('#') else { return Ok(text) };
    let right = desc_checksum(body).map_err(|_| DescriptorError::Malformed)?;
    if right == checksum { Ok(body) } else { Err(DescriptorError::Checksum) }
}
