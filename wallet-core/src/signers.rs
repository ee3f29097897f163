//! Owns signing: software keys behind one trait. (being built)
