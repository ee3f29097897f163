//! Owns what is watched of others: the scripts of their coins, as long as a payment of this wallet
//! spends them and no block holds it. A sweep spends nothing else (ADR 0281).
//!
//! Without them the wallet would never see that somebody else spent such a coin: a block's filter
//! tells of what is spent by its script alone (BIP158), and the payment would wait for ever.

use std::collections::BTreeSet;

use bitcoin::ScriptBuf;

use crate::command::StoreProblem;
use crate::light_client::input::ScanStart;
use crate::limits::OTHERS_LOOK_BACK;
use crate::psbt::spent_outputs;

use super::Wallet;

impl Wallet {
    /// All of these scripts; from here on [`grown_of_others`](Self::grown_of_others) tells what
    /// comes anew.
    pub(super) fn watch_others(&mut self) -> Result<Vec<ScriptBuf>, StoreProblem> {
        self.others = self.scripts_of_others()?;
        Ok(self.others.iter().cloned().collect())
    }

    /// Those that the light client was not told of yet, and since when their coins may have been
    /// spent.
    pub(super) fn grown_of_others(
        &mut self,
    ) -> Result<(Vec<ScriptBuf>, Option<ScanStart>), StoreProblem> {
        let mut grown = Vec::from_iter(self.scripts_of_others()?);
        grown.retain(|script| self.others.insert(script.clone()));
        let since = match self.cursor()? {
            Some(passed) if !grown.is_empty() => Some(passed.height.down(OTHERS_LOOK_BACK)),
            _ => None,
        };
        Ok((grown, since.map(ScanStart::Height)))
    }

    fn scripts_of_others(&self) -> Result<BTreeSet<ScriptBuf>, StoreProblem> {
        let payments = self.file.unconfirmed_with_others()?;
        let spent = payments.iter().flat_map(spent_outputs).flatten();
        let scripts = spent.map(|output| output.script_pubkey);
        let others = |script: &ScriptBuf| !script.is_empty() && !self.scripts.contains_key(script);
        Ok(scripts.filter(others).collect())
    }
}
