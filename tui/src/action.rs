//! Owns `Action`, everything that a person can do: keys, the palette, the mouse and tests produce
//! the same ones, so that what one of them can do the others can.
//!
//! Refuses to know which key it was.

use std::fmt;

use zeroize::Zeroizing;

/// One thing that a person does.
#[derive(Clone, PartialEq, Eq)]
pub enum Action {
    /// Write into the field that has the cursor.
    Edit(Edit),
    /// Move among what is shown.
    Move(Move),
    /// Agree to what is shown, open what is selected, or go on.
    Enter,
    /// Leave what is on top.
    Back,
    /// One of the verbs.
    Verb(Verb),
}

/// A change of a text field.
#[derive(Clone, PartialEq, Eq)]
pub enum Edit {
    /// A character.
    Type(char),
    /// A pasted text, which never goes on by itself.
    Paste(Zeroizing<String>),
    /// Take back the last character.
    Erase,
    /// Empty the field.
    Clear,
}

/// A move among rows, fields or pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// To the row before.
    Up,
    /// To the row after.
    Down,
    /// A screen of rows back.
    PageUp,
    /// A screen of rows on.
    PageDown,
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// To the field after.
    Next,
    /// To the field before.
    Previous,
    /// To the row of this number, counted from 0.
    To(usize),
}

/// A screen that has a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tab {
    /// The balance and what happened last.
    Home,
    /// All transactions.
    Activity,
    /// All coins.
    Coins,
    /// All addresses and requests.
    Addresses,
    /// What the wallet is made of.
    Keys,
    /// Peers and the chain.
    Network,
}

impl Tab {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 6] =
        [Self::Home, Self::Activity, Self::Coins, Self::Addresses, Self::Keys, Self::Network];

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Home => "Home",
            Self::Activity => "Activity",
            Self::Coins => "Coins",
            Self::Addresses => "Addresses",
            Self::Keys => "Keys",
            Self::Network => "Network",
        }
    }
}

/// A verb of the demonstration, where play money, a neighbour and a signer lie on the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Toy {
    /// Go to the signer's buttons, or back from them.
    Signer,
    /// Mine a block now.
    Mine,
    /// Have the neighbour pay this wallet.
    Earn,
    /// Pay the neighbour.
    Spend,
}

/// A verb of the wallet, with the same name as its command and its method where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    /// Show an address to be paid at.
    Receive,
    /// Pay.
    Send,
    /// Make a waiting payment faster.
    Bump,
    /// Take a waiting payment back.
    Cancel,
    /// Say what something is for.
    Label,
    /// Keep a coin from being spent, or let it be spent again.
    Freeze,
    /// Take a coin among those to spend.
    Mark,
    /// Copy what is shown.
    Copy,
    /// A new address, though the last is unused.
    New,
    /// Ask for an amount.
    Amount,
    /// Show the code over the whole screen.
    Code,
    /// More fee.
    More,
    /// Less fee.
    Less,
    /// Leave a question for later.
    Skip,
    /// Compare an address on the signer.
    Verify,
    /// Have the signer keep the policy of an account.
    Register,
    /// All wallets.
    Wallets,
    /// Hand a payment to other signers.
    Save,
    /// What is not signed yet.
    Drafts,
    /// What goes on by itself.
    Jobs,
    /// What programs asked of the wallet.
    Log,
    /// What may be wrong with machine, files and connections.
    Doctor,
    /// What is set, and where.
    Settings,
    /// Look for a text.
    Find,
    /// All verbs.
    Palette,
    /// What can be done here.
    Help,
    /// Amounts are not shown, or shown again.
    Hide,
    /// Write amounts in bitcoin or in satoshi.
    Unit,
    /// Let the key layer be used for a while.
    Unlock,
    /// Lock the key layer; the view stays.
    Lock,
    /// Close the wallet; nothing is shown until its password is given.
    Close,
    /// Scan the chain again.
    Rescan,
    /// Pay everybody that a file names.
    Batch,
    /// Make one coin of many.
    Consolidate,
    /// Sign a message, or check a signature.
    Message,
    /// Write the history into a file.
    Export,
    /// Draw the screen anew.
    Redraw,
    /// Stop the program until it is let go on, with the wallet closed.
    Suspend,
    /// End the program.
    Quit,
    /// Go to a numbered screen.
    Go(Tab),
    /// Play, in a demonstration.
    Play(Toy),
}

