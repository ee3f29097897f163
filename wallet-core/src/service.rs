//! Owns the in-process face: create, open, run. (being built)
