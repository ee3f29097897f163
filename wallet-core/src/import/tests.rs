//! Exports of other programs. Their forms are as those programs write them; the keys are of the
//! seed that all these projects use for examples (BIP39's first vector) and of two others.

use bitcoin::NetworkKind;
use bitcoin::bip32::{DerivationPath, Xpriv, Xpub};

use super::*;
use crate::keychain::SECP;
use crate::seed::{Seed, Words};

const NETWORK: Network = Network::Bitcoin;

/// BIP84's test vector.
const ZPUB: &str = "zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1ADqtfSdVCToUG868RvUUkgDKf31mGDtKsAYz2oz2AGutZYs";
const FIRST: &str = "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu";

fn seed() -> Seed {
    let words = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                 abandon about";
    Seed::new(&Words::parse(words).unwrap(), "")
}

/// Fingerprint and account xpub at a path of one of three seeds.
fn key(number: u8, path: &str) -> (String, String) {
    let path: DerivationPath = path.parse().unwrap();
    if number == 0 {
        return (seed().fingerprint().to_string(), seed().xpub(&path, NETWORK).to_string());
    }
    let master = Xpriv::new_master(NetworkKind::from(NETWORK), &[number; 32]).unwrap();
    let xpub = Xpub::from_priv(&SECP, &master.derive_priv(&SECP, &path).unwrap());
    (master.fingerprint(&SECP).to_string(), xpub.to_string())
}

fn read(text: &str) -> Result<Import, ImportError> {
    Import::read(text, None, NETWORK)
}

/// The only account of a text.
fn one(text: &str) -> ImportedAccount {
    let mut accounts = read(text).unwrap().accounts;
    assert_eq!(accounts.len(), 1);
    accounts.remove(0)
}

fn segwit() -> String {
    let (fingerprint, xpub) = key(0, "84'/0'/0'");
    let descriptor = format!("wpkh([{fingerprint}/84'/0'/0']{xpub}/<0;1>/*)");
    AccountDescriptor::parse(&descriptor, NETWORK).unwrap().to_string()
}

/// The keys of a 2 of 3 as descriptors have them, without branches.
fn cosigners() -> [String; 3] {
    [0, 1, 2].map(|number| {
        let (fingerprint, xpub) = key(number, "48'/0'/0'/2'");
        format!("[{fingerprint}/48'/0'/0'/2']{xpub}")
    })
}

fn multisig() -> AccountDescriptor {
    let keys = cosigners().map(|key| format!("{key}/<0;1>/*")).join(",");
    AccountDescriptor::parse(&format!("wsh(sortedmulti(2,{keys}))"), NETWORK).unwrap()
}

fn first_of(account: &ImportedAccount) -> String {
    account.descriptor.address(Branch::Receive, DerivationIndex::ZERO, NETWORK).to_string()
}

#[test]
fn a_key_that_says_its_type_needs_no_more() {
    let account = one(ZPUB);
    assert_eq!(first_of(&account), FIRST);
    assert_eq!(account.descriptor.keys()[0].origin, None, "an origin was guessed");
    assert_eq!(account.usual_name().as_str(), "segwit");
}

#[test]
fn a_key_that_could_be_of_any_type_is_asked_for() {
    let (fingerprint, xpub) = key(0, "84'/0'/0'");
    assert_eq!(read(&xpub), Err(ImportError::NeedsType));
    let taproot = Import::read(&xpub, Some(ScriptType::Taproot), NETWORK).unwrap();
    assert_eq!(taproot.accounts[0].descriptor.kind(), AccountKind::SingleKey(ScriptType::Taproot));
    assert_eq!(first_of(&one(&format!("[{fingerprint}/84h/0h/0h]{xpub}"))), FIRST);
    let other = Import::read(ZPUB, Some(ScriptType::Legacy), NETWORK);
    assert_eq!(other, Err(ImportError::OtherType { found: ScriptType::Segwit }));
}

#[test]
fn a_descriptor_is_taken_whole_or_in_its_halves() {
    let whole = segwit();
    let body = whole.split('#').next().unwrap();
    let receive = body.replace("<0;1>", "0");
    let change = body.replace("<0;1>", "1");
    for text in [
        whole.clone(),
        body.to_owned(),
        body.replace('\'', "h"),
        format!("{receive}\n{change}"),
        format!("{change}\n\n{receive}"),
    ] {
        assert_eq!(one(&text).descriptor.to_string(), whole, "{text}");
    }
    assert_eq!(read(&receive), Err(DescriptorError::OneBranch.into()));
    assert_eq!(read(&change), Err(DescriptorError::OneBranch.into()));
}

