//! From a request to its answer: who may ask, for what, and what is said about it in the log.

use std::{sync::Arc, time::Instant};

use hyper::{
    Method, Request,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, HeaderName, HeaderValue, VARY,
    },
};
use zeroize::Zeroizing;

use super::{
    ApiError, Event, Metrics, Observer, TokenSource, Wanted,
    answer::{self, Answer},
    body::Body,
    connection::{Phase, Stop},
    guard::Guard,
    introspect::Issuers,
    mistake, nais, page,
    query::Query,
    route::Route,
    tokens::{Held, Origin, Refused, Tokens},
};
use crate::{
    clock::Clock,
    language::Language,
    printer::{HeadersForm, print_headers},
};

/// Everything that answering takes.
pub(super) struct App<S> {
    pub(super) source: Arc<S>,
    pub(super) tokens: Arc<Tokens<S>>,
    pub(super) issuers: Issuers,
    pub(super) metrics: Arc<Metrics>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) observer: Option<Observer>,
}

/// An answer, and what the log says about it.
pub(super) struct Told {
    pub(super) answer: Answer,
    wanted: Option<Wanted>,
    what: String,
    /// What is wrong with the request itself.
    mistake: Option<Box<ApiError>>,
}

impl Told {
    pub(super) fn new(answer: Answer, what: &str) -> Self {
        Self { answer, wanted: None, what: what.to_owned(), mistake: None }
    }

    pub(super) fn failed(failed: &ApiError) -> Self {
        Self { mistake: Some(Box::new(failed.clone())), ..Self::new(answer::failed(failed), failed.code()) }
    }

    /// The same, as a page for a reader of this language when there is one.
    fn told_to(mut self, reader: Option<Language>) -> Self {
        if let (Some(failed), Some(language)) = (&self.mistake, reader) {
            self.answer = mistake::page(failed, language);
        }
        self
    }

    pub(super) fn about(self, wanted: Wanted) -> Self {
        Self { wanted: Some(wanted), ..self }
    }

    /// An answer with a token in it, or why there is none.
    pub(super) fn of(taken: &Result<(Arc<Held>, Origin), Refused>, answer: impl FnOnce(&Held) -> Answer) -> Self {
        match taken {
            Ok((held, Origin::Memory)) => Self::new(answer(held), "memory"),
            Ok((held, Origin::Server)) => Self::new(answer(held), "fresh"),
            Ok((held, Origin::LastResort)) => Self::new(answer(held), "memory, since no other was to be had"),
            Err(refused) => {
                let unasked = if refused.unasked { ", not asked again yet" } else { "" };
                Self::new(answer::refused(refused), &format!("{}{unasked}", refused.failed.code()))
            }
        }
    }
}

