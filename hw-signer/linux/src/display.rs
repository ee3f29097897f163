//! Owns where a view is shown: in a terminal window, on a small display, or nowhere.

use std::fs::{File, OpenOptions};
use std::io::{self, Stdout, stdout};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use billfold_signer_core::screen::ScreenKind;
use billfold_signer_core::view::{COLUMNS, ROWS, View};
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{OriginDimensions, Size};
use embedded_graphics::pixelcolor::Rgb565;
use embedded_graphics::{Pixel, prelude::IntoStorage as _};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Text};
use ratatui::widgets::{Block, Paragraph, Widget as _};

use crate::canvas::{SIDE, draw};

/// Where views are shown.
pub enum Display {
    /// A terminal window.
    Terminal(Window),
    /// A display of 240 × 240 points.
    Framebuffer(Framebuffer),
    /// Nowhere.
    None,
}

impl Display {
    /// Shows a view.
    ///
    /// # Errors
    /// What the system said.
    pub fn show(&mut self, view: &View) -> io::Result<()> {
        match self {
            Self::Terminal(window) => window.show(view),
            Self::Framebuffer(framebuffer) => framebuffer.show(view),
            Self::None => Ok(()),
        }
    }
}

/// A terminal window; given back as it was when dropped.
pub struct Window(Terminal<CrosstermBackend<Stdout>>);

impl Window {
    /// Takes the terminal.
    ///
    /// # Errors
    /// What the system said.
    pub fn open() -> io::Result<Self> {
        enable_raw_mode()?;
        crossterm::execute!(stdout(), EnterAlternateScreen)?;
        Terminal::new(CrosstermBackend::new(stdout())).map(Self)
    }

    fn show(&mut self, view: &View) -> io::Result<()> {
        self.0.draw(|frame| render(view, frame.area(), frame.buffer_mut()))?;
        Ok(())
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // Nothing more can be done for a terminal that is gone.
        drop(crossterm::execute!(stdout(), LeaveAlternateScreen));
        drop(disable_raw_mode());
    }
}

/// Draws a view as a box of characters in the middle of an area.
pub fn render(view: &View, area: Rect, buffer: &mut Buffer) {
    let (width, height) = (BOX_WIDTH.min(area.width), BOX_HEIGHT.min(area.height));
    let (x, y) = (area.x + (area.width - width) / 2, area.y + (area.height - height) / 2);
    let color = accent(view.kind);
    let block = Block::bordered()
        .border_style(Style::new().fg(color))
        .title_top(Line::styled(format!(" {} ", view.title), Style::new().fg(color).bold()))
        .title_bottom(Line::from(format!(" {} ", view.footer)).right_aligned());
    let lines = view.rows.iter().enumerate().map(|(place, row)| {
        let selected = view.selected == Some(place);
        let modifier = if selected { Modifier::REVERSED } else { Modifier::empty() };
        Line::styled(row.as_str(), Style::new().add_modifier(modifier))
    });
    let text = Text::from(lines.collect::<Vec<_>>());
    Paragraph::new(text).block(block).render(Rect::new(x, y, width, height), buffer);
}

fn accent(kind: ScreenKind) -> Color {
    match kind {
        ScreenKind::Warning => Color::Red,
        ScreenKind::Confirm => Color::Green,
        ScreenKind::Address | ScreenKind::Output | ScreenKind::Key => Color::Blue,
        ScreenKind::Fee => Color::Yellow,
        ScreenKind::Text => Color::Gray,
    }
}

/// The kernel's framebuffer of a display of 240 × 240 points, 16 bits each.
pub struct Framebuffer {
    file: File,
    points: Points,
}

impl Framebuffer {
    /// Opens a framebuffer.
    ///
    /// # Errors
    /// See [`OpenFramebufferError`].
    pub fn open(path: &Path) -> Result<Self, OpenFramebufferError> {
        let failed = |source| OpenFramebufferError::Open { path: path.into(), source };
        let file = OpenOptions::new().write(true).open(path).map_err(failed)?;
        let shape = Shape::of(path).map_err(failed)?;
        let fits = shape == Shape { width: SIDE, height: SIDE, bits: 16 };
        if !fits {
            return Err(OpenFramebufferError::Shape { path: path.into(), shape });
        }
        Ok(Self { file, points: Points::default() })
    }

