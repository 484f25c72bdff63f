//! The two versions of SLSA provenance that are read: which member stands where.

/// Where a version of SLSA provenance says what.
pub(super) struct Form {
    pub(super) run_id: &'static str,
    pub(super) finished: &'static str,
    pub(super) builder: &'static str,
    pub(super) parameters: &'static str,
    pub(super) dependencies: &'static str,
    pub(super) more_dependencies: &'static str,
    pub(super) source: &'static str,
    pub(super) images: &'static [&'static str],
    pub(super) qa: &'static str,
}

pub(super) const V1: Form = Form {
    run_id: "/predicate/runDetails/metadata/invocationId",
    finished: "/predicate/runDetails/metadata/finishedOn",
    builder: "/predicate/runDetails/builder/id",
    parameters: "/predicate/buildDefinition/externalParameters",
    dependencies: "/predicate/buildDefinition/resolvedDependencies",
    more_dependencies: "/predicate/runDetails/builder/builderDependencies",
    source: "/predicate/buildDefinition/externalParameters/source",
    images: &[
        "/predicate/buildDefinition/externalParameters/builderImage",
        "/predicate/buildDefinition/internalParameters/builderImage",
    ],
    qa: "/predicate/runDetails/byproducts",
};

pub(super) const V0_2: Form = Form {
    run_id: "/predicate/metadata/buildInvocationId",
    finished: "/predicate/metadata/buildFinishedOn",
    builder: "/predicate/builder/id",
    parameters: "/predicate/invocation/parameters",
    dependencies: "/predicate/materials",
    more_dependencies: "/predicate/materials",
    source: "/predicate/invocation/configSource",
    images: &["/predicate/invocation/environment/builderImage"],
    qa: "/predicate/byproducts",
};
