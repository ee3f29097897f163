//! Owns the pages of a review: every output that is not the one change, what it costs, what is
//! unusual.
//!
//! Refuses an output that nobody could compare with anything.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use bitcoin::absolute::LockTime;
use bitcoin::blockdata::script::Instruction;
use bitcoin::hex::DisplayHex as _;
use bitcoin::{Address, Amount, Script};

use super::Refusal;
use super::owner::{Found, Wallet};
use super::sums::Sums;
use crate::network::{Chain, Network};
use crate::psbt::Psbt;
use crate::screen::{Screen, ScreenKind};

/// What the pages are about.
pub(super) struct Shown<'a> {
    pub(super) chain: Chain,
    pub(super) psbt: &'a Psbt,
    pub(super) inputs: &'a [Option<Found>],
    pub(super) outputs: &'a [Option<Found>],
}

impl Shown<'_> {
    pub(super) fn screens(&self, sums: &Sums, fee_proven: bool) -> Result<Vec<Screen>, Refusal> {
        let mut screens = Vec::new();
        let outputs = 0..self.outputs.len();
        let shown: Vec<_> = outputs.filter(|output| sums.change != Some(*output)).collect();
        for (number, output) in shown.iter().enumerate() {
            let title = format!("Output {} of {}", number + 1, shown.len());
            screens.push(self.output(*output, title)?);
        }
        screens.extend(self.warnings(sums, fee_proven));
        screens.push(self.fee(sums, fee_proven));
        screens.push(self.confirm(sums));
        Ok(screens)
    }

    fn output(&self, output: usize, title: String) -> Result<Screen, Refusal> {
        let pays = &self.psbt.transaction.output[output];
        let to = destination(&pays.script_pubkey, self.chain);
        let to = to.ok_or(Refusal::UnknownOutput { output })?;
        let mut lines = vec![self.amount(pays.value), to];
        if let Some(found) = &self.outputs[output] {
            lines.push(format!("This is {}.", found.place));
        }
        Ok(Screen::new(ScreenKind::Output, title, lines))
    }

    fn warnings(&self, sums: &Sums, fee_proven: bool) -> Vec<Screen> {
        let mut warnings = Vec::new();
        if !fee_proven {
            warnings.push((
                "Fee not proven",
                "The wallet did not prove what the inputs are worth. If it lies, the fee is higher \
                 than shown."
                    .to_string(),
            ));
        }
        let paid = sums.spends.checked_sub(sums.returns + sums.fee).unwrap_or(Amount::ZERO);
        if paid > Amount::ZERO && sums.fee > paid / HIGH_FEE_PART {
            warnings.push(("High fee", "The fee is more than 5 % of the payment.".to_string()));
        }
        let others = self.inputs.iter().filter(|found| found.is_none()).count();
        if others > 0 {
            let text = format!("{others} of {} inputs are not yours.", self.inputs.len());
            warnings.push(("Others' inputs", text));
        }
        for (wallet, title, text) in [
            (
                Wallet::OddPath,
                "Unusual path",
                "An input's key is at a path that wallets do not use.",
            ),
            (
                Wallet::Unregistered,
                "Not registered",
                "An input is of a multisig wallet that is not registered. Nothing is recognised as \
                 its change.",
            ),
        ] {
            if self.inputs.iter().flatten().any(|found| found.wallet == wallet) {
                warnings.push((title, text.to_string()));
            }
        }
        let page = |(title, text)| Screen::new(ScreenKind::Warning, title, vec![text]);
        warnings.into_iter().map(page).collect()
    }

    fn fee(&self, sums: &Sums, fee_proven: bool) -> Screen {
        let mut lines = vec![self.amount(sums.fee)];
        lines.extend(sums.weight.and_then(|weight| rate(sums.fee, weight.to_vbytes_ceil())));
        if let Some(leaves) = sums.spends.checked_sub(sums.returns) {
            lines.extend(percentage(sums.fee, leaves));
        }
        if !fee_proven {
            lines.push("Fee not proven".to_string());
        }
        let lock_time = self.psbt.transaction.lock_time;
        if self.psbt.transaction.is_lock_time_enabled() && lock_time != LockTime::ZERO {
            lines.push(match lock_time {
                LockTime::Blocks(height) => format!("Not before block {height}"),
                LockTime::Seconds(time) => format!("Not before the time {time}"),
            });
        }
        Screen::new(ScreenKind::Fee, "Fee", lines)
    }

    fn confirm(&self, sums: &Sums) -> Screen {
        let leaves = sums.spends.checked_sub(sums.returns);
        let mut lines = vec![leaves.map_or_else(
            || format!("{} comes to your wallet.", self.amount(sums.returns - sums.spends)),
            |leaves| format!("{} leaves your wallet, with the fee.", self.amount(leaves)),
        )];
        if let Some(change) = sums.change {
            let change = &self.psbt.transaction.output[change];
            lines.push(format!("Change: {}", self.amount(change.value)));
        }
        let own = self.inputs.iter().flatten().count();
        lines.push(format!("Signs {own} of {} inputs.", self.inputs.len()));
        Screen::new(ScreenKind::Confirm, "Sign?", lines)
    }

    fn amount(&self, amount: Amount) -> String {
        let unit = match self.chain.network() {
            Network::Main => "BTC",
            Network::Test => "tBTC",
        };
        let sat = amount.to_sat();
        format!("{}.{:08} {unit}", sat / SAT_PER_COIN, sat % SAT_PER_COIN)
    }
}

/// What an output pays to, in a form that can be compared; `None` if there is none.
fn destination(script: &Script, chain: Chain) -> Option<String> {
    if script.is_op_return() {
        let written =
            readable(script).unwrap_or_else(|| script.as_bytes()[1..].to_lower_hex_string());
        return Some(format!("Writes: {written}"));
    }
    Address::from_script(script, chain.bitcoin()).ok().map(|address| address.to_string())
}

/// The text that is all that a script writes.
fn readable(script: &Script) -> Option<String> {
    let mut pushes = script.instructions().skip(1);
    let Some(Ok(Instruction::PushBytes(push))) = pushes.next() else { return None };
    let text = str::from_utf8(push.as_bytes()).ok().filter(|_| pushes.next().is_none())?;
    let readable = !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    readable.then(|| text.to_string())
}

fn rate(fee: Amount, vbytes: u64) -> Option<String> {
    let tenths = fee.to_sat().checked_mul(10)?.checked_div(vbytes)?;
    Some(format!("About {}.{} sat/vB", tenths / 10, tenths % 10))
}

fn percentage(fee: Amount, leaves: Amount) -> Option<String> {
    let tenths = fee.to_sat().checked_mul(1_000)?.checked_div(leaves.to_sat())?;
    Some(format!("{}.{} % of what leaves", tenths / 10, tenths % 10))
}

const SAT_PER_COIN: u64 = 100_000_000;

/// A fee above this part of what others get is told: 5 %.
const HIGH_FEE_PART: u64 = 20;
