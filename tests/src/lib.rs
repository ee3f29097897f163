//! Harness for tests that look at every floor. (being built)
