//! Owns what the caveats of a token mean: who may use it, until when, for which methods, how often,
//! and what it may take from the wallet.
//!
//! Refuses a caveat that it does not understand: whoever added it meant something by it.

use std::num::NonZeroU32;

use billfold_wallet_core::command::Limit;
use billfold_wallet_core::config::WalletName;
use bitcoin::hashes::{Hash, HashEngine, sha256};
use bitcoin::{Amount, Network};

use crate::error::{Code, RpcError};
use crate::origin::Origin;

/// What a token allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    roles: Vec<Role>,
    methods: Vec<Vec<String>>,
    until: Option<u64>,
    from: Vec<std::net::IpAddr>,
    users: Vec<u32>,
    wallets: Vec<Vec<WalletName>>,
    /// How often it may be used; all hold.
    pub paces: Vec<Pace>,
    /// What may leave the wallet.
    pub limits: Vec<Limit>,
}

/// How often a token may be used by one of its caveats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Calls in a minute.
    pub per_minute: NonZeroU32,
    /// A hash of the caveats up to this one: all tokens that go on from it share the calls.
    pub place: [u8; 32],
}

/// What kind of work a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// To see everything but secrets.
    Read,
    /// To ask for addresses and invoices, and to see nothing else.
    Receive,
    /// To see, and to build payments that others sign.
    Draft,
    /// To see, to build and to pay.
    Spend,
    /// Everything that is not the owner's alone.
    Admin,
}

/// A caveat that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no caveat: see docs/tokens.md")]
pub struct UnknownCaveat(pub String);

impl Grant {
    /// What caveats allow: those that a token was made with, and those that whoever had it added. No added one
    /// lifts what the first mean, so a token that was made without a word about methods stays one for looking.
    ///
    /// # Errors
    /// See [`UnknownCaveat`].
    pub fn read(
        made_with: &[String],
        added: &[String],
        network: Network,
    ) -> Result<Self, UnknownCaveat> {
        let mut grant = Self::unbound();
        let mut place = sha256::Hash::engine();
        grant.bind_all(made_with, &mut place, network)?;
        if grant.methods.is_empty() && grant.roles.is_empty() {
            grant.roles.push(Role::Read);
        }
        grant.bind_all(added, &mut place, network)?;
        Ok(grant)
    }

    /// Whether a method may be called, from somewhere, at a time in Unix seconds.
    ///
    /// # Errors
    /// -1000 with the caveat that does not let it through.
    pub fn admit(&self, method: &str, origin: Origin, now: u64) -> Result<(), RpcError> {
        if self.until.is_some_and(|until| until <= now) {
            return refused("expired", "the token has expired");
        }
        let is_from = |ip: &std::net::IpAddr| origin == Origin::Network(*ip);
        if !self.from.iter().all(is_from) {
            return refused("source", "the token is not for callers from there");
        }
        if !self.users.iter().all(|user| origin == Origin::Socket(Some(*user))) {
            return refused("user", "the token is not for this user of the system");
        }
        let listed = |list: &Vec<String>| list.iter().any(|name| name == method);
        if !self.methods.iter().all(listed) || !self.roles.iter().all(|role| role.allows(method)) {
            return refused("method", "the token is not for this method");
        }
        // Nor by its name: `methods` is a bound, no right.
        if OWNER.contains(&method) {
            return refused("method", "no token is for this method: the owner's cookie is");
        }
        Ok(())
    }

    /// Whether a wallet is among those that it was not narrowed from.
    #[must_use]
    pub fn is_for(&self, wallet: &WalletName) -> bool {
        self.wallets.iter().all(|names| names.contains(wallet))
    }

    const fn unbound() -> Self {
        Self {
            roles: Vec::new(),
            methods: Vec::new(),
            until: None,
            from: Vec::new(),
            users: Vec::new(),
            wallets: Vec::new(),
            paces: Vec::new(),
            limits: Vec::new(),
        }
    }

