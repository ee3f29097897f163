//! Owns HWI, the program by which Bitcoin Core and others drive signers: the newest release as pip
//! installs it, unchanged, once, into `target/tools`; and libusb, without which it finds no device.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::target;

/// The program `hwi`, installed if it is not there.
///
/// # Errors
/// Why it can't be installed: it takes Python 3 with venv, and the network.
pub fn find() -> Result<PathBuf> {
    let (tools, _lock) = target::tools()?;
    let folder = tools.join(RELEASE);
    let (program, complete) = (folder.join("bin/hwi"), folder.join("complete"));
    if !complete.is_file() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        let pip = folder.join("bin/pip");
        run(Command::new(pip).args([
            "install",
            "--quiet",
            "--disable-pip-version-check",
            RELEASE,
            LIBUSB,
        ]))?;
        run(Command::new(folder.join("bin/python")).args(["-c", LINK_LIBUSB]))?;
        File::create(complete)?;
    }
    Ok(program.canonicalize()?)
}

fn run(command: &mut Command) -> Result<()> {
    let said = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    ensure!(said.status.success(), "{command:?}: {}", String::from_utf8_lossy(&said.stderr));
    Ok(())
}

const RELEASE: &str = "hwi==3.2.0";

/// The library for programs that look for USB devices, which a machine may not have.
const LIBUSB: &str = "libusb-package==1.0.30.0";

/// `usb1`, which `hwi` uses, looks beside itself first.
const LINK_LIBUSB: &str = "import pathlib, libusb_package, usb1
library = pathlib.Path(libusb_package.__file__).parent / 'libusb-1.0.so'
(pathlib.Path(usb1.__file__).parent / 'libusb-1.0.so.0').symlink_to(library)";
