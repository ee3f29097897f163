//! Owns the commands that the daemon runs when something happens: `--wallet-notify` for a transaction
//! of a wallet, `--block-notify` for a new tip, with Bitcoin Core's placeholders.
//!
//! Refuses a shell: the command is split into words once, before anything is put into it, so that
//! nothing that happens can become a command. What happens while no daemon runs is not told, and what
//! takes too long is ended: `billfold.events` loses nothing.

use std::collections::HashMap;
use std::process::{ExitStatus, Stdio};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use billfold_wallet_core::command::{
    ChainQuery, Command, CommandError, PaymentState, Reply, TransactionChange,
};
use billfold_wallet_core::config::WalletName;
use billfold_wallet_core::event::{Event, News};
use billfold_wallet_core::face::Face;
use billfold_wallet_core::light_client::height::BlockId;
use bitcoin::{BlockHash, Txid};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// A command with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    program: String,
    arguments: Vec<String>,
}

/// The text is no command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a command: name a program and its arguments, with every quote closed; there is no shell"
)]
pub(crate) struct ParseNoticeError;

impl FromStr for Notice {
    type Err = ParseNoticeError;

    fn from_str(text: &str) -> Result<Self, ParseNoticeError> {
        let mut words = shell_words::split(text).map_err(|_| ParseNoticeError)?.into_iter();
        let program = words.next().filter(|program| !program.is_empty());
        Ok(Self { program: program.ok_or(ParseNoticeError)?, arguments: words.collect() })
    }
}

impl Notice {
    /// The program and its arguments.
    pub(crate) fn words(self) -> impl Iterator<Item = String> {
        std::iter::once(self.program).chain(self.arguments)
    }

    /// The arguments with what happened in place of each `%` and its letter.
    fn filled(&self, values: &[(char, String)]) -> Vec<String> {
        self.arguments.iter().map(|argument| fill(argument, values)).collect()
    }
}

/// What is run, and when.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notices {
    /// For each transaction of a wallet that is new or further than it was.
    pub(crate) wallet: Option<Notice>,
    /// For each new tip that all wallets have seen.
    pub(crate) block: Option<Notice>,
}

/// Runs the commands until all wallets are closed.
pub(crate) async fn run(face: &dyn Face, notices: Notices) {
    if notices.wallet.is_none() && notices.block.is_none() {
        return std::future::pending().await;
    }
    let mut listener = face.listen();
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut told = Told { tip: tip(face).await, ..Told::default() };
    while let Some(News { wallet, event }) = listener.next().await {
        match (&event, wallet, &notices.wallet) {
            (Event::Transaction(change), Some(wallet), Some(notice)) => {
                if told.is_news(&wallet, change) {
                    start(&room, notice, &of_change(&wallet, change)).await;
                }
            }
            (Event::Missed { events }, ..) => {
                tracing::warn!(events, "commands fell behind: of these events none is told");
            }
            (Event::Synced { .. } | Event::Progress(_), ..) => {}
            _ => continue,
        }
        let Some(notice) = &notices.block else { continue };
        if let Some(tip) = tip(face).await
            && told.tip.replace(tip) != Some(tip)
        {
            start(&room, notice, &[('s', tip.to_string())]).await;
        }
    }
}

/// What was told last.
#[derive(Debug, Default)]
struct Told {
    tip: Option<BlockHash>,
    transactions: HashMap<(WalletName, Txid), PaymentState>,
}

impl Told {
    /// Whether the transaction is further, or less far, than was told.
    fn is_news(&mut self, wallet: &WalletName, change: &TransactionChange) -> bool {
        if self.transactions.len() >= REMEMBERED {
            self.transactions.clear();
        }
        let before = self.transactions.insert((wallet.clone(), change.txid), change.state);
        before != Some(change.state)
    }
}

/// The tip, once every open wallet has seen it. What is told of all of them together does not go back
/// for one that was loaded late, so each is asked.
async fn tip(face: &dyn Face) -> Option<BlockHash> {
    let Ok(Reply::Status(status)) = face.ask_chain(ChainQuery::Status).await else { return None };
    let mut applied = Vec::new();
    for wallet in face.wallets().await.ok()? {
        match face.ask(&wallet, Command::Applied).await {
            Ok(Reply::Applied(block)) => applied.push(block),
            // It was closed meanwhile.
            Err(CommandError::NotLoaded(_)) => {}
            _ => return None,
        }
    }
    seen_by_all(status.tip, &applied)
}

