//! Owns how a view is drawn on 240 × 240 points, for any display that `embedded-graphics` knows.

use billfold_signer_core::screen::ScreenKind;
use billfold_signer_core::view::View;
use embedded_graphics::Drawable as _;
use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{Point, Size};
use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::ascii::FONT_10X20;
use embedded_graphics::pixelcolor::{Rgb565, RgbColor as _, WebColors as _};
use embedded_graphics::primitives::{Primitive as _, PrimitiveStyle, Rectangle};
use embedded_graphics::text::{Baseline, Text};

/// Points of the display in each direction.
pub const SIDE: u32 = 240;

/// Draws a view over whatever is there.
///
/// # Errors
/// What the display says.
pub fn draw<D: DrawTarget<Color = Rgb565>>(view: &View, display: &mut D) -> Result<(), D::Error> {
    let (paper, ink) = (Rgb565::BLACK, Rgb565::WHITE);
    display.clear(paper)?;
    bar(display, 0, accent(view.kind))?;
    line(display, 0, &view.title, Rgb565::WHITE)?;
    for (place, row) in (1..).zip(&view.rows) {
        let selected = view.selected.is_some_and(|selected| selected + 1 == usize::from(place));
        if selected {
            bar(display, place, ink)?;
        }
        line(display, place, row, if selected { paper } else { ink })?;
    }
    bar(display, LAST, Rgb565::CSS_DARK_SLATE_GRAY)?;
    line(display, LAST, &view.footer, ink)
}

fn bar<D: DrawTarget<Color = Rgb565>>(
    display: &mut D,
    row: u8,
    color: Rgb565,
) -> Result<(), D::Error> {
    let style = PrimitiveStyle::with_fill(color);
    Rectangle::new(top(row), Size::new(SIDE, 20)).into_styled(style).draw(display)
}

fn line<D: DrawTarget<Color = Rgb565>>(
    display: &mut D,
    row: u8,
    text: &str,
    color: Rgb565,
) -> Result<(), D::Error> {
    let style = MonoTextStyle::new(&FONT_10X20, color);
    Text::with_baseline(text, top(row), style, Baseline::Top).draw(display)?;
    Ok(())
}

fn top(row: u8) -> Point {
    // The title and the footer stand a little apart.
    let gap = match row {
        0 => 0,
        LAST => 20,
        _ => 10,
    };
    Point::new(0, i32::from(row) * 20 + gap)
}

fn accent(kind: ScreenKind) -> Rgb565 {
    match kind {
        ScreenKind::Warning => Rgb565::CSS_DARK_RED,
        ScreenKind::Confirm => Rgb565::CSS_DARK_GREEN,
        ScreenKind::Address | ScreenKind::Output | ScreenKind::Key => Rgb565::CSS_DARK_BLUE,
        ScreenKind::Fee => Rgb565::CSS_SADDLE_BROWN,
        ScreenKind::Text => Rgb565::CSS_DIM_GRAY,
    }
}

/// The row of the footer.
const LAST: u8 = 10;

#[cfg(test)]
mod tests;
