//! Whatever a registry, a Secret or a spec may hold: manifests, indexes, challenges, Docker's
//! configuration, references, signatures. The first byte chooses.
#![no_main]

use bytes::Bytes;
use lazaret::pack::FetchedPack;
use lazaret::pack::oci::{
    Covered, DockerConfig, Document, Repository, Signature, Version, attempts, challenges, highest,
    pack_layer, read_document,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(data);
    match choice % 6 {
        0 => {
            if let Ok(Document::Manifest(manifest)) = read_document(data) {
                let _ = pack_layer(&manifest);
            }
        }
        1 => {
            let (repository, _) = Repository::parse("oci://r.example:5000/team/a").unwrap();
            if let Ok(config) = DockerConfig::parse(data) {
                let _ = config.credentials(&repository);
            }
        }
        2 => {
            if let Ok((repository, version)) = Repository::parse(&text) {
                // What was read is read again as the same.
                let shown = format!("{repository}{}", version.clone().map(|v| v.to_string()).unwrap_or_default());
                assert_eq!(Repository::parse(&shown).unwrap(), (repository, version));
            }
        }
        3 => {
            let mut lines = text.lines();
            if let Ok(Version::Range(range)) = Version::range(lines.next().unwrap_or_default()) {
                let _ = highest(lines, &range);
            }
        }
        4 => drop(challenges(&text)),
        _ => {
            // A tar, a manifest and a signature, parted by NULs.
            let mut parts = data.split(|&b| b == 0).map(Bytes::copy_from_slice);
            let mut next = || parts.next().unwrap_or_default();
            let (tar, manifest) = (next(), next());
            let bundle = Signature::Bundle(next());
            let simple = Signature::SimpleSigning {
                payload: next(),
                signature: "c2ln".into(),
                certificate: None,
                rekor_bundle: Some(String::from_utf8_lossy(&next()).into_owned()),
            };
            let fetched = FetchedPack {
                tar,
                manifest: Some(manifest),
                candidates: vec![bundle, simple],
                ..FetchedPack::default()
            };
            for attempt in attempts(&fetched) {
                let signed = match attempt.covered {
                    Covered::Tar => Some(&fetched.tar),
                    Covered::Manifest => fetched.manifest.as_ref(),
                    Covered::Payload => None,
                };
                assert!(signed.is_none_or(|signed| *signed == attempt.signed));
            }
        }
    }
});
