//! Owns the desk of the demonstration: a person at a terminal with the play-money network, this
//! program's own commands, and a signer whose display is drawn here and whose buttons are typed.
//!
//! Refuses to carry out a command itself: each is this program, started as a shell would start it,
//! and told of nothing that is the user's.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use billfold_devnet::Devnet;
use billfold_signer_core::press::Press;
use billfold_signer_core::view::{COLUMNS, View};
use billfold_wallet_core::amount::parse_amount;
use billfold_wallet_core::recipient::Payee;
use bitcoin::Network;
use tokio::process::{Child, Command};

use crate::demo::emulator::Emulator;
use crate::failure::{Failure, Kind};
use crate::interrupt::Interrupt;
use crate::terminal::Terminal;

/// What lies on the desk.
pub(super) struct Desk<'a> {
    dir: &'a Path,
    program: PathBuf,
    network: Devnet,
    signer: Emulator,
    terminal: Terminal,
}

impl<'a> Desk<'a> {
    /// Starts the network and switches the signer on; wallets will be in `dir`.
    ///
    /// # Errors
    /// `io` if the system does not give what it takes.
    pub(super) fn set_up(dir: &'a Path, terminal: Terminal) -> Result<Self, Failure> {
        let failed = |error| Failure::new(Kind::Io, format!("the desk can't be set up: {error}"));
        let network = Devnet::start().map_err(failed)?;
        network.fund_faucet();
        std::fs::write(dir.join(PASSWORD), "play money\n").map_err(failed)?;
        let program = env::current_exe().map_err(failed)?;
        Ok(Self { dir, program, network, signer: Emulator::switch_on()?, terminal })
    }

    /// Does what the person types, until they end it.
    ///
    /// # Errors
    /// `interrupted`, or that the terminal or the signer is gone.
    pub(super) async fn serve(mut self, interrupt: &mut Interrupt) -> Result<(), Failure> {
        self.terminal.show(WELCOME)?;
        loop {
            let line = self.terminal.ask("\nbillfold> ", interrupt).await?;
            let words: Vec<&str> = line.split_whitespace().collect();
            let done = match words[..] {
                [] => Ok(()),
                ["end"] => return Ok(()),
                ["desk"] => self.terminal.show(WELCOME),
                ["device"] => self.use_device(interrupt).await,
                ["mine"] => self.mine(),
                ["fund", address, amount] => self.fund(address, amount),
                _ => self.carry_out(&words, interrupt).await,
            };
            match done {
                Err(failure) if ENDS.contains(&failure.kind()) => return Err(failure),
                Err(failure) => self.terminal.show(&format!("error: {}", failure.message()))?,
                Ok(()) => {}
            }
        }
    }

    fn mine(&mut self) -> Result<(), Failure> {
        let mined = self.network.mine(1, self.network.faucet_script());
        let transactions = mined.iter().filter_map(|hash| self.network.block(*hash));
        let payments: usize = transactions.map(|block| block.txdata.len() - 1).sum();
        let (height, _) = self.network.tip();
        self.terminal.show(&format!("Block {height} is mined, with {payments} of what waited."))
    }

    /// The faucet pays an address, in a block.
    fn fund(&mut self, address: &str, amount: &str) -> Result<(), Failure> {
        let payee = Payee::parse(address, Network::Regtest)?;
        let paid = self.network.pay(&payee.address.script_pubkey(), parse_amount(amount)?);
        paid.map_err(|error| Failure::new(Kind::Refused, error.to_string()))?;
        self.mine()
    }

    /// Lets the person use the signer's own menus.
    async fn use_device(&mut self, interrupt: &mut Interrupt) -> Result<(), Failure> {
        self.terminal.show(&format!("{BUTTONS}\n{LEAVE}"))?;
        loop {
            match self.ask_at_signer(interrupt).await?.as_str() {
                "leave" => return Ok(()),
                line => self.press(line).await?,
            }
        }
    }

    /// Starts this program. Whenever the signer asks, the person answers there.
    async fn carry_out(
        &mut self,
        words: &[&str],
        interrupt: &mut Interrupt,
    ) -> Result<(), Failure> {
        let failed = |error| Failure::new(Kind::Io, format!("billfold can't be started: {error}"));
        let mut child = self.command(words).spawn().map_err(failed)?;
        let followed = self.follow(&mut child, interrupt).await;
        if followed.is_err() {
            // Ctrl-C reached it too: it closes its wallet, or is ended.
            let _ = tokio::time::timeout(FAREWELL, child.wait()).await;
            let _ = child.kill().await;
        }
        followed
    }

