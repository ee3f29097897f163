//! Owns a source file as tokens with lines: comments and doc comments are gone, strings are
//! literals, and each token knows whether it belongs to a test.
//!
//! Refuses to parse further than that: rules match short token sequences.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A Rust file of the repository.
#[derive(Debug, Clone)]
pub struct Source {
    /// The path from the repository's root, with `/`.
    pub path: String,
    /// The text as it is on disk.
    pub text: String,
    /// The tokens, in order, groups flattened.
    pub tokens: Vec<Token>,
}

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its text: a word, one sign, one bracket, or a literal with its quotes.
    pub text: String,
    /// Its line, from 1.
    pub line: usize,
    /// Whether it stands in an item under `#[cfg(test)]`, or in a file of tests.
    pub in_test: bool,
}

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A word: name or keyword.
    Word,
    /// One sign.
    Sign,
    /// A string, byte string, character or number.
    Literal,
    /// An opening bracket.
    Open,
    /// A closing bracket.
    Close,
}

impl Source {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// The reason, if the text is not made of Rust tokens.
    pub fn read(path: &str, text: &str) -> Result<Self, String> {
        let stream: TokenStream =
            text.parse().map_err(|error| format!("{path}: not Rust: {error}"))?;
        let mut tokens = Vec::new();
        flatten(stream, &mut tokens);
        let mut source = Self { path: path.to_owned(), text: text.to_owned(), tokens };
        source.mark_tests();
        Ok(source)
    }

    /// Whether the whole file is a test, a bench, a fuzz target or part of the harness.
    #[must_use]
    pub fn is_yard(&self) -> bool {
        let folders = ["tests", "fuzz", "benches"];
        let files = ["/tests.rs", "/fuzz.rs"];
        self.path.split('/').any(|part| folders.contains(&part))
            || files.iter().any(|file| self.path.ends_with(file))
    }

    /// The lines that belong to items under `#[cfg(test)]`.
    #[must_use]
    pub fn test_lines(&self) -> usize {
        self.test_items().iter().map(|&(from, to)| self.line(to) - self.line(from) + 1).sum()
    }

    /// Whether the tokens from `at` on have these texts.
    #[must_use]
    pub fn matches(&self, at: usize, texts: &[&str]) -> bool {
        self.tokens.len() >= at + texts.len()
            && texts.iter().zip(&self.tokens[at..]).all(|(text, token)| *text == token.text)
    }

    /// The index of the bracket that closes the one at `open`.
    #[must_use]
    pub fn close_of(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        for (index, token) in self.tokens.iter().enumerate().skip(open) {
            match token.kind {
                Kind::Open => depth += 1,
                Kind::Close if depth == 1 => return index,
                Kind::Close => depth -= 1,
                Kind::Word | Kind::Sign | Kind::Literal => {}
            }
        }
        self.tokens.len().saturating_sub(1)
    }

    /// The index of the token that ends the item which begins at `from`: `;` or the closing `}`.
    #[must_use]
    pub fn end_of_item(&self, from: usize) -> usize {
        let mut at = from;
        while let Some(token) = self.tokens.get(at) {
            match (token.kind, token.text.as_str()) {
                (Kind::Sign, ";") => return at,
                (Kind::Open, "{") => return self.close_of(at),
                (Kind::Open, _) => at = self.close_of(at) + 1,
                _ => at += 1,
            }
        }
        self.tokens.len().saturating_sub(1)
    }

    fn line(&self, at: usize) -> usize {
        self.tokens[at].line
    }

    fn mark_tests(&mut self) {
        let whole = self.is_yard();
        for (from, to) in self.test_items() {
            for token in &mut self.tokens[from..=to] {
                token.in_test = true;
            }
        }
        for token in &mut self.tokens {
            token.in_test |= whole;
        }
    }

    fn test_items(&self) -> Vec<(usize, usize)> {
        let mut items = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            if self.matches(at, &TEST_ATTRIBUTE) {
                let end = self.end_of_item(at + TEST_ATTRIBUTE.len());
                items.push((at, end));
                at = end;
            }
            at += 1;
        }
        items
    }
}

fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    let mut at = 0;
    while let Some(tree) = trees.get(at) {
        if let Some(length) = doc_attribute(&trees[at..]) {
            at += length;
            continue;
        }
        let line = tree.span().start().line;
        let mut push = |kind, text: String, line| {
            tokens.push(Token { kind, text, line, in_test: false });
        };
        match tree {
            TokenTree::Ident(word) => push(Kind::Word, word.to_string(), line),
            TokenTree::Punct(sign) => push(Kind::Sign, sign.as_char().to_string(), line),
            TokenTree::Literal(literal) => push(Kind::Literal, literal.to_string(), line),
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                push(Kind::Open, open.to_owned(), line);
                flatten(group.stream(), tokens);
                let end = group.span_close().end().line;
                tokens.push(Token {
                    kind: Kind::Close,
                    text: close.to_owned(),
                    line: end,
                    in_test: false,
                });
            }
        }
        at += 1;
    }
}

/// How many trees a doc comment takes, which the lexer gives as `#[doc = "…"]` or `#![doc = "…"]`.
fn doc_attribute(trees: &[TokenTree]) -> Option<usize> {
    let sign = |at: usize, wanted: char| matches!(trees.get(at), Some(TokenTree::Punct(p)) if p.as_char() == wanted);
    if !sign(0, '#') {
        return None;
    }
    let at = if sign(1, '!') { 2 } else { 1 };
    let Some(TokenTree::Group(group)) = trees.get(at) else { return None };
    let first = group.stream().into_iter().next();
    matches!(first, Some(TokenTree::Ident(word)) if word == "doc").then_some(at + 1)
}

const TEST_ATTRIBUTE: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_docs_are_not_tokens() {
        let text = "//! unsafe\n/// panic!()\nfn a() {} // todo!()\n/* dbg! */\n";
        let source = Source::read("x.rs", text).unwrap();
        let words: Vec<_> = source.tokens.iter().map(|t| t.text.as_str()).collect();
        assert_eq!(words, ["fn", "a", "(", ")", "{", "}"]);
        assert_eq!(source.tokens[0].line, 3);
    }

    #[test]
    fn strings_are_one_literal() {
        let source = Source::read("x.rs", "const A: &str = r#\"x.unwrap() \"}\"#;").unwrap();
        assert_eq!(source.tokens.iter().filter(|t| t.kind == Kind::Literal).count(), 1);
        assert!(source.tokens.iter().all(|t| t.text != "unwrap"));
    }

    #[test]
    fn test_items_are_marked_and_counted() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n";
        let source = Source::read("x.rs", text).unwrap();
        let tested: Vec<_> =
            source.tokens.iter().filter(|t| t.in_test && t.kind == Kind::Word).collect();
        assert_eq!(
            tested.iter().map(|t| t.text.as_str()).collect::<Vec<_>>(),
            ["cfg", "test", "mod", "tests", "fn", "b"]
        );
        assert_eq!(source.test_lines(), 4);
    }

    #[test]
    fn whole_files_of_tests_are_known_by_their_path() {
        for path in ["a/src/b/tests.rs", "tests/src/node.rs", "fuzz/src/x.rs", "a/benches/b.rs"] {
            assert!(Source::read(path, "fn a() {}").unwrap().tokens[0].in_test, "{path}");
        }
        assert!(!Source::read("a/src/attests.rs", "fn a() {}").unwrap().tokens[0].in_test);
    }
}
