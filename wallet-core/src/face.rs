//! Owns the Face trait: commands in, events out. (being built)
