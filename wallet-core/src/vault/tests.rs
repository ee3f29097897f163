//! The header file as its owner, its thief and its disk see it.

use super::*;

const NOW: WallTime = WallTime::new(1_800_000_000);

fn password(text: &str) -> Password {
    Password::new(text).expect("not empty")
}

/// A directory with a header file under the password `right`.
fn vault() -> (tempfile::TempDir, PathBuf, Keys) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("main.key");
    let keys = create(&path, &password("right"), KdfCost::for_tests()).expect("a new vault");
    (dir, path, keys)
}

/// Opens a header as somebody does who waits as long as he must.
fn open(path: &Path, password: &Password) -> Result<Keys, VaultError> {
    Tries::of(path).forget();
    super::open(path, password, NOW)
}

/// Whether both pairs of keys are the same ones.
fn same(a: &Keys, b: &Keys) -> bool {
    a.file.as_bytes() == b.file.as_bytes() && **a.seed.0 == **b.seed.0
}

/// Changes bytes of a header file and repairs its checksum, as someone with bad intent would.
fn forge(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).expect("the header");
    bytes.truncate(bytes.len() - 4);
    change(&mut bytes);
    let checksum = crc32c::crc32c(&bytes);
    bytes.extend(checksum.to_le_bytes());
    fs::write(path, bytes).expect("a writable file");
}

#[test]
fn the_password_opens_what_it_created() {
    let (_dir, path, keys) = vault();
    let opened = open(&path, &password("right")).expect("the right password");
    assert!(same(&keys, &opened));
    assert_ne!(keys.file.as_bytes(), &**keys.seed.0, "two keys, not one");
    let (_dir, _path, others) = vault();
    assert!(!same(&keys, &others), "every wallet has its own keys");
}

#[test]
fn a_wrong_password_is_told_from_a_damaged_file() {
    let (_dir, path, _keys) = vault();
    let wrong = open(&path, &password("wrong")).expect_err("a wrong password");
    assert!(matches!(wrong, VaultError::WrongPassword), "{wrong}");
    let whole = fs::read(&path).expect("the header");
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&path, bytes).expect("a writable file");
        let error = open(&path, &password("right")).expect_err("a flipped bit");
        assert!(matches!(error, VaultError::Damaged { .. }), "byte {at}: {error}");
    }
    for len in 0..whole.len() {
        fs::write(&path, &whole[..len]).expect("a writable file");
        let error = open(&path, &password("right")).expect_err("a cut file");
        assert!(matches!(error, VaultError::Damaged { .. }), "{len} bytes: {error}");
    }
    fs::write(&path, vec![0; 1 << 20]).expect("a writable file");
    let error = open(&path, &password("right")).expect_err("a long file");
    assert!(matches!(error, VaultError::Damaged { .. }), "{error}");
}

#[test]
fn every_byte_is_authenticated_even_under_a_good_checksum() {
    let (_dir, path, _keys) = vault();
    let whole = fs::read(&path).expect("the header");
    // Magic, version and cost are judged by their values; the cost is tried below.
    for at in 18..whole.len() - 4 {
        forge(&path, |bytes| bytes[at] ^= 1);
        let error = open(&path, &password("right")).expect_err("a forged header");
        assert!(matches!(error, VaultError::WrongPassword), "byte {at}: {error}");
        fs::write(&path, &whole).expect("a writable file");
    }
    forge(&path, |bytes| bytes[14] += 1);
    let error = open(&path, &password("right")).expect_err("another cost");
    assert!(matches!(error, VaultError::WrongPassword), "{error}");
}

#[test]
fn keys_of_one_header_do_not_open_in_another() {
    let (_dir, path, _keys) = vault();
    let (_other_dir, other, _others) = vault();
    let theirs = fs::read(other).expect("the other header");
    forge(&path, |bytes| bytes[122..194].copy_from_slice(&theirs[122..194]));
    let error = open(&path, &password("right")).expect_err("a spliced header");
    assert!(matches!(error, VaultError::WrongPassword), "{error}");
}

#[test]
fn a_hostile_file_cannot_ask_for_the_machine() {
    let (_dir, path, _keys) = vault();
    for (at, value) in [(10, u32::MAX), (10, 0), (14, u32::MAX), (14, 0)] {
        let whole = fs::read(&path).expect("the header");
        forge(&path, |bytes| bytes[at..at + 4].copy_from_slice(&value.to_le_bytes()));
        let error = open(&path, &password("right")).expect_err("a cost out of bounds");
        assert!(matches!(error, VaultError::Damaged { .. }), "{error}");
        fs::write(&path, whole).expect("a writable file");
    }
}

#[test]
fn a_newer_version_is_named_as_such() {
    let (_dir, path, _keys) = vault();
    forge(&path, |bytes| {
        bytes[8] = 2;
        bytes.extend([7; 100]);
    });
    let error = open(&path, &password("right")).expect_err("a newer version");
    assert!(matches!(error, VaultError::Newer { .. }), "{error}");
}

