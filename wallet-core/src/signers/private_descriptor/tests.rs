//! Descriptors with private keys, as Bitcoin Core reads and writes them.

use super::*;
use crate::keychain::AccountDescriptor;
use crate::keychain::Branch;
use crate::signers::ParseKeyError;

/// BIP32's first master key, as a test network writes it.
const MASTER: &str = "tprv8ZgxMBicQKsPeDgjzdC36fs6bMjGApWDNLR9erAXMs5skhMv36j9MV5ecvfavji5khqjWaWSFhN3YcCUUdiKH6isR4Pwy3U5y5egddBr16m";

/// The generator's key, in Wallet Import Format, and its public half.
const WIF: &str = "cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA";
const PUBLIC: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

fn apart(text: &str) -> PrivateDescriptor {
    PrivateDescriptor::parse(text, Network::Regtest).expect(text)
}

/// What is given comes back letter by letter: nobody loses a key by moving it here and on.
#[test]
fn what_was_taken_apart_is_put_together_again() {
    for text in [
        format!("wpkh({MASTER}/84'/1'/0'/<0;1>/*)"),
        format!("wpkh({MASTER}/84'/1'/0'/0/*)"),
        format!("pkh({MASTER}/*)"),
        format!("tr({MASTER}/0'/7/<3;4>/*)"),
        format!("sh(wpkh([d34db33f/49'/1'/0']{MASTER}/1/*))"),
        format!("wpkh({WIF})"),
        format!("tr({WIF})"),
        format!("pkh([d34db33f/1/2]{WIF})"),
        format!("wsh(sortedmulti(1,{WIF},{MASTER}/48'/1/*))"),
    ] {
        let apart = apart(&text);
        let public = apart.public.to_string();
        assert!(!public.contains(MASTER) && !public.contains(WIF), "{public}");
        assert!(apart.is_complete);
        AccountDescriptor::import(&public, Network::Regtest, Branch::Receive).expect(&public);
        let again = with_private_keys(&public, &apart.keys).expect("a descriptor");
        assert_eq!(*again, text, "{public}");
        // As it is kept.
        let kept: Vec<_> = apart
            .keys
            .iter()
            .map(|key| HeldKey::parse(&key.text(), Network::Regtest).expect("a key"))
            .collect();
        assert_eq!(*with_private_keys(&public, &kept).expect("a descriptor"), text);
    }
}

#[test]
fn hardened_steps_are_taken_and_the_rest_stays() {
    let public = apart(&format!("wpkh({MASTER}/84'/1'/0'/<0;1>/*)")).public.to_string();
    assert!(public.starts_with("wpkh([3442193e/84'/1'/0']tpub"), "{public}");
    assert!(public.contains("/<0;1>/*)"), "{public}");
    let x_only = apart(&format!("tr({WIF})")).public.to_string();
    assert!(x_only.starts_with(&format!("tr({})", &PUBLIC[2..])), "{x_only}");
    let far = format!("{}*", "0'/".repeat(16));
    for hardened in ["<0';1'>/*", "7/<0;1'>/*", &far] {
        let text = format!("wpkh({MASTER}/{hardened})");
        let refused = PrivateDescriptor::parse(&text, Network::Regtest);
        assert_eq!(refused.unwrap_err(), DescriptorError::Malformed, "{text}");
    }
    // A hardened range is read, and is no account's.
    let ranged = apart(&format!("wpkh({MASTER}/0'/*')")).public.to_string();
    let refused = AccountDescriptor::import(&ranged, Network::Regtest, Branch::Receive);
    assert_eq!(refused, Err(DescriptorError::Hardened));
}

#[test]
fn some_private_keys_are_not_all_and_none_are_none() {
    let second = apart(&format!("wpkh({MASTER}/48'/1/*)")).public.to_string();
    let second = second.split(['(', ')']).nth(1).expect("a key");
    let some = apart(&format!("wsh(multi(2,{WIF},{second}))"));
    assert_eq!((some.keys.len(), some.is_complete), (1, false));
    let shown = with_private_keys(&some.public.to_string(), &some.keys).expect("a descriptor");
    assert_eq!(*shown, format!("wsh(multi(2,{WIF},{second}))"));
    let none = apart(&format!("wpkh({PUBLIC})"));
    assert_eq!((none.keys.len(), none.is_complete), (0, false));
    // The same key twice is held once.
    let twice = apart(&format!("wsh(multi(2,{MASTER}/1/*,{MASTER}/2/*))"));
    assert_eq!(twice.keys.len(), 1);
}

