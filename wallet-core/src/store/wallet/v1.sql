-- Version 1 of a wallet's file. Hashes are in consensus byte order, amounts in satoshi, times in
-- Unix seconds.

-- `fingerprint`: of the wallet's own master key; a wallet that only watches has none. `preferred`:
-- the account of new addresses. `words_checked`: when the words were last
-- typed back; null: nobody has shown that they are written down. `takes_keys`: whether private keys
-- are in it, or may be imported. `external_signer`: whether programs have a device sign what it pays.
-- `avoids_reuse`: whether coins at scripts that were spent from are left alone. `undecided`: whether
-- nobody has chosen the preferred account: of a wallet that was made empty.
CREATE TABLE description (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    network TEXT NOT NULL,
    name TEXT NOT NULL,
    fingerprint BLOB,
    birthday_height INTEGER,
    birthday_time INTEGER,
    preferred INTEGER NOT NULL,
    look_ahead_receive INTEGER NOT NULL,
    look_ahead_change INTEGER NOT NULL,
    words_checked INTEGER,
    takes_keys INTEGER NOT NULL,
    external_signer INTEGER NOT NULL,
    avoids_reuse INTEGER NOT NULL DEFAULT 0,
    undecided INTEGER NOT NULL,
    CHECK (external_signer = 0 OR takes_keys = 0),
    CHECK ((birthday_height IS NULL) <> (birthday_time IS NULL))
) STRICT;

-- What the vault's seed key sealed; opaque here.
CREATE TABLE sealed (
    name TEXT PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;

-- Private keys that were imported. `fingerprint` and `path`: where a key stands below its master key;
-- `public`: its public half. `sealed`: as the vault's seed key sealed it; opaque here.
CREATE TABLE held_keys (
    fingerprint BLOB NOT NULL,
    path TEXT NOT NULL,
    public TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (fingerprint, path, public)
) STRICT;

-- `id`: from 0 in the order in which they came, never given again. `name`: what people type.
-- `descriptor`: with both branches (BIP389) if it has two, and its checksum (BIP380). `internal`:
-- whether the one branch of another is of change.
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    descriptor TEXT NOT NULL UNIQUE,
    internal INTEGER NOT NULL
) STRICT;