#[test]
fn a_mistyped_descriptor_is_refused_by_its_checksum() {
    let wrong = segwit().replace("84'/0'/0'", "84'/0'/1'");
    assert_eq!(read(&wrong), Err(DescriptorError::Checksum.into()));
}

/// Sparrow's "Output Descriptor" file.
#[test]
fn sparrows_descriptor_file() {
    let whole = segwit();
    let body = whole.split('#').next().unwrap();
    let half = |branch: &str| body.replace("<0;1>", branch);
    let text = format!(
        "# Receive and change descriptor (BIP389):\n{whole}\n\n# Receive descriptor (Bitcoin \
         Core):\n{}\n\n# Change descriptor (Bitcoin Core):\n{}\n",
        half("0"),
        half("1")
    );
    assert_eq!(one(&text).descriptor.to_string(), whole);
}

#[test]
fn sparrows_wallet_as_json() {
    let keystores: Vec<_> = [0, 1, 2]
        .map(|number| {
            let (fingerprint, xpub) = key(number, "48'/0'/0'/2'");
            serde_json::json!({
                "label": format!("Signer {number}"), "source": "HW_AIRGAPPED",
                "keyDerivation": {"masterFingerprint": fingerprint, "derivation": "m/48'/0'/0'/2'"},
                "extendedPublicKey": xpub,
            })
        })
        .into();
    let wallet = serde_json::json!({
        "name": "Family Vault", "network": "mainnet", "policyType": "MULTI", "scriptType": "P2WSH",
        "defaultPolicy": {"name": "Default", "miniscript": {"script": "wsh(sortedmulti(2,a,b,c))"}},
        "keystores": keystores,
    });
    let account = one(&wallet.to_string());
    assert_eq!(account.descriptor, multisig());
    assert_eq!(account.name.unwrap().as_str(), "family-vault");
}

#[test]
fn specters_export() {
    let text = multisig().to_string();
    let body = text.split('#').next().unwrap().replace("<0;1>", "0");
    let export = serde_json::json!({
        "label": "Dresden", "blockheight": 700_000, "descriptor": body, "devices": [],
    });
    let import = read(&export.to_string()).unwrap();
    assert_eq!(import.accounts[0].descriptor, multisig());
    assert_eq!(import.height, Some(700_000));
}

#[test]
fn coldcards_generic_export() {
    let (fingerprint, segwit) = key(0, "84'/0'/0'");
    let (_, legacy) = key(0, "44'/0'/0'");
    let export = serde_json::json!({
        "chain": "BTC", "xfp": fingerprint.to_uppercase(), "account": 0, "xpub": "xpub-master",
        "bip44": {"name": "p2pkh", "xfp": "92B53FD2", "deriv": "m/44'/0'/0'", "xpub": legacy,
                  "first": "1LqBGSKuX5yYUonjxT5qGfpUsXKYYWeabA"},
        "bip84": {"name": "p2wpkh", "xfp": "AB82D43E", "deriv": "m/84'/0'/0'", "xpub": segwit,
                  "_pub": ZPUB, "first": FIRST},
        "bip48_2": {"name": "p2wsh", "deriv": "m/48'/0'/0'/2'", "xpub": "…"},
    });
    let mut accounts = read(&export.to_string()).unwrap().accounts;
    assert_eq!(accounts.len(), 2);
    let account = accounts.remove(0);
    assert_eq!(account.descriptor.to_string(), self::segwit());
    assert_eq!(accounts[0].usual_name().as_str(), "legacy");
    let only = Import::read(&export.to_string(), Some(ScriptType::Legacy), NETWORK).unwrap();
    assert_eq!(only.accounts, accounts);
    let lying = export.to_string().replace(FIRST, "bc1qnjg0jd8228aq7egyzacy8cys3knf9xvrerkf9g");
    assert_eq!(read(&lying), Err(ImportError::FirstAddress));
}

