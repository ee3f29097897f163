//! Owns that the library of databases is set up before anybody uses it.
//!
//! `SQLite` sets itself up at the first use, and tells a second thread that this is done while
//! `SQLCipher` is still at its part of it: a file that is opened in that moment takes no key.
//! Refuses to open files: whoever does calls [`ready`] before.

use std::sync::Once;

use rusqlite::Connection;

/// Returns once the library is set up; the first caller does it, and others wait.
pub(super) fn ready() {
    // What fails here fails again where a file is opened, and is told there.
    SET_UP.call_once(|| drop(Connection::open_in_memory()));
}

static SET_UP: Once = Once::new();
