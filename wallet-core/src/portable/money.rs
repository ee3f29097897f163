//! Owns Bitcoin's own things as bytes: in consensus encoding where there is one.

use bitcoin::absolute::LockTime;
use bitcoin::address::NetworkUnchecked;
use bitcoin::bip32::{ChildNumber, DerivationPath, Fingerprint, Xpub};
use bitcoin::block::Header;
use bitcoin::consensus::{deserialize, serialize};
use bitcoin::hashes::Hash as _;
use bitcoin::pow::Work;
use bitcoin::psbt::Psbt;
use bitcoin::transaction::Version;
use bitcoin::{
    Address, Amount, Block, BlockHash, FeeRate, FilterHash, FilterHeader, Network, OutPoint,
    PublicKey, ScriptBuf, Sequence, SignedAmount, Transaction, TxMerkleNode, Txid, Weight,
    relative,
};

use super::basic::{read_bytes, write_bytes};
use super::{Portable, Reader, Unreadable, Writer, portable_as};

portable_as! {
    Amount as u64 { |it| it.to_sat(), |sat| Some(Self::from_sat(sat)) }
    SignedAmount as i64 { |it| it.to_sat(), |sat| Some(Self::from_sat(sat)) }
    FeeRate as u64 { |it| it.to_sat_per_kwu(), |rate| Some(Self::from_sat_per_kwu(rate)) }
    Sequence as u32 { |it| it.to_consensus_u32(), |number| Some(Self(number)) }
    Version as u32 { |it| it.0.cast_unsigned(), |number| Some(Self(number.cast_signed())) }
    Weight as u64 { |it| it.to_wu(), |units| Some(Self::from_wu(units)) }
    LockTime as u32 { |it| it.to_consensus_u32(), |time| Some(Self::from_consensus(time)) }
    relative::LockTime as u32 {
        |it| it.to_sequence().to_consensus_u32(),
        |number| Sequence(number).to_relative_lock_time()
    }
    // It was checked where it was made, for the same network.
    Address as String {
        |it| it.to_string(),
        |text| text.parse::<Address<NetworkUnchecked>>().ok().map(Address::assume_checked)
    }
    Network as String { |it| it.to_core_arg().to_owned(), |text| Self::from_core_arg(&text).ok() }
    DerivationPath as Vec<u32> {
        |it| it.to_u32_vec(),
        |steps| Some(steps.into_iter().map(ChildNumber::from).collect())
    }
}

macro_rules! portable_hashes {
    ($($type:ty),+) => { $(
        impl Portable for $type {
            fn write(&self, to: &mut Writer) {
                to.put(&self.to_byte_array());
            }

            fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
                Ok(Self::from_byte_array(from.array()?))
            }
        }
    )+ };
}

portable_hashes!(Txid, BlockHash, FilterHash, FilterHeader, TxMerkleNode);

/// What has bytes of its own, whose number is written before them.
macro_rules! portable_bytes {
    ($($type:ty { |$it:ident| $out:expr, |$from:ident| $back:expr $(,)? })+) => { $(
        impl Portable for $type {
            fn write(&self, to: &mut Writer) {
                let $it = self;
                write_bytes($out.as_ref(), to);
            }

            fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
                let $from = read_bytes(from)?;
                $back.map_err(|_| Unreadable)
            }
        }
    )+ };
}

portable_bytes! {
    Block { |it| serialize(it), |bytes| deserialize(bytes) }
    Transaction { |it| serialize(it), |bytes| deserialize(bytes) }
    Header { |it| serialize(it), |bytes| deserialize(bytes) }
    OutPoint { |it| serialize(it), |bytes| deserialize(bytes) }
    ScriptBuf { |it| it.as_bytes(), |bytes| Ok::<_, Unreadable>(Self::from_bytes(bytes.to_vec())) }
    Psbt { |it| it.serialize(), |bytes| Self::deserialize(bytes) }
    PublicKey { |it| it.to_bytes(), |bytes| Self::from_slice(bytes) }
    Fingerprint { |it| it.as_bytes(), |bytes| Self::try_from(bytes) }
    Xpub { |it| it.encode(), |bytes| Self::decode(bytes) }
    Work { |it| it.to_le_bytes(), |bytes| bytes.try_into().map(Self::from_le_bytes) }
}
