//! Owns the methods by which wallets are made, opened and closed.
//!
//! Refuses names that are paths: a wallet is a name in the data directory.

use std::collections::BTreeSet;
use std::sync::Arc;

use billfold_wallet_core::command::Birthday;
use billfold_wallet_core::config::{LookAhead, WalletName};
use billfold_wallet_core::face::Access;
use billfold_wallet_core::founding::{
    BlankKeys, CreateError, Founding, NewWallet, NewWatch, RestoreError,
};
use billfold_wallet_core::import::{Import, ImportError};
use billfold_wallet_core::keychain::{AccountDescriptor, AccountKind, ScriptType};
use billfold_wallet_core::light_client::time::WallTime;
use billfold_wallet_core::open_error::OpenError;
use billfold_wallet_core::vault::{KdfCost, Password};
use serde::Serialize;

use crate::apart::apart;
use crate::arguments::Arguments;
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::answer;
use crate::method::signer::signer;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::{Endpoint, NOT_LOADED, Node};
use crate::parameter::{Kind, Parameter};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "createwallet",
        category: Category::Wallet,
        parameters: &[
            Parameter::required("wallet_name", Kind::Text, "Its name, which is no path"),
            Parameter::optional(
                "disable_private_keys",
                Kind::Bool,
                "Without keys: descriptors are imported into it",
            ),
            Parameter::optional(
                "blank",
                Kind::Bool,
                "Without keys and descriptors: they are imported",
            ),
            Parameter::optional("passphrase", Kind::Text, "Encrypts its keys"),
            Parameter::optional(
                "avoid_reuse",
                Kind::Bool,
                "Leave coins alone whose address was spent from",
            ),
            Parameter::optional("descriptors", Kind::Bool, "Only true"),
            LOAD_ON_STARTUP,
            Parameter::optional(
                "external_signer",
                Kind::Bool,
                "With the keys of the device that --signer knows, which signs what it pays",
            ),
        ],
        about: "Creates and loads a new wallet with keys of its own.",
        standing: Standing::Differs(
            "names are 1 to 64 letters, digits, - and _ (-8); the device of \
             external_signer is asked for the accounts of one key of each type, and descriptors that \
             are not of its key alone are refused; the file has the \
             daemon's password, and the keys come from words that billfold words show tells",
        ),
        run: Run::Open(|node, _, arguments| Box::pin(create(node, arguments))),
    },
    Method {
        name: "listwalletdir",
        category: Category::Wallet,
        parameters: &[],
        about: "Returns a list of wallets in the wallet directory.",
        standing: Standing::Same,
        run: Run::Node(|node, _| Box::pin(all(node))),
    },
    Method {
        name: "listwallets",
        category: Category::Wallet,
        parameters: &[],
        about: "Returns a list of currently loaded wallets.",
        standing: Standing::Same,
        run: Run::Wallets(|_, desks, _| Box::pin(async { loaded(desks) })),
    },
    Method {
        name: "loadwallet",
        category: Category::Wallet,
        parameters: &[
            Parameter::required("filename", Kind::Text, "The wallet's name"),
            LOAD_ON_STARTUP,
        ],
        about: "Loads a wallet of the data directory; what it missed is looked for meanwhile, \
                as scanning in getwalletinfo tells.",
        standing: Standing::Differs(
            "the wallet is named, not its file; -4 for one that has another password than the daemon",
        ),
        run: Run::Open(|node, _, arguments| Box::pin(load(node, arguments))),
    },
    Method {
        name: "unloadwallet",
        category: Category::Wallet,
        parameters: &[
            Parameter::optional("wallet_name", Kind::Text, "Its name, unless the path has it"),
            LOAD_ON_STARTUP,
        ],
        about: "Closes a wallet. Its file is free once this is answered.",
        standing: Standing::Differs(
            "a wallet that is scanned is closed too, and goes on when loaded",
        ),
        run: Run::Open(|node, endpoint, arguments| Box::pin(unload(node, endpoint, arguments))),
    },
];

