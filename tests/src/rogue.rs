//! Owns a peer with a vice: it stands before an honest node, passes on what both sides say, and
//! now and then does something else.
//!
//! Over either transport towards the wallet. Refuses to know vices: a test says what they are.

mod line;

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use billfold_wallet_core::light_client::dial::Wire;

use line::{Said, answer, node_line};

pub use line::Message;

/// Who says a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// The wallet.
    Wallet,
    /// The honest node.
    Node,
}

/// What a rogue does with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Passes it on.
    Pass,
    /// Swallows it.
    Swallow,
    /// Says this instead, to the wallet.
    Say(Vec<Message>),
    /// Sends these bytes to the wallet instead, as they are.
    Blurt(Vec<u8>),
    /// Passes it on with its last byte changed on the way, after it was sealed.
    Tamper,
    /// Closes the connection.
    Leave,
    /// Says nothing more, and stays.
    FallSilent,
    /// From now on sends a byte at a time, with pauses.
    Drip,
}

/// What a rogue does on one connection.
pub type Vice = Box<dyn FnMut(From, &Message) -> Deed + Send>;

/// A rogue that is listening; it ends with the test.
#[derive(Debug)]
pub struct Rogue {
    /// Where it listens.
    pub address: SocketAddr,
    deeds: Receiver<()>,
}

impl Rogue {
    /// A rogue before the node, with a new vice for each connection.
    ///
    /// # Errors
    /// What the system said.
    pub fn before(
        node: SocketAddr,
        wire: Wire,
        vice: impl Fn() -> Vice + Send + 'static,
    ) -> Result<Self> {
        let (tell, deeds) = mpsc::channel();
        let address = listen(move |stream| {
            let connection = Connection { vice: Arc::new(Mutex::new(vice())), deeds: tell.clone() };
            thread::spawn(move || drop(connection.serve(stream, wire, node)));
        })?;
        Ok(Self { address, deeds })
    }

    /// One that says these bytes to whoever connects, whatever they say, and stays.
    ///
    /// # Errors
    /// What the system said.
    pub fn blurting(bytes: Vec<u8>) -> Result<Self> {
        let (tell, deeds) = mpsc::channel();
        let kept = Mutex::new(Vec::new());
        let address = listen(move |mut stream| {
            if stream.write_all(&bytes).is_ok() {
                // The test may have seen enough.
                let _ = tell.send(());
            }
            lock(&kept).push(stream);
        })?;
        Ok(Self { address, deeds })
    }

    /// Waits until the rogue does what it should not.
    ///
    /// # Errors
    /// That it had no occasion to.
    pub fn await_deed(&self) -> Result<()> {
        self.deeds.recv_timeout(PATIENCE).context("the rogue had no occasion")
    }
}

/// An honest peer that nobody can reach until the gate is opened: so that a rogue comes first.
#[derive(Debug)]
pub struct Gate {
    /// Where it listens.
    pub address: SocketAddr,
    opens: Sender<()>,
}

impl Gate {
    /// A gate before the node.
    ///
    /// # Errors
    /// What the system said.
    pub fn before(node: SocketAddr) -> Result<Self> {
        let (opens, opened) = mpsc::channel::<()>();
        let opened = Mutex::new(opened);
        let address = listen(move |stream| {
            // Disconnected is open too: the test is over.
            let _ = lock(&opened).recv();
            if let Ok(other) = TcpStream::connect(node) {
                thread::spawn(move || crate::splice::splice(stream, other));
            }
        })?;
        Ok(Self { address, opens })
    }

    /// Lets everybody in, from now on.
    pub fn open(self) {
        drop(self.opens);
    }
}

struct Connection {
    vice: Arc<Mutex<Vice>>,
    deeds: Sender<()>,
}

impl Connection {
    fn serve(self, wallet: TcpStream, wire: Wire, node: SocketAddr) -> Result<()> {
        let (mut hear_wallet, tell_wallet) = answer(wallet, wire)?;
        let (mut hear_node, mut tell_node) = node_line(TcpStream::connect(node)?)?;
        let tell_wallet = Arc::new(Mutex::new(tell_wallet));
        let asking = {
            let (tell_wallet, connection) = (Arc::clone(&tell_wallet), self.again());
            thread::spawn(move || {
                while let Ok(message) = hear_wallet.next() {
                    let passed = match connection.judge(From::Wallet, &message) {
                        Deed::Pass => tell_node.say(&message),
                        deed => commit(deed, &message, &tell_wallet),
                    };
                    if passed.is_err() {
                        break;
                    }
                }
                tell_node.end();
                lock(&tell_wallet).end();
            })
        };
        while let Ok(message) = hear_node.next() {
            let deed = self.judge(From::Node, &message);
            if commit(deed, &message, &tell_wallet).is_err() {
                break;
            }
        }
        lock(&tell_wallet).end();
        // A thread that passes messages on has nothing to tell.
        let _ = asking.join();
        Ok(())
    }

    fn again(&self) -> Self {
        Self { vice: Arc::clone(&self.vice), deeds: self.deeds.clone() }
    }

    fn judge(&self, from: From, message: &Message) -> Deed {
        let deed = lock(&self.vice)(from, message);
        if deed != Deed::Pass {
            // The test may have seen enough.
            let _ = self.deeds.send(());
        }
        deed
    }
}

fn commit(deed: Deed, message: &Message, wallet: &Mutex<Said>) -> Result<()> {
    let mut wallet = lock(wallet);
    match deed {
        Deed::Pass => wallet.say(message),
        Deed::Swallow => Ok(()),
        Deed::Say(messages) => messages.iter().try_for_each(|message| wallet.say(message)),
        Deed::Blurt(bytes) => wallet.send(&bytes),
        Deed::Tamper => wallet.tamper(message),
        Deed::Leave => anyhow::bail!("it leaves"),
        Deed::FallSilent => {
            wallet.fall_silent();
            Ok(())
        }
        Deed::Drip => {
            wallet.drip();
            wallet.say(message)
        }
    }
}

fn listen(mut accept: impl FnMut(TcpStream) + Send + 'static) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            accept(stream);
        }
    });
    Ok(address)
}

/// No code panics while it holds a lock here but a vice, which ends its connection.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const PATIENCE: Duration = Duration::from_secs(120);
