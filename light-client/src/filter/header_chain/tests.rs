//! Agreement, contradiction and known filter headers.