#[test]
fn coldcards_multisig_text() {
    let lines = [0, 1, 2].map(|number| {
        let (fingerprint, xpub) = key(number, "48'/0'/0'/2'");
        format!("{}: {xpub}", fingerprint.to_uppercase())
    });
    let text = format!(
        "# Coldcard Multisig setup file\n#\nName: CC-2-of-3\nPolicy: 2 of 3\n\
         Derivation: m/48'/0'/0'/2'\nFormat: P2WSH\n\n{}\n",
        lines.join("\n")
    );
    let account = one(&text);
    assert_eq!(account.descriptor, multisig());
    assert_eq!(account.name.unwrap().as_str(), "cc-2-of-3");
    let fewer = text.replace(&lines[2], "");
    assert_eq!(read(&fewer), Err(ImportError::Field { field: "number of keys" }));
    let legacy = one(&text.replace("P2WSH", "P2SH"));
    assert!(legacy.descriptor.to_string().starts_with("sh(sortedmulti(2,"));
    assert_eq!(legacy, one(&text.replace("Format: P2WSH\n", "")), "as the device takes it");
}

#[test]
fn bsms_with_its_first_address() {
    let keys = cosigners().map(|key| format!("{key}/**")).join(",");
    let account = ImportedAccount::new(multisig(), None);
    let first = first_of(&account);
    let record = |first: &str, paths: &str| {
        format!("BSMS 1.0\nwsh(sortedmulti(2,{keys}))\n{paths}\n{first}\n")
    };
    for paths in ["/0/*,/1/*", "No path restrictions"] {
        assert_eq!(one(&record(&first, paths)), account);
    }
    assert_eq!(read(&record(FIRST, "/0/*,/1/*")), Err(ImportError::FirstAddress));
    let paths = ImportError::Field { field: "path restrictions" };
    assert_eq!(read(&record(&first, "/7/*")), Err(paths));
    let newer = record(&first, "/0/*,/1/*").replace("BSMS 1.0", "BSMS 2.0");
    assert_eq!(read(&newer), Err(ImportError::Field { field: "version" }));
}

/// What `listdescriptors` of Bitcoin Core answers.
#[test]
fn bitcoin_cores_list() {
    let whole = segwit();
    let body = whole.split('#').next().unwrap();
    let entry = |branch: &str, internal: bool| {
        serde_json::json!({
            "desc": body.replace("<0;1>", branch), "timestamp": 1_600_000_000, "active": true,
            "internal": internal, "range": [0, 999], "next": 0,
        })
    };
    let list = serde_json::json!({
        "wallet_name": "main", "descriptors": [entry("0", false), entry("1", true)],
    });
    assert_eq!(one(&list.to_string()).descriptor.to_string(), whole);
    assert_eq!(one(&list["descriptors"].to_string()).descriptor.to_string(), whole);
}

/// Somebody who pastes what must stay secret is told so, and it is not repeated.
#[test]
fn secrets_are_refused_and_not_repeated() {
    let private = "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi";
    for text in [private.to_owned(), format!("wpkh({private}/<0;1>/*)")] {
        assert_eq!(read(&text), Err(DescriptorError::PrivateKey.into()));
    }
    let words = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    let refused = read(words).unwrap_err();
    assert_eq!(refused, ImportError::Unknown);
    assert!(
        words.split(' ').filter(|word| word.len() > 4).all(|w| !refused.to_string().contains(w))
    );
}

#[test]
fn text_of_no_use_is_named() {
    for text in ["", "hello", "{}", "[]", "[{}]", "{", "BSMS", "# only a comment", "wallet: x"] {
        let refused = read(text).unwrap_err();
        assert_eq!(refused.name(), "bad_import", "{text:?}: {refused}");
    }
    let long = "a".repeat(IMPORT_BYTES + 1);
    assert_eq!(read(&long), Err(ImportError::TooLong { most: IMPORT_BYTES }));
    let many: Vec<String> = (0..=32)
        .map(|n| segwit().split('#').next().unwrap().replace("0']x", &format!("{n}']x")))
        .collect();
    assert_eq!(read(&many.join("\n")), Err(ImportError::TooMany { most: 32 }));
}

