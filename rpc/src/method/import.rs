//! Owns the method that takes descriptors in, with private keys or without.
//!
//! Refuses to repeat a private key.

use billfold_wallet_core::command::{
    Birthday, BlockQuery, Command, CommandError, Import, ImportProblem, Imported, OperationState,
    Reply,
};
use billfold_wallet_core::keychain::DescriptorError;
use serde::Serialize;

use crate::arguments::{self, Arguments};
use crate::descriptor_text::Read;
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::{Object, Value, answer, type_name};
use crate::ledger;
use crate::limits::{IMPORT_RANGE, IMPORTS};
use crate::method::address::label;
use crate::method::description::range;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::operation::{RESCANNING, until_ended};
use crate::parameter::{Kind, Parameter};

pub(super) const METHODS: &[Method] = &[Method {
    name: "importdescriptors",
    category: Category::Wallet,
    parameters: &[Parameter::required("requests", Kind::Array, "What is to be imported")],
    about: "Import descriptors, and look for what was paid to them. It is answered when that \
                has ended; other calls are answered meanwhile, and the search goes on if its \
                caller leaves, and over a restart.",
    standing: Standing::Differs(
        "-5 for addr and raw, which do not tell how they are spent, for pk and bare multi, \
             since what is paid to a bare key has no address, and for rawtr; combo is taken as the pkh, sh(wpkh) and wpkh \
             of its key, all or none, with a warning that its pk is not watched; -4 for hardened ranges, also with private keys, since \
             a locked wallet could not look ahead; -8 for a range beyond 10,000; -4 where one is made active for the side, change or not, that the wallet \
             does not have it for, or for a single address that another descriptor of the wallet makes; addresses below the range are watched too, and those of a descriptor that is known are never watched less; -4 \
             for more than 512 descriptors; texts of what is wrong with a descriptor are our own",
    ),
    run: Run::Wallet(|node, desk, arguments| Box::pin(import(node, desk, arguments))),
}];

async fn import(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let requests = arguments::array(arguments.required(0))?;
    if requests.len() > IMPORTS {
        return Err(RpcError::parameter(format!("At most {IMPORTS} descriptors at once")));
    }
    ledger::require_unlocked(desk).await?;
    let takes_keys = ledger::description(desk).await?.takes_keys;
    let now = median_time(node, desk).await?;
    let times = requests.iter().map(|request| timestamp(request, now));
    let times = times.collect::<Result<Vec<_>, RpcError>>()?;
    let mut warnings = Vec::new();
    let mut results = Vec::new();
    let mut imports = Vec::new();
    for (request, since) in requests.iter().zip(times) {
        let mut warned = Vec::new();
        let read = read((node, takes_keys), request, since, &mut warned);
        warnings.push(warned);
        results.push(read.map(|import| imports.push(import)));
    }
    if !imports.is_empty() {
        let imported = taken_in(node, desk, imports).await?;
        let mut problems = imported.problems.into_iter();
        for result in results.iter_mut().filter(|result| result.is_ok()) {
            if let Some(problem) = problems.next().flatten() {
                *result = Err(refusal(&problem));
            }
        }
    }
    let forms = results.into_iter().zip(warnings).map(|(result, warnings)| ImportedForm {
        success: result.is_ok(),
        error: result.err(),
        warnings,
    });
    answer(&forms.collect::<Vec<_>>())
}

/// Takes descriptors in, and waits until what was paid to them was looked for.
///
/// # Errors
/// What the wallet answered, and -1 if the search was aborted.
pub(super) async fn taken_in(
    node: &Node,
    desk: &Desk,
    imports: Vec<Import>,
) -> Result<Imported, RpcError> {
    let imported = match desk.ask(Command::Import(imports)).await {
        Ok(Reply::Imported(imported)) => *imported,
        Ok(_) => return Err(RpcError::bug()),
        Err(CommandError::Rescanning(_)) => return Err(RpcError::new(Code::Wallet, RESCANNING)),
        Err(error) => return Err(error.into()),
    };
    if let Some(id) = imported.operation {
        let ended = until_ended(node, desk, id).await?;
        if matches!(ended.state, OperationState::Cancelled(_)) {
            return Err(RpcError::new(Code::Misc, "Rescan aborted by user."));
        }
    }
    Ok(imported)
}

/// The median time of the block up to which the wallet has seen the chain: what "now" means.
///
/// # Errors
/// What the wallet answered.
pub(super) async fn median_time(node: &Node, desk: &Desk) -> Result<u64, RpcError> {
    let tip = ledger::tip(node, desk).await?;
    let block = node.block(BlockQuery::Hash(tip.hash)).await?;
    Ok(block.map_or(0, |block| block.median_time.to_unix()))
}

fn timestamp(request: &Value, now: u64) -> Result<u64, RpcError> {
    let missing = || RpcError::wrong_type("Missing required timestamp field for key");
    match arguments::object(request)?.get("timestamp").ok_or_else(missing)? {
        value @ Value::Number(_) => {
            Ok(u64::try_from(arguments::long(value)?).unwrap_or_default().max(1))
        }
        Value::String(text) if text == "now" => Ok(now),
        other => Err(RpcError::wrong_type(format!(
            "Expected number or \"now\" timestamp value for key. got type {}",
            type_name(other)
        ))),
    }
}

