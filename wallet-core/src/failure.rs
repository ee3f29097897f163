//! Owns the one list of everything that can go wrong: stable name, code and exit code of each, for
//! the command line, the screens and JSON-RPC alike.
//!
//! Codes are Bitcoin Core's (`src/rpc/protocol.h`) where Core has one that says the same, -1000 to
//! -1099 where programs must tell it apart, else -1.
//! `docs/errors.md` is this list for people; a test keeps the two alike.

/// Declares the list once, so that no kind can be missing from `Kind::ALL`.
macro_rules! kinds {
    ($($kind:ident = $name:literal, $code:literal, $exit:ident, $meaning:literal;)+) => {
        /// One kind of failure.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $(#[doc = $meaning] $kind,)+
        }

        impl Kind {
            /// All of them, in the order of `docs/errors.md`.
            #[cfg(test)]
            pub const ALL: &[Self] = &[$(Self::$kind,)+];

            /// The stable name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)+ }
            }

            /// The code in the error object.
            #[must_use]
            pub const fn code(self) -> i32 {
                match self { $(Self::$kind => $code,)+ }
            }

            /// How the program exits.
            #[must_use]
            pub const fn exit(self) -> Exit {
                match self { $(Self::$kind => Exit::$exit,)+ }
            }

            /// What it means, for the list of errors.
            #[cfg(test)]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$kind => $meaning,)+ }
            }
        }
    };
}

/// How the program exits; stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exit {
    /// None of the others.
    Other = 1,
    /// What was typed or written in a file is not right.
    Usage = 2,
    /// Refused by a limit, a frozen coin or the reviewer.
    Refused = 3,
    /// Not enough money.
    Money = 4,
    /// Wrong password, or locked.
    Password = 5,
    /// No peer, or not synced in time.
    Peers = 6,
    /// The signer failed.
    Signer = 7,
    /// A file of the store is damaged.
    Damaged = 8,
}

