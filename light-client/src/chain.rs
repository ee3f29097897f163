//! Owns the header chain: trusted starts, work, consensus rules of headers, forks, locators.
//!
//! Refuses the wire: headers come in parsed.

pub mod anchor;
pub mod work;
pub mod rules;
mod side_branches;
pub mod header_tree;
pub mod locator;
pub(crate) mod presync;
pub mod block_body;
pub mod merkle_tree;
pub mod signet;

#[cfg(test)]
pub(crate) mod mine;
