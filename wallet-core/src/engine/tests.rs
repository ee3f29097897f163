//! The production engine over loopback sockets, one step at a time.

mod accounts;
mod activity;
mod between;
mod crash;
mod home;
mod importing;
mod machine;
mod matched;
mod restart;
mod refusal;
mod rescan;
mod search;
mod several;
