//! Owns how a recipient is written: an address or a BIP321 URI (which takes in BIP21).
//!
//! A URI may offer other ways to pay beside the address, such as Lightning; they are passed over.
//! Refuses addresses of other networks, URIs that require what is not understood here, and those
//! that offer no address at all.

pub use resemblance::resemblance;

mod resemblance;

use bitcoin::address::{NetworkUnchecked, ParseError};
use bitcoin::{Address, Amount, Network};

use crate::amount::{ParseAmountError, display_bitcoin, parse_bitcoin};
use crate::limits::PAYEE_BYTES;

/// Whom to pay, as a person or a web page wrote it down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payee {
    /// The address, checked to be of the wallet's network.
    pub address: Address,
    /// How much they ask for.
    pub amount: Option<Amount>,
    /// Who they are.
    pub label: Option<String>,
    /// What it is for.
    pub message: Option<String>,
}

impl Payee {
    /// Reads an address or a `bitcoin:` URI. The scheme, segwit addresses and parameter names
    /// may be in upper case, which makes denser QR codes.
    ///
    /// # Errors
    /// See [`ParsePayeeError`].
    pub fn parse(text: &str, network: Network) -> Result<Self, ParsePayeeError> {
        let text = text.trim();
        if text.len() > PAYEE_BYTES {
            return Err(ParsePayeeError::NotAnAddress);
        }
        match text.split_at_checked(SCHEME.len()) {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case(SCHEME) => {
                Self::parse_uri(rest, network)
            }
            _ => Ok(Self {
                address: parse_address(text, network)?,
                amount: None,
                label: None,
                message: None,
            }),
        }
    }

    /// The BIP321 URI; [`Payee::parse`] reads it back.
    #[must_use]
    pub fn uri(&self) -> String {
        let mut uri = format!("{SCHEME}{}", self.address);
        let fields = [
            ("amount", self.amount.map(display_bitcoin)),
            ("label", self.label.as_deref().map(percent_encode)),
            ("message", self.message.as_deref().map(percent_encode)),
        ];
        let mut separator = '?';
        for (name, value) in fields {
            if let Some(value) = value {
                uri.push(separator);
                uri.push_str(name);
                uri.push('=');
                uri.push_str(&value);
                separator = '&';
            }
        }
        uri
    }

    fn parse_uri(rest: &str, network: Network) -> Result<Self, ParsePayeeError> {
        let rest = rest.split_once('#').map_or(rest, |(rest, _fragment)| rest);
        let (body, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (mut amount, mut label, mut message) = (None, None, None);
        let (mut segwit, mut other) = (None, None);
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let name = name.to_ascii_lowercase();
            match name.as_str() {
                "amount" => set_once(&mut amount, "amount", parse_bitcoin(value)?)?,
                "label" => set_once(&mut label, "label", percent_decode(value)?)?,
                "message" => set_once(&mut message, "message", percent_decode(value)?)?,
                required if required.starts_with("req-") => {
                    return Err(ParsePayeeError::Required { name });
                }
                hrp if SEGWIT_KEYS.contains(&hrp) && segwit.is_none() => {
                    segwit = parse_address(value, network).ok();
                    other = other.or(Some("an address of another network"));
                }
                "lightning" | "lno" => other = Some("a Lightning payment"),
                "sp" => other = Some("a silent payment"),
                _ => {}
            }
        }
        let address = match (body, segwit, other) {
            ("", Some(address), _) => address,
            ("", None, Some(offers)) => return Err(ParsePayeeError::NoAddress { offers }),
            (body, _, _) => parse_address(body, network)?,
        };
        Ok(Self { address, amount, label, message })
    }
}

/// The address in groups of four characters, for comparing by eye.
#[must_use]
pub fn grouped(address: &Address) -> String {
    let text = address.to_string();
    let mut grouped = String::with_capacity(text.len() + text.len() / GROUP);
    for (at, character) in text.chars().enumerate() {
        if at > 0 && at.is_multiple_of(GROUP) {
            grouped.push(' ');
        }
        grouped.push(character);
    }
    grouped
}

