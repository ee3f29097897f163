//! Owns the jobs: what goes on by itself, how far it is, and how to end it.
//!
//! Refuses to end what can't be ended: the scan of new blocks is what a wallet is for.

use billfold_wallet_core::command::{
    AccountSearch, Birthday, Command, Draft, HistoryRow, Operation, OperationCommand, PaymentState,
    Task, WalletDescription,
};
use billfold_wallet_core::light_client::status::Status;

use crate::action::{Action, Verb};
use crate::book::{Book, Page};
use crate::canvas::{Canvas, Piece, dim, text};
use crate::effect::{Delivery, Outbox, Question};
use crate::format;
use crate::list::List;
use crate::progress;
use crate::screen::handing::Handing;
use crate::screen::{Screen, Step, row};
use crate::theme::Role;

/// What goes on by itself.
#[derive(Default)]
pub(crate) struct Jobs {
    list: List,
    /// Whether a rescan is to begin as soon as it is open.
    rescans: bool,
    asked: Question,
    told: &'static str,
}

/// One of them.
enum Job<'a> {
    Scan(&'a Status),
    Operation(&'a Operation),
    Payment(&'a HistoryRow),
    Draft(&'a Draft),
}

impl Jobs {
    /// The jobs, with a rescan that begins now.
    pub(crate) fn rescan() -> Self {
        Self { rescans: true, ..Self::default() }
    }

    fn begin(&mut self, book: &Book, out: &mut Outbox) {
        let Some(wallet) = &book.description else {
            return out.problem("the wallet's birthday is not read yet: ask again in a moment");
        };
        if self.asked.is_free() {
            let rescan = OperationCommand::Rescan { from: wallet.birthday };
            self.told = BEGUN;
            self.asked.put(out.ask(&book.wallet, Command::Operation(rescan)));
        }
    }

    fn end(&mut self, job: &Job<'_>, book: &Book, out: &mut Outbox) -> Step {
        let command = match job {
            Job::Scan(_) => {
                out.problem("new blocks are always looked at: close the wallet to end that");
                return Step::Stay;
            }
            Job::Payment(payment) => return row::act(payment, &Verb::Cancel.into(), out),
            Job::Operation(operation) => {
                self.told = ENDED;
                Command::Operation(OperationCommand::Cancel(operation.id))
            }
            Job::Draft(draft) => {
                self.told = DROPPED;
                Command::Drop(draft.id)
            }
        };
        if self.asked.is_free() {
            self.asked.put(out.ask(&book.wallet, command));
        }
        Step::Stay
    }
}

impl Screen for Jobs {
    fn title(&self) -> &'static str {
        "Jobs"
    }

    fn pages(&self) -> &'static [Page] {
        &[Page::Operation, Page::History, Page::Drafts, Page::Description, Page::Status]
    }

    fn verbs(&self) -> &'static [Verb] {
        &[Verb::Cancel, Verb::Bump, Verb::Rescan]
    }

    fn opened(&mut self, book: &Book, out: &mut Outbox) {
        if std::mem::take(&mut self.rescans) {
            self.begin(book, out);
        }
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        let jobs = of(book);
        let chosen = self.list.chosen(jobs.len()).and_then(|at| jobs.get(at));
        match (action, chosen) {
            (Action::Move(to), _) => self.list.step(*to, jobs.len()),
            (Action::Back, _) => return Step::Back,
            (Action::Verb(Verb::Rescan), _) => self.begin(book, out),
            (Action::Verb(Verb::Jobs), _) => {}
            (Action::Verb(Verb::Cancel), Some(job)) => return self.end(job, book, out),
            (Action::Enter, Some(Job::Draft(draft))) => {
                return Step::Open(Box::new(Handing::draft(draft.id)));
            }
            (_, Some(Job::Payment(payment))) => return row::act(payment, action, out),
            (Action::Verb(_), _) => return Step::Pass,
            _ => {}
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, _book: &Book, out: &mut Outbox) -> Step {
        if self.asked.replied(delivery, out).is_some() {
            out.done(self.told);
        }
        Step::Stay
    }

    fn draw(&self, book: &Book, canvas: &mut Canvas<'_>) {
        canvas.line(0, &[dim("What goes on by itself. x ends what can be ended.")]);
        let search = search(book);
        let room = canvas.height().saturating_sub(u16::try_from(search.len()).unwrap_or(u16::MAX));
        canvas.lines(room, &search);
        let jobs = of(book);
        if jobs.is_empty() {
            canvas.line(2, &[dim("Nothing is under way, and nothing waits.")]);
            return;
        }
        let width = canvas.width();
        let mut above = canvas.part(0, 0, width, room);
        self.list.draw(&mut above, 2, jobs.len(), |at| drawn(&jobs[at], book));
    }
}

/// What the last search for old payments looked for, and what it found by now.
fn search(book: &Book) -> Vec<Vec<Piece>> {
    let Some(wallet) = &book.description else { return Vec::new() };
    let first = match wallet.search.end {
        None => vec![pending("search"), text("goes on: there may be more than is shown by now")],
        Some(end) => {
            let height = format::grouped(end.tip.height.to_u32().into());
            let ended = format!("ended at block {height}, {}", format::local_time(end.at));
            vec![("+ search     ".to_owned(), Role::Received), text(ended)]
        }
    };
    let mut accounts: Vec<_> = wallet.search.accounts.iter().collect();
    accounts.sort_by_key(|account| account.receive.payments + account.change.payments == 0);
    let left = accounts.len().saturating_sub(ACCOUNTS);
    let rows = accounts.into_iter().take(ACCOUNTS).map(|account| searched(account, wallet, book));
    let mut lines: Vec<_> = [vec![], first].into_iter().chain(rows).collect();
    if left > 0 {
        let told =
            format!("  and {}: billfold describe", format::count(left as u64, "more account"));
        lines.push(vec![dim(told)]);
    }
    lines
}

fn searched(search: &AccountSearch, wallet: &WalletDescription, book: &Book) -> Vec<Piece> {
    let account = wallet.accounts.iter().find(|account| account.id == search.account);
    let name = account.map_or("", |account| account.name.as_str());
    let addresses = search.receive.searched + search.change.searched;
    let payments = search.receive.payments + search.change.payments;
    let received = search.receive.received + search.change.received;
    let found = match payments {
        0 => dim("nothing"),
        _ => text(format!(
            "{}, {}",
            format::count(payments.into(), "payment"),
            book.look.amount(received)
        )),
    };
    let looked =
        format!("{} from {}  ", format::count(addresses.into(), "script"), since(search.start));
    vec![text(format!("  {name:<12} ")), dim(looked), found]
}

/// Since when something is looked for.
fn since(birthday: Birthday) -> String {
    match birthday {
        Birthday::Height(height) => format!("block {}", format::grouped(height.to_u32().into())),
        Birthday::Time(time) => format::local_day(time),
    }
}

/// All of them, what the person waits for first.
fn of(book: &Book) -> Vec<Job<'_>> {
    let operation = book.operation.as_deref().map(Job::Operation);
    let scan = book.status.as_deref().filter(|status| !status.synced).map(Job::Scan);
    let payments = book.history.iter().flatten().filter(|row| waits(row)).map(Job::Payment);
    let drafts = book.drafts.iter().flatten().map(Job::Draft);
    operation.into_iter().chain(scan).chain(payments).chain(drafts).collect()
}

