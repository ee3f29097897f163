//! Owns the machine with USB that tests boot: QEMU with Debian's kernel, made once by
//! `tests/usb/machine` in `target/tools`, without installing anything.
//!
//! Made only when it is asked for, because it takes Debian's packages and some minutes.

pub mod guest;
pub mod device;

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::target;

/// The parts that a machine is booted from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    folder: PathBuf,
}

/// Whether tests are to boot it: `BILLFOLD_REQUIRE_USB=1`.
#[must_use]
pub fn is_required() -> bool {
    env::var_os("BILLFOLD_REQUIRE_USB").is_some_and(|value| value == "1")
}

impl Machine {
    /// The machine, made if it is not there.
    ///
    /// # Errors
    /// Why it can't be made, as the script says it.
    pub fn find() -> Result<Self> {
        let (tools, _lock) = target::tools()?;
        let folder = tools.join("usb");
        let made = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("usb/machine"))
            .arg(&folder)
            .stdin(Stdio::null())
            .output()
            .context("tests/usb/machine")?;
        ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Ok(Self { folder: folder.canonicalize()? })
    }

    /// QEMU, not yet told what hangs on it.
    fn qemu(&self) -> Command {
        let mut qemu = Command::new(self.folder.join("qemu"));
        qemu.arg("-kernel").arg(self.folder.join("kernel"));
        qemu.arg("-initrd").arg(self.folder.join("initrd"));
        qemu
    }
}
