//! A face over a real socket, to wallets that answer as the test says.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use billfold_wallet_core::command::{Balance, Birthday};
use billfold_wallet_core::config::LookAhead;
use billfold_wallet_core::event::{Event, News};
use billfold_wallet_core::founding::CreateError;
use billfold_wallet_core::founding::NewWallet;
use billfold_wallet_core::keychain::{ScriptType, StandardAccount};
use billfold_wallet_core::light_client::params::Params;
use billfold_wallet_core::seed::{Seed, Words};
use bitcoin::Network;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use super::*;
use crate::auth::{Access as Users, Whitelists};
use crate::node::Node;
use crate::server::face::{PROTOCOL, VERSION};
use crate::server::{Listener as Place, serve};

/// Wallets of which one answers what it has, and never a rescan.
#[derive(Default)]
struct Wallets {
    ears: Mutex<Vec<mpsc::UnboundedSender<News>>>,
    loaded: Mutex<Vec<WalletName>>,
    unloaded: Notify,
    asked: Notify,
    listening: AtomicUsize,
}

impl Face for Wallets {
    fn ask<'a>(
        &'a self,
        wallet: &'a WalletName,
        command: Command,
    ) -> BoxFuture<'a, Result<Reply, CommandError>> {
        Box::pin(async move {
            match command {
                Command::Balance if wallet.as_str() == "main" => {
                    // Told at once, so that whoever is late to listen misses it.
                    for ear in self.ears.lock().expect("whole").iter() {
                        let _ =
                            ear.send(News { wallet: Some(wallet.clone()), event: Event::Locked });
                    }
                    Ok(Reply::Balance(Balance::default()))
                }
                Command::Rescan { .. } => {
                    self.asked.notify_one();
                    std::future::pending().await
                }
                _ => Err(CommandError::NotLoaded(wallet.clone())),
            }
        })
    }

    fn ask_chain(&self, _query: ChainQuery) -> BoxFuture<'_, Result<Reply, CommandError>> {
        Box::pin(std::future::pending())
    }

    fn all_wallets(&self) -> BoxFuture<'_, Result<Vec<WalletName>, StoreProblem>> {
        Box::pin(async { Err(StoreProblem::Full) })
    }

    fn found<'a>(
        &'a self,
        wallet: &'a WalletName,
        founding: Founding,
        _cost: KdfCost,
    ) -> BoxFuture<'a, Result<WalletDescription, RestoreError>> {
        Box::pin(async move {
            let Founding::Keys(new) = founding else { return Err(CreateError::BadAccounts.into()) };
            assert!(new.seed.is_of(&Words::parse(WORDS).expect("words"), ""));
            Err(CreateError::WalletExists(wallet.clone()).into())
        })
    }

    fn backup<'a>(
        &'a self,
        _wallet: &'a WalletName,
    ) -> BoxFuture<'a, Result<Backup, CommandError>> {
        Box::pin(async { Err(CommandError::Locked) })
    }

    fn keep_open<'a>(
        &'a self,
        _wallet: &'a WalletName,
        _open: bool,
    ) -> BoxFuture<'a, Result<(), StoreProblem>> {
        Box::pin(async { Ok(()) })
    }

    fn change_passphrase<'a>(
        &'a self,
        _wallet: &'a WalletName,
        _change: PassphraseChange,
        _cost: KdfCost,
    ) -> BoxFuture<'a, Result<(), PassphraseError>> {
        Box::pin(async { Err(PassphraseError::HasNone) })
    }

    fn change_password<'a>(
        &'a self,
        _wallet: &'a WalletName,
        _change: PasswordChange,
        _cost: KdfCost,
    ) -> BoxFuture<'a, Result<(), OpenError>> {
        Box::pin(async { Err(OpenError::WrongPassword) })
    }

    fn wallets(&self) -> BoxFuture<'_, Result<Vec<WalletName>, CommandError>> {
        Box::pin(async { Ok(self.loaded.lock().expect("whole").clone()) })
    }

    fn load<'a>(
        &'a self,
        wallet: &'a WalletName,
        _password: Password,
        _access: Access,
    ) -> BoxFuture<'a, Result<(), OpenError>> {
        self.loaded.lock().expect("whole").push(wallet.clone());
        Box::pin(async { Ok(()) })
    }

    fn unload<'a>(&'a self, wallet: &'a WalletName) -> BoxFuture<'a, Result<(), CommandError>> {
        self.loaded.lock().expect("whole").retain(|name| name != wallet);
        self.unloaded.notify_one();
        Box::pin(async { Ok(()) })
    }

    fn unlock<'a>(
        &'a self,
        _wallet: &'a WalletName,
        _password: Password,
        _lasts: Option<Duration>,
    ) -> BoxFuture<'a, Result<(), OpenError>> {
        Box::pin(async { Err(OpenError::WrongPassword) })
    }

    fn listen(&self) -> Box<dyn Listener> {
        let (ear, news) = mpsc::unbounded_channel();
        self.ears.lock().expect("whole").push(ear);
        self.listening.fetch_add(1, Ordering::SeqCst);
        Box::new(Ears(news))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

struct Ears(mpsc::UnboundedReceiver<News>);

impl Listener for Ears {
    fn next(&mut self) -> BoxFuture<'_, Option<News>> {
        Box::pin(self.0.recv())
    }
}

struct Daemon {
    dir: TempDir,
    wallets: Arc<Wallets>,
    node: Arc<Node>,
    port: std::net::SocketAddr,
    served: JoinHandle<()>,
}