/// Whether it is a payment of ours that no block holds.
fn waits(row: &HistoryRow) -> bool {
    use PaymentState::{Announced, Pending, Signed};
    row.net.is_negative() && matches!(row.state, Signed | Announced | Pending)
}

fn drawn(job: &Job<'_>, book: &Book) -> Vec<Piece> {
    match job {
        Job::Operation(operation) => rescan(operation),
        Job::Scan(status) => vec![pending("scan"), text(progress::line(status))],
        Job::Payment(payment) => row::of(payment, book),
        Job::Draft(draft) => {
            let paid = draft.outputs.iter().map(|(_, amount)| *amount).sum();
            let what = draft.note.clone().unwrap_or_default();
            let paid = format!("{:>22}  ", book.look.amount(paid));
            vec![pending("draft"), text(paid), dim("waits for a signature  "), text(what)]
        }
    }
}

fn pending(word: &str) -> Piece {
    (format!("~ {word:<10}"), Role::Pending)
}

fn rescan(operation: &Operation) -> Vec<Piece> {
    let Task::Rescan { from } = operation.task else {
        return vec![pending("sign"), dim("a signer is asked")];
    };
    let far = operation.reach.map_or_else(String::new, |reach| {
        let blocks = format::count(reach.left().into(), "block");
        format!("{:.0} %, {blocks} left", (reach.part() * 100.0).floor())
    });
    vec![pending("rescan"), text(format!("from {}  ", since(from))), text(far)]
}

/// Accounts of a search that are told.
const ACCOUNTS: usize = 6;

const BEGUN: &str =
    "Payments since the birthday are looked for again; the wallet can be used meanwhile.";

const ENDED: &str =
    "The rescan is waited for no more. What it has begun ends quietly, and what it finds is kept.";

const DROPPED: &str = "The draft is dropped: its coins are free.";