/// Why a text names no one that can be paid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParsePayeeError {
    /// Neither an address nor a URI, or an address that was mistyped.
    #[error("not a bitcoin address or bitcoin: URI: check that it was copied whole")]
    NotAnAddress,
    /// The address is good, but of another network.
    #[error("this is an address of {found}, and this wallet is on {wanted}: ask for another one")]
    WrongNetwork {
        /// The networks it can be of.
        found: &'static str,
        /// The wallet's network.
        wanted: &'static str,
    },
    /// The URI has no address that can be paid here.
    #[error("the URI offers only {offers}, which can't be paid here: ask for a bitcoin address")]
    NoAddress {
        /// What it offers, in words.
        offers: &'static str,
    },
    /// The amount in the URI is not one.
    #[error("the amount in the URI is not good: {0}")]
    Amount(#[from] ParseAmountError),
    /// A parameter is there twice, so that two readers may see two payments.
    #[error("the URI has more than one {name}: ask for another one")]
    Repeated {
        /// Which.
        name: &'static str,
    },
    /// The label or the message is not percent-encoded UTF-8.
    #[error("the URI's text is not percent-encoded: check that it was copied whole")]
    Encoding,
    /// The URI demands something that is not understood here (BIP321, "req-").
    #[error("the URI requires {name:?}, which this version doesn't know: ask for a plain address")]
    Required {
        /// What it demands.
        name: String,
    },
}

const SCHEME: &str = "bitcoin:";

/// Parameters that hold a segwit address of the network which has this prefix (BIP321).
const SEGWIT_KEYS: [&str; 3] = ["bc", "tb", "bcrt"];

/// Characters in a group of an address.
const GROUP: usize = 4;

fn parse_address(text: &str, network: Network) -> Result<Address, ParsePayeeError> {
    let address: Address<NetworkUnchecked> =
        text.parse().map_err(|_: ParseError| ParsePayeeError::NotAnAddress)?;
    if !address.is_valid_for_network(network) {
        return Err(ParsePayeeError::WrongNetwork {
            found: networks_of(&address),
            wanted: network_name(network),
        });
    }
    Ok(address.assume_checked())
}

/// The networks that an address can be of, for people. Test networks share prefixes.
fn networks_of(address: &Address<NetworkUnchecked>) -> &'static str {
    let of = |network| address.is_valid_for_network(network);
    match (of(Network::Bitcoin), of(Network::Testnet), of(Network::Regtest)) {
        (true, _, _) => "mainnet",
        (_, true, true) => "a test network (testnet3, testnet4, signet or regtest)",
        (_, true, false) => "testnet3, testnet4 or signet",
        (_, false, _) => "regtest",
    }
}

const fn network_name(network: Network) -> &'static str {
    match network {
        Network::Bitcoin => "mainnet",
        Network::Testnet => "testnet3",
        Network::Testnet4 => "testnet4",
        Network::Signet => "signet",
        Network::Regtest => "regtest",
    }
}

fn set_once<T>(slot: &mut Option<T>, name: &'static str, value: T) -> Result<(), ParsePayeeError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(ParsePayeeError::Repeated { name }),
    }
}

/// Encodes everything but RFC 3986's unreserved characters.
fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for nibble in [byte >> 4, byte & 0xf] {
                encoded.push(char::from(b"0123456789ABCDEF"[usize::from(nibble)]));
            }
        }
    }
    encoded
}

