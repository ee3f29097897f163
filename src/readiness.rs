//! Owns what a service manager is told: that the daemon serves, and that it ends, by the datagram
//! socket that `NOTIFY_SOCKET` names (`sd_notify(3)`).
//!
//! Refuses to fail: without a service manager, or with one that does not listen, nothing is told.

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It serves.
    Ready,
    /// It ends.
    Stopping,
}

/// Tells the service manager, if there is one.
#[cfg(unix)]
pub(crate) fn tell(state: State) {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    let Some(name) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let address = match name.as_bytes().strip_prefix(b"@") {
        // Without a place in the file system, which only Linux has.
        #[cfg(target_os = "linux")]
        Some(abstract_name) => {
            use std::os::linux::net::SocketAddrExt as _;
            SocketAddr::from_abstract_name(abstract_name)
        }
        _ => SocketAddr::from_pathname(&name),
    };
    let told = match state {
        State::Ready => "READY=1",
        State::Stopping => "STOPPING=1",
    };
    // Nobody else would want to know.
    let _ = address
        .and_then(|address| UnixDatagram::unbound()?.send_to_addr(told.as_bytes(), &address));
}

/// Elsewhere no service manager listens.
#[cfg(not(unix))]
pub(crate) const fn tell(_state: State) {}
