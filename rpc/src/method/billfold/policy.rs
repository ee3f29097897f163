//! Owns the methods about the limits of every order, whoever asks: read, set, and asked whether a
//! payment would be let through.

use billfold_wallet_core::command::{
    Asker, Command, CommandError, TellerCommand, TellerReading, TellerReply,
};
use serde::Serialize;

use crate::arguments::{self, Arguments};
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::answer;
use crate::method::billfold::{LimitsForm, limits, pay, teller};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

pub(in crate::method) const METHODS: &[Method] = &[
    Method {
        name: "billfold.policy.get",
        category: Category::Billfold,
        parameters: &[],
        about: "What all that programs ask for is bound by: per_payment_sat, budgets, destinations.",
        standing: Standing::Ours,
        run: Run::Wallet(|node, desk, _| Box::pin(told(node, desk))),
    },
    Method {
        name: "billfold.policy.set",
        category: Category::Billfold,
        parameters: &[Parameter::required(
            "limits",
            Kind::Object,
            "per_payment_sat, budgets [{amount_sat, seconds}], destinations [address]; {} for none",
        )],
        about: "Set what all that programs ask for is bound by. For the owner only.",
        standing: Standing::Ours,
        run: Run::Change(|node, desk, arguments| Box::pin(set(node, desk, arguments))),
    },
    Method {
        name: "billfold.policy.simulate",
        category: Category::Billfold,
        parameters: &[
            Parameter::required("outputs", Kind::Array, "As of billfold.pay"),
            Parameter::optional("fee", Kind::Object, "As of billfold.pay"),
        ],
        about: "Whether the limits of whoever asks would let a payment through now, or the rule that \
                refuses it.",
        standing: Standing::Ours,
        run: Run::Wallet(|node, desk, arguments| Box::pin(simulated(node, desk, arguments))),
    },
];

async fn told(node: &Node, desk: &Desk) -> Outcome {
    match teller(desk, TellerCommand::Read(TellerReading::Policy)).await? {
        TellerReply::Policy(limits) => answer(&LimitsForm::new(&limits, node.params.network)),
        _ => Err(RpcError::bug()),
    }
}

async fn set(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    owner(desk)?;
    let given = arguments::object(arguments.required(0))?;
    let limits = limits(given, node.params.network)?;
    teller(desk, TellerCommand::SetPolicy(limits)).await?;
    told(node, desk).await
}

async fn simulated(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let recipients = pay::recipients(node, arguments.required(0))?;
    let mut request = pay::request(recipients, arguments.value(1), None)?;
    request.dry_run = true;
    match desk.ask(Command::Draft(Box::new(request))).await {
        Ok(_) => answer(&VerdictForm { allowed: true, rule: None, reason: None }),
        Err(CommandError::OverLimit(why)) => {
            let reason = Some(why.to_string());
            answer(&VerdictForm { allowed: false, rule: Some(why.rule()), reason })
        }
        Err(error) => Err(error.into()),
    }
}

/// Refuses whoever is not the owner of the data directory.
pub(super) fn owner(desk: &Desk) -> Result<(), RpcError> {
    match desk.authority().map(|by| &by.asker) {
        None | Some(Asker::Owner) => Ok(()),
        Some(_) => {
            let message = "Only the owner may do this: use the cookie or the socket";
            let told = RpcError::new(Code::PolicyRefused, message);
            Err(told.advising("owner_only", false, "ask with the cookie of the data directory"))
        }
    }
}

#[derive(Debug, Serialize)]
struct VerdictForm {
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}
