//! Owns the methods of Bitcoin Core that are not answered, with the reason of each.
//!
//! Refuses to pretend: what takes all blocks or a whole mempool is not guessed.

/// A method that is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Its name.
    pub name: &'static str,
    /// Why not, and what does the same where there is something.
    pub reason: &'static str,
}

impl Refusal {
    /// What is told to whoever calls it.
    #[must_use]
    pub fn message(&self) -> String {
        format!("Method not found: {} is not served, since {}", self.name, self.reason)
    }
}

/// All of them, by their names.
pub const REFUSALS: &[Refusal] = &[
    Refusal { name: "addmultisigaddress", reason: LEGACY_DESCRIPTORS },
    Refusal { name: "dumpprivkey", reason: LEGACY_KEYS },
    Refusal { name: "dumptxoutset", reason: NO_UTXO_SET },
    Refusal { name: "dumpwallet", reason: LEGACY_KEYS },
    Refusal { name: "generate", reason: NO_MINING },
    Refusal { name: "generateblock", reason: NO_MINING },
    Refusal { name: "generatetoaddress", reason: NO_MINING },
    Refusal { name: "generatetodescriptor", reason: NO_MINING },
    Refusal { name: "getblockstats", reason: NO_BLOCKS },
    Refusal { name: "getblocktemplate", reason: NO_MINING },
    Refusal { name: "getchainstates", reason: NO_UTXO_SET },
    Refusal { name: "getchaintxstats", reason: NO_BLOCKS },
    Refusal {
        name: "getinfo",
        reason: "Bitcoin Core has none any more: use getblockchaininfo, \
                                        getnetworkinfo and getwalletinfo",
    },
    Refusal { name: "getmempoolancestors", reason: NO_MEMPOOL },
    Refusal { name: "getmempooldescendants", reason: NO_MEMPOOL },
    Refusal { name: "getmininginfo", reason: NO_MINING },
    Refusal { name: "getnetworkhashps", reason: NO_MINING },
    Refusal { name: "getprioritisedtransactions", reason: NO_MEMPOOL },
    Refusal { name: "getrawmempool", reason: NO_MEMPOOL },
    Refusal { name: "gettxoutsetinfo", reason: NO_UTXO_SET },
    Refusal {
        name: "getunconfirmedbalance",
        reason: "Bitcoin Core has none any more: use \
                                                     getbalances",
    },
    Refusal { name: "importaddress", reason: LEGACY_DESCRIPTORS },
    Refusal { name: "importmempool", reason: NO_MEMPOOL },
    Refusal { name: "importmulti", reason: LEGACY_DESCRIPTORS },
    Refusal { name: "importprivkey", reason: LEGACY_DESCRIPTORS },
    Refusal { name: "importpubkey", reason: LEGACY_DESCRIPTORS },
    Refusal { name: "importwallet", reason: LEGACY_DESCRIPTORS },
    Refusal { name: "loadtxoutset", reason: NO_UTXO_SET },
    Refusal {
        name: "logging",
        reason: "its log has no categories: --verbose chooses how much is told",
    },
    Refusal { name: "preciousblock", reason: NO_BLOCKS },
    Refusal { name: "prioritisetransaction", reason: NO_MEMPOOL },
    Refusal { name: "pruneblockchain", reason: NO_BLOCKS },
    Refusal {
        name: "removeprunedfunds",
        reason: "what a block holds is true, and found again by every rescan: use \
                 abandontransaction for what is in none",
    },
    Refusal { name: "savemempool", reason: NO_MEMPOOL },
    Refusal { name: "scantxoutset", reason: NO_UTXO_SET },
    Refusal { name: "sethdseed", reason: LEGACY_DESCRIPTORS },
    Refusal {
        name: "settxfee",
        reason: "Bitcoin Core has none any more: give a fee_rate with \
                                         each payment",
    },
    Refusal { name: "submitblock", reason: NO_BLOCKS },
    Refusal { name: "submitheader", reason: NO_BLOCKS },
    Refusal { name: "submitpackage", reason: NO_MEMPOOL },
    Refusal { name: "testmempoolaccept", reason: NO_MEMPOOL },
    Refusal {
        name: "upgradewallet",
        reason: "Bitcoin Core has none any more: wallets are \
                                             upgraded when they are opened",
    },
    Refusal { name: "verifychain", reason: NO_BLOCKS },
];

const NO_MEMPOOL: &str = "this wallet keeps no mempool: it takes a full node";
const NO_UTXO_SET: &str = "this wallet keeps no set of unspent outputs: it takes a full node";
const NO_BLOCKS: &str = "this wallet keeps no blocks: it takes a full node";
const NO_MINING: &str = "this wallet does not mine: it takes a full node";
const LEGACY_DESCRIPTORS: &str = "Bitcoin Core has none any more: use importdescriptors";
const LEGACY_KEYS: &str = "Bitcoin Core has none any more: use listdescriptors";
