//! Owns accounts, their keys and rules as bytes.

use bitcoin::Network;

use super::{Portable, Reader, Unreadable, Writer, portable_as, portable_enum, portable_struct};
use crate::keychain::{
    AccountDescriptor, AccountId, AccountKey, AccountKind, AccountName, Branch, DerivationIndex,
    HeldKeyName, KeychainId, PublicHalf, ScriptType, SpendRule, TemplateScript, WalletPolicy,
};
use crate::wallet_name::WalletName;

portable_as! {
    AccountId as u16 { |it| it.to_u16(), |number| Some(Self::new(number)) }
    DerivationIndex as u32 { |it| it.to_u32(), |index| Self::new(index) }
    AccountName as String { |it| it.to_string(), |text| text.parse().ok() }
    PublicHalf as String { |it| it.to_string(), |text| Self::parse(&text) }
    WalletName as String { |it| it.to_string(), |text| text.parse().ok() }
    // Its keys are either those of mainnet or those of every other network.
    AccountDescriptor as String {
        |it| it.to_string(),
        |text| [Network::Bitcoin, Network::Regtest]
            .into_iter()
            .find_map(|network| Self::parse(&text, network).ok())
    }
}

portable_struct! {
    KeychainId { account, branch }
    AccountKey { origin, xpub }
    HeldKeyName { origin, public }
    WalletPolicy { template, keys }
}

portable_enum!(Branch { Receive, Change });
portable_enum!(TemplateScript { Nested, Segwit, Taproot });
portable_enum!(ScriptType { Legacy, Nested, Segwit, Taproot });
portable_enum!(AccountKind { SingleKey(script_type), Multisig { required, keys }, Policy });

/// A rule and those within it.
enum Rule {
    Key,
    Age,
    Time,
    Secret,
    Of,
}

portable_enum!(Rule { Key, Age, Time, Secret, Of });

impl Portable for SpendRule {
    fn write(&self, to: &mut Writer) {
        match self {
            Self::Key(signer) => {
                Rule::Key.write(to);
                signer.write(to);
            }
            Self::Age(age) => {
                Rule::Age.write(to);
                age.write(to);
            }
            Self::Time(time) => {
                Rule::Time.write(to);
                time.write(to);
            }
            Self::Secret => Rule::Secret.write(to),
            Self::Of { required, rules } => {
                Rule::Of.write(to);
                required.write(to);
                rules.write(to);
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        from.deeper(|from| {
            Ok(match Rule::read(from)? {
                Rule::Key => Self::Key(Portable::read(from)?),
                Rule::Age => Self::Age(Portable::read(from)?),
                Rule::Time => Self::Time(Portable::read(from)?),
                Rule::Secret => Self::Secret,
                Rule::Of => {
                    Self::Of { required: Portable::read(from)?, rules: Portable::read(from)? }
                }
            })
        })
    }
}
