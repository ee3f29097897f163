//! Owns encryption at rest: the header file, the file key and the seed key. (being built)