/// Whoever holds a key could name it once as his and once as the owner's, and spend alone what looks
/// as if both had to sign.
#[test]
fn one_key_is_not_taken_for_two_signers() {
    let path = "48'/0'/0'/2'";
    let ((evil, xpub), (own, _)) = (key(1, path), key(0, path));
    let mut moved: Xpub = xpub.parse().unwrap();
    moved.depth += 1;
    let moved = moved.to_string();
    let first = format!("[{evil}/{path}]{xpub}/<0;1>/*");
    for second in [
        format!("[{own}/{path}]{xpub}/<2;3>/*"),
        format!("[{evil}/48'/0'/1'/2']{xpub}/<2;3>/*"),
        format!("{xpub}/<2;3>/*"),
        format!("[{own}/{path}]{moved}/<2;3>/*"),
    ] {
        for text in [
            format!("wsh(sortedmulti(2,{first},{second}))"),
            format!("wsh(sortedmulti(2,{second},{first}))"),
        ] {
            let refused = AccountDescriptor::parse(&text, NETWORK);
            assert_eq!(refused, Err(DescriptorError::TwoOrigins), "{text}");
        }
    }
    // The same signer twice, under one name, is what policies that grow looser have.
    let again = format!("[{evil}/{path}]{xpub}/<2;3>/*");
    let text = format!("wsh(or_d(pk({first}),and_v(v:pk({again}),older(10))))");
    assert_eq!(AccountDescriptor::parse(&text, NETWORK).unwrap().keys().len(), 1);
}

/// A key that is named after this wallet, and is not its own, takes the money.
#[test]
fn a_key_under_the_wallet_s_name_is_compared() {
    let path = "48'/0'/0'/2'";
    let ((evil, evils), (own, owns)) = (key(1, path), key(0, path));
    let (_, other) = key(2, path);
    let of = |second: &str| {
        let keys = format!("[{evil}/{path}]{evils}/<0;1>/*,[{own}/{path}]{second}/<0;1>/*");
        AccountDescriptor::parse(&format!("wsh(sortedmulti(2,{keys}))"), NETWORK).unwrap()
    };
    let signer = crate::signers::SoftwareSigner::new(seed(), NETWORK);
    assert!(signer.owns(&of(&owns)));
    assert!(!signer.owns(&of(&other)));
}

#[test]
fn descriptors_that_lose_money_are_refused() {
    let (_, xpub) = key(0, "84'/0'/0'");
    let of_depth = |depth| Xpub { depth, ..xpub.parse().unwrap() }.to_string();
    let deep = of_depth(254);
    let bad = |text: String| match AccountDescriptor::parse(&text, NETWORK) {
        Err(error) => error,
        Ok(_) => panic!("{text} was taken"),
    };
    for (text, expected) in [
        (format!("wpkh({xpub}/<0;1>/*h)"), DescriptorError::Hardened),
        (format!("wpkh({xpub})"), DescriptorError::NotRanged),
        (format!("wpkh({deep}/<0;1>/*)"), DescriptorError::TooDeep),
        (format!("wpkh({xpub}{}/<0;1>/*)", "/0".repeat(251)), DescriptorError::TooDeep),
        (format!("wpkh({xpub}/0/*)"), DescriptorError::OneBranch),
        (format!("wpkh({xpub}/<0;1;2>/*)"), DescriptorError::NotTwoBranches),
        (format!("wpkh({xpub}/<0;0>/*)"), DescriptorError::NotTwoBranches),
        (format!("wsh(multi(2,{xpub}/<0;1>/*,{xpub}/<2;2>/*))"), DescriptorError::NotTwoBranches),
        (
            format!("wsh(sortedmulti(2,{xpub}/<0;1>/*,{xpub}/<1;0>/*))"),
            DescriptorError::NotTwoBranches,
        ),
        (format!("sh(pk({xpub}/<0;1>/*))"), DescriptorError::Unsupported),
        (
            format!("sh(and_v(v:pk({xpub}/<0;1>/*),pk({xpub}/<2;3>/*)))"),
            DescriptorError::Unsupported,
        ),
        (format!("pk({xpub}/<0;1>/*)"), DescriptorError::Unsupported),
        (format!("wsh(or_d(pk({xpub}/<0;1>/*),older(10)))"), DescriptorError::Unsafe),
        ("wsh(".repeat(5_000), DescriptorError::TooLong { most: 16_384 }),
        ("(".repeat(16_000), DescriptorError::Malformed),
    ] {
        assert_eq!(bad(text.clone()), expected, "{}", &text[..text.len().min(100)]);
    }
    let deepest = format!("wpkh({}/<0;1>/*)", of_depth(253));
    assert!(AccountDescriptor::parse(&deepest, NETWORK).is_ok());
}