async fn create(node: &Node, arguments: &Arguments) -> Outcome {
    let name: WalletName = arguments.required_text(0)?.parse().map_err(|error| bad_name(&error))?;
    let passphrase = arguments.text(3)?;
    let disabled = arguments.flag(1, false)?;
    if !arguments.flag(5, true)? {
        return Err(RpcError::new(Code::Wallet, NO_LEGACY));
    }
    let external = arguments.flag(7, false)?;
    if external && !disabled {
        return Err(RpcError::new(Code::Wallet, KEYS_BESIDE_SIGNER));
    }
    if disabled && passphrase.is_some_and(|text| !text.is_empty()) {
        return Err(RpcError::new(Code::Wallet, PASSPHRASE_WITHOUT_KEYS));
    }
    let blank = arguments.flag(2, false)?;
    let avoids_reuse = arguments.flag(4, false)?;
    let keep = arguments.value(6).map(crate::arguments::flag).transpose()?;
    let password = file_password(node)?;
    // An empty one is none, in Core too, and is told.
    let key_passphrase = passphrase.and_then(|text| Password::new(text).ok());
    let now = node.now();
    let founding = if external {
        Founding::Watch(signers_wallet(node, password, avoids_reuse).await?)
    } else if disabled || blank {
        let keys = if disabled { BlankKeys::Never } else { BlankKeys::Later(key_passphrase) };
        Founding::Blank { birthday: Birthday::Time(now), keys, avoids_reuse, password }
    } else {
        let new = NewWallet::generated(&KINDS, WallTime::new(now), password, key_passphrase);
        let mut new = new.map_err(|error| RpcError::new(Code::Wallet, error.to_string()))?;
        new.avoids_reuse = avoids_reuse;
        if let Some(ahead) = node.keypool {
            new.look_ahead = LookAhead { receive: ahead, change: ahead };
        }
        Founding::Keys(new)
    };
    found(node, &name, founding).await?;
    open(node, &name, keep).await?;
    let mut warnings = Vec::new();
    if passphrase.is_some_and(str::is_empty) {
        warnings.push(EMPTY_PASSPHRASE);
    }
    answer(&LoadedForm { name: name.as_str(), warnings })
}

/// A wallet of the device that is connected.
async fn signers_wallet(
    node: &Node,
    password: Password,
    avoids_reuse: bool,
) -> Result<NewWatch, RpcError> {
    let program = signer(node)?;
    let network = node.params.network;
    let device = program.one_of(&BTreeSet::new()).await?;
    let told = program.descriptors((device, network.to_core_arg())).await?;
    let invalid = |error: ImportError| {
        RpcError::new(Code::Misc, format!("The signer told an invalid descriptor: {error}"))
    };
    let import = Import::read(&told.join("\n"), None, network).map_err(invalid)?;
    let mut accounts = Import::named(import.accounts, None);
    // What another key is needed for could be paid to, and never be spent by this device.
    let is_own = |account: &AccountDescriptor| {
        matches!(account.kind(), AccountKind::SingleKey(_)) && account.signers() == [device]
    };
    if let Some((_, other)) = accounts.iter().find(|(_, account)| !is_own(account)) {
        let message =
            format!("The signer {device} told a descriptor that is not of its key alone: {other}");
        return Err(RpcError::new(Code::Misc, message));
    }
    // The first is that of new addresses, as in Core.
    accounts.sort_by_key(|(_, account)| account.kind() != AccountKind::SingleKey(KINDS[0]));
    let ahead = node.keypool.map(|ahead| LookAhead { receive: ahead, change: ahead });
    Ok(NewWatch {
        accounts,
        birthday: Birthday::Time(node.now()),
        look_ahead: ahead.unwrap_or(LookAhead::NEW),
        password,
        external_signer: true,
        avoids_reuse,
    })
}

async fn all(node: &Node) -> Outcome {
    let names = node.face.all_wallets().await;
    let names = names.map_err(|problem| RpcError::new(Code::Wallet, problem.to_string()))?;
    let wallets = names.iter().map(|name| FoundForm { name: name.as_str() }).collect();
    answer(&DirectoryForm { wallets })
}

fn loaded(open: &[Arc<Desk>]) -> Outcome {
    answer(&open.iter().map(|desk| desk.name()).collect::<Vec<_>>())
}

async fn load(node: &Node, arguments: &Arguments) -> Outcome {
    let text = arguments.required_text(0)?;
    let keep = arguments.value(1).map(crate::arguments::flag).transpose()?;
    let name: WalletName = text.parse().map_err(|_| not_there(text))?;
    open(node, &name, keep).await?;
    answer(&LoadedForm { name: name.as_str(), warnings: Vec::new() })
}

async fn unload(node: &Node, endpoint: &Endpoint, arguments: &Arguments) -> Outcome {
    let named = arguments.text(0)?;
    let keep = arguments.value(1).map(crate::arguments::flag).transpose()?;
    let text = match (endpoint, named) {
        (Endpoint::Wallet(one), Some(other)) if one != other => {
            return Err(RpcError::parameter(DIFFERENT_WALLETS));
        }
        (Endpoint::Wallet(one), _) => one,
        (Endpoint::Root, Some(named)) => named,
        (Endpoint::Root, None) => return Err(RpcError::parameter(NO_WALLET_NAMED)),
    };
    let not_loaded = || RpcError::new(Code::WalletNotFound, NOT_LOADED);
    let name: WalletName = text.parse().map_err(|_| not_loaded())?;
    if !node.remove(&name) {
        return Err(not_loaded());
    }
    if let Err(error) = node.face.unload(&name).await {
        // Whatever kept it open, it can still be asked.
        if node.face.wallets().await.is_ok_and(|open| open.contains(&name)) {
            node.add(name);
        }
        return Err(error.into());
    }
    keep_open(node, &name, keep).await?;
    answer(&UnloadedForm {})
}

