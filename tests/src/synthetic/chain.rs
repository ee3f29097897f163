//! Owns the synthetic chain as a peer serves it: headers, filter hashes, and every filter framed
//! as the message that carries it, so that serving costs nothing but the copy to the socket.
//!
//! Refuses to make a chain twice: it is kept in a file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::ops::Range;
use std::path::Path;
use std::thread;

use anyhow::{Context, Result, ensure};
use bitcoin::block::{Header, Version};
use bitcoin::consensus::{deserialize, serialize};
use bitcoin::constants::genesis_block;
use bitcoin::hash_types::{FilterHash, FilterHeader};
use bitcoin::hashes::{Hash as _, sha256d};
use bitcoin::p2p::Magic;
use bitcoin::{BlockHash, Network, TxMerkleNode, VarInt};

use super::gcs;
use super::recipe::Recipe;

/// The chain, block by block from the genesis block up.
#[derive(Debug)]
pub struct Chain {
    /// What the blocks are made of.
    pub recipe: Recipe,
    headers: Vec<Header>,
    heights: BTreeMap<BlockHash, u32>,
    honest: Commitments,
    /// What a liar says who leaves the payments out.
    lying: Commitments,
    /// The `cfilter` messages of the liar where they differ.
    lies: BTreeMap<u32, Vec<u8>>,
    /// The `cfilter` messages, one behind the other.
    messages: Vec<u8>,
    /// Where each message ends.
    ends: Vec<usize>,
}

/// What one peer says the filters hash to.
#[derive(Debug)]
pub struct Commitments {
    /// By height.
    pub hashes: Vec<FilterHash>,
    /// By height.
    pub headers: Vec<FilterHeader>,
}

impl Chain {
    /// The chain of this recipe from its file in `dir`, which is made first if it is not there.
    ///
    /// # Errors
    /// If the disk refuses, or the file is not what it should be.
    pub fn load_or_make(dir: &Path, recipe: Recipe) -> Result<Self> {
        let paid = recipe.paid.iter().collect::<BTreeSet<_>>().len();
        let name = format!("scan-{}-{}-{paid}-{FORMAT}.chain", recipe.blocks, recipe.outputs);
        let path = dir.join(name);
        if !path.exists() {
            fs::create_dir_all(dir)?;
            let unfinished = path.with_extension(std::process::id().to_string());
            make(&recipe).write(File::create(&unfinished)?)?;
            fs::rename(&unfinished, &path)?;
        }
        let file = File::open(&path).with_context(|| path.display().to_string())?;
        let made = Made::read(file).with_context(|| path.display().to_string())?;
        Self::new(recipe, made)
    }

    fn new(recipe: Recipe, made: Made) -> Result<Self> {
        let Made { headers, ends, messages } = made;
        ensure!(headers.len() == recipe.blocks as usize + 1, "a chain of another length");
        let hashes: Vec<FilterHash> = (0..headers.len())
            .map(|i| FilterHash::hash(contents(&messages[message(&ends, i)])))
            .collect();
        let lies: BTreeMap<u32, Vec<u8>> = (1..=recipe.blocks)
            .filter(|height| recipe.paid_at(*height).is_some())
            .map(|height| {
                let block = headers[height as usize].block_hash();
                (height, framed(block, &gcs::filter(block, recipe.scripts(height, false))))
            })
            .collect();
        let mut lying = hashes.clone();
        for (height, message) in &lies {
            lying[*height as usize] = FilterHash::hash(contents(message));
        }
        let heights = (0..).zip(&headers).map(|(height, h)| (h.block_hash(), height)).collect();
        Ok(Self {
            recipe,
            headers,
            heights,
            honest: Commitments::new(hashes),
            lying: Commitments::new(lying),
            lies,
            messages,
            ends,
        })
    }

    /// The height of a block of the chain.
    #[must_use]
    pub fn height_of(&self, block: BlockHash) -> Option<u32> {
        self.heights.get(&block).copied()
    }

    /// The headers, by height.
    #[must_use]
    pub fn headers(&self) -> &[Header] {
        &self.headers
    }

    /// What a peer commits to.
    #[must_use]
    pub fn commitments(&self, lies: bool) -> &Commitments {
        if lies { &self.lying } else { &self.honest }
    }

    /// The `cfilter` messages of the blocks from `start` to `stop`, in pieces.
    #[must_use]
    pub fn filters(&self, start: u32, stop: u32, lies: bool) -> Vec<&[u8]> {
        let whole = |from: u32, to: u32| {
            let first = message(&self.ends, from as usize).start;
            &self.messages[first..message(&self.ends, to as usize).end]
        };
        if !lies {
            return vec![whole(start, stop)];
        }
        let mut pieces = Vec::new();
        let mut next = start;
        for (height, lie) in self.lies.range(start..=stop) {
            if *height > next {
                pieces.push(whole(next, height - 1));
            }
            pieces.push(lie);
            next = height + 1;
        }
        if next <= stop {
            pieces.push(whole(next, stop));
        }
        pieces
    }
}

impl Commitments {
    fn new(hashes: Vec<FilterHash>) -> Self {
        let chain = hashes.iter().scan(FilterHeader::all_zeros(), |previous, hash| {
            *previous = hash.filter_header(previous);
            Some(*previous)
        });
        Self { headers: chain.collect(), hashes }
    }
}

