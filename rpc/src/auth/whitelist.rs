//! Owns `rpcwhitelist` and `rpcwhitelistdefault`: which user may call which methods, as Bitcoin
//! Core understands these options.
//!
//! Refuses to know the methods: a name that is none allows nothing.

use std::collections::{BTreeMap, BTreeSet};

/// What users may call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Whitelists {
    lists: BTreeMap<String, BTreeSet<String>>,
    /// Whether users without a list may call nothing.
    closed: bool,
}

impl Whitelists {
    /// Reads `USER:METHOD,METHOD…` lines; two for one user allow what is in both. `default` is
    /// whether a user without a list may call nothing; left out, that is so if there is any list.
    #[must_use]
    pub fn new<'a>(lines: impl IntoIterator<Item = &'a str>, default: Option<bool>) -> Self {
        let mut lists: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for line in lines {
            let (user, methods) = match line.split_once(':') {
                Some((user, methods)) => (user, Some(methods)),
                None => (line, None),
            };
            let before = lists.get(user).cloned();
            let list = lists.entry(user.to_owned()).or_default();
            let Some(methods) = methods else { continue };
            let named = methods.split([',', ' ']).map(str::to_owned).collect::<BTreeSet<_>>();
            *list = match before {
                Some(before) => before.intersection(&named).cloned().collect(),
                None => named,
            };
        }
        let closed = default.unwrap_or(!lists.is_empty());
        Self { lists, closed }
    }

    /// Whether a user may call anything at all.
    #[must_use]
    pub fn admits(&self, user: &str) -> bool {
        self.is_bounded(user) || !self.closed
    }

    /// Whether a user has a list.
    #[must_use]
    pub fn is_bounded(&self, user: &str) -> bool {
        self.lists.contains_key(user)
    }

    /// Whether a user may call a method.
    #[must_use]
    pub fn allows(&self, user: &str, method: &str) -> bool {
        self.lists.get(user).map_or(!self.closed, |list| list.contains(method))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_bounded_without_a_list() {
        let lists = Whitelists::new([], None);
        assert!(lists.admits("a") && lists.allows("a", "stop"));
    }

    #[test]
    fn a_list_allows_what_is_in_it_and_closes_the_door_for_others() {
        let lists = Whitelists::new(["a:getbalance,getblockcount, help"], None);
        assert!(lists.allows("a", "getbalance") && lists.allows("a", "help"));
        assert!(!lists.allows("a", "stop"));
        assert!(!lists.admits("b") && !lists.allows("b", "getbalance"));
        let lists = Whitelists::new(["a:getbalance"], Some(false));
        assert!(lists.admits("b") && lists.allows("b", "stop"));
        assert!(!lists.allows("a", "stop"));
    }

    #[test]
    fn two_lists_allow_what_is_in_both_and_a_bare_name_nothing() {
        let lists = Whitelists::new(["a:x,y", "a:y,z", "b"], None);
        assert!(lists.allows("a", "y") && !lists.allows("a", "x") && !lists.allows("a", "z"));
        assert!(lists.admits("b") && !lists.allows("b", "y"));
    }
}
