"""Variants: each breaks exactly one thing of a workspace. What hashes the broken thing is joined anew."""

import hashlib
import json
from dataclasses import dataclass, field, replace

from making.workspace import DCAT, PLAN, PROV, QA, item_path, join, pretty, version_of


@dataclass(frozen=True)
class Variant:
    """`recipe` changes what the workspace is made from, `edit` its documents before anything hashes them,
    `after` the finished files."""

    name: str
    code: str
    what: str
    base: str = "seattle-weather"
    recipe: object = None
    edit: object = None
    after: object = None
    request: dict = field(default_factory=dict)

    @property
    def gate(self) -> str:
        return self.name[0]

    def build(self, recipe):
        """The variant's files and its request."""
        changed = self.recipe(recipe) if self.recipe else recipe
        files = join(changed, self.edit)
        if self.after:
            self.after(files)
        request = dict(self.request)
        for key, value in (("dataset_slug", changed.slug), ("dataset_version_id", changed.version)):
            before = getattr(recipe, key.removeprefix("dataset_").replace("version_id", "version"))
            if value != before:
                request.setdefault(key, value)
        return files, request


def at(path, *keys, to=None, drop=False):
    """An edit of one document: sets or drops the member that the keys lead to."""
    def edit(documents, _files):
        place = documents[path]
        for key in keys[:-1]:
            place = place[key]
        if drop:
            del place[keys[-1]]
        else:
            place[keys[-1]] = to
    return edit


def rights(**changes):
    """Other rights; a member that is None is left out."""
    def change(recipe):
        merged = {**recipe.rights, **changes}
        return replace(recipe, rights={key: value for key, value in merged.items() if value is not None},
                       stac_license=merged["license"] if merged["license"] in SPDX else "other")
    return change


SPDX = {"CC-PDM-1.0", "CC0-1.0", "CC-BY-4.0", "CC-BY-NC-4.0"}


def without(path):
    return lambda files: files.pop(path)


def rewrite(path, old, new):
    """Replaces text that occurs exactly once in a finished file."""
    def after(files):
        assert files[path].count(old) == 1, (path, old)
        files[path] = files[path].replace(old, new)
    return after


def of_receipt(operation, change):
    def after(files):
        path = f"receipts/{operation}.json"
        document = json.loads(files[path])
        change(document)
        files[path] = pretty(document)
    return after


def add_hand_made(documents, files):
    files["work/by_hand.csv"] = b"date,weather\n2012-01-01,sun\n"
    graph = documents[PROV]["@graph"]
    graph.append({"@id": "../../work/by_hand.csv", "@type": "prov:Entity"})
    for node in graph:
        if node.get("rdfs:label") == "ingest":
            node["prov:used"].append("../../work/by_hand.csv")


def use_hand_made(files):
    found = hashlib.sha256(files["work/by_hand.csv"]).hexdigest()
    entry = {"uri": "work/by_hand.csv", "digest": f"sha256:{found}"}
    of_receipt("ingest", lambda receipt: receipt["inputs"].append(entry))(files)


def cycle(documents, _files):
    """The daily table is said to derive from the monthly one, which derives from it."""
    for node in documents[PROV]["@graph"]:
        if node["@id"] == "../../processed/daily.csv":
            node["prov:wasDerivedFrom"].append("../../processed/monthly.geojson")


def cyclonedx(container):
    return pretty({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {
            "type": "container",
            "name": "pipeline",
            "hashes": [{"alg": "SHA-256", "content": container}],
        }},
        "components": [],
    })


def attest(path, data):
    def after(files):
        files[path] = data(files) if callable(data) else data
    return after


def container_of(files):
    receipt = json.loads(files["receipts/ingest.json"])
    return receipt["environment"]["container_digest"].removeprefix("sha256:")


