//! Owns the method that tells what a PSBT lacks.

use bitcoin::Network;
use serde::Serialize;

use crate::analysis::{Analysis, InputAnalysis};
use crate::arguments::Arguments;
use crate::json::{Btc, answer};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::parameter::{Kind, Parameter};
use crate::psbt;
use crate::solution::Missing;

pub(super) const METHODS: &[Method] = &[Method {
    name: "analyzepsbt",
    category: Category::Rawtransactions,
    parameters: &[Parameter::required("psbt", Kind::Text, "A base64 string of a PSBT")],
    about: "Analyzes and provides information about the current status of a PSBT and its inputs.",
    standing: Standing::Differs(
        "of scripts that are neither keys nor multisig, keys are missing in the order of the \
         script, and those that are no miniscript are never finished; of what is no PSBT, the text \
         after \"TX decode failed\" is mostly our own",
    ),
    run: Run::Pure(analyse),
}];

fn analyse(_: Network, arguments: &Arguments) -> Outcome {
    let psbt = psbt::read(arguments.required_text(0)?)?;
    let analysis = Analysis::new(&psbt);
    answer(&AnalysisForm {
        inputs: analysis.inputs.iter().map(InputForm::new).collect(),
        estimated_vsize: analysis.vsize,
        estimated_feerate: analysis.fee_rate().map(Btc),
        fee: analysis.fee.map(Btc),
        next: analysis.next.name(),
        error: analysis.error,
    })
}

#[derive(Debug, Serialize)]
struct AnalysisForm {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    inputs: Vec<InputForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_vsize: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_feerate: Option<Btc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fee: Option<Btc>,
    next: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Debug, Serialize)]
struct InputForm {
    has_utxo: bool,
    is_final: bool,
    next: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<MissingForm>,
}

#[derive(Debug, Serialize)]
struct MissingForm {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pubkeys: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redeemscript: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    witnessscript: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    signatures: Vec<String>,
}

impl InputForm {
    fn new(input: &InputAnalysis) -> Self {
        Self {
            has_utxo: input.has_utxo,
            is_final: input.is_final,
            next: input.next.name(),
            missing: (!input.missing.is_empty()).then(|| MissingForm::new(&input.missing)),
        }
    }
}