impl Verb {
    /// All of them, in the order of the palette.
    pub const ALL: [Self; 49] = [
        Self::Receive,
        Self::Send,
        Self::Bump,
        Self::Cancel,
        Self::Label,
        Self::Freeze,
        Self::Mark,
        Self::Copy,
        Self::New,
        Self::Amount,
        Self::Code,
        Self::More,
        Self::Less,
        Self::Skip,
        Self::Verify,
        Self::Register,
        Self::Wallets,
        Self::Save,
        Self::Drafts,
        Self::Jobs,
        Self::Find,
        Self::Go(Tab::Home),
        Self::Go(Tab::Activity),
        Self::Go(Tab::Coins),
        Self::Go(Tab::Addresses),
        Self::Go(Tab::Keys),
        Self::Go(Tab::Network),
        Self::Hide,
        Self::Unit,
        Self::Unlock,
        Self::Lock,
        Self::Close,
        Self::Rescan,
        Self::Batch,
        Self::Consolidate,
        Self::Message,
        Self::Export,
        Self::Log,
        Self::Doctor,
        Self::Settings,
        Self::Redraw,
        Self::Palette,
        Self::Help,
        Self::Suspend,
        Self::Quit,
        Self::Play(Toy::Signer),
        Self::Play(Toy::Mine),
        Self::Play(Toy::Earn),
        Self::Play(Toy::Spend),
    ];