    fn bind_all(
        &mut self,
        caveats: &[String],
        place: &mut sha256::HashEngine,
        network: Network,
    ) -> Result<(), UnknownCaveat> {
        caveats.iter().try_for_each(|caveat| {
            // No caveat holds a line break.
            place.input(caveat.as_bytes());
            place.input(b"\n");
            self.bind(caveat, place, network).ok_or_else(|| UnknownCaveat(caveat.clone()))
        })
    }

    /// Takes one more caveat in; `None` if it means nothing.
    fn bind(&mut self, caveat: &str, place: &sha256::HashEngine, network: Network) -> Option<()> {
        let (name, value) = caveat.split_once('=')?;
        match name {
            "role" => self.roles.push(Role::named(value)?),
            "methods" => self.methods.push(value.split(',').map(str::to_owned).collect()),
            "until" => {
                let until = number(value)?;
                self.until = Some(self.until.map_or(until, |before| before.min(until)));
            }
            "from" => self.from.push(value.parse().ok()?),
            "wallets" => {
                let names = value.split(',').map(|name| name.parse().ok());
                self.wallets.push(names.collect::<Option<_>>()?);
            }
            "uid" => self.users.push(number(value)?),
            "calls_per_minute" => {
                let place = sha256::Hash::from_engine(place.clone()).to_byte_array();
                self.paces.push(Pace { per_minute: number(value)?, place });
            }
            "per_payment_sat" => self.limits.push(Limit::PerPayment(sats(value)?)),
            "budget_sat" => {
                let (amount, seconds) = value.split_once('/')?;
                let seconds = number(seconds).filter(|seconds| *seconds > 0)?;
                let amount = sats(amount)?;
                self.limits.push(Limit::Budget { amount, seconds });
            }
            "to" => {
                let script = |text: &str| {
                    let address: bitcoin::Address<_> = text.parse().ok()?;
                    Some(address.require_network(network).ok()?.script_pubkey())
                };
                let scripts = value.split(',').map(script).collect::<Option<_>>()?;
                self.limits.push(Limit::Destinations(scripts));
            }
            _ => return None,
        }
        Some(())
    }
}

