//! One connection of a tool: whatever it asks goes to a process that it may share, and comes back.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::future::poll_fn;
use h2::RecvStream;
use h2::server::{Builder, SendResponse};
use http::{Request, Response};
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::error::ProviderError;
use super::exchange::{Code, Passed, Reply, WINDOW, break_off, pass_on, read_all, said};
use super::methods::Method;
use super::pool::Shared;
use super::process::Process;
use super::program::{Configured, NotConfigured, Program, Question, Room};
use super::protobuf::unframed;
use super::relative::names_something_of;
use super::schema;
use super::statics::EMPTY;

/// What a service says that is there: the answer of `grpc.health.v1.Health/Check`.
const SERVING: &[u8] = &[0x08, 1];

/// A provider as one command of a tool is served by it.
#[derive(Debug)]
pub struct Unit {
    /// Its number.
    pub id: u64,
    /// The provider's source, for messages.
    pub name: String,
    /// Where the tool works.
    pub dir: PathBuf,
    /// The types that the tool can meet are among these names, where that is known.
    pub types: Option<BTreeSet<String>>,
    /// The program.
    pub program: Arc<Program>,
    /// All providers.
    pub shared: Arc<Shared>,
    /// How many connections there are.
    pub connections: AtomicUsize,
    /// Whether its processes have to work where the tool works.
    pub works_there: AtomicBool,
}

impl Unit {
    /// Where its processes are.
    fn room(&self) -> Arc<Room> {
        self.program.room(self.own_dir().as_deref())
    }

    /// The folder that its processes have to work in, where they do not work just anywhere.
    pub fn own_dir(&self) -> Option<PathBuf> {
        self.works_there.load(Ordering::SeqCst).then(|| self.dir.clone())
    }

    fn look_for_paths(&self, message: &[u8]) {
        if !self.works_there.load(Ordering::SeqCst) && names_something_of(&self.dir, message) {
            let (name, dir) = (&self.name, self.dir.display());
            self.shared
                .place
                .tell(&format!("messages to {name} name files of {dir}: it gets a process that works there"));
            self.works_there.store(true, Ordering::SeqCst);
        }
    }
}

/// A connection, with what it has told its provider.
#[derive(Debug)]
struct Connection {
    unit: Arc<Unit>,
    using: Mutex<Option<Arc<Using>>>,
    /// Whether what it is at is to end.
    is_cut: watch::Sender<bool>,
}

/// A configured process that a connection uses, until this is dropped.
#[derive(Debug)]
struct Using {
    unit: u64,
    configured: Arc<Configured>,
    /// How it was configured, and where it works.
    question: Question,
    dir: Option<PathBuf>,
}

impl Drop for Using {
    fn drop(&mut self) {
        if self.configured.users.leave(self.unit)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            // All who are left had asked for it.
            let process = Arc::clone(&self.configured.process);
            let path = stop_path(process.protocol);
            runtime.spawn(async move { stop(&process, path).await });
        }
    }
}

fn stop_path(protocol: u32) -> &'static str {
    if protocol == 6 { "/tfplugin6.Provider/StopProvider" } else { "/tfplugin5.Provider/Stop" }
}

async fn stop(process: &Process, path: &str) {
    // One that does not answer is killed in the end.
    let _answered = process.ask(path, &said(), Bytes::from_static(EMPTY)).await;
}

/// Serves a connection to its end.
pub async fn serve(stream: UnixStream, unit: Arc<Unit>) {
    let mut builder = Builder::new();
    builder.initial_window_size(WINDOW).initial_connection_window_size(4 * WINDOW);
    // A tool that only looks whether there is anybody says nothing.
    let Ok(mut accepted) = builder.handshake::<_, Bytes>(stream).await else { return };
    let connection =
        Arc::new(Connection { unit, using: Mutex::default(), is_cut: watch::Sender::new(false) });
    // What it is at when the tool is gone ends with it.
    let mut calls = JoinSet::new();
    loop {
        tokio::select! {
            call = accepted.accept() => match call {
                Some(Ok((request, respond))) => {
                    let connection = Arc::clone(&connection);
                    calls.spawn(async move { connection.answer(request, respond).await });
                }
                _ => return,
            },
            Some(_) = calls.join_next() => {}
        }
    }
}

/// What comes of a call.
enum Answer {
    /// An answer that is at hand.
    Ready(Reply),
    /// One of a process that is at it.
    Coming(Arc<Process>, Response<RecvStream>),
}

