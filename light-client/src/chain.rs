//! Owns the header chain: work, forks, locators and trusted starts.
//!
//! Refuses the wire: headers come in parsed.

pub mod anchor;
