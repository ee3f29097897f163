//! Owns the proof over real USB: the kernel's whole stack between the wallet and the signer, in a
//! machine that is booted for it (`tests/src/usb.rs`).
//!
//! Run only with `BILLFOLD_REQUIRE_USB=1`, as `.ci/run` does; then what is missing is a failure.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use billfold_tests::async_hwi::{self, AsyncHwi};
use billfold_tests::node::{Node, software};
use billfold_tests::program::{PASSWORD, Program};
use billfold_tests::usb::device::{self, Device};
use billfold_tests::usb::guest::{Guest, Started, Wiring};
use billfold_tests::usb::{self, Machine};
use billfold_tests::{hwi, signer, vector_wallet};
use bitcoin::{Amount, Psbt};
use serde_json::Value;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");
const SETUP_GADGET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/hw-signer/linux/setup-gadget");
const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
const FINGERPRINT: &str = "73c5da0a";

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

#[test]
fn a_signer_behind_a_gadget_pays_and_survives_its_cable() -> Result<()> {
    let Some(machine) = wanted()? else { return Ok(()) };
    let mut desk = Desk::new(&machine, Wiring::Gadget, "/dev/ttyACM0")?;
    desk.guest.ok(&[SETUP_GADGET, TEST_ID])?;
    desk.guest.await_device(desk.port)?;
    let device = desk.start_device_inside()?;
    // Our wallet knows the gadget by its name, HWI has to be told where it is.
    desk.pair("usb")?;
    desk.pay(1, 1)?;
    desk.is_asked_as_liana_asks()?;

    // The cable is pulled, and comes back with an id that HWI looks for. The device runs on.
    desk.guest.ok(&["sh", "-ec", &replug(JADE_ID)])?;
    desk.guest.await_device(desk.port)?;
    desk.is_found_by_hwi()?;
    let said = desk.guest.kill(device)?;
    ensure!(said.code == 128 + 15, "the device had died: {said:?}");
    desk.guest.off()
}

#[test]
fn a_signer_behind_a_bridge_keeps_its_keys_on_another_kernel() -> Result<()> {
    let Some(machine) = wanted()? else { return Ok(()) };
    let mut desk = Desk::new(&machine, Wiring::Bridge, "/dev/ttyUSB0")?;
    let _device = Device::start(&signer::build()?, desk.guest.bridge()?)?;
    desk.guest.await_device(desk.port)?;
    desk.is_found_by_hwi()?;
    desk.pair(desk.port)?;
    desk.pay(10, 10)?;
    desk.guest.off()
}

/// A machine with a signer on one of its ports, and what is needed to pay with it: the wallet's
/// directory is in the machine while it talks to the signer, and out here while it talks to a node.
struct Desk {
    guest: Guest,
    port: &'static str,
    hwi: PathBuf,
    node: Node,
    wallet: Program,
}

impl Desk {
    fn new(machine: &Machine, wiring: Wiring, port: &'static str) -> Result<Self> {
        let hwi = hwi::find()?;
        let node = Node::funded(software::find()?.swap_remove(0), 20)?;
        let wallet = Program::connected(BILLFOLD, node.address())?;
        let guest = Guest::boot(machine, wiring)?;
        fs::write(guest.file("password")?.0, PASSWORD)?;
        Ok(Self { guest, port, hwi, node, wallet })
    }

    /// Starts the device program on the machine's own end of its gadget.
    fn start_device_inside(&mut self) -> Result<Started> {
        let program = signer::build()?;
        let (outside, inside) = self.guest.file("words")?;
        fs::write(outside, vector_wallet::WORDS)?;
        self.guest.ok(&["mkdir", "state"])?;
        let arguments = device::arguments("/dev/ttyGS0", "/run/home/state", &inside);
        self.guest.start(&[&[text(&program)?], &arguments[..]].concat())
    }

    fn is_found_by_hwi(&mut self) -> Result<()> {
        let found = self.hwi(&["enumerate"])?;
        let found = found.as_array().context("no list")?;
        ensure!(found.len() == 1, "{found:?}");
        ensure!(found[0]["type"] == "jade" && found[0]["path"] == self.port, "{found:?}");
        ensure!(found[0]["fingerprint"] == FINGERPRINT, "{found:?}");
        Ok(())
    }

    /// Asks through `async-hwi`, whose own code for serial ports this is, and has it sign the same again.
    fn is_asked_as_liana_asks(&mut self) -> Result<()> {
        if !async_hwi::is_required() {
            return Ok(());
        }
        let library = AsyncHwi::build()?;
        let library = text(library.path())?;
        let keys = self.guest.json(&[library, self.port, "keys", "m/84'/1'/0'"])?;
        ensure!(keys["fingerprint"] == FINGERPRINT, "{keys}");
        let sign = format!("{library} {} sign </run/share/draft.psbt", self.port);
        let signed = self.guest.json(&["sh", "-ec", &sign])?;
        let theirs: Psbt = signed["psbt"].as_str().context("no PSBT")?.parse()?;
        let ours = billfold_wallet_core::psbt::read(&fs::read(self.guest.file("ours.psbt")?.0)?)?;
        let signatures = |psbt: &Psbt| psbt.inputs[0].partial_sigs.clone();
        ensure!(!signatures(&ours).is_empty(), "nothing is signed");
        ensure!(signatures(&ours) == signatures(&theirs), "two hosts, two signatures");
        Ok(())
    }

