//! The arguments, as they are typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

/// A quarantine station for data and releases: nothing is published until signed policy and checked
/// evidence say so.
///
/// Exit codes: 0 pass, 1 denied, 2 usage, 3 could not decide (which also means no).
#[derive(Parser, Debug)]
#[command(name = "lazaret", version, max_term_width = 100)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

/// The whole command line, for generators of documentation and completions.
pub fn command() -> clap::Command {
    Arguments::command()
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    Init(super::init::Init),
    /// Writes receipts of runs.
    #[command(subcommand)]
    Receipt(super::receipt::Receipt),
    Catalog(super::catalog::Catalog),
    /// Runs the gates over a workspace and reports; writes nothing.
    Validate(Validate),
    /// Runs the gates and publishes what passes.
    Promote(Promote),
    /// Runs the Kubernetes controller.
    Controller(Controller),
    Serve(super::serve::Serve),
    /// Prints the CustomResourceDefinitions, or writes them into a directory.
    Crd(Crd),
    /// Looks into the ledger of a destination.
    #[command(subcommand)]
    Ledger(Ledger),
    /// Guards schemas against changes that break others.
    #[command(subcommand)]
    Contracts(super::contracts::Contracts),
    /// Hashes and compares specs.
    #[command(subcommand)]
    Spec(super::spec::Spec),
    /// Says what a reason code means and what to do about it; without one, lists them all.
    Explain(super::explain::Explain),
    /// Shows which file was made by which run of which files, back to raw data.
    Lineage(super::lineage::Lineage),
    /// Makes a recorded decision again and compares it, byte for byte.
    Replay(super::replay::Replay),
    /// Asks whether a release may go on, and why not.
    #[command(subcommand)]
    Evidence(super::evidence::Evidence),
    /// Builds, signs and verifies policy packs.
    #[command(subcommand)]
    Pack(super::pack::Pack),
    /// Hashes one share of a workspace; what the pods of a promotion's Job run.
    #[command(hide = true)]
    Shard(super::shard::Shard),
    /// Runs one policy pack for the program, which starts it and talks to it on standard input.
    #[command(hide = true)]
    PolicyWorker,
    /// Prints the completion script of a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

/// What is to be judged.
#[derive(Args, Debug)]
pub(super) struct Subject {
    /// The dataset's slug [default for `validate`: what dataset.json says].
    #[arg(long, value_name = "SLUG")]
    pub dataset_slug: Option<String>,
    /// The dataset version's id, for instance 2026-02.abcd1234 [default for `validate`: what
    /// dataset.json says].
    #[arg(long, value_name = "ID")]
    pub dataset_version_id: Option<String>,
    /// The spec; must be the same, canonically, as the workspace's spec.json.
    #[arg(long, value_name = "FILE")]
    pub spec: Option<PathBuf>,
    /// The workspace: a directory, or a URL: file://, s3://, gs://, az://.
    #[arg(long, visible_alias = "outputs", value_name = "DIR")]
    pub workspace: String,
    /// What the data is to be used for: a key of the pack's licence table.
    #[arg(long, value_name = "USE", default_value = "publication")]
    pub intended_use: String,
    /// Gates that must pass beside A to F, which always must.
    #[arg(long = "require-gate", value_name = "GATE")]
    pub require_gates: Vec<RequiredGate>,
    #[command(flatten)]
    pub policy: Policy,
    /// A file that remembers digests from run to run: data that nobody touched since is not read
    /// again. Whoever may write it is believed. What is published is hashed again in any case.
    #[arg(long, value_name = "FILE", env = "LAZARET_DIGEST_CACHE")]
    pub digest_cache: Option<PathBuf>,
    /// Reads and hashes everything, whatever the digest cache remembers.
    #[arg(long)]
    pub rehash: bool,
    /// Shows no progress.
    #[arg(long, short)]
    pub quiet: bool,
    /// How to report.
    #[arg(long, value_enum, default_value_t = Output::Human)]
    pub output: Output,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum RequiredGate {
    /// Supply-chain provenance.
    #[value(name = "G", alias = "g")]
    G,
}

/// The policy pack and whose signature on it counts.
#[derive(Args, Debug)]
pub(super) struct Policy {
    /// The policy pack: a signed tar; or its source directory, which may judge a validation or a
    /// dry run but never a publication.
    #[arg(long, value_name = "TAR|DIR", env = "LAZARET_POLICY_PACK")]
    pub policy_pack: PathBuf,
    /// The pack's Sigstore bundle [default: <TAR>.sigstore.json].
    #[arg(long, value_name = "FILE")]
    pub policy_pack_bundle: Option<PathBuf>,
    #[command(flatten)]
    pub trust: Trust,
}

/// Whose signature counts.
#[derive(Args, Debug)]
pub(super) struct Trust {
    /// A PEM public key that is trusted.
    #[arg(long, value_name = "PEM", env = "LAZARET_KEY")]
    pub key: Vec<PathBuf>,
    /// A certificate subject that is trusted, exactly.
    #[arg(long, value_name = "SUBJECT", conflicts_with = "certificate_identity_regexp")]
    pub certificate_identity: Option<String>,
    /// A certificate subject that is trusted: an expression that the whole text must match.
    #[arg(long, value_name = "REGEXP")]
    pub certificate_identity_regexp: Option<String>,
    /// The OIDC issuer that vouches for it, exactly.
    #[arg(long, value_name = "URL", conflicts_with = "certificate_oidc_issuer_regexp")]
    pub certificate_oidc_issuer: Option<String>,
    /// The OIDC issuer: an expression that the whole text must match.
    #[arg(long, value_name = "REGEXP")]
    pub certificate_oidc_issuer_regexp: Option<String>,
    /// A Sigstore TrustedRoot JSON [default: the public-good instance's]. Beside a key its logs and
    /// timestamp authorities count, and a log must have recorded the signature.
    #[arg(long, value_name = "FILE")]
    pub trusted_root: Option<PathBuf>,
    /// Whether each signature needs a log entry with an inclusion proof [default: required, but
    /// optional for a key without --trusted-root]. Without, a certificate still needs a signed time.
    #[arg(long, value_enum, value_name = "DEMAND")]
    pub inclusion_proof: Option<Demand>,
    /// Whether the certificate must carry a certificate-transparency timestamp.
    #[arg(long, value_enum, value_name = "DEMAND", default_value_t = Sct::FromRoot)]
    pub sct: Sct,
    /// Demands an RFC 3161 timestamp of an authority of the trusted root.
    #[arg(long)]
    pub require_timestamp: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Demand {
    /// Refused without.
    Required,
    /// If there, it must hold.
    Optional,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Sct {
    /// If the trusted root names certificate-transparency logs.
    FromRoot,
    /// Always.
    Required,
    /// Never.
    Ignored,
}

impl Trust {
    /// Whether anything was given.
    pub(super) const fn names_somebody(&self) -> bool {
        !self.key.is_empty()
            || self.certificate_identity.is_some()
            || self.certificate_identity_regexp.is_some()
            || self.certificate_oidc_issuer.is_some()
            || self.certificate_oidc_issuer_regexp.is_some()
    }
}

#[derive(Args, Debug)]
pub(super) struct Validate {
    #[command(flatten)]
    pub subject: Subject,
    /// Where the version may be published already: a directory, or a URL: file://, s3://, gs://, az://.
    #[arg(long, value_name = "DIR")]
    pub destination: Option<String>,
    /// Writes what the policy pack was asked, for `lazaret pack diff --facts`.
    #[arg(long, value_name = "FILE")]
    pub record_facts: Option<PathBuf>,
    /// Mends what is mechanical: what catalogs and dataset.json say of bytes that a receipt vouches
    /// for, and links between catalogs. Shows the patch and which gates it turns green.
    #[arg(long)]
    pub fix: bool,
    /// With --fix: shows the patch and writes nothing.
    #[arg(long, requires = "fix")]
    pub dry_run: bool,
}

#[derive(Args, Debug)]
pub(super) struct Promote {
    #[command(flatten)]
    pub subject: Subject,
    /// Where to publish: a directory, or a URL: file://, s3://, gs://, az://.
    #[arg(long, value_name = "DIR")]
    pub destination: String,
    /// Where the decision is recorded whole: a directory or a URL that readers of the data cannot
    /// read [default: the destination, without the content of documents that are not published].
    #[arg(long, value_name = "DIR|URL")]
    pub decisions: Option<String>,
    /// Who approves the plan, for instance principal:jane.
    #[arg(long, value_name = "PRINCIPAL", requires = "approver_role")]
    pub approver: Option<String>,
    /// In which role, for instance steward.
    #[arg(long, value_name = "ROLE", requires = "approver")]
    pub approver_role: Option<String>,
    /// The plan that is approved, as a dry run printed it; any other is refused.
    #[arg(long, value_name = "DIGEST")]
    pub plan: Option<String>,
    /// A PKCS#8 PEM private key (ECDSA P-256) that signs the statements that go with a publication.
    #[arg(long, value_name = "PEM", env = "LAZARET_SIGNING_KEY")]
    pub signing_key: Option<PathBuf>,
    /// Runs the gates and prints what would be written; writes nothing.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Args, Debug)]
pub(super) struct Controller {
    /// The one namespace to look after [default: all].
    #[arg(long, env = "LAZARET_NAMESPACE")]
    pub namespace: Option<String>,
    /// A directory; file:// URLs of a namespace may lie below DIR/<namespace>. Without any, they
    /// are refused.
    #[arg(long, value_name = "DIR")]
    pub allow_file_root: Vec<PathBuf>,
    /// A prefix such as s3://bucket/data; for URLs of a namespace below URL/<namespace> the
    /// controller's own cloud identity is used. Elsewhere a Secret is needed.
    #[arg(long, value_name = "URL", value_parser = remote_store)]
    pub allow_ambient_store: Vec<String>,
    /// A directory of this controller's own where loaded packs are kept, so that a restart has them while
    /// their sources are down. They are verified again. Without one, nothing judges until a source
    /// answers.
    #[arg(long, value_name = "DIR", env = "LAZARET_STATE_DIR")]
    pub state_dir: Option<PathBuf>,
    /// Lets packs be fetched from loopback addresses, and stores be there: for development.
    #[arg(long)]
    pub allow_loopback_sources: bool,
    /// Where /metrics, /healthz and /readyz are answered.
    #[arg(long, default_value = "0.0.0.0:8080", env = "LAZARET_LISTEN")]
    pub listen: std::net::SocketAddr,
    /// Where loaded packs with spec.serve are served [default: nowhere].
    #[arg(long, value_name = "ADDRESS", env = "LAZARET_SERVE_LISTEN")]
    pub serve_listen: Option<std::net::SocketAddr>,
    #[command(flatten)]
    pub serving: super::serve::Serving,
    #[command(flatten)]
    pub evidence: super::evidence::Listen,
    /// The image of the pods that hash for promotions with spec.execution.mode Job: this program's.
    #[arg(long, value_name = "IMAGE", env = "LAZARET_IMAGE")]
    pub image: Option<String>,
    /// How often a denied or waiting promotion is looked at again, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = seconds)]
    pub recheck_interval: Duration,
    /// Who owns a Quarantine whose dataset names no steward.
    #[arg(long, default_value = "group:data-stewards")]
    pub default_owner: String,
    /// Days until a Quarantine's remediation is due.
    #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub remediation_days: u16,
    /// Promotions worked on at once.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub concurrency: u16,
    /// A PKCS#8 PEM private key (ECDSA P-256) that signs the statements that go with a publication.
    #[arg(long, value_name = "PEM", env = "LAZARET_SIGNING_KEY")]
    pub signing_key: Option<PathBuf>,
    /// How logs are written.
    #[arg(long, value_enum, default_value_t = LogFormat::Json)]
    pub log_format: LogFormat,
    /// Stops for ever at this step of a publication, so that a test can kill the process there.
    #[cfg(debug_assertions)]
    #[arg(long, hide = true)]
    pub pause_publication_at: Option<String>,
}

fn remote_store(text: &str) -> Result<String, String> {
    let checked = crate::objects::Store::check_remote(text);
    checked.map(|()| text.to_owned()).map_err(|error| error.to_string())
}

pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: u64 = text.parse().map_err(|_| "a whole number of seconds".to_owned())?;
    if (1..=86_400).contains(&seconds) {
        Ok(Duration::from_secs(seconds))
    } else {
        Err("between 1 and 86400".to_owned())
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

#[derive(Args, Debug)]
pub(super) struct Crd {
    /// Writes one file for each CRD into this directory instead of printing them.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

#[derive(Subcommand, Debug)]
pub(super) enum Ledger {
    /// Checks the whole chain and prints its entries.
    Verify {
        /// The destination: a directory, or a URL: file://, s3://, gs://, az://.
        destination: String,
        /// How to report.
        #[arg(long, value_enum, default_value_t = Plain::Human)]
        output: Plain,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Output {
    /// A table for people.
    Human,
    /// The whole report.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit XML, for CI.
    Junit,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Plain {
    /// For people.
    Human,
    /// JSON.
    Json,
}
