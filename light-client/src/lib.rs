//! A BIP157/158 chain client as a value and a function.
//!
//! Owns chain validation, compact filters, peers as conversations. Refuses clocks, files,
//! sockets, threads, channels, async and OS randomness: a driver owns those. What is promised to
//! a wallet: once an honest peer that serves filters and blocks has answered, no payment to a watched
//! script is missed, whatever all other peers say (`docs/promise.md`).
//!
//! # The run loop
//!
//! [`LightClient::handle`] takes one [`Input`](input::Input) with the time and can't fail. After
//! it, and after [`LightClient::new`], a driver does three things, in this order:
//!
//! 1. [`take_staged`](LightClient::take_staged): commit the change set to disk,
//! 2. [`poll`](LightClient::poll) until `None`: do what each output says, in order,
//! 3. [`deadline`](LightClient::deadline): wait for the next input until then at the longest, and
//!    when that time has come, pass `Input::Deadline`.
//!
//! `handle` panics when outputs are left over from the step before. Jobs may run on any thread and
//! come back in any order. The same arguments and inputs give the same outputs, byte for byte, so
//! a run that was written down can be replayed.
//!
//! # Example
//!
//! A driver in which nobody answers: it dials, fails, and is told when to try again.
//!
//! ```
//! use std::time::Duration;
//!
//! use billfold_light_client::LightClient;
//! use billfold_light_client::chain::anchor::Anchor;
//! use billfold_light_client::change_set::Restored;
//! use billfold_light_client::config::{Config, Route};
//! use billfold_light_client::dial::DialProblem;
//! use billfold_light_client::input::Input;
//! use billfold_light_client::io::Io;
//! use billfold_light_client::job;
//! use billfold_light_client::output::Output;
//! use billfold_light_client::params::Params;
//! use billfold_light_client::time::{MonoTime, Now, WallTime};
//!
//! let params = Params::regtest();
//! let config = Config {
//!     base: Anchor::genesis(&params),
//!     connect: vec!["127.0.0.1:18444".parse()?],
//!     route: Route::Direct,
//!     params,
//!     mempool: true,
//! };
//! let mut now = Now { mono: MonoTime::START, wall: WallTime::new(1_800_000_000) };
//! let mut client = LightClient::new(config, Restored::default(), [0; 32], now);
//! let mut dials = 0;
//! for _ in 0..8 {
//!     let mut inputs = Vec::new();
//!     if let Some(_change_set) = client.take_staged() {
//!         // Write it to disk before anything leaves.
//!     }
//!     while let Some(output) = client.poll() {
//!         match output {
//!             Output::Io(Io::Dial { peer, .. }) => {
//!                 dials += 1;
//!                 let why = DialProblem::Refused;
//!                 inputs.push(Input::DialFailed { peer, why });
//!             }
//!             Output::Io(Io::Job { id, job }) => {
//!                 inputs.push(Input::JobDone { id, result: job::run(&job) });
//!             }
//!             // Send, close, tell the wallet, show to the user.
//!             _ => {}
//!         }
//!     }
//!     let input = inputs.pop().unwrap_or_else(|| {
//!         // Nothing came in until the deadline.
//!         let due = client.deadline().expect("it will dial again");
//!         let waited: Duration = due.since(now.mono);
//!         now = Now { mono: due, wall: now.wall.after(waited) };
//!         Input::Deadline
//!     });
//!     client.handle(now, input);
//! }
//! assert_eq!(dials, 4);
//! # Ok::<(), billfold_light_client::peer_id::ParsePeerAddressError>(())
//! ```
//!
//! # Modules
//!
//! A module uses only modules that stand before it in this list.

pub mod height;
pub mod height_ranges;
pub mod time;
pub mod limits;
pub mod peer_id;
pub mod dial;
pub mod peer_order;
pub mod params;
pub mod chain;
pub mod filter;
pub mod kept;
pub mod config;
pub mod fault;
pub mod job;
pub mod input;
pub mod io;
pub mod output;
pub mod change_set;
pub mod fees;
pub mod status;
pub mod evidence;
pub mod known_block;
mod timers;
mod tally;
pub mod codec;
mod outbox;
mod transaction_id;
mod retry;
mod pace;
mod matching;
mod peers;
mod sync;
pub mod client;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;

pub use client::LightClient;
