//! Owns HWI, the program by which Bitcoin Core and others drive signers: the newest release as pip
//! installs it, unchanged, once, into `target/tools`; and libusb, without which it finds no device.

use std::path::PathBuf;

use anyhow::Result;

use crate::pip;

/// The program `hwi`, installed if it is not there.
///
/// # Errors
/// Why it can't be installed: it takes Python 3 with venv, and the network.
pub fn find() -> Result<PathBuf> {
    Ok(pip::installed(&[RELEASE, LIBUSB], LINK_LIBUSB)?.join("bin/hwi"))
}

const RELEASE: &str = "hwi==3.2.0";

/// The library for programs that look for USB devices, which a machine may not have.
const LIBUSB: &str = "libusb-package==1.0.30.0";

/// `usb1`, which `hwi` uses, looks beside itself first.
const LINK_LIBUSB: &str = "import pathlib, libusb_package, usb1
library = pathlib.Path(libusb_package.__file__).parent / 'libusb-1.0.so'
(pathlib.Path(usb1.__file__).parent / 'libusb-1.0.so.0').symlink_to(library)";
