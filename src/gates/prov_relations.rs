//! The relations of PROV-JSON, and what they are in PROV-O.

/// A relation of PROV-JSON: its members and what they are in PROV-O.
pub(super) struct Relation {
    pub(super) name: &'static str,
    pub(super) from: &'static str,
    pub(super) to: &'static str,
    /// Whether the object may be left out.
    pub(super) open: bool,
    pub(super) property: &'static str,
    /// The property of the qualified form, and the member of its node for the object.
    pub(super) qualified: Option<(&'static str, &'static str)>,
    /// Further members, and those of the node that they become.
    pub(super) more: &'static [(&'static str, &'static str)],
    /// The further member that is not merely unsaid if it is left out: there is none.
    pub(super) exact: Option<&'static str>,
}

pub(super) const RELATIONS: &[Relation] = {
    type Pair = (&'static str, &'static str);
    const fn plain(name: &'static str, ends: Pair, property: &'static str) -> Relation {
        let (from, to) = ends;
        Relation { name, from, to, open: false, property, qualified: None, more: &[], exact: None }
    }
    const fn qualified(
        name: &'static str,
        ends: Pair,
        property: &'static str,
        form: Pair,
        more: &'static [Pair],
    ) -> Relation {
        Relation { qualified: Some(form), more, ..plain(name, ends, property) }
    }
    const fn open(relation: Relation) -> Relation {
        Relation { open: true, ..relation }
    }
    const fn exact(member: &'static str, relation: Relation) -> Relation {
        Relation { exact: Some(member), ..relation }
    }
    &[
        open(qualified(
            "wasGeneratedBy",
            ("prov:entity", "prov:activity"),
            "prov:wasGeneratedBy",
            ("prov:qualifiedGeneration", "prov:activity"),
            &[],
        )),
        open(qualified(
            "used",
            ("prov:activity", "prov:entity"),
            "prov:used",
            ("prov:qualifiedUsage", "prov:entity"),
            &[],
        )),
        open(qualified(
            "wasInvalidatedBy",
            ("prov:entity", "prov:activity"),
            "prov:wasInvalidatedBy",
            ("prov:qualifiedInvalidation", "prov:activity"),
            &[],
        )),
        open(qualified(
            "wasStartedBy",
            ("prov:activity", "prov:trigger"),
            "prov:wasStartedBy",
            ("prov:qualifiedStart", "prov:entity"),
            &[("prov:starter", "prov:hadActivity")],
        )),
        open(qualified(
            "wasEndedBy",
            ("prov:activity", "prov:trigger"),
            "prov:wasEndedBy",
            ("prov:qualifiedEnd", "prov:entity"),
            &[("prov:ender", "prov:hadActivity")],
        )),
        qualified(
            "wasInformedBy",
            ("prov:informed", "prov:informant"),
            "prov:wasInformedBy",
            ("prov:qualifiedCommunication", "prov:activity"),
            &[],
        ),
        exact(
            "prov:activity",
            qualified(
                "wasDerivedFrom",
                ("prov:generatedEntity", "prov:usedEntity"),
                "prov:wasDerivedFrom",
                ("prov:qualifiedDerivation", "prov:entity"),
                &[
                    ("prov:activity", "prov:hadActivity"),
                    ("prov:generation", "prov:hadGeneration"),
                    ("prov:usage", "prov:hadUsage"),
                ],
            ),
        ),
        qualified(
            "wasAttributedTo",
            ("prov:entity", "prov:agent"),
            "prov:wasAttributedTo",
            ("prov:qualifiedAttribution", "prov:agent"),
            &[],
        ),
        exact(
            "prov:plan",
            open(qualified(
                "wasAssociatedWith",
                ("prov:activity", "prov:agent"),
                "prov:wasAssociatedWith",
                ("prov:qualifiedAssociation", "prov:agent"),
                &[("prov:plan", "prov:hadPlan")],
            )),
        ),
        open(qualified(
            "actedOnBehalfOf",
            ("prov:delegate", "prov:responsible"),
            "prov:actedOnBehalfOf",
            ("prov:qualifiedDelegation", "prov:agent"),
            &[("prov:activity", "prov:hadActivity")],
        )),
        qualified(
            "wasInfluencedBy",
            ("prov:influencee", "prov:influencer"),
            "prov:wasInfluencedBy",
            ("prov:qualifiedInfluence", "prov:influencer"),
            &[],
        ),
        plain(
            "specializationOf",
            ("prov:specificEntity", "prov:generalEntity"),
            "prov:specializationOf",
        ),
        plain("alternateOf", ("prov:alternate1", "prov:alternate2"), "prov:alternateOf"),
        plain("hadMember", ("prov:collection", "prov:entity"), "prov:hadMember"),
        // A mention is a specialization, and has a bundle besides.
        plain("mentionOf", ("prov:specificEntity", "prov:generalEntity"), "prov:specializationOf"),
        plain("mentionOf", ("prov:specificEntity", "prov:generalEntity"), "prov:mentionOf"),
        plain("mentionOf", ("prov:specificEntity", "prov:bundle"), "prov:asInBundle"),
    ]
};
