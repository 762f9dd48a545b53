//! The whole state of the console: what is shown, what has the keys, what waits to be sent.

use super::action::Contexts;
use super::drafts::Draft;
use super::effect::Decision;
use super::keymap::Keymap;
use super::moment;
use super::overlay::Overlay;
use super::profile::{Motion, TerminalProfile};
use super::remote::Remote;
use super::screens::extensions::{self, ExtensionsScreen};
use super::screens::policy::PolicyScreen;
use super::screens::queue::Queue;
use super::screens::review::ReviewScreen;
use super::screens::sales::SalesScreen;
use super::screens::sandbox::SandboxScreen;
use super::screens::servers::Servers;
use super::theme::{Role, Theme};
use crate::api::accounts::Me;
use crate::domain::filter::{self, FieldSet};
use crate::domain::time::Timestamp;

/// How long a decision waits before it is sent.
pub const UNDO_MS: i64 = 5_000;
/// How long a passing message stays.
const TOAST_MS: i64 = 6_000;

/// The console.
#[derive(Clone, Debug)]
pub struct Model {
    /// The terminal.
    pub profile: TerminalProfile,
    /// How roles look on it.
    pub theme: Theme,
    /// The keys.
    pub keymap: Keymap,
    /// The server as it is shown, without scheme.
    pub server: String,
    /// It is this late.
    pub now: Timestamp,
    /// The stream of live events.
    pub link: Link,
    /// Who the caller is.
    pub me: Remote<Me>,
    /// The open screen.
    pub screen: ScreenName,
    /// The queue.
    pub queue: Queue,
    /// The open review.
    pub review: ReviewScreen,
    /// The sandbox.
    pub sandbox: SandboxScreen,
    /// The catalogue, and one extension in full.
    pub extensions: ExtensionsScreen,
    /// Servers and instances.
    pub servers: Servers,
    /// The policy.
    pub policy: PolicyScreen,
    /// Points and sales.
    pub sales: SalesScreen,
    /// What stands above the screen.
    pub overlay: Overlay,
    /// A passing message.
    pub toast: Option<Toast>,
    /// A decision that is not sent yet.
    pub undo: Option<Decision>,
    /// Drafts found on disk.
    pub drafts: Vec<Draft>,
    /// Whether the console ends.
    pub leaving: bool,
}

/// A screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScreenName {
    /// The review queue.
    #[default]
    Queue,
    /// One submission.
    Review,
    /// Running an extension here.
    Sandbox,
    /// The catalogue.
    Extensions,
    /// Servers, instances and installations.
    Servers,
    /// The policy.
    Policy,
    /// Points and sales.
    Sales,
}

/// The stream of live events.
#[derive(Clone, Debug, PartialEq)]
pub enum Link {
    /// Being opened for the first time.
    Connecting,
    /// Open.
    Live,
    /// Broken; it is tried again.
    Lost {
        /// Why.
        error: String,
        /// Since when.
        since: Timestamp,
    },
    /// Closed for good: the token is not accepted.
    Refused {
        /// Why.
        error: String,
    },
}

/// A passing message.
#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    /// Its text.
    pub text: String,
    /// What sort it is.
    pub role: Role,
    /// When it goes.
    pub until: Timestamp,
}

impl ScreenName {
    /// Every screen, in the order of the tabs.
    pub const ALL: &[ScreenName] = &[
        ScreenName::Queue,
        ScreenName::Review,
        ScreenName::Sandbox,
        ScreenName::Extensions,
        ScreenName::Servers,
        ScreenName::Policy,
        ScreenName::Sales,
    ];

    /// Its name.
    pub const fn title(self) -> &'static str {
        match self {
            ScreenName::Queue => "Queue",
            ScreenName::Review => "Review",
            ScreenName::Sandbox => "Sandbox",
            ScreenName::Extensions => "Extensions",
            ScreenName::Servers => "Servers",
            ScreenName::Policy => "Policy",
            ScreenName::Sales => "Sales",
        }
    }

    /// The key that shows it, as shipped.
    pub const fn digit(self) -> char {
        match self {
            ScreenName::Queue => '1',
            ScreenName::Review => '2',
            ScreenName::Sandbox => '3',
            ScreenName::Extensions => '4',
            ScreenName::Servers => '5',
            ScreenName::Policy => '6',
            ScreenName::Sales => '0',
        }
    }

    /// What its list can be filtered by.
    pub const fn filter(self) -> Option<&'static FieldSet> {
        match self {
            ScreenName::Queue => Some(&filter::QUEUE),
            ScreenName::Extensions => Some(&filter::EXTENSIONS),
            ScreenName::Review | ScreenName::Sandbox | ScreenName::Servers | ScreenName::Policy | ScreenName::Sales => {
                None
            }
        }
    }
}

