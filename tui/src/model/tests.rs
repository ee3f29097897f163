//! Tests of the screens through the model: pictures of each, and sessions by keystroke.

mod contrast;
mod puppet;
mod pictures;
mod sessions;
