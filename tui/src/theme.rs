//! Owns how each role of a text looks, with colour and without.
//!
//! Colours are the terminal's own on its own background, and of those only the one that can be read on light
//! and on dark: magenta (docs/adr/0451). Nothing is told by colour alone. Refuses colours under `NO_COLOR`,
//! where bold and reverse remain.

use ratatui::style::{Color, Modifier, Style};

/// What a text is, as far as its look goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Ordinary text.
    Normal,
    /// What is less important.
    Dim,
    /// What is more important.
    Strong,
    /// The name of a place, or of a field.
    Title,
    /// Money that came.
    Received,
    /// Money that went.
    Sent,
    /// What waits.
    Pending,
    /// What a person should think about.
    Warning,
    /// What is wrong.
    Error,
    /// What nothing spends.
    Frozen,
    /// The row or button that is chosen.
    Selected,
    /// A key that can be pressed.
    Key,
    /// The cells of a code, black on white.
    Code,
}

/// A set of looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Whether there are colours.
    pub colour: bool,
}

impl Theme {
    /// The look of a role.
    #[must_use]
    pub const fn style(self, role: Role) -> Style {
        let plain = Style::new();
        let (colour, modifier) = match role {
            Role::Normal | Role::Sent | Role::Frozen => (None, Modifier::empty()),
            Role::Dim => (None, Modifier::DIM),
            Role::Strong | Role::Title | Role::Received | Role::Key => (None, Modifier::BOLD),
            Role::Pending => (Some(Color::Magenta), Modifier::empty()),
            Role::Warning | Role::Error => (Some(Color::Magenta), Modifier::BOLD),
            Role::Selected => (None, Modifier::REVERSED),
            Role::Code => {
                return if self.colour { plain.fg(Color::Black).bg(Color::White) } else { plain };
            }
        };
        let style = plain.add_modifier(modifier);
        match colour {
            Some(colour) if self.colour => style.fg(colour),
            _ => style,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_nothing_is_coloured() {
        let roles = [
            Role::Normal,
            Role::Dim,
            Role::Strong,
            Role::Title,
            Role::Received,
            Role::Sent,
            Role::Pending,
            Role::Warning,
            Role::Error,
            Role::Frozen,
            Role::Selected,
            Role::Key,
            Role::Code,
        ];
        for role in roles {
            let style = Theme { colour: false }.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
        }
    }
}
