//! A play-money network, and a wallet's files on it.

use std::path::PathBuf;

use billfold_devnet::Devnet;
use bitcoin::hashes::{Hash, sha256};
use bitcoin::{Address, KnownHrp, Network, ScriptBuf, WitnessProgram, WitnessVersion};
use tempfile::TempDir;

use crate::command::Birthday;
use crate::config::LookAhead;
use crate::engine::Online;
use crate::keychain::{AccountId, Branch, DerivationIndex, ScriptType, StandardAccount};
use crate::light_client::config::Route;
use crate::light_client::height::Height;
use crate::light_client::params::Params;
use crate::light_client::peer_id::PeerAddress;
use crate::light_client::time::WallTime;
use crate::limits::DEFAULT_FILTERS_DISK;
use crate::seed::{Seed, Words};
use crate::signers::key_layer;
use crate::store::chain::ChainFile;
use crate::store::filters::{self, FilterStore};
use crate::vault::{self, KdfCost, Keys, Password};
use crate::wallet::{Description, NewWallet, Wallet};

pub(super) struct World {
    /// The network lives in it.
    _runtime: tokio::runtime::Runtime,
    pub(super) devnet: Devnet,
}

impl World {
    pub(super) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let devnet = {
            let _inside = runtime.enter();
            Devnet::start().unwrap()
        };
        devnet.fund_faucet();
        Self { _runtime: runtime, devnet }
    }
}

/// A directory with a wallet.
pub(super) struct Home {
    dir: TempDir,
    network: Network,
    connect: PeerAddress,
    /// Bytes for kept filters.
    pub(super) filters_disk: u64,
}

impl Home {
    /// Makes a wallet whose seed is its name's alone.
    pub(super) fn new(devnet: &Devnet, name: &str) -> Self {
        let connect = PeerAddress::Ip(devnet.address());
        Self::on(Network::Regtest, connect, name, Height::new(devnet.tip().0 + 1))
    }

    pub(super) fn on(network: Network, connect: PeerAddress, name: &str, birthday: Height) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = Self { dir, network, connect, filters_disk: DEFAULT_FILTERS_DISK };
        let seed = Seed::new(&Words::parse(WORDS).unwrap(), name);
        let keys = vault::create(&home.path("key"), &password(), KdfCost::for_tests()).unwrap();
        let new = NewWallet {
            description: Description {
                network,
                name: "main".to_owned(),
                fingerprint: Some(seed.fingerprint()),
                birthday: Birthday::Height(birthday),
                preferred: ACCOUNT,
                look_ahead: LookAhead { receive: 5, change: 5 },
            },
            accounts: seed.accounts(&accounts(), network),
            sealed_seed: Some(key_layer::seal(&keys.seed, &seed).unwrap()),
        };
        let mut wallet = Wallet::create(&home.path("db"), &keys.file, &new).unwrap();
        wallet.search_in_turns().unwrap();
        wallet.commit().unwrap();
        home
    }

    pub(super) fn wallet(&self) -> (Wallet, Keys) {
        let keys = vault::open(&self.path("key"), &password(), WallTime::new(0)).unwrap();
        (Wallet::open(&self.path("db"), &keys.file).unwrap(), keys)
    }

    pub(super) fn online(&self) -> Online {
        let chain = ChainFile::load(&self.path("chain.db"), self.network).unwrap();
        let params = Params::new(self.network);
        let kept = self.filters().map(|opened| opened.kept);
        let connect = vec![self.connect.clone()];
        Online {
            params,
            from_genesis: false,
            chain,
            kept,
            peers: None,
            connect,
            route: Route::Direct,
            mempool: true,
        }
    }

    /// The store of kept filters.
    pub(super) fn filters(&self) -> Option<filters::Opened> {
        (self.filters_disk > 0)
            .then(|| FilterStore::open(&self.path("filters"), self.filters_disk).unwrap())
    }

    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }
}

/// A script of the wallet of this name, watched by it or not.
pub(super) fn script(name: &str, index: u32) -> ScriptBuf {
    script_of(name, 0, index)
}

/// The same of the account that has its turn after the first.
pub(super) fn second_script(name: &str, index: u32) -> ScriptBuf {
    script_of(name, 1, index)
}

fn script_of(name: &str, account: usize, index: u32) -> ScriptBuf {
    let seed = Seed::new(&Words::parse(WORDS).unwrap(), name);
    let accounts = seed.accounts(&accounts(), Network::Regtest);
    accounts[account].script(Branch::Receive, DerivationIndex::new(index).unwrap())
}

fn accounts() -> [StandardAccount; 2] {
    [0, 1].map(|number| StandardAccount {
        script_type: ScriptType::Taproot,
        number: DerivationIndex::new(number).unwrap(),
    })
}

/// An address that belongs to this name alone.
pub(super) fn stranger(name: &str) -> Address {
    let program = sha256::Hash::hash(name.as_bytes()).to_byte_array();
    let program = WitnessProgram::new(WitnessVersion::V0, &program).unwrap();
    Address::from_witness_program(program, KnownHrp::Regtest)
}

/// Takes what blocks earn.
pub(super) fn nobody() -> ScriptBuf {
    stranger("nobody").script_pubkey()
}

fn password() -> Password {
    Password::new("a password").unwrap()
}

const ACCOUNT: AccountId = AccountId::new(0);

/// BIP39's first test vector.
const WORDS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                     abandon abandon about";
