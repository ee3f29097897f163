//! Owns who agrees to a payment: a person who compares at the terminal, or whoever wrote `--yes`.
//!
//! Refuses a yes in advance to an address that looks like another known one: the yes was not meant
//! for that.

use billfold_tui::warning;
use billfold_wallet_core::command::{Draft, Warning};
use billfold_wallet_core::recipient;
use billfold_wallet_core::signer_host::place::Place;
use bitcoin::Address;

use super::review;
use crate::cli::paying::ConsentArgs;
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::terminal::Terminal;

/// Whether it is only to be looked at, what was agreed to in advance, and who signs.
#[derive(Debug, Clone)]
pub(crate) struct Consent {
    /// Build the review only.
    pub(super) dry_run: bool,
    yes: bool,
    look_alike: bool,
    /// The device that signs, if not this wallet.
    pub(super) signer: Option<Place>,
}

impl Consent {
    /// What the options say.
    pub(crate) const fn new(options: &ConsentArgs) -> Self {
        Self { dry_run: options.dry_run, yes: options.yes, look_alike: false, signer: None }
    }

    /// The same, signed by a device.
    pub(crate) fn with_signer(self, signer: Option<Place>) -> Self {
        Self { signer, ..self }
    }

    /// Whether it is only to be looked at.
    pub(crate) const fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// The same, with an address that looks like another agreed to or not.
    pub(super) fn with_look_alike(self, look_alike: bool) -> Self {
        Self { look_alike, ..self }
    }
}

/// Who agrees.
pub(super) enum Reviewer {
    /// Whoever wrote `--yes`.
    Waived {
        /// Whether that is meant for an address too that looks like another.
        look_alike: bool,
    },
    /// The person at the terminal.
    Person(Terminal),
}

impl Reviewer {
    pub(super) fn choose(consent: &Consent, plain: bool) -> Result<Self, Failure> {
        if consent.yes {
            return Ok(Self::Waived { look_alike: consent.look_alike });
        }
        Terminal::open(plain, "").map(Self::Person).map_err(|_| {
            Failure::new(
                Kind::Refused,
                "nobody can agree to the review, because there is no terminal: agree beforehand \
                 with --yes, or look only with --dry-run",
            )
        })
    }

    /// Shows the review, and asks.
    pub(super) async fn agrees(
        &mut self,
        draft: &Draft,
        context: &mut Context,
    ) -> Result<bool, Failure> {
        let review = review::of(draft);
        match self {
            Self::Waived { look_alike } => {
                context.output.say(&review);
                if *look_alike { Ok(true) } else { refuse_look_alikes(draft) }
            }
            Self::Person(terminal) => {
                context.output.pause();
                terminal.show(&review)?;
                for address in warning::to_compare(draft) {
                    if !compared(terminal, context, address).await? {
                        return Ok(false);
                    }
                }
                let answer = terminal.ask("Pay this? [y/N] ", &mut context.interrupt).await?;
                Ok(matches!(answer.as_str(), "y" | "Y" | "yes"))
            }
        }
    }
}

fn refuse_look_alikes(draft: &Draft) -> Result<bool, Failure> {
    let found = draft.warnings.iter().find_map(|warning| match warning {
        Warning::LooksAlike { address, known } => Some((address, known)),
        _ => None,
    });
    let Some((address, known)) = found else { return Ok(true) };
    let message = format!(
        "{address} begins and ends like {known}, which this wallet knows, and is another: compare \
         it with where it comes from, then pay at a terminal, or with --allow-look-alike"
    );
    Err(Failure::new(Kind::LooksAlike, message)
        .with("address", address.to_string())
        .with("known", known.to_string()))
}

/// Whether the person typed the middle of the address as they have it elsewhere: what a swapped
/// clipboard or an address made to look alike can't match.
async fn compared(
    terminal: &mut Terminal,
    context: &mut Context,
    address: &Address,
) -> Result<bool, Failure> {
    let grouped = recipient::grouped(address);
    let groups: Vec<&str> = grouped.split(' ').collect();
    let middle = groups.len() / 2;
    let Some(wanted) = groups.get(middle) else { return Ok(true) };
    let question = format!(
        "Compare the address with where you got it. Type its group {} of {} from there: ",
        middle + 1,
        groups.len()
    );
    let typed = terminal.ask(&question, &mut context.interrupt).await?;
    if typed.eq_ignore_ascii_case(wanted) {
        return Ok(true);
    }
    terminal.show("That is not what the payment has there.")?;
    Ok(false)
}

#[cfg(test)]
mod tests {
    use bitcoin::{Amount, FeeRate, Transaction, absolute, transaction};

    use billfold_wallet_core::command::{DraftId, FeeBasis, Purpose};

    use super::*;

    fn draft(outputs: usize, warnings: Vec<Warning>) -> Draft {
        Draft {
            id: DraftId(1),
            purpose: Purpose::Payment,
            expires: None,
            unsigned: Transaction {
                version: transaction::Version::TWO,
                lock_time: absolute::LockTime::ZERO,
                input: vec![],
                output: vec![],
            },
            psbt: String::new(),
            outputs: vec![(address(), Amount::ONE_SAT); outputs],
            change: None,
            inputs: vec![],
            fee: Amount::ONE_SAT,
            fee_rate: FeeRate::BROADCAST_MIN,
            fee_basis: FeeBasis::Asked,
            note: None,
            warnings,
        }
    }

    fn address() -> Address {
        let text = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq";
        text.parse::<Address<_>>().expect("an address").assume_checked()
    }

    fn alike() -> Warning {
        Warning::LooksAlike { address: address(), known: address() }
    }

    #[test]
    fn a_yes_in_advance_is_not_meant_for_an_address_that_looks_like_another() {
        let refused = refuse_look_alikes(&draft(1, vec![alike()])).expect_err("refused");
        assert_eq!(refused.kind(), Kind::LooksAlike);
        let first = Warning::FirstPayment(address());
        assert!(refuse_look_alikes(&draft(1, vec![first])).is_ok());
    }

    #[test]
    fn a_part_is_typed_of_what_is_new_or_doubtful_but_not_of_each_in_a_file() {
        let first = || Warning::FirstPayment(address());
        assert_eq!(warning::to_compare(&draft(1, vec![first()])).len(), 1);
        assert_eq!(warning::to_compare(&draft(1, vec![first(), alike()])).len(), 1);
        assert_eq!(warning::to_compare(&draft(9, vec![first()])).len(), 0);
        assert_eq!(warning::to_compare(&draft(9, vec![first(), alike()])).len(), 1);
        assert_eq!(warning::to_compare(&draft(1, vec![])).len(), 0);
    }
}
