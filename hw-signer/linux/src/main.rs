//! The program `billfold-signer`: reads the command line and runs the device.

use anyhow::Result;
use billfold_signer::arguments::Arguments;
use billfold_signer::machine::Machine;
use clap::Parser as _;

fn main() -> Result<()> {
    Machine::new(&Arguments::parse())?.run()
}
