//! Owns what is done with PSBTs once they are signed: combined into one, and finished (BIP174,
//! "Combiner", "Input Finalizer", "Transaction Extractor").
//!
//! Refuses to combine what does not sign the same transaction, and to let a signature that does not
//! hold take the place of one that does.

use bitcoin::Transaction;
use bitcoin::psbt::Psbt;
use miniscript::psbt::PsbtExt;

use super::satisfaction::{self, Unsatisfied};
use super::spent::without_its_output;
use super::{signatures, spent_outputs};
use crate::keychain::SECP;

/// One PSBT with all that these hold; signatures that do not hold are left out.
///
/// # Errors
/// See [`CombineError`].
pub fn combine(psbts: Vec<Psbt>) -> Result<Psbt, CombineError> {
    let mut combined: Option<Psbt> = None;
    for (which, mut psbt) in psbts.into_iter().enumerate() {
        signatures::drop_invalid(&mut psbt);
        match &mut combined {
            None => combined = Some(psbt),
            Some(first) => {
                first.combine(psbt).map_err(|_| CombineError::Different { which: which + 1 })?;
            }
        }
    }
    combined.ok_or(CombineError::Empty)
}

/// Finishes every input that has what it needs. The transaction, if that is all of them and each
/// is verified.
///
/// # Errors
/// See [`FinaliseError`]; inputs that could be finished are finished.
pub fn finalise(psbt: &mut Psbt) -> Result<Transaction, FinaliseError> {
    if without_its_output(psbt).is_some() {
        return Err(FinaliseError::NotShown);
    }
    let wrong = signatures::drop_invalid(psbt);
    let mut open = Vec::new();
    for index in 0..psbt.inputs.len() {
        if psbt.finalize_inp_mut(&SECP, index).is_err() {
            open.push(index);
        }
    }
    if !open.is_empty() {
        return Err(FinaliseError::Open { inputs: open, wrong });
    }
    let spent: Option<Vec<_>> = spent_outputs(psbt).into_iter().collect();
    let spent = spent.ok_or(FinaliseError::NotShown)?;
    let transaction = psbt.clone().extract_tx_unchecked_fee_rate();
    for input in 0..spent.len() {
        satisfaction::check(&transaction, input, &spent)
            .map_err(|why| FinaliseError::Unsatisfied { input, why })?;
    }
    Ok(transaction)
}

/// Why PSBTs were not combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CombineError {
    /// None was given.
    #[error("there is nothing to combine: give at least two PSBTs")]
    Empty,
    /// One is of another transaction, or contradicts those before it.
    #[error("PSBT {which} is of another transaction than the first: combine those of one payment")]
    Different {
        /// Which, counted from 1.
        which: usize,
    },
}

/// Why there is no transaction yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FinaliseError {
    /// Some inputs lack signatures, or what else their scripts ask for.
    #[error("{}", told(inputs, *wrong))]
    Open {
        /// Which, counted from 0.
        inputs: Vec<usize>,
        /// Signatures that were there and do not hold.
        wrong: usize,
    },
    /// An input does not show what it spends.
    #[error("an input does not show what it spends: ask the PSBT's maker for a whole one")]
    NotShown,
    /// A finished input does not satisfy its script.
    #[error("input {input} is finished, but {why}: ask its signer again")]
    Unsatisfied {
        /// Which, counted from 0.
        input: usize,
        /// Why.
        why: Unsatisfied,
    },
}

fn told(inputs: &[usize], wrong: usize) -> String {
    let numbers: Vec<String> = inputs.iter().map(usize::to_string).collect();
    let numbers = numbers.join(", ");
    let wrong = match wrong {
        0 => String::new(),
        some => format!(" ({some} that do not hold were left out)"),
    };
    format!("signatures are missing for input {numbers}{wrong}: have the others sign first")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::psbt::{ParsePsbtError, read};

    fn vector(word: &str, case: &str) -> &'static str {
        let lines = include_str!("../../fixtures/psbt/bip174.txt").lines();
        let mut columns = lines.map(|line| line.splitn(3, ' ').collect::<Vec<_>>());
        let found = columns.find(|columns| columns[0] == word && columns[2].starts_with(case));
        found.expect("the vector")[1]
    }

    fn step(name: &str) -> Psbt {
        read(vector("flow", name).as_bytes()).expect("a good one")
    }

    /// The libraries take it for granted that the output is there.
    #[test]
    fn a_transaction_that_lacks_the_output_is_no_proof_and_no_end() {
        let bytes = include_bytes!("../../fixtures/corpus/psbt/other_parent");
        assert!(matches!(read(bytes), Err(ParsePsbtError::OtherParent(_))));
        let mut psbt = Psbt::deserialize(bytes).unwrap();
        assert!(
            signatures::tally(&psbt).iter().all(|tally| *tally == signatures::Tally::default())
        );
        assert_eq!(finalise(&mut psbt), Err(FinaliseError::NotShown));
    }

    #[test]
    fn the_workflow_of_the_bip_ends_in_its_transaction() {
        let combined = combine(vec![step("signed-a"), step("signed-b")]).expect("one payment");
        assert_eq!(combined, step("combined"));
        let mut finished = combined;
        let transaction = finalise(&mut finished).expect("all have signed");
        assert_eq!(finished, step("finalised"));
        let hex = bitcoin::consensus::encode::serialize_hex(&transaction);
        assert_eq!(hex, vector("extracted", "the transaction"));
    }

    #[test]
    fn unknown_fields_of_both_are_kept() {
        let combined = combine(vec![step("unknown-a"), step("unknown-b")]).expect("one payment");
        assert_eq!(combined, step("unknown-combined"));
    }

    #[test]
    fn one_signer_is_not_enough_and_says_which_input_waits() {
        let mut half = step("signed-a");
        let expected = FinaliseError::Open { inputs: vec![0, 1], wrong: 0 };
        assert_eq!(finalise(&mut half), Err(expected));
    }

    /// Whoever passes a PSBT on could spoil it for those who come after.
    #[test]
    fn a_wrong_signature_does_not_replace_a_right_one() {
        let mut spoiled = step("signed-a");
        for input in &mut spoiled.inputs {
            let others: Vec<_> = step("signed-b").inputs.into_iter().collect();
            for other in others {
                for (_, signature) in other.partial_sigs {
                    input.partial_sigs.values_mut().for_each(|own| *own = signature);
                }
            }
        }
        let all = vec![step("signed-a"), spoiled, step("signed-b")];
        let combined = combine(all).expect("one payment");
        assert_eq!(combined, step("combined"));
    }

    #[test]
    fn other_payments_are_not_combined() {
        let other = combine(vec![step("signed-a"), step("unknown-a")]);
        assert_eq!(other, Err(CombineError::Different { which: 2 }));
        assert_eq!(combine(Vec::new()), Err(CombineError::Empty));
    }
}