/// The part of the chain that is slow to make.
struct Made {
    headers: Vec<Header>,
    ends: Vec<usize>,
    messages: Vec<u8>,
}

impl Made {
    fn write(&self, file: File) -> io::Result<()> {
        let mut file = io::BufWriter::new(file);
        file.write_all(&u32::try_from(self.headers.len()).unwrap_or(u32::MAX).to_le_bytes())?;
        for (header, end) in self.headers.iter().zip(&self.ends) {
            file.write_all(&serialize(header))?;
            file.write_all(&(*end as u64).to_le_bytes())?;
        }
        file.write_all(&self.messages)?;
        file.flush()
    }

    fn read(file: File) -> Result<Self> {
        let mut file = io::BufReader::new(file);
        let mut count = [0; 4];
        file.read_exact(&mut count)?;
        let (mut headers, mut ends) = (Vec::new(), Vec::new());
        for _ in 0..u32::from_le_bytes(count) {
            let mut row = [0; 88];
            file.read_exact(&mut row)?;
            let (header, end) = row.split_at(80);
            headers.push(deserialize(header)?);
            ends.push(usize::try_from(u64::from_le_bytes(end.try_into()?))?);
        }
        let mut messages = Vec::with_capacity(ends.last().copied().unwrap_or(0));
        file.read_to_end(&mut messages)?;
        ensure!(ends.last() == Some(&messages.len()), "it was cut");
        Ok(Self { headers, ends, messages })
    }
}

fn make(recipe: &Recipe) -> Made {
    let roots = on_all_cores(1..recipe.blocks + 1, |height| recipe.merkle_root(height));
    let headers = headers(&roots, spacing(recipe.blocks));
    let messages = on_all_cores(0..recipe.blocks + 1, |height| {
        let block = headers[height as usize].block_hash();
        let filter = if height == 0 {
            let genesis = genesis_block(Network::Regtest);
            let outputs = genesis.txdata.into_iter().flat_map(|tx| tx.output);
            gcs::filter(block, outputs.map(|output| output.script_pubkey))
        } else {
            gcs::filter(block, recipe.scripts(height, true))
        };
        framed(block, &filter)
    });
    let ends = messages.iter().scan(0, |end, message| {
        *end += message.len();
        Some(*end)
    });
    Made { ends: ends.collect(), headers, messages: messages.concat() }
}

/// Seconds between two blocks: ten minutes, or less where the last would be from the future.
const fn spacing(blocks: u32) -> u32 {
    let most = SPAN / if blocks == 0 { 1 } else { blocks };
    if most < 600 { most } else { 600 }
}

/// Headers with regtest's proof of work, so many seconds apart, long ago.
fn headers(roots: &[TxMerkleNode], spacing: u32) -> Vec<Header> {
    let mut headers = vec![genesis_block(Network::Regtest).header];
    let mut time = FIRST_TIME;
    for root in roots {
        let last = headers[headers.len() - 1];
        let mut header = Header {
            version: Version::from_consensus(0x2000_0000),
            prev_blockhash: last.block_hash(),
            merkle_root: *root,
            time,
            bits: last.bits,
            nonce: 0,
        };
        while header.validate_pow(header.target()).is_err() {
            header.nonce += 1;
        }
        headers.push(header);
        time += spacing;
    }
    headers
}

/// Does the work for every height of a range, in its order.
fn on_all_cores<T: Send>(heights: Range<u32>, work: impl Fn(u32) -> T + Sync) -> Vec<T> {
    let threads =
        u32::try_from(thread::available_parallelism().map_or(1, usize::from)).unwrap_or(1);
    let share = (heights.end - heights.start).div_ceil(threads).max(1);
    thread::scope(|scope| {
        let starts = heights.clone().step_by(share as usize);
        let parts = starts.map(|start| {
            let part = start..(start + share).min(heights.end);
            let work = &work;
            scope.spawn(move || part.map(work).collect::<Vec<T>>())
        });
        let parts: Vec<_> = parts.collect();
        parts.into_iter().flat_map(|part| part.join().expect("the work does not panic")).collect()
    })
}

/// A `cfilter` message (BIP157).
fn framed(block: BlockHash, filter: &[u8]) -> Vec<u8> {
    let mut payload = vec![0];
    payload.extend(block.to_byte_array());
    payload.extend(serialize(&VarInt(filter.len() as u64)));
    payload.extend(filter);
    let mut message = Magic::REGTEST.to_bytes().to_vec();
    message.extend(b"cfilter\0\0\0\0\0");
    message.extend(u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes());
    message.extend(&sha256d::Hash::hash(&payload).as_byte_array()[..4]);
    message.extend(payload);
    message
}

/// The filter in such a message.
fn contents(message: &[u8]) -> &[u8] {
    let counted = &message[24 + 33..];
    &counted[VarInt(counted.len() as u64 - 1).size()..]
}

fn message(ends: &[usize], index: usize) -> Range<usize> {
    let start = index.checked_sub(1).map_or(0, |before| ends[before]);
    start..ends[index]
}

/// Changes with whatever the file holds.
const FORMAT: u32 = 2;

/// In seconds, from the first block above genesis to the last at the most.
const SPAN: u32 = 60_000_000;

/// When the first block above genesis was made.
const FIRST_TIME: u32 = 1_700_000_000;