#[test]
fn a_missing_file_is_not_made_and_an_existing_one_not_replaced() {
    let (dir, path, keys) = vault();
    let missing = dir.path().join("other.key");
    let error = open(&missing, &password("right")).expect_err("no file");
    assert!(matches!(error, VaultError::NoSuchFile { .. }), "{error}");
    assert!(!missing.exists());
    let error = create(&path, &password("new"), KdfCost::for_tests()).expect_err("a file");
    assert!(matches!(error, VaultError::Exists { .. }), "{error}");
    assert!(same(&keys, &open(&path, &password("right")).expect("untouched")));
}

#[test]
fn a_new_password_opens_the_same_keys_and_the_old_one_nothing() {
    let (dir, path, keys) = vault();
    let cost = KdfCost::for_tests();
    // What a crash in the middle of an earlier change left behind is no obstacle.
    fs::write(dir.path().join("main.key.new"), b"half").expect("a writable directory");
    change_password(&path, &keys, &password("new"), cost).expect("a change");
    assert!(same(&keys, &open(&path, &password("new")).expect("the new password")));
    let error = open(&path, &password("right")).expect_err("the old password");
    assert!(matches!(error, VaultError::WrongPassword), "{error}");
    let left: Vec<_> = fs::read_dir(dir.path()).expect("a directory").collect();
    assert_eq!(left.len(), 2, "nothing stays beside the header but the count of wrong passwords");
}

/// Who is told that nothing changed throws the new password away, which is the one that opens.
#[test]
fn a_change_that_the_disk_does_not_confirm_keeps_both_passwords() {
    let (dir, path, keys) = vault();
    let cost = KdfCost::for_tests();
    let full = || io::Error::from(io::ErrorKind::StorageFull);
    let error = change(&path, &keys, &password("new"), cost, |_| Err(full())).expect_err("no disk");
    assert!(matches!(error, VaultError::Unsettled { .. }), "{error}");
    assert!(same(&keys, &open(&path, &password("new")).expect("it has its name")));
    assert!(error.to_string().contains("keep both passwords"), "{error}");
    // Before the file has its name, nothing changed.
    fs::create_dir(dir.path().join("main.key.new")).expect("a writable directory");
    let error = change_password(&path, &keys, &password("newer"), cost).expect_err("in the way");
    assert!(matches!(error, VaultError::Io { .. }), "{error}");
    assert!(same(&keys, &open(&path, &password("new")).expect("as before")));
}

#[test]
fn guessing_is_slowed_down_and_damage_is_not_a_guess() {
    let (_dir, path, keys) = vault();
    let guess = |text| super::open(&path, &password(text), NOW);
    for _ in 0..3 {
        assert!(matches!(guess("wrong"), Err(VaultError::WrongPassword)));
    }
    // Not even the right one is tried now, or guessing would go on at full speed.
    let error = guess("right").expect_err("too soon");
    assert!(matches!(error, VaultError::TooSoon { wait } if wait.as_secs() == 1), "{error}");
    let later = NOW.after(Duration::from_secs(1));
    assert!(same(&keys, &super::open(&path, &password("right"), later).expect("waited")));
    let whole = fs::read(&path).expect("the header");
    for _ in 0..10 {
        fs::write(&path, &whole[1..]).expect("a writable file");
        assert!(matches!(guess("right"), Err(VaultError::Damaged { .. })));
    }
    fs::write(&path, &whole).expect("a writable file");
    assert!(same(&keys, &guess("right").expect("no try was counted")));
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_the_header() {
    use std::os::unix::fs::PermissionsExt;
    let (_dir, path, _keys) = vault();
    let mode = fs::metadata(path).expect("the header").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_sealed_seed_opens_only_under_its_key_and_context() {
    let (_dir, _path, keys) = vault();
    let sealed = keys.seed.seal(b"seed of main", b"secret").expect("entropy");
    assert!(!sealed.windows(6).any(|w| w == b"secret"));
    assert_eq!(*keys.seed.unseal(b"seed of main", &sealed).expect("the same"), b"secret");
    assert_eq!(keys.seed.unseal(b"seed of other", &sealed), Err(UnsealError));
    let (_dir, _path, others) = vault();
    assert_eq!(others.seed.unseal(b"seed of main", &sealed), Err(UnsealError));
    for at in 0..sealed.len() {
        let mut bytes = sealed.clone();
        bytes[at] ^= 1;
        assert_eq!(keys.seed.unseal(b"seed of main", &bytes), Err(UnsealError), "byte {at}");
    }
    assert_eq!(keys.seed.unseal(b"seed of main", &sealed[..10]), Err(UnsealError));
    assert_ne!(sealed, keys.seed.seal(b"seed of main", b"secret").expect("entropy"));
}

#[test]
fn debug_shows_no_key() {
    let (_dir, _path, keys) = vault();
    assert_eq!(format!("{keys:?}"), "Keys { file: FileKey(..), seed: SeedKey(..) }");
}

/// Bytes that version 1 wrote: they must open for ever.
#[test]
fn the_first_released_format_still_opens() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/vault/v1.key");
    let keys = open(&path, &password("correct horse battery staple")).expect("a v1 header");
    assert_eq!(keys.file.as_bytes()[..4], [25, 52, 76, 6]);
    assert_eq!(keys.seed.0[..4], [78, 224, 100, 4]);
}