impl Role {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "read" => Self::Read,
            "receive" => Self::Receive,
            "draft" => Self::Draft,
            "spend" => Self::Spend,
            "admin" => Self::Admin,
            _ => return None,
        })
    }

    /// Whether a method is for this kind of work. What no list names is for `admin` alone.
    #[must_use]
    pub fn allows(self, method: &str) -> bool {
        let within = |lists: &[&[&str]]| lists.iter().any(|list| list.contains(&method));
        match self {
            Self::Receive => within(&[ALWAYS, RECEIVE]),
            Self::Read => within(&[ALWAYS, READ]),
            Self::Draft => within(&[ALWAYS, READ, RECEIVE, DRAFT]),
            Self::Spend => within(&[ALWAYS, READ, RECEIVE, DRAFT, SPEND]),
            Self::Admin => !OWNER.contains(&method),
        }
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn sats(text: &str) -> Option<Amount> {
    number(text).map(Amount::from_sat).filter(|amount| *amount <= Amount::MAX_MONEY)
}

fn refused(rule: &'static str, message: &str) -> Result<(), RpcError> {
    let told = RpcError::new(Code::PolicyRefused, message);
    Err(told.advising(rule, false, "ask the owner for another token"))
}

/// For everybody with a token.
const ALWAYS: &[&str] = &[
    "createmultisig",
    "decoderawtransaction",
    "decodepsbt",
    "decodescript",
    "deriveaddresses",
    "estimatesmartfee",
    "getbestblockhash",
    "getblockchaininfo",
    "getblockcount",
    "getblockhash",
    "getblockheader",
    "getdescriptorinfo",
    "getmempoolinfo",
    "getnetworkinfo",
    "getopenrpcinfo",
    "help",
    "rpc.discover",
    "uptime",
    "validateaddress",
    "verifymessage",
];

/// Addresses, and no history.
const RECEIVE: &[&str] = &[
    "billfold.invoice.cancel",
    "billfold.invoice.create",
    "billfold.invoice.get",
    "billfold.invoice.list",
    "billfold.signer.display",
    "getnewaddress",
    "walletdisplayaddress",
];

/// What is known of the wallet; no secrets, and nothing about other askers.
const READ: &[&str] = &[
    "billfold.events",
    "billfold.getpayment",
    "billfold.history",
    "billfold.info",
    "billfold.invoice.get",
    "billfold.invoice.list",
    "billfold.listpayments",
    "billfold.op.get",
    "billfold.op.wait",
    "billfold.policy.get",
    "billfold.policy.simulate",
    "billfold.proof",
    "billfold.utxos",
    "getaddressesbylabel",
    "getaddressinfo",
    "getbalance",
    "getbalances",
    "getaddednodeinfo",
    "getconnectioncount",
    "getblock",
    "getblockfilter",
    "getdescriptoractivity",
    "getmempoolentry",
    "getnettotals",
    "getpeerinfo",
    "getreceivedbyaddress",
    "getreceivedbylabel",
    "gettransaction",
    "gettxoutproof",
    "getwalletinfo",
    "listaddressgroupings",
    "listlabels",
    "listlockunspent",
    "listreceivedbyaddress",
    "listreceivedbylabel",
    "listsinceblock",
    "listtransactions",
    "listunspent",
    "listwallets",
    "simulaterawtransaction",
    "verifytxoutproof",
];

/// Payments that are not signed.
const DRAFT: &[&str] = &[
    "analyzepsbt",
    "billfold.freeze",
    "billfold.unfreeze",
    "combinepsbt",
    "combinerawtransaction",
    "converttopsbt",
    "createpsbt",
    "createrawtransaction",
    "finalizepsbt",
    "fundrawtransaction",
    "getrawchangeaddress",
    "joinpsbts",
    "lockunspent",
    "psbtbumpfee",
    "utxoupdatepsbt",
    "walletcreatefundedpsbt",
];

/// What takes money from the wallet, each within the limits.
const SPEND: &[&str] = &[
    "billfold.broadcast",
    "billfold.bump",
    "billfold.pay",
    "billfold.signer.sign",
    "billfold.signer.signed",
    "bumpfee",
    "send",
    "sendall",
    "sendmany",
    "sendrawtransaction",
    "sendtoaddress",
    "signrawtransactionwithwallet",
    "walletprocesspsbt",
];

/// For nobody with a token: they would lift its limits, or tell or change the wallet's secrets.
const OWNER: &[&str] = &[
    "backupwallet",
    "billfold.backup",
    "billfold.policy.set",
    "billfold.token.create",
    "createwallet",
    "encryptwallet",
    "gethdkeys",
    "importdescriptors",
    "listdescriptors",
    "loadwallet",
    "restorewallet",
    "setmocktime",
    "signmessage",
    "stop",
    "unloadwallet",
    "walletpassphrase",
    "walletpassphrasechange",
];

#[cfg(test)]
mod tests {
    use super::*;

    const NETWORK: Network = Network::Regtest;
    const HERE: Origin = Origin::Socket(Some(1_000));

    fn lines(caveats: &[&str]) -> Vec<String> {
        caveats.iter().map(|caveat| (*caveat).to_owned()).collect()
    }

    fn grant(caveats: &[&str]) -> Result<Grant, UnknownCaveat> {
        Grant::read(&lines(caveats), &[], NETWORK)
    }

    fn rule(caveats: &[&str], method: &str, origin: Origin, now: u64) -> Option<&'static str> {
        let admitted = grant(caveats).expect("known caveats").admit(method, origin, now);
        admitted.err().and_then(|error| error.data).map(|advice| advice.reason)
    }

    #[test]
    fn every_caveat_must_hold() {
        assert_eq!(rule(&["role=spend"], "sendtoaddress", HERE, 5), None);
        assert_eq!(rule(&["role=spend", "role=read"], "sendtoaddress", HERE, 5), Some("method"));
        assert_eq!(rule(&["role=spend", "methods=help"], "send", HERE, 5), Some("method"));
        assert_eq!(rule(&["role=admin", "until=9", "until=5"], "help", HERE, 5), Some("expired"));
        assert_eq!(rule(&["role=admin", "until=6"], "help", HERE, 5), None);
        assert_eq!(rule(&["uid=1000"], "getbalance", HERE, 5), None);
        assert_eq!(rule(&["uid=1001"], "getbalance", HERE, 5), Some("user"));
        assert_eq!(rule(&["from=127.0.0.1"], "getbalance", HERE, 5), Some("source"));
        let local = Origin::Network([127, 0, 0, 1].into());
        assert_eq!(rule(&["from=127.0.0.1"], "getbalance", local, 5), None);
    }

    #[test]
    fn a_token_that_names_nothing_only_reads_and_no_token_lifts_its_limits() {
        assert_eq!(rule(&[], "getbalance", HERE, 5), None);
        assert_eq!(rule(&[], "sendtoaddress", HERE, 5), Some("method"));
        for method in OWNER {
            assert_eq!(rule(&["role=admin"], method, HERE, 5), Some("method"), "{method}");
        }
        assert_eq!(rule(&["role=receive"], "listtransactions", HERE, 5), Some("method"));
        assert_eq!(rule(&["role=draft"], "sendtoaddress", HERE, 5), Some("method"));
        for (by_device, denied) in
            [("list", "spend"), ("register", "spend"), ("sign", "draft"), ("signed", "read")]
        {
            let (method, role) = (format!("billfold.signer.{by_device}"), format!("role={denied}"));
            assert_eq!(rule(&[&role], &method, HERE, 5), Some("method"), "{method}");
        }
        assert_eq!(rule(&["role=draft"], "combinerawtransaction", HERE, 5), None);
        assert_eq!(rule(&["role=draft"], "utxoupdatepsbt", HERE, 5), None);
        // Whoever has keys need not ask for them to be used here.
        assert_eq!(rule(&["role=spend"], "descriptorprocesspsbt", HERE, 5), Some("method"));
        assert_eq!(rule(&["role=spend"], "signrawtransactionwithkey", HERE, 5), Some("method"));
    }

    #[test]
    fn what_a_token_was_made_without_nobody_adds() {
        let lets = |made_with: &[&str], added: &[&str], method| {
            let grant = Grant::read(&lines(made_with), &lines(added), NETWORK).expect("known");
            grant.admit(method, HERE, 5).is_ok()
        };
        assert!(lets(&[], &["methods=getbalance"], "getbalance"));
        for added in ["role=spend", "role=admin", "methods=sendtoaddress"] {
            assert!(!lets(&["until=9"], &[added], "sendtoaddress"), "{added}");
        }
        assert!(lets(&["methods=sendtoaddress"], &[], "sendtoaddress"));
        assert!(!lets(&["methods=listdescriptors"], &[], "listdescriptors"));
    }

    #[test]
    fn a_token_is_narrowed_to_wallets_and_never_widened() {
        let [main, shop] = ["main", "shop"].map(|name| name.parse().expect("a name"));
        let is_for = |caveats: &[&str], wallet| grant(caveats).expect("known").is_for(wallet);
        assert!(is_for(&[], &main));
        assert!(is_for(&["wallets=main,shop"], &main) && is_for(&["wallets=main,shop"], &shop));
        let both = ["wallets=main", "wallets=main,shop"];
        assert!(is_for(&both, &main) && !is_for(&both, &shop));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let wrong = [
            "role=god",
            "budget_sat=5",
            "budget_sat=5/x",
            // No time at all would be no bound, and no call at all no token.
            "budget_sat=5/0",
            "calls_per_minute=0",
            "per_payment_sat=-1",
            "until=",
            "to=x",
            "until=+5",
            "unknown=1",
            "role",
            "from=everywhere",
            "wallets=",
            "wallets=main,../shop",
            "per_payment_sat=2100000000000001",
        ];
        for caveat in wrong {
            assert_eq!(grant(&[caveat]), Err(UnknownCaveat(caveat.to_owned())));
        }
        let limits = grant(&["per_payment_sat=5", "budget_sat=9/60"]).expect("limits").limits;
        let budget = Limit::Budget { amount: Amount::from_sat(9), seconds: 60 };
        assert_eq!(limits, [Limit::PerPayment(Amount::from_sat(5)), budget]);
    }
}
