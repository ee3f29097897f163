//! Owns the options of commands that say something of a thing, and that carry what was said in and
//! out, with their examples.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::accounts::{ExportDescriptorsArgs, ImportDescriptorsArgs};
use super::lists::HistoryPart;

/// Options of `label`.
#[derive(Debug, Args)]
pub(crate) struct LabelArgs {
    /// What it is about: TXID, TXID:N (an output), an address, a public key, an xpub, or any of
    /// them after its kind, as in input:TXID:N
    #[arg(value_name = "WHAT")]
    pub(crate) reference: String,
    /// What is said of it; without it, what was said is shown
    #[arg(value_name = "TEXT")]
    pub(crate) text: Option<String>,
    /// Say nothing of it any more
    #[arg(long, conflicts_with = "text")]
    pub(crate) remove: bool,
}

/// What is written out.
#[derive(Debug, Subcommand)]
pub(crate) enum ExportCommand {
    /// All labels and frozen coins, one record a line (BIP329)
    #[command(after_help = EXPORT_LABELS_EXAMPLES)]
    Labels(ExportLabelsArgs),
    /// The history for bookkeeping, with the fee in a column of its own
    #[command(after_help = EXPORT_HISTORY_EXAMPLES)]
    History(ExportHistoryArgs),
    /// The descriptor of every account, for other programs and for signers
    Descriptors(ExportDescriptorsArgs),
}

/// Options of `export labels`.
#[derive(Debug, Args)]
pub(crate) struct ExportLabelsArgs {
    /// Where to (created, readable by you alone) [default: standard output]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// Options of `export history`.
#[derive(Debug, Args)]
pub(crate) struct ExportHistoryArgs {
    /// Where to (created, readable by you alone) [default: standard output]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// csv or json [default: json for --json and FILE.json, else csv]
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    pub(crate) format: Option<HistoryFormat>,
    /// Which part of the history.
    #[command(flatten)]
    pub(crate) part: HistoryPart,
}

/// How a history is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum HistoryFormat {
    /// A table for spreadsheets (RFC 4180).
    Csv,
    /// An array of objects.
    Json,
}

/// What is taken in.
#[derive(Debug, Subcommand)]
pub(crate) enum ImportCommand {
    /// Accounts of another program: descriptors, or an export of Sparrow, Specter, Coldcard,
    /// Bitcoin Core or BSMS
    Descriptors(ImportDescriptorsArgs),
    /// Labels and frozen coins: BIP329, or Electrum's labels (JSON) or history (CSV)
    #[command(after_help = IMPORT_LABELS_EXAMPLES)]
    Labels(ImportLabelsArgs),
}

/// Options of `import labels`.
#[derive(Debug, Args)]
pub(crate) struct ImportLabelsArgs {
    /// What another wallet exported; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Say what would happen, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Where both have a label, take the file's [default: keep the wallet's]
    #[arg(long)]
    pub(crate) overwrite: bool,
}

pub(crate) const LABEL_EXAMPLES: &str = "\
Examples:
  billfold label 5f1b… \"rent in May\"
  billfold label bc1q… \"the landlord\"
  billfold label 5f1b…:0 --remove";

const EXPORT_LABELS_EXAMPLES: &str = "\
Whoever has the file sees what you own and what you say of it. Examples:
  billfold export labels labels.jsonl";

const EXPORT_HISTORY_EXAMPLES: &str = "\
Examples:
  billfold export history 2026.csv --since 2026-01-01 --until 2027-01-01
  billfold export history --format json";

const IMPORT_LABELS_EXAMPLES: &str = "\
Labels of things that the wallet does not know are kept for when it finds them. A coin that the file
freezes is frozen; one that is frozen here stays so without --overwrite. Examples:
  billfold import labels labels.jsonl --dry-run
  billfold import labels electrum-labels.json";
