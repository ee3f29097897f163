//! Owns the methods about compact block filters (BIP157, BIP158): that of one block, and which blocks
//! have anything to do with some descriptors.
//!
//! Refuses to ask a peer for anything but the filters of a range of blocks, unless the owner has
//! allowed more: from these nobody learns what is looked for.

use std::sync::Arc;

use billfold_wallet_core::command::{BlockQuery, CommandError};
use billfold_wallet_core::light_client::height::{BlockId, Height};
use billfold_wallet_core::light_client::kept::{FilterRange, FoundFilters, KeptFilter};
use billfold_wallet_core::light_client::limits::MAX_ASKED_FILTERS;
use bitcoin::bip158::BlockFilter;
use bitcoin::constants::genesis_block;
use bitcoin::hashes::Hash as _;
use bitcoin::hex::DisplayHex as _;
use bitcoin::{BlockHash, FilterHash, FilterHeader};
use serde::Serialize;

use crate::apart::{apart, apart_while_awaited};
use crate::arguments::{self, Arguments};
use crate::block_scan::BlockScan;
use crate::error::{Code, RpcError};
use crate::json::answer;
use crate::method::description::range;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::needles::Needles;
use crate::node::Node;
use crate::parameter::{Kind, Parameter};
use crate::provider::Provider;
use crate::watch;

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "getblockfilter",
        category: Category::Blockchain,
        parameters: &[
            Parameter::required("blockhash", Kind::Text, "The hash of the block"),
            Parameter::optional("filtertype", Kind::Text, "The type of the filter: basic"),
        ],
        about: "Retrieve a BIP 157 content filter for a particular block. What is not kept comes \
                from a peer, and is what the chain of filter headers commits to.",
        standing: Standing::Differs(
            "-5 also for a block of a branch that was left, or below the trusted start; -1 while \
             peers commit to different filters up to the block, or if none sends it within a minute",
        ),
        run: Run::Node(|node, arguments| Box::pin(filter(node, arguments))),
    },
    Method {
        name: "scanblocks",
        category: Category::Blockchain,
        parameters: &[
            Parameter::required("action", Kind::Text, "start, abort or status"),
            Parameter::optional("scanobjects", Kind::Array, "Descriptors to look for; for start"),
            Parameter::optional("start_height", Kind::Number, "Where it starts; 0 by default"),
            Parameter::optional("stop_height", Kind::Number, "The last block; else the tip"),
            Parameter::optional("filtertype", Kind::Text, "The type of the filters: basic"),
            Parameter::options(OPTIONS, "How it is done"),
        ],
        about: "Return relevant blockhashes for given descriptors. What is not kept of filters comes \
                from peers, which learn which blocks are looked at and not for what. This call may \
                take long: use no timeout. It ends if its caller leaves.",
        standing: Standing::Differs(
            "-1 for a start_height below the trusted start; filter_false_positives only with \
             --rpc-fetch-blocks (-32601 without), and it keeps a block that may spend from the \
             descriptors, since a block does not tell what it spends: taproot, bare keys; a block is \
             relevant also if a peer keeps back the filter that it commits to; -8 for more than \
             1000000 scripts; -5 for \
             steps that are hardened last, and texts of what is wrong with a descriptor are our own",
        ),
        run: Run::Node(|node, arguments| Box::pin(scan(node, arguments))),
    },
];

const OPTIONS: &[Parameter] = &[Parameter::optional(
    "filter_false_positives",
    Kind::Bool,
    "Ask peers for the blocks that match, and leave out those that have nothing to do with it",
)];

async fn filter(node: &Node, arguments: &Arguments) -> Outcome {
    let hash: BlockHash = arguments.hash(0, "blockhash")?;
    require_basic(arguments.text(1)?)?;
    if hash == node.genesis().hash {
        let (filter, header) = genesis_filter(node)?;
        return answer(&FilterForm::new(&filter, &header));
    }
    let missing = || RpcError::address_or_key("Block not found");
    let height = node.block(BlockQuery::Hash(hash)).await?.ok_or_else(missing)?.id.height;
    let asked = node.filters(FilterRange { first: height, last: height });
    let filters = watch::within(crate::limits::FETCH_TIME, asked).await;
    let filters = filters.ok_or_else(|| RpcError::new(Code::Misc, NO_FILTER))??;
    let header = node.filter_header(hash).await?;
    let found = filters.ok_or_else(missing)?;
    match (&found.filters[..], header) {
        ([filter], Some(header)) if filter.id.block.hash == hash && found.unread.is_empty() => {
            answer(&FilterForm::new(&filter.bytes, &header))
        }
        // It left the chain meanwhile.
        ([filter, ..], _) if filter.id.block.hash != hash => Err(missing()),
        _ => Err(RpcError::new(Code::Misc, CONTESTED)),
    }
}

