//! The PROV bundle as a lineage: what was made by what from what.

use std::collections::{BTreeMap, BTreeSet};

use super::circles;
use super::rdf::{Graph, Term};

const PROV: &str = "http://www.w3.org/ns/prov#";

/// The kinds of thing in PROV, with the classes that stand for them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Kind {
    Entity,
    Activity,
    Agent,
}

impl Kind {
    const fn classes(self) -> &'static [&'static str] {
        match self {
            Self::Entity => &["Entity", "Collection", "EmptyCollection", "Plan", "Bundle"],
            Self::Activity => &["Activity"],
            Self::Agent => &["Agent", "SoftwareAgent", "Person", "Organization"],
        }
    }
}

/// Which relation holds between which kinds; `upstream` ones lead from a thing to what it came of.
struct Relation {
    name: &'static str,
    from: Kind,
    to: Kind,
    upstream: bool,
}

const RELATIONS: &[Relation] = {
    use Kind::{Activity, Agent, Entity};
    const fn relation(name: &'static str, from: Kind, to: Kind, upstream: bool) -> Relation {
        Relation { name, from, to, upstream }
    }
    &[
        relation("used", Activity, Entity, true),
        relation("wasGeneratedBy", Entity, Activity, true),
        relation("wasDerivedFrom", Entity, Entity, true),
        relation("wasRevisionOf", Entity, Entity, true),
        relation("wasQuotedFrom", Entity, Entity, true),
        relation("hadPrimarySource", Entity, Entity, true),
        relation("wasInformedBy", Activity, Activity, true),
        relation("specializationOf", Entity, Entity, true),
        relation("alternateOf", Entity, Entity, false),
        relation("hadMember", Entity, Entity, false),
        relation("wasInvalidatedBy", Entity, Activity, false),
        relation("wasStartedBy", Activity, Entity, false),
        relation("wasEndedBy", Activity, Entity, false),
        relation("wasAssociatedWith", Activity, Agent, false),
        relation("wasAttributedTo", Entity, Agent, false),
        relation("actedOnBehalfOf", Agent, Agent, false),
    ]
};

/// A qualified form: a node of its own stands for the relation.
pub(super) struct Form {
    pub(super) property: &'static str,
    /// The class of the node.
    pub(super) class: &'static str,
    /// The node's property that names the other side.
    pub(super) member: &'static str,
    relation: &'static str,
    /// Whether the other side must be named.
    pub(super) demanded: bool,
}

impl Form {
    pub(super) fn is_derivation(&self) -> bool {
        DERIVATIONS.contains(&self.relation)
    }
}

pub(super) const DERIVATIONS: [&str; 4] =
    ["wasDerivedFrom", "wasRevisionOf", "wasQuotedFrom", "hadPrimarySource"];

const FORMS: &[Form] = {
    const fn form(
        property: &'static str,
        class: &'static str,
        member: &'static str,
        relation: &'static str,
        demanded: bool,
    ) -> Form {
        Form { property, class, member, relation, demanded }
    }
    &[
        form("qualifiedUsage", "Usage", "entity", "used", false),
        form("qualifiedGeneration", "Generation", "activity", "wasGeneratedBy", false),
        form("qualifiedDerivation", "Derivation", "entity", "wasDerivedFrom", true),
        form("qualifiedRevision", "Revision", "entity", "wasRevisionOf", true),
        form("qualifiedQuotation", "Quotation", "entity", "wasQuotedFrom", true),
        form("qualifiedPrimarySource", "PrimarySource", "entity", "hadPrimarySource", true),
        form("qualifiedCommunication", "Communication", "activity", "wasInformedBy", true),
        form("qualifiedInvalidation", "Invalidation", "activity", "wasInvalidatedBy", false),
        form("qualifiedStart", "Start", "entity", "wasStartedBy", false),
        form("qualifiedEnd", "End", "entity", "wasEndedBy", false),
        form("qualifiedAssociation", "Association", "agent", "wasAssociatedWith", false),
        form("qualifiedAttribution", "Attribution", "agent", "wasAttributedTo", true),
        form("qualifiedDelegation", "Delegation", "agent", "actedOnBehalfOf", false),
        form("qualifiedInfluence", "Influence", "influencer", "wasInfluencedBy", true),
    ]
};

/// A term of PROV-O.
pub(super) fn prov(name: &str) -> String {
    format!("{PROV}{name}")
}

pub(super) struct Edge {
    pub(super) name: &'static str,
    pub(super) from: (Kind, Term),
    pub(super) to: (Kind, Term),
    upstream: bool,
}

