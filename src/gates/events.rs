//! The events that a PROV bundle tells of, which of them comes before which by PROV-CONSTRAINTS, and
//! what contradicts that.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::circles;
use super::known::Known;
use super::lineage::{Kind, Lineage, prov};
use super::rdf::Term;

/// An `xsd:dateTime`; one without a zone counts as UTC.
pub(super) fn instant(term: &Term) -> Option<Timestamp> {
    let Term::Literal(text) = term else { return None };
    if !text.contains('T') {
        return None;
    }
    text.parse::<Timestamp>().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}

/// All starts of an activity are one event, and so are its ends, and an entity's generations and
/// invalidations: each would have to come before the other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event<'a> {
    Start(&'a Term),
    End(&'a Term),
    Generation(&'a Term),
    Invalidation(&'a Term),
    /// By an activity, of an entity, and which one if it is told apart.
    Usage(&'a Term, &'a Term, Option<&'a Term>),
}

impl<'a> Event<'a> {
    pub(super) const fn subject(&self) -> &'a Term {
        match self {
            Self::Start(node)
            | Self::End(node)
            | Self::Generation(node)
            | Self::Invalidation(node)
            | Self::Usage(node, _, _) => node,
        }
    }

    pub(super) fn shown(&self, known: &Known<'_>) -> String {
        let node = known.show(self.subject());
        match self {
            Self::Start(_) => format!("{node} starts"),
            Self::End(_) => format!("{node} ends"),
            Self::Generation(_) => format!("{node} is generated"),
            Self::Invalidation(_) => format!("{node} is invalidated"),
            Self::Usage(_, entity, _) => format!("{node} uses {}", known.show(entity)),
        }
    }
}

/// Events by number, so that what leads to what is a list of lists.
#[derive(Default)]
pub(super) struct Order<'a> {
    numbers: BTreeMap<Event<'a>, usize>,
    events: Vec<Event<'a>>,
    times: Vec<BTreeSet<Timestamp>>,
    /// What each event does not come after.
    next: Vec<Vec<usize>>,
    /// Pairs of which the first surely comes before the second.
    strict: Vec<(usize, usize)>,
}

impl<'a> Order<'a> {
    pub(super) fn new(lineage: &'a Lineage) -> Self {
        let mut order = Self::default();
        order.relations(lineage);
        order.derivations(lineage);
        order.read_times(lineage);
        order
    }

    fn event(&mut self, event: Event<'a>) -> (usize, bool) {
        if let Some(number) = self.numbers.get(&event) {
            return (*number, false);
        }
        let number = self.events.len();
        self.numbers.insert(event, number);
        self.events.push(event);
        self.times.push(BTreeSet::new());
        self.next.push(Vec::new());
        (number, true)
    }

    fn before(&mut self, first: usize, then: usize) {
        self.next[first].push(then);
    }

    /// Start and end.
    fn activity(&mut self, node: &'a Term) -> (usize, usize) {
        let (start, new) = self.event(Event::Start(node));
        let (end, _) = self.event(Event::End(node));
        if new {
            self.before(start, end);
        }
        (start, end)
    }

    /// Generation and invalidation.
    fn entity(&mut self, node: &'a Term) -> (usize, usize) {
        let (generation, new) = self.event(Event::Generation(node));
        let (invalidation, _) = self.event(Event::Invalidation(node));
        if new {
            self.before(generation, invalidation);
        }
        (generation, invalidation)
    }

    fn usage(&mut self, activity: &'a Term, entity: &'a Term, which: Option<&'a Term>) -> usize {
        let (usage, new) = self.event(Event::Usage(activity, entity, which));
        if new {
            let (start, end) = self.activity(activity);
            let (generation, invalidation) = self.entity(entity);
            for first in [start, generation] {
                self.before(first, usage);
            }
            for then in [end, invalidation] {
                self.before(usage, then);
            }
        }
        usage
    }

    fn generation(&mut self, entity: &'a Term, activity: &'a Term) -> usize {
        let (start, end) = self.activity(activity);
        let (generation, _) = self.entity(entity);
        self.before(start, generation);
        self.before(generation, end);
        generation
    }

    /// PROV-CONSTRAINTS 33 to 49.
    fn relations(&mut self, lineage: &'a Lineage) {
        for edge in &lineage.edges {
            let (from, to) = (&edge.from.1, &edge.to.1);
            match edge.name {
                "used" => drop(self.usage(from, to, None)),
                "wasGeneratedBy" => drop(self.generation(from, to)),
                "wasDerivedFrom" | "wasRevisionOf" | "wasQuotedFrom" | "hadPrimarySource" => {
                    let (source, made) = (self.entity(to).0, self.entity(from).0);
                    self.before(source, made);
                    self.strict.push((source, made));
                }
                "wasInformedBy" => {
                    let (start, end) = (self.activity(to).0, self.activity(from).1);
                    self.before(start, end);
                }
                "wasStartedBy" | "wasEndedBy" => {
                    let (start, end) = self.activity(from);
                    let (generation, invalidation) = self.entity(to);
                    let event = if edge.name == "wasStartedBy" { start } else { end };
                    self.before(generation, event);
                    self.before(event, invalidation);
                }
                "specializationOf" => {
                    let (special, general) = (self.entity(from), self.entity(to));
                    self.before(general.0, special.0);
                    self.before(special.1, general.1);
                }
                "wasAssociatedWith" => {
                    let (start, end) = self.activity(from);
                    for (first, last) in self.agent(lineage, to) {
                        self.before(start, last);
                        self.before(first, end);
                    }
                }
                "wasAttributedTo" => {
                    let (generation, _) = self.entity(from);
                    for (first, _) in self.agent(lineage, to) {
                        self.before(first, generation);
                    }
                }
                "actedOnBehalfOf" => {
                    let delegates = self.agent(lineage, from);
                    for (first, _) in self.agent(lineage, to) {
                        for (_, last) in &delegates {
                            self.before(first, *last);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// First and last moment of an agent that is an entity or an activity as well.
    fn agent(&mut self, lineage: &Lineage, node: &'a Term) -> Vec<(usize, usize)> {
        let mut spans = Vec::new();
        if lineage.is(Kind::Entity, node) {
            spans.push(self.entity(node));
        }
        if lineage.is(Kind::Activity, node) {
            spans.push(self.activity(node));
        }
        spans
    }

    /// A derivation by an activity: it used the one before it made the other.
    fn derivations(&mut self, lineage: &'a Lineage) {
        let graph = &lineage.graph;
        for form in lineage.forms().filter(|form| form.is_derivation()) {
            for (made, node) in graph.pairs(&prov(form.property)) {
                let one = |name: &str| graph.values(node, &prov(name)).next().map(|o| &o.term);
                let (Some(activity), Some(source)) = (one("hadActivity"), one("entity")) else {
                    continue;
                };
                let generation = self.generation(made, activity);
                let usage = self.usage(activity, source, one("hadUsage"));
                self.before(usage, generation);
            }
        }
    }

    fn read_times(&mut self, lineage: &'a Lineage) {
        let graph = &lineage.graph;
        let plain: [(&str, fn(&'a Term) -> Event<'a>); 4] = [
            ("startedAtTime", Event::Start),
            ("endedAtTime", Event::End),
            ("generatedAtTime", Event::Generation),
            ("invalidatedAtTime", Event::Invalidation),
        ];
        for (name, event) in plain {
            for (node, time) in graph.pairs(&prov(name)) {
                self.at(event(node), time);
            }
        }
        let qualified: [(&str, fn(&'a Term) -> Event<'a>); 4] = [
            ("qualifiedStart", Event::Start),
            ("qualifiedEnd", Event::End),
            ("qualifiedGeneration", Event::Generation),
            ("qualifiedInvalidation", Event::Invalidation),
        ];
        let at_time = prov("atTime");
        for (name, event) in qualified {
            for (subject, node) in graph.pairs(&prov(name)) {
                for time in graph.values(node, &at_time) {
                    self.at(event(subject), &time.term);
                }
            }
        }
        for (activity, node) in graph.pairs(&prov("qualifiedUsage")) {
            let Some(entity) = graph.values(node, &prov("entity")).next() else { continue };
            for time in graph.values(node, &at_time) {
                self.usage(activity, &entity.term, Some(node));
                self.at(Event::Usage(activity, &entity.term, Some(node)), &time.term);
            }
        }
    }

    fn at(&mut self, event: Event<'a>, time: &Term) {
        let Some(time) = instant(time) else { return };
        let number = match event {
            Event::Start(node) => self.activity(node).0,
            Event::End(node) => self.activity(node).1,
            Event::Generation(node) => self.entity(node).0,
            Event::Invalidation(node) => self.entity(node).1,
            Event::Usage(..) => self.event(event).0,
        };
        self.times[number].insert(time);
    }

    /// Every event with the times that the bundle says.
    pub(super) fn times(&self) -> impl Iterator<Item = (&Event<'a>, &BTreeSet<Timestamp>)> {
        self.events.iter().zip(&self.times)
    }

    /// Events that are said to be earlier than one that comes before them, each once: the one
    /// before with its time, and the event with its own.
    pub(super) fn contradictions(&self) -> Vec<((&Event<'a>, Timestamp), (&Event<'a>, Timestamp))> {
        let last = |number: usize| self.times[number].last();
        let mut sources: Vec<usize> =
            (0..self.events.len()).filter(|n| last(*n).is_some()).collect();
        // From the latest on: what one has reached, no later one can say more of.
        sources.sort_by_key(|number| Reverse(last(*number)));
        let mut reached = vec![false; self.events.len()];
        let mut told = BTreeSet::new();
        let mut found = Vec::new();
        for source in sources {
            let Some(late) = last(source) else { continue };
            let mut queue = vec![source];
            while let Some(number) = queue.pop() {
                for &then in &self.next[number] {
                    if reached[then] {
                        continue;
                    }
                    match self.times[then].first().filter(|early| *early < late) {
                        Some(early) if told.insert(then) => {
                            let event = (&self.events[then], *early);
                            found.push(((&self.events[source], *late), event));
                        }
                        // It goes on from there by its own time.
                        Some(_) => {}
                        None => {
                            reached[then] = true;
                            queue.push(then);
                        }
                    }
                }
            }
        }
        found
    }

    /// An event that would have to come before itself.
    pub(super) fn before_itself(&self) -> Option<&Event<'a>> {
        let component = circles::components(&self.next);
        let strict = self.strict.iter().find(|(a, b)| component[*a] == component[*b]);
        strict.map(|(_, event)| &self.events[*event])
    }
}