#[test]
fn keys_of_another_network_and_what_is_no_descriptor_are_refused() {
    let of = |text: &str, network| PrivateDescriptor::parse(text, network).unwrap_err();
    let network = Network::Bitcoin;
    for text in [format!("wpkh({WIF})"), format!("wpkh({MASTER}/*)")] {
        assert_eq!(of(&text, network), DescriptorError::WrongNetwork { network });
    }
    for text in ["", "wpkh()", "wpkh(x)", &MASTER[..40], "tr(", &format!("wpkh({MASTER}x)")] {
        assert_eq!(of(text, Network::Regtest), DescriptorError::Malformed, "{text}");
    }
    let wrong = format!("wpkh({WIF})#qqqqqqqq");
    assert_eq!(of(&wrong, Network::Regtest), DescriptorError::Checksum);
    let shown = format!("{:?}", apart(&format!("wpkh({WIF})")));
    assert!(!shown.contains(WIF), "{shown}");
}

/// BIP389, "Specification": the library writes `<1;1>` as `1`, which is another descriptor.
#[test]
fn no_step_stands_for_two_branches() {
    let xpub = "tpubD6NzVbkrYhZ4XgiXtGrdW5XDAPFCL9h7we1vwNCpn8tGbBcgfVYjXyhWo4E1xkh56hjod1RhGjxbaTLV3X4FyWuejifB9jusQ46QzG87VKp";
    for key in [MASTER, xpub] {
        for (steps, stands) in [("<1;1>", false), ("<0;1;0>", false), ("<1;0>", true)] {
            let text = format!("wpkh({key}/{steps}/*)");
            let read = PrivateDescriptor::parse(&text, Network::Regtest);
            assert_eq!(read.is_ok(), stands, "{text}");
        }
    }
}

/// Nobody's import ends in a panic, and what is taken can be signed for.
#[test]
fn nothing_is_derived_below_the_last_level() {
    let of_depth = |depth| Xpriv { depth, ..MASTER.parse().expect("a key") }.to_string();
    let of = |depth, below: &str| {
        let text = format!("wpkh({}{below})", of_depth(depth));
        PrivateDescriptor::parse(&text, Network::Regtest)
    };
    for (depth, below) in [(255, "/0'"), (255, "/*"), (254, "/0'/*"), (254, "/<0;1>/*")] {
        assert_eq!(of(depth, below).unwrap_err(), DescriptorError::Malformed, "{depth} {below}");
    }
    let deepest = of(253, "/0'/*").expect("two levels more");
    let origin = deepest.keys[0].origin().clone();
    let at = |steps: &[u32]| {
        let path: Vec<_> = steps.iter().map(|step| ChildNumber::from(*step)).collect();
        (origin.0, origin.1.extend(path))
    };
    assert!(deepest.keys[0].with(&at(&[0, 1]), |_| Some(())).is_some());
    assert_eq!(deepest.keys[0].with(&at(&[0, 1, 2]), |_| Some(())), None);
}

/// Base58 takes the square of its length: it would be read for hours.
#[test]
fn a_key_of_megabytes_is_not_read() {
    for word in ["1", "z", "tprv8", "tpubD"] {
        let long = word.repeat(1 << 20);
        for form in ["wpkh(@)", "tr(@)", "wsh(multi(1,[00000000/1h]@/*))"] {
            let refused = PrivateDescriptor::parse_body(&form.replace('@', &long));
            assert_eq!(refused.map(|_| ()), Err(out_of_bounds()), "{form}");
        }
        let key = ExtendedKey::parse(&long, Network::Regtest).map(|_| ());
        assert_eq!(key, Err(ParseKeyError::NotAKey));
    }
}
