//! The program `billfold-signer`: reads the command line and runs the device.

use anyhow::Result;
use billfold_signer::arguments::{Arguments, ScreenChoice};
use billfold_signer::machine::Machine;
use billfold_signer::sandbox::Walls;
use clap::Parser as _;

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let machine = Machine::new(&arguments)?;
    // A terminal is the device's own screen by now.
    if arguments.screen != ScreenChoice::Terminal {
        tell_gaps(machine.walls());
    }
    machine.run()
}

#[expect(clippy::print_stderr, reason = "for whoever looks after the board")]
fn tell_gaps(walls: Walls) {
    if !walls.files {
        eprintln!("this kernel has no Landlock: the program is not kept from other files");
    }
    if !walls.calls {
        eprintln!("no filter of system calls is written for this processor");
    }
}
