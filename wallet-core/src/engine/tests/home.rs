//! A play-money network, and a wallet's files on it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use billfold_devnet::Devnet;
use bitcoin::hashes::{Hash, sha256};
use bitcoin::{
    Address, Amount, FeeRate, KnownHrp, Network, ScriptBuf, WitnessProgram, WitnessVersion,
};
use tempfile::TempDir;

use crate::command::{Birthday, FeeChoice, PayAmount, PayRequest, Recipient};
use crate::config::LookAhead;
use crate::engine::{Online, Opened};
use crate::event::Event;
use crate::keychain::{AccountId, Branch, DerivationIndex, ScriptType, StandardAccount};
use crate::light_client::config::Route;
use crate::light_client::height::Height;
use crate::light_client::params::Params;
use crate::light_client::peer_id::PeerAddress;
use crate::light_client::time::{Now, WallTime};
use crate::limits::DEFAULT_FILTERS_DISK;
use crate::seed::{Seed, Words};
use crate::signers::key_layer::{self, KeyLayer};
use crate::store::chain::ChainFile;
use crate::store::filters::{self, FilterStore};
use crate::vault::{self, KdfCost, Keys, Password};
use crate::wallet::{Description, NewWallet, Wallet};
use crate::wallet_name::WalletName;

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

    pub(super) fn tip(&self) -> Height {
        Height::new(self.devnet.tip().0)
    }
}

/// What is heard once a wallet stands at the tip.
pub(super) fn synced(world: &World) -> impl Fn(&Event) -> bool + use<> {
    let at = world.tip();
    move |event| matches!(event, Event::Synced { tip, .. } if tip.height == at)
}

/// What a wallet has in blocks.
pub(super) fn confirmed(wallet: &Wallet) -> Amount {
    wallet.balance(Height::new(u32::MAX), WallTime::new(0)).unwrap().total.confirmed
}

/// What a directory holds, by path.
pub(super) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// The wallet that every home has.
pub(super) fn main() -> WalletName {
    WalletName::default()
}

/// One that some homes have beside it.
pub(super) fn other() -> WalletName {
    "other".parse().unwrap()
}

/// Of how many payments a wallet knows.
pub(super) fn payments(home: &Home, wallet: &WalletName) -> usize {
    home.wallet_of(wallet).0.history().unwrap().len()
}

/// A directory with wallets.
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
        home.add(&main(), name, birthday);
        home
    }

    /// Makes a wallet without accounts in the directory.
    pub(super) fn add_blank(&self, wallet: &WalletName, birthday: Height, takes_keys: bool) {
        let (key, file) = self.files_of(wallet);
        let keys = vault::create(&key, &password(), KdfCost::for_tests()).unwrap();
        let description = Description {
            network: self.network,
            name: wallet.to_string(),
            fingerprint: None,
            birthday: Birthday::Height(birthday),
            takes_keys,
            external_signer: false,
            preferred: ACCOUNT,
            look_ahead: LookAhead { receive: 5, change: 5 },
        };
        let new = NewWallet {
            description,
            accounts: Vec::new(),
            sealed_seed: None,
            passphrase: None,
            avoids_reuse: false,
        };
        Wallet::create(&file, &keys.file, &new).unwrap();
    }

    /// Makes another wallet in the directory.
    pub(super) fn add(&self, wallet: &WalletName, name: &str, birthday: Height) {
        let network = self.network;
        let seed = seed_of(name);
        let (key, file) = self.files_of(wallet);
        let keys = vault::create(&key, &password(), KdfCost::for_tests()).unwrap();
        let new = NewWallet {
            description: Description {
                network,
                name: wallet.to_string(),
                fingerprint: Some(seed.fingerprint()),
                birthday: Birthday::Height(birthday),
                takes_keys: true,
                external_signer: false,
                preferred: ACCOUNT,
                look_ahead: LookAhead { receive: 5, change: 5 },
            },
            accounts: seed.accounts(&accounts(), network),
            sealed_seed: Some(key_layer::seal(&keys.seed, &seed).unwrap()),
            passphrase: None,
            avoids_reuse: false,
        };
        let mut wallet = Wallet::create(&file, &keys.file, &new).unwrap();
        wallet.search_in_turns().unwrap();
        wallet.commit().unwrap();
    }

    pub(super) fn wallet(&self) -> (Wallet, Keys) {
        self.wallet_of(&main())
    }

    pub(super) fn wallet_of(&self, wallet: &WalletName) -> (Wallet, Keys) {
        let (key, file) = self.files_of(wallet);
        let keys = vault::open(&key, &password(), WallTime::new(0)).unwrap();
        (Wallet::open(&file, &keys.file).unwrap(), keys)
    }

    /// A wallet as an engine takes it, with its keys.
    pub(super) fn opened(&self, name: &WalletName, now: Now) -> Opened {
        let (wallet, opened) = self.wallet_of(name);
        let mut keys = KeyLayer::locked(None);
        keys.unlock(opened.seed, now, None);
        Opened { name: name.clone(), wallet, keys }
    }

    fn files_of(&self, wallet: &WalletName) -> (PathBuf, PathBuf) {
        (self.path(&format!("key-{wallet}")), self.path(&format!("db-{wallet}")))
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

    /// The files of the directory whose names begin so.
    pub(super) fn files(&self, prefix: &str) -> Files {
        let entries = fs::read_dir(self.path("")).unwrap().map(|entry| entry.unwrap().path());
        let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        let named = entries.filter(|path| path.is_file() && name(path).starts_with(prefix));
        named.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }

    /// Puts back what they were.
    pub(super) fn put_back(&self, prefix: &str, before: &Files) {
        for path in self.files(prefix).keys() {
            fs::remove_file(path).unwrap();
        }
        for (path, bytes) in before {
            fs::write(path, bytes).unwrap();
        }
    }

    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }
}

/// A script of the wallet of this name, watched by it or not.
pub(super) fn script(name: &str, index: u32) -> ScriptBuf {
    script_of(name, 0, index)
}

/// The seed of the wallet of this name.
pub(super) fn seed_of(name: &str) -> Seed {
    Seed::new(&Words::parse(WORDS).unwrap(), name)
}

/// The descriptor of one branch of the wallet of this name.
pub(super) fn branch_text(name: &str, branch: Branch) -> String {
    let seed = seed_of(name);
    seed.accounts(&accounts(), Network::Regtest)[0].descriptor().branch_text(branch)
}

/// The same of the account that has its turn after the first.
pub(super) fn second_script(name: &str, index: u32) -> ScriptBuf {
    script_of(name, 1, index)
}

fn script_of(name: &str, account: usize, index: u32) -> ScriptBuf {
    let seed = seed_of(name);
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

/// A payment of 10,000 satoshis to somebody.
pub(super) fn payment() -> PayRequest {
    PayRequest {
        recipients: vec![Recipient {
            address: stranger("somebody"),
            amount: PayAmount::Exactly(Amount::from_sat(10_000)),
            note: None,
        }],
        fee: FeeChoice::Rate(FeeRate::from_sat_per_vb_u32(2)),
        ..PayRequest::default()
    }
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