impl<S: TokenSource> App<S> {
    /// Answers, counts and tells the log.
    pub(super) async fn handle(self: &Arc<Self>, guard: &Guard, request: Request<Body>, mut stop: Stop) -> Answer {
        let started = Instant::now();
        let method = known(request.method());
        let route = Route::of(request.uri().path()).map(|route| match route {
            Route::Token if page::is_wanted(request.headers()) => Route::Page,
            other => other,
        });
        let allowed = guard.allowed_origin(request.headers()).and_then(|origin| HeaderValue::from_str(origin).ok());
        let reader = page::is_wanted(request.headers()).then(|| mistake::language(request.headers()));
        let told = match guard.check(&request, route) {
            Ok(()) => tokio::select! {
                biased;
                told = self.answer(request, route, allowed.is_some()) => told.told_to(reader),
                _ = stop.wait_for(|phase| *phase == Phase::Over) => Told::failed(&stopped()),
            },
            Err(failed) => Told::failed(&failed),
        };
        let mut answer = told.answer;
        if let Some(origin) = allowed {
            answer = answer::with_header(answer, ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            answer = answer::with_header(answer, VARY, HeaderValue::from_static("Origin"));
            answer = answer::with_header(answer, ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
        let (path, status) = (route.map_or("-", Route::path), answer.status().as_u16());
        self.metrics.count_request(path, status);
        if let Some(observer) = &self.observer {
            observer(&Event::Request {
                method,
                path,
                status,
                milliseconds: started.elapsed().as_millis(),
                profile: told.wanted.as_ref().map(|wanted| wanted.profile.name.clone()),
                scope: told.wanted.as_ref().map(|wanted| wanted.scopes().to_string()),
                what: told.what,
            });
        }
        answer
    }

    async fn answer(self: &Arc<Self>, request: Request<Body>, route: Option<Route>, cors: bool) -> Told {
        let Some(route) = route else {
            let failed = ApiError::new(404, "not_found", "there is nothing at this path");
            return Told::failed(&failed.hint("ask for / or /headers, or post to /api/v1/token"));
        };
        if request.method() == Method::OPTIONS && cors {
            return Told::new(preflight(route), "preflight");
        }
        if request.method().as_str() != route.method() {
            return Told::new(answer::method_not_allowed(route.method()), "method");
        }
        let query = match Query::read(request.uri().query(), route.query()) {
            Ok(query) => query,
            Err(failed) => return Told::failed(&failed),
        };
        match route {
            Route::Page => Told::new(page::document(), "page"),
            Route::Token => self.token(&query).await,
            Route::Headers => self.headers(&query).await,
            Route::Health => Told::new(answer::with(200, answer::TEXT, "ok\n"), "healthy"),
            Route::Metrics => {
                let text = self.metrics.text(&self.tokens.all(), self.clock.now());
                Told::new(answer::with(200, METRICS, text), "metrics")
            }
            // On the heap: every open connection has room for the largest of what stands here.
            Route::NaisToken => Box::pin(nais::token(self, request, &query)).await,
            Route::NaisIntrospect => Box::pin(nais::introspect(self, request, &query)).await,
            Route::PageStyle => Told::new(page::style(), "page"),
            Route::PageScript => Told::new(page::script(page::SCRIPT), "page"),
            Route::PageShowing => Told::new(page::script(page::SHOWING), "page"),
            Route::PageCopying => Told::new(page::script(page::COPYING), "page"),
            Route::PageWords => Told::new(page::script(page::WORDS), "page"),
            Route::PageData => Box::pin(page::data(self, request.headers(), &query)).await,
        }
    }

    async fn token(self: &Arc<Self>, query: &Query) -> Told {
        self.taken(query, query.cache.unwrap_or(false), |held, age| answer::aged(held.body.clone(), age)).await
    }

    /// The headers of a request to an API, as `curl -H @-` reads them. From memory, unless the query says otherwise.
    async fn headers(self: &Arc<Self>, query: &Query) -> Told {
        let along = query.profile(&self.source.profiles()).map(|profile| profile.headers.clone()).unwrap_or_default();
        self.taken(query, query.cache.unwrap_or(true), |held, _| {
            let mut lines = Zeroizing::new(Vec::new());
            match print_headers(HeadersForm::Lines, &held.token, &along, &mut *lines) {
                Ok(()) => answer::with(200, answer::TEXT, bytes::Bytes::from_owner(lines)),
                Err(_) => answer::failed(&ApiError::new(500, "internal", "the headers could not be written")),
            }
        })
        .await
    }

    async fn taken(
        self: &Arc<Self>,
        query: &Query,
        remembered: bool,
        answer: impl FnOnce(&Held, u64) -> Answer + Send,
    ) -> Told {
        let wanted = match query.wanted(&self.source.profiles()) {
            Ok(wanted) => wanted,
            Err(failed) => return Told::failed(&failed),
        };
        let taken = self.take(&wanted, remembered).await;
        let now = self.clock.now();
        Told::of(&taken, |held| answer(held, held.age(now))).about(wanted)
    }

    pub(super) async fn take(
        self: &Arc<Self>,
        wanted: &Wanted,
        remembered: bool,
    ) -> Result<(Arc<Held>, Origin), Refused> {
        if remembered { self.tokens.remembered(wanted).await } else { self.tokens.fresh(wanted).await }
    }
}

fn stopped() -> ApiError {
    ApiError::new(503, "stopped", "the server was stopped before there was an answer").hint("ask again when it runs")
}

/// What else a page of a named origin may read.
const EXPOSED: HeaderValue = HeaderValue::from_static("age, retry-after");

const METRICS: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// What a named origin may do (Fetch §4.8, and <https://wicg.github.io/private-network-access/>).
fn preflight(route: Route) -> Answer {
    const PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");
    let mut answer = answer::with(204, answer::TEXT, "");
    let headers = answer.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(route.method()));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization, content-type"));
    headers.insert(PRIVATE_NETWORK, HeaderValue::from_static("true"));
    answer
}

/// A method as the log has it: nobody writes there what he likes.
fn known(method: &Method) -> &'static str {
    let known = ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"];
    known.into_iter().find(|known| method.as_str() == *known).unwrap_or("-")
}