def unsigned_provenance(files):
    """SBOM as it should be; SLSA provenance that fits but is a bare statement which nobody signed."""
    container = container_of(files)
    files["attestations/sbom.cdx.json"] = cyclonedx(container)
    files["attestations/provenance.sigstore.json"] = pretty({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "pipeline", "digest": {"sha256": container}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "https://example.org/build/v1",
                "externalParameters": {},
            },
            "runDetails": {"builder": {"id": "https://example.org/builder"}},
        },
    })


def table(change):
    """The published table with other bytes; all that hashes it follows."""
    path = "processed/cells.csv"
    return lambda recipe: replace(recipe, outputs={**recipe.outputs, path: change(recipe.outputs[path])})


def other_place(data):
    assert data.count(b"10.00 -140.40,") == 1
    return data.replace(b"10.00 -140.40,", b"10.05 -140.38,")


def with_observer(data):
    head, *rows = data.decode().splitlines()
    return "\n".join([head + ",observer", *(row + ",observer-6" for row in rows), ""]).encode()


def of_node(name, change):
    """Changes one node of the PROV bundle."""
    def edit(documents, _files):
        (node,) = [node for node in documents[PROV]["@graph"] if node["@id"] == name]
        change(node, documents)
    return edit


def also_an_activity(node, _documents):
    node["@type"] = [node["@type"], "prov:Activity"]


def also_ingested(node, documents):
    (other,) = [n for n in documents[PROV]["@graph"] if n.get("rdfs:label") == "ingest"]
    node["prov:wasGeneratedBy"] = [node["prov:wasGeneratedBy"], other["@id"]]


def license_ref(recipe):
    return rights(license="LicenseRef-Seattle-Open-Data")(recipe)


def other_slug(recipe):
    spec = {**recipe.spec, "dataset_slug": "Seattle.Weather"}
    return replace(recipe, spec=spec, slug=spec["dataset_slug"], version=version_of(spec))


def other_version(recipe):
    return replace(recipe, version=f"{recipe.spec['period']}.0123abcd")


