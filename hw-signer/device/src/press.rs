//! Owns `Press`: what a person can do to the device, by buttons or by keys.

/// One press of a button or of a key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Press {
    /// The row, page or letter before.
    Up,
    /// The row, page or letter after.
    Down,
    /// Takes the letter that is offered. For those who have no keys for letters.
    Take,
    /// Takes the last letter back.
    Erase,
    /// Agrees.
    Confirm,
    /// Refuses, or goes back.
    Back,
    /// A letter.
    Letter(char),
}

impl core::fmt::Debug for Press {
    /// Without the letter: it may be one of a PIN.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Up => "Up",
            Self::Down => "Down",
            Self::Take => "Take",
            Self::Erase => "Erase",
            Self::Confirm => "Confirm",
            Self::Back => "Back",
            Self::Letter(_) => "Letter(..)",
        })
    }
}
