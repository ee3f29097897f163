//! Owns the command line of `billfold-signer`.

use std::path::PathBuf;

use billfold_signer_core::network::Network;
use clap::{Parser, ValueEnum};

/// A signing device: keys and questions on its own screen, hosts on a serial port.
#[derive(Debug, Parser)]
#[command(name = "billfold-signer", version)]
#[command(group = clap::ArgGroup::new("port").required(true).multiple(false))]
pub struct Arguments {
    /// The serial port where hosts are: a gadget's (/dev/ttyGS0) or a UART (/dev/ttyAMA0).
    #[arg(long, value_name = "PATH", group = "port")]
    pub serial: Option<PathBuf>,

    /// Listens on loopback instead: an emulator.
    #[cfg(feature = "emulator")]
    #[arg(long, value_name = "ADDRESS", group = "port")]
    pub listen: Option<std::net::SocketAddr>,

    /// The directory of the sealed state.
    #[arg(long, value_name = "DIR", default_value = "/var/lib/billfold-signer")]
    pub state: PathBuf,

    /// Where questions are shown.
    #[arg(long, value_enum, default_value_t = ScreenChoice::Terminal)]
    pub screen: ScreenChoice,

    /// The small display, for `--screen framebuffer`.
    #[arg(long, value_name = "PATH", default_value = "/dev/fb0")]
    pub framebuffer: PathBuf,

    /// The buttons, for `--screen framebuffer`.
    #[arg(long, value_name = "PATH", default_value = "/dev/input/event0")]
    pub buttons: PathBuf,

    /// What new keys are for.
    #[arg(long, value_enum, default_value_t = DEFAULT_NETWORK)]
    pub network: NetworkChoice,

    /// Agrees to every question. For tests.
    #[cfg(feature = "test-build")]
    #[arg(long)]
    pub auto_confirm: bool,

    /// Takes the words in this file. For tests.
    #[cfg(feature = "test-build")]
    #[arg(long, value_name = "FILE")]
    pub mnemonic_file: Option<PathBuf>,
}

/// Where questions are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScreenChoice {
    /// In this terminal, answered by its keys.
    Terminal,
    /// On a display of 240 × 240 points, answered by buttons.
    Framebuffer,
    /// Nowhere: nothing can be agreed to.
    None,
}

/// What new keys are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NetworkChoice {
    /// Real money.
    Main,
    /// Play money.
    Test,
}

impl From<NetworkChoice> for Network {
    fn from(choice: NetworkChoice) -> Self {
        match choice {
            NetworkChoice::Main => Self::Main,
            NetworkChoice::Test => Self::Test,
        }
    }
}

/// A build for tests holds no keys for real money.
const DEFAULT_NETWORK: NetworkChoice =
    if cfg!(feature = "test-build") { NetworkChoice::Test } else { NetworkChoice::Main };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_port() {
        let parsed = |arguments: &[&str]| {
            Arguments::try_parse_from([&["billfold-signer"], arguments].concat()).is_ok()
        };
        assert!(parsed(&["--serial", "/dev/ttyGS0", "--screen", "framebuffer"]));
        assert!(!parsed(&[]));
        assert_eq!(parsed(&["--listen", "127.0.0.1:30121"]), cfg!(feature = "emulator"));
        assert!(!parsed(&["--serial", "/dev/ttyGS0", "--listen", "127.0.0.1:30121"]));
    }
}