    fn show(&mut self, view: &View) -> io::Result<()> {
        let Ok(()) = draw(view, &mut self.points);
        self.file.write_all_at(&self.points.bytes(), 0)
    }
}

/// The shape of a framebuffer, as the kernel tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Points in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bits of a point.
    pub bits: u32,
}

impl Shape {
    fn of(path: &Path) -> io::Result<Self> {
        let name = path.file_name().unwrap_or_default();
        let directory = Path::new("/sys/class/graphics").join(name);
        let read = |file: &str| std::fs::read_to_string(directory.join(file));
        let number = |text: &str| {
            text.trim().parse().map_err(|_| io::Error::other("the kernel tells no numbers"))
        };
        let size = read("virtual_size")?;
        let (width, height) = size.split_once(',').unwrap_or_default();
        Ok(Self {
            width: number(width)?,
            height: number(height)?,
            bits: number(&read("bits_per_pixel")?)?,
        })
    }
}

/// Why a framebuffer can't be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenFramebufferError {
    /// It can't be opened.
    #[error("can't open the display {}: {source}", path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is of another shape.
    #[error(
        "{} has {}x{} points of {} bits: 240x240 of 16 are needed",
        path.display(), shape.width, shape.height, shape.bits
    )]
    Shape {
        /// Which.
        path: PathBuf,
        /// Its shape.
        shape: Shape,
    },
}

/// The points of a small display.
pub struct Points(Vec<Rgb565>);

impl Default for Points {
    fn default() -> Self {
        Self(vec![Rgb565::default(); (SIDE * SIDE) as usize])
    }
}

impl Points {
    /// Row by row.
    pub fn colors(&self) -> impl Iterator<Item = Rgb565> {
        self.0.iter().copied()
    }

    /// Row by row, as the kernel takes them: 16 bits each, the lower byte first.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|point| point.into_storage().to_le_bytes()).collect()
    }
}

impl OriginDimensions for Points {
    fn size(&self) -> Size {
        Size::new(SIDE, SIDE)
    }
}

impl DrawTarget for Points {
    type Color = Rgb565;
    type Error = std::convert::Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb565>>>(
        &mut self,
        pixels: I,
    ) -> Result<(), Self::Error> {
        for Pixel(at, color) in pixels {
            let (Ok(x), Ok(y)) = (u32::try_from(at.x), u32::try_from(at.y)) else { continue };
            if x < SIDE && y < SIDE {
                self.0[(y * SIDE + x) as usize] = color;
            }
        }
        Ok(())
    }
}

/// Columns and rows of the box, with its border.
const BOX_WIDTH: u16 = 26;
const BOX_HEIGHT: u16 = 11;
const _: () = assert!(BOX_WIDTH as usize == COLUMNS + 2 && BOX_HEIGHT as usize == ROWS + 2);

#[cfg(test)]
mod tests {
    use embedded_graphics::geometry::Point;
    use embedded_graphics::pixelcolor::RgbColor as _;

    use super::*;

    #[test]
    fn a_window_shows_all_of_a_view() {
        let rows: Vec<String> =
            (0..ROWS).map(|row| format!("row {row} {}", "x".repeat(18))).collect();
        let view = View {
            kind: ScreenKind::Text,
            title: "A title".to_owned(),
            rows: rows.clone(),
            selected: Some(2),
            footer: "back  1/2  down".to_owned(),
        };
        let area = Rect::new(0, 0, 80, 24);
        let mut buffer = Buffer::empty(area);
        render(&view, area, &mut buffer);
        let lines: Vec<String> = (0..area.height)
            .map(|y| (0..area.width).map(|x| buffer[(x, y)].symbol()).collect())
            .collect();
        let shown = lines.join("\n");
        for text in rows.iter().chain([&view.title, &view.footer]) {
            assert!(shown.contains(text.as_str()), "{text} is not in\n{shown}");
        }
    }

    #[test]
    fn points_outside_are_left_out() {
        let mut points = Points::default();
        let outside =
            [Point::new(-1, 0), Point::new(0, -1), Point::new(240, 0), Point::new(0, 240)];
        let Ok(()) = points.draw_iter(outside.map(|at| Pixel(at, Rgb565::WHITE)));
        assert!(points.bytes().iter().all(|byte| *byte == 0));
    }
}
