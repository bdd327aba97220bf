//! One request at all rules.
//!
//! First the keys of all rules that match are read, while the headers are at hand; then tokens are taken, in the order of the rules.
//! Which comes first is the operator's choice and decides no more than which refusal a client sees: a rule that refuses gives the tokens of
//! the others back. Rejected: asking every rule and then refusing, which would charge a client for requests it was refused.

mod asked;

use filter::shared;
use filter::{Exchange, HostError, Level, Proxy, Reply};
use matcher::RequestLine;

use crate::buckets::{Buckets, Taken, Trouble};
use crate::clock::Clock;
use crate::config::{Config, Failure, Keyless, Rule};
use crate::fingerprint::{Fingerprint, Seed};
use crate::judge::asked::{Asked, count, refuse};
use crate::key::Source;
use crate::metrics::{self, Event};
use crate::{reply, setup};

/// In the place of a rule's number: all of them.
const ALL: usize = usize::MAX;

/// The rules, and what this worker remembers.
#[derive(Debug)]
pub(crate) struct Judge {
    rules: Vec<(Rule, Buckets)>,
    failure: Failure,
    seed: Option<Seed>,
    /// Room for the rules that match a request, so that none is made for each.
    matched: Vec<Matched>,
    /// The rule that fails, and that it does was logged; [`ALL`] when no rule can decide.
    troubled: Option<usize>,
}

/// A rule that matches the request.
#[derive(Clone, Copy, Debug)]
struct Matched {
    rule: usize,
    key: Fingerprint,
    /// Whether the request has a token of it.
    holds: bool,
    /// Whether the request is to be refused for want of a key.
    keyless: bool,
}

/// What becomes of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It passes.
    Admit,
    /// It is answered.
    Refuse(Box<Reply>),
}

impl Judge {
    pub(crate) fn new(config: Config) -> Self {
        let with_buckets = |rule: Rule| {
            let buckets = Buckets::new(rule.limit, rule.keys);
            (rule, buckets)
        };
        Self {
            rules: config.rules.into_iter().map(with_buckets).collect(),
            failure: config.failure,
            seed: None,
            matched: Vec::new(),
            troubled: None,
        }
    }

