//! Owns what of an address people compare: its ends.
//!
//! Refuses to say that two addresses are the same: it says which are worth a second look.

use bitcoin::{Address, AddressType};

/// The ends of an address, without what all addresses of its type begin with. Two addresses of one
/// network with the same ends, that are not the same, differ by chance once in 2³⁰; else somebody
/// made one look like the other.
#[must_use]
pub fn resemblance(address: &Address) -> String {
    let text = address.to_string();
    // A segwit address says its version and, before the separator, its network.
    let body = match address.address_type() {
        Some(AddressType::P2pkh | AddressType::P2sh) => &text[..],
        _ => text.rsplit_once('1').map_or(&text[..], |(_, body)| body),
    };
    let end = body.len().saturating_sub(TAIL);
    format!("{}{}", &body[..HEAD.min(end)], &body[end..])
}

/// Characters at the beginning: the version, and three that are chosen by nobody.
const HEAD: usize = 4;

/// Characters at the end.
const TAIL: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(text: &str) -> String {
        resemblance(&text.parse::<Address<_>>().unwrap().assume_checked())
    }

    #[test]
    fn an_address_is_compared_by_its_ends() {
        assert_eq!(ends("bc1q34aq5drpuwy3wgl9lhup9892qp6svr8ldzyy7c"), "q34ay7c");
        assert_eq!(ends("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"), "1BvBVN2");
        assert_eq!(
            ends("bcrt1pkg0en3dt46fwnu6eascs3emf0p066wx7wqlm5mk8w67cr4hkma2sylhxme"),
            "pkg0xme"
        );
    }
}