/// The tip, if that is where each wallet is.
fn seen_by_all(tip: BlockId, applied: &[Option<BlockId>]) -> Option<BlockHash> {
    applied.iter().all(|block| *block == Some(tip)).then_some(tip.hash)
}

fn of_change(wallet: &WalletName, change: &TransactionChange) -> [(char, String); 4] {
    let block = change.state.block();
    [
        ('s', change.txid.to_string()),
        ('w', wallet.to_string()),
        ('b', block.map_or_else(|| "unconfirmed".to_owned(), |block| block.hash.to_string())),
        ('h', block.map_or_else(|| "-1".to_owned(), |block| block.height.to_string())),
    ]
}

/// Starts a command once there is room, and lets it run.
async fn start(room: &Arc<Semaphore>, notice: &Notice, values: &[(char, String)]) {
    let Ok(place) = Arc::clone(room).acquire_owned().await else { return };
    let mut command = tokio::process::Command::new(&notice.program);
    command.args(notice.filled(values)).kill_on_drop(false);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            tracing::warn!(%error, "a command of --wallet-notify or --block-notify did not start");
            return;
        }
    };
    tokio::spawn(async move {
        match timeout(LONGEST, child.wait()).await {
            Ok(Ok(status)) if ExitStatus::success(&status) => {}
            Ok(Ok(status)) => tracing::warn!(%status, "a command that was told failed"),
            Ok(Err(error)) => tracing::warn!(%error, "a command that was told was lost"),
            Err(_elapsed) => {
                tracing::warn!("a command that was told took too long, and was ended");
                // It may have ended meanwhile.
                let _ = child.kill().await;
            }
        }
        drop(place);
    });
}

/// A text with values in place of `%` and their letters; what is put in is not looked at again.
fn fill(text: &str, values: &[(char, String)]) -> String {
    let mut filled = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let named = |next: &char| values.iter().find(|(name, _)| name == next);
        match letters.peek().and_then(named).filter(|_| letter == '%') {
            Some((_, value)) => {
                filled += value;
                letters.next();
            }
            None => filled.push(letter),
        }
    }
    filled
}

/// Commands that run at the same time; more wait.
const AT_ONCE: usize = 4;

/// How long a command may run.
const LONGEST: Duration = Duration::from_secs(600);

/// Transactions of which it is remembered what was told; then all are forgotten, and may be told twice.
const REMEMBERED: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_split_before_anything_is_put_into_it() {
        let notice: Notice = "tell 'a b' --tx=%s \"%w\" %h%x % 100%".parse().unwrap();
        let values =
            [('s', "$(rm) %w".to_owned()), ('w', "a'; b".to_owned()), ('h', "-1".to_owned())];
        let filled = notice.filled(&values);
        assert_eq!(filled, ["a b", "--tx=$(rm) %w", "a'; b", "-1%x", "%", "100%"]);
        assert_eq!(notice.program, "tell");
    }

    /// The command would read a wallet that does not know the block yet.
    #[test]
    fn a_block_is_told_once_each_wallet_has_seen_it() {
        use billfold_wallet_core::light_client::height::Height;
        use bitcoin::hashes::Hash as _;
        let at = |height: u8| {
            BlockId::new(Height::new(height.into()), BlockHash::from_byte_array([height; 32]))
        };
        assert_eq!(seen_by_all(at(9), &[Some(at(9)), Some(at(9))]), Some(at(9).hash));
        assert_eq!(seen_by_all(at(9), &[]), Some(at(9).hash), "without a wallet");
        for late in [Some(at(8)), None] {
            assert_eq!(seen_by_all(at(9), &[Some(at(9)), late]), None, "{late:?}");
        }
    }

    #[test]
    fn what_is_no_command_is_refused() {
        for text in ["", "  ", "tell 'a", "'' a"] {
            assert_eq!(text.parse::<Notice>(), Err(ParseNoticeError), "{text}");
        }
    }
}
