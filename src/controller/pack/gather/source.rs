//! How a pack is fetched: addresses, credentials, certificates.

use super::super::super::error::Error;
use super::super::revise::{Failure, Stage};
use super::{Reader, missing};
use crate::api::{PolicyPack, reason};
use crate::pack::{Auth, FetchSettings};

impl Reader<'_> {
    /// How to fetch the pack.
    pub(super) async fn settings(
        &self,
        pack: &PolicyPack,
    ) -> Result<Result<FetchSettings, Failure>, Error> {
        let Some(http) = &pack.spec.source.http else {
            let text =
                "spec.source.oci: this version of Lazaret fetches packs over http and https only";
            return Ok(Err(Failure::new(Stage::Spec, reason::INVALID_SPEC, text)));
        };
        let mut settings = FetchSettings::new(&http.url);
        settings.bundle_url.clone_from(&http.bundle_url);
        settings.timeout = pack.spec.timeout.std();
        settings.allow_loopback = self.ctx.settings.allow_loopback;
        if let Some(reference) = &http.secret_ref {
            let field = "spec.source.http.secretRef";
            let mut keys = Vec::new();
            for key in ["token", "username", "password"] {
                keys.push(match self.secret(field, &reference.name, key).await? {
                    Ok(value) => Ok(String::from_utf8_lossy(&value).trim().to_owned()),
                    Err(failure) => Err(failure),
                });
            }
            settings.auth = match keys.as_mut_slice() {
                [Ok(token), ..] => Auth::Bearer(std::mem::take(token)),
                [_, Ok(username), Ok(password)] => Auth::Basic {
                    username: std::mem::take(username),
                    password: std::mem::take(password),
                },
                _ => {
                    let text = format!(
                        "{field}: Secret {} must hold the key token, or username and password",
                        reference.name
                    );
                    return Ok(Err(missing(text)));
                }
            };
        }
        if let Some(reference) = &http.ca_secret_ref {
            let field = "spec.source.http.caSecretRef";
            match self.secret(field, &reference.name, "ca.crt").await? {
                Ok(pem) => settings.ca_pem = Some(pem),
                Err(failure) => return Ok(Err(failure)),
            }
        }
        Ok(Ok(settings))
    }
}