    /// Makes the wallet from the signer's keys, and compares an address on all sides.
    fn pair(&mut self, place: &str) -> Result<()> {
        let paired = self.billfold(&["signer", "pair", "--signer", place])?;
        ensure!(paired["fingerprint"] == FINGERPRINT, "{paired}");
        let shown = self.billfold(&["signer", "display", "--signer", place])?;
        let address = vector_wallet::address(84, 0, 0)?.to_string();
        ensure!(shown["address"] == address, "{shown}");
        let shown = self.hwi_here(&["displayaddress", "--path", "m/84h/1h/0h/0/0"])?;
        ensure!(shown["address"] == address, "{shown}");
        self.carry_out()
    }

    /// Receives as many coins, and pays all of them to a stranger: signed by the wallet and by HWI,
    /// which must come to the same, because nonces are deterministic.
    fn pay(&mut self, transactions: u32, outputs: usize) -> Result<()> {
        for _ in 0..transactions {
            let script = vector_wallet::address(84, 0, 0)?.script_pubkey();
            self.node.pay_confirmed(&vec![(script, Amount::from_sat(20_000)); outputs])?;
        }
        self.wallet.ok(&["sync"])?;
        let draft = self.wallet.file("draft.psbt");
        let create = ["psbt", "create", STRANGER, "max", "--fee-rate", "2", "--form", "base64"];
        self.wallet.ok(&[&create[..], &["--out", text(&draft)?]].concat())?;
        let psbt = fs::read_to_string(&draft)?;

        self.carry_in()?;
        fs::copy(&draft, self.guest.file("draft.psbt")?.0)?;
        let sign = ["psbt", "sign", "/run/share/draft.psbt", "--signer", self.port, "--yes"];
        self.billfold(&[&sign[..], &["--out", "/run/share/ours.psbt"]].concat())?;
        let signed = self.hwi_here(&["signtx", psbt.trim()])?;
        ensure!(signed["signed"] == true, "{signed}");
        let theirs = self.guest.file("theirs.psbt")?.0;
        fs::write(&theirs, signed["psbt"].as_str().context("no PSBT")?)?;

        let ours = self.guest.file("ours.psbt")?.0;
        let final_of = |path: &Path| -> Result<Value> {
            let name = self.wallet.file("final.hex");
            let finalize = ["psbt", "finalize", text(path)?, "--form", "hex", "--out"];
            self.wallet.ok(&[&finalize[..], &[text(&name)?]].concat())?;
            let said = fs::read_to_string(&name)?;
            fs::remove_file(&name)?;
            Ok(said.into())
        };
        ensure!(final_of(&ours)? == final_of(&theirs)?, "two hosts, two signatures");
        let sent = self.wallet.ok(&["psbt", "announce", text(&ours)?, "--yes"])?;
        let txid = sent["txid"].as_str().context("no txid")?.parse()?;
        self.node.await_in_mempool(txid)?;
        let inputs = self.node.mempool_transaction(txid)?.input.len();
        ensure!(inputs == usize::try_from(transactions)? * outputs, "{inputs} inputs");
        Ok(())
    }

    /// Runs the wallet in the machine.
    fn billfold(&mut self, arguments: &[&str]) -> Result<Value> {
        let options = ["--network", "regtest", "--json", "--data-dir", "/run/home/data"];
        let password = ["--password-file", "/run/share/password"];
        self.guest.json(&[&[BILLFOLD], &options[..], &password, arguments].concat())
    }

    /// Runs HWI in the machine with the signer at its port.
    fn hwi_here(&mut self, arguments: &[&str]) -> Result<Value> {
        self.hwi(&[&["-t", "jade", "-d", self.port], arguments].concat())
    }

    fn hwi(&mut self, arguments: &[&str]) -> Result<Value> {
        let options = [text(&self.hwi)?, "--chain", "regtest"];
        self.guest.json(&[&options[..], arguments].concat())
    }

    /// The wallet's directory leaves the machine.
    fn carry_out(&mut self) -> Result<()> {
        self.guest.ok(&["cp", "-a", "/run/home/data", "/run/share/data"])?;
        let (outside, _) = self.guest.file("data")?;
        copy(&outside, &self.wallet.data_dir())
    }

    /// The wallet's directory comes back.
    fn carry_in(&mut self) -> Result<()> {
        let (outside, inside) = self.guest.file("back")?;
        copy(&self.wallet.data_dir(), &outside)?;
        self.guest.ok(&["rm", "-r", "/run/home/data"])?;
        self.guest.ok(&["cp", "-a", &inside, "/run/home/data"])?;
        Ok(())
    }
}

/// Sends every byte there is, several times over, and compares what arrives. Both ends are open
/// before the first byte and after the last: what is sent to a closed one is nobody's.
fn carry(from: &str, to: &str) -> String {
    format!(
        "i=0; while [ $i -lt 256 ]; do printf \"\\\\$(printf %03o $i)\"; i=$((i+1)); done >bytes
        for i in 1 2 3 4 5 6 7 8; do cat bytes; done >sent
        stty -F /dev/{to} raw -echo; stty -F /dev/{from} raw -echo
        exec 3</dev/{to} 4>/dev/{from}
        head -c 2048 <&3 >arrived & cat sent >&4; wait
        exec 3<&- 4>&-
        cmp sent arrived && echo whole"
    )
}

/// Pulls the gadget out while its own end stays open, and plugs it in with another id.
fn replug(id: &str) -> String {
    let (vendor, product) = id.split_once(':').unwrap_or_default();
    format!(
        "cd /sys/kernel/config/usb_gadget/billfold
        controller=$(cat UDC); echo '' >UDC
        while [ -e /dev/ttyACM0 ]; do sleep 0.05; done
        echo 0x{vendor} >idVendor; echo 0x{product} >idProduct; echo $controller >UDC"
    )
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else if entry.file_type()?.is_file() {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("not text")
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
