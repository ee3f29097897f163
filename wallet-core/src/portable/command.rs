//! Owns questions to a wallet and their answers, as bytes.

use super::basic::{read_bytes, write_bytes};
use super::{Portable, Reader, Unreadable, Writer, portable_as, portable_enum, portable_struct};
use crate::command::{
    AccountCommand, AccountScope, AddedAccounts, BlockQuery, ChainQuery, Command, DescriptorText,
    Import, ImportProblem, Imported, KeyLayerState, KeyState, LabelQuery, LeftBlock, NewAccount,
    Operation, OperationCommand, OperationId, OperationState, Reach, Reply, Signing,
    SigningCommand, Task,
};

portable_struct!(LeftBlock { fork, transactions });
portable_enum!(BlockQuery { Height(height), Hash(hash) });
portable_enum!(ChainQuery {
    Status,
    Applied,
    Block(query),
    Addresses,
    Order(order),
    Fetch(hash),
    Judge { block, valid },
    SetTime(time),
    Filters(range),
    FilterHeader(hash),
});
portable_enum!(LabelQuery { All, Of(reference), Addresses(label) });
portable_enum!(KeyState { Locked, Open, OpenUntil(time) });
portable_struct!(KeyLayerState { has_passphrase, state, locks_in });
portable_as! { OperationId as u64 { |it| it.0, |number| Some(Self(number)) } }
portable_enum!(OperationCommand { Rescan { from }, Running, Of(id), Cancel(id) });
portable_enum!(OperationState { Running, Done(time), Cancelled(time), Failed(time) });
portable_enum!(ImportProblem {
    Descriptor(problem), HasKeys, KeysDisabled, ForeignKey, OtherSide, Known, TooMany { most },
});
portable_enum!(Task { Rescan { from }, Sign });
portable_enum!(SigningCommand { Begin { psbt, signer }, End { id, signed }, Fail { id, why }, Of(id) });
portable_enum!(AccountCommand { Add { accounts, scope }, Key { script, number }, Prefer(name) });
portable_enum!(NewAccount {
    Standard { script_type, number }, Given { name, is_fixed, descriptor },
});
portable_struct! {
    Import { descriptors, internal, active, derived, end, next, label, since }
    Imported { problems, operation }
    AccountScope { birthday, gap }
    AddedAccounts { added, widened, known }
    Reach { first, next, last }
    Operation { id, task, begun, state, reach }
    Signing { operation, psbt, problem, askers, repeated }
}

impl Portable for DescriptorText {
    fn write(&self, to: &mut Writer) {
        write_bytes(self.as_str().as_bytes(), to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        std::str::from_utf8(read_bytes(from)?).map(Self::new).map_err(|_| Unreadable)
    }
}

portable_enum!(Command {
    Balance,
    Receive { amount, note, expires, fresh },
    Draft(request),
    Bump(request),
    Sign(draft),
    HandOut(draft),
    Drop(draft),
    Drafts,
    Abandon(txid),
    Freeze { outpoints, frozen },
    ReviewPsbt(psbt),
    FillPsbt(psbt),
    ReviewTransaction(transaction),
    SignPsbt(psbt),
    HoldPsbt(psbt),
    AnnouncePsbt(psbt),
    SignMessage { address, message, newer },
    Sweep(request),
    DraftSweep { fee, most_fee },
    History(query),
    Transactions(txids),
    Records(query),
    Entries { skip, count },
    Coins(query),
    Holdings { least_depth },
    Received(scripts),
    ReceivedSum(query),
    Addresses(query),
    Owner(script),
    Issue { account, branch, note },
    Labels(about),
    Label { reference, label },
    ImportLabels(labels),
    Search { text, limit },
    Status,
    Applied,
    Block(query),
    Left(block),
    Rescan { from },
    Operation(command),
    Signing(command),
    Import(imports),
    Account(command),
    Describe,
    Prove(txid),
    WordsChecked, AvoidReuse(avoids),
    KeyLayer,
    Lock,
    Ordered(order),
    Recall(request),
    Remember { request, answer },
    Teller(command),
    Present,
});

portable_enum!(Reply {
    Balance(balance),
    Address(address),
    Draft(draft),
    Drafts(drafts),
    Payment(payment),
    Psbt(review),
    Sweep(draft),
    Message(message),
    History(rows),
    Transactions(records),
    Entries { newer, records },
    Coins(coins),
    Holdings(holdings),
    Received(receipts),
    ReceivedSum(amount),
    Addresses(rows),
    Owner(owner),
    Labels(labels),
    ImportedLabels(report),
    Found(findings),
    Status(status),
    Block(block),
    Wallet(description),
    Left(block),
    KnownAddresses(addresses),
    Applied(block),
    KeyLayer(state),
    Proof(proof),
    Recalled(answer),
    Operation(operation),
    Signing(signing),
    Imported(imported),
    Accounts(added),
    AccountKey(key),
    Fetched(block),
    Filters(filters),
    FilterHeader(header),
    Judged(known),
    Teller(reply),
    Done,
});