impl Daemon {
    async fn start() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let wallets = Arc::new(Wallets::default());
        let face: Arc<dyn Face> = Arc::clone(&wallets) as _;
        let node = Arc::new(Node::new(Params::new(Network::Regtest), "0.1.0", None, face));
        let tcp = Place::tcp(([127, 0, 0, 1], 0).into()).await.expect("a port");
        let port = tcp.address().expect("it has one");
        let socket = Place::unix(dir.path().join("s")).expect("a socket");
        let users = Users::new(Vec::new(), Whitelists::new([], None));
        let serving = serve(Arc::clone(&node), users, vec![tcp, socket]);
        Self { dir, wallets, node, port, served: tokio::spawn(serving) }
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("s")
    }

    async fn attach(&self) -> RemoteFace {
        RemoteFace::attach(&self.socket(), "0.1.0").await.expect("let in").expect("it is there")
    }
}

const WORDS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                     abandon abandon about";

fn main() -> WalletName {
    WalletName::default()
}

#[tokio::test]
async fn questions_answers_and_news_cross() {
    let daemon = Daemon::start().await;
    let face = daemon.attach().await;
    let mut listener = face.listen();
    let balance = face.ask(&main(), Command::Balance).await;
    assert_eq!(balance, Ok(Reply::Balance(Balance::default())));
    let news = listener.next().await.expect("it is told");
    assert_eq!((news.wallet, news.event), (Some(main()), Event::Locked));

    let other: WalletName = "other".parse().expect("a name");
    let refused = face.ask(&other, Command::Balance).await;
    assert_eq!(refused, Err(CommandError::NotLoaded(other.clone())));
    let password = || Password::new("x").expect("a password");
    assert_eq!(face.unlock(&main(), password(), None).await, Err(OpenError::WrongPassword));

    let new = NewWallet {
        seed: Seed::new(&Words::parse(WORDS).expect("words"), ""),
        accounts: vec![StandardAccount::first(ScriptType::Taproot)],
        birthday: Birthday::Time(7),
        look_ahead: LookAhead::NEW,
        password: password(),
        words_checked: None,
        key_passphrase: None,
        avoids_reuse: false,
    };
    let founded = face.found(&other, Founding::Keys(new), KdfCost::for_tests()).await;
    assert_eq!(founded, Err(CreateError::WalletExists(other.clone()).into()));
    assert_eq!(face.all_wallets().await, Err(StoreProblem::Full));

    assert_eq!(face.load(&other, password(), Access::View).await, Ok(()));
    assert_eq!(face.wallets().await, Ok(vec![other.clone()]));
    face.close().await;
    assert_eq!(listener.next().await, None, "who closes hears no more");
    assert_eq!(daemon.attach().await.wallets().await, Ok(vec![]), "it was unloaded by then");
}

#[tokio::test]
async fn who_leaves_leaves_nothing() {
    let daemon = Daemon::start().await;
    let face = daemon.attach().await;
    let password = Password::new("x").expect("a password");
    assert_eq!(face.load(&main(), password, Access::View).await, Ok(()));
    drop(face);
    daemon.wallets.unloaded.notified().await;
    assert_eq!(daemon.attach().await.wallets().await, Ok(vec![]));
}

#[tokio::test]
async fn a_daemon_that_dies_is_told_from_one_that_ends() {
    let daemon = Daemon::start().await;
    let (face, mut ears) = (daemon.attach().await, Vec::new());
    let waiting = {
        let face = face.clone();
        tokio::spawn(async move { face.ask(&main(), Command::Rescan { from: None }).await })
    };
    ears.push(face.listen());
    daemon.wallets.asked.notified().await;
    // A question waits until those before it listen.
    assert!(face.wallets().await.is_ok());
    assert_eq!(daemon.wallets.listening.load(Ordering::SeqCst), 1);
    daemon.served.abort();
    assert_eq!(waiting.await.expect("no panic"), Err(CommandError::DaemonLost));
    let event = Event::Stopped { error: CommandError::DaemonLost };
    assert_eq!(ears[0].next().await, Some(News { wallet: None, event }));
    assert_eq!(ears[0].next().await, None);
    assert_eq!(face.ask(&main(), Command::Balance).await, Err(CommandError::Closing));

    let daemon = Daemon::start().await;
    let face = daemon.attach().await;
    let mut ear = face.listen();
    assert!(face.wallets().await.is_ok());
    daemon.node.stop.ask();
    assert_eq!(ear.next().await, None, "an end that was meant is no failure");
}

#[tokio::test]
async fn other_versions_and_the_network_are_refused() {
    let daemon = Daemon::start().await;
    let refused = RemoteFace::attach(&daemon.socket(), "9.9.9").await;
    assert!(matches!(
        refused,
        Err(AttachError::OtherVersion { daemon, own }) if daemon == "0.1.0" && own == "9.9.9"
    ));
    let mut stream = TcpStream::connect(daemon.port).await.expect("connected");
    let request = format!(
        "GET /face HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: {PROTOCOL}\r\n\
         {VERSION}: 0.1.0\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut told = [0; 12];
    stream.read_exact(&mut told).await.expect("an answer");
    assert_eq!(&told, b"HTTP/1.1 403");
}

#[tokio::test]
async fn a_socket_that_was_left_over_is_nobody() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("s");
    assert!(RemoteFace::attach(&path, "0.1.0").await.expect("nobody").is_none());
    drop(std::os::unix::net::UnixListener::bind(&path).expect("a socket"));
    assert!(path.exists());
    assert!(RemoteFace::attach(&path, "0.1.0").await.expect("nobody").is_none());
}