async fn scan(node: &Node, arguments: &Arguments) -> Outcome {
    match arguments.required_text(0)? {
        "status" => answer(&node.scans.running().map(|scan| StatusForm {
            progress: scan.percent(),
            current_height: scan.height().to_u32(),
        })),
        "abort" => {
            let running = node.scans.running();
            if let Some(scan) = &running {
                scan.stop.ask();
            }
            answer(&running.is_some())
        }
        "start" => {
            let reserved = node.scans.reserve();
            let reserved = reserved.ok_or_else(|| RpcError::parameter(GOES_ON))?;
            let plan = Plan::read(node, arguments).await?;
            let work = plan.carry_out(node, &reserved.scan);
            let done = watch::unless_stopped(&node.stop, work).await;
            answer(&done.ok_or(CommandError::Closing)??)
        }
        other => Err(RpcError::parameter(format!("Invalid action '{other}'"))),
    }
}

/// What to look for, and where.
struct Plan {
    first: Height,
    last: Height,
    needles: Arc<Needles>,
    /// Whether blocks that match are fetched, and left out if they have nothing to do with it.
    looks_into_blocks: bool,
}

impl Plan {
    async fn read(node: &Node, arguments: &Arguments) -> Result<Self, RpcError> {
        require_basic(arguments.text(4)?)?;
        let fields = arguments.value(5).map(arguments::object).transpose()?;
        fields.map_or(Ok(()), |fields| arguments::check_fields(fields, OPTIONS))?;
        let option = fields.and_then(|fields| fields.get("filter_false_positives"));
        let looks_into_blocks =
            option.filter(|given| !given.is_null()).map_or(Ok(false), arguments::flag)?;
        if looks_into_blocks {
            node.may_fetch("filter_false_positives of scanblocks")?;
        }
        let tip = node.scanned().await?.height;
        let height = |place, usual: Height, name: &str| {
            let asked = arguments.integer(place)?.map(u32::try_from);
            let asked = asked.map_or(Ok(usual), |asked| asked.map(Height::new));
            let asked = asked.ok().filter(|height| *height <= tip);
            asked.ok_or_else(|| RpcError::new(Code::Misc, format!("Invalid {name}")))
        };
        let first = height(2, Height::GENESIS, "start_height")?;
        let last = height(3, tip, "stop_height")?;
        if last < first {
            return Err(RpcError::new(Code::Misc, "Invalid stop_height"));
        }
        let lowest = first.max(Height::GENESIS.next());
        if lowest <= last && node.block(BlockQuery::Height(lowest)).await?.is_none() {
            return Err(RpcError::new(Code::Misc, TOO_LOW));
        }
        let objects = arguments::array(arguments.required(1))?;
        let provider = Provider::read(objects, node.params.network, range).await?;
        let scripts = apart_while_awaited(move |left| provider.scripts(left).map(Needles::new));
        let needles = scripts.await??;
        Ok(Self { first, last, needles: Arc::new(needles), looks_into_blocks })
    }

    /// Looks at filters, some at a time; while they are matched, the next ones are fetched.
    async fn carry_out(&self, node: &Node, scan: &BlockScan) -> Result<ScanForm, RpcError> {
        scan.begin(self.first, self.last);
        let mut form = ScanForm {
            from_height: self.first.to_u32(),
            to_height: self.first.to_u32(),
            relevant_blocks: Vec::new(),
            completed: false,
        };
        let work = self.look(node, scan, &mut form);
        let ended = watch::unless(scan.stop.asked(), work).await;
        form.completed = ended.transpose()?.is_some();
        Ok(form)
    }