    /// The names of the rules.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|(rule, _)| rule.name.as_str())
    }

    /// Sets up shared data. What fails is tried again with the next request.
    pub(crate) fn start(&mut self, proxy: &mut dyn Proxy) -> Option<Seed> {
        if self.seed.is_none() {
            let shapes = self.rules.iter().map(|(_, buckets)| buckets.shape());
            match setup::run(proxy, shapes) {
                Ok(seed) => self.seed = Some(seed),
                Err(error) => self.complain(ALL, proxy, &error),
            }
        }
        self.seed
    }

    /// Judges a request.
    pub(crate) fn request(&mut self, exchange: &mut dyn Exchange) -> Verdict {
        let mut matched = std::mem::take(&mut self.matched);
        matched.clear();
        let verdict = match self.start(exchange) {
            Some(seed) => self.judge(seed, exchange, &mut matched),
            None => self.undecided(exchange),
        };
        self.matched = matched;
        verdict
    }

    fn judge(
        &mut self,
        seed: Seed,
        exchange: &mut dyn Exchange,
        matched: &mut Vec<Matched>,
    ) -> Verdict {
        let found = self.find(&seed, exchange, matched);
        match found.and_then(|()| self.take(exchange, matched)) {
            Ok(verdict) => verdict,
            Err(error) => {
                self.complain(ALL, exchange, &error);
                self.undecided(exchange)
            }
        }
    }

    /// Finds the rules that match and their keys.
    fn find(
        &self,
        seed: &Seed,
        exchange: &mut dyn Exchange,
        matched: &mut Vec<Matched>,
    ) -> Result<(), HostError> {
        let line = RequestLine::new(exchange.headers()?);
        let source = Source::new(exchange, &line);
        for (index, (rule, _)) in self.rules.iter().enumerate() {
            if !rule.matching.matches(&line) {
                continue;
            }
            let found = rule.key.find(seed, &source)?;
            matched.push(Matched {
                rule: index,
                key: found.fingerprint,
                holds: false,
                keyless: !found.complete,
            });
        }
        Ok(())
    }

    /// Takes a token of each rule, or of none.
    fn take(
        &mut self,
        exchange: &mut dyn Exchange,
        matched: &mut [Matched],
    ) -> Result<Verdict, HostError> {
        let verdict = self.ask_all(exchange, matched);
        let held = matched.iter().filter(|one| one.holds);
        if let Ok(Verdict::Admit) = verdict {
            held.for_each(|one| count(exchange, one.rule, Event::Admitted));
        } else {
            held.for_each(|one| self.put_back(one));
        }
        verdict
    }

    /// Asks the rules until one refuses.
    fn ask_all(
        &mut self,
        exchange: &mut dyn Exchange,
        matched: &mut [Matched],
    ) -> Result<Verdict, HostError> {
        let mut clock = Clock::default();
        for one in matched {
            match self.ask(one, &mut clock, exchange)? {
                Asked::Holds => one.holds = true,
                Asked::Passes => {}
                Asked::Refuses(reply) => return Ok(Verdict::Refuse(reply)),
            }
        }
        Ok(Verdict::Admit)
    }

    fn put_back(&mut self, one: &Matched) {
        if let Some((_, buckets)) = self.rules.get_mut(one.rule) {
            buckets.put_back(one.key);
        }
    }

    /// Asks one rule.
    fn ask(
        &mut self,
        one: &Matched,
        clock: &mut Clock,
        exchange: &mut dyn Exchange,
    ) -> Result<Asked, HostError> {
        let Some((rule, buckets)) = self.rules.get_mut(one.rule) else {
            return Ok(Asked::Passes);
        };
        if one.keyless {
            count(exchange, one.rule, Event::Keyless);
            match rule.keyless {
                Keyless::Share => {}
                Keyless::Skip => return Ok(Asked::Passes),
                Keyless::Refuse => {
                    let reply = || reply::keyless(&rule.name);
                    return Ok(refuse(rule, one.rule, exchange, reply));
                }
            }
        }
        if buckets.take_blind(one.key) {
            return Ok(Asked::Holds);
        }
        let now = clock.read(exchange)?;
        let mut stepped = false;
        let taken = buckets.take(one.key, now, |step| {
            stepped = true;
            let slot = setup::slot(one.rule, step.page());
            shared::update(exchange, &slot, |page| step.run(page))
        });
        if let Taken::Token { crowded: true } | Taken::None { crowded: true, .. } = taken {
            count(exchange, one.rule, Event::Crowded);
        }
        let asked = match taken {
            Taken::Token { .. } => Asked::Holds,
            Taken::None { until, .. } => refuse(rule, one.rule, exchange, || {
                let wait = until.saturating_sub(now);
                rule.refusal.limited(&rule.name, &rule.limit, wait)
            }),
            Taken::Unknown(trouble) => return Ok(self.unknown(one.rule, trouble, exchange)),
        };
        if stepped {
            self.works_again(one.rule);
        }
        Ok(asked)
    }

    /// One rule cannot decide.
    fn unknown(&mut self, index: usize, trouble: Trouble, exchange: &mut dyn Exchange) -> Asked {
        count(exchange, index, Event::Failed);
        self.complain(index, exchange, &trouble);
        match (self.rules.get(index), self.failure) {
            (Some((rule, _)), Failure::Closed) if !rule.shadow => {
                Asked::Refuses(Box::new(reply::failed(&rule.name)))
            }
            _ => Asked::Passes,
        }
    }

    /// No rule can decide.
    fn undecided(&self, exchange: &mut dyn Exchange) -> Verdict {
        exchange.count(metrics::FAILED, 1);
        if self.failure == Failure::Closed && self.concerns(exchange) {
            Verdict::Refuse(Box::new(reply::unreadable()))
        } else {
            Verdict::Admit
        }
    }

    /// Whether a rule that may refuse requests is for this one. A request that cannot be read could be one of any rule.
    fn concerns(&self, exchange: &dyn Exchange) -> bool {
        let line = exchange.headers().ok().map(RequestLine::new);
        let matches = |rule: &Rule| line.as_ref().is_none_or(|line| rule.matching.matches(line));
        self.rules
            .iter()
            .any(|(rule, _)| !rule.shadow && matches(rule))
    }

    /// A step of this rule took effect. That another rule fails, and that this was logged, stays so.
    fn works_again(&mut self, rule: usize) {
        if self.troubled == Some(rule) || self.troubled == Some(ALL) {
            self.troubled = None;
        }
    }

    /// Logs what fails, once until it works again: a line for each request would be a fault of its own.
    fn complain(&mut self, rule: usize, proxy: &dyn Proxy, trouble: &dyn std::fmt::Display) {
        if self.troubled.is_none() {
            self.troubled = Some(rule);
            let then = match self.failure {
                Failure::Closed => "requests are refused (failureMode: closed)",
                Failure::Open => "requests are admitted (failureMode: open)",
            };
            proxy.log(
                Level::Warn,
                &format!("rate-limit: {trouble}; until that is over, {then}"),
            );
        }
    }
}