def variants(weather):
    item = item_path(weather)
    asset = ("assets", "daily")
    return [
        Variant("A-spec-changed", "SpecHashMismatch",
                "A word of spec.json was changed after its hash was taken.",
                after=rewrite("spec.json", b"cleaned and summed", b"cleaned, summed")),
        Variant("A-version-of-other-spec", "VersionPrefixMismatch",
                "The version id carries eight digits that do not begin the spec hash, everywhere alike.",
                recipe=other_version),
        Variant("A-slug-not-a-name", "SlugInvalid",
                "The slug has capitals and a dot, everywhere alike.",
                recipe=other_slug),
        Variant("A-other-version-requested", "DatasetMismatch",
                "Another version is asked for than the one that lies in the workspace.",
                request={"dataset_version_id": "2026-10." + weather.version.split(".")[1]}),
        Variant("B-no-license", "LicenseUnclear",
                "dataset.json names no licence.",
                edit=at("dataset.json", "rights", "license", drop=True)),
        Variant("B-license-in-words", "LicenseInvalid",
                "The licence is a guess in words that is no SPDX expression.",
                recipe=rights(license="Public-Domain-I-Think")),
        Variant("B-license-text-missing", "LicenseTextMissing",
                "A licence of one's own (LicenseRef-) without the digest of its text.",
                recipe=license_ref),
        Variant("B-no-attribution", "AttributionMissing",
                "Nothing says how to name the source.",
                recipe=rights(attribution=None)),
        Variant("B-use-forbidden", "LicenseForbidsUse",
                "A licence that forbids commercial use, asked for commercial use; the pack's table says no.",
                recipe=rights(license="CC-BY-NC-4.0"), request={"intended_use": "commercial"}),
        Variant("B-obligation-not-stated", "ObligationNotStated",
                "The licence demands attribution, and the DCAT record does not carry its words.",
                recipe=rights(license="CC-BY-4.0")),
        Variant("B-license-link-missing", "LicenseLinkMissing",
                "Two licences together: STAC can only say other, and has no link to them.",
                recipe=rights(license="CC-PDM-1.0 AND CC0-1.0"),
                edit=at(DCAT, "dct:license", to=["https://spdx.org/licenses/CC-PDM-1.0",
                                                 "https://spdx.org/licenses/CC0-1.0"])),
        Variant("C-no-label", "LabelMissing",
                "No policy_label: nobody has classified the data.",
                edit=at("dataset.json", "policy_label", drop=True)),
        Variant("C-unknown-label", "LabelUnknown",
                "The label is none of the five.",
                edit=at("dataset.json", "policy_label", to="top-secret")),
        Variant("C-prohibited", "LabelProhibited",
                "The label says that the data must never be published.",
                edit=at("dataset.json", "policy_label", to="prohibited")),
        Variant("C-plan-missing", "RedactionPlanMissing",
                "Sensitive places, and the plan that dataset.json names is not there.",
                base="restricted-sightings", after=without(PLAN)),
        Variant("C-plan-not-recorded", "RedactionNotRecorded",
                "The plan names an activity that the PROV bundle does not know.",
                base="restricted-sightings",
                edit=at(PLAN, "activity", to="kfm://run/2026-11-20T13:00:00Z.00000000")),
        Variant("C-plan-too-fine", "GeneralizationTooFine",
                "The plan generalizes to cells of 250 m, finer than the pack allows.",
                base="restricted-sightings", edit=at(PLAN, "parameters", "cell_size_m", to=250)),
        Variant("C-plan-uncheckable", "RedactionUncheckable",
                "The plan does not say how large the cells are in degrees, so that nothing can be held against it.",
                base="restricted-sightings", edit=at(PLAN, "parameters", "cell_degrees", drop=True)),
        Variant("C-place-too-fine", "CoordinateTooFine",
                "One row of the published table names a place by hundredths of a degree.",
                base="restricted-sightings", recipe=table(other_place)),
        Variant("C-column-not-dropped", "ColumnNotDropped",
                "The published table has the observers, whom the plan drops.",
                base="restricted-sightings", recipe=table(with_observer)),
        Variant("C-content-uncheckable", "ContentUncheckable",
                "A quotation mark in the published table is never closed, so that nobody knows its columns.",
                base="restricted-sightings", recipe=table(lambda data: data + b'"')),
        Variant("D-publisher-without-name", "DcatShapeViolated",
                "The publisher is a node with neither name nor address.",
                edit=at(DCAT, "dct:publisher", "foaf:name", drop=True)),
        Variant("D-checksum-by-md5", "StacChecksumUnsupported",
                "A STAC asset's checksum is by MD5.",
                edit=at(item, *asset, "file:checksum", to="d50110" + "ab" * 16)),
        Variant("D-bbox-elsewhere", "StacBboxMismatch",
                "The STAC item's box lies in the Gulf of Guinea, its geometry in Seattle.",
                edit=at(item, "bbox", to=[0.0, 0.0, 1.0, 1.0])),
        Variant("D-root-is-an-item", "StacLinkWrong",
                "The STAC item's root is the item itself.",
                edit=at(item, "links", 0, "href", to=f"./{item.rsplit('/', 1)[1]}")),
        Variant("D-ends-before-start", "StacTimeOrder",
                "The STAC item ends before it starts.",
                edit=at(item, "properties", "end_datetime", to="2011-01-01T00:00:00Z")),
        Variant("D-entity-and-activity", "ProvTypeConflict",
                "A table is said to be an activity as well.",
                edit=of_node("../../processed/daily.csv", also_an_activity)),
        Variant("D-generated-twice", "ProvGeneratedTwice",
                "A table is said to be made by two activities.",
                edit=of_node("../../processed/monthly.geojson", also_ingested)),
        Variant("D-no-dcat", "DcatMissing",
                "There is no DCAT record.",
                after=without(DCAT)),
        Variant("D-distribution-digest", "DcatDigestMismatch",
                "A distribution's checksum is not that of the file it names.",
                edit=at(DCAT, "dcat:distribution", 0, "spdx:checksum", "spdx:checksumValue", to="ab" * 32)),
        Variant("D-asset-nowhere", "StacLinkBroken",
                "A STAC asset's href leads to no file of the workspace.",
                edit=at(item, *asset, "href", to="../../../processed/dayly.csv")),
        Variant("D-item-invalid", "StacInvalid",
                "The STAC item has no geometry, which its schema demands.",
                edit=at(item, "geometry", drop=True)),
        Variant("D-derivation-cycle", "ProvCycle",
                "The PROV bundle derives two tables from each other.",
                edit=cycle),
        Variant("D-remote-context", "JsonLdRemoteContext",
                "The DCAT record takes its context from the network.",
                edit=at(DCAT, "@context", to="https://www.w3.org/ns/dcat2.jsonld")),
        Variant("E-raw-changed", "ReceiptDigestMismatch",
                "One digit of the raw table was changed after the run that read it.",
                after=rewrite("raw/seattle-weather.csv", b"2012-01-02,10.9,", b"2012-01-02,10.8,")),
        Variant("E-artifact-without-receipt", "ArtifactOrphan",
                "The run that made the monthly summary left no receipt.",
                edit=at("dataset.json", "evidence_refs", 2, to="receipts/ingest.json"),
                after=without("receipts/summarize.json")),
        Variant("E-no-git-commit", "ReceiptInvalid",
                "A receipt does not say which commit ran.",
                after=of_receipt("ingest", lambda receipt: receipt["environment"].pop("git_commit"))),
        Variant("E-input-from-nowhere", "LineageBroken",
                "A run read a table that is neither raw nor any run's output.",
                edit=add_hand_made, after=use_hand_made),
        Variant("E-other-qa-report", "QaReportMismatch",
                "A receipt's report digest is not that of work/qa_report.json.",
                after=of_receipt("ingest", lambda receipt: receipt["validation"].update(
                    report_digest="sha256:" + "cd" * 32))),
        Variant("F-no-evidence", "EvidenceUnresolved",
                "No evidence reference leads to anything in the workspace.",
                edit=at("dataset.json", "evidence_refs", to=["receipts/nightly.json", "sha256:" + "ef" * 32])),
        Variant("F-valid-fixture-fails", "FixtureFailed",
                "The contract's valid fixture does not satisfy its schema.",
                edit=at("contracts/fixtures/month.valid.json", "days", to="thirty-one")),
        Variant("F-invalid-fixture-passes", "FixtureFailed",
                "A fixture that should be refused satisfies the schema.",
                edit=at("contracts/fixtures/month.invalid-negative-rain.json", "precipitation_mm", to=1.5)),
        Variant("F-schema-broken", "ContractInvalid",
                "The contract is no JSON Schema: a type that there is not.",
                edit=at("contracts/schemas/month.schema.json", "properties", "days", "type", to="count")),
        Variant("F-check-failed", "QaCheckFailed",
                "The QA report says pass, yet one of its checks failed; the pack looks at each.",
                edit=at(QA, "checks", 0, "status", to="fail")),
        Variant("G-required-and-absent", "SbomMissing",
                "Gate G is required, and there are no attestations.",
                request={"required_gates": ["G"]}),
        Variant("G-sbom-of-other-image", "SbomSubjectMismatch",
                "The SBOM describes another container than the receipts name.",
                after=attest("attestations/sbom.cdx.json", cyclonedx("12" * 32))),
        Variant("G-provenance-unsigned", "ProvenanceUnsigned",
                "The provenance fits, but it is a bare statement without a signature.",
                after=unsigned_provenance),
        Variant("G-sbom-unreadable", "SbomInvalid",
                "The SBOM breaks off in the middle.",
                after=attest("attestations/sbom.cdx.json", lambda files: cyclonedx(container_of(files))[:120])),
    ]
