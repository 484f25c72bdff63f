//! SPDX 2.3 beyond its schema.

use serde_json::json;

use super::*;

fn document() -> Value {
    json!({
        "spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "dataLicense": "CC0-1.0",
        "documentNamespace": "https://example.org/s",
        "creationInfo": {"created": "2026-11-20T12:00:00Z", "creators": ["Tool: t"]},
        "externalDocumentRefs": [{
            "externalDocumentId": "DocumentRef-b", "spdxDocument": "https://example.org/b",
            "checksum": {"algorithm": "SHA1", "checksumValue": "0".repeat(40)},
        }],
        "hasExtractedLicensingInfos": [{"licenseId": "LicenseRef-a", "extractedText": "Do."}],
        "packages": [
            {"SPDXID": "SPDXRef-p", "licenseConcluded": "MIT AND LicenseRef-a"},
            {"SPDXID": "SPDXRef-q", "filesAnalyzed": false,
             "licenseDeclared": "DocumentRef-b:LicenseRef-c", "licenseInfoFromFiles": []},
        ],
        "files": [{"SPDXID": "SPDXRef-f", "fileName": "./f",
                   "checksums": [{"algorithm": "SHA1", "checksumValue": "0".repeat(40)}]}],
        "snippets": [{"SPDXID": "SPDXRef-s", "snippetFromFile": "SPDXRef-f", "ranges": [
            {"startPointer": {"offset": 1}, "endPointer": {"offset": 9}}]}],
        "relationships": [
            {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
             "relatedSpdxElement": "SPDXRef-p"},
            {"spdxElementId": "SPDXRef-p", "relationshipType": "CONTAINS",
             "relatedSpdxElement": "SPDXRef-f"},
            {"spdxElementId": "SPDXRef-p", "relationshipType": "OTHER",
             "relatedSpdxElement": "DocumentRef-b:SPDXRef-x"},
        ],
    })
}

#[test]
fn what_is_wrong_is_told_at_its_place() {
    assert_eq!(violations(&document()), []);
    for (at, value, told) in [
        ("/SPDXID", json!("SPDXRef-doc"), "/SPDXID"),
        ("/spdxVersion", json!("SPDX-2.4"), "/spdxVersion"),
        ("/dataLicense", json!("MIT"), "/dataLicense"),
        ("/creationInfo/created", json!("today"), "/creationInfo/created"),
        ("/creationInfo/creators/0", json!("me"), "/creationInfo/creators/0"),
        ("/packages/1/SPDXID", json!("SPDXRef-f"), "/files/0/SPDXID"),
        ("/packages/1/SPDXID", json!("q"), "/packages/1/SPDXID"),
        ("/packages/0/licenseConcluded", json!("LicenseRef-b"), "/packages/0/licenseConcluded"),
        (
            "/packages/1/licenseDeclared",
            json!("DocumentRef-x:LicenseRef-c"),
            "/packages/1/licenseDeclared",
        ),
        ("/packages/1/licenseInfoFromFiles", json!(["MIT"]), "/packages/1/licenseInfoFromFiles"),
        ("/files/0/fileName", json!("/f"), "/files/0/fileName"),
        ("/files/0/checksums", json!([]), "/files/0/checksums"),
        ("/snippets/0/snippetFromFile", json!("SPDXRef-p"), "/snippets/0/snippetFromFile"),
        ("/snippets/0/ranges/0/endPointer/offset", json!(0), "/snippets/0/ranges/0"),
        ("/snippets/0/ranges", json!([]), "/snippets/0/ranges"),
        ("/relationships/0/relationshipType", json!("OTHER"), "/relationships"),
        ("/relationships/1/spdxElementId", json!("SPDXRef-q"), "/relationships/1"),
        ("/relationships/1/spdxElementId", json!("SPDXRef-no"), "/relationships/1/spdxElementId"),
        (
            "/relationships/2/relatedSpdxElement",
            json!("DocumentRef-x:SPDXRef-x"),
            "/relationships/2/relatedSpdxElement",
        ),
        (
            "/hasExtractedLicensingInfos/0/extractedText",
            json!(""),
            "/hasExtractedLicensingInfos/0/extractedText",
        ),
    ] {
        let mut document = document();
        if let Some(place) = document.pointer_mut(at) {
            *place = value;
        }
        let places: Vec<String> =
            violations(&document).into_iter().map(|violation| violation.pointer).collect();
        assert_eq!(places, [told], "{at}");
    }
}

#[test]
fn a_great_document_takes_no_great_time_and_tells_no_more_than_is_read() {
    let packages: Vec<Value> = (0..20_000)
        .map(
            |n| json!({"SPDXID": format!("SPDXRef-{n}"), "filesAnalyzed": false, "homepage": "no"}),
        )
        .collect();
    let relations: Vec<Value> = (0..40_000)
        .map(|n| {
            json!({"spdxElementId": "SPDXRef-1", "relationshipType": "CONTAINS",
                        "relatedSpdxElement": format!("SPDXRef-{n}")})
        })
        .collect();
    let document = json!({"packages": packages, "relationships": relations});
    assert_eq!(violations(&document).len(), Violation::MAX);
}