kinds! {
    Usage = "usage", -8, Usage, "The command line is not right.";
    BadConfig = "bad_config", -8, Usage, "`config.toml` or a setting is not right.";
    BadAmount = "bad_amount", -3, Usage, "The text is not an amount.";
    BadFeeRate = "bad_fee_rate", -8, Usage, "The text is not a fee rate.";
    InvalidAddress = "invalid_address", -5, Usage, "The text is not an address or `bitcoin:` URI.";
    WrongNetwork = "wrong_network", -5, Usage, "The address is of another network.";
    BadReference = "bad_reference", -8, Usage, "The text names nothing that can be labelled.";
    BadLabels = "bad_labels", -8, Usage, "The file holds no labels.";
    BadPayments = "bad_payments", -8, Usage, "The file of payments is not right.";
    BadPsbt = "bad_psbt", -22, Usage, "The bytes or the text are no PSBT that is understood.";
    PsbtsDiffer = "psbts_differ", -22, Usage, "The PSBTs are not of the same payment.";
    NotAPayment = "not_a_payment", -8, Usage, "The PSBT signs a message and pays nothing.";
    NotOurAddress = "not_our_address", -5, Usage, "The address is not one of the wallet's.";
    MessageTooLong = "message_too_long", -8, Usage, "The message is longer than any that is signed.";
    BadKey = "bad_key", -5, Usage, "The text is no private key, or one of another network.";
    BadRecipients = "bad_recipients", -8, Usage, "No recipient, one twice, or `max` beside others.";
    BadWords = "bad_words", -5, Usage, "The words have a wrong number or a word is not in the list.";
    WrongChecksum = "wrong_checksum", -5, Usage, "All words are in the list, but do not belong together.";
    FingerprintMismatch = "fingerprint_mismatch", -5, Usage, "Words and passphrase make another wallet than the one that is expected.";
    FingerprintUnconfirmed = "fingerprint_unconfirmed", -8, Usage, "There is a passphrase, and nobody has said which fingerprint it makes.";
    BadDice = "bad_dice", -8, Usage, "The dice rolls are too few or not rolls.";
    BadPassword = "bad_password", -8, Usage, "The password is empty, not text, or was typed differently.";
    NoTerminal = "no_terminal", -8, Usage, "Something must be asked, and there is no terminal.";
    NoSuchCoin = "no_such_coin", -8, Usage, "A named coin is not an unspent coin of the wallet.";
    BadDescriptor = "bad_descriptor", -5, Usage, "The text is not a descriptor that a wallet can use.";
    BadXpub = "bad_xpub", -5, Usage, "An extended key lacks what it is for, or is of another use.";
    BadImport = "bad_import", -8, Usage, "The text or file tells of no accounts, or is damaged.";
    BadPolicy = "bad_policy", -8, Usage, "A policy can't be built from what was given.";
    PrivateKey = "private_key", -5, Usage, "A private key was given where a public one belongs.";
    ForeignKey = "foreign_key", -5, Refused, "A key claims to be the wallet's own and is not.";
    AccountExists = "account_exists", -8, Usage, "The wallet has such an account already.";
    BadAccounts = "bad_accounts", -8, Usage, "A wallet without an account, or one account twice.";
    NetworkMismatch = "network_mismatch", -8, Usage, "The wallet was made for another network.";
    NoSuchAccount = "no_such_account", -8, Usage, "The wallet has no such account.";
    NoSuchTransaction = "no_such_transaction", -5, Usage, "The wallet has no such transaction.";
    NoSuchLabel = "no_such_label", -8, Usage, "No coin has the label.";
    FeeRateOutOfRange = "fee_rate_out_of_range", -8, Usage, "The fee rate is out of range.";
    HeightAboveTip = "height_above_tip", -8, Usage, "The height is above the tip.";
    Refused = "refused", -1, Refused, "The review was not agreed to; nothing was signed.";
    NotABackup = "not_a_backup", -8, Usage, "The file is not a backup.";
    WordsDiffer = "words_differ", -8, Refused, "The words or the passphrase are not those of the wallet.";
    Dust = "dust", -8, Refused, "An output is too small to be relayed.";
    CoinFrozen = "coin_frozen", -4, Refused, "A named coin is frozen.";
    CoinReserved = "coin_reserved", -4, Refused, "A named coin is held by another draft.";
    CoinImmature = "coin_immature", -4, Refused, "A named coin is mined and too young.";
    CoinWaits = "coin_waits", -4, Refused, "A named coin can be spent by this wallet only after a wait.";
    LooksAlike = "looks_alike", -4, Refused, "The address looks like another one that is known here.";
    FeeTooHigh = "fee_too_high", -4, Refused, "The fee is out of proportion to what is paid.";
    FeeAboveLimit = "fee_above_limit", -4, Refused, "The fee is above what any payment may cost.";
    FeeUnknown = "fee_unknown", -4, Refused, "Nothing is known of the fee for that time.";
    FeeTooLow = "fee_too_low", -26, Refused, "The fee is too low to replace a payment.";
    CannotBump = "cannot_bump", -4, Refused, "The transaction can't be sped up or taken back.";
    CannotAbandon = "cannot_abandon", -5, Refused, "The transaction can't be given up.";
    TooLarge = "too_large", -4, Refused, "The transaction is heavier than nodes relay.";
    KeyReused = "key_reused", -1001, Refused, "The idempotency key belongs to another payment.";
    PolicyRefused = "policy_refused", -1000, Refused, "A limit of whoever asks does not let the payment through.";
    NoSuchInvoice = "no_such_invoice", -5, Other, "There is no such invoice.";
    InvoiceSettled = "invoice_settled", -8, Refused, "The invoice is paid, so it can't be taken back.";
    NoSuchToken = "no_such_token", -8, Other, "There is no such token, or it was taken back.";
    NoSuchOperation = "no_such_operation", -8, Other, "The wallet has no such operation.";
    Rescanning = "rescanning", -4, Other, "Another rescan of the wallet goes on.";
    TooManyTokens = "too_many_tokens", -4, Other, "No more tokens are kept.";
    ForeignPayment = "foreign_payment", -4, Refused, "The PSBT neither pays nor spends anything of the wallet.";
    BadSignature = "bad_signature", -3, Refused, "The signature is not one of this address and this message.";
    InsufficientFunds = "insufficient_funds", -6, Money, "Not enough can be spent.";
    LineTooLong = "line_too_long", -6, Money, "Too much that no block holds stands on each other.";
    NothingToSweep = "nothing_to_sweep", -6, Money, "Other keys have no coin that is worth its fee.";
    WrongPassword = "wrong_password", -14, Password, "The password does not open the wallet.";
    TooManyTries = "too_many_tries", -14, Password, "Too many wrong passwords; this one was not tried yet.";
    HasPassphrase = "has_passphrase", -15, Password, "The keys have a passphrase already.";
    NoPassphrase = "no_passphrase", -15, Password, "The keys have no passphrase of their own.";
    Locked = "locked", -13, Password, "The keys are locked.";
    WatchOnly = "watch_only", -4, Signer, "The wallet only watches: it has no key to sign with.";
    NoPeer = "no_peer", -9, Peers, "No peer was named or found.";
    PeerUnreachable = "peer_unreachable", -9, Peers, "No connection to any peer could be opened.";
    PeerRefused = "peer_refused", -9, Peers, "The peer does not speak or serve what is needed.";
    Offline = "offline", -9, Peers, "The wallet is offline, and the question takes the chain.";
    SyncTimeout = "sync_timeout", -10, Peers, "The tip was not reached in time.";
    SigningFailed = "signing_failed", -4, Signer, "The signer failed.";
    NothingToSign = "nothing_to_sign", -4, Signer, "The PSBT has nothing that this wallet could sign.";
    PsbtIncomplete = "psbt_incomplete", -4, Signer, "The PSBT lacks signatures, or has wrong ones.";
    NoSigner = "no_signer", -4, Signer, "No signing device is there.";
    SeveralSigners = "several_signers", -4, Signer, "There are several signing devices, and none is named.";
    SignerNoPermission = "signer_no_permission", -4, Signer, "The system lets this user not use the signing device.";
    SignerBusy = "signer_busy", -4, Signer, "Another program uses the signing device.";
    SignerUnreachable = "signer_unreachable", -4, Signer, "The signing device does not answer, or went away.";
    SignerWrongApp = "signer_wrong_app", -4, Signer, "What answers is no signing device that is known.";
    SignerNotSetUp = "signer_not_set_up", -4, Signer, "The signing device has no keys yet.";
    SignerLocked = "signer_locked", -4, Signer, "The signing device is locked.";
    SignerWrongNetwork = "signer_wrong_network", -4, Signer, "The signing device is for another network.";
    SignerWrongKeys = "signer_wrong_keys", -4, Signer, "The signing device has other keys, or another passphrase.";
    SignerNotRegistered = "signer_not_registered", -4, Signer, "The signing device does not know the account.";
    SignerAddressDiffers = "signer_address_differs", -4, Signer, "The signing device shows another address.";
    SignerCancelled = "signer_cancelled", -4, Signer, "The person at the signing device refused.";
    SignerTimeout = "signer_timeout", -4, Signer, "Nobody answered on the signing device in time.";
    SignerRefused = "signer_refused", -4, Signer, "The signing device refuses, and says why.";
    SignerUnsupported = "signer_unsupported", -4, Signer, "The signing device has no such function.";
    SignerProtocol = "signer_protocol", -4, Signer, "What the signing device answered makes no sense.";
    Inconclusive = "inconclusive", -1, Other, "The script behind the address is not understood here.";
    StoreDamaged = "store_damaged", -20, Damaged, "A file is damaged.";
    BackupDamaged = "backup_damaged", -20, Damaged, "The backup is damaged, or its content is wrong.";
    StoreNewer = "store_newer", -20, Other, "A file was written by a newer version.";
    DiskFull = "disk_full", -20, Other, "The disk is full.";
    ReadOnly = "read_only", -20, Other, "The disk can't be written.";
    Io = "io", -20, Other, "The system failed to read or write a file.";
    DirInUse = "dir_in_use", -4, Other, "Another process uses the data directory.";
    WalletExists = "wallet_exists", -4, Other, "There is a wallet of that name already.";
    NoSuchWallet = "no_such_wallet", -18, Other, "There is no wallet of that name.";
    WalletLoaded = "wallet_loaded", -35, Other, "The wallet is loaded already.";
    WalletNotLoaded = "wallet_not_loaded", -18, Other, "The wallet is not loaded.";
    FileExists = "file_exists", -8, Other, "A file that would be written is there already.";
    NoSuchDraft = "no_such_draft", -8, Other, "The draft is unknown or dropped, or its coins are spent.";
    DraftExpired = "draft_expired", -8, Other, "The draft is out of date.";
    NotConfirmed = "not_confirmed", -5, Other, "The transaction is in no block yet.";
    AddressesExhausted = "addresses_exhausted", -12, Other, "No more addresses can be derived.";
    NoEntropy = "no_entropy", -1, Other, "The system gave no randomness.";
    OutOfMemory = "out_of_memory", -7, Other, "The password's derivation takes more memory than there is.";
    Busy = "busy", -1, Other, "Too many questions are unanswered.";
    Closing = "closing", -1, Other, "The wallet is closing.";
    NoDaemon = "no_daemon", -1, Other, "No daemon answers, or it lets nobody in just now.";
    DaemonLost = "daemon_lost", -1, Other, "The daemon ended before it answered; what it did is not known.";
    OtherVersion = "other_version", -1, Other, "The daemon is another version of the program.";
    ListenFailed = "listen_failed", -1, Other, "The daemon can't listen at its address or socket.";
    CallFailed = "call_failed", -1, Other, "The daemon answered with an error; `data` has its code.";
    DemoFailed = "demo_failed", -1, Other, "A step of the demonstration went wrong.";
    Interrupted = "interrupted", -1, Other, "Interrupted by the person or the system.";
    Bug = "bug", -1, Other, "A fault of the program itself.";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::fmt::Write;

    use super::*;

    #[test]
    fn names_are_unique() {
        let names: HashSet<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), Kind::ALL.len());
    }

    #[test]
    fn the_page_lists_exactly_these() {
        let page = include_str!("../../docs/errors.md");
        let rows: String = page.lines().filter(|line| line.starts_with("| `")).fold(
            String::new(),
            |mut rows, line| {
                rows.push_str(line);
                rows.push('\n');
                rows
            },
        );
        let mut expected = String::new();
        for kind in Kind::ALL {
            let (name, code, exit) = (kind.name(), kind.code(), kind.exit() as u8);
            writeln!(expected, "| `{name}` | {code} | {exit} | {} |", kind.meaning())
                .expect("a string takes it");
        }
        assert_eq!(rows, expected, "docs/errors.md should hold these rows:\n{expected}");
    }
}