impl Connection {
    async fn answer(&self, request: Request<RecvStream>, mut respond: SendResponse<Bytes>) {
        let (parts, mut body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let method = Method::of(&path);
        if method == Method::Silent {
            let mut response = Response::new(());
            *response.headers_mut() = said();
            if let Ok(mut stream) = respond.send_response(response, false) {
                let _gone = poll_fn(|context| stream.poll_reset(context)).await;
            }
            return;
        }
        let _underway = self.unit.shared.underway();
        let Ok(body) = read_all(&mut body).await else { return };
        let question = Question { path, headers: parts.headers, body };
        let given_up = async {
            // A stream that is not answered yet can be given up only by whoever asks.
            poll_fn(|context| respond.poll_reset(context)).await
        };
        let answer = tokio::select! {
            answer = self.cut_off(method, self.find_answer(method, question)) => answer,
            _ = given_up => return,
        };
        // Whoever does not listen any more is told nothing.
        let _told = match answer {
            Answer::Ready(reply) => reply.send(respond).await,
            Answer::Coming(process, response) => self.pass_on(method, &process, response, respond).await,
        };
    }

    async fn pass_on(
        &self,
        method: Method,
        process: &Process,
        response: Response<RecvStream>,
        mut respond: SendResponse<Bytes>,
    ) -> Result<(), h2::Error> {
        let passed = tokio::select! {
            passed = pass_on(response, &mut respond) => passed?,
            () = self.is_cut_off(method) => {
                respond.send_reset(h2::Reason::CANCEL);
                return Ok(());
            }
        };
        match passed {
            Passed::Whole => Ok(()),
            Passed::Broken(stream) => {
                let why = process.why(&h2::Reason::CANCEL.into()).await;
                break_off(stream, &why.to_string())
            }
        }
    }

    /// What comes of a call, unless it is to end before that.
    async fn cut_off(&self, method: Method, answer: impl Future<Output = Answer>) -> Answer {
        tokio::select! {
            biased;
            () = self.is_cut_off(method) => {
                Answer::Ready(Reply::refusal(Code::Cancelled, "this unit was interrupted"))
            }
            answer = answer => answer,
        }
    }

    /// Returns when a call of that kind is to end; never where it is waited for.
    async fn is_cut_off(&self, method: Method) {
        let mut is_cut = self.is_cut.subscribe();
        if !matches!(method, Method::Plain | Method::Configure) || is_cut.wait_for(|cut| *cut).await.is_err()
        {
            std::future::pending::<()>().await;
        }
    }

    async fn find_answer(&self, method: Method, question: Question) -> Answer {
        let found = match method {
            Method::Health => return Answer::Ready(Reply::message(SERVING)),
            Method::Shutdown => return Answer::Ready(Reply::message(&[])),
            Method::Unknown | Method::Silent => {
                return Answer::Ready(Reply::refusal(Code::Unimplemented, "providers have no such call"));
            }
            Method::Static => self.unit.room().static_answer(&question).await.map(|reply| {
                let told = reply
                    .told()
                    .and_then(|told| schema::told(&question.path, told, self.unit.types.as_ref()));
                Answer::Ready(told.map_or(reply, |told| Reply::message(&told)))
            }),
            Method::Stop => self.stop(&question).await.map(Answer::Ready),
            Method::Configure => self.configure(question).await.map(Answer::Ready),
            Method::Lasting if *self.is_cut.borrow() => {
                return Answer::Ready(Reply::refusal(Code::Cancelled, "this unit was interrupted"));
            }
            Method::Plain | Method::Lasting | Method::Closing => self.forward(&question).await,
        };
        found.unwrap_or_else(|error| Answer::Ready(Reply::refusal(Code::Internal, &error.to_string())))
    }

    /// Asks the process that this connection is at.
    async fn forward(&self, question: &Question) -> Result<Answer, ProviderError> {
        self.unit.look_for_paths(unframed(&question.body).unwrap_or_default());
        let using = self.using();
        let Some(using) = using else {
            let process = self.unit.room().unconfigured().await?;
            return ask(&process, question).await;
        };
        let using = if using.dir == self.unit.own_dir() {
            using
        } else {
            // From here on it needs a process that works elsewhere, with the same configuration.
            match self.use_configured(using.question.clone()).await {
                Ok(using) => using,
                Err(NotConfigured::Failed(error)) => return Err(error),
                Err(NotConfigured::Reply(_)) => {
                    let name = self.unit.name.clone();
                    let why = "it was configured well, and then was not by the same".to_owned();
                    return Err(ProviderError::Broken { name, why });
                }
            }
        };
        ask(&using.configured.process, question).await
    }

    async fn configure(&self, question: Question) -> Result<Reply, ProviderError> {
        self.unit.look_for_paths(unframed(&question.body).unwrap_or_default());
        match self.use_configured(question).await {
            Ok(using) => Ok(using.configured.reply.clone()),
            Err(NotConfigured::Reply(reply)) => Ok(reply),
            Err(NotConfigured::Failed(error)) => Err(error),
        }
    }

    /// From now on this connection is at the process that is configured so.
    async fn use_configured(&self, question: Question) -> Result<Arc<Using>, NotConfigured> {
        let dir = self.unit.own_dir();
        let room = self.unit.program.room(dir.as_deref());
        self.unit.shared.let_go_of_idle();
        loop {
            let configured = room.configured(&question).await?;
            // It may have been asked to stop since it was found.
            if configured.users.join(self.unit.id) {
                let using = Arc::new(Using { unit: self.unit.id, configured, question, dir });
                self.set_using(Arc::clone(&using));
                return Ok(using);
            }
        }
    }

    /// Hands the order to stop on where everybody who uses the process has given it; else what this connection is at ends.
    async fn stop(&self, question: &Question) -> Result<Reply, ProviderError> {
        let Some(using) = self.using() else { return Ok(Reply::message(&[])) };
        if using.configured.users.stop(self.unit.id) {
            return using
                .configured
                .process
                .ask(&question.path, &question.headers, question.body.clone())
                .await;
        }
        if !using.configured.users.is_over() {
            self.is_cut.send_replace(true);
        }
        Ok(Reply::message(&[]))
    }

    fn using(&self) -> Option<Arc<Using>> {
        self.using.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_using(&self, using: Arc<Using>) {
        let before = self.using.lock().unwrap_or_else(PoisonError::into_inner).replace(using);
        drop(before);
    }
}

async fn ask(process: &Arc<Process>, question: &Question) -> Result<Answer, ProviderError> {
    let Question { path, headers, body } = question;
    match process.call(path, headers, body.clone()).await {
        Ok(response) => Ok(Answer::Coming(Arc::clone(process), response)),
        Err(error) => Err(process.why(&error).await),
    }
}
