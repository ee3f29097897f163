//! Owns the reading of a page: its `console` blocks and its hidden orders, in their order.
//!
//! Refuses an order that it does not know, so that a slip of the pen never passes as prose.

use anyhow::{Context, Result, bail, ensure};

/// What a page asks for, from its first line to its last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// In the order of the page.
    pub steps: Vec<Step>,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where the page asks for it, counted from 1.
    pub line: usize,
    /// What it is.
    pub act: Act,
}

/// What can be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// A command is typed.
    Type(Typed),
    /// The node mines this many blocks.
    Mine(u32),
    /// The node's purse pays; with `confirmed`, in a block.
    Pay {
        /// Satoshi.
        amount: u64,
        /// Whom; may hold names of what was printed.
        to: String,
        /// Whether the payment is mined.
        confirmed: bool,
    },
    /// A file is there.
    File {
        /// Its name, in the directory where the commands run.
        name: String,
        /// What it holds; may hold names of what was printed.
        text: String,
    },
    /// A signer is there, which agrees to everything.
    Signer,
    /// A proxy is there, which knows the way to the node, also as an onion service.
    Proxy,
    /// A daemon is there, which follows the node; payments and blocks from here on wait until it has
    /// seen them.
    Daemon,
    /// What a name stands for now, it also stands for later under another one.
    Keep {
        /// Its name, with `$`; or `.` and the name of a field of what was said last, as JSON.
        value: String,
        /// The new name, without.
        name: String,
    },
}

/// A command with what it shall say and how it shall end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Typed {
    /// For a shell.
    pub command: String,
    /// What it says, on both streams.
    pub output: Vec<String>,
    /// Its exit code.
    pub code: i32,
}

impl Page {
    /// Reads a page.
    ///
    /// # Errors
    /// The line that is not understood.
    pub fn parse(text: &str) -> Result<Self> {
        let mut steps = Vec::new();
        let mut lines = (1..).zip(text.lines());
        while let Some((line, content)) = lines.next() {
            if content.trim() == CONSOLE {
                read_console(&mut lines, &mut steps).with_context(|| format!("line {line}"))?;
            } else if content.trim().starts_with(FENCE) {
                // Another block: nothing in it is run.
                lines
                    .by_ref()
                    .map(|(_, content)| content)
                    .take_while(|c| c.trim() != FENCE)
                    .count();
            } else if let Some(start) = content.trim().strip_prefix("<!--") {
                let order = read_comment(start, &mut lines);
                let act = order.and_then(|order| read_order(&order));
                steps.push(Step { line, act: act.with_context(|| format!("line {line}"))? });
            }
        }
        Ok(Self { steps })
    }
}

fn read_console<'a>(
    lines: &mut impl Iterator<Item = (usize, &'a str)>,
    steps: &mut Vec<Step>,
) -> Result<()> {
    let first = steps.len();
    loop {
        let (line, content) = lines.next().context("the block does not end")?;
        if content.trim() == FENCE {
            return Ok(());
        }
        if let Some(command) = content.strip_prefix(PROMPT) {
            let mut typed = Typed { command: command.to_owned(), ..Typed::default() };
            while typed.command.ends_with('\\') {
                let (_, more) = lines.next().context("the command does not end")?;
                typed.command.push('\n');
                typed.command.push_str(more);
            }
            steps.push(Step { line, act: Act::Type(typed) });
            continue;
        }
        let Some(Step { act: Act::Type(typed), .. }) = steps[first..].last_mut() else {
            bail!("a console block begins with \"{PROMPT}\" and a command");
        };
        match content.strip_prefix("(exit code ").and_then(|rest| rest.strip_suffix(')')) {
            Some(code) => typed.code = code.parse().context("not an exit code")?,
            None => typed.output.push(content.to_owned()),
        }
    }
}

/// The text of a comment, which may take several lines.
fn read_comment<'a>(
    start: &str,
    lines: &mut impl Iterator<Item = (usize, &'a str)>,
) -> Result<String> {
    let mut text = start.to_owned();
    while !text.trim_end().ends_with("-->") {
        let (_, more) = lines.next().context("the comment does not end")?;
        text.push('\n');
        text.push_str(more);
    }
    let text = text.trim_end().trim_end_matches("-->");
    Ok(text.trim_matches(' ').to_owned())
}

fn read_order(order: &str) -> Result<Act> {
    let (head, text) = order.split_once('\n').unwrap_or((order, ""));
    let words: Vec<_> = head.split_whitespace().collect();
    let act = match *words.as_slice() {
        ["signer"] => Act::Signer,
        ["proxy"] => Act::Proxy,
        ["daemon"] => Act::Daemon,
        ["mine", count] => Act::Mine(count.parse()?),
        [verb @ ("fund" | "send"), amount] => pay(verb, amount, "$address")?,
        [verb @ ("fund" | "send"), amount, "to", to] => pay(verb, amount, to)?,
        ["keep", value, "as", name] => Act::Keep { value: value.to_owned(), name: name.to_owned() },
        ["file", name] => return Ok(Act::File { name: name.to_owned(), text: text.to_owned() }),
        _ => bail!("\"{head}\" is no order: mine, fund, send, signer, proxy, daemon, keep or file"),
    };
    ensure!(text.is_empty(), "the order is more than a line");
    Ok(act)
}

fn pay(verb: &str, amount: &str, to: &str) -> Result<Act> {
    Ok(Act::Pay { amount: amount.parse()?, to: to.to_owned(), confirmed: verb == "fund" })
}

const FENCE: &str = "```";
const CONSOLE: &str = "```console";
const PROMPT: &str = "$ ";

#[cfg(test)]
mod tests {
    use super::*;

    fn acts(text: &str) -> Vec<Act> {
        Page::parse(text).unwrap().steps.into_iter().map(|step| step.act).collect()
    }

    #[test]
    fn a_page_is_read_in_its_order() {
        let text = "# Title\n\n<!-- mine 3 -->\nProse with `code`.\n\n```console\n$ one \\\n  two\n\
                    said\n$ three\n(exit code 4)\n```\n\n<!-- file words.txt\nabandon\nabout\n-->\n\
                    ```json\n{}\n```\n<!-- send 25 to $rent -->\n<!-- fund 7 -->\n\
                    <!-- keep $address as rent -->\n";
        let typed = |command: &str, output: &[&str], code| {
            let output = output.iter().map(|line| (*line).to_owned()).collect();
            Act::Type(Typed { command: command.to_owned(), output, code })
        };
        let pay = |amount, to: &str, confirmed| Act::Pay { amount, to: to.to_owned(), confirmed };
        assert_eq!(
            acts(text),
            [
                Act::Mine(3),
                typed("one \\\n  two", &["said"], 0),
                typed("three", &[], 4),
                Act::File { name: "words.txt".to_owned(), text: "abandon\nabout\n".to_owned() },
                pay(25, "$rent", false),
                pay(7, "$address", true),
                Act::Keep { value: "$address".to_owned(), name: "rent".to_owned() },
            ]
        );
    }

    #[test]
    fn what_can_t_be_run_is_refused_with_its_line() {
        for text in [
            "a\n<!-- mien 3 -->",
            "a\n<!-- mine x -->",
            "a\n<!-- mine 3",
            "a\n```console\nsaid\n```",
            "a\n```console\n$ one",
            "a\n```console\n$ one\n(exit code x)\n```",
        ] {
            let refused = Page::parse(text).unwrap_err();
            assert_eq!(refused.to_string(), "line 2", "{text}: {refused:#}");
        }
    }
}