impl Model {
    /// A console that has asked for nothing, on the queue.
    pub fn new(profile: TerminalProfile, theme: Theme, keymap: Keymap, server: String, now: Timestamp) -> Model {
        Model {
            profile,
            theme,
            keymap,
            server: server
                .trim_start_matches("https://")
                .trim_start_matches("http://")
                .trim_end_matches('/')
                .to_owned(),
            now,
            link: Link::Connecting,
            me: Remote::Absent,
            screen: ScreenName::Queue,
            queue: Queue::default(),
            review: ReviewScreen::default(),
            sandbox: SandboxScreen::default(),
            extensions: ExtensionsScreen::default(),
            servers: Servers::default(),
            policy: PolicyScreen::default(),
            sales: SalesScreen::default(),
            overlay: Overlay::None,
            toast: None,
            undo: None,
            drafts: Vec::new(),
            leaving: false,
        }
    }

    /// Which keys work now.
    pub fn contexts(&self) -> Contexts {
        self.overlay.contexts().unwrap_or_else(|| self.screen_contexts())
    }

    /// Which keys work on the open screen, whatever stands above it.
    pub fn screen_contexts(&self) -> Contexts {
        match self.screen {
            ScreenName::Queue => Contexts::QUEUE,
            ScreenName::Review => Contexts::REVIEW,
            ScreenName::Sandbox => Contexts::SANDBOX,
            ScreenName::Extensions => extensions::update::contexts(self),
            ScreenName::Servers => Contexts::SERVERS,
            ScreenName::Policy => Contexts::POLICY,
            ScreenName::Sales => Contexts::SALES,
        }
    }

    /// The caller's name; empty before it is known.
    pub fn my_name(&self) -> &str {
        self.me.value().map_or("", |me| me.account.name.as_str())
    }

    /// Shows a passing message.
    pub fn tell(&mut self, text: String) {
        self.toast = Some(Toast { text, role: Role::Toast, until: self.now.plus_ms(TOAST_MS) });
    }

    /// Shows a passing warning.
    pub fn warn(&mut self, text: String) {
        self.toast = Some(Toast { text, role: Role::Warning, until: self.now.plus_ms(2 * TOAST_MS) });
    }

    /// Shows something to read that was asked for; what has the keys meanwhile keeps them, and it is said below instead.
    pub fn show_message(&mut self, title: String, lines: Vec<String>) {
        if matches!(self.overlay, Overlay::None) {
            self.overlay = Overlay::Message { title, lines, top: 0 };
        } else {
            self.warn(title);
        }
    }

    /// The first key of an action as it is shown, for sentences.
    pub fn key(&self, action: super::action::Action) -> String {
        self.keymap.first(action, self.profile.glyphs).unwrap_or_else(|| format!(":{}", action.name()))
    }

    /// Whether something can be sent now; says so where it cannot: what is done offline is refused, never queued.
    pub fn can_send(&mut self) -> bool {
        match &self.link {
            Link::Connecting | Link::Live => true,
            Link::Lost { .. } => {
                self.warn("Not done: there is no connection. Texts are kept as drafts".to_owned());
                false
            }
            Link::Refused { .. } => {
                self.warn("Not done: you are signed out. Texts are kept as drafts".to_owned());
                false
            }
        }
    }

    /// Rows of the queue's list on this terminal.
    pub fn list_rows(&self) -> u16 {
        super::screens::queue::view::parts(super::view::body(self)).list.height
    }

    /// When a shown text changes by itself next, or something is due; `None` while time changes nothing.
    pub fn next_tick(&self) -> Option<Timestamp> {
        let undo = self.undo.as_ref().map(|decision| {
            let left = decision.send_at.since_ms(self.now);
            match self.profile.motion {
                Motion::Full if left > 1_000 => self.now.plus_ms((left - 1) % 1_000 + 1),
                Motion::Full | Motion::Calm => decision.send_at,
            }
        });
        let draft = match &self.overlay {
            Overlay::Editor(writing) => writing.save_at,
            Overlay::Reason(reason) => reason.save_at,
            Overlay::Servers(dialog) => dialog.save_at(),
            Overlay::Policy(dialog) => dialog.save_at(),
            _ => None,
        };
        let toast = self.toast.as_ref().map(|toast| toast.until);
        let sales = self.sales.read_again_at.filter(|_| self.screen == ScreenName::Sales);
        let policy = self.policy.read_again_at.filter(|_| self.screen == ScreenName::Policy);
        let ages = (self.screen != ScreenName::Sandbox).then(|| moment::next_minute(self.now));
        let extensions = &self.extensions;
        let open = extensions.open.as_ref().and_then(|open| open.read_again_at);
        let servers = self.servers.read_again_at.filter(|_| self.screen == ScreenName::Servers);
        let reads = [self.queue.read_again_at, extensions.catalogue.read_again_at, open, servers, policy, sales];
        let due = [undo, draft, toast, self.review.renew_at, ages].into_iter().chain(reads);
        due.flatten().min()
    }
}