/// A plus sign is one: BIP321 is no web form.
fn percent_decode(text: &str) -> Result<String, ParsePayeeError> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(if byte == b'%' {
            let digits = bytes.next().and_then(hex_digit).zip(bytes.next().and_then(hex_digit));
            let (high, low) = digits.ok_or(ParsePayeeError::Encoding)?;
            high << 4 | low
        } else {
            byte
        });
    }
    String::from_utf8(decoded).map_err(|_| ParsePayeeError::Encoding)
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAINNET: &str = "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu";
    const TAPROOT: &str = "bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr";
    const LEGACY: &str = "1LqBGSKuX5yYUonjxT5qGfpUsXKYYWeabA";
    const SIGNET: &str = "tb1qcr8te4kr609gcawutmrza0j4xv80jy8zmfp6l0";
    const TEST_LEGACY: &str = "mkHS9ne12qx9pS9VojpwU5xtRd4T7X7ZUt";

    fn mainnet(text: &str) -> Result<Payee, ParsePayeeError> {
        Payee::parse(text, Network::Bitcoin)
    }

    #[test]
    fn addresses_are_read_in_either_case_where_the_checksum_allows_it() {
        for text in [MAINNET, TAPROOT, LEGACY] {
            let payee = mainnet(&format!(" {text}\n")).expect("an address");
            assert_eq!(payee.address.to_string(), text);
            assert_eq!(payee.amount, None);
        }
        let payee = mainnet(&TAPROOT.to_uppercase()).expect("an address");
        assert_eq!(payee.address.to_string(), TAPROOT);
        assert_eq!(mainnet(&LEGACY.to_uppercase()), Err(ParsePayeeError::NotAnAddress));
    }

    #[test]
    fn a_mistyped_address_is_none() {
        let swapped = MAINNET.replace("06fyu", "06fuy");
        for text in ["", "hello", "bitcoin:", &MAINNET[..40], &swapped, &"1".repeat(100_000)] {
            assert_eq!(mainnet(text), Err(ParsePayeeError::NotAnAddress), "{text}");
        }
    }

    #[test]
    fn the_other_network_is_named() {
        for (text, network, found, wanted) in [
            (MAINNET, Network::Regtest, "mainnet", "regtest"),
            (LEGACY, Network::Testnet4, "mainnet", "testnet4"),
            (SIGNET, Network::Bitcoin, "testnet3, testnet4 or signet", "mainnet"),
            (SIGNET, Network::Regtest, "testnet3, testnet4 or signet", "regtest"),
            (
                TEST_LEGACY,
                Network::Bitcoin,
                "a test network (testnet3, testnet4, signet or regtest)",
                "mainnet",
            ),
        ] {
            let error = Payee::parse(text, network).expect_err("another network");
            assert_eq!(error, ParsePayeeError::WrongNetwork { found, wanted });
        }
        assert!(Payee::parse(SIGNET, Network::Signet).is_ok());
        assert!(Payee::parse(TEST_LEGACY, Network::Regtest).is_ok());
        let script = mainnet(MAINNET).expect("an address").address.script_pubkey();
        let regtest = Address::from_script(&script, Network::Regtest).expect("a known script");
        assert_eq!(
            mainnet(&regtest.to_string()),
            Err(ParsePayeeError::WrongNetwork { found: "regtest", wanted: "mainnet" })
        );
    }

    /// The examples of BIP321, with an address whose checksum is good: the BIP's is not.
    #[test]
    fn bip321_examples() {
        let uri = |query: &str| mainnet(&format!("bitcoin:{LEGACY}{query}"));
        assert_eq!(uri("").expect("a URI").address.to_string(), LEGACY);
        let payee = uri("?amount=20.3&label=Luke-Jr").expect("a URI");
        assert_eq!(payee.amount, Some(Amount::from_sat(2_030_000_000)));
        assert_eq!(payee.label.as_deref(), Some("Luke-Jr"));
        let payee = uri("?amount=50&label=Luke-Jr&message=Donation%20for%20project%20xyz");
        assert_eq!(payee.expect("a URI").message.as_deref(), Some("Donation for project xyz"));
        assert_eq!(
            uri("?req-somethingyoudontunderstand=50&req-somethingelseyoudontget=999"),
            Err(ParsePayeeError::Required { name: "req-somethingyoudontunderstand".to_owned() })
        );
        assert!(uri("?somethingyoudontunderstand=50&somethingelseyoudontget=999").is_ok());
    }

    #[test]
    fn a_uri_in_upper_case_is_read_like_one_in_lower_case() {
        let payee = mainnet(&format!("BITCOIN:{}?AMOUNT=0.001", TAPROOT.to_uppercase()));
        let payee = payee.expect("a URI");
        assert_eq!(payee.address.to_string(), TAPROOT);
        assert_eq!(payee.amount, Some(Amount::from_sat(100_000)));
        assert_eq!(
            mainnet(&format!("bitcoin:{MAINNET}?REQ-x=1")),
            Err(ParsePayeeError::Required { name: "req-x".to_owned() })
        );
    }

    /// One URI for payers of every kind: the address counts here, wherever it stands.
    #[test]
    fn what_else_a_uri_offers_is_passed_over() {
        let uri = |rest: &str| mainnet(&format!("bitcoin:{rest}"));
        let plain = mainnet(MAINNET).expect("an address").address;
        for rest in [
            format!("{MAINNET}?lightning=LNBC10U1P3PJ257&pj=https://example.com/pj&pjos=0"),
            format!("?lightning=lnbc1&bc={MAINNET}&sp=sp1qq"),
            format!("?BC={}", MAINNET.to_uppercase()),
            format!("?tb={SIGNET}&bc={MAINNET}&bc={TAPROOT}"),
        ] {
            assert_eq!(uri(&rest).map(|payee| payee.address), Ok(plain.clone()), "{rest}");
        }
        let refused = |rest: &str, offers| {
            assert_eq!(uri(rest), Err(ParsePayeeError::NoAddress { offers }), "{rest}");
        };
        refused("?lightning=lnbc1&amount=0.001", "a Lightning payment");
        refused("?sp=sp1qq", "a silent payment");
        refused(&format!("?tb={SIGNET}"), "an address of another network");
        assert_eq!(uri("?amount=1"), Err(ParsePayeeError::NotAnAddress));
        let pop = uri(&format!("{MAINNET}?req-pop=callback%3a"));
        assert_eq!(pop, Err(ParsePayeeError::Required { name: "req-pop".to_owned() }));
    }

    #[test]
    fn a_uri_can_not_speak_to_the_terminal_through_its_error() {
        let error = mainnet(&format!("bitcoin:{MAINNET}?req-\u{1b}[2J\u{202e}=1"));
        let told = error.expect_err("must be refused").to_string();
        assert!(told.contains("req-") && told.chars().all(|c| matches!(c, ' '..='~')), "{told}");
    }

    #[test]
    fn what_could_mislead_is_refused() {
        let uri = |query: &str| mainnet(&format!("bitcoin:{MAINNET}?{query}"));
        assert_eq!(uri("amount=1&amount=2"), Err(ParsePayeeError::Repeated { name: "amount" }));
        assert_eq!(uri("label=a&label=b"), Err(ParsePayeeError::Repeated { name: "label" }));
        for amount in ["50,000.00", "1btc", "-1", "", "1e3", "0.000000001", "21000001"] {
            let error = uri(&format!("amount={amount}")).expect_err("no amount");
            assert!(matches!(error, ParsePayeeError::Amount(_)), "{amount}");
        }
        for text in ["%", "%4", "%zz", "%ff", "%+1"] {
            assert_eq!(uri(&format!("label={text}")), Err(ParsePayeeError::Encoding), "{text}");
        }
        assert_eq!(uri("label=a+b").expect("a URI").label.as_deref(), Some("a+b"));
    }

    #[test]
    fn an_address_is_shown_in_groups() {
        let payee = mainnet(MAINNET).expect("an address");
        assert_eq!(grouped(&payee.address), "bc1q cr8t e4kr 609g cawu tmrz a0j4 xv80 jy8z 306f yu");
    }

    proptest! {
        #[test]
        fn a_written_uri_reads_back(
            satoshi in proptest::option::of(0..=Amount::MAX_MONEY.to_sat()),
            label in proptest::option::of("\\PC{0,40}"),
            message in proptest::option::of("\\PC{0,40}"),
        ) {
            let address = mainnet(TAPROOT).expect("an address").address;
            let payee = Payee { address, amount: satoshi.map(Amount::from_sat), label, message };
            prop_assert_eq!(mainnet(&payee.uri()), Ok(payee));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,60}|bitcoin:[a-z0-9?&=%-]{0,60}") {
            let _ = mainnet(&text);
        }
    }
}
