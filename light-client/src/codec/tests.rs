//! Streams cut anywhere, and hostile ones.