impl MissingForm {
    fn new(missing: &Missing) -> Self {
        Self {
            pubkeys: missing.keys.iter().map(ToString::to_string).collect(),
            redeemscript: missing.redeem_script.map(|hash| hash.to_string()),
            witnessscript: missing.witness_script.map(|hash| hash.to_string()),
            signatures: missing.signatures.iter().map(ToString::to_string).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use bitcoin::base64::Engine as _;
    use bitcoin::base64::engine::general_purpose::STANDARD;
    use bitcoin::psbt::Psbt;
    use serde_json::json;

    use crate::method::tests::pure;

    fn analysed(psbt: &str) -> serde_json::Value {
        pure("analyzepsbt", &format!(r#"["{psbt}"]"#)).expect(psbt)
    }

    /// From Bitcoin Core's `test/functional/rpc_psbt.py` (MIT), with what it expects of them.
    #[test]
    fn what_core_says_of_its_own_psbts_is_said_here() {
        let senseless = [
            (UNSPENDABLE, "PSBT is not valid. Input 0 spends unspendable output"),
            (TOO_MUCH_SPENT, "PSBT is not valid. Input 0 has invalid value"),
            (TOO_MUCH_PAID, "PSBT is not valid. Output amount invalid"),
        ];
        for (psbt, why) in senseless {
            assert_eq!(analysed(psbt), json!({"next": "creator", "error": why}));
        }
        let signed = analysed(SIGNED);
        assert_eq!(
            (&signed["next"], &signed["inputs"][0]["is_final"]),
            (&json!("finalizer"), &json!(false))
        );
        assert_eq!(signed["inputs"][0].get("missing"), None);
    }

    #[test]
    fn each_step_of_the_work_names_the_next() {
        let signed: Psbt = SIGNED.parse().expect("a PSBT");
        let mut unsigned = signed.clone();
        unsigned.inputs[0].partial_sigs.clear();
        let told = |psbt: &Psbt| analysed(&STANDARD.encode(psbt.serialize()));
        let analysis = told(&unsigned);
        assert_eq!(analysis["next"], "signer");
        let program = signed.inputs[0].witness_utxo.clone().expect("told").script_pubkey;
        let hash = program.to_hex_string()[4..].to_owned();
        assert_eq!(analysis["inputs"][0]["missing"], json!({"signatures": [hash]}));
        // One input and two outputs of single keys, for which Core paid 10 sat/vB.
        assert_eq!(
            (&analysis["estimated_vsize"], &analysis["fee"]),
            (&json!(141), &json!(0.000_014_1))
        );
        assert_eq!(analysis["estimated_feerate"], json!(0.000_1));

        unsigned.inputs[0].bip32_derivation.clear();
        let analysis = told(&unsigned);
        assert_eq!((&analysis["next"], analysis.get("estimated_vsize")), (&json!("updater"), None));
        assert_eq!(analysis["inputs"][0]["missing"], json!({"pubkeys": [hash]}));

        unsigned.inputs[0].witness_utxo = None;
        let analysis = told(&unsigned);
        let untold = json!({"has_utxo": false, "is_final": false, "next": "updater"});
        assert_eq!(analysis, json!({"inputs": [untold], "next": "updater"}));

        let told = pure("finalizepsbt", &format!(r#"["{SIGNED}", false]"#)).expect("finished");
        let finished = analysed(told["psbt"].as_str().expect("a PSBT"));
        assert_eq!(
            (&finished["next"], &finished["inputs"][0]["is_final"]),
            (&json!("extractor"), &json!(true))
        );
    }

    #[test]
    fn what_is_no_psbt_is_told() {
        let refused = pure("analyzepsbt", r#"["AAAA"]"#).expect_err("refused");
        assert!(refused.0 == -22 && refused.1.starts_with("TX decode failed"), "{refused:?}");
    }

    const UNSPENDABLE: &str = "cHNidP8BAJoCAAAAAljoeiG1ba8MI76OcHBFbDNvfLqlyHV5JPVFiHuyq911AAAAAAD/////g40EJ9DsZQpoqka7CwmK6kQiwHGyyng1Kgd5WdB86h0BAAAAAP////8CcKrwCAAAAAAWAEHYXCtx0AYLCcmIauuBXlCZHdoSTQDh9QUAAAAAFv8/wADXYP/7//////8JxOh0LR2HAI8AAAAAAAEBIADC6wsAAAAAF2oUt/X69ELjeX2nTof+fZ10l+OyAokDAQcJAwEHEAABAACAAAEBIADC6wsAAAAAF2oUt/X69ELjeX2nTof+fZ10l+OyAokDAQcJAwEHENkMak8AAAAA";
    const TOO_MUCH_SPENT: &str = "cHNidP8BAHECAAAAAfA00BFgAm6tp86RowwH6BMImQNL5zXUcTT97XoLGz0BAAAAAAD/////AgD5ApUAAAAAFgAUKNw0x8HRctAgmvoevm4u1SbN7XL87QKVAAAAABYAFPck4gF7iL4NL4wtfRAKgQbghiTUAAAAAAABAR8AgIFq49AHABYAFJUDtxf2PHo641HEOBOAIvFMNTr2AAAA";
    const TOO_MUCH_PAID: &str = "cHNidP8BAHECAAAAAfA00BFgAm6tp86RowwH6BMImQNL5zXUcTT97XoLGz0BAAAAAAD/////AgCAgWrj0AcAFgAUKNw0x8HRctAgmvoevm4u1SbN7XL87QKVAAAAABYAFPck4gF7iL4NL4wtfRAKgQbghiTUAAAAAAABAR8A8gUqAQAAABYAFJUDtxf2PHo641HEOBOAIvFMNTr2AAAA";
    const SIGNED: &str = "cHNidP8BAHECAAAAAZYezcxdnbXoQCmrD79t/LzDgtUo9ERqixk8wgioAobrAAAAAAD9////AlDDAAAAAAAAFgAUy/UxxZuzZswcmFnN/E9DGSiHLUsuGPUFAAAAABYAFLsH5o0R38wXx+X2cCosTMCZnQ4baAAAAAABAR8A4fUFAAAAABYAFOBI2h5thf3+Lflb2LGCsVSZwsltIgIC/i4dtVARCRWtROG0HHoGcaVklzJUcwo5homgGkSNAnJHMEQCIGx7zKcMIGr7cEES9BR4Kdt/pzPTK3fKWcGyCJXb7MVnAiALOBgqlMH4GbC1HDh/HmylmO54fyEy4lKde7/BT/PWxwEBAwQBAAAAIgYC/i4dtVARCRWtROG0HHoGcaVklzJUcwo5homgGkSNAnIYDwVpQ1QAAIABAACAAAAAgAAAAAAAAAAAAAAiAgL+CIiB59NSCssOJRGiMYQK1chahgAaaJpIXE41Cyir+xgPBWlDVAAAgAEAAIAAAACAAQAAAAAAAAAA";
}