    async fn look(
        &self,
        node: &Node,
        scan: &BlockScan,
        form: &mut ScanForm,
    ) -> Result<(), RpcError> {
        let (mut next, mut seen) = (self.first, None::<BlockId>);
        let mut here = if next == Height::GENESIS {
            next = next.next();
            FoundFilters { filters: vec![genesis(node)?], unread: Vec::new() }
        } else {
            FoundFilters::default()
        };
        loop {
            let needles = Arc::clone(&self.needles);
            let upto = next.down(1);
            let matched = apart(move || needles.matches(&here));
            let (matched, fetched) = watch::both(matched, self.fetch(node, next)).await;
            for block in matched? {
                if !self.looks_into_blocks || self.is_found_in(node, block).await? {
                    form.relevant_blocks.push(block.hash);
                }
            }
            if next > self.first {
                scan.reach(upto);
                form.to_height = upto.to_u32();
            }
            let fetched = fetched?;
            // What was told of blocks above a fork is of another branch.
            if let Some(block) = seen
                && node.block(BlockQuery::Hash(block.hash)).await?.is_none()
            {
                return Err(RpcError::new(Code::Misc, SHORTER));
            }
            let Some(filters) = fetched else { return Ok(()) };
            seen = filters.filters.last().map(|filter| filter.id.block);
            next = seen.map_or(next, |block| block.height).next();
            here = filters;
        }
    }

    /// The filters from a height on, as many as are told at once; `None` above the last.
    async fn fetch(&self, node: &Node, first: Height) -> Result<Option<FoundFilters>, RpcError> {
        if first > self.last {
            return Ok(None);
        }
        let last = first.up(MAX_ASKED_FILTERS - 1).min(self.last);
        let filters = node.filters_of_peers(FilterRange { first, last }).await?;
        let filters = filters.filter(|found| !found.filters.is_empty());
        filters.map(Some).ok_or_else(|| RpcError::new(Code::Misc, SHORTER))
    }

    async fn is_found_in(&self, node: &Node, block: BlockId) -> Result<bool, RpcError> {
        if block == node.genesis() {
            return Ok(self.needles.may_be_in(&genesis_block(node.params.network)));
        }
        let fetched = node.fetch(block.hash).await?;
        let fetched = fetched.ok_or_else(|| RpcError::new(Code::Misc, SHORTER))?;
        Ok(self.needles.may_be_in(&fetched))
    }
}

fn require_basic(name: Option<&str>) -> Result<(), RpcError> {
    match name {
        None | Some("basic") => Ok(()),
        Some(_) => Err(RpcError::address_or_key("Unknown filtertype")),
    }
}

/// The filter of the first block, which spends nothing, and its header.
fn genesis_filter(node: &Node) -> Result<(Vec<u8>, FilterHeader), RpcError> {
    let block = genesis_block(node.params.network);
    let spent = |_: &bitcoin::OutPoint| Ok(bitcoin::ScriptBuf::new());
    let filter = BlockFilter::new_script_filter(&block, spent).map_err(|_| RpcError::bug())?;
    let header = filter.filter_header(&FilterHeader::all_zeros());
    Ok((filter.content, header))
}

fn genesis(node: &Node) -> Result<KeptFilter, RpcError> {
    let (bytes, _) = genesis_filter(node)?;
    let hash = FilterHash::hash(&bytes);
    let id = billfold_wallet_core::light_client::kept::FilterId { block: node.genesis(), hash };
    Ok(KeptFilter { id, bytes: bytes.into() })
}

#[derive(Debug, Serialize)]
struct FilterForm {
    filter: String,
    header: FilterHeader,
}

impl FilterForm {
    fn new(filter: &[u8], header: &FilterHeader) -> Self {
        Self { filter: filter.to_lower_hex_string(), header: *header }
    }
}

#[derive(Debug, Serialize)]
struct StatusForm {
    progress: u64,
    current_height: u32,
}

#[derive(Debug, Serialize)]
struct ScanForm {
    from_height: u32,
    to_height: u32,
    relevant_blocks: Vec<BlockHash>,
    completed: bool,
}

const GOES_ON: &str = "Scan already in progress, use action \"abort\" or \"status\"";
const TOO_LOW: &str = "Invalid start_height: no headers are kept that low. Name a start_height above \
                       the trusted start, or run with --validate-from-genesis";
const SHORTER: &str = "The chain was reorganised while it was scanned: scan again";
const NO_FILTER: &str = "No peer has sent the filter within a minute: see getpeerinfo, and try again. \
                         What a wallet needs that catches up comes first";
const CONTESTED: &str = "Filter not found. Peers commit to different filters up to this block, or to \
                         none yet: see getpeerinfo, and try again later";

#[cfg(test)]
mod tests;