/// Makes a wallet.
pub(super) async fn found(
    node: &Node,
    name: &WalletName,
    founding: Founding,
) -> Result<(), RpcError> {
    let cost = apart(KdfCost::calibrated).await?;
    node.face.found(name, founding, cost).await.map(drop).map_err(|error| match error {
        RestoreError::Create(CreateError::WalletExists(_)) => {
            let message = format!(
                "Wallet file verification failed. Failed to create database path '{name}'. Database \
                 already exists."
            );
            RpcError::new(Code::WalletAlreadyExists, message)
        }
        other => RpcError::new(Code::Wallet, other.to_string()),
    })
}

/// Opens a wallet, and answers for it.
pub(super) async fn open(
    node: &Node,
    name: &WalletName,
    keep: Option<bool>,
) -> Result<(), RpcError> {
    let password = file_password(node)?;
    node.face.load(name, password, Access::Sign).await.map_err(|error| match error {
        OpenError::Loaded(name) => {
            let message = format!("Wallet \"{name}\" is already loaded.");
            RpcError::new(Code::WalletAlreadyLoaded, message)
        }
        OpenError::NoSuchWallet { name, .. } => not_there(name.as_str()),
        OpenError::WrongPassword | OpenError::TooSoon { .. } => {
            let message = format!("Wallet \"{name}\" has another password than the daemon.");
            RpcError::new(Code::Wallet, message)
        }
        other => RpcError::new(Code::Wallet, other.to_string()),
    })?;
    node.add(name.clone());
    keep_open(node, name, keep).await
}

async fn keep_open(node: &Node, name: &WalletName, keep: Option<bool>) -> Result<(), RpcError> {
    let Some(keep) = keep else { return Ok(()) };
    let kept = node.face.keep_open(name, keep).await;
    kept.map_err(|problem| RpcError::new(Code::Wallet, problem.to_string()))
}

/// What a name that can't be one comes to.
pub(super) fn bad_name(error: &dyn std::error::Error) -> RpcError {
    RpcError::parameter(error.to_string())
}

/// The password of the files of wallets.
pub(super) fn file_password(node: &Node) -> Result<Password, RpcError> {
    node.password.clone().ok_or_else(|| RpcError::new(Code::Wallet, NO_FILE_PASSWORD))
}

fn not_there(name: &str) -> RpcError {
    let message = format!(
        "Wallet file verification failed. Failed to load database path '{name}'. Path does not exist."
    );
    RpcError::new(Code::WalletNotFound, message)
}

/// A wallet that was loaded.
#[derive(Debug, Serialize)]
pub(super) struct LoadedForm<'a> {
    pub(super) name: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) warnings: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct UnloadedForm {}

#[derive(Debug, Serialize)]
struct DirectoryForm<'a> {
    wallets: Vec<FoundForm<'a>>,
}

#[derive(Debug, Serialize)]
struct FoundForm<'a> {
    name: &'a str,
}

pub(super) const LOAD_ON_STARTUP: Parameter = Parameter::optional(
    "load_on_startup",
    Kind::Bool,
    "Whether the daemon opens it at its next start too; left out: as before",
);

/// The accounts of a new wallet. Core's default is the first.
const KINDS: [ScriptType; 4] =
    [ScriptType::Segwit, ScriptType::Taproot, ScriptType::Nested, ScriptType::Legacy];

const NO_LEGACY: &str = "descriptors argument must be set to \"true\"; it is no longer possible to \
                         create a legacy wallet.";
const KEYS_BESIDE_SIGNER: &str = "Private keys must be disabled when using an external signer";
const PASSPHRASE_WITHOUT_KEYS: &str = "Passphrase provided but private keys are disabled. A passphrase is only used to encrypt \
     private keys, so cannot be used for wallets with private keys disabled.";
const EMPTY_PASSPHRASE: &str = "Empty string given as passphrase, wallet will not be encrypted.";
const DIFFERENT_WALLETS: &str =
    "The RPC endpoint wallet and the wallet name parameter specify different wallets";
const NO_WALLET_NAMED: &str =
    "Either the RPC endpoint wallet or the wallet name parameter must be provided";
const NO_FILE_PASSWORD: &str = "the daemon has no password for wallet files: start it with \
                                --password-file";
