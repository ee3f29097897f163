//! The one program: picks a face from its command line. (being built)

fn main() {}
