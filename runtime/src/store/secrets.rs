//! Sealing of secret settings, so that the database and its backups hold none in the clear.
//!
//! XChaCha20-Poly1305 with a random nonce. Machine, scope and key are authenticated with the value, so a sealed text
//! that is moved to another setting does not open there. The text form is
//! `v1:<key id>:<base64 of nonce (24 bytes) and ciphertext with tag (16 bytes)>`.
//!
//! The keys are in `secret.key` beside the database (mode 0600), one a line as `<key id> <base64 of 32 bytes>`. The
//! first line seals; every line opens, so a key is replaced by putting a new line on top. Lines with `#` are comments.

use super::{
    Result, StoreError,
    folder::{self, DataFolder},
};
use crate::model::{MachineId, Scope, SettingKey};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use chacha20poly1305::{
    AeadCore, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, OsRng, Payload},
};
use std::{collections::BTreeSet, fmt, fs, os::unix::fs::PermissionsExt, path::Path};

/// Version of the text form.
const VERSION: &str = "v1";

/// The size of a nonce in bytes.
const NONCE: usize = 24;

/// Seals and opens secrets.
pub struct Secrets {
    /// Never empty; the first one seals.
    keys: Vec<(String, XChaCha20Poly1305)>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|(id, _)| id)).finish()
    }
}

impl Secrets {
    /// Reads the key file and makes it when it is missing.
    pub(super) fn open(folder: &DataFolder) -> Result<Self> {
        let path = folder.secret_key();
        let text = if let Some(bytes) = folder::read_whole(&path)? {
            close_to_others(&path)?;
            String::from_utf8(bytes).map_err(|_| damaged(&path))?
        } else {
            let text = new_key_file();
            folder::write_whole(&path, text.as_bytes())?;
            text
        };
        Self::parse(&text).ok_or_else(|| damaged(&path))
    }

    fn parse(text: &str) -> Option<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let keys: Vec<_> = lines
            .map(|line| {
                let (id, key) = line.split_once(' ')?;
                let key = BASE64.decode(key.trim()).ok()?;
                Some((id.to_owned(), XChaCha20Poly1305::new_from_slice(&key).ok()?))
            })
            .collect::<Option<_>>()?;
        (!keys.is_empty()).then_some(Self { keys })
    }

    /// The names of the keys in the text of a key file.
    pub(super) fn key_names(text: &str) -> BTreeSet<String> {
        let keys = Self::parse(text).map(|secrets| secrets.keys).unwrap_or_default();
        keys.into_iter().map(|(name, _)| name).collect()
    }

    /// Seals a secret for one setting.
    pub fn seal(&self, machine: MachineId, scope: Scope, key: &SettingKey, plaintext: &str) -> Result<String> {
        let failed = || StoreError::Secret { what: format!("the setting {key} of machine {machine} was not sealed") };
        let (id, cipher) = self.keys.first().ok_or_else(failed)?;
        let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
        let about = place(machine, scope, key);
        let payload = Payload { msg: plaintext.as_bytes(), aad: about.as_bytes() };
        let mut sealed = nonce.to_vec();
        sealed.extend(cipher.encrypt(&nonce, payload).map_err(|_| failed())?);
        Ok(format!("{VERSION}:{id}:{}", BASE64.encode(sealed)))
    }

    /// Opens what was sealed for the same setting.
    pub fn open_sealed(&self, machine: MachineId, scope: Scope, key: &SettingKey, sealed: &str) -> Result<String> {
        let failed = |why: &str| StoreError::Secret {
            what: format!("the secret setting {key} of machine {machine} cannot be opened: {why}"),
        };
        let not_sealed = || failed("it is not a sealed text of a known form; enter the secret again");
        let (id, text) = sealed
            .strip_prefix(VERSION)
            .and_then(|rest| rest.strip_prefix(':'))
            .and_then(|rest| rest.split_once(':'))
            .ok_or_else(not_sealed)?;
        let bytes = BASE64.decode(text).map_err(|_| not_sealed())?;
        let (nonce, ciphertext) = bytes.split_at_checked(NONCE).ok_or_else(not_sealed)?;
        let (_, cipher) = self.keys.iter().find(|(known, _)| known == id).ok_or_else(|| {
            failed(&format!(
                "it was sealed with the key '{id}', which is not in secret.key; put that file back, or enter the \
                 secret again"
            ))
        })?;
        let about = place(machine, scope, key);
        let plaintext =
            cipher
                .decrypt(XNonce::from_slice(nonce), Payload { msg: ciphertext, aad: about.as_bytes() })
                .map_err(|_| failed("it was changed, or it belongs to another setting; enter the secret again"))?;
        String::from_utf8(plaintext).map_err(|_| not_sealed())
    }
}

/// What is authenticated with a secret. None of the parts can contain a line break.
fn place(machine: MachineId, scope: Scope, key: &SettingKey) -> String {
    format!("{machine}\n{}\n{key}", scope.letter())
}

fn new_key_file() -> String {
    let key = BASE64.encode(XChaCha20Poly1305::generate_key(&mut OsRng));
    let id: String = BASE64
        .encode(XChaCha20Poly1305::generate_nonce(&mut OsRng))
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(8)
        .collect();
    format!(
        "# Opens the secret settings in ostler.db. Keep a copy apart from the database; without it they are lost.\n\
         {id} {key}\n"
    )
}

/// A copied or restored key file may have come with open permissions.
fn close_to_others(path: &Path) -> Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(|error| StoreError::file(path, &error))
}

fn damaged(path: &Path) -> StoreError {
    let what = format!(
        "the key file '{}' is damaged: put back a copy; or remove it, and enter the secret settings again",
        path.display()
    );
    StoreError::Secret { what }
}