    async fn follow(
        &mut self,
        child: &mut Child,
        interrupt: &mut Interrupt,
    ) -> Result<(), Failure> {
        loop {
            let asks = self.signer.until(|picture| picture.awaited);
            tokio::select! {
                // How it ended was told by itself.
                _ = child.wait() => return Ok(()),
                asks = interrupt.or(asks) => asks??,
            };
            self.terminal.show(BUTTONS)?;
            while self.signer.picture().awaited {
                let line = self.ask_at_signer(interrupt).await?;
                self.press(&line).await?;
            }
        }
    }

    /// Shows the signer's display, and asks what is pressed.
    async fn ask_at_signer(&mut self, interrupt: &mut Interrupt) -> Result<String, Failure> {
        self.terminal.show(&drawn(&self.signer.picture().view))?;
        Ok(self.terminal.ask("signer: ", interrupt).await?.to_string())
    }

    /// Presses the buttons that a line names. Other words are typed, and ended by OK if the display
    /// took them: on a page that is read, no letter agrees to anything.
    async fn press(&self, line: &str) -> Result<(), Failure> {
        for word in line.split_whitespace() {
            if let Some(press) = button(word) {
                self.signer.press(press).await?;
            } else {
                let before = self.signer.picture().view;
                let mut shown = None;
                for letter in word.chars() {
                    shown = Some(self.signer.press(Press::Letter(letter)).await?.view);
                }
                if shown.is_some_and(|shown| shown != before) {
                    self.signer.press(Press::Confirm).await?;
                }
            }
            self.signer.until(|picture| !picture.working).await?;
        }
        Ok(())
    }

    /// This program, with the desk's network, wallets and signer for its own.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        let ours = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with("BILLFOLD_");
        for (name, _) in env::vars_os().filter(|(name, _)| ours(name)) {
            command.env_remove(name);
        }
        let place = self.signer.place().to_string();
        let named = |word| if word == OUR_SIGNER { place.as_str() } else { word };
        command
            .args(words.iter().copied().map(named))
            .kill_on_drop(true)
            .env("HOME", self.dir)
            .env("XDG_CONFIG_HOME", self.dir)
            .env("BILLFOLD_DATA_DIR", self.dir.join("data"))
            .env("BILLFOLD_PASSWORD_FILE", self.dir.join(PASSWORD))
            .env("BILLFOLD_NETWORK", "regtest")
            .env("BILLFOLD_CONNECT", self.network.address().to_string());
        // Elsewhere it would pay from a wallet that has keys of its own.
        if words.contains(&"signer") {
            command.env("BILLFOLD_SIGNER", &place);
        }
        command
    }
}

fn button(word: &str) -> Option<Press> {
    match word {
        "up" => Some(Press::Up),
        "down" => Some(Press::Down),
        "ok" => Some(Press::Confirm),
        "back" => Some(Press::Back),
        _ => None,
    }
}

/// The display, as a box of characters.
fn drawn(view: &View) -> String {
    let edge = |text: &str| {
        let text = if text.is_empty() { String::new() } else { format!(" {text} ") };
        format!("  +{text:-<width$}+\n", width = COLUMNS + 2)
    };
    let row = |(place, row): (usize, &String)| {
        let mark = if view.selected == Some(place) { '>' } else { ' ' };
        format!("  |{mark}{row:<COLUMNS$} |\n")
    };
    let rows: String = view.rows.iter().enumerate().map(row).collect();
    format!("{}{rows}{}", edge(&view.title), edge(&view.footer))
}

/// The file with the password of the desk's wallets, whose money is play money.
const PASSWORD: &str = "password";

/// How long a command may take to close its wallet.
const FAREWELL: Duration = Duration::from_secs(10);

/// What ends the demonstration.
const ENDS: [Kind; 3] = [Kind::Interrupted, Kind::Bug, Kind::Io];

/// What stands for the place of the desk's signer.
const OUR_SIGNER: &str = "desk";

const WELCOME: &str = "\
Play money, a network for it and a signing device, all in this program and gone when you leave.
What follows billfold in a shell is typed here. A story to begin with:

  device                 make keys on the signer: Create keys, 12 words, rolls of a die
  signer pair            a wallet whose keys stay there
  signer display         an address of it, to be compared on both screens
  fund ADDRESS 100k      the faucet pays it, in a block
  sync
  pay bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080 25k --signer desk
                         reviewed here, then on the signer: refuse it once, then agree
  mine                   a block, which confirms what waits
  sync, then history

desk shows this again, end leaves. billfold demo --headless tells a story by itself.";

const BUTTONS: &str = "\
You are at the signer. Its buttons: up, down, ok, back. Anything else is typed on it.";

const LEAVE: &str = "leave goes back to the desk.";