-- One chain of addresses. `id`: 2 × the account's id + the branch. `issued`: every index below was
-- given out. `used`: one more than the highest index that was ever paid. `derived`: every index
-- below is in `scripts`. `active`: whether new addresses of its type may be of it.
CREATE TABLE keychains (
    id INTEGER PRIMARY KEY,
    active INTEGER NOT NULL,
    issued INTEGER NOT NULL DEFAULT 0,
    used INTEGER NOT NULL DEFAULT 0,
    derived INTEGER NOT NULL DEFAULT 0,
    searched INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The watch list.
CREATE TABLE scripts (
    spk BLOB PRIMARY KEY,
    keychain INTEGER NOT NULL REFERENCES keychains (id),
    derivation INTEGER NOT NULL,
    UNIQUE (keychain, derivation)
) STRICT, WITHOUT ROWID;

-- Addresses that were given out to be paid at. The id is stable. With an amount it is an invoice:
-- `state` is what was told of it last; `least_depth`: how many confirmations count, null if it was
-- asked for by a person, who waits for one and may be given the same address again; `cancelled`:
-- when it was taken back.
CREATE TABLE addresses (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    keychain INTEGER NOT NULL REFERENCES keychains (id),
    derivation INTEGER NOT NULL,
    amount INTEGER,
    issued_at INTEGER NOT NULL,
    expires INTEGER,
    least_depth INTEGER,
    cancelled INTEGER,
    state TEXT,
    UNIQUE (keychain, derivation),
    CHECK ((state IS NULL) = (amount IS NULL))
) STRICT;
CREATE INDEX invoices_by_state ON addresses (state, id) WHERE state IS NOT NULL;
CREATE INDEX open_invoices ON addresses (expires) WHERE state = 'open';

-- Every transaction that pays or spends a script of the wallet, or that contests one that does.
-- The place in a block is of the best chain only. `canonical`: in a block, or without a conflict
-- that goes before it. `seen`: when it was last known outside of blocks;
-- `seen_by`: how many peers announced it then. `left_height`: the highest
-- block that it was taken out of by a reorganisation. `scan`: the scan that found the place.
-- `left_at`: since when it is known to be in no block any more; null before that was looked at.
-- `branch`: the hashes beside the way from the transaction to the block's merkle root, its own
-- sibling first, 32 bytes each: with the block's header they prove the place to anybody.
-- `entries`: in how many it is told to programs: each output to others where the wallet paid, each
-- output that came in. `known_height`: the last block that the wallet had seen when it became known.
-- `told_height`: at which block the history tells it; null while it waits. What fell (replaced,
-- evicted, given up) is told where it became known, so that it sinks as blocks come. `handed_at`:
-- when a peer was last given it, whether that said that it got it or not.
CREATE TABLE transactions (
    txid BLOB PRIMARY KEY,
    raw BLOB NOT NULL,
    coinbase INTEGER NOT NULL,
    signed_here INTEGER NOT NULL,
    announced INTEGER NOT NULL,
    canonical INTEGER NOT NULL DEFAULT 0,
    first_seen INTEGER NOT NULL,
    seen INTEGER,
    seen_by INTEGER NOT NULL DEFAULT 0,
    left_height INTEGER,
    left_at INTEGER,
    height INTEGER,
    block BLOB,
    position INTEGER,
    branch BLOB,
    block_time INTEGER,
    scan INTEGER,
    ours INTEGER NOT NULL DEFAULT 0,
    net INTEGER NOT NULL DEFAULT 0,
    fee INTEGER,
    entries INTEGER NOT NULL DEFAULT 0,
    known_height INTEGER NOT NULL,
    told_height INTEGER GENERATED ALWAYS AS (
        iif(height IS NULL AND canonical = 0 AND coinbase = 0, known_height, height)
    ) VIRTUAL,
    waits INTEGER NOT NULL DEFAULT 0,
    handed_at INTEGER,
    CHECK ((height IS NULL) = (block IS NULL)),
    CHECK ((height IS NULL) = (position IS NULL)),
    CHECK ((height IS NULL) = (branch IS NULL)),
    CHECK ((height IS NULL) = (block_time IS NULL)),
    CHECK ((height IS NULL) = (scan IS NULL))
) STRICT;
CREATE INDEX transactions_by_place ON transactions (height, position, entries);
CREATE INDEX fallen_transactions ON transactions (known_height)
    WHERE height IS NULL AND canonical = 0 AND coinbase = 0;
CREATE INDEX transactions_by_scan ON transactions (scan, height);
CREATE INDEX unconfirmed_transactions ON transactions (signed_here)
    WHERE height IS NULL AND left_height IS NULL;
CREATE INDEX own_transactions ON transactions (canonical, height) WHERE signed_here = 1;
CREATE INDEX left_transactions ON transactions (canonical)
    WHERE height IS NULL AND left_height IS NOT NULL;

-- Every input of every transaction above: who spends or contests what.
CREATE TABLE spends (
    parent BLOB NOT NULL,
    vout INTEGER NOT NULL,
    txid BLOB NOT NULL REFERENCES transactions (txid),
    PRIMARY KEY (parent, vout, txid)
) STRICT, WITHOUT ROWID;
CREATE INDEX spends_by_spender ON spends (txid);

-- Scripts of others that this wallet paid. `resemblance`: the ends of the address, by which people
-- compare it; none for a script without an address.
CREATE TABLE paid_scripts (
    spk BLOB NOT NULL,
    txid BLOB NOT NULL REFERENCES transactions (txid),
    resemblance TEXT,
    PRIMARY KEY (spk, txid)
) STRICT, WITHOUT ROWID;
CREATE INDEX paid_scripts_by_payment ON paid_scripts (txid);
CREATE INDEX paid_scripts_by_resemblance ON paid_scripts (resemblance)
    WHERE resemblance IS NOT NULL;

-- Outputs of strangers' transactions to addresses that look like one that this wallet paid.
CREATE TABLE imitations (
    txid BLOB PRIMARY KEY REFERENCES transactions (txid),
    spk BLOB NOT NULL,
    known BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What is said of things, known to the wallet or not (BIP329). The id is stable. `subject`: the
-- transaction of `tx`, `input` and `output`, the script of `addr`, the bytes of `pubkey`, the text
-- of `xpub`; `place`: the number of an input or output, else -1. `spendable`: what the user, or a
-- file that the user took in, said of an output; `outputs.frozen` follows it. `more`: the other
-- fields of an imported record, a JSON object.
CREATE TABLE labels (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    subject BLOB NOT NULL,
    place INTEGER NOT NULL,
    label TEXT,
    spendable INTEGER,
    more TEXT,
    UNIQUE (kind, subject, place),
    CHECK (spendable IS NULL OR kind = 'output'),
    CHECK ((place = -1) = (kind NOT IN ('input', 'output')))
) STRICT;
CREATE INDEX labels_by_text ON labels (label, kind, subject, place) WHERE label IS NOT NULL;

-- Every output to a script of the wallet. `live`: its transaction is canonical. `spender`: the
-- canonical transaction that spends it. `height` as in its transaction. `spent_from`: something was
-- spent from its script once, whatever came of it; kept by the triggers below.
CREATE TABLE outputs (
    txid BLOB NOT NULL REFERENCES transactions (txid),
    vout INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    keychain INTEGER NOT NULL REFERENCES keychains (id),
    derivation INTEGER NOT NULL,
    coinbase INTEGER NOT NULL,
    height INTEGER,
    live INTEGER NOT NULL DEFAULT 0,
    spender BLOB REFERENCES transactions (txid),
    frozen INTEGER NOT NULL DEFAULT 0,
    spent_from INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (txid, vout)
) STRICT, WITHOUT ROWID;
-- All that is told of what an address was paid, so that nothing else is read.
CREATE INDEX outputs_by_script ON outputs (keychain, derivation, live, height, coinbase, amount);
CREATE INDEX outputs_by_spender ON outputs (spender) WHERE spender IS NOT NULL;
-- All that the choice of coins reads, so that it reads nothing else; the largest first, of those the
-- oldest, so that it reads few of many.
CREATE INDEX unspent
    ON outputs (keychain, amount DESC, height, coinbase, frozen, live, spender, spent_from)
    WHERE live = 1 AND spender IS NULL;
-- Pages of coins by age; the few that are in no block, or in the last ones.
CREATE INDEX unspent_by_height ON outputs (height, txid, vout, coinbase, amount)
    WHERE live = 1 AND spender IS NULL;
-- Pages of coins by value.
CREATE INDEX unspent_by_value ON outputs (amount DESC, txid, vout)
    WHERE live = 1 AND spender IS NULL;
CREATE INDEX frozen_coins ON outputs (txid, vout)
    WHERE frozen = 1 AND live = 1 AND spender IS NULL;
CREATE INDEX outputs_spent_from ON outputs (keychain, derivation) WHERE spent_from = 1;
CREATE INDEX coins_spent_from ON outputs (height)
    WHERE live = 1 AND spender IS NULL AND spent_from = 1;
CREATE INDEX unspent_coinbases ON outputs (height)
    WHERE live = 1 AND spender IS NULL AND coinbase = 1;

-- The sums over unspent outputs, kept by the triggers below, so that no reader adds up coins.
-- A confirmed coinbase is in `confirmed` whatever its age.
CREATE TABLE balances (
    account INTEGER PRIMARY KEY REFERENCES accounts (id),
    confirmed INTEGER NOT NULL DEFAULT 0,
    pending INTEGER NOT NULL DEFAULT 0,
    frozen INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TRIGGER coin_comes AFTER UPDATE OF live, spender, height, frozen ON outputs
WHEN NEW.live = 1 AND NEW.spender IS NULL
BEGIN
    UPDATE balances SET
        confirmed = confirmed + iif(NEW.frozen = 0 AND NEW.height IS NOT NULL, NEW.amount, 0),
        pending = pending + iif(NEW.frozen = 0 AND NEW.height IS NULL, NEW.amount, 0),
        frozen = frozen + iif(NEW.frozen = 1, NEW.amount, 0)
    WHERE account = NEW.keychain / 2;
END;
CREATE TRIGGER coin_goes AFTER UPDATE OF live, spender, height, frozen ON outputs
WHEN OLD.live = 1 AND OLD.spender IS NULL
BEGIN
    UPDATE balances SET
        confirmed = confirmed - iif(OLD.frozen = 0 AND OLD.height IS NOT NULL, OLD.amount, 0),
        pending = pending - iif(OLD.frozen = 0 AND OLD.height IS NULL, OLD.amount, 0),
        frozen = frozen - iif(OLD.frozen = 1, OLD.amount, 0)
    WHERE account = OLD.keychain / 2;
END;
CREATE TRIGGER output_is_born_dead BEFORE INSERT ON outputs
WHEN NEW.live = 1 OR NEW.spender IS NOT NULL OR NEW.frozen = 1
BEGIN
    SELECT RAISE(ABORT, 'an output is written before it lives');
END;
-- An output may have been frozen before the wallet saw it.
CREATE TRIGGER output_is_frozen_already AFTER INSERT ON outputs
WHEN EXISTS (SELECT 1 FROM labels WHERE kind = 'output' AND subject = NEW.txid
             AND place = NEW.vout AND spendable = 0)
BEGIN
    UPDATE outputs SET frozen = 1 WHERE txid = NEW.txid AND vout = NEW.vout;
END;
-- Each script is marked once, however many outputs it has.
CREATE TRIGGER script_is_spent_from AFTER UPDATE OF spender ON outputs
WHEN NEW.spender IS NOT NULL AND NEW.spent_from = 0
BEGIN
    UPDATE outputs SET spent_from = 1
    WHERE keychain = NEW.keychain AND derivation = NEW.derivation;
END;
CREATE TRIGGER output_comes_where_was_spent AFTER INSERT ON outputs
WHEN EXISTS (SELECT 1 FROM outputs INDEXED BY outputs_spent_from
             WHERE keychain = NEW.keychain AND derivation = NEW.derivation AND spent_from = 1)
BEGIN
    UPDATE outputs SET spent_from = 1 WHERE txid = NEW.txid AND vout = NEW.vout;
END;
CREATE TRIGGER output_stays BEFORE DELETE ON outputs
WHEN OLD.live = 1 OR OLD.spender IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'an output that lives is never deleted');
END;

-- How many transactions the history has, kept by the triggers below, so that no reader counts them.
CREATE TABLE counts (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    transactions INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO counts (id) VALUES (1);

CREATE TRIGGER transaction_is_told AFTER UPDATE OF ours, canonical ON transactions
WHEN (OLD.ours = 1 AND (OLD.canonical = 1 OR OLD.coinbase = 0))
  <> (NEW.ours = 1 AND (NEW.canonical = 1 OR NEW.coinbase = 0))
BEGIN
    UPDATE counts SET transactions = transactions
        + (NEW.ours = 1 AND (NEW.canonical = 1 OR NEW.coinbase = 0))
        - (OLD.ours = 1 AND (OLD.canonical = 1 OR OLD.coinbase = 0));
END;
CREATE TRIGGER transaction_is_born_untold BEFORE INSERT ON transactions
WHEN NEW.ours = 1
BEGIN
    SELECT RAISE(ABORT, 'a transaction is written before its sums');
END;
CREATE TRIGGER transaction_goes AFTER DELETE ON transactions
WHEN OLD.ours = 1 AND (OLD.canonical = 1 OR OLD.coinbase = 0)
BEGIN
    UPDATE counts SET transactions = transactions - 1;
END;

-- How many entries the transactions have that wait no more, so that nobody passes them one by one to
-- find the one at a number: at a block (`level` 0, `place` its height), and at 1,024 of them (`level` 1,
-- `place` the height / 1,024). Kept by the triggers below.
CREATE TABLE entry_counts (
    level INTEGER NOT NULL,
    place INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    PRIMARY KEY (level, place)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER entries_leave AFTER UPDATE OF height, canonical, entries ON transactions
WHEN OLD.told_height IS NOT NULL AND OLD.entries > 0
    AND (OLD.told_height, OLD.entries) IS NOT (NEW.told_height, NEW.entries)
BEGIN
    UPDATE entry_counts SET entries = entries - OLD.entries
    WHERE (level, place) IN ((0, OLD.told_height), (1, OLD.told_height / 1024));
END;
CREATE TRIGGER entries_come AFTER UPDATE OF height, canonical, entries ON transactions
WHEN NEW.told_height IS NOT NULL AND NEW.entries > 0
    AND (OLD.told_height, OLD.entries) IS NOT (NEW.told_height, NEW.entries)
BEGIN
    INSERT INTO entry_counts
    VALUES (0, NEW.told_height, NEW.entries), (1, NEW.told_height / 1024, NEW.entries)
    ON CONFLICT DO UPDATE SET entries = entries + excluded.entries;
END;
CREATE TRIGGER entries_go AFTER DELETE ON transactions
WHEN OLD.told_height IS NOT NULL AND OLD.entries > 0
BEGIN
    UPDATE entry_counts SET entries = entries - OLD.entries
    WHERE (level, place) IN ((0, OLD.told_height), (1, OLD.told_height / 1024));
END;
CREATE TRIGGER transaction_is_born_in_no_block BEFORE INSERT ON transactions
WHEN NEW.height IS NOT NULL OR NEW.entries <> 0
BEGIN
    SELECT RAISE(ABORT, 'a transaction is written before its place');
END;
CREATE TRIGGER transaction_in_a_block_stays BEFORE DELETE ON transactions
WHEN OLD.height IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'a transaction in a block is never deleted');
END;

-- Payments that are not signed yet, and the coins that they hold. `expires`: until when; null:
-- until they are signed or dropped. `awaits_signer`: they are held so long only because a device is
-- asked to sign. `task`: payment, replace, cancel or child; all but a payment
-- have the transaction that they replace or speed up as `subject`. `takes_all`: its one recipient
-- gets all that the coins hold. `fee_basis`: asked, fallback, least, or how far an estimate for
-- `fee_target` blocks is to be trusted.
CREATE TABLE drafts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    expires INTEGER,
    awaits_signer INTEGER NOT NULL DEFAULT 0,
    psbt BLOB NOT NULL,
    change_vout INTEGER,
    task TEXT NOT NULL,
    subject BLOB,
    takes_all INTEGER NOT NULL,
    fee_basis TEXT NOT NULL,
    fee_target INTEGER,
    note TEXT,
    idempotency_key TEXT UNIQUE,
    request_hash BLOB NOT NULL,
    CHECK (awaits_signer = 0 OR expires IS NULL)
) STRICT;
CREATE TABLE draft_notes (
    draft INTEGER NOT NULL REFERENCES drafts (id) ON DELETE CASCADE,
    vout INTEGER NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (draft, vout)
) STRICT, WITHOUT ROWID;
-- What stood on the `subject` of a draft when that was reviewed, and falls with it.
CREATE TABLE draft_evictions (
    draft INTEGER NOT NULL REFERENCES drafts (id) ON DELETE CASCADE,
    txid BLOB NOT NULL,
    PRIMARY KEY (draft, txid)
) STRICT, WITHOUT ROWID;
CREATE TABLE reservations (
    txid BLOB NOT NULL,
    vout INTEGER NOT NULL,
    draft INTEGER NOT NULL REFERENCES drafts (id) ON DELETE CASCADE,
    PRIMARY KEY (txid, vout),
    FOREIGN KEY (txid, vout) REFERENCES outputs (txid, vout)
) STRICT, WITHOUT ROWID;
CREATE INDEX reservations_by_draft ON reservations (draft);

-- Payments that are signed; `task`, `subject` and `takes_all` as in their drafts. `payment`: the
-- draft of the first of those that replace or speed up one another.
CREATE TABLE payments (
    txid BLOB PRIMARY KEY REFERENCES transactions (txid),
    draft INTEGER NOT NULL UNIQUE,
    psbt BLOB NOT NULL,
    change_vout INTEGER,
    task TEXT NOT NULL,
    subject BLOB,
    takes_all INTEGER NOT NULL,
    idempotency_key TEXT UNIQUE,
    request_hash BLOB NOT NULL,
    payment INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX payments_by_payment ON payments (payment, draft);
CREATE INDEX payments_by_subject ON payments (subject) WHERE subject IS NOT NULL;

-- Where the scan is. `start_height` wins over the birthday while there is no cursor. `number`
-- grows with each rescan. `searching`: whether a search for old payments goes on; `turn`: which of
-- its passes.
CREATE TABLE scan (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL,
    start_height INTEGER,
    height INTEGER,
    block BLOB,
    searching INTEGER NOT NULL DEFAULT 0,
    turn INTEGER NOT NULL DEFAULT 0,
    CHECK ((height IS NULL) = (block IS NULL))
) STRICT;

-- What a search for old payments covers, account by account. `birthday`: no payment is older, as
-- its owner says. `since`: no lower block can hold a payment to an account of its kind. `start`:
-- where the search begins that goes on, or the last one. `turn`: which pass searches for it, the
-- first is 0.
CREATE TABLE searched_accounts (
    account INTEGER PRIMARY KEY REFERENCES accounts (id),
    birthday_height INTEGER,
    birthday_time INTEGER,
    look_ahead_receive INTEGER NOT NULL,
    look_ahead_change INTEGER NOT NULL,
    since INTEGER NOT NULL,
    start_height INTEGER,
    start_time INTEGER,
    turn INTEGER NOT NULL,
    CHECK ((birthday_height IS NULL) <> (birthday_time IS NULL)),
    CHECK ((start_height IS NULL) <> (start_time IS NULL))
) STRICT;

-- The last search that came to its end, and what it had found of each chain of addresses by then.
-- `searched`: how many addresses. `used`: one more than the index of the last one that was paid.
-- `paid`: how many were.
CREATE TABLE search_end (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    height INTEGER NOT NULL,
    block BLOB NOT NULL,
    ended_at INTEGER NOT NULL
) STRICT;
CREATE TABLE search_findings (
    keychain INTEGER PRIMARY KEY REFERENCES keychains (id),
    searched INTEGER NOT NULL,
    used INTEGER NOT NULL,
    paid INTEGER NOT NULL,
    payments INTEGER NOT NULL,
    received INTEGER NOT NULL
) STRICT;

-- Blocks that the scan passed.
CREATE TABLE checkpoints (
    height INTEGER PRIMARY KEY,
    block BLOB NOT NULL,
    time INTEGER NOT NULL
) STRICT;

-- Which filters the scan was matched against, of all blocks that it passed. `digest`: the SHA256 of
-- the hashes of the filters of all blocks from `first` to `last` (BIP157).
CREATE TABLE matched_filters (
    first INTEGER PRIMARY KEY,
    last INTEGER NOT NULL,
    digest BLOB NOT NULL,
    CHECK (first <= last)
) STRICT;

-- Blocks that the scan had passed when they left the best chain, each with the last one before it
-- that stayed then. `reorg` counts the times.
CREATE TABLE left_blocks (
    block BLOB PRIMARY KEY,
    height INTEGER NOT NULL,
    fork BLOB NOT NULL,
    fork_height INTEGER NOT NULL,
    reorg INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The transactions of this wallet that were in blocks which left.
CREATE TABLE departures (
    reorg INTEGER NOT NULL,
    txid BLOB NOT NULL,
    height INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (reorg, txid)
) STRICT, WITHOUT ROWID;

-- What takes long: a rescan goes on after a restart, a device is not asked again to sign. `state`: running, done,
-- cancelled or failed. `psbt`: what is signed, and then what was; `signer`: the fingerprint of the device's
-- master key; `draft`: what holds the coins; `askers`: on whose behalf it is asked, a line each; `problem`: why nothing came
-- of it.
CREATE TABLE operations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    from_height INTEGER,
    from_time INTEGER,
    begun INTEGER NOT NULL,
    state TEXT NOT NULL,
    ended INTEGER,
    psbt BLOB,
    signer BLOB,
    draft INTEGER,
    askers TEXT,
    problem TEXT,
    CHECK (((from_height IS NULL) <> (from_time IS NULL)) = (kind = 'rescan')),
    CHECK ((psbt IS NULL) <> (kind = 'sign')),
    CHECK ((signer IS NULL) <> (kind = 'sign')),
    CHECK ((askers IS NULL) <> (kind = 'sign')),
    CHECK ((problem IS NULL) <> (state = 'failed')),
    CHECK ((ended IS NULL) = (state = 'running'))
) STRICT;
CREATE INDEX running_operations ON operations (id) WHERE state = 'running';

-- What was answered to calls that came with a key, word for word. Kept for good.
CREATE TABLE answers (
    key TEXT PRIMARY KEY,
    request_hash BLOB NOT NULL,
    answer TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Tokens by which programs ask. `caveats`: what it was made for, a line each. `wallets`: for which
-- wallets, a name each line; without a line for this one alone. A token that was taken back stays.
CREATE TABLE tokens (
    id BLOB PRIMARY KEY,
    secret BLOB NOT NULL,
    label TEXT NOT NULL,
    caveats TEXT NOT NULL,
    wallets TEXT NOT NULL,
    created INTEGER NOT NULL,
    revoked INTEGER
) STRICT, WITHOUT ROWID;

-- What all that is asked by programs is bound by. `kind`: per_payment, budget or destination.
CREATE TABLE limits (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    amount INTEGER,
    seconds INTEGER,
    spk BLOB
) STRICT;

-- What left the wallet by what programs signed. `unsigned`: the transaction without signatures;
-- to sign it again takes nothing more.
CREATE TABLE spendings (
    asker TEXT NOT NULL,
    unsigned BLOB NOT NULL,
    at INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (asker, unsigned)
) STRICT, WITHOUT ROWID;
CREATE INDEX spendings_by_time ON spendings (at, asker, amount);

-- Who asked for what. Nothing is ever taken out.
CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    asker TEXT NOT NULL,
    method TEXT NOT NULL,
    key TEXT,
    txid BLOB,
    amount INTEGER,
    outcome TEXT NOT NULL
) STRICT;

-- What happened to the wallet, in the order in which it became durable. `seq`: from 1, without
-- gaps. `kind`: reorganised, with the last block that both branches share, or how far a
-- transaction is now, with its block if it has one; or invoice_ and how far `invoice` is, with what
-- it was paid as `net`. `left_block`: the block that a
-- reorganisation took the transaction out of.
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    txid BLOB,
    net INTEGER,
    block BLOB,
    height INTEGER,
    left_block BLOB,
    invoice INTEGER,
    CHECK ((block IS NULL) = (height IS NULL))
) STRICT;
CREATE INDEX journal_by_transaction ON journal (txid, seq) WHERE txid IS NOT NULL;
