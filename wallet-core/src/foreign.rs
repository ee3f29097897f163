//! Owns which characters of a text that somebody else wrote are never shown as they are: those that
//! move a cursor, change colours, reorder or hide what stands beside them.
//!
//! Refuses nothing and loses nothing: what is kept stays as it was written; only what is shown is
//! made visible.

use std::fmt::Write as _;

/// Whether a character acts on what is around it instead of being seen: controls (C0, DEL, C1),
/// marks of direction (BIDI), invisible ones, and tags.
#[must_use]
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// A text for people: each hidden character is a `�`.
#[must_use]
pub fn shown(text: &str) -> String {
    text.chars().map(|c| if is_hidden(c) { '\u{fffd}' } else { c }).collect()
}

/// JSON for programs, whose output may still end on a terminal: hidden characters, which JSON allows
/// within strings only, are written as escapes. Reads the same.
#[must_use]
pub fn escaped_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        if is_hidden(character) && character != '\n' {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // A string takes everything.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(character);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    const NASTY: &str = "a\u{1b}[2J\u{9b}31m\u{202e}b\u{e0041}\u{7f} é 鈴 🎉";

    #[test]
    fn nothing_of_a_text_acts_on_a_terminal() {
        assert_eq!(shown(NASTY), "a�[2J�31m�b�� é 鈴 🎉");
    }

    #[test]
    fn json_reads_the_same_and_holds_nothing_hidden() {
        let json = serde_json::to_string(&[NASTY, "two\nlines"]).unwrap();
        let escaped = escaped_json(&json);
        assert!(!escaped.chars().any(is_hidden), "{escaped:?}");
        let read: Vec<String> = serde_json::from_str(&escaped).unwrap();
        assert_eq!(read, [NASTY, "two\nlines"]);
    }
}
