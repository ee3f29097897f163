//! A data directory on a play-money network, and a wallet as a person uses it: ask, wait, look.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::thread;
use std::time::Duration;

use billfold_devnet::Devnet;
use billfold_wallet_core::command::{
    BalanceParts, Birthday, Command, CommandError, FeeChoice, HistoryQuery, HistoryRow, PayAmount,
    PayRequest, Payment, PaymentState, Recipient, Reply, WalletDescription,
};
use billfold_wallet_core::config::{LookAhead, Settings};
use billfold_wallet_core::event::Event;
use billfold_wallet_core::face::Conversation;
use billfold_wallet_core::keychain::{ScriptType, StandardAccount};
use billfold_wallet_core::light_client::height::Height;
use billfold_wallet_core::light_client::peer_id::PeerAddress;
use billfold_wallet_core::seed::{Seed, Words};
use billfold_wallet_core::service::{
    self, Access, CreateError, NewWallet, OpenError, Reach, Service,
};
use billfold_wallet_core::vault::{KdfCost, Password};
use bitcoin::{Address, Amount, FeeRate, Network, Txid};
use tempfile::TempDir;

/// A data directory.
pub(crate) struct Desk {
    dir: TempDir,
    /// The peers.
    pub(crate) connect: Vec<PeerAddress>,
}

impl Desk {
    pub(crate) fn new(devnet: &Devnet) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { dir, connect: vec![PeerAddress::Ip(devnet.address())] }
    }

    pub(crate) fn with_wallet(devnet: &Devnet) -> Self {
        let desk = Self::new(devnet);
        desk.create(WORDS).unwrap();
        desk
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings { connect: self.connect.clone(), ..settings_in(&self.dir.path().join("data")) }
    }

    pub(crate) fn create(&self, words: &str) -> Result<WalletDescription, CreateError> {
        service::create(&self.settings(), new_wallet(words), KdfCost::for_tests())
    }

    pub(crate) fn open(&self, access: Access, reach: Reach) -> Wallet {
        self.try_open(access, reach).unwrap()
    }

    pub(crate) fn try_open(&self, access: Access, reach: Reach) -> Result<Wallet, OpenError> {
        self.open_with(PASSWORD, access, reach)
    }

    pub(crate) fn open_with(
        &self,
        password: &str,
        access: Access,
        reach: Reach,
    ) -> Result<Wallet, OpenError> {
        open(&self.settings(), password, access, reach)
    }
}

/// A wallet of these words from the first block on.
pub(crate) fn new_wallet(words: &str) -> NewWallet {
    NewWallet {
        seed: Seed::new(&Words::parse(words).unwrap(), ""),
        accounts: [ScriptType::Taproot, ScriptType::Segwit].map(StandardAccount::first).to_vec(),
        birthday: Birthday::Height(Height::new(1)),
        look_ahead: LookAhead::NEW,
        password: password(PASSWORD),
        words_checked: None,
        key_passphrase: None,
        avoids_reuse: false,
    }
}

/// What a program is told that uses this directory and no peers.
pub(crate) fn settings_in(dir: &Path) -> Settings {
    Settings::new(Network::Regtest, dir.to_owned())
}

pub(crate) fn open(
    settings: &Settings,
    text: &str,
    access: Access,
    reach: Reach,
) -> Result<Wallet, OpenError> {
    let service = Service::open(settings, &password(text), access, reach)?;
    Ok(Wallet(Conversation::new(service, settings.wallet.clone())))
}

/// An open wallet.
pub(crate) struct Wallet(Conversation);

impl Wallet {
    pub(crate) async fn receive(&mut self) -> Address {
        self.address(false).await
    }

    pub(crate) async fn receive_fresh(&mut self) -> Address {
        self.address(true).await
    }

    pub(crate) async fn balance(&mut self) -> BalanceParts {
        let Reply::Balance(balance) = self.0.ask(Command::Balance).await.unwrap() else {
            panic!("a balance was asked for");
        };
        balance.total
    }

    pub(crate) async fn history(&mut self) -> Vec<HistoryRow> {
        let Reply::History(history) =
            self.0.ask(Command::History(HistoryQuery::default())).await.unwrap()
        else {
            panic!("the history was asked for");
        };
        history
    }

    pub(crate) async fn pay(
        &mut self,
        to: &Address,
        amount: Amount,
    ) -> Result<Payment, CommandError> {
        let request = request(to, amount);
        let Reply::Draft(draft) = self.0.ask(Command::Draft(Box::new(request))).await? else {
            panic!("a draft was asked for");
        };
        let Reply::Payment(payment) = self.0.ask(Command::Sign(draft.id)).await? else {
            panic!("a payment was asked for");
        };
        Ok(*payment)
    }

    pub(crate) async fn ask(&mut self, command: Command) -> Result<Reply, CommandError> {
        self.0.ask(command).await
    }

    pub(crate) async fn rescan(&mut self, from: Option<u32>) -> Result<(), CommandError> {
        self.0.ask(Command::Rescan { from: from.map(Height::new) }).await.map(drop)
    }

    /// Reads events until one is as wanted.
    pub(crate) async fn until(&mut self, mut wanted: impl FnMut(&Event) -> bool) {
        let mut heard = Vec::new();
        let found = async {
            while let Some(event) = self.0.next_event().await {
                if wanted(&event) {
                    return true;
                }
                heard.push(event);
            }
            false
        };
        // Not a measure: a test that waits for what never comes should say what it heard.
        let found = tokio::time::timeout(Duration::from_secs(60), found).await;
        assert_eq!(found, Ok(true), "{heard:#?}");
    }

    pub(crate) async fn until_synced(&mut self, height: u32) {
        let height = Height::new(height);
        self.until(|event| matches!(event, Event::Synced { tip, .. } if tip.height >= height))
            .await;
    }

    pub(crate) async fn until_state(&mut self, txid: Txid, wanted: impl Fn(PaymentState) -> bool) {
        self.until(|event| {
            matches!(event, Event::Transaction(change) if change.txid == txid && wanted(change.state))
        })
        .await;
    }

    pub(crate) async fn close(mut self) {
        self.0.close().await;
    }

    async fn address(&mut self, fresh: bool) -> Address {
        let command = Command::Receive { amount: None, note: None, expires: None, fresh };
        let Reply::Address(issued) = self.0.ask(command).await.unwrap() else {
            panic!("an address was asked for");
        };
        issued.address
    }
}

/// A request to pay one recipient.
pub(crate) fn request(to: &Address, amount: Amount) -> PayRequest {
    PayRequest {
        recipients: vec![Recipient {
            address: to.clone(),
            amount: PayAmount::Exactly(amount),
            note: None,
        }],
        fee: FeeChoice::Rate(FeeRate::from_sat_per_vb_u32(2)),
        ..PayRequest::default()
    }
}

/// An address that is nobody's here.
pub(crate) fn stranger() -> Address {
    "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"
        .parse::<Address<_>>()
        .unwrap()
        .require_network(Network::Regtest)
        .unwrap()
}

/// Something that answers every connection with a page.
pub(crate) fn http_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    address
}

pub(crate) fn password(text: &str) -> Password {
    Password::new(text).unwrap()
}

/// Opens every wallet here.
pub(crate) const PASSWORD: &str = "a password";

/// BIP39's second test vector.
pub(crate) const OTHER_WORDS: &str =
    "legal winner thank year wave sausage worth useful legal winner thank yellow";

/// BIP39's first test vector.
pub(crate) const WORDS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                         abandon abandon about";