/// One request, in the order of Core's checks.
fn read(
    (node, takes_keys): (&Node, bool),
    request: &Value,
    since: u64,
    warnings: &mut Vec<&'static str>,
) -> Result<Import, RpcError> {
    let request = arguments::object(request)?;
    let text = request.get("desc").ok_or_else(|| RpcError::parameter("Descriptor not found."))?;
    let text = arguments::text(text)?;
    let flag = |name: &str| request.get(name).map(arguments::flag).transpose();
    let active = flag("active")?.unwrap_or(false);
    let own_label = request.get("label").map(arguments::text).transpose()?;
    let label = label(own_label.unwrap_or_default())?;
    let read = Read::parse(text, node.params.network, true)?;
    if let Some(reason) = read.no_account() {
        return Err(RpcError::address_or_key(reason));
    }
    let branches = read.branch_count();
    let internal = flag("internal")?;
    if internal.is_some() && branches > 1 {
        return Err(RpcError::address_or_key(INTERNAL_MULTIPATH));
    }
    let ranged = read.is_ranged();
    let usual = node.keypool.unwrap_or(KEYPOOL);
    let (next, end) = numbers(request, ranged.then_some(usual), warnings)?;
    let refusals = [
        (active && !ranged, "Active descriptors must be ranged"),
        (own_label.is_some() && branches > 1, "Multipath descriptors should not have a label"),
        (own_label.is_some() && ranged, "Ranged descriptors should not have a label"),
        (
            own_label.is_some() && internal == Some(true),
            "Internal addresses should not have a label",
        ),
    ];
    if let Some((_, message)) = refusals.into_iter().find(|(refused, _)| *refused) {
        return Err(RpcError::parameter(message));
    }
    if active && read.is_combo() {
        return Err(RpcError::new(Code::Wallet, ACTIVE_COMBO));
    }
    match (takes_keys, read.has_private_keys()) {
        (false, true) => return Err(RpcError::new(Code::Wallet, PRIVATE_KEYS)),
        (true, false) => return Err(RpcError::new(Code::Wallet, WITHOUT_KEYS)),
        (true, true) if !read.has_all_private_keys() => warnings.push(NOT_ALL_KEYS),
        _ => {}
    }
    warnings.extend(read.is_combo().then_some(NO_BARE_KEY));
    Ok(Import {
        descriptors: read.accounts(text),
        internal: internal.unwrap_or(false),
        // What is known of a `combo` may be active by itself.
        active: (!read.is_combo()).then_some(active),
        derived: false,
        end,
        next,
        label: (!label.is_empty()).then(|| label.to_owned()),
        since: Birthday::Time(since),
    })
}

/// The number of the next address, and above which number none need be watched: for a ranged
/// descriptor this many if nothing is said.
fn numbers(
    request: &Object,
    ranged: Option<u32>,
    warnings: &mut Vec<&'static str>,
) -> Result<(u32, u32), RpcError> {
    let given = request.get("range");
    let Some(usual) = ranged else {
        return match given {
            Some(_) => Err(RpcError::parameter(RANGE_OF_ONE)),
            None => Ok((0, 1)),
        };
    };
    let (first, end) = if let Some(given) = given {
        let (first, last) = range(given)?;
        if last >= IMPORT_RANGE {
            return Err(RpcError::parameter("Range is too large"));
        }
        (first, last + 1)
    } else {
        warnings.push("Range not given, using default keypool range");
        (0, usual)
    };
    let next = request.get("next_index").map(arguments::integer).transpose()?;
    let Some(next) = next else { return Ok((first, end)) };
    let in_range = |next: &u32| (first..end).contains(next);
    let next = u32::try_from(next).ok().filter(in_range);
    Ok((next.ok_or_else(|| RpcError::parameter("next_index is out of range"))?, end))
}

/// What is told where one was not taken in.
pub(super) fn refusal(problem: &ImportProblem) -> RpcError {
    match problem {
        ImportProblem::HasKeys => RpcError::new(Code::Wallet, WITHOUT_KEYS),
        ImportProblem::KeysDisabled => RpcError::new(Code::Wallet, PRIVATE_KEYS),
        ImportProblem::TooMany { .. }
        | ImportProblem::ForeignKey
        | ImportProblem::OtherSide
        | ImportProblem::Known => RpcError::new(Code::Wallet, problem.to_string()),
        ImportProblem::Descriptor(DescriptorError::Hardened) => {
            RpcError::new(Code::Wallet, HARDENED)
        }
        ImportProblem::Descriptor(problem) => RpcError::address_or_key(problem.to_string()),
    }
}

#[derive(Debug, Serialize)]
struct ImportedForm {
    success: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<RpcError>,
}

/// The least that is watched of a descriptor whose range is not given, as Core's `-keypool`.
const KEYPOOL: u32 = 1_000;

const INTERNAL_MULTIPATH: &str =
    "Cannot have multipath descriptor while also specifying 'internal'";
const RANGE_OF_ONE: &str = "Range should not be specified for an un-ranged descriptor";
const PRIVATE_KEYS: &str = "Cannot import private keys to a wallet with private keys disabled";
const WITHOUT_KEYS: &str =
    "Cannot import descriptor without private keys to a wallet with private keys enabled";
const ACTIVE_COMBO: &str = "Combo descriptors cannot be set to active";
const NO_BARE_KEY: &str = "Payments to the bare public key, pk(), are not watched, since they have no address: combo() is \
                           imported as pkh(), sh(wpkh()) and wpkh() of the key, or as pkh() alone if the key is not \
                           compressed";
const NOT_ALL_KEYS: &str =
    "Not all private keys provided. Some wallet functionality may return unexpected errors";
const HARDENED: &str = "Cannot expand descriptor. Probably because of hardened derivations without \
                        private keys provided";
