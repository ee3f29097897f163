//! Owns the outer form of a descriptor's text (BIP380): what stands before a checksum that is right.
//!
//! Refuses texts that are too long to be read, and keys that would take long or much to read.

use miniscript::descriptor::checksum::desc_checksum;

use super::DescriptorError;
use crate::limits::{DESCRIPTOR_BRANCHES, DESCRIPTOR_BYTES, DESCRIPTOR_WORD_BYTES};

/// The descriptor in a text, without its checksum, which is right if there is one.
///
/// # Errors
/// [`DescriptorError::TooLong`], [`DescriptorError::Checksum`], [`DescriptorError::Malformed`] if it has a
/// character or a word that none has, [`DescriptorError::TooDeep`], or [`DescriptorError::NotTwoBranches`] for
/// more than are read.
pub fn body_of(text: &str) -> Result<&str, DescriptorError> {
    let text = text.trim();
    if text.len() > DESCRIPTOR_BYTES {
        return Err(DescriptorError::TooLong { most: DESCRIPTOR_BYTES });
    }
    let (body, checksum) = text.split_once('#').map_or((text, None), |(b, sum)| (b, Some(sum)));
    if let Some(checksum) = checksum {
        let right = desc_checksum(body).map_err(|_| DescriptorError::Malformed)?;
        if right != checksum {
            return Err(DescriptorError::Checksum);
        }
    }
    check_bounds(body)?;
    Ok(body)
}

/// Checks what is as long as it likes in the text: the library reads base58 before it looks at its
/// length, which takes the square of it, and copies all steps of all branches for each branch.
///
/// # Errors
/// [`DescriptorError::Malformed`] for a word that is longer than any key, [`DescriptorError::TooDeep`],
/// or [`DescriptorError::NotTwoBranches`] for more than are read.
pub(crate) fn check_bounds(body: &str) -> Result<(), DescriptorError> {
    let mut words = body.split(|letter: char| !letter.is_ascii_alphanumeric());
    if words.any(|word| word.len() > DESCRIPTOR_WORD_BYTES) {
        return Err(DescriptorError::Malformed);
    }
    for key in body.split(['(', ')', '{', '}', ',']) {
        // Those of its origin stand in it, too.
        if key.matches('/').count() > 2 * usize::from(u8::MAX) {
            return Err(DescriptorError::TooDeep);
        }
        if key.matches(';').count() >= DESCRIPTOR_BRANCHES {
            return Err(DescriptorError::NotTwoBranches);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_longer_than_any_key_are_refused() {
        for (letters, stands) in [(DESCRIPTOR_WORD_BYTES, true), (DESCRIPTOR_WORD_BYTES + 1, false)]
        {
            for form in ["@", "wpkh(@)", "wpkh([00000000/1h]@/*)", "tr(@,{pk(@),pk(@)})", "pk(@:x"]
            {
                let text = form.replace('@', &"z".repeat(letters));
                assert_eq!(body_of(&text).is_ok(), stands, "{text}");
            }
        }
    }

    /// A short text would take more memory than there is.
    #[test]
    fn steps_and_branches_are_bounded() {
        let branches =
            |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>().join(";");
        let [many, most] = [DESCRIPTOR_BRANCHES + 1, DESCRIPTOR_BRANCHES].map(branches);
        let far = "/0".repeat(2 * 255 + 1);
        for (text, told) in [
            (format!("wpkh(xpub/<{most}>/*)"), Ok(())),
            (format!("wpkh(xpub{})", &far[2..]), Ok(())),
            (format!("wpkh(xpub/<{many}>/*)"), Err(DescriptorError::NotTwoBranches)),
            (format!("wsh(multi(1,xpub,xpub{far}))"), Err(DescriptorError::TooDeep)),
        ] {
            assert_eq!(body_of(&text).map(drop), told, "{text}");
        }
    }
}
