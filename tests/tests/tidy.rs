//! Owns the house rules as tests: each reads the repository's files and names file and line.
//!
//! The rules themselves, and samples that they must refuse, are in `tests/src/tidy/`.

use std::sync::LazyLock;

use billfold_tests::tidy::repository::Repository;
use billfold_tests::tidy::{
    Finding, belongings, constructs, corpora, length, licences, manifests, names, order, prose,
    purity, report,
};

/// Files above 400 lines, without their tests. This list may only shrink.
const LONG_FILES: &[(&str, usize)] = &[];

/// Functions above 60 lines. This list may only shrink.
const LONG_FUNCTIONS: &[(&str, usize)] = &[];

fn repository() -> &'static Repository {
    static REPOSITORY: LazyLock<Repository> =
        LazyLock::new(|| Repository::read().expect("the repository is made of readable Rust"));
    &REPOSITORY
}

#[track_caller]
fn assert_none(findings: &[Finding]) {
    assert!(findings.is_empty(), "{}", report(findings));
}

#[test]
fn files_are_short() {
    assert_none(&length::long_files(&repository().sources, LONG_FILES));
}

#[test]
fn functions_are_short() {
    assert_none(&length::long_functions(&repository().sources, LONG_FUNCTIONS));
}

#[test]
fn every_file_opens_with_what_it_owns() {
    assert_none(&constructs::headless_files(&repository().sources));
}

#[test]
fn names_are_nouns_of_the_field() {
    assert_none(&names::bad_names(&repository().sources));
}

#[test]
fn code_is_finished_and_returns_its_errors() {
    assert_none(&constructs::bad_constructs(&repository().sources));
}

#[test]
fn imports_name_what_they_take() {
    assert_none(&constructs::glob_imports(&repository().sources));
}

#[test]
fn modules_use_only_those_before_them() {
    assert_none(&order::misplaced_uses(&repository().sources));
}

#[test]
fn every_file_belongs_to_a_module_list() {
    assert_none(&order::unlisted_files(&repository().sources));
}

#[test]
fn the_chain_client_and_the_device_do_no_io() {
    assert_none(&purity::impure_uses(&repository().sources));
}

#[test]
fn only_the_store_speaks_sql() {
    assert_none(&purity::stray_sql(&repository().sources));
}

#[test]
fn the_runtime_stays_at_the_edges() {
    assert_none(&purity::stray_tokio(&repository().sources));
}

#[test]
fn keys_stay_with_their_guards() {
    assert_none(&purity::stray_keys(&repository().sources));
}

#[test]
fn crates_depend_downwards() {
    let manifests: Vec<_> = repository()
        .texts
        .iter()
        .filter(|(path, _)| path == "Cargo.toml" || path.ends_with("/Cargo.toml"))
        .cloned()
        .collect();
    assert!(manifests.len() >= 9, "the walk lost crates: {manifests:?}");
    assert_none(&manifests::upward_dependencies(&manifests).unwrap());
}

#[test]
fn there_is_one_of_each_library_that_holds_money() {
    let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock");
    let lock = std::fs::read_to_string(lock).unwrap();
    assert_none(&manifests::repeated_packages(&lock).unwrap());
}

#[test]
fn licences_are_those_that_deny_toml_allows() {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--offline"])
        .arg("--filter-platform=x86_64-unknown-linux-gnu")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata = String::from_utf8(output.stdout).unwrap();
    let deny = include_str!("../../deny.toml");
    assert_none(&licences::unallowed_licences(&metadata, deny).unwrap());
}

#[test]
fn every_test_that_the_page_names_is_there() {
    let page = "docs/testing.md";
    let text = repository().text(page).unwrap();
    assert_none(&prose::missing_tests(page, text, &repository().sources));
}

/// Who comes first reads these, and must need no more.
#[test]
fn the_readme_begins_with_the_two_commands_of_a_fresh_machine() {
    let readme = repository().text("README.md").unwrap();
    let (_, behind) = readme.split_once("```sh\n").unwrap();
    assert!(behind.starts_with("cargo run --release -- demo\ncargo test --workspace\n```\n"));
}

#[test]
fn links_of_pages_lead_somewhere() {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    assert_none(&prose::dead_links(root, &repository().texts));
}

#[test]
fn the_book_has_every_page() {
    let contents = repository().text(prose::CONTENTS).unwrap();
    assert_none(&prose::pages_outside_the_book(contents, &repository().texts));
}

#[test]
fn no_text_names_a_path_of_one_machine() {
    assert_none(&prose::machine_paths(&repository().texts));
}

#[test]
fn nothing_lies_around() {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let Some(files) = belongings::tracked(root).unwrap() else { return };
    assert_none(&belongings::strays(&files));
}

#[test]
fn every_fuzz_target_is_counted_and_described() {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let Some(files) = belongings::tracked(root).unwrap() else { return };
    let runs = std::fs::read_to_string(root.join("fuzz/runs")).unwrap();
    let readme = repository().text("fuzz/README.md").unwrap();
    assert_none(&corpora::untold_targets(&files, &runs, readme));
}
