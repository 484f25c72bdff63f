//! The PROV bundle as a lineage: what was made by what from what.

use std::collections::{BTreeMap, BTreeSet};

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

/// Qualified forms: the property, the property of its node, and the relation that they make.
const QUALIFIED: &[(&str, &str, &str)] = &[
    ("qualifiedUsage", "entity", "used"),
    ("qualifiedGeneration", "activity", "wasGeneratedBy"),
    ("qualifiedDerivation", "entity", "wasDerivedFrom"),
    ("qualifiedRevision", "entity", "wasRevisionOf"),
    ("qualifiedQuotation", "entity", "wasQuotedFrom"),
    ("qualifiedPrimarySource", "entity", "hadPrimarySource"),
    ("qualifiedCommunication", "activity", "wasInformedBy"),
    ("qualifiedInvalidation", "activity", "wasInvalidatedBy"),
    ("qualifiedStart", "entity", "wasStartedBy"),
    ("qualifiedEnd", "entity", "wasEndedBy"),
    ("qualifiedAssociation", "agent", "wasAssociatedWith"),
    ("qualifiedAttribution", "agent", "wasAttributedTo"),
    ("qualifiedDelegation", "agent", "actedOnBehalfOf"),
];

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
                let nodes = graph.of_type(&format!("{PROV}{class}"));
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
            for (from, to) in graph.pairs(&format!("{PROV}{}", relation.name)) {
                add(from, to);
            }
            if relation.name == "wasGeneratedBy" {
                for (activity, entity) in graph.pairs(&format!("{PROV}generated")) {
                    add(entity, activity);
                }
            }
            for (qualified, member, name) in QUALIFIED {
                if *name == relation.name {
                    let member = format!("{PROV}{member}");
                    for (from, node) in graph.pairs(&format!("{PROV}{qualified}")) {
                        for to in graph.objects(node, &member) {
                            add(from, to);
                        }
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

    /// The nodes that came of themselves: one for each circle, the least of it.
    pub(super) fn cycles(&self) -> Vec<&Term> {
        // Peel off whatever comes of nothing that is left; what stays is in or before a circle.
        let mut left: BTreeMap<&Term, BTreeSet<&Term>> = BTreeMap::new();
        let mut downstream: BTreeMap<&Term, Vec<&Term>> = BTreeMap::new();
        for (node, ups) in &self.upstream {
            for up in ups.iter().filter(|up| self.upstream.contains_key(*up)) {
                if left.entry(node).or_default().insert(up) {
                    downstream.entry(up).or_default().push(node);
                }
            }
        }
        let mut done: Vec<&Term> =
            self.upstream.keys().filter(|node| !left.contains_key(node)).collect();
        while let Some(node) = done.pop() {
            for &down in downstream.get(node).into_iter().flatten() {
                if let Some(ups) = left.get_mut(down) {
                    ups.remove(node);
                    if ups.is_empty() {
                        left.remove(down);
                        done.push(down);
                    }
                }
            }
        }
        let mut found = Vec::new();
        let mut seen: BTreeSet<&Term> = BTreeSet::new();
        for &start in left.keys() {
            if seen.contains(start) {
                continue;
            }
            let reached = reach(start, &left);
            if reached.contains(start) {
                found.push(start);
                seen.extend(reached);
            }
        }
        found
    }
}

fn reach<'a>(
    start: &'a Term,
    edges: &BTreeMap<&'a Term, BTreeSet<&'a Term>>,
) -> BTreeSet<&'a Term> {
    let mut reached = BTreeSet::new();
    let mut queue = vec![start];
    while let Some(node) = queue.pop() {
        for &next in edges.get(node).into_iter().flatten() {
            if reached.insert(next) {
                queue.push(next);
            }
        }
    }
    reached
}
