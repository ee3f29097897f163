//! Owns QR codes on a terminal: half-blocks, two rows of modules to a line.
//!
//! With colour every cell is painted, black on white, so that any theme can be scanned. Without,
//! the light modules are drawn as blocks, which is right on a dark background.

use qrcode::{Color, EcLevel, QrCode};

/// The code of a text, to be written to a terminal; `None` when the text is too long for one.
#[must_use]
pub fn draw(text: &str, colour: bool) -> Option<String> {
    let painted = |line| if colour { format!("{BLACK_ON_WHITE}{line}{RESET}") } else { line };
    let lines = lines(text, colour)?.into_iter().map(painted);
    Some(lines.collect::<Vec<_>>().join("\n"))
}

/// The lines of the code of a text, each as wide as they are; `None` when the text is too long.
/// With `dark`, cells are of dark modules, for whoever paints them black on white; without, of the
/// light ones.
#[must_use]
pub fn lines(text: &str, dark: bool) -> Option<Vec<String>> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let width = code.width();
    let is_dark = |row: usize, column: usize| {
        let (row, column) = (row.checked_sub(QUIET), column.checked_sub(QUIET));
        match (row, column) {
            (Some(row), Some(column)) if row < width && column < width => {
                code[(column, row)] == Color::Dark
            }
            _ => false,
        }
    };
    let size = width + 2 * QUIET;
    let line = |row| {
        let cells = (0..size).map(|column| {
            let (upper, lower) = (is_dark(row, column), is_dark(row + 1, column));
            if dark { block(upper, lower) } else { block(!upper, !lower) }
        });
        cells.collect()
    };
    Some((0..size).step_by(2).map(line).collect())
}

const fn block(upper: bool, lower: bool) -> char {
    match (upper, lower) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    }
}

/// The empty margin that readers need, in modules (ISO 18004).
const QUIET: usize = 4;

const BLACK_ON_WHITE: &str = "\x1b[30;107m";
const RESET: &str = "\x1b[0m";

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the modules back from what was drawn.
    fn modules(drawn: &str) -> Vec<Vec<bool>> {
        let lines = drawn.lines().map(|line| {
            line.trim_start_matches(BLACK_ON_WHITE).trim_end_matches(RESET).chars().collect()
        });
        lines
            .flat_map(|line: Vec<char>| {
                let upper = line.iter().map(|c| matches!(c, '█' | '▀')).collect();
                let lower = line.iter().map(|c| matches!(c, '█' | '▄')).collect();
                [upper, lower]
            })
            .collect()
    }

    #[test]
    fn every_module_is_drawn_inside_a_quiet_zone() {
        let text = "BC1QAR0SRRR7XFKVY5L643LYDNW9RE59GTZZWF5MDQ";
        let code = QrCode::with_error_correction_level(text, EcLevel::L).expect("it fits");
        let drawn = modules(&draw(text, true).expect("it fits"));
        let size = code.width() + 2 * QUIET;
        for (y, row) in drawn.iter().enumerate() {
            assert_eq!(row.len(), size);
            for (x, module) in row.iter().enumerate() {
                let inside = (QUIET..QUIET + code.width()).contains(&x)
                    && (QUIET..QUIET + code.width()).contains(&y);
                let dark = inside && code[(x - QUIET, y - QUIET)] == Color::Dark;
                assert_eq!(*module, dark, "module {x},{y}");
            }
        }
    }

    #[test]
    fn without_colour_light_and_dark_are_swapped() {
        let coloured = modules(&draw("x", true).expect("it fits"));
        let plain = modules(&draw("x", false).expect("it fits"));
        assert!(coloured.iter().flatten().zip(plain.iter().flatten()).all(|(a, b)| a != b));
    }

    #[test]
    fn an_address_fits_a_small_screen() {
        let taproot = "BC1P0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQZK5JJ0";
        assert!(draw(taproot, true).expect("it fits").lines().count() <= 19);
    }

    #[test]
    fn a_text_that_is_too_long_is_not_drawn() {
        assert_eq!(draw(&"x".repeat(10_000), true), None);
    }
}