    /// Its name, as in the palette and in the key map; stable.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Send => "send",
            Self::Bump => "bump",
            Self::Cancel => "cancel",
            Self::Label => "label",
            Self::Freeze => "freeze",
            Self::Mark => "mark",
            Self::Copy => "copy",
            Self::New => "new",
            Self::Amount => "amount",
            Self::Code => "code",
            Self::More => "more",
            Self::Less => "less",
            Self::Skip => "skip",
            Self::Verify => "verify",
            Self::Register => "register",
            Self::Wallets => "wallets",
            Self::Save => "psbt",
            Self::Drafts => "drafts",
            Self::Jobs => "jobs",
            Self::Log => "log",
            Self::Doctor => "doctor",
            Self::Settings => "settings",
            Self::Find => "find",
            Self::Palette => "palette",
            Self::Help => "help",
            Self::Hide => "hide",
            Self::Unit => "unit",
            Self::Unlock => "unlock",
            Self::Lock => "lock",
            Self::Close => "close",
            Self::Rescan => "rescan",
            Self::Batch => "pay-file",
            Self::Consolidate => "consolidate",
            Self::Message => "message",
            Self::Export => "export",
            Self::Redraw => "redraw",
            Self::Suspend => "suspend",
            Self::Quit => "quit",
            Self::Go(Tab::Home) => "home",
            Self::Go(Tab::Activity) => "activity",
            Self::Go(Tab::Coins) => "coins",
            Self::Go(Tab::Addresses) => "addresses",
            Self::Go(Tab::Keys) => "keys",
            Self::Go(Tab::Network) => "network",
            Self::Play(Toy::Signer) => "use-signer",
            Self::Play(Toy::Mine) => "mine",
            Self::Play(Toy::Earn) => "get-paid",
            Self::Play(Toy::Spend) => "pay-bob",
        }
    }

    /// What it does, for people.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Receive => "show an address to be paid at",
            Self::Send => "pay somebody, or spend the marked coins",
            Self::Bump => "make a waiting payment faster",
            Self::Cancel => "take a waiting payment back",
            Self::Label => "say what it is for",
            Self::Freeze => "keep a coin from being spent, or give it free",
            Self::Mark => "take a coin among those to spend",
            Self::Copy => "copy what is shown",
            Self::New => "a new address, though the last is unused",
            Self::Amount => "ask for an amount",
            Self::Code => "show the code over the whole screen",
            Self::More => "a higher fee",
            Self::Less => "a lower fee",
            Self::Skip => "leave a question for later",
            Self::Verify => "compare the address on the signer",
            Self::Register => "have the signer keep the policy of an account",
            Self::Wallets => "go to another wallet, make one, or close one",
            Self::Save => "hand a payment to other signers, as codes or as a file",
            Self::Drafts => "what is not signed yet, and what others signed",
            Self::Jobs => "what goes on by itself: scans, payments that wait, drafts",
            Self::Log => "what programs asked of the wallet, and what was refused",
            Self::Doctor => "what may be wrong with machine, files and connections",
            Self::Settings => "what is set, and where",
            Self::Find => "look for a text in labels, ids and addresses",
            Self::Palette => "list everything that can be done",
            Self::Help => "list what can be done here",
            Self::Hide => "hide amounts, or show them again",
            Self::Unit => "write amounts in bitcoin or in satoshi",
            Self::Unlock => "let payments be signed without the password for a while",
            Self::Lock => "lock the keys; the view stays",
            Self::Close => "close the wallet; nothing is shown any more",
            Self::Rescan => "scan the chain again from the birthday",
            Self::Batch => "pay everybody that a file names",
            Self::Consolidate => "make one coin of all, or of the marked ones",
            Self::Message => "sign a message with an address, or check a signature",
            Self::Export => "write the history into a file, for bookkeeping",
            Self::Redraw => "draw the screen anew",
            Self::Suspend => "close the wallet, and go back to the shell for a while",
            Self::Quit => "end the program",
            Self::Go(Tab::Home) => "the balance and what happened last",
            Self::Go(Tab::Activity) => "all transactions",
            Self::Go(Tab::Coins) => "all coins",
            Self::Go(Tab::Addresses) => "all addresses and requests",
            Self::Go(Tab::Keys) => "what the wallet is made of",
            Self::Go(Tab::Network) => "peers and the chain",
            Self::Play(Toy::Signer) => "press the buttons of the signer on the desk, or leave it",
            Self::Play(Toy::Mine) => "mine a block of play money now",
            Self::Play(Toy::Earn) => "have Bob pay this wallet",
            Self::Play(Toy::Spend) => "pay Bob what he asks for",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.name() == name)
    }
}

impl fmt::Debug for Action {
    /// What is typed may be a password, and is not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edit(_) => f.write_str("Edit(…)"),
            Self::Move(to) => f.debug_tuple("Move").field(to).finish(),
            Self::Enter => f.write_str("Enter"),
            Self::Back => f.write_str("Back"),
            Self::Verb(verb) => f.debug_tuple("Verb").field(verb).finish(),
        }
    }
}

impl From<Verb> for Action {
    fn from(verb: Verb) -> Self {
        Self::Verb(verb)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_verb_has_a_name_of_its_own() {
        let names: BTreeSet<_> = Verb::ALL.into_iter().map(Verb::name).collect();
        assert_eq!(names.len(), Verb::ALL.len());
        for verb in Verb::ALL {
            assert_eq!(Verb::named(verb.name()), Some(verb));
        }
    }

    #[test]
    fn what_is_typed_is_not_in_logs() {
        let typed = Action::Edit(Edit::Paste(Zeroizing::new("correct horse".to_owned())));
        assert!(!format!("{typed:?}").contains("horse"));
        assert!(!format!("{:?}", Action::Edit(Edit::Type('x'))).contains('x'));
    }
}