pub(super) struct Lineage {
    pub(super) graph: Graph,
    defined: BTreeSet<(Kind, Term)>,
    pub(super) edges: Vec<Edge>,
    joined: BTreeMap<(&'static str, Term), BTreeSet<Term>>,
    upstream: BTreeMap<Term, Vec<Term>>,
}

impl Lineage {
    pub(super) fn new(graph: Graph) -> Self {
        let mut defined = BTreeSet::new();
        for kind in [Kind::Entity, Kind::Activity, Kind::Agent] {
            for class in kind.classes() {
                let nodes = graph.of_type(&prov(class));
                defined.extend(nodes.into_iter().map(|node| (kind, node.clone())));
            }
        }
        let mut edges = Vec::new();
        for relation in RELATIONS {
            let mut add = |from: &Term, to: &Term| {
                edges.push(Edge {
                    name: relation.name,
                    from: (relation.from, from.clone()),
                    to: (relation.to, to.clone()),
                    upstream: relation.upstream,
                });
            };
            for (from, to) in graph.pairs(&prov(relation.name)) {
                add(from, to);
            }
            if relation.name == "wasGeneratedBy" {
                for (activity, entity) in graph.pairs(&prov("generated")) {
                    add(entity, activity);
                }
            }
            for form in FORMS.iter().filter(|form| form.relation == relation.name) {
                let member = prov(form.member);
                for (from, node) in graph.pairs(&prov(form.property)) {
                    // Several contradict one another, and are told.
                    if let Some(to) = graph.objects(node, &member).next() {
                        add(from, to);
                    }
                }
            }
        }
        let mut joined: BTreeMap<(&'static str, Term), BTreeSet<Term>> = BTreeMap::new();
        for edge in &edges {
            let ends = joined.entry((edge.name, edge.from.1.clone())).or_default();
            ends.insert(edge.to.1.clone());
        }
        let mut upstream: BTreeMap<Term, Vec<Term>> = BTreeMap::new();
        for edge in edges.iter().filter(|edge| edge.upstream) {
            upstream.entry(edge.from.1.clone()).or_default().push(edge.to.1.clone());
        }
        Self { graph, defined, edges, joined, upstream }
    }

    pub(super) fn is(&self, kind: Kind, term: &Term) -> bool {
        self.defined.contains(&(kind, term.clone()))
    }

    pub(super) fn all(&self, kind: Kind) -> impl Iterator<Item = &Term> {
        self.defined.iter().filter(move |(k, _)| *k == kind).map(|(_, term)| term)
    }

    pub(super) fn has(&self, name: &'static str, from: &Term, to: &Term) -> bool {
        self.joined.get(&(name, from.clone())).is_some_and(|ends| ends.contains(to))
    }

    /// Every node that has a relation, and what it leads to.
    pub(super) fn ends(
        &self,
        name: &'static str,
    ) -> impl Iterator<Item = (&Term, &BTreeSet<Term>)> {
        self.joined.iter().filter(move |((n, _), _)| *n == name).map(|((_, from), to)| (from, to))
    }

    /// Whether some activity generated a node.
    pub(super) fn is_generated(&self, term: &Term) -> bool {
        self.joined.contains_key(&("wasGeneratedBy", term.clone()))
    }

    /// What a node directly came of.
    pub(super) fn upstream(&self, term: &Term) -> &[Term] {
        self.upstream.get(term).map(Vec::as_slice).unwrap_or_default()
    }

    /// How relations can be qualified.
    pub(super) fn forms(&self) -> impl Iterator<Item = &'static Form> + use<> {
        FORMS.iter()
    }

    /// The nodes that came of themselves: one for each circle, the least of it.
    pub(super) fn cycles(&self) -> Vec<&Term> {
        let numbers: BTreeMap<&Term, usize> = self.upstream.keys().zip(0..).collect();
        let up = |ups: &Vec<Term>| ups.iter().filter_map(|up| numbers.get(up).copied()).collect();
        let next: Vec<Vec<usize>> = self.upstream.values().map(up).collect();
        let component = circles::components(&next);
        let mut seen = BTreeSet::new();
        let circular =
            |number: usize| next[number].iter().any(|up| component[*up] == component[number]);
        let nodes = numbers.into_iter().filter(|(_, number)| circular(*number));
        nodes.filter(|(_, number)| seen.insert(component[*number])).map(|(node, _)| node).collect()
    }
}
