//! Owns the proof over real USB: the kernel's whole stack between the wallet and the signer, in a
//! machine that is booted for it (`tests/src/usb.rs`).
//!
//! Run only with `BILLFOLD_REQUIRE_USB=1`, as `.ci/run` does; then what is missing is a failure.

use anyhow::{Result, ensure};
use billfold_tests::usb::guest::{Guest, Wiring};
use billfold_tests::usb::{self, Machine};

const SETUP_GADGET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/hw-signer/linux/setup-gadget");

/// Everybody's id for tests. No product may use it.
const TEST_ID: &str = "1209:0001";

/// An id of Espressif's, which HWI looks for. It is nobody's to use outside this machine.
const JADE_ID: &str = "303a:4001";

#[test]
fn a_gadget_carries_bytes_both_ways_and_can_be_taken_back() -> Result<()> {
    let Some(machine) = wanted()? else { return Ok(()) };
    let mut guest = Guest::boot(&machine, Wiring::Gadget)?;
    for id in [TEST_ID, JADE_ID] {
        guest.ok(&[SETUP_GADGET, id])?;
        guest.await_device("/dev/ttyACM0")?;
        let name = guest.ok(&["cat", "/sys/class/tty/ttyACM0/device/../product"])?;
        ensure!(name == "billfold signer\n", "{name}");
        for (from, to) in [("ttyACM0", "ttyGS0"), ("ttyGS0", "ttyACM0")] {
            let carried = guest.ok(&["sh", "-ec", &carry(from, to)])?;
            ensure!(carried == "whole\n", "{carried}");
        }
        let again = guest.run(&[SETUP_GADGET, id])?;
        ensure!(again.code == 1 && again.stderr.contains("set up already"), "{again:?}");
        guest.ok(&[SETUP_GADGET, "--remove"])?;
        guest.ok(&[
            "sh",
            "-ec",
            "! ls /dev/ttyGS0 /dev/ttyACM0 /sys/kernel/config/usb_gadget/*",
        ])?;
    }
    let bad = guest.run(&[SETUP_GADGET, "1209"])?;
    ensure!(bad.code == 1 && bad.stderr.contains("is not VENDOR:PRODUCT"), "{bad:?}");
    guest.off()
}

/// Sends every byte there is, several times over, and compares what arrives.
fn carry(from: &str, to: &str) -> String {
    format!(
        "i=0; while [ $i -lt 256 ]; do printf \"\\\\$(printf %03o $i)\"; i=$((i+1)); done >bytes
        for i in 1 2 3 4 5 6 7 8; do cat bytes; done >sent
        stty -F /dev/{to} raw -echo; stty -F /dev/{from} raw -echo
        head -c 2048 </dev/{to} >arrived & cat sent >/dev/{from}; wait
        cmp sent arrived && echo whole"
    )
}

/// The machine, if tests are to boot it.
#[allow(clippy::print_stderr, reason = "a test that is not run says so")]
fn wanted() -> Result<Option<Machine>> {
    if !usb::is_required() {
        eprintln!("skipped: BILLFOLD_REQUIRE_USB=1 boots a machine of Debian's packages for it");
        return Ok(None);
    }
    Machine::find().map(Some)
}
