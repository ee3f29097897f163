//! Owns the floors between crates: a crate depends on crates of lower floors only, and the graph
//! holds one `bitcoin`, one `secp256k1`, one `miniscript`, one SQLite.

use toml::{Table, Value};

use super::Finding;

/// Dependencies that point up or sideways. `manifests` holds paths with texts.
///
/// # Errors
/// The reason, if a manifest is not TOML.
pub fn upward_dependencies(manifests: &[(String, String)]) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    for (path, text) in manifests {
        let manifest: Table = text.parse().map_err(|error| format!("{path}: {error}"))?;
        let Some(name) = package_name(&manifest) else { continue };
        let Some(own) = floor(name) else {
            findings.push(Finding::new(
                path,
                1,
                format!("{name}: give it a floor in the tidy test"),
            ));
            continue;
        };
        for kind in ["dependencies", "build-dependencies", "dev-dependencies"] {
            let Some(Value::Table(dependencies)) = manifest.get(kind) else { continue };
            for dependency in dependencies.keys() {
                let Some(other) = floor(dependency) else { continue };
                if other >= own && !ALLOWED.contains(&(name, dependency, kind)) {
                    let message = format!("{name} may not know {dependency}: only lower floors");
                    findings.push(Finding::new(path, line_of(text, dependency), message));
                }
            }
        }
    }
    Ok(findings)
}

/// Packages of which `Cargo.lock` may hold one version, but holds more or none.
///
/// # Errors
/// The reason, if the lock file is not TOML.
pub fn repeated_packages(lock: &str) -> Result<Vec<Finding>, String> {
    let lock: Table = lock.parse().map_err(|error| format!("Cargo.lock: {error}"))?;
    let packages = lock.get("package").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut findings = Vec::new();
    for single in SINGLE {
        let named = |package: &&Value| package.get("name").and_then(Value::as_str) == Some(single);
        let count = packages.iter().filter(named).count();
        if count != 1 {
            let message = format!("{count} versions of {single}: there must be one");
            findings.push(Finding::new("Cargo.lock", 1, message));
        }
    }
    Ok(findings)
}

fn package_name(manifest: &Table) -> Option<&str> {
    manifest.get("package")?.get("name")?.as_str()
}

fn floor(package: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == package).map(|(_, floor)| *floor)
}

fn line_of(text: &str, dependency: &str) -> usize {
    let line = text.lines().position(|line| line.starts_with(dependency));
    line.map_or(1, |line| line + 1)
}

/// Each package's floor, as ARCHITECTURE.md draws them.
const FLOORS: [(&str, u8); 14] = [
    ("billfold-light-client", 1),
    ("billfold-signer-core", 1),
    ("billfold-signer-host", 1),
    ("billfold-signer", 1),
    ("billfold-devnet", 1),
    ("billfold-wallet-core", 2),
    ("billfold-rpc", 3),
    ("billfold-tui", 3),
    ("billfold", 4),
    ("billfold-tests", 5),
    ("billfold-tests-async-hwi", 5),
    ("billfold-tests-rpc-clients", 5),
    ("billfold-fuzz", 5),
    ("billfold-signer-no-std", 5),
];

/// The signer's three packages are one room; the program's own tests use the harness.
const ALLOWED: [(&str, &str, &str); 4] = [
    ("billfold-signer-host", "billfold-signer-core", "dependencies"),
    ("billfold-signer", "billfold-signer-core", "dependencies"),
    ("billfold-signer", "billfold-signer-host", "dev-dependencies"),
    ("billfold", "billfold-tests", "dev-dependencies"),
];

const SINGLE: [&str; 4] = ["bitcoin", "secp256k1", "miniscript", "libsqlite3-sys"];

#[cfg(test)]
mod tests {
    use super::*;

    fn depends(package: &str, kind: &str, dependency: &str) -> Vec<Finding> {
        let text = format!("[package]\nname = \"{package}\"\n[{kind}]\n{dependency} = \"1\"\n");
        upward_dependencies(&[("a/Cargo.toml".to_owned(), text)]).unwrap()
    }

    #[test]
    fn dependencies_point_down() {
        for (package, dependency) in [
            ("billfold-light-client", "billfold-wallet-core"),
            ("billfold-light-client", "billfold-devnet"),
            ("billfold-rpc", "billfold-tui"),
            ("billfold-wallet-core", "billfold"),
            ("billfold-wallet-core", "billfold-tests"),
        ] {
            for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
                let findings = depends(package, kind, dependency);
                assert_eq!(findings.len(), 1, "{package} {kind} {dependency}");
                assert_eq!(findings[0].line, 4);
            }
        }
        assert_eq!(depends("billfold", "dependencies", "billfold-tests").len(), 1);
        assert_eq!(depends("billfold", "dev-dependencies", "billfold-tests"), []);
        assert_eq!(depends("billfold-wallet-core", "dependencies", "billfold-light-client"), []);
        assert_eq!(depends("billfold-attic", "dependencies", "serde").len(), 1);
    }

    #[test]
    fn a_second_bitcoin_is_refused() {
        let package = |name: &str| format!("[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\n");
        let one: String = SINGLE.map(package).concat();
        assert_eq!(repeated_packages(&one).unwrap(), []);
        assert_eq!(repeated_packages(&(one + &package("bitcoin"))).unwrap().len(), 1);
    }
}
