//! Owns which licences the dependencies may have: those that `deny.toml` allows.
//!
//! Stands in for the licence part of `cargo deny`, which takes minutes to build.

use serde_json::Value;
use toml::Table;

use super::Finding;

/// Packages under a licence that is not allowed. `metadata` is the output of `cargo metadata`.
///
/// # Errors
/// The reason, if one of the two texts can't be read.
pub fn unallowed_licences(metadata: &str, deny: &str) -> Result<Vec<Finding>, String> {
    let metadata: Value =
        serde_json::from_str(metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    let deny: Table = deny.parse().map_err(|error| format!("deny.toml: {error}"))?;
    let allowed = deny.get("licenses").and_then(|table| table.get("allow"));
    let allowed = allowed.and_then(toml::Value::as_array).ok_or("deny.toml: no licenses.allow")?;
    let allowed: Vec<&str> = allowed.iter().filter_map(toml::Value::as_str).collect();
    let packages = metadata["packages"].as_array().ok_or("cargo metadata: no packages")?;
    let refused = packages.iter().filter(|package| {
        !package["license"].as_str().is_some_and(|licence| is_allowed(licence, &allowed))
    });
    let findings = refused.map(|package| {
        let (name, licence) = (&package["name"], &package["license"]);
        Finding::new("Cargo.lock", 1, format!("{name} is under {licence}: not in deny.toml"))
    });
    Ok(findings.collect())
}

/// Whether an SPDX expression without nested brackets can be satisfied: every part of an `AND`,
/// one part of an `OR` (or of the old `/`).
fn is_allowed(expression: &str, allowed: &[&str]) -> bool {
    expression.replace('/', " OR ").split(" AND ").all(|part| {
        let part = part.trim().trim_start_matches('(').trim_end_matches(')');
        part.split(" OR ").any(|licence| allowed.contains(&licence.trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(licence: &str) -> usize {
        let metadata = format!(r#"{{"packages":[{{"name":"x","license":{licence}}}]}}"#);
        let deny = "[licenses]\nallow = [\"MIT\", \"Zlib\"]";
        unallowed_licences(&metadata, deny).unwrap().len()
    }

    #[test]
    fn only_allowed_licences_pass() {
        for fine in ["MIT", "MIT OR GPL-3.0", "GPL-3.0/MIT", "(MIT OR GPL-3.0) AND Zlib"] {
            assert_eq!(findings(&format!("\"{fine}\"")), 0, "{fine}");
        }
        for bad in ["\"GPL-3.0\"", "\"MIT AND GPL-3.0\"", "\"(MIT OR Zlib) AND GPL-3.0\"", "null"] {
            assert_eq!(findings(bad), 1, "{bad}");
        }
    }
}
