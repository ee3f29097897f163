//! Owns who agrees to a PSBT or a sweep: a person at the terminal, or whoever wrote `--yes`.
//!
//! Refuses silence as a yes.

use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::terminal::Terminal;

/// Who agrees.
pub(in crate::commands) enum Agreement {
    /// Whoever wrote `--yes`.
    Waived,
    /// The person at the terminal.
    Person(Terminal),
}

impl Agreement {
    /// Finds out who agrees, before anything is done.
    ///
    /// # Errors
    /// `refused`, if there is nobody.
    pub(in crate::commands) fn choose(yes: bool, plain: bool) -> Result<Self, Failure> {
        if yes {
            return Ok(Self::Waived);
        }
        Terminal::open(plain, "").map(Self::Person).map_err(|_| {
            let message = "nobody can agree to this, because there is no terminal: agree \
                           beforehand with --yes";
            Failure::new(Kind::Refused, message)
        })
    }

    /// Shows what is agreed to, and asks.
    ///
    /// # Errors
    /// `refused`, if the person does not agree; `interrupted`.
    pub(in crate::commands) async fn reached(
        self,
        shown: &str,
        question: &str,
        context: &mut Context,
    ) -> Result<(), Failure> {
        match self {
            Self::Waived => {
                context.output.say(shown);
                Ok(())
            }
            Self::Person(terminal) => {
                context.output.pause();
                terminal.show(shown)?;
                let answer = terminal.ask(question, &mut context.interrupt).await?;
                if matches!(answer.as_str(), "y" | "Y" | "yes") {
                    return Ok(());
                }
                Err(Failure::new(Kind::Refused, "not agreed: nothing was signed or sent"))
            }
        }
    }
}
