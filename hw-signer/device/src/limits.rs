//! Owns every bound of the device, in one place, with its unit and its reason.
//!
//! Refuses bounds elsewhere.

use core::time::Duration;

/// Bytes of one request, and so of a PSBT: as many as a Jade takes, 401 KiB.
pub const REQUEST_BYTES: usize = 401 * 1024;

/// Inputs, and outputs, of a transaction that is reviewed. A PSBT of [`REQUEST_BYTES`] can hold
/// more by leaving everything out, and then nothing of it could be checked.
pub const TRANSACTION_PARTS: usize = 2_000;

/// Steps of a derivation path (BIP32 allows 255, no wallet has more than 7).
pub const PATH_STEPS: usize = 10;

/// The highest account of a standard path whose change is recognised.
pub const ACCOUNT: u32 = 100;

/// The highest index of an address. Whoever finds coins again by their words searches upwards.
pub const ADDRESS_INDEX: u32 = 1_000_000;

/// Characters of a policy's name; ASCII, so bytes too.
pub const POLICY_NAME: usize = 64;

/// Bytes of a policy's template.
pub const POLICY_TEMPLATE: usize = 4 * 1024;

/// Depth of the brackets in a template: as deep as a tree of scripts may be (BIP341).
pub const POLICY_DEPTH: usize = 128;

/// Keys of a policy: as many as a multisig script can hold (BIP342 allows more, nobody can check
/// them on a small screen).
pub const POLICY_KEYS: usize = 20;

/// Bytes of a policy's key with its origin.
pub const POLICY_KEY: usize = 300;

/// Policies that a device keeps.
pub const POLICIES: usize = 16;

/// Bytes of a message to sign.
pub const MESSAGE_BYTES: usize = 4 * 1024;

/// Bytes of one contribution of a host to the entropy.
pub const HOST_ENTROPY: usize = 256;

/// Contributions of hosts that are kept; later ones are left out, which makes nothing weaker.
pub const HOST_ENTROPIES: usize = 16;

/// Characters of dice or keys that are typed.
pub const TYPED_ENTROPY: usize = 1_024;

/// Bytes of a passphrase.
pub const PASSPHRASE: usize = 256;

/// The least digits of a PIN.
pub const PIN_LEAST: usize = 6;

/// The most digits of a PIN.
pub const PIN_MOST: usize = 16;

/// Wrong PINs in a row before the device wipes itself.
pub const PIN_ATTEMPTS: u8 = 10;

/// Bytes of a state file.
pub const STATE_BYTES: usize = 256 * 1024;

/// Memory that deriving a key from a PIN fills, in KiB: what a board of 512 MB can spare.
pub const KDF_MEMORY_KIB: u32 = 64 * 1024;

/// How often it is filled.
pub const KDF_PASSES: u32 = 3;

/// The most memory that a state file may ask for, in KiB.
pub const KDF_MOST_MEMORY_KIB: u32 = 256 * 1024;

/// The most passes that a state file may ask for.
pub const KDF_MOST_PASSES: u32 = 16;

/// Depth of the maps and lists of a request: a key of a multisig wallet is 5 deep.
pub const MESSAGE_DEPTH: usize = 8;

/// After so long without a byte, a message that stopped halfway is forgotten.
pub const STALE_MESSAGE: Duration = Duration::from_secs(2);

/// Bytes of a request's id; hosts send fewer.
pub const ID_BYTES: usize = 16;

/// Bytes of a method's name; hosts send fewer.
pub const METHOD_BYTES: usize = 32;

/// Entries of a map of parameters: as many as a policy has keys, and a few for those to come.
pub const PARAMS: usize = 24;

/// Bytes of one piece of a long result; hosts expect no more at a time.
pub const CHUNK_BYTES: usize = 4 * 1024;

/// How long a question waits for a press. Hosts wait two minutes for an answer; nobody should agree
/// to what nobody waits for.
pub const PROMPT: Duration = Duration::from_secs(120);
