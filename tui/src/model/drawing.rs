//! Owns how the screens are drawn at one moment: what stands around them, what stands over them, and
//! that there is room.

use ratatui::buffer::Buffer;

use crate::canvas::Canvas;
use crate::effect::Notice;
use crate::frame;
use crate::model::Model;
use crate::places::Places;
use crate::theme::Role;

impl Model {
    /// Draws everything; what is there besides the cells.
    pub fn draw(&self, buffer: &mut Buffer) -> Places {
        let mut places = Places::default();
        self.draw_on(&mut Canvas::new(buffer, self.theme, &mut places));
        if let Some(desk) = self.desk.as_ref().filter(|desk| desk.is_used()) {
            places = Places::default();
            desk.draw(&mut Canvas::new(buffer, self.theme, &mut places));
        }
        places
    }

    fn draw_on(&self, canvas: &mut Canvas<'_>) {
        let (width, height) = (canvas.width(), canvas.height());
        if width < LEAST_COLUMNS || height < LEAST_ROWS {
            let told = format!("billfold needs {LEAST_COLUMNS} columns and {LEAST_ROWS} rows");
            canvas.wrapped(0, &told, Role::Normal);
            return;
        }
        if self.outside.is_some() && self.stack.is_empty() {
            self.top().draw(&self.book, &mut canvas.part(2, 0, width - 4, height - 1));
            frame::banner(&self.book, self.desk.as_ref(), &mut canvas.part(1, 0, width - 2, 1));
            let foot = &mut canvas.part(1, height - 1, width - 2, 1);
            frame::hints(self.top(), self.before.is_some(), &self.keymap, foot);
            return;
        }
        if self.top().fills() {
            self.top().draw(&self.book, canvas);
            return frame::notice(self.notice.as_ref(), canvas);
        }
        let top = self.top();
        let above = (!self.stack.is_empty()).then_some(top);
        let tab = self.is_open().then_some(self.tab);
        frame::head(&self.book, tab, above, &mut canvas.part(1, 0, width - 2, 2));
        frame::banner(&self.book, self.desk.as_ref(), &mut canvas.part(1, 2, width - 2, 1));
        top.draw(&self.book, &mut canvas.part(1, 3, width - 2, height - 5));
        let mut foot = canvas.part(1, 3, width - 2, height - 3);
        let unanswered = self.book.problem.as_ref().map(|error| Notice::Problem(error.to_string()));
        frame::notice(self.notice.as_ref().or(unanswered.as_ref()), &mut foot);
        frame::hints(top, true, &self.keymap, &mut foot.below(height - 4));
    }
}

/// The least screen on which everything has its place.
const LEAST_COLUMNS: u16 = 60;
const LEAST_ROWS: u16 = 16;
